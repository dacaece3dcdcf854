//! From names to the numbers of a snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use primitives::{Direction, Features, NodeId, ShortChannelId, ShortChannelIdDir};

use super::adjustments::{Adjustments, ArcChange, NodeChange};
use super::bits::RankedBits;
use super::change::{CreatedChannel, PolicyChange};
use super::edit::Layer;
use crate::cost::Tuning;
use crate::graph::{ArcIdx, NodeIdx};
use crate::overlay::{Overlay, OverlayArc, OverlayChannel};
use crate::snapshot::Snapshot;

impl Adjustments {
    /// Looks up all names of the layers. O(entries log channels + arcs of named nodes), and a bit an arc.
    pub(super) fn compile(snapshot: &Snapshot, layers: &[Arc<Layer>]) -> Self {
        let overlay = created_overlay(snapshot, layers);
        // However many entries there are, they change no more than all arcs.
        let room = layers.iter().map(|layer| layer.entry_count()).sum::<usize>();
        let changes = HashMap::with_capacity(room.min(overlay.arc_end() as usize));
        let mut draft = Draft { snapshot, overlay, changes, unplaced: HashMap::new() };
        for layer in layers {
            draft.add(layer);
        }
        let nodes = node_changes(layers);
        for (node_id, change) in &nodes {
            draft.add_node(node_id, change);
        }
        draft.finish(nodes)
    }
}

/// Changes by arc, in no order.
struct Draft<'a> {
    snapshot: &'a Snapshot,
    overlay: Overlay,
    changes: HashMap<u32, ArcChange>,
    unplaced: HashMap<ShortChannelIdDir, ArcChange>,
}

impl Draft<'_> {
    fn add(&mut self, layer: &Layer) {
        for (&channel, &update) in layer.channel_updates() {
            let change = self.change(channel);
            let before: PolicyChange = change.policy.unwrap_or_default();
            change.policy = Some(before.overlaid(update));
        }
        for (&channel, constraint) in layer.constraints() {
            self.change(channel).constrain(constraint.minimum.amount, constraint.maximum.amount);
        }
        for (&channel, bias) in layer.biases() {
            self.change(channel).bias += i32::from(bias.bias);
        }
        for &channel in layer.disabled_channels() {
            self.change(channel).is_closed = true;
        }
    }

    fn change(&mut self, channel: ShortChannelIdDir) -> &mut ArcChange {
        match self.first_arc(channel.short_channel_id) {
            Some(arc) => self.changes.entry(arc + channel.direction as u32).or_default(),
            None => self.unplaced.entry(channel).or_default(),
        }
    }

    /// The number of the first of a channel's arcs.
    fn first_arc(&self, short_channel_id: ShortChannelId) -> Option<u32> {
        let known = self.snapshot.channel(short_channel_id).map(|channel| channel.to_u32() * 2);
        known.or_else(|| self.overlay.sorted_arc(short_channel_id))
    }

    fn add_node(&mut self, node_id: &NodeId, change: &NodeChange) {
        let known = self.snapshot.node(node_id).map(NodeIdx::to_u32);
        let Some(node) = known.or_else(|| self.overlay.sorted_node(node_id)) else { return };
        let lists = self.snapshot.topology().out_lists().arcs_of(node).iter().copied();
        let beside = [self.snapshot.overlay(), &self.overlay];
        let beside = beside.into_iter().flat_map(|overlay| overlay.outgoing(node)).map(|arc| arc.arc);
        for arc in lists.chain(beside).collect::<Vec<_>>() {
            let leaving = self.changes.entry(arc).or_default();
            leaving.bias += change.out_bias;
            leaving.is_closed |= change.is_disabled;
            let entering = self.changes.entry(ArcIdx::from_u32(arc).reversed().to_u32()).or_default();
            entering.bias += change.in_bias;
            entering.is_closed |= change.is_disabled;
        }
    }

    fn finish(self, nodes: HashMap<NodeId, NodeChange>) -> Adjustments {
        let Draft { snapshot, overlay, changes, unplaced } = self;
        let mut changes: Vec<_> =
            changes.into_iter().filter(|(_, change)| *change != ArcChange::default()).collect();
        changes.sort_unstable_by_key(|&(arc, _)| arc);
        let mut tuning = Tuning::default();
        for (_, change) in &changes {
            change.note(&mut tuning);
        }
        let topology = snapshot.topology();
        let in_lists = 2 * topology.channel_count() as u32;
        let is_moved = |&&(arc, change): &&(u32, ArcChange)| arc < in_lists && change.may_gain();
        let moved = changes.iter().filter(is_moved).map(|&(arc, _)| OverlayArc::listed(topology, arc));
        let moved = moved.collect::<Vec<_>>();
        let moved_end = moved.last().map_or(0, |arc| arc.arc + 1);
        Adjustments {
            bits: RankedBits::new(overlay.arc_end(), changes.iter().map(|&(arc, _)| arc)),
            changes: changes.iter().map(|&(_, change)| change).collect(),
            moved: RankedBits::new(moved_end, moved.iter().map(|arc| arc.arc)),
            overlay: overlay.with_moved(moved),
            tuning,
            unplaced,
            nodes,
        }
    }
}

/// What all layers together say of nodes.
fn node_changes(layers: &[Arc<Layer>]) -> HashMap<NodeId, NodeChange> {
    let mut nodes = HashMap::<NodeId, NodeChange>::new();
    for layer in layers {
        for &node_id in layer.disabled_nodes() {
            nodes.entry(node_id).or_default().is_disabled = true;
        }
        for (&node_id, bias) in layer.node_biases() {
            let change = nodes.entry(node_id).or_default();
            change.in_bias += i32::from(bias.in_bias);
            change.out_bias += i32::from(bias.out_bias);
        }
    }
    nodes
}

/// The created channels that the graph does not have, numbered on from the snapshot; their policies are changes.
fn created_overlay(snapshot: &Snapshot, layers: &[Arc<Layer>]) -> Overlay {
    let mut created = BTreeMap::<ShortChannelId, CreatedChannel>::new();
    for (&short_channel_id, &channel) in layers.iter().flat_map(|layer| layer.created_channels()) {
        if snapshot.channel(short_channel_id).is_none() {
            created.entry(short_channel_id).or_insert(channel);
        }
    }
    let ends = created.values().flat_map(|channel| channel.node_ids);
    let mut node_ids: Vec<NodeId> = ends.filter(|node_id| snapshot.node(node_id).is_none()).collect();
    node_ids.sort_unstable();
    node_ids.dedup();
    let first_node = snapshot.node_count();
    let place = |node_id: &NodeId| match snapshot.node(node_id) {
        Some(node) => node.to_u32(),
        None => (first_node + node_ids.binary_search(node_id).expect("it was noted above")) as u32,
    };
    let channels = created.into_iter().map(|(short_channel_id, channel)| OverlayChannel {
        short_channel_id,
        nodes: Direction::BOTH.map(|direction| place(&channel.node_ids[direction.as_usize()])),
        capacities: [Some(channel.capacity); 2],
        features: Features::default(),
        policies: [None, None],
    });
    let channels = channels.collect();
    Overlay::new(first_node as u32, snapshot.channel_count() as u32 * 2, node_ids, channels)
}
