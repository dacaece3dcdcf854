//! A query as others write it.

use engine::query::{Avoid, ExtraArc, FirstChannel, RouteLimits, RouteQuery};
use primitives::{ChannelPolicy, CltvExpiryDelta, Fee, InboundFee, Msat, NodeId, UnixTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::channel::{AnyChannel, AnyChannelText};
use super::cost::CostJson;
use super::field_error::FieldError;
use super::text::{NodeIdText, ScidText, Text};

/// A payment that wants a route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryJson {
    /// Who pays.
    pub src: NodeIdText,
    /// Who is paid; the payer itself asks for a circular route.
    pub dst: NodeIdText,
    /// What the payee gets.
    #[schema(minimum = 1)]
    pub amount_msat: u64,
    /// What is minimised.
    #[serde(default)]
    pub cost: CostJson,
    /// What the route may not exceed.
    #[serde(default)]
    pub limits: LimitsJson,
    /// What the route may not use.
    #[serde(default)]
    pub avoid: AvoidJson,
    /// The payer's channels that may be used, with what it can send over each; without it all, their balances unknown.
    #[serde(default)]
    pub first_channels: Option<Vec<FirstChannelJson>>,
    /// The node that must be last before the payee.
    #[serde(default)]
    pub last_hop: Option<NodeIdText>,
    /// Directions of channels that are not in the graph, as of an invoice's route hints.
    #[serde(default)]
    pub extra_arcs: Vec<ExtraArcJson>,
    /// Names of layers that change the graph for this query, in this order.
    #[serde(default)]
    pub layers: Vec<String>,
    /// Leave aside what was learnt from reported attempts.
    #[serde(default)]
    pub ignore_feedback: bool,
    /// Leave aside what is reserved.
    #[serde(default)]
    pub ignore_reservations: bool,
    /// Leave inbound fees (bLIP-18) out of the price.
    #[serde(default)]
    pub ignore_inbound_fees: bool,
    /// Share of every channel's capacity that shall stay unused.
    #[serde(default)]
    #[schema(maximum = 1_000_000)]
    pub headroom_millionths: u32,
    /// Allow raising an amount to a hop's htlc_minimum_msat; the payer pays the difference.
    #[serde(default)]
    pub allow_overpay: bool,
    /// Accept a route that is provably at most this much above the cheapest.
    #[serde(default)]
    pub tolerance_msat: u64,
    /// Steps after which the search gives up; at most, and by default, what the server allows.
    #[serde(default)]
    pub work_max: Option<u64>,
    /// Tell up to so many further routes, the next-best ones in order. Of single routes.
    #[serde(default)]
    #[schema(maximum = 100)]
    pub alternatives: Option<u16>,
    /// Let no two of them share a channel. Of single routes.
    #[serde(default)]
    pub diverse: bool,
}

/// What a route may not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsJson {
    /// Largest fee.
    pub fee_max_msat: Option<u64>,
    /// Largest fee in millionths of the amount; the stricter of both holds.
    pub fee_max_millionths: Option<u32>,
    /// Most blocks that the money may be locked for, the final delta included; 2,016.
    pub cltv_max: u32,
    /// The payee's min_final_cltv_expiry_delta; 18.
    pub final_cltv_delta: u32,
    /// Most channels; 20.
    pub hop_count_max: u32,
    /// Bytes of the payee's onion payload beside amount, expiry and payment secret; 0.
    pub final_payload_extra: u32,
}

/// Nodes and channels that a route leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AvoidJson {
    /// Nodes.
    pub nodes: Vec<NodeIdText>,
    /// Channels, as 1x2x3, or single directions of them, as 1x2x3/0.
    pub channels: Vec<AnyChannelText>,
}

/// One of the payer's own channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstChannelJson {
    /// The channel.
    pub short_channel_id: ScidText,
    /// What the payer can send over it now.
    pub balance_msat: u64,
}

/// One direction of a channel that is not in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtraArcJson {
    /// Its name or alias.
    pub short_channel_id: ScidText,
    /// The node that forwards over it.
    pub tail: NodeIdText,
    /// The node that it leads to.
    pub head: NodeIdText,
    /// The fee's fixed part.
    #[serde(default)]
    pub fee_base_msat: u32,
    /// The fee's share of the amount.
    #[serde(default)]
    pub fee_proportional_millionths: u32,
    /// Blocks between the expiries of the incoming and the outgoing HTLC.
    #[serde(default)]
    pub cltv_expiry_delta: u16,
    /// The smallest HTLC.
    #[serde(default)]
    pub htlc_minimum_msat: u64,
    /// The largest HTLC; without it any.
    #[serde(default)]
    pub htlc_maximum_msat: Option<u64>,
}

