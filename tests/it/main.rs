//! One test binary for everything that crosses crates.

mod tidy;
mod synthetic;
