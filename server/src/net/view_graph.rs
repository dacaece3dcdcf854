//! A view as the engine wants it: as a whole, or as the changes that make it.

use engine::graph::{BuildError, GraphBuilder};
use gossip::view::NetworkView;
use primitives::{Direction, GraphDelta, ShortChannelId};
use rayon::prelude::*;

/// The graph of a view. O(channels).
pub(super) fn graph(view: &NetworkView) -> Result<GraphBuilder, BuildError> {
    let mut graph = GraphBuilder::with_capacity(view.node_count(), view.channel_count());
    for (node_id, _) in view.nodes_from(None) {
        graph.add_node(node_id)?;
    }
    let channels: Vec<_> = view.channels_from(ShortChannelId::from_u64(0)).collect();
    // Finding nodes by their ids is most of the work.
    let place = |node_id| graph.node_place(node_id).unwrap_or(u32::MAX);
    let places: Vec<[u32; 2]> =
        channels.par_iter().with_min_len(1024).map(|(_, entry)| entry.node_ids.map(place)).collect();
    for ((short_channel_id, entry), nodes) in channels.into_iter().zip(places) {
        let policies = entry.updates.map(|update| update.map(|update| update.policy));
        graph.add_channel_between(short_channel_id, nodes, entry.capacity, &entry.features, policies)?;
    }
    node_deltas(view).try_for_each(|delta| graph.apply(&delta))?;
    Ok(graph)
}

/// The changes that make the graph of a view out of nothing.
pub(super) fn deltas(view: &NetworkView) -> impl Iterator<Item = GraphDelta> {
    let channels = view.channels_from(ShortChannelId::from_u64(0)).flat_map(|(id, entry)| {
        let [node_id_1, node_id_2] = entry.node_ids;
        let (capacity, features) = (entry.capacity, entry.features.clone());
        let short_channel_id = id;
        let opened = GraphDelta::ChannelOpened { short_channel_id, node_id_1, node_id_2, capacity, features };
        let updates = Direction::BOTH.map(|direction| {
            entry.updates[direction.as_usize()].map(|update| {
                let policy = update.policy;
                GraphDelta::PolicyUpdated { short_channel_id, direction, policy }
            })
        });
        std::iter::once(opened).chain(updates.into_iter().flatten())
    });
    channels.chain(node_deltas(view))
}

fn node_deltas(view: &NetworkView) -> impl Iterator<Item = GraphDelta> {
    view.nodes_from(None).filter_map(|(node_id, entry)| {
        let features = entry.announced.as_ref().map(|known| known.features.clone())?;
        Some(GraphDelta::NodeSeen { node_id, features })
    })
}
