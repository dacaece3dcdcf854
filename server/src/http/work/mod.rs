//! Searches, on threads of their own.

mod pool;
mod worker;

pub use pool::{Lane, Pool, Refused};
pub use worker::Worker;
