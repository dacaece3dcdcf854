//! Route searches: the fast one, the proof that its answer is optimal, and what takes over where there is none.
//!
//! ```text
//! bidirectional   two balls that grow towards each other
//! meeting         where they meet; prices the best meeting exactly
//! certificate     proves the answer, or names what is open
//! pareto          exact label search: closes what is open, and obeys limits that the fast search ignores
//! exact           runs the three in order
//! reference       the obvious search, for tests and benches
//! ```
//! docs/search.md states what is optimal under which conditions, and proves it.

mod bidirectional;
mod certificate;
mod counts;
mod discount;
mod exact;
pub(crate) mod heap;
mod meeting;
mod pareto;
mod passage;
mod potentials;
pub(crate) mod problem;
pub(crate) mod reference;
mod resources;
mod workspace;

pub use counts::Counts;
pub use exact::Method;
pub use workspace::Workspace;

pub(crate) use exact::{Answer, Outcome, solve, solve_within};
pub(crate) use potentials::{for_each_outgoing, least_cost};
pub(crate) use resources::{Limits, Used};
