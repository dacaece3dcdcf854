//! Searches, on threads of their own, and what is refused of them.

mod brake;
mod patience;
mod pool;
mod pressure;
mod worker;

pub use brake::Brake;
pub use patience::Patience;
pub use pool::{Lane, Pool, Refused, Waits};
pub use pressure::Pressure;
pub use worker::{Work, Worker};
