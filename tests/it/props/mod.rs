//! Properties that hold for all inputs.

mod snapshot;
