//! A query in numbers, with each of its channels once.
//!
//! A route hint may bear the name and the ends of a channel that the graph has, or of another hint. To a route it makes no
//! difference over which of them an HTLC goes, but flow would send over each what the one channel carries.

use hashbrown::HashSet;

use crate::compile::{Compiled, compile};
use crate::cost::FeeOnly;
use crate::query::RouteQuery;
use crate::router::RouteError;
use crate::snapshot::Snapshot;

/// Compiles a query. In each direction, a channel is what the graph says of it, else what a layer says, else the first hint that
/// does not call it disabled; the others are left out. O(1) without hints.
///
/// # Errors
/// As [`compile`].
pub(super) fn compile_once(snapshot: &Snapshot, query: &RouteQuery) -> Result<Compiled, RouteError> {
    let mut compiled = compile(snapshot, query)?;
    let problem = compiled.problem(snapshot, query, FeeOnly);
    let (mut open, mut repeated) = (HashSet::new(), Vec::new());
    for &(channel, least) in &compiled.restrictions.guises {
        for direction in [0, 1] {
            let [arc, first] = [channel, least].map(|channel| channel << 1 | direction);
            if open.contains(&first) || problem.record(first).is_enabled() {
                repeated.push(arc);
            } else if problem.record(arc).is_enabled() {
                open.insert(first);
            }
        }
    }
    let avoided = &mut compiled.restrictions.avoided_arcs;
    avoided.extend(repeated);
    avoided.sort_unstable();
    avoided.dedup();
    Ok(compiled)
}
