//! Gossip: its messages, signatures, rules, log and sync.

mod bolt1;
mod bolt7;
mod chain;
mod headers;
mod log;
mod noise;
mod proofs;
mod signatures;
mod silence;
mod sim;
mod view;
mod wire;
