//! One generation of the channel graph: which nodes and channels there are, frozen, with policies that change in
//! place.
//!
//! ```text
//! nodes     by falling degree, those with two neighbours or more first: only they can forward
//! channels  by short_channel_id, so that a name is found by binary search whatever names an enemy picks
//! arcs      2 * channel + direction
//! ```
//! A generation is built whole (`build`) and never grows; what opens later waits in the snapshot's overlay until the
//! next generation. Policies, `last_update` and inbound fees are atomics with a single writer.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, NodeId, ShortChannelId,
    UnixTime,
};
use rayon::prelude::*;

use super::contents::Contents;
use super::csr::Adjacency;
use super::discounts::{Discounts, is_discount, pack_inbound, unpack_inbound};
use super::ids::{ArcIdx, ChannelIdx, NodeIdx};
use super::record::{CLOSED, DISABLED, Record, UNANNOUNCED};
use super::{BuildError, ChannelDraft, GraphBuilder};

/// A generation of the graph.
#[derive(Debug)]
pub struct Topology {
    pub(super) node_ids: Box<[NodeId]>,
    pub(super) node_features: Box<[u16]>,
    pub(super) feature_sets: Box<[Features]>,
    pub(super) forwarder_count: u32,
    pub(super) short_channel_ids: Box<[u64]>,
    pub(super) channel_features: Box<[u16]>,
    pub(super) outgoing: Adjacency,
    pub(super) incoming: Adjacency,
    pub(super) last_update: Box<[AtomicU32]>,
    pub(super) inbound_fees: OnceLock<Box<[AtomicU64]>>,
    discounts: OnceLock<Discounts>,
    pub(super) wide: WideTable,
    node_places: NodePlaces,
}

/// Values too wide for their field, with room for more.
#[derive(Debug)]
pub(super) struct WideTable {
    pub(super) values: Box<[AtomicU64]>,
    pub(super) used: AtomicU32,
}

/// Finds a node by its id: a hash with a key of this process.
#[derive(Debug, Default)]
pub(crate) struct NodePlaces {
    table: HashTable<u32>,
    hasher: RandomState,
}

impl Topology {
    /// Lays out a graph. O(n + m log m), in parallel.
    ///
    /// # Errors
    /// [`BuildError::TooLarge`] where more values than 2^32 are too wide for a record.
    pub fn build(builder: GraphBuilder) -> Result<Self, BuildError> {
        Topology::lay_out(builder.into_contents())
    }

    /// As [`Topology::build`], of contents that obey the builder's rules already.
    ///
    /// # Errors
    /// As [`Topology::build`].
    pub(crate) fn lay_out(contents: Contents) -> Result<Self, BuildError> {
        let Contents { node_ids, node_features, feature_sets, mut channels } = contents;
        channels.par_sort_unstable_by_key(|channel| channel.short_channel_id);
        let (order, forwarder_count) = node_order(node_ids.len(), &channels);
        let mut rank = vec![0u32; order.len()];
        for (place, &old) in order.iter().enumerate() {
            rank[old as usize] = place as u32;
        }
        channels.par_iter_mut().for_each(|channel| {
            channel.nodes = channel.nodes.map(|old| rank[old as usize]);
        });
        let mut wide = Vec::new();
        let full = BuildError::TooLarge { max: u32::MAX as usize };
        let mut records = Vec::with_capacity(channels.len() * 2);
        for channel in &channels {
            for policy in &channel.policies {
                records.push(match policy {
                    Some(policy) => Record::pack(policy, channel.capacity, &mut wide),
                    None => Record::unannounced(channel.capacity, &mut wide),
                });
            }
        }
        let records = records.into_iter().collect::<Option<Vec<_>>>().ok_or(full)?;
        let nodes_of = |arc: u32| {
            let nodes = channels[arc as usize / 2].nodes;
            (nodes[arc as usize & 1], nodes[1 - (arc as usize & 1)])
        };
        let (outgoing, incoming) = rayon::join(
            || Adjacency::build(node_ids.len(), nodes_of, &records),
            || Adjacency::build(node_ids.len(), |arc| nodes_of(arc ^ 1), &records),
        );
        drop(records);
        let policies = || channels.iter().flat_map(|channel| &channel.policies);
        let inbound_fees = OnceLock::new();
        if policies().flatten().any(|policy| !policy.inbound_fee.is_zero()) {
            let packed =
                |policy: &Option<ChannelPolicy>| policy.map_or(0, |policy| pack_inbound(policy.inbound_fee));
            inbound_fees.get_or_init(|| policies().map(packed).map(AtomicU64::new).collect());
        }
        let node_ids = order.iter().map(|&old| node_ids[old as usize]).collect::<Box<[_]>>();
        Ok(Topology::assemble(Parts {
            node_places: NodePlaces::build(&node_ids).expect("a builder keeps one place a node"),
            node_ids,
            node_features: order.iter().map(|&old| node_features[old as usize]).collect(),
            feature_sets: feature_sets.into(),
            forwarder_count,
            short_channel_ids: channels.iter().map(|channel| channel.short_channel_id.to_u64()).collect(),
            channel_features: channels.iter().map(|channel| channel.features).collect(),
            last_update: policies()
                .map(|policy| AtomicU32::new(policy.map_or(0, |policy| policy.last_update.to_secs())))
                .collect(),
            outgoing,
            incoming,
            inbound_fees,
            wide,
        }))
    }

