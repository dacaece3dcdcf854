//! Searches, on threads of their own.

mod pool;
mod pressure;
mod worker;

pub use pool::{Lane, Pool, Refused};
pub use pressure::Pressure;
pub use worker::Worker;
