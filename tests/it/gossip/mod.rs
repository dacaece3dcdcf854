//! Gossip: its messages and the vectors of BOLT 1 and BOLT 7.

mod bolt1;
mod bolt7;
mod wire;
