//! Route searches: the fast one, the proof that its answer is optimal, and what takes over where there is none.
//!
//! ```text
//! problem         a query in the graph's own numbers, and what crossing one arc does to a payment
//! terms           what one arc asks in it: a passage
//! labels          what is known of a node, in the memory of one thread (workspace)
//! bidirectional   two balls that grow towards each other; what its steps share is a run
//! frontier        one ball's queues: nodes that wait, and lists that were left in the middle
//! relax, scan     what arcs make of a label, one by one and eight at a time
//! doors           the two doors of nodes that give discounts
//! carried         what HTLCs carry at least
//! ends            what the channels of the two ends tell of every route
//! closing         looks at arcs that both balls have left
//! restart         begins the payer's ball anew with what is known by then
//! meeting         where they meet; prices the best meeting exactly
//! certificate     proves the answer, or names what is open
//! pareto          exact label search: closes what is open
//! dominance       which of two states it keeps
//! completion      which arcs it looks at where it closes what is open
//! exact           runs the three in order
//! limited         the same under limits: tolls on hops and blocks, then the label search on what they leave
//! multipliers     which tolls to try next
//! circular        queries whose payer is the payee, as ordinary ones: splits of its channels
//! reference       the obvious search, for tests and benches
//! ```
//! docs/search.md states what is optimal under which conditions, and proves it.

mod answer;
mod apart;
mod bidirectional;
mod carried;
mod certificate;
mod circular;
mod closing;
mod completion;
mod counts;
mod discount;
mod dominance;
mod doors;
mod ends;
mod exact;
pub(crate) mod frontier;
pub(crate) mod heap;
mod labels;
mod limited;
mod meeting;
mod multipliers;
mod pareto;
pub(crate) mod passage;
mod potentials;
pub(crate) mod problem;
pub(crate) mod reference;
mod relax;
mod resources;
mod rest;
mod restart;
mod run;
mod scan;
mod shortlist;
mod split;
mod terms;
mod workspace;

pub use answer::Method;
pub use counts::Counts;
pub use workspace::Workspace;

pub(crate) use answer::{Answer, Outcome};
pub(crate) use exact::{lifts_surely, solve};
pub(crate) use limited::{Rules, solve_within};
pub(crate) use potentials::{for_each_outgoing, least_cost};
pub(crate) use resources::{Limits, Used};
