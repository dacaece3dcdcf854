//! Collects nodes, channels and policies in any order, before a graph is laid out.
//!
//! Every import and the generator end here. The builder checks what every graph must obey (ordered ids, one channel
//! an id, policies of known channels, the size limits of 32-bit indices); it is told nothing about searching.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use primitives::{ChannelPolicy, Direction, Features, GraphDelta, Msat, NodeId, ShortChannelId};

use super::contents::{ChannelDraft, Contents, intern};

/// A graph in the making.
///
/// Maps are keyed by hashes with a random key of this process (SipHash), so that hostile ids cannot collide at will.
#[derive(Debug, Clone, Default)]
pub struct GraphBuilder {
    nodes: Vec<NodeId>,
    node_features: Vec<u16>,
    feature_sets: Vec<Features>,
    channels: Vec<ChannelDraft>,
    node_places: HashTable<u32>,
    channel_places: HashTable<u32>,
    hasher: RandomState,
}

impl GraphBuilder {
    /// An empty graph.
    pub fn new() -> Self {
        GraphBuilder::default()
    }

    /// An empty graph with room for this many nodes and channels.
    pub fn with_capacity(nodes: usize, channels: usize) -> Self {
        GraphBuilder {
            nodes: Vec::with_capacity(nodes),
            node_features: Vec::with_capacity(nodes),
            channels: Vec::with_capacity(channels),
            node_places: HashTable::with_capacity(nodes),
            channel_places: HashTable::with_capacity(channels),
            ..GraphBuilder::default()
        }
    }

    /// All nodes, in the order of their arrival.
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// All channels, in the order of their arrival unless some were removed.
    pub fn channels(&self) -> &[ChannelDraft] {
        &self.channels
    }

    /// The distinct feature vectors; the first is the empty one once anything was added.
    pub fn feature_sets(&self) -> &[Features] {
        &self.feature_sets
    }

    /// For each node the place of its features in [`GraphBuilder::feature_sets`].
    pub fn node_features(&self) -> &[u16] {
        &self.node_features
    }

    /// Applies one change.
    ///
    /// # Errors
    /// As [`GraphBuilder::add_channel`] and [`GraphBuilder::set_policy`]; closing an unknown channel is an error too.
    pub fn apply(&mut self, delta: &GraphDelta) -> Result<(), BuildError> {
        match delta {
            GraphDelta::ChannelOpened { short_channel_id, node_id_1, node_id_2, capacity, features } => {
                self.add_channel(*short_channel_id, *node_id_1, *node_id_2, *capacity, features)
            }
            GraphDelta::ChannelClosed { short_channel_id } => self.remove_channel(*short_channel_id),
            GraphDelta::PolicyUpdated { short_channel_id, direction, policy } => {
                self.set_policy(*short_channel_id, *direction, *policy)
            }
            GraphDelta::NodeSeen { node_id, features } => {
                let place = self.add_node(*node_id)?;
                let features = self.intern(features);
                self.node_features[place as usize] = features;
                Ok(())
            }
        }
    }

    /// Adds a node, or finds it, and returns its place.
    ///
    /// # Errors
    /// [`BuildError::TooLarge`] beyond [`NODE_COUNT_MAX`] nodes.
    pub fn add_node(&mut self, node_id: NodeId) -> Result<u32, BuildError> {
        let hash = self.hasher.hash_one(node_id);
        let (nodes, hasher) = (&self.nodes, &self.hasher);
        let entry = self.node_places.entry(
            hash,
            |&place| nodes[place as usize] == node_id,
            |&place| hasher.hash_one(nodes[place as usize]),
        );
        match entry {
            Entry::Occupied(place) => Ok(*place.get()),
            Entry::Vacant(vacant) => {
                let place = place_below(self.nodes.len(), NODE_COUNT_MAX)?;
                vacant.insert(place);
                self.nodes.push(node_id);
                let none = self.intern(&Features::default());
                self.node_features.push(none);
                Ok(place)
            }
        }
    }

    /// Adds a channel, and its nodes where they are new.
    ///
    /// # Errors
    /// Where the ids are not in order, the channel is known already, or a size limit is reached.
    pub fn add_channel(
        &mut self,
        short_channel_id: ShortChannelId,
        node_id_1: NodeId,
        node_id_2: NodeId,
        capacity: Option<Msat>,
        features: &Features,
    ) -> Result<(), BuildError> {
        if node_id_1 >= node_id_2 {
            return Err(BuildError::NodesOutOfOrder { short_channel_id });
        }
        self.claim(short_channel_id)?;
        let nodes = [self.add_node(node_id_1)?, self.add_node(node_id_2)?];
        let features = self.intern(features);
        self.channels.push(ChannelDraft { short_channel_id, nodes, capacity, features, policies: [None; 2] });
        Ok(())
    }

