//! Gossip: its messages, signatures, rules, log and sync.

mod bolt1;
mod bolt7;
mod breaks;
mod chain;
mod fairness;
mod flood;
mod funding;
mod headers;
mod kept_headers;
mod lies;
mod log;
mod noise;
mod proofs;
mod pruned;
mod ranges;
mod relay;
mod replay;
mod signatures;
mod silence;
mod sim;
mod spent;
mod store_import;
mod turns;
mod view;
mod wire;
