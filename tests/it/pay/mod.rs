//! Payments seen through on balances that they do not know.

mod world;

mod delivery;
mod layers;
mod rules;
mod stages;
