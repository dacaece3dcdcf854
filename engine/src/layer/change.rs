//! What a layer says of a channel or a node, in plain data.

use primitives::{Msat, NodeId, UnixTime};

/// A channel that only a layer knows. It carries payments in the directions that have a [`PolicyChange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatedChannel {
    /// `node_id_1` and `node_id_2`, the lesser first.
    pub node_ids: [NodeId; 2],
    /// Its size.
    pub capacity: Msat,
}

/// Fields of a direction's policy; `None` leaves what the graph or an earlier layer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PolicyChange {
    /// Whether the direction can be used at all.
    pub enabled: Option<bool>,
    /// The smallest HTLC.
    pub htlc_minimum_msat: Option<Msat>,
    /// The largest HTLC.
    pub htlc_maximum_msat: Option<Msat>,
    /// The fee's fixed part, in msat.
    pub fee_base_msat: Option<u32>,
    /// The fee's share of the amount.
    pub fee_proportional_millionths: Option<u32>,
    /// Blocks between the incoming and the outgoing HTLC's expiry.
    pub cltv_expiry_delta: Option<u16>,
}

/// A preference for a direction, from -100 (thirty times dearer) to 100 (thirty times cheaper).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bias {
    /// The bias, never 0.
    pub bias: i8,
    /// Why.
    pub description: Option<String>,
    /// When it was set.
    pub timestamp: UnixTime,
}

/// Preferences for all channels of a node, from -100 to 100 each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeBias {
    /// For directions that enter the node.
    pub in_bias: i8,
    /// For directions that leave it.
    pub out_bias: i8,
    /// Why.
    pub description: Option<String>,
    /// When either was set.
    pub timestamp: UnixTime,
}

/// What becomes of a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BiasStep {
    /// It is this.
    To(i8),
    /// It is this much more than before, within -100 and 100.
    By(i8),
}

/// Which directions of a node's channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Those that enter it.
    In,
    /// Those that leave it.
    Out,
}

impl PolicyChange {
    /// What both say, `later` where they differ.
    pub(super) fn overlaid(self, later: PolicyChange) -> PolicyChange {
        PolicyChange {
            enabled: later.enabled.or(self.enabled),
            htlc_minimum_msat: later.htlc_minimum_msat.or(self.htlc_minimum_msat),
            htlc_maximum_msat: later.htlc_maximum_msat.or(self.htlc_maximum_msat),
            fee_base_msat: later.fee_base_msat.or(self.fee_base_msat),
            fee_proportional_millionths: later
                .fee_proportional_millionths
                .or(self.fee_proportional_millionths),
            cltv_expiry_delta: later.cltv_expiry_delta.or(self.cltv_expiry_delta),
        }
    }
}

impl BiasStep {
    /// The bias after the step; `None` where a step leads beyond -100 or 100 at once.
    pub(super) fn from(self, before: i8) -> Option<i8> {
        let range = -crate::cost::BIAS_MAX..=crate::cost::BIAS_MAX;
        match self {
            BiasStep::To(bias) => range.contains(&bias).then_some(bias),
            BiasStep::By(step) => {
                let bias = i16::from(before) + i16::from(step);
                let max = i16::from(crate::cost::BIAS_MAX);
                range.contains(&step).then_some(bias.clamp(-max, max) as i8)
            }
        }
    }
}
