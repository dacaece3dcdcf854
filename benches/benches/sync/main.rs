//! A node of gossip: how long it reads its log, how fast it learns, and what it costs others.
//!
//! - `sync/log/open` reads the log of 50,000 channels into a graph; `sync/log/hash` reads the file and hashes it with
//!   SHA-256. The first should take at most twice as long as the second.
//! - `sync/loopback` learns 30,000 channels with both updates from a second node in the same process: verified, logged,
//!   published. `sync/bare` checks as many signatures with the bare library on as many threads, with nothing else to do,
//!   `sync/verify` as the node does. `verify` should reach 95 % of the rate of `bare`, `loopback` 80 %; what the second
//!   node does takes its share of the processors, too, and is told apart by processor time. `bare` is given hashes, points and
//!   signatures; from bytes, as the library's own benchmark begins, it is told beside it.
//! - `burst` sends 100,000 signed updates while routes are searched: the p99 of these should grow by less than 1.3 times,
//!   and an update be routable within 20 ms.
//! - `flood` learns from an honest peer, alone and beside peers that flood: it should be as fast, and memory bounded; and
//!   routes are searched at rest and beside the same floods.
//!
//! All contenders of a ratio take turns in one process; what is told is the median of the rounds, by the wall clock and
//! by processor time, which says more on a machine that others use. With `--test`, which only asks whether all this
//! works, everything is a hundredth as large.

#![allow(missing_docs, reason = "criterion's macros write functions without docs")]

mod burst;
mod client;
mod flood;
mod log;
mod loopback;
mod searches;
mod turns;
mod world;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, log::measure, loopback::measure, burst::measure, flood::measure);
criterion_main!(benches);
