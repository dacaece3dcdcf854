//! Graphs of any size with the shape of mainnet: for benchmarks, demonstrations and tests that need more channels
//! than exist, or that may not ship real data.
//!
//! Who joins whom follows a configuration model with degree classes: a fitted degree of each node, and fitted
//! affinities between classes, so that leaves sit at hubs (Molloy & Reed, "A critical point for random graphs with a
//! given degree sequence", 1995; Mahadevan et al., "Systematic topology analysis and generation using degree
//! correlations", SIGCOMM 2006, the 2K series, here by class). What nodes ask follows fitted quantile tables, joined by
//! Gaussian copulas: a node keeps one habit on most of its channels, and both directions of a channel share its
//! capacity (Sklar 1959; Nelsen, "An Introduction to Copulas", 2.3). `docs/synthetic.md` shows the fit.
//!
//! The same [`SyntheticConfig`] gives the same graph, whatever the number of threads: each chunk of nodes or channels
//! draws from its own ChaCha stream. Floating point takes part, so another platform's mathematics library may turn a
//! last digit. Nothing here is a claim about any real node.
//!
//! Beside graphs: payments, updates, and balances that nobody announces ([`HiddenNetwork`]), to rehearse payments on.
//!
//! Not modelled: geography, growth over time, several channels opened by one transaction, signatures.
//!
//! Cost: a bit over a microsecond a channel; memory for the finished graph plus some 30 bytes a channel.

mod churn;
mod config;
mod degrees;
mod feasible;
pub mod fit;
mod fitted;
mod generate;
mod hidden;
mod keys;
mod nodes;
mod policy;
mod quantile;
mod queries;
mod scids;
mod stream;
mod topology;

pub use churn::Churn;
pub use config::{CHANNEL_COUNT_MAX, SyntheticConfig, SyntheticError};
pub use feasible::{DrawnPayments, PaymentDraw, draw_payments, most_payable};
pub use generate::generate;
pub use hidden::{BalanceLaw, HiddenNetwork, latency_ms};
pub use queries::{AmountRange, random_queries};
