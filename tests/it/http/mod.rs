//! The service over HTTP, asked by a real client over a real socket, in this process.

mod batch;
mod document;
mod native;
mod reload;
mod routes;
pub(crate) mod service;
mod sockets;
mod tenants;
