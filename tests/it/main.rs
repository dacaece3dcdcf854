//! One test binary for everything that crosses crates.

mod alternatives;
mod import;
mod props;
mod stress;
mod synthetic;
mod tidy;
