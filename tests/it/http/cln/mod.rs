//! What Core Lightning's clients are told.

mod client;
mod getroutes;
mod gossip;
mod hostile;
mod layers;
mod reservations;

use client::{call, error, fail, paths, routes_of};
