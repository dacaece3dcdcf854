//! The service over HTTP, asked by a real client over a real socket, in this process.

mod batch;
mod beliefs;
mod binary;
mod clients;
mod cln;
mod contrib;
mod crowd;
mod document;
mod events;
mod keys;
mod lnd;
mod metrics;
mod native;
mod origins;
mod probability;
mod problems;
mod refusals;
mod reload;
mod routes;
pub(crate) mod service;
mod shape;
mod sockets;
mod state;
mod tenants;
mod tls;
mod work;
