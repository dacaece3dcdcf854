//! One test binary for everything that crosses crates.

mod alternatives;
mod import;
mod oracle;
mod persist;
mod props;
mod stress;
mod synthetic;
mod tidy;