    /// Adds room for more wide values, and what follows from the others.
    pub(crate) fn assemble(parts: Parts) -> Self {
        let used = AtomicU32::new(parts.wide.len() as u32);
        let mut wide = WideTable { values: parts.wide.into_iter().map(AtomicU64::new).collect(), used };
        wide.grow();
        let topology = Topology {
            discounts: OnceLock::new(),
            node_places: parts.node_places,
            node_ids: parts.node_ids,
            node_features: parts.node_features,
            feature_sets: parts.feature_sets,
            forwarder_count: parts.forwarder_count,
            short_channel_ids: parts.short_channel_ids,
            channel_features: parts.channel_features,
            outgoing: parts.outgoing,
            incoming: parts.incoming,
            last_update: parts.last_update,
            inbound_fees: parts.inbound_fees,
            wide,
        };
        if let Some(fees) = topology.inbound_fees.get() {
            let discounts = Discounts::new(topology.node_ids.len(), fees.len());
            for (arc, fee) in (0..).zip(fees).filter(|(_, fee)| fee.load(Relaxed) != 0) {
                discounts.add(topology.incoming.end_of(arc), arc ^ 1, unpack_inbound(fee.load(Relaxed)));
            }
            topology.discounts.get_or_init(|| discounts.listed(&topology.incoming));
        }
        topology.mark_foreign();
        topology
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.node_ids.len()
    }

    /// How many channels there are, closed ones included.
    pub fn channel_count(&self) -> usize {
        self.short_channel_ids.len()
    }

    /// How many nodes have two neighbours or more; they are the first ones.
    pub fn forwarder_count(&self) -> u32 {
        self.forwarder_count
    }

    /// Finds a node. O(1).
    pub fn node(&self, node_id: &NodeId) -> Option<NodeIdx> {
        let places = &self.node_places;
        let hash = places.hasher.hash_one(node_id);
        places.table.find(hash, |&at| self.node_ids[at as usize] == *node_id).map(|&at| NodeIdx::from_u32(at))
    }

    /// The id of a node of this generation.
    pub fn node_id(&self, node: NodeIdx) -> NodeId {
        self.node_ids[node.to_usize()]
    }

    /// What a node announced of itself.
    pub fn node_features(&self, node: NodeIdx) -> &Features {
        &self.feature_sets[usize::from(self.node_features[node.to_usize()])]
    }

    /// Finds a channel, closed ones included. O(log m).
    pub fn channel(&self, short_channel_id: ShortChannelId) -> Option<ChannelIdx> {
        let place = self.short_channel_ids.binary_search(&short_channel_id.to_u64()).ok()?;
        Some(ChannelIdx::from_u32(place as u32))
    }

    /// Finds a channel that is not closed. O(log m).
    pub fn open_channel(&self, short_channel_id: ShortChannelId) -> Option<ChannelIdx> {
        self.channel(short_channel_id).filter(|&channel| !self.is_closed(channel))
    }

    /// The name of a channel.
    pub fn short_channel_id(&self, channel: ChannelIdx) -> ShortChannelId {
        ShortChannelId::from_u64(self.short_channel_ids[channel.to_usize()])
    }

    /// What the channel's announcement carried.
    pub fn channel_features(&self, channel: ChannelIdx) -> &Features {
        &self.feature_sets[usize::from(self.channel_features[channel.to_usize()])]
    }

    /// The funding output's value, where it is known.
    pub fn capacity(&self, channel: ChannelIdx) -> Option<Msat> {
        self.incoming.record(channel.to_u32() * 2).capacity(&self.wide.values)
    }

