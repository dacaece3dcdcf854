//! Diverse paths under fees that depend on balances, against an obvious search and Raiden's own examples.

mod convex;
mod mainnet;
mod obvious;
mod raiden;
mod random;
mod world;
