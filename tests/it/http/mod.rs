//! The service over HTTP, asked by a real client over a real socket, in this process.

mod routes;
pub(crate) mod service;