    /// What the liquidity of both directions is taken to add up to: the capacity, or, where it is unknown, the greatest
    /// `htlc_maximum_msat`.
    pub fn presumed_capacity(&self, channel: ChannelIdx) -> Msat {
        self.capacity(channel).unwrap_or_else(|| {
            let policies = Direction::BOTH.into_iter().filter_map(|at| self.policy(channel.arc(at)));
            policies.map(|policy| policy.htlc_maximum_msat).max().unwrap_or(Msat::ZERO)
        })
    }

    /// Whether the channel was closed since this generation was built.
    pub fn is_closed(&self, channel: ChannelIdx) -> bool {
        self.incoming.record(channel.to_u32() * 2).flags() & CLOSED != 0
    }

    /// The node that an arc leaves.
    pub fn tail(&self, arc: ArcIdx) -> NodeIdx {
        NodeIdx::from_u32(self.incoming.end_of(arc.to_u32()))
    }

    /// The node that an arc enters.
    pub fn head(&self, arc: ArcIdx) -> NodeIdx {
        NodeIdx::from_u32(self.outgoing.end_of(arc.to_u32()))
    }

    /// The arcs that leave a node, in the order of their fee when this generation was built.
    pub fn outgoing(&self, node: NodeIdx) -> impl Iterator<Item = ArcIdx> + '_ {
        self.outgoing.arcs_of(node.to_u32()).iter().map(|&arc| ArcIdx::from_u32(arc))
    }

    /// The arcs that enter a node, in the order of their fee when this generation was built.
    pub fn incoming(&self, node: NodeIdx) -> impl Iterator<Item = ArcIdx> + '_ {
        self.incoming.arcs_of(node.to_u32()).iter().map(|&arc| ArcIdx::from_u32(arc))
    }

    /// The policy of an arc, `None` where none was told. A reader that needs several policies of one moment goes
    /// through the snapshot.
    pub fn policy(&self, arc: ArcIdx) -> Option<ChannelPolicy> {
        let record = self.incoming.record(arc.to_u32());
        (record.flags() & UNANNOUNCED == 0).then(|| self.policy_of(arc, record))
    }

    fn policy_of(&self, arc: ArcIdx, record: Record) -> ChannelPolicy {
        ChannelPolicy {
            fee: Fee {
                fee_base_msat: record.fee_base_msat() as u32,
                fee_proportional_millionths: record.fee_ppm() as u32,
            },
            inbound_fee: self.inbound_fee(arc),
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(record.cltv() as u16),
            htlc_minimum_msat: Msat::from_msat(record.htlc_minimum_msat(&self.wide.values)),
            htlc_maximum_msat: Msat::from_msat(record.htlc_maximum_msat(&self.wide.values)),
            disabled: record.flags() & (DISABLED | CLOSED) != 0,
            last_update: UnixTime::from_secs(self.last_update[arc.to_usize()].load(Relaxed)),
        }
    }

    /// The inbound fee in the policy of `arc`: its tail charges it for HTLCs that arrive over the reverse arc.
    pub(crate) fn inbound_fee(&self, arc: ArcIdx) -> InboundFee {
        self.inbound_fees
            .get()
            .map_or(InboundFee::ZERO, |fees| unpack_inbound(fees[arc.to_usize()].load(Relaxed)))
    }

    /// Who gives discounts on what arrives; `None` where nobody has an inbound fee.
    #[inline(always)]
    pub(crate) fn discounts(&self) -> Option<&Discounts> {
        self.discounts.get()
    }

    /// Adds the inbound fee in the policy of `arc` to what is known of its tail. Writer only.
    pub(super) fn add_inbound(&self, arc: ArcIdx, fee: InboundFee) {
        let tail = self.incoming.end_of(arc.to_u32());
        let discounts =
            self.discounts.get_or_init(|| Discounts::new(self.node_count(), self.last_update.len()));
        self.inbound_fees.get_or_init(|| (0..self.last_update.len()).map(|_| AtomicU64::new(0)).collect());
        // Readers must find the arcs as soon as the node gives.
        if is_discount(fee) && !discounts.gives(tail) {
            self.outgoing.list(tail).ends.iter().for_each(|&head| discounts.add_unlisted(head));
        }
        discounts.add(tail, arc.reversed().to_u32(), fee);
    }

    /// Whether any policy has an inbound fee.
    pub(crate) fn has_inbound_fees(&self) -> bool {
        self.inbound_fees.get().is_some()
    }

    /// The lists by tail.
    #[inline(always)]
    pub(crate) fn out_lists(&self) -> &Adjacency {
        &self.outgoing
    }

    /// The lists by head.
    #[inline(always)]
    pub(crate) fn in_lists(&self) -> &Adjacency {
        &self.incoming
    }

    /// The values that records refer to.
    #[inline(always)]
    pub(crate) fn wide(&self) -> &[AtomicU64] {
        &self.wide.values
    }

    /// Bytes held by the graph and all its indices.
    pub fn size_bytes(&self) -> usize {
        size_of_val(&*self.node_ids)
            + size_of_val(&*self.node_features)
            + self
                .feature_sets
                .iter()
                .map(|set| size_of::<Features>() + set.as_be_bytes().len())
                .sum::<usize>()
            + size_of_val(&*self.short_channel_ids)
            + size_of_val(&*self.channel_features)
            + self.outgoing.size_bytes()
            + self.incoming.size_bytes()
            + size_of_val(&*self.last_update)
            + self.inbound_fees.get().map_or(0, |fees| size_of_val(&**fees))
            + self.discounts.get().map_or(0, Discounts::size_bytes)
            + size_of_val(&*self.wide.values)
            + self.node_places.table.allocation_size()
    }
}

