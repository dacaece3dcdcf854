//! What is asked, in C.

use std::ffi::c_char;

use crate::beliefs::fg_beliefs;
use crate::cancel::fg_cancel;
use crate::layers::fg_layers;
use crate::node_id::fg_node_id;
use crate::reservations::fg_reservations;
use crate::update::fg_policy;

/// What a query minimises.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum fg_cost {
    /// The fee alone.
    FG_COST_FEE = 0,
    /// The fee, the risk of having the amount locked, and a price for every hop.
    FG_COST_RISK = 1,
    /// The same, and a price on the chance that a hop lacks the liquidity.
    FG_COST_PROBABILITY = 2,
}

/// Do not charge or grant inbound fees (bLIP-18), as a payer does that does not know them.
pub const FG_IGNORE_INBOUND_FEES: u32 = 1;
/// An amount below a hop's htlc_minimum_msat may be raised to it; the payer pays the difference.
pub const FG_MAY_OVERPAY: u32 = 2;

/// One direction of a channel (0: from node_id_1, 1: from node_id_2). Its layout never changes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct fg_direction {
    pub short_channel_id: u64,
    pub direction: u32,
}

/// One of the payer's channels, and what it can send over it now. Its layout never changes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct fg_first_channel {
    pub short_channel_id: u64,
    pub balance_msat: u64,
}

/// One direction of a channel that is not in the graph: a route hint, a private channel. Its layout never changes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct fg_extra_arc {
    pub short_channel_id: u64,
    /// FG_NONE where it is not known.
    pub capacity_msat: u64,
    pub policy: fg_policy,
    /// The node that forwards over it.
    pub tail: fg_node_id,
    /// The node that it leads to.
    pub head: fg_node_id,
}

/// What is asked. fg_query_init fills in the defaults; a list is null where it is empty. All that it points to must stay
/// as it is while a function that takes it runs, and may go afterwards.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct fg_query {
    /// sizeof(fg_query), set by fg_query_init.
    pub struct_size: usize,
    /// What the payee gets.
    pub amount_msat: u64,
    pub payer: fg_node_id,
    /// The payer itself asks for a circular route, as for rebalancing.
    pub payee: fg_node_id,
    /// An fg_cost; FG_COST_PROBABILITY.
    pub cost: u32,
    /// Of FG_COST_RISK and above: price of locking an amount for one block, in billionths of it. 15.
    pub risk_billionths: u32,
    /// The same: price of any hop, in msat, and in millionths of the payment's amount. 500 and 200.
    pub hop_base_msat: u32,
    pub hop_millionths: u32,
    /// Of FG_COST_PROBABILITY: price of an attempt, in msat, and in millionths of the amount. 100,000 and 1,000.
    pub attempt_base_msat: u32,
    pub attempt_millionths: u32,
    /// Total fee at most; FG_NONE. The stricter of both holds.
    pub fee_max_msat: u64,
    /// The same in millionths of the amount; FG_NONE_32.
    pub fee_max_millionths: u32,
    /// Blocks that the payer's HTLC may be locked, the final delta included; 2,016.
    pub cltv_max: u32,
    /// The payee's min_final_cltv_expiry_delta; 18.
    pub final_cltv_delta: u32,
    /// Channels on the route; 20.
    pub hop_count_max: u32,
    /// Bytes of the payee's onion payload beside amount, expiry and secret; 0.
    pub final_payload_extra: u32,
    /// Bytes that the end of the onion takes in all, where it is no plain payee: a blinded path that begins there;
    /// FG_NONE_32.
    pub end_payload_size: u32,
    /// The share of every channel's capacity that shall stay unused, in millionths; 0.
    pub headroom_millionths: u32,
    /// FG_IGNORE_INBOUND_FEES, FG_MAY_OVERPAY or both; 0.
    pub flags: u32,
    /// Of plans: how many parts there may be; 16.
    pub part_count_max: u32,
    /// Of plans: what each of several parts delivers at least; 1,000.
    pub part_min_msat: u64,
    /// The route may cost this much more than the best one; makes the search faster. 0.
    pub tolerance_msat: u64,
    /// Nodes or labels that may be expanded before the search gives up; 2,000,000.
    pub work_max: u64,
    /// The node that must be last before the payee; null.
    pub last_hop: *const fg_node_id,
    /// Nodes to avoid.
    pub avoid_nodes: *const fg_node_id,
    pub avoid_node_count: usize,
    /// Channels to avoid, in both directions.
    pub avoid_channels: *const u64,
    pub avoid_channel_count: usize,
    /// Directions to avoid.
    pub avoid_directions: *const fg_direction,
    pub avoid_direction_count: usize,
    /// The payer's channels that may be used; null allows all that are in the graph, their balances unknown.
    pub first_channels: *const fg_first_channel,
    pub first_channel_count: usize,
    /// Channels that are not in the graph.
    pub extra_arcs: *const fg_extra_arc,
    pub extra_arc_count: usize,
    /// Layers that change the graph for this query, and the names of those that do, in their order; null.
    pub layers: *const fg_layers,
    pub layer_names: *const *const c_char,
    pub layer_count: usize,
    /// Amounts in flight that are left alone; null.
    pub reservations: *const fg_reservations,
    /// Ends the query early; null.
    pub cancel: *const fg_cancel,
    /// What is believed of balances; null.
    pub beliefs: *const fg_beliefs,
    /// Of beliefs: 0 where any balance is equally likely before anything is known; else most of it lies on one side of
    /// a channel, and the other has some times this much. 0.
    pub bimodal_scale_msat: u64,
    /// Of beliefs: seconds since 1970.
    pub now: u32,
    /// 0.
    pub reserved: u32,
}
