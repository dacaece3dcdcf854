//! Channels and nodes that demand what nobody here knows: nothing is routed through them (BOLT 7, `channel_announcement` and
//! `node_announcement`).
//!
//! Of such a channel no arc is used, of such a node none that leads to it. So nothing goes through the node, nor to it:
//! whether an invoice of its demands less is not told here. What it pays itself leaves by its other arcs.
//!
//! The arcs are marked, so that a search meets one flag among others; policies stay as they were told. The mark is not
//! stored: it follows from the features, for who knows more of them than we do today.

use super::ids::NodeIdx;
use super::record::FOREIGN;
use super::topology::Topology;

impl Topology {
    /// Marks what follows from all features. O(n + m) where any demands what is not known, else O(distinct features).
    pub(super) fn mark_foreign(&self) {
        let is_foreign: Vec<bool> =
            self.feature_sets.iter().map(|features| features.unknown_demand().is_some()).collect();
        if !is_foreign.contains(&true) {
            return;
        }
        let is_foreign = |set: &u16| is_foreign.get(usize::from(*set)).copied().unwrap_or(false);
        for (channel, _) in (0..).zip(&self.channel_features).filter(|(_, set)| is_foreign(set)) {
            [2 * channel, 2 * channel + 1].into_iter().for_each(|arc| self.add_flag(arc, FOREIGN));
        }
        for (node, _) in (0..).zip(&self.node_features).filter(|(_, set)| is_foreign(set)) {
            self.refuse(NodeIdx::from_u32(node));
        }
    }

    /// Marks the arcs that lead to a node, until the next generation. O(degree). Only the writer may call this, inside its
    /// sequence.
    pub(crate) fn refuse(&self, node: NodeIdx) {
        self.incoming.arcs_of(node.to_u32()).iter().for_each(|&arc| self.add_flag(arc, FOREIGN));
    }
}
