//! The graph that is searched while gossip changes it: one writer, any number of readers, no lock.
//!
//! ```text
//! GraphWriter --apply--> policies and closings, in place --------------> generation <--.
//!      |      --apply--> openings, announcements, into `pending`             ^          | search, read_consistent
//!      |                                                                     |          |
//!      '------publish--> Snapshot { generation, overlay, version } ----------'          |
//!                            ^ one pointer                                              |
//! ChannelGraph --reader--> GraphReader --snapshot--> Arc<Snapshot> --------------------'
//! ```
//!
//! # What a reader sees, and when
//!
//! - A reader that asks gets the newest snapshot that is published; versions never go back. The snapshot that it holds
//!   stays whole as long as it holds it: its nodes, channels and all their numbers never change.
//! - **A policy of the generation changes at once**, in every snapshot that has this generation, also for searches
//!   that have begun. A record has several words, so for some nanoseconds a search may see fields of two successive
//!   policies of an arc, or of two moments of two arcs. What it finds must therefore be priced again inside
//!   [`Snapshot::read_consistent`]; its price, limits and expiries then were in force together at one moment between
//!   the call and its return. Later they may change again, as on any other node's graph.
//! - **A closing of a channel of the generation is visible at once**, and for good.
//! - **All else is visible with the next publication**, which is the next `publish` or `finish_merge`: openings, and
//!   the policies and closings of channels that are still in the overlay. The rare policy with a value too wide for its
//!   record, when the generation has no room for more such values, comes with the next generation (`publish` starts to
//!   build one at once, and the arc shows its former policy until then); so do the features that nodes announce.
//! - Whoever was told by the writer's thread that a change was applied (by a channel, an atomic) sees it from then
//!   on, by the rules above: what is applied before a generation is published is in that generation.
//! - A snapshot that is no longer current goes on to show policy changes while its generation is the current one, and
//!   stands still after that. It keeps its generation alive: holding one for long costs the memory of a whole graph.
//! - Limits on fees below which searches prune ([bounds](crate::graph)) are lowered before a policy is. A search that
//!   runs beside a change may miss it, never more than that.
//!
//! # What it costs
//!
//! A reader's `snapshot` is one load unless a newer one is published, then a pin, a load and a clone. A policy update
//! is the look-up of its channel and some 30 stores. A publication copies the overlay, at most some thousand channels,
//! never the graph. The next generation is built on rayon's pool, beside the searches, and what changes meanwhile is
//! stored again before it is published (see `merge`): no reader ever waits for it, though it takes their processors.
//! Former generations are freed by the pool as well (see `retired`).
//!
//! With the same deltas and the same calls, the contents of snapshots are the same each time, except that it is left to
//! the scheduler which `publish` finds a merge done, hence which numbers nodes have; a simulation calls
//! `finish_merge` after `begin_merge` and has that fixed, too.
//!
//! Not here: which delta is valid and newest (gossip), what a query adds to it. How a generation is stored in a file
//! and loaded again is in `persist` and `mapped`, which know nothing of publication.

mod handle;
#[expect(clippy::disallowed_methods, reason = "the one place where the engine opens a file, to map it")]
mod mapped;
mod merge;
mod pending;
mod persist;
mod publish;
mod retired;
mod sequence;
mod view;
mod visit;
mod writer;

pub use handle::{ChannelGraph, GraphReader};
pub use mapped::load_snapshot;
pub use persist::{
    Rule, Section, SnapshotError, SnapshotInfo, SnapshotMeta, read_snapshot, snapshot_info, write_snapshot,
};
pub use sequence::{Contended, READ_TRY_COUNT_MAX};
pub use view::Snapshot;
pub use visit::{AllEdges, Edge, Edges, Neighbors, Nodes, Visited};
pub use writer::{ApplyError, GraphWriter};

pub(crate) use publish::Published;
pub(crate) use view::{GenerationKey, SnapshotKey};
