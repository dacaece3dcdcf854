//! Arcs that lie beside a generation: channels that opened since it was built, and a query's own (route hints,
//! private channels). Immutable once made; a search reads them after a node's list.
//!
//! Nodes and arcs of an overlay are numbered on from those below it, so that one number names them everywhere:
//!
//! ```text
//! nodes  0 .. topology.node_count()  | first_node ..
//! arcs   0 .. 2 * channel_count      | first_arc ..       2 * channel + direction, as below
//! ```
//! An overlay may also list arcs that lie below it, by their own numbers: those that a layer may have made better than
//! their record in a sorted list says. Searches skip them there and find them here.

use std::sync::atomic::AtomicU64;

use hashbrown::HashMap;
use primitives::{ChannelPolicy, Direction, Features, InboundFee, Msat, NodeId, ShortChannelId};

use crate::graph::{ArcIdx, FOREIGN, Record, Topology, is_discount};

/// A channel of an overlay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayChannel {
    /// The channel's name.
    pub short_channel_id: ShortChannelId,
    /// The nodes' numbers, those of `node_id_1` and `node_id_2`.
    pub nodes: [u32; 2],
    /// What each direction can carry, where it is known: the funding output's value, but what a query says of its own arcs.
    pub capacities: [Option<Msat>; 2],
    /// What the announcement carried.
    pub features: Features,
    /// The policy of each direction, where it is known.
    pub policies: [Option<ChannelPolicy>; 2],
}

/// An arc as a search reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverlayArc {
    /// The node it leaves.
    pub(crate) tail: u32,
    /// The node it enters.
    pub(crate) head: u32,
    /// Its number.
    pub(crate) arc: u32,
    /// Its policy.
    pub(crate) record: Record,
}

impl OverlayArc {
    /// An arc of the generation as its list has it, to be found beside that.
    pub(crate) fn listed(topology: &Topology, arc: u32) -> Self {
        OverlayArc {
            tail: topology.tail(ArcIdx::from_u32(arc)).to_u32(),
            head: topology.head(ArcIdx::from_u32(arc)).to_u32(),
            arc,
            record: topology.in_lists().record(arc),
        }
    }
}

/// A small set of channels beside a generation.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    first_node: u32,
    first_arc: u32,
    node_ids: Vec<NodeId>,
    channels: Vec<OverlayChannel>,
    arcs: Vec<OverlayArc>,
    /// Arcs that lie below, counted on from `arcs` in the lists.
    moved: Vec<OverlayArc>,
    wide: Vec<AtomicU64>,
    by_tail: ArcLists,
    by_head: ArcLists,
    /// The least inbound fees of nodes that have any over a channel of this overlay.
    inbound: HashMap<u32, InboundFee>,
    has_discounts: bool,
}

/// For each node the places of its arcs, in their order: linked lists, since most have one or two. An overlay is made anew
/// with every publication that brings channels.
#[derive(Debug, Default)]
struct ArcLists {
    first: HashMap<u32, u32>,
    /// By place, the next one of the same list.
    next: Vec<u32>,
}

impl ArcLists {
    /// O(arcs).
    fn new(nodes: impl DoubleEndedIterator<Item = u32> + Clone) -> Self {
        let count = nodes.clone().count();
        let (mut first, mut next) = (HashMap::with_capacity(count), vec![LAST; count]);
        for (place, node) in (0..count).rev().zip(nodes.rev()) {
            next[place] = first.insert(node, place as u32).unwrap_or(LAST);
        }
        ArcLists { first, next }
    }

    fn of(&self, node: u32) -> impl Iterator<Item = usize> + use<'_> {
        let mut at = self.first.get(&node).copied().unwrap_or(LAST);
        std::iter::from_fn(move || {
            let place = at as usize;
            at = *self.next.get(place)?;
            Some(place)
        })
    }
}

/// Ends a list: no place, since an overlay holds far fewer arcs.
const LAST: u32 = u32::MAX;

impl Overlay {
    /// An overlay of these nodes and channels; the channels' nodes are numbers that may lie below `first_node`.
    /// O(channels).
    pub(crate) fn new(
        first_node: u32,
        first_arc: u32,
        node_ids: Vec<NodeId>,
        channels: Vec<OverlayChannel>,
    ) -> Self {
        let mut wide = Vec::new();
        let mut arcs = Vec::with_capacity(channels.len() * 2);
        for channel in &channels {
            for direction in Direction::BOTH {
                let capacity = channel.capacities[direction.as_usize()];
                let record = match &channel.policies[direction.as_usize()] {
                    Some(policy) => Record::pack(policy, capacity, &mut wide),
                    None => Record::unannounced(capacity, &mut wide),
                };
                let flags = if channel.features.unknown_demand().is_some() { FOREIGN } else { 0 };
                arcs.push(OverlayArc {
                    tail: channel.nodes[direction.as_usize()],
                    head: channel.nodes[direction.reversed().as_usize()],
                    arc: first_arc + arcs.len() as u32,
                    record: record.expect("an overlay holds far fewer than 2^32 channels").with_flag(flags),
                });
            }
        }
        let (by_tail, by_head) =
            (ArcLists::new(arcs.iter().map(|arc| arc.tail)), ArcLists::new(arcs.iter().map(|arc| arc.head)));
        let wide = wide.into_iter().map(AtomicU64::new).collect();
        let mut inbound = HashMap::<u32, InboundFee>::new();
        let mut has_discounts = false;
        for (policy, node) in channels.iter().flat_map(|channel| channel.policies.iter().zip(channel.nodes)) {
            let Some(fee) = policy.map(|policy| policy.inbound_fee).filter(|fee| !fee.is_zero()) else {
                continue;
            };
            let least = inbound.entry(node).or_insert(InboundFee::ZERO);
            least.base_msat = least.base_msat.min(fee.base_msat);
            least.proportional_millionths = least.proportional_millionths.min(fee.proportional_millionths);
            has_discounts |= is_discount(fee);
        }
        let moved = Vec::new();
        Overlay {
            first_node,
            first_arc,
            node_ids,
            channels,
            arcs,
            moved,
            wide,
            by_tail,
            by_head,
            inbound,
            has_discounts,
        }
    }

