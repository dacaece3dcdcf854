//! Minimum-cost flows against an obvious solver, recorded instances and their own certificates.

mod believed;
mod biased;
mod biases;
mod bound;
mod few;
mod hints;
mod largest;
mod mainnet;
mod minima;
mod obvious;
mod random;
mod room;
mod small;
mod stage;
mod tolls;
mod vectors;
