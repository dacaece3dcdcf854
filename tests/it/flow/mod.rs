//! Minimum-cost flows against an obvious solver, recorded instances and their own certificates.

mod believed;
mod bound;
mod few;
mod mainnet;
mod obvious;
mod random;
mod small;
mod stage;
mod tolls;
mod vectors;
