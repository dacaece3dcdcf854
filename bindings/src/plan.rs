//! Plans: asked for and read.

use std::ptr;
use std::sync::OnceLock;

use engine::answer::{Served, encode_plans};
use engine::flow::{self, Plan, PlanPart, most_sendable, plan_frontier};

use crate::border::{Out, border, out_list, put_structure};
use crate::failure::Failure;
use crate::graph::{Graph, fg_graph};
use crate::handle::{free, hand_out, hold, kind};
use crate::node_id::fg_node_id;
use crate::query::fg_query;
use crate::query_read::Asked;
use crate::route::{fg_hop, lend, put_hops};
use crate::status::{FG_NONE, fg_error, fg_status};

/// A payment in parts. It stands for itself: the graph may change, or be freed.
pub struct fg_plan {
    _private: (),
}

/// What a plan is, beside its parts.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct fg_plan_info {
    /// What the payee gets in all.
    pub amount_msat: u64,
    /// What the payer pays beyond that.
    pub fee_msat: u64,
    /// What was minimised.
    pub cost_msat: u64,
    /// No set of parts costs less; FG_NONE where that is not known.
    pub least_cost_msat: u64,
    /// How likely every channel can carry all that the parts send over it.
    pub probability: f64,
    /// The graph's version.
    pub version: u64,
    pub part_count: usize,
    /// Blocks until the last of the payer's HTLCs expires, the final delta included.
    pub cltv: u32,
    pub payer: fg_node_id,
}

/// A part of a plan, beside its hops.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct fg_part_info {
    /// What the payee gets of it.
    pub amount_msat: u64,
    /// What the payer pays beyond that.
    pub fee_msat: u64,
    /// How likely its channels can carry it, if it were alone.
    pub probability: f64,
    pub hop_count: usize,
    /// Blocks from now to the expiry of the payer's HTLC.
    pub cltv: u32,
}

/// What lies behind an fg_plan.
pub(crate) struct PlanAnswer {
    pub(crate) plan: Plan,
    bytes: OnceLock<Vec<u8>>,
}

kind!(PlanAnswer, fg_plan, 5, "the fg_plan");

impl PlanAnswer {
    fn new(plan: Plan) -> Self {
        PlanAnswer { plan, bytes: OnceLock::new() }
    }

    pub(crate) fn part(&self, index: usize) -> Result<&PlanPart, Failure> {
        let count = self.plan.parts.len();
        self.plan.parts.get(index).ok_or(Failure::Index { what: "parts", index, count })
    }
}

/// Splits a payment as the query's cost likes it best. Free the plan with fg_plan_free. Any number of threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_find_plan(
    graph: *const fg_graph,
    query: *const fg_query,
    plan: *mut *mut fg_plan,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("plan", plan, ptr::null_mut()) }?;
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        // SAFETY: the rules of the header.
        let asked = unsafe { Asked::read(query, &graph) }?;
        let query = asked.for_plans();
        let found = graph.with_plan_space(|snapshot, space| flow::plan(snapshot, &query, space));
        out.put(hand_out(PlanAnswer::new(found.map_err(|error| asked.failure(error))?)));
        Ok(())
    })
}

/// Finds the cheapest plans from the likeliest to the cheapest, at most `capacity` of them, and tells how many there
/// are; the other places of `plans` become null. Free each with fg_plan_free. Any number of threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_find_plan_frontier(
    graph: *const fg_graph,
    query: *const fg_query,
    plans: *mut *mut fg_plan,
    capacity: usize,
    count: *mut usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("count", count, 0) }?;
        // SAFETY: the rules of the header.
        let places = unsafe { out_list("plans", plans, capacity, ptr::null_mut) }?;
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        // SAFETY: the rules of the header.
        let asked = unsafe { Asked::read(query, &graph) }?;
        let query = asked.for_plans();
        let found = graph.with_plan_space(|snapshot, space| plan_frontier(snapshot, &query, capacity, space));
        let found = found.map_err(|error| asked.failure(error))?;
        out.put(found.len());
        for (place, plan) in places.iter_mut().zip(found) {
            *place = hand_out(PlanAnswer::new(plan));
        }
        Ok(())
    })
}

/// Tells the most that all paths together can carry from payer to payee, fees aside; the query's amount counts for
/// nothing, but may not be 0. Any number of threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_find_most_sendable(
    graph: *const fg_graph,
    query: *const fg_query,
    amount_msat: *mut u64,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("amount_msat", amount_msat, FG_NONE) }?;
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        // SAFETY: the rules of the header.
        let asked = unsafe { Asked::read(query, &graph) }?;
        let query = asked.for_plans();
        let most = graph.with_plan_space(|snapshot, space| most_sendable(snapshot, &query, space));
        out.put(most.map_err(|error| asked.failure(error))?.0.to_msat());
        Ok(())
    })
}

/// Tells what a plan is. `size` is sizeof(fg_plan_info). Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_plan_get_info(
    plan: *const fg_plan,
    info: *mut fg_plan_info,
    size: usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<PlanAnswer>(plan) }?;
        let plan = &answer.plan;
        let value = fg_plan_info {
            amount_msat: plan.amount.to_msat(),
            fee_msat: plan.fee.to_msat(),
            cost_msat: plan.cost,
            least_cost_msat: plan.least_cost.unwrap_or(FG_NONE),
            probability: plan.probability,
            version: plan.version,
            part_count: plan.parts.len(),
            cltv: plan.cltv,
            payer: plan.payer.into(),
        };
        // SAFETY: the rules of the header.
        unsafe { put_structure("info", info, size, &value) }
    })
}

/// Tells of one part; the largest is 0. `size` is sizeof(fg_part_info). Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_plan_part(
    plan: *const fg_plan,
    index: usize,
    info: *mut fg_part_info,
    size: usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<PlanAnswer>(plan) }?;
        let part = answer.part(index)?;
        let value = fg_part_info {
            amount_msat: part.amount.to_msat(),
            fee_msat: part.fee.to_msat(),
            probability: part.probability,
            hop_count: part.hops.len(),
            cltv: part.cltv,
        };
        // SAFETY: the rules of the header.
        unsafe { put_structure("info", info, size, &value) }
    })
}

/// Copies a part's hops, at most `capacity` of them; `count`, which may be null, is told how many were copied. Any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_plan_hops(
    plan: *const fg_plan,
    index: usize,
    hops: *mut fg_hop,
    capacity: usize,
    count: *mut usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<PlanAnswer>(plan) }?;
        // SAFETY: the rules of the header.
        unsafe { put_hops(&answer.part(index)?.hops, (hops, capacity, count)) }
    })
}

/// Lends the plan as FlatBuffers bytes of schemas/answer.fbs, which live as long as the plan. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_plan_bytes(
    plan: *const fg_plan,
    bytes: *mut *const u8,
    size: *mut usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<PlanAnswer>(plan) }?;
        let encoded = answer.bytes.get_or_init(|| encode_plans(&answer.plan, None, Served::default()));
        // SAFETY: the rules of the header.
        unsafe { lend(encoded, bytes, size) }
    })
}

/// Frees a plan; null is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_plan_free(plan: *mut fg_plan) -> fg_status {
    // SAFETY: the rules of the header.
    border!(ptr::null_mut(), || unsafe { free::<PlanAnswer>(plan) })
}
