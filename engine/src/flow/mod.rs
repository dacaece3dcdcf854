//! Splitting a payment: an exact minimum-cost flow in integers, on the residual graph of the channels as far as it is
//! looked at.
//!
//! ```text
//! network      what the solver asks of a graph
//! pieces       the convex cost of one arc, made on the fly
//! tariff       a query's prices a unit of flow
//! liquidity    what a payer knows of balances
//! in_flight    the payer's own HTLCs on the way
//! once         a query in numbers, each channel once
//! channels     a snapshot and a query as a network
//! explicit     arcs listed one by one as a network
//! sorted       lists in the order of costs, of nodes that are looked at often
//! residual     flow, potentials and labels in such tables
//! augment      a shortest residual path from both ends, and the potentials after it
//! solve        path after path until the amount is sent, or the cut that is in the way
//! resume       from the cheapest flow at other costs
//! certificate  checks that a flow is one, and the cheapest
//! relaxed      the lower bound that a flow proves
//! cut          names what is in the way
//! decompose    a flow as a few paths
//! share        how much each path is asked for
//! exchange     better paths and amounts where parts are few
//! fit          paths as parts with exact fees
//! raise        parts that are raised to their channels' minima
//! query        what is asked and answered
//! planner      all of it together for one set of prices
//! tolls        prices on blocks and hops, for limits on them
//! tolled       plans within such limits
//! budget       lower prices of liquidity, for a fee limit or a choice
//! minima       plans without channels whose minima are in the way
//! plan         the front door
//! largest      how much can be planned at most
//! stage        what of an unlikely plan is sent first
//! ```
//! docs/adr/0009-flow.md says why it is done so.

mod augment;
mod budget;
mod certificate;
mod channels;
mod counts;
mod cut;
mod decompose;
mod exchange;
mod explicit;
mod fit;
mod in_flight;
mod largest;
mod liquidity;
mod maximum_rule;
mod minima;
mod network;
mod once;
mod pieces;
mod plan;
mod planner;
mod query;
mod raise;
mod relaxed;
mod residual;
mod resume;
mod share;
mod solve;
mod sorted;
mod stage;
mod tariff;
mod tolled;
mod tolls;
mod workspace;

pub use budget::{plan_frontier, plan_frontier_with};
pub use certificate::Violation;
pub use counts::FlowCounts;
pub use cut::{CUT_CHANNEL_COUNT_MAX, Cut, CutChannel, CutPlace};
pub use explicit::{
    ExplicitArc, ExplicitFlow, ExplicitNetwork, SLOPE_MAX, min_cost_flow, min_cost_flow_again,
};
pub use in_flight::InFlight;
pub use largest::largest_plan;
pub use liquidity::{BelievedLiquidity, UnknownLiquidity};
pub use maximum_rule::MaximumRule;
pub use pieces::PIECE_COUNT;
pub use plan::{
    CheckedFlow, RelaxedFlow, most_sendable, most_sendable_with, plan, plan_with, relaxed_flow, relaxed_flows,
};
pub use query::{Plan, PlanError, PlanPart, PlanQuery};
pub use residual::FlowWorkspace;
pub use stage::first_stage;
pub use workspace::PlanWorkspace;
