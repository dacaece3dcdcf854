//! Fees that depend on balances, and diverse paths under them: what Raiden's pathfinding service answers, exactly.
//!
//! ```text
//! schedule  what a node charges on a channel: flat, proportional, and a penalty on its balance
//! mediate   what comes in for what goes out, and the other way round; proves that both fit
//! table     balances and schedules of a snapshot's channels
//! query     what is asked and answered
//! weight    what an arc weighs in a search
//! hops      how far nodes are from the payee at least
//! ball      how dear the last part of a path is at least
//! search    the path of least weight
//! ranking   the next-best paths, for when the best cannot be paid or was found before
//! price     a path's exact amounts
//! diverse   the front door: path after path
//! convex    convex fees as arcs of a flow
//! ```
//! docs/adr/0014-imbalance-fees.md says why it is done so, and where it differs from Raiden's service.

mod ball;
mod banned;
mod convex;
mod diverse;
mod graph;
mod hops;
mod mediate;
mod price;
mod query;
mod ranking;
mod schedule;
mod search;
mod table;
mod weight;

pub use convex::{ConvexError, Rewards, convex_arcs};
pub use diverse::{PathWorkspace, diverse_paths};
pub use query::{
    AVOIDED_COUNT_MAX, DiversePaths, FeePath, FeePathHop, PATH_COUNT_MAX, PathCounts, PathError, PathQuery,
    PathWeights, PathsEnd,
};
pub use ranking::CANDIDATE_COUNT_MAX;
pub use schedule::{
    AMOUNT_MAX, FeeSchedule, FeeTerms, PENALTY_MAX_MSAT, POINT_COUNT_MAX, PenaltyPoint, ScheduleError,
};
pub use table::{ImbalanceTable, TableError};
