//! Payments seen through on balances that they do not know.

mod world;

mod deadline;
mod delivery;
mod failures;
mod hints;
mod layers;
mod maxima;
mod own;
mod reserved;
mod rules;
mod stages;