/// What a [`Topology`] is assembled from.
pub(crate) struct Parts {
    pub(crate) node_places: NodePlaces,
    pub(crate) node_ids: Box<[NodeId]>,
    pub(crate) node_features: Box<[u16]>,
    pub(crate) feature_sets: Box<[Features]>,
    pub(crate) forwarder_count: u32,
    pub(crate) short_channel_ids: Box<[u64]>,
    pub(crate) channel_features: Box<[u16]>,
    pub(crate) last_update: Box<[AtomicU32]>,
    pub(crate) outgoing: Adjacency,
    pub(crate) incoming: Adjacency,
    pub(crate) inbound_fees: OnceLock<Box<[AtomicU64]>>,
    pub(crate) wide: Vec<u64>,
}

impl WideTable {
    /// Makes room for more values; places stay.
    pub(super) fn grow(&mut self) {
        let mut values = std::mem::take(&mut self.values).into_vec();
        let room = values.len() + values.len() / 4 + WIDE_ROOM;
        values.reserve_exact(room - values.len());
        values.resize_with(room, AtomicU64::default);
        self.values = values.into();
    }
}

impl NodePlaces {
    /// Finds room for every node, or the first one that has the id of an earlier one. O(n).
    pub(crate) fn build(node_ids: &[NodeId]) -> Result<Self, usize> {
        let hasher = RandomState::new();
        // All hashes first: hashing is parallel, and an insertion need not wait for a hash while it misses the cache.
        let hashes = node_ids.par_iter().map(|node_id| hasher.hash_one(node_id)).collect::<Vec<_>>();
        let mut table = HashTable::with_capacity(node_ids.len());
        for (place, (node_id, hash)) in node_ids.iter().zip(hashes.iter().copied()).enumerate() {
            let is_known = |&at: &u32| node_ids[at as usize] == *node_id;
            match table.entry(hash, is_known, |&at| hashes[at as usize]) {
                Entry::Occupied(_) => return Err(place),
                Entry::Vacant(vacant) => vacant.insert(place as u32),
            };
        }
        Ok(NodePlaces { table, hasher })
    }
}

/// The nodes by falling degree, those with two distinct neighbours first, and how many of those there are.
fn node_order(node_count: usize, channels: &[ChannelDraft]) -> (Vec<u32>, u32) {
    const NOBODY: u32 = u32::MAX;
    let mut degrees = vec![0u32; node_count];
    let mut first_neighbour = vec![NOBODY; node_count];
    let mut can_forward = vec![false; node_count];
    for channel in channels {
        for (node, peer) in [(channel.nodes[0], channel.nodes[1]), (channel.nodes[1], channel.nodes[0])] {
            let node = node as usize;
            degrees[node] += 1;
            match first_neighbour[node] {
                NOBODY => first_neighbour[node] = peer,
                known => can_forward[node] |= known != peer,
            }
        }
    }
    let mut order = (0..node_count as u32).collect::<Vec<_>>();
    order.par_sort_unstable_by_key(|&node| {
        let at = node as usize;
        (!can_forward[at], u32::MAX - degrees[at], node)
    });
    let forwarder_count = order.partition_point(|&node| can_forward[node as usize]) as u32;
    (order, forwarder_count)
}

/// Wide values that may appear after a generation was built, before a new one is needed.
const WIDE_ROOM: usize = 1024;
