//! One test binary for everything that crosses crates.

mod import;
mod persist;
mod props;
mod stress;
mod synthetic;
mod tidy;
