//! Splitting a payment: an exact minimum-cost flow in integers, on the residual graph of the channels as far as it is
//! looked at.
//!
//! ```text
//! network      what the solver asks of a graph
//! pieces       the convex cost of one arc, made on the fly
//! tariff       a query's prices a unit of flow
//! channels     a snapshot and a query as a network
//! explicit     arcs listed one by one as a network
//! sparse       tables that hold touched nodes and arcs only
//! residual     flow, potentials and labels in such tables
//! augment      a shortest residual path from both ends, and the potentials after it
//! solve        path after path until the amount is sent, or the cut that is in the way
//! certificate  checks that a flow is one, and the cheapest
//! ```
//! docs/adr/0009-flow.md says why it is done so.

mod augment;
mod certificate;
mod explicit;
mod network;
mod pieces;
mod residual;
mod solve;
mod sparse;

pub use certificate::Violation;
pub use explicit::{ExplicitArc, ExplicitFlow, ExplicitNetwork, min_cost_flow};
pub use residual::FlowWorkspace;
pub use solve::FlowCounts;