    /// Marks the arcs to a node that nothing is routed to. O(its arcs here).
    pub(crate) fn refuse(&mut self, node: u32) {
        for place in self.by_head.of(node) {
            let arc = &mut self.arcs[place];
            arc.record = arc.record.with_flag(FOREIGN);
        }
    }

    /// The least inbound base fee and the least inbound rate of a node over channels of this overlay, zero where none is
    /// negative; `None` where it has no inbound fees here.
    pub(crate) fn least_inbound(&self, node: u32) -> Option<InboundFee> {
        self.inbound.get(&node).copied()
    }

    /// Whether any of its channels has an inbound fee.
    pub(crate) fn has_inbound_fees(&self) -> bool {
        !self.inbound.is_empty()
    }

    /// Whether a node gives a discount on what arrives over a channel of this overlay.
    pub(crate) fn has_discounts(&self) -> bool {
        self.has_discounts
    }

    /// The same with arcs that lie below.
    pub(crate) fn with_moved(self, moved: Vec<OverlayArc>) -> Self {
        let all = || self.arcs.iter().chain(&moved);
        let (by_tail, by_head) =
            (ArcLists::new(all().map(|arc| arc.tail)), ArcLists::new(all().map(|arc| arc.head)));
        Overlay { by_tail, by_head, moved, ..self }
    }

    /// Whether there is no channel in it.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.arcs.is_empty()
    }

    /// The nodes that are new here; the first has the number `first_node`.
    pub(crate) fn node_ids(&self) -> &[NodeId] {
        &self.node_ids
    }

    /// The channels; the first has the arcs `first_arc` and `first_arc + 1`.
    pub(crate) fn channels(&self) -> &[OverlayChannel] {
        &self.channels
    }

    /// The number of the node at a place of [`Overlay::node_ids`].
    pub(crate) fn node_at(&self, place: usize) -> u32 {
        self.first_node + place as u32
    }

    /// The first of both arcs' numbers of the channel at a place of [`Overlay::channels`].
    pub(crate) fn arc_at(&self, place: usize) -> u32 {
        self.first_arc + 2 * place as u32
    }

    /// The number of a node by name, in an overlay whose new nodes are sorted by name. O(log nodes).
    pub(crate) fn sorted_node(&self, node_id: &NodeId) -> Option<u32> {
        self.node_ids.binary_search(node_id).ok().map(|place| self.node_at(place))
    }

    /// The first arc's number of a channel by name, in an overlay whose channels are sorted by name. O(log channels).
    pub(crate) fn sorted_arc(&self, short_channel_id: ShortChannelId) -> Option<u32> {
        let place =
            self.channels.binary_search_by_key(&short_channel_id, |channel| channel.short_channel_id).ok()?;
        Some(self.arc_at(place))
    }

    /// The number after the last node.
    pub(crate) fn node_end(&self) -> u32 {
        self.first_node + self.node_ids.len() as u32
    }

    /// The number after the last arc.
    pub(crate) fn arc_end(&self) -> u32 {
        self.first_arc + self.arcs.len() as u32
    }

    /// The arcs that leave a node.
    pub(crate) fn outgoing(&self, node: u32) -> impl Iterator<Item = &OverlayArc> {
        self.by_tail.of(node).map(|place| self.listed(place))
    }

    /// The arcs that enter a node.
    pub(crate) fn incoming(&self, node: u32) -> impl Iterator<Item = &OverlayArc> {
        self.by_head.of(node).map(|place| self.listed(place))
    }

    fn listed(&self, place: usize) -> &OverlayArc {
        self.arcs.get(place).unwrap_or_else(|| &self.moved[place - self.arcs.len()])
    }

    /// The arc of that number, `None` for one that is not of this overlay.
    pub(crate) fn arc(&self, arc: u32) -> Option<&OverlayArc> {
        self.arcs.get(arc.checked_sub(self.first_arc)? as usize)
    }

    /// The channel of an arc's number.
    pub(crate) fn channel_of(&self, arc: u32) -> Option<&OverlayChannel> {
        self.channels.get(arc.checked_sub(self.first_arc)? as usize / 2)
    }

    /// The id of a node's number.
    pub(crate) fn node_id(&self, node: u32) -> Option<&NodeId> {
        self.node_ids.get(node.checked_sub(self.first_node)? as usize)
    }

    /// The values that records of this overlay refer to.
    pub(crate) fn wide(&self) -> &[AtomicU64] {
        &self.wide
    }
}
