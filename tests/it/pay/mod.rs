//! Payments seen through on balances that they do not know.

mod world;

mod delivery;
mod hints;
mod layers;
mod maxima;
mod rules;
mod stages;
