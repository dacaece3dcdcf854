//! Fixtures that the tests and benches share.

pub mod data;
