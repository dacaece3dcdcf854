//! The search against searches that are too simple to be wrong.
//!
//! ```text
//! world      a small graph, how it came about, and a payment over it; prints itself when a test fails
//! changes    what layers and payments in flight make of a world
//! brute      every simple route of a world, priced with arithmetic of its own
//! judge      what the engine and its reference say of a world, held against all its routes
//! draw       random worlds
//! random     the properties
//! traps      worlds that have misled this search or one like it
//! minima     worlds in which minima decide
//! hints      channels that only the query knows
//! named      channels that the payer names with their balances
//! doors      what nodes take for or off what arrives
//! hubs       graphs with long lists, against the reference search
//! mainnet    the real graph, against recorded answers and the reference search
//! pet        petgraph's algorithms on a snapshot
//! plateaus   large graphs with free channels, against one plain search
//! work       how much work a query may take
//! ```

mod brute;
mod changes;
mod doors;
mod draw;
mod hints;
mod hubs;
mod judge;
mod mainnet;
mod minima;
mod named;
mod pet;
mod plateaus;
mod random;
mod traps;
mod work;
mod world;
