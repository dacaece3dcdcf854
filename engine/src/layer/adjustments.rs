//! Layers in the numbers of one snapshot.
//!
//! ```text
//! bits      1 bit an arc, and a count a word   whether anything changes, and where it lies below
//! changes   one an arc that changes            in the order of arcs
//! moved     1 bit an arc                       those that searches find beside their list
//! overlay   created channels, moved arcs
//! ```
//! What a search has to read for an arc that nothing changes is one bit: 10 KB for today's network.

use hashbrown::HashMap;
use primitives::{Msat, NodeId, ShortChannelIdDir};

use super::bits::RankedBits;
use super::change::PolicyChange;
use crate::cost::{Tuning, Weight};
use crate::graph::{DISABLED, Record, UNANNOUNCED};
use crate::overlay::Overlay;

/// What layers change, ready for searches. Belongs to the snapshot that it was compiled for.
#[derive(Debug)]
pub struct Adjustments {
    pub(super) bits: RankedBits,
    pub(super) changes: Box<[ArcChange]>,
    pub(super) moved: RankedBits,
    pub(super) overlay: Overlay,
    pub(super) tuning: Tuning,
    /// What is said of directions that the snapshot does not know.
    pub(super) unplaced: HashMap<ShortChannelIdDir, ArcChange>,
    /// What is said of nodes.
    pub(super) nodes: HashMap<NodeId, NodeChange>,
}

/// What changes of an arc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArcChange {
    pub(super) policy: Option<PolicyChange>,
    /// What it can pass, and the most it can, in msat.
    pub(super) liquidity: (u64, u64),
    /// The sum of all biases.
    pub(super) bias: i32,
    pub(super) is_closed: bool,
}

/// What changes of all arcs of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct NodeChange {
    pub(super) is_disabled: bool,
    pub(super) in_bias: i32,
    pub(super) out_bias: i32,
}

impl Adjustments {
    /// What changes of an arc of the snapshot or of a created channel.
    #[inline(always)]
    pub(crate) fn change(&self, arc: u32) -> Option<&ArcChange> {
        self.bits.place(arc).map(|place| &self.changes[place])
    }

    /// Whether an arc of the generation lies beside its list.
    #[inline(always)]
    pub(crate) fn is_moved(&self, arc: u32) -> bool {
        self.moved.has(arc)
    }

    /// Created channels and moved arcs. Nodes and channels that are new here are sorted by name.
    pub(crate) fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// What that does to the bounds on costs.
    pub(crate) fn tuning(&self) -> Tuning {
        self.tuning
    }

    /// What is said of a query's own arc.
    pub(crate) fn change_of_own(
        &self,
        channel: ShortChannelIdDir,
        tail: &NodeId,
        head: &NodeId,
    ) -> Option<ArcChange> {
        let mut change = self.unplaced.get(&channel).copied().unwrap_or_default();
        if let Some(node) = self.nodes.get(tail) {
            change.bias += node.out_bias;
            change.is_closed |= node.is_disabled;
        }
        if let Some(node) = self.nodes.get(head) {
            change.bias += node.in_bias;
            change.is_closed |= node.is_disabled;
        }
        (change != ArcChange::default()).then_some(change)
    }
}

impl Default for ArcChange {
    fn default() -> Self {
        ArcChange { policy: None, liquidity: NO_CONSTRAINT, bias: 0, is_closed: false }
    }
}

impl ArcChange {
    /// What becomes of the change of an arc that the payer names with what it can send over it, and whose record in the graph
    /// is `record`: the payer knows its own channel better than gossip does, though not than a layer that disables it.
    /// `None` where nothing more changes.
    pub(crate) fn opening(layered: Option<&ArcChange>, record: Record) -> Option<ArcChange> {
        let change = layered.copied().unwrap_or_default();
        let mut policy = change.policy.unwrap_or_default();
        let is_barred = change.is_closed || policy.enabled == Some(false);
        if record.flags() & DISABLED == 0 || is_barred {
            return None;
        }
        policy.enabled = Some(true);
        if record.flags() & UNANNOUNCED != 0 && record.is_capacity_unknown() {
            // The balance alone says what passes.
            policy.htlc_maximum_msat = policy.htlc_maximum_msat.or(Some(NO_MAXIMUM));
        }
        let opened = ArcChange { policy: Some(policy), ..change };
        (layered != Some(&opened)).then_some(opened)
    }