impl QueryJson {
    /// A query with the defaults.
    pub fn new(src: NodeId, dst: NodeId, amount_msat: u64) -> Self {
        QueryJson {
            src: Text(src),
            dst: Text(dst),
            amount_msat,
            cost: CostJson::default(),
            limits: LimitsJson::default(),
            avoid: AvoidJson::default(),
            first_channels: None,
            last_hop: None,
            extra_arcs: Vec::new(),
            layers: Vec::new(),
            ignore_feedback: false,
            ignore_reservations: false,
            ignore_inbound_fees: false,
            headroom_millionths: 0,
            allow_overpay: false,
            tolerance_msat: 0,
            work_max: None,
            alternatives: None,
            diverse: false,
        }
    }

    /// The query, without layers and reservations, which belong to whoever asks.
    ///
    /// # Errors
    /// Where fields contradict each other.
    pub fn to_query(&self) -> Result<RouteQuery, FieldError> {
        let mut query = RouteQuery::new(self.src.0, self.dst.0, Msat::from_msat(self.amount_msat))
            .with_cost(self.cost.to_model()?);
        if self.headroom_millionths > 1_000_000 {
            return Err(FieldError {
                field: "headroom_millionths",
                problem: "no more than all of a channel can stay unused",
                hint: "use at most 1000000",
            });
        }
        query.limits = self.limits.to_limits();
        query.avoid = self.avoid.to_avoid();
        let own =
            |channels: &Vec<FirstChannelJson>| channels.iter().map(|channel| channel.to_channel()).collect();
        query.first_channels = self.first_channels.as_ref().map(own);
        query.last_hop = self.last_hop.map(|node| node.0);
        query.extra_arcs = self.extra_arcs.iter().map(|arc| arc.to_arc()).collect();
        query.ignore_inbound_fees = self.ignore_inbound_fees;
        query.headroom_millionths = self.headroom_millionths;
        query.may_overpay = self.allow_overpay;
        query.tolerance = Msat::from_msat(self.tolerance_msat);
        query.work_max = self.work_max.unwrap_or(query.work_max);
        Ok(query)
    }
}

impl Default for LimitsJson {
    fn default() -> Self {
        let usual = RouteLimits::default();
        LimitsJson {
            fee_max_msat: None,
            fee_max_millionths: None,
            cltv_max: usual.cltv_max,
            final_cltv_delta: usual.final_cltv_delta,
            hop_count_max: usual.hop_count_max,
            final_payload_extra: usual.final_payload_extra,
        }
    }
}

impl LimitsJson {
    fn to_limits(self) -> RouteLimits {
        RouteLimits {
            fee_max: self.fee_max_msat.map(Msat::from_msat),
            fee_millionths_max: self.fee_max_millionths,
            cltv_max: self.cltv_max,
            final_cltv_delta: self.final_cltv_delta,
            hop_count_max: self.hop_count_max,
            final_payload_extra: self.final_payload_extra,
            end_payload_size: None,
        }
    }
}

impl AvoidJson {
    fn to_avoid(&self) -> Avoid {
        let mut avoid = Avoid { nodes: self.nodes.iter().map(|node| node.0).collect(), ..Avoid::default() };
        for channel in &self.channels {
            match channel.0 {
                AnyChannel::Both(channel) => avoid.channels.push(channel),
                AnyChannel::One(direction) => avoid.directions.push(direction),
            }
        }
        avoid
    }
}

impl FirstChannelJson {
    fn to_channel(self) -> FirstChannel {
        FirstChannel {
            short_channel_id: self.short_channel_id.0,
            balance: Msat::from_msat(self.balance_msat),
        }
    }
}

impl ExtraArcJson {
    fn to_arc(self) -> ExtraArc {
        let policy = ChannelPolicy {
            fee: Fee {
                fee_base_msat: self.fee_base_msat,
                fee_proportional_millionths: self.fee_proportional_millionths,
            },
            inbound_fee: InboundFee::ZERO,
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(self.cltv_expiry_delta),
            htlc_minimum_msat: Msat::from_msat(self.htlc_minimum_msat),
            htlc_maximum_msat: self.htlc_maximum_msat.map_or(Msat::MAX, Msat::from_msat),
            disabled: false,
            last_update: UnixTime::default(),
        };
        ExtraArc {
            short_channel_id: self.short_channel_id.0,
            tail: self.tail.0,
            head: self.head.0,
            policy,
            // The engine takes `htlc_maximum_msat` for it.
            capacity: None,
        }
    }
}
