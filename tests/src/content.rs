//! What a builder holds, apart from the order in which it came.

use std::collections::BTreeMap;

use engine::graph::GraphBuilder;
use primitives::{ChannelPolicy, Features, Msat, NodeId, ShortChannelId};

/// A builder's nodes and channels, comparable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// Nodes with their features.
    pub nodes: BTreeMap<NodeId, Features>,
    /// Channels.
    pub channels: BTreeMap<ShortChannelId, ChannelContent>,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelContent {
    /// `node_id_1` and `node_id_2`.
    pub nodes: [NodeId; 2],
    /// The funding output's value, where it is known.
    pub capacity: Option<Msat>,
    /// Of the `channel_announcement`.
    pub features: Features,
    /// Of each direction.
    pub policies: [Option<ChannelPolicy>; 2],
}

impl Content {
    /// What `graph` holds.
    pub fn of(graph: &GraphBuilder) -> Self {
        let features = |place: u16| graph.feature_sets()[usize::from(place)].clone();
        let nodes = graph.nodes().iter().zip(graph.node_features());
        let channels = graph.channels().iter().map(|channel| {
            let content = ChannelContent {
                nodes: channel.nodes.map(|place| graph.nodes()[place as usize]),
                capacity: channel.capacity,
                features: features(channel.features),
                policies: channel.policies,
            };
            (channel.short_channel_id, content)
        });
        Content {
            nodes: nodes.map(|(node_id, place)| (*node_id, features(*place))).collect(),
            channels: channels.collect(),
        }
    }

    /// Without the nodes that have no channel.
    pub fn without_lonely_nodes(mut self) -> Self {
        let seen: Vec<_> = self.channels.values().flat_map(|channel| channel.nodes).collect();
        let seen: std::collections::BTreeSet<_> = seen.into_iter().collect();
        self.nodes.retain(|node_id, _| seen.contains(node_id));
        self
    }

    /// How many directions have a policy.
    pub fn policy_count(&self) -> usize {
        self.channels.values().map(|channel| channel.policies.iter().flatten().count()).sum()
    }
}
