//! One test binary for everything that crosses crates.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

mod allocations;
mod alternatives;
mod belief;
mod bindings;
mod demands;
mod flow;
mod gossip;
mod http;
mod imbalance;
mod import;
mod interop;
mod layers;
mod moments;
mod onion;
mod oracle;
mod page;
mod pay;
mod payment;
mod persist;
mod props;
mod reasons;
mod stress;
mod synthetic;
mod tidy;