    /// Adds a channel with its policies between two nodes that were added before, given by their places. Spares the
    /// four look-ups by id that [`GraphBuilder::add_channel`] and [`GraphBuilder::set_policy`] take.
    ///
    /// # Errors
    /// As [`GraphBuilder::add_channel`]; also where a place holds no node.
    pub fn add_channel_between(
        &mut self,
        short_channel_id: ShortChannelId,
        nodes: [u32; 2],
        capacity: Option<Msat>,
        features: &Features,
        policies: [Option<ChannelPolicy>; 2],
    ) -> Result<(), BuildError> {
        let id = |place: u32| self.nodes.get(place as usize).ok_or(BuildError::UnknownNode { place });
        if id(nodes[0])? >= id(nodes[1])? {
            return Err(BuildError::NodesOutOfOrder { short_channel_id });
        }
        let features = self.intern(features);
        self.claim(short_channel_id)?;
        self.channels.push(ChannelDraft { short_channel_id, nodes, capacity, features, policies });
        Ok(())
    }

    /// Gives the name to the channel that will be pushed next.
    fn claim(&mut self, short_channel_id: ShortChannelId) -> Result<(), BuildError> {
        let hash = self.hasher.hash_one(short_channel_id);
        let (channels, hasher) = (&self.channels, &self.hasher);
        if self
            .channel_places
            .find(hash, |&at| channels[at as usize].short_channel_id == short_channel_id)
            .is_some()
        {
            return Err(BuildError::DuplicateChannel { short_channel_id });
        }
        let place = place_below(self.channels.len(), CHANNEL_COUNT_MAX)?;
        self.channel_places
            .insert_unique(hash, place, |&at| hasher.hash_one(channels[at as usize].short_channel_id));
        Ok(())
    }

    /// Sets the policy of one direction, replacing an earlier one whatever its age.
    ///
    /// # Errors
    /// [`BuildError::UnknownChannel`].
    pub fn set_policy(
        &mut self,
        short_channel_id: ShortChannelId,
        direction: Direction,
        policy: ChannelPolicy,
    ) -> Result<(), BuildError> {
        let place = self.channel_place(short_channel_id)?;
        self.channels[place].policies[direction.as_usize()] = Some(policy);
        Ok(())
    }

    /// Forgets a channel; its nodes stay.
    ///
    /// # Errors
    /// [`BuildError::UnknownChannel`].
    pub fn remove_channel(&mut self, short_channel_id: ShortChannelId) -> Result<(), BuildError> {
        let place = self.channel_place(short_channel_id)?;
        let last = self.channels.len() - 1;
        let moved = self.channels[last].short_channel_id;
        let (channels, hasher) = (&self.channels, &self.hasher);
        if let Ok(entry) = self.channel_places.find_entry(hasher.hash_one(moved), |&at| at as usize == last) {
            *entry.into_mut() = place as u32;
        }
        let hash = hasher.hash_one(short_channel_id);
        let is_removed =
            |&at: &u32| at as usize == place && channels[place].short_channel_id == short_channel_id;
        if let Ok(entry) = self.channel_places.find_entry(hash, is_removed) {
            entry.remove();
        }
        self.channels.swap_remove(place);
        Ok(())
    }

    /// Goes on where `contents` ends. O(n + m).
    pub(super) fn from_contents(contents: Contents) -> Self {
        let hasher = RandomState::new();
        let Contents { node_ids: nodes, node_features, feature_sets, channels } = contents;
        let mut node_places = HashTable::with_capacity(nodes.len());
        for (place, node_id) in nodes.iter().enumerate() {
            let rehash = |&at: &u32| hasher.hash_one(nodes[at as usize]);
            node_places.insert_unique(hasher.hash_one(node_id), place as u32, rehash);
        }
        let mut channel_places = HashTable::with_capacity(channels.len());
        for (place, channel) in channels.iter().enumerate() {
            let rehash = |&at: &u32| hasher.hash_one(channels[at as usize].short_channel_id);
            channel_places.insert_unique(hasher.hash_one(channel.short_channel_id), place as u32, rehash);
        }
        GraphBuilder { nodes, node_features, feature_sets, channels, node_places, channel_places, hasher }
    }

    /// All that was collected.
    pub(super) fn into_contents(mut self) -> Contents {
        if self.feature_sets.is_empty() {
            self.feature_sets.push(Features::default());
        }
        Contents {
            node_ids: self.nodes,
            node_features: self.node_features,
            feature_sets: self.feature_sets,
            channels: self.channels,
        }
    }

    /// The channel of that name.
    pub fn channel(&self, short_channel_id: ShortChannelId) -> Option<&ChannelDraft> {
        self.channel_place(short_channel_id).ok().map(|place| &self.channels[place])
    }

    /// The place of a node in [`GraphBuilder::nodes`], where it is known.
    pub fn node_place(&self, node_id: NodeId) -> Option<u32> {
        let hash = self.hasher.hash_one(node_id);
        self.node_places.find(hash, |&place| self.nodes[place as usize] == node_id).copied()
    }

