//! One test binary for everything that crosses crates.

mod alternatives;
mod import;
mod oracle;
mod props;
mod stress;
mod synthetic;
mod tidy;
