//! Fixtures that the tests and benches share.

pub mod cln_store;
pub mod content;
pub mod data;
pub mod mainnet;
pub mod network;
pub mod rgs;
pub mod signed;
