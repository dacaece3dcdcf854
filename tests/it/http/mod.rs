//! The service over HTTP, asked by a real client over a real socket, in this process.

mod clients;
mod cln;
mod lnd;
mod routes;
mod service;
mod shape;
