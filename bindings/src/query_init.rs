//! A query's defaults.

use std::ffi::c_char;
use std::mem::offset_of;
use std::ptr;

use engine::cost::{ProbabilityWeights, RiskWeights};
use engine::flow::PlanQuery;
use engine::query::RouteQuery;
use primitives::{Msat, NodeId};

use crate::border::{Out, border, put_structure};
use crate::failure::Failure;
use crate::node_id::{fg_node_id, parse};
use crate::query::{fg_cost, fg_query};
use crate::status::{FG_NONE, FG_NONE_32, fg_error, fg_status};

/// The size of the first version of `fg_query`.
pub(crate) const LEAST_SIZE: usize = offset_of!(fg_query, reserved) + size_of::<u32>();

/// Fills in the defaults, all but payer, payee and amount. `size` is sizeof(fg_query). Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_query_init(query: *mut fg_query, size: usize) -> fg_status {
    border!(ptr::null_mut(), || {
        if size < LEAST_SIZE {
            return Err(Failure::StructSize { what: "query", size });
        }
        // SAFETY: the rules of the header.
        unsafe { put_structure("query", query, size, &default_query()) }?;
        // SAFETY: there are `size` bytes at `query`, and `struct_size` comes first.
        unsafe { Out::new("query", query.cast::<usize>(), size) }.map(drop)
    })
}

/// As fg_query_init, with the ends as 66 hexadecimal digits and the amount.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_query_init_hex(
    query: *mut fg_query,
    size: usize,
    payer: *const c_char,
    payee: *const c_char,
    amount_msat: u64,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        if size < LEAST_SIZE {
            return Err(Failure::StructSize { what: "query", size });
        }
        // SAFETY: the rules of the header.
        let payer = unsafe { parse("payer", payer) }?;
        // SAFETY: the rules of the header.
        let payee = unsafe { parse("payee", payee) }?;
        let all = fg_query { struct_size: size, payer, payee, amount_msat, ..default_query() };
        // SAFETY: the rules of the header.
        unsafe { put_structure("query", query, size, &all) }
    })
}

/// The engine's defaults.
pub(crate) fn default_query() -> fg_query {
    let nobody = fg_node_id { bytes: [0; 33] };
    let some_id = NodeId::from_bytes([2; 33]).expect("2 begins a node id");
    let PlanQuery { route, part_count_max, part_min, .. } =
        PlanQuery::new(RouteQuery::new(some_id, some_id, Msat::ZERO));
    let (risk, weights) = (RiskWeights::default(), ProbabilityWeights::default());
    fg_query {
        struct_size: size_of::<fg_query>(),
        amount_msat: 0,
        payer: nobody,
        payee: nobody,
        cost: fg_cost::FG_COST_PROBABILITY as u32,
        risk_billionths: risk.risk_billionths,
        hop_base_msat: risk.hop_base_msat,
        hop_millionths: risk.hop_millionths,
        attempt_base_msat: weights.attempt_base_msat,
        attempt_millionths: weights.attempt_millionths,
        fee_max_msat: FG_NONE,
        fee_max_millionths: FG_NONE_32,
        cltv_max: route.limits.cltv_max,
        final_cltv_delta: route.limits.final_cltv_delta,
        hop_count_max: route.limits.hop_count_max,
        final_payload_extra: route.limits.final_payload_extra,
        end_payload_size: FG_NONE_32,
        headroom_millionths: 0,
        flags: 0,
        part_count_max: part_count_max as u32,
        part_min_msat: part_min.to_msat(),
        tolerance_msat: 0,
        work_max: route.work_max,
        last_hop: ptr::null(),
        avoid_nodes: ptr::null(),
        avoid_node_count: 0,
        avoid_channels: ptr::null(),
        avoid_channel_count: 0,
        avoid_directions: ptr::null(),
        avoid_direction_count: 0,
        first_channels: ptr::null(),
        first_channel_count: 0,
        extra_arcs: ptr::null(),
        extra_arc_count: 0,
        layers: ptr::null(),
        layer_names: ptr::null(),
        layer_count: 0,
        reservations: ptr::null(),
        cancel: ptr::null(),
        beliefs: ptr::null(),
        bimodal_scale_msat: 0,
        now: 0,
        reserved: 0,
    }
}
