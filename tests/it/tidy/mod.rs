//! The house rules that a machine can check: who imports whom, how large things grow, where `unsafe` may live, and
//! whether generated code is what its schema generates.
//!
//! `cargo test -p tests tidy` runs these alone. The tables at the top of `crates.rs` and `modules.rs` are the rules;
//! ARCHITECTURE.md explains them. A rule is changed there first, with a reason, never worked around.

mod circles;
mod code;
mod crates;
mod files;
mod functions;
mod modules;
mod schemas;
