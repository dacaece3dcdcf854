//! A change of a layer as JSON: how clients send it, and how it is kept.

use engine::layer::{BiasStep, CreatedChannel, Inform, PolicyChange, Side};
use primitives::{Msat, UnixTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::change::LayerEdit;
use crate::json::{NodeIdText, ScidDirText, ScidText, Text};

/// A change of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerEditJson {
    /// Adds a channel; it carries payments in the directions that are updated.
    CreateChannel {
        /// Its name.
        short_channel_id: ScidText,
        /// One end.
        node_1: NodeIdText,
        /// The other end.
        node_2: NodeIdText,
        /// Its size.
        capacity_msat: u64,
    },
    /// Changes fields of a direction's policy; what is absent stays.
    UpdateChannel {
        /// Which.
        channel: ScidDirText,
        /// Whether it can be used at all.
        enabled: Option<bool>,
        /// The smallest HTLC.
        htlc_minimum_msat: Option<u64>,
        /// The largest HTLC.
        htlc_maximum_msat: Option<u64>,
        /// The fee's fixed part.
        fee_base_msat: Option<u32>,
        /// The fee's share of the amount.
        fee_proportional_millionths: Option<u32>,
        /// Blocks between the expiries of the incoming and the outgoing HTLC.
        cltv_expiry_delta: Option<u16>,
    },
    /// Leaves a direction's policy as it is in the graph.
    RemoveChannelUpdate {
        /// Which.
        channel: ScidDirText,
    },
    /// Notes how an attempt over a direction ended.
    InformChannel {
        /// Which.
        channel: ScidDirText,
        /// What was sent.
        amount_msat: u64,
        /// How it ended.
        outcome: InformJson,
    },
    /// Prefers a direction, or avoids it.
    BiasChannel {
        /// Which.
        channel: ScidDirText,
        /// From -100, thirty times dearer, to 100, thirty times cheaper; 0 forgets it.
        #[schema(minimum = -100, maximum = 100)]
        bias: i8,
        /// Whether it is added to what there is.
        #[serde(default)]
        relative: bool,
        /// Why.
        description: Option<String>,
    },
    /// Prefers a node's channels, or avoids them.
    BiasNode {
        /// Which.
        node_id: NodeIdText,
        /// Channels that enter it, or leave it.
        side: SideJson,
        /// From -100 to 100.
        #[schema(minimum = -100, maximum = 100)]
        bias: i8,
        /// Whether it is added to what there is.
        #[serde(default)]
        relative: bool,
        /// Why.
        description: Option<String>,
    },
    /// Uses none of a node's channels.
    DisableNode {
        /// Which.
        node_id: NodeIdText,
    },
    /// Does not use a direction.
    DisableChannel {
        /// Which.
        channel: ScidDirText,
    },
    /// Forgets constraints that were noted before.
    Age {
        /// In seconds since 1970.
        cutoff: u32,
    },
}

/// How an attempt over a direction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InformJson {
    /// It lacked the liquidity.
    Constrained,
    /// It passed the HTLC on, which failed later.
    Unconstrained,
    /// The payment settled.
    Succeeded,
}

/// Which channels of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SideJson {
    /// Those that enter it.
    In,
    /// Those that leave it.
    Out,
}

