//! Properties that hold for all inputs.

mod persist;
mod snapshot;
