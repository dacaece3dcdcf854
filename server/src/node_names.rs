//! Nodes as users write them, and what they may have meant where there is no such node.

use engine::graph::NodeIdx;
use engine::router::RouteError;
use engine::snapshot::Snapshot;
use primitives::NodeId;

use crate::exit::Failure;

/// Reads a node id; part of one is answered with the nodes that begin so.
pub(crate) fn read(snapshot: &Snapshot, what: &str, text: &str) -> Result<NodeId, Failure> {
    text.parse().map_err(|error| {
        let is_part = !text.is_empty() && text.len() < DIGITS && text.bytes().all(|c| c.is_ascii_hexdigit());
        let hint = if is_part { nodes_like(snapshot, &text.to_ascii_lowercase()) } else { None };
        let hint = hint.unwrap_or_else(|| "`fulgurite info` shows the graph's largest nodes".to_owned());
        Failure::usage(format!("the {what} {text:?}: {error}"), hint)
    })
}

/// An error in words, with what the user may have meant.
pub(crate) fn explain(snapshot: &Snapshot, error: &RouteError) -> String {
    match error {
        RouteError::UnknownNode { node_id } => match nearest(snapshot, &node_id.to_string()) {
            Some(near) => format!("{error}; did you mean {near}?"),
            None => format!("{error}; no node of the graph has an id like it"),
        },
        _ => error.to_string(),
    }
}

/// All nodes. O(1) each.
pub(crate) fn all(snapshot: &Snapshot) -> impl Iterator<Item = NodeId> + '_ {
    (0..snapshot.node_count() as u32).map(|at| snapshot.node_id(NodeIdx::from_u32(at)))
}

fn nodes_like(snapshot: &Snapshot, beginning: &str) -> Option<String> {
    let alike: Vec<String> =
        all(snapshot).map(|id| id.to_string()).filter(|id| id.starts_with(beginning)).take(3).collect();
    (!alike.is_empty()).then(|| format!("nodes that begin so: {}", alike.join(", ")))
}

/// The node whose id has the most digits in place, if that is no accident. O(n).
fn nearest(snapshot: &Snapshot, wanted: &str) -> Option<NodeId> {
    let differing = |id: &NodeId| {
        let text = id.to_string();
        text.bytes().zip(wanted.bytes()).filter(|(a, b)| a != b).count()
    };
    let (count, id) = all(snapshot).map(|id| (differing(&id), id)).min()?;
    (count <= DIFFERING_MAX).then_some(id)
}

/// Hexadecimal digits of a node id.
const DIGITS: usize = 66;

/// Random ids agree in every 16th digit, some 58 differ in the nearest of a million; a slip of the hand turns few.
const DIFFERING_MAX: usize = 16;