impl LayerEditJson {
    /// The change.
    pub fn into_edit(self) -> LayerEdit {
        match self {
            LayerEditJson::CreateChannel { short_channel_id, node_1, node_2, capacity_msat } => {
                let node_ids = [node_1.0, node_2.0];
                let channel = CreatedChannel { node_ids, capacity: Msat::from_msat(capacity_msat) };
                LayerEdit::CreateChannel { short_channel_id: short_channel_id.0, channel }
            }
            LayerEditJson::UpdateChannel {
                channel,
                enabled,
                htlc_minimum_msat,
                htlc_maximum_msat,
                fee_base_msat,
                fee_proportional_millionths,
                cltv_expiry_delta,
            } => {
                let change = PolicyChange {
                    enabled,
                    htlc_minimum_msat: htlc_minimum_msat.map(Msat::from_msat),
                    htlc_maximum_msat: htlc_maximum_msat.map(Msat::from_msat),
                    fee_base_msat,
                    fee_proportional_millionths,
                    cltv_expiry_delta,
                };
                LayerEdit::UpdateChannel(channel.0, change)
            }
            LayerEditJson::RemoveChannelUpdate { channel } => LayerEdit::RemoveChannelUpdate(channel.0),
            LayerEditJson::InformChannel { channel, amount_msat, outcome } => {
                let inform = match outcome {
                    InformJson::Constrained => Inform::Constrained,
                    InformJson::Unconstrained => Inform::Unconstrained,
                    InformJson::Succeeded => Inform::Succeeded,
                };
                LayerEdit::InformChannel(channel.0, Msat::from_msat(amount_msat), inform)
            }
            LayerEditJson::BiasChannel { channel, bias, relative, description } => {
                LayerEdit::BiasChannel(channel.0, step(bias, relative), description)
            }
            LayerEditJson::BiasNode { node_id, side, bias, relative, description } => {
                let side = match side {
                    SideJson::In => Side::In,
                    SideJson::Out => Side::Out,
                };
                LayerEdit::BiasNode(node_id.0, side, step(bias, relative), description)
            }
            LayerEditJson::DisableNode { node_id } => LayerEdit::DisableNode(node_id.0),
            LayerEditJson::DisableChannel { channel } => LayerEdit::DisableChannel(channel.0),
            LayerEditJson::Age { cutoff } => LayerEdit::Age(UnixTime::from_secs(cutoff)),
        }
    }

    /// Of a change; none of a layer's beginning and end.
    pub fn from_edit(edit: &LayerEdit) -> Option<Self> {
        Some(match edit {
            LayerEdit::Create { .. } | LayerEdit::Remove => return None,
            LayerEdit::CreateChannel { short_channel_id, channel } => LayerEditJson::CreateChannel {
                short_channel_id: Text(*short_channel_id),
                node_1: Text(channel.node_ids[0]),
                node_2: Text(channel.node_ids[1]),
                capacity_msat: channel.capacity.to_msat(),
            },
            LayerEdit::UpdateChannel(channel, change) => LayerEditJson::UpdateChannel {
                channel: Text(*channel),
                enabled: change.enabled,
                htlc_minimum_msat: change.htlc_minimum_msat.map(Msat::to_msat),
                htlc_maximum_msat: change.htlc_maximum_msat.map(Msat::to_msat),
                fee_base_msat: change.fee_base_msat,
                fee_proportional_millionths: change.fee_proportional_millionths,
                cltv_expiry_delta: change.cltv_expiry_delta,
            },
            LayerEdit::RemoveChannelUpdate(channel) => {
                LayerEditJson::RemoveChannelUpdate { channel: Text(*channel) }
            }
            LayerEdit::InformChannel(channel, amount, inform) => LayerEditJson::InformChannel {
                channel: Text(*channel),
                amount_msat: amount.to_msat(),
                outcome: match inform {
                    Inform::Constrained => InformJson::Constrained,
                    Inform::Unconstrained => InformJson::Unconstrained,
                    Inform::Succeeded => InformJson::Succeeded,
                },
            },
            LayerEdit::BiasChannel(channel, step, description) => {
                let ((bias, relative), channel) = (bias(*step), Text(*channel));
                LayerEditJson::BiasChannel { channel, bias, relative, description: description.clone() }
            }
            LayerEdit::BiasNode(node_id, side, step, description) => {
                let ((bias, relative), node_id) = (bias(*step), Text(*node_id));
                let side = match side {
                    Side::In => SideJson::In,
                    Side::Out => SideJson::Out,
                };
                LayerEditJson::BiasNode { node_id, side, bias, relative, description: description.clone() }
            }
            LayerEdit::DisableNode(node_id) => LayerEditJson::DisableNode { node_id: Text(*node_id) },
            LayerEdit::DisableChannel(channel) => LayerEditJson::DisableChannel { channel: Text(*channel) },
            LayerEdit::Age(cutoff) => LayerEditJson::Age { cutoff: cutoff.to_secs() },
        })
    }
}

fn step(bias: i8, relative: bool) -> BiasStep {
    if relative { BiasStep::By(bias) } else { BiasStep::To(bias) }
}

fn bias(step: BiasStep) -> (i8, bool) {
    match step {
        BiasStep::To(bias) => (bias, false),
        BiasStep::By(bias) => (bias, true),
    }
}
