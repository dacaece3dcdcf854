//! The channel graph and exact route search of Fulgurite.

pub mod alternatives;
pub mod answer;
pub mod batch;
pub mod belief;
pub mod cost;
pub mod diverse;
pub mod flow;
pub mod graph;
pub mod imbalance;
pub mod import;
pub mod layer;
pub mod obvious;
pub mod onion_size;
pub mod overlay;
pub mod pay;
pub mod query;
pub mod reach;
pub mod rehearsal;
pub mod reserve;
pub mod route;
pub mod router;
pub mod search;
pub mod snapshot;
pub mod stop;
pub mod synthetic;

mod compile;
mod explain;
mod no_route;
mod rounds;
mod route_error;
mod sparse;

pub use no_route::{NoRoute, Resource, Wish};

/// Has the example of the README compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