    fn channel_place(&self, short_channel_id: ShortChannelId) -> Result<usize, BuildError> {
        let hash = self.hasher.hash_one(short_channel_id);
        self.channel_places
            .find(hash, |&at| self.channels[at as usize].short_channel_id == short_channel_id)
            .map(|&at| at as usize)
            .ok_or(BuildError::UnknownChannel { short_channel_id })
    }

    fn intern(&mut self, features: &Features) -> u16 {
        intern(&mut self.feature_sets, features)
    }
}

fn place_below(place: usize, max: usize) -> Result<u32, BuildError> {
    if place < max { Ok(place as u32) } else { Err(BuildError::TooLarge { max }) }
}

/// Nodes in one graph; keeps every node index, and a few beyond for a query's own nodes, within 26 bits: searches use the others
/// (`search::discount`).
pub const NODE_COUNT_MAX: usize = 1 << 26;
/// Channels in one graph; keeps every arc index, and a query's own arcs, within 31 bits.
pub const CHANNEL_COUNT_MAX: usize = 1 << 29;

/// Why a change does not fit the graph that was built so far.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A policy or a closing came for a channel that was never opened.
    #[error("channel {short_channel_id} is not in the graph")]
    UnknownChannel {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// A channel was opened twice.
    #[error("channel {short_channel_id} is in the graph already")]
    DuplicateChannel {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// BOLT 7: `node_id_1` is the lesser of the two, and a node opens no channel with itself.
    #[error("channel {short_channel_id}: node_id_1 must be less than node_id_2")]
    NodesOutOfOrder {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// A channel was opened between places of which one holds no node.
    #[error("no node has place {place}")]
    UnknownNode {
        /// The place.
        place: u32,
    },
    /// An index would not fit.
    #[error("the graph is full: at most {max} entries fit")]
    TooLarge {
        /// The limit that was reached.
        max: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> NodeId {
        let mut bytes = [n; 33];
        bytes[0] = 2;
        NodeId::from_bytes(bytes).expect("prefix 2")
    }

    fn scid(n: u64) -> ShortChannelId {
        ShortChannelId::from_u64(n)
    }

    #[test]
    fn removing_keeps_the_other_channels_findable() {
        let mut builder = GraphBuilder::new();
        for n in 0..4 {
            builder.add_channel(scid(n), id(1), id(2 + n as u8), None, &Features::default()).expect("new");
        }
        builder.remove_channel(scid(1)).expect("known");
        builder.remove_channel(scid(3)).expect("known");
        assert_eq!(builder.channels().len(), 2);
        assert!(builder.channel(scid(0)).is_some() && builder.channel(scid(2)).is_some());
        assert_eq!(
            builder.remove_channel(scid(1)),
            Err(BuildError::UnknownChannel { short_channel_id: scid(1) })
        );
    }

    #[test]
    fn disorder_and_duplicates_are_refused() {
        let mut builder = GraphBuilder::new();
        let none = Features::default();
        let out_of_order = Err(BuildError::NodesOutOfOrder { short_channel_id: scid(1) });
        assert_eq!(builder.add_channel(scid(1), id(2), id(1), None, &none), out_of_order);
        assert_eq!(builder.add_channel(scid(1), id(2), id(2), None, &none), out_of_order);
        assert_eq!(builder.add_channel(scid(1), id(1), id(2), None, &none), Ok(()));
        assert_eq!(
            builder.add_channel(scid(1), id(1), id(3), None, &none),
            Err(BuildError::DuplicateChannel { short_channel_id: scid(1) })
        );
    }

    #[test]
    fn adding_by_place_checks_as_adding_by_id_does() {
        let mut builder = GraphBuilder::new();
        let none = Features::default();
        let places = [1, 2].map(|n| builder.add_node(id(n)).expect("few nodes"));
        let [one, two] = places;
        let add = |builder: &mut GraphBuilder, n, nodes| {
            builder.add_channel_between(scid(n), nodes, None, &none, [None; 2])
        };
        let out_of_order = Err(BuildError::NodesOutOfOrder { short_channel_id: scid(1) });
        assert_eq!(add(&mut builder, 1, [two, one]), out_of_order);
        assert_eq!(add(&mut builder, 1, [one, one]), out_of_order);
        assert_eq!(add(&mut builder, 1, [one, 2]), Err(BuildError::UnknownNode { place: 2 }));
        assert_eq!(add(&mut builder, 1, [one, two]), Ok(()));
        let known = Err(BuildError::DuplicateChannel { short_channel_id: scid(1) });
        assert_eq!(add(&mut builder, 1, [one, two]), known);
        assert_eq!(builder.add_channel(scid(1), id(1), id(2), None, &none), known);
        assert_eq!(builder.channel(scid(1)).map(|channel| channel.nodes), Some([one, two]));
    }
}