    /// The record as it is changed; limits are in [`ArcChange::limits`], because values may be too wide for a record.
    pub(crate) fn record(&self, mut record: Record) -> Record {
        let Some(policy) = self.policy else { return record };
        if let Some(fee_base_msat) = policy.fee_base_msat {
            record = record.with_fee_base(fee_base_msat);
        }
        if let Some(millionths) = policy.fee_proportional_millionths {
            record = record.with_fee_ppm(millionths);
        }
        if let Some(blocks) = policy.cltv_expiry_delta {
            record = record.with_cltv(blocks);
        }
        match policy.enabled {
            Some(false) => record.with_flag(DISABLED),
            Some(true) => record.enabled(),
            // Whoever says how a direction forwards means that it does.
            None if record.flags() & UNANNOUNCED != 0 => record.enabled(),
            None => record,
        }
    }

    /// Smallest and largest HTLC and capacity, of those that the record tells; `None` where nothing may pass.
    pub(crate) fn limits(&self, record: Record, [min, max, capacity]: [u64; 3]) -> Option<(u64, u64, u64)> {
        if self.is_closed {
            return None;
        }
        let Some(policy) = self.policy else { return Some((min, max, capacity)) };
        let min = policy.htlc_minimum_msat.map_or(min, Msat::to_msat);
        let (max, capacity) = match policy.htlc_maximum_msat.map(Msat::to_msat) {
            Some(max) if record.is_capacity_unknown() => (max, max.div_ceil(1000).saturating_mul(1000)),
            Some(max) => (max, capacity),
            None if record.flags() & UNANNOUNCED != 0 => (capacity, capacity),
            None => (max, capacity),
        };
        Some((min, max.min(capacity), capacity))
    }

    /// What it can pass, and the most it can, in msat.
    pub(crate) fn liquidity(&self) -> (u64, u64) {
        self.liquidity
    }

    /// The smallest HTLC, where it changes.
    pub(crate) fn minimum(&self) -> Option<u64> {
        self.policy?.htlc_minimum_msat.map(Msat::to_msat)
    }

    /// The factor on costs, where there is one.
    #[inline]
    pub(crate) fn weight(&self) -> Option<Weight> {
        (self.bias != 0).then(|| Weight::of_bias(self.bias))
    }

    /// Whether the arc may cost less, or carry more, than its record in a list says.
    pub(super) fn may_gain(&self) -> bool {
        self.bias > 0 || self.policy.is_some()
    }

    /// Adds what one more layer knows of the liquidity; of contradictions the maximum is right.
    pub(super) fn constrain(&mut self, minimum: Msat, maximum: Msat) {
        let (lower, upper) = self.liquidity;
        let upper = upper.min(maximum.to_msat());
        self.liquidity = (lower.max(minimum.to_msat()).min(upper), upper);
    }

    /// Notes what it does to the bounds on costs.
    pub(crate) fn note(&self, tuning: &mut Tuning) {
        tuning.has_known |= self.liquidity.0 > 0;
        if let Some(weight) = self.weight() {
            let [least, most] = tuning.weights.unwrap_or([Weight::ONE; 2]);
            tuning.weights = Some([least.min(weight), most.max(weight)]);
        }
    }
}

const NO_CONSTRAINT: (u64, u64) = (0, u64::MAX);
/// More than there will ever be, and so little that sums with it fit 64 bits.
const NO_MAXIMUM: Msat = Msat::from_msat(1 << 62);
