//! What a route is asked for.

use primitives::{ChannelPolicy, Msat, NodeId, ShortChannelId, ShortChannelIdDir};

use crate::belief::HeldBeliefs;
use crate::cost::CostModel;
use crate::layer::LayerStack;
use crate::reserve::Reservations;
use crate::stop::Stop;

/// A payment that wants a route.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteQuery {
    /// Who pays; charges no fee on its own channels.
    pub payer: NodeId,
    /// Who is paid. The payer itself asks for a circular route, as for rebalancing.
    pub payee: NodeId,
    /// What the payee gets.
    pub amount: Msat,
    /// What is minimised.
    pub cost: CostModel,
    /// What the route may not exceed.
    pub limits: RouteLimits,
    /// What the route may not use.
    pub avoid: Avoid,
    /// The payer's channels that may be used, with what it can send over each; `None` allows all that are in the
    /// graph, their balances unknown. The payer knows its own channels: one that is named here may be used even where gossip
    /// says that it is disabled, or nobody has announced how the payer forwards over it; then its minimum is 0 and its maximum
    /// its capacity. A layer that disables it still does.
    pub first_channels: Option<Vec<FirstChannel>>,
    /// The node that must be last before the payee.
    pub last_hop: Option<NodeId>,
    /// Channels that are not in the graph: route hints, private channels.
    pub extra_arcs: Vec<ExtraArc>,
    /// Layers that change the graph for this query, see [`Layers::stack`](crate::layer::Layers::stack).
    pub layers: Option<LayerStack>,
    /// Amounts in flight that are left alone; `None` does not count any.
    pub reservations: Option<Reservations>,
    /// What is believed of the channels' liquidity: amounts that are certain cost nothing for their improbability, those
    /// beyond what a channel holds do not pass, whatever the cost model. `None` knows nothing: any amount up to the
    /// capacity is equally likely.
    pub beliefs: Option<HeldBeliefs>,
    /// Ignores inbound fees (bLIP-18), as a payer does that does not know them.
    pub ignore_inbound_fees: bool,
    /// The share of every channel's capacity that shall stay unused, in millionths.
    pub headroom_millionths: u32,
    /// Whether an amount below a hop's `htlc_minimum_msat` may be raised to it; the payer pays the difference.
    pub may_overpay: bool,
    /// The route may cost this much more than the best one; makes the search faster.
    pub tolerance: Msat,
    /// Nodes or labels that may be expanded before the search gives up. Where amounts may not be raised to a minimum that
    /// is in the way, a label counts as 100, so that such a search gives up after a hundredth of them. To complete a fast
    /// search may take 10,000 labels more, and to tell why there is no route as much again. Of a plan, nodes that its
    /// flow may settle, beside what the search of a single part takes.
    pub work_max: u64,
    /// Ends the query early, as if its work had run out.
    pub stop: Stop,
}

/// Limits on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteLimits {
    /// Total fee.
    pub fee_max: Option<Msat>,
    /// Total fee in millionths of the amount; the stricter of both holds.
    pub fee_millionths_max: Option<u32>,
    /// Blocks that the payer's HTLC may be locked, the final delta included. 2,016, as LND has it.
    pub cltv_max: u32,
    /// The payee's `min_final_cltv_expiry_delta`. 18, the default of BOLT 11.
    pub final_cltv_delta: u32,
    /// Channels on the route. 20.
    pub hop_count_max: u32,
    /// Bytes of the payee's onion payload beside amount, expiry and payment secret (metadata, custom records).
    pub final_payload_extra: u32,
    /// Bytes that the end of the onion takes in all, lengths and codes included, where they are not those of a payee with
    /// amount, expiry, payment secret and the extra ones: a blinded path that begins at `payee`, say.
    pub end_payload_size: Option<u32>,
}

/// Nodes and channels that a route leaves out. The payer and the payee can't be avoided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Avoid {
    /// Nodes.
    pub nodes: Vec<NodeId>,
    /// Channels, in both directions.
    pub channels: Vec<ShortChannelId>,
    /// Single directions of channels.
    pub directions: Vec<ShortChannelIdDir>,
}

/// One of the payer's own channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstChannel {
    /// The channel, in the graph or among the extra arcs.
    pub short_channel_id: ShortChannelId,
    /// What the payer can send over it now.
    pub balance: Msat,
}

/// One direction of a channel that is not in the graph. Two of one name, there and back between the same nodes, are one
/// channel; several that lead the same way are as many channels, but for routes that must not use one twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtraArc {
    /// Its name or alias; of a channel in the graph it replaces nothing. Where that has the same ends, both are one channel
    /// with two policies: a circular route does not leave by the one and return by the other.
    pub short_channel_id: ShortChannelId,
    /// The node that forwards over it.
    pub tail: NodeId,
    /// The node that it leads to.
    pub head: NodeId,
    /// What the tail asks.
    pub policy: ChannelPolicy,
    /// The channel's size, where it is known.
    pub capacity: Option<Msat>,
}

impl RouteQuery {
    /// A payment with the defaults: [`CostModel::Probability`], no fee limit, 2,016 blocks, 20 hops.
    pub fn new(payer: NodeId, payee: NodeId, amount: Msat) -> Self {
        RouteQuery {
            payer,
            payee,
            amount,
            cost: CostModel::default(),
            limits: RouteLimits::default(),
            avoid: Avoid::default(),
            first_channels: None,
            last_hop: None,
            extra_arcs: Vec::new(),
            layers: None,
            reservations: None,
            beliefs: None,
            ignore_inbound_fees: false,
            headroom_millionths: 0,
            may_overpay: false,
            tolerance: Msat::ZERO,
            work_max: WORK_MAX,
            stop: Stop::default(),
        }
    }

    /// Whether it names neither channels nor nodes beside its ends, and leaves no headroom.
    pub(crate) fn is_plain(&self) -> bool {
        self.first_channels.is_none()
            && self.last_hop.is_none()
            && self.headroom_millionths == 0
            && self.avoid.nodes.is_empty()
            && self.avoid.channels.is_empty()
            && self.avoid.directions.is_empty()
    }

    /// The same with another cost model.
    pub fn with_cost(mut self, cost: CostModel) -> Self {
        self.cost = cost;
        self
    }
}

impl RouteLimits {
    /// The largest total fee for an amount.
    pub fn fee_limit(&self, amount: Msat) -> Msat {
        let share = self.fee_millionths_max.map_or(Msat::MAX, |millionths| {
            let fee = u128::from(amount.to_msat()) * u128::from(millionths) / 1_000_000;
            Msat::from_msat(u64::try_from(fee).unwrap_or(u64::MAX))
        });
        self.fee_max.unwrap_or(Msat::MAX).min(share)
    }
}

impl Default for RouteLimits {
    fn default() -> Self {
        RouteLimits {
            fee_max: None,
            fee_millionths_max: None,
            cltv_max: 2016,
            final_cltv_delta: 18,
            hop_count_max: 20,
            final_payload_extra: 0,
            end_payload_size: None,
        }
    }
}

/// Enough for any query on a graph of some million channels that is not made to be hard.
const WORK_MAX: u64 = 2_000_000;
