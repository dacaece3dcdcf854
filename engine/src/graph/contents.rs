//! What a generation is laid out from: nodes, channels and feature vectors as lists.

use std::mem;

use primitives::{ChannelPolicy, Direction, Features, Msat, NodeId, ShortChannelId};

/// A channel as it was told, its nodes by their order of arrival.
#[derive(Debug, Clone)]
pub struct ChannelDraft {
    /// The channel's name.
    pub short_channel_id: ShortChannelId,
    /// Places of `node_id_1` and `node_id_2` in [`GraphBuilder::nodes`](super::GraphBuilder::nodes).
    pub nodes: [u32; 2],
    /// The funding output's value, where it is known.
    pub capacity: Option<Msat>,
    /// Place in [`GraphBuilder::feature_sets`](super::GraphBuilder::feature_sets).
    pub features: u16,
    /// The policy of each direction, where it is known.
    pub policies: [Option<ChannelPolicy>; 2],
}

/// Everything a generation is laid out from. Obeys the rules of [`GraphBuilder`](super::GraphBuilder): channels are distinct, their nodes
/// in order, every number in range.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(super) node_ids: Vec<NodeId>,
    pub(super) node_features: Vec<u16>,
    pub(super) feature_sets: Vec<Features>,
    pub(super) channels: Vec<ChannelDraft>,
}

impl Contents {
    /// Adds a node that is not there yet, without features, and returns its number.
    pub(crate) fn add_node(&mut self, node_id: NodeId) -> u32 {
        self.node_ids.push(node_id);
        self.node_features.push(intern(&mut self.feature_sets, &Features::default()));
        (self.node_ids.len() - 1) as u32
    }

    /// Sets what a node announced of itself.
    pub(crate) fn set_node_features(&mut self, node: u32, features: &Features) {
        self.node_features[node as usize] = intern(&mut self.feature_sets, features);
    }

    /// Adds a channel that is not there yet, without policies, and returns it.
    pub(crate) fn add_channel(
        &mut self,
        short_channel_id: ShortChannelId,
        nodes: [u32; 2],
        capacity: Option<Msat>,
        features: &Features,
    ) -> &mut ChannelDraft {
        let features = intern(&mut self.feature_sets, features);
        let policies = [None; 2];
        self.channels.push(ChannelDraft { short_channel_id, nodes, capacity, features, policies });
        self.channels.last_mut().expect("one was pushed")
    }

    /// Sets a policy, if its channel is there; only before channels were added, while they are sorted. O(log m).
    pub(crate) fn set_policy(
        &mut self,
        short_channel_id: ShortChannelId,
        direction: Direction,
        policy: ChannelPolicy,
    ) {
        let found = self.channels.binary_search_by_key(&short_channel_id, |channel| channel.short_channel_id);
        if let Ok(place) = found {
            self.channels[place].policies[direction.as_usize()] = Some(policy);
        }
    }

    /// Drops the nodes that no channel names, but for those that are kept. O(n + m).
    pub(crate) fn drop_lonely_nodes(&mut self, is_kept: impl Fn(&NodeId) -> bool) {
        let mut stays = vec![false; self.node_ids.len()];
        for node in self.channels.iter().flat_map(|channel| channel.nodes) {
            stays[node as usize] = true;
        }
        let mut places = vec![0u32; stays.len()];
        let mut count = 0;
        for old in 0..stays.len() {
            if stays[old] || is_kept(&self.node_ids[old]) {
                places[old] = count as u32;
                self.node_ids[count] = self.node_ids[old];
                self.node_features[count] = self.node_features[old];
                count += 1;
            }
        }
        self.node_ids.truncate(count);
        self.node_features.truncate(count);
        for node in self.channels.iter_mut().flat_map(|channel| &mut channel.nodes) {
            *node = places[*node as usize];
        }
    }

    /// Keeps the empty vector, which comes first, and those that a node or a channel has.
    pub(super) fn drop_unused_features(&mut self) {
        let mut is_used = vec![false; self.feature_sets.len()];
        is_used[0] = true;
        let of_channels = self.channels.iter().map(|channel| channel.features);
        for set in self.node_features.iter().copied().chain(of_channels) {
            is_used[usize::from(set)] = true;
        }
        let mut places = vec![0u16; is_used.len()];
        let mut kept = Vec::new();
        for (old, set) in mem::take(&mut self.feature_sets).into_iter().enumerate() {
            if is_used[old] {
                places[old] = kept.len() as u16;
                kept.push(set);
            }
        }
        self.feature_sets = kept;
        let of_channels = self.channels.iter_mut().map(|channel| &mut channel.features);
        for set in self.node_features.iter_mut().chain(of_channels) {
            *set = places[usize::from(*set)];
        }
    }
}

/// The place of a feature vector, adding it where it is new. Real graphs have a few hundred distinct ones.
pub(super) fn intern(feature_sets: &mut Vec<Features>, features: &Features) -> u16 {
    if feature_sets.is_empty() {
        feature_sets.push(Features::default());
    }
    if let Some(at) = feature_sets.iter().position(|set| set == features) {
        return at as u16;
    }
    if feature_sets.len() >= FEATURE_SET_COUNT_MAX - 1 {
        // Of exotic bits, routing needs to know whether one of them is a demand: past the cap they are dropped rather than
        // the channel, and one vector that demands what nobody knows stands for all.
        let demands = |set: &Features| set.unknown_demand().is_some();
        if !demands(features) {
            return 0;
        }
        if let Some(at) = feature_sets.iter().position(demands) {
            return at as u16;
        }
        if feature_sets.len() == FEATURE_SET_COUNT_MAX {
            return 0;
        }
    }
    feature_sets.push(features.clone());
    (feature_sets.len() - 1) as u16
}

/// Distinct feature vectors that are kept.
pub const FEATURE_SET_COUNT_MAX: usize = 4096;
