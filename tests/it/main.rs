//! One test binary for everything that crosses crates.

mod import;
