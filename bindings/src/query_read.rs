//! From a query in C to the engine's.

use engine::belief::{Bimodal, HeldBeliefs, Prior};
use engine::cost::{CostModel, ProbabilityWeights, RiskWeights};
use engine::flow::PlanQuery;
use engine::layer::LayerStack;
use engine::query::{Avoid, ExtraArc, FirstChannel, RouteLimits, RouteQuery};
use engine::stop::Stop;
use primitives::{Msat, NodeId, ShortChannelId, ShortChannelIdDir, UnixTime};

use crate::beliefs::BeliefTable;
use crate::border::{list, reference, structure};
use crate::failure::Failure;
use crate::graph::Graph;
use crate::handle::hold_optional;
use crate::layers::LayerTable;
use crate::query::{FG_IGNORE_INBOUND_FEES, FG_MAY_OVERPAY, fg_query};
use crate::query_init::{LEAST_SIZE, default_query};
use crate::reservations::ReservationTable;
use crate::status::FG_NONE_32;
use crate::update::{direction_of, msat};

/// A query that was read.
pub(crate) struct Asked {
    pub(crate) route: RouteQuery,
    pub(crate) part_count_max: usize,
    pub(crate) part_min: Msat,
}

impl Asked {
    /// Reads a query of a graph.
    ///
    /// # Safety
    /// By the rules of the header, `query` is null or an fg_query.
    pub(crate) unsafe fn read(query: *const fg_query, graph: &Graph) -> Result<Asked, Failure> {
        // SAFETY: the size comes first in every version, and the promise is the caller's.
        let size = *unsafe { reference("query", query.cast::<usize>()) }?;
        // SAFETY: the same promise; an fg_query is integers and pointers.
        let query = unsafe { structure("query", query, size, LEAST_SIZE, default_query()) }?;
        // SAFETY: the same promise, for what the query points to.
        unsafe { Asked::of(&query, graph) }
    }

    /// # Safety
    /// By the rules of the header, the pointers of `query` are null or lead to what their fields say.
    unsafe fn of(query: &fg_query, graph: &Graph) -> Result<Asked, Failure> {
        // SAFETY: this function's own promise.
        let stop = unsafe { hold_optional::<Stop>(query.cancel) }?;
        // SAFETY: the same.
        let reservations = unsafe { hold_optional::<ReservationTable>(query.reservations) }?;
        let has = |flag| query.flags & flag != 0;
        if query.flags & !(FG_IGNORE_INBOUND_FEES | FG_MAY_OVERPAY) != 0 {
            let (value, expected) = (u64::from(query.flags), "flags that this library knows");
            return Err(Failure::Range { what: "flags", value, expected });
        }
        let route = RouteQuery {
            payer: query.payer.read("payer", 0)?,
            payee: query.payee.read("payee", 0)?,
            amount: Msat::from_msat(query.amount_msat),
            cost: cost(query)?,
            limits: limits(query),
            // SAFETY: this function's own promise.
            avoid: unsafe { avoid(query) }?,
            // SAFETY: the same.
            first_channels: unsafe { first_channels(query) }?,
            // SAFETY: the same.
            last_hop: unsafe { last_hop(query) }?,
            // SAFETY: the same.
            extra_arcs: unsafe { extra_arcs(query) }?,
            // SAFETY: the same.
            layers: unsafe { layers(query) }?,
            reservations: reservations.map(|table| table.reservations.clone()),
            // SAFETY: the same.
            beliefs: unsafe { beliefs(query, graph) }?,
            ignore_inbound_fees: has(FG_IGNORE_INBOUND_FEES),
            headroom_millionths: query.headroom_millionths,
            may_overpay: has(FG_MAY_OVERPAY),
            tolerance: Msat::from_msat(query.tolerance_msat),
            work_max: query.work_max,
            stop: stop.map(|stop| stop.clone()).unwrap_or_default(),
        };
        Ok(Asked {
            route,
            part_count_max: query.part_count_max as usize,
            part_min: Msat::from_msat(query.part_min_msat),
        })
    }

    /// The query for a plan.
    pub(crate) fn for_plans(&self) -> PlanQuery {
        PlanQuery {
            part_count_max: self.part_count_max,
            part_min: self.part_min,
            ..PlanQuery::new(self.route.clone())
        }
    }

    /// What an error is told as: one that came after the flag was raised, as cancelled.
    pub(crate) fn failure(&self, error: impl Into<Failure>) -> Failure {
        let failure = error.into();
        let gave_up = failure.status() == crate::status::fg_status::FG_WORK_LIMIT;
        if gave_up && self.route.stop.is_set() { Failure::Cancelled } else { failure }
    }
}

fn cost(query: &fg_query) -> Result<CostModel, Failure> {
    let risk = RiskWeights {
        risk_billionths: query.risk_billionths,
        hop_base_msat: query.hop_base_msat,
        hop_millionths: query.hop_millionths,
    };
    match query.cost {
        0 => Ok(CostModel::Fee),
        1 => Ok(CostModel::Risk(risk)),
        2 => Ok(CostModel::Probability(ProbabilityWeights {
            risk,
            attempt_base_msat: query.attempt_base_msat,
            attempt_millionths: query.attempt_millionths,
        })),
        value => Err(Failure::Range { what: "cost", value: u64::from(value), expected: "an fg_cost" }),
    }
}

fn limits(query: &fg_query) -> RouteLimits {
    RouteLimits {
        fee_max: msat(query.fee_max_msat),
        fee_millionths_max: (query.fee_max_millionths != FG_NONE_32).then_some(query.fee_max_millionths),
        cltv_max: query.cltv_max,
        final_cltv_delta: query.final_cltv_delta,
        hop_count_max: query.hop_count_max,
        final_payload_extra: query.final_payload_extra,
        end_payload_size: (query.end_payload_size != FG_NONE_32).then_some(query.end_payload_size),
    }
}

/// # Safety
/// As [`Asked::of`].
unsafe fn avoid(query: &fg_query) -> Result<Avoid, Failure> {
    // SAFETY: this function's own promise.
    let nodes = unsafe { list("avoid_nodes", query.avoid_nodes, query.avoid_node_count) }?;
    // SAFETY: the same.
    let channels = unsafe { list("avoid_channels", query.avoid_channels, query.avoid_channel_count) }?;
    // SAFETY: the same.
    let directions =
        unsafe { list("avoid_directions", query.avoid_directions, query.avoid_direction_count) }?;
    let directions = directions.iter().map(|avoided| {
        let short_channel_id = ShortChannelId::from_u64(avoided.short_channel_id);
        Ok(ShortChannelIdDir { short_channel_id, direction: direction_of(avoided.direction)? })
    });
    let named = nodes.iter().enumerate().map(|(place, node_id)| node_id.read("avoid_nodes", place));
    Ok(Avoid {
        nodes: named.collect::<Result<_, Failure>>()?,
        channels: channels.iter().copied().map(ShortChannelId::from_u64).collect(),
        directions: directions.collect::<Result<_, Failure>>()?,
    })
}

/// # Safety
/// As [`Asked::of`].
unsafe fn first_channels(query: &fg_query) -> Result<Option<Vec<FirstChannel>>, Failure> {
    if query.first_channels.is_null() && query.first_channel_count == 0 {
        return Ok(None);
    }
    // SAFETY: this function's own promise.
    let channels = unsafe { list("first_channels", query.first_channels, query.first_channel_count) }?;
    let channels = channels.iter().map(|channel| FirstChannel {
        short_channel_id: ShortChannelId::from_u64(channel.short_channel_id),
        balance: Msat::from_msat(channel.balance_msat),
    });
    Ok(Some(channels.collect()))
}

/// # Safety
/// As [`Asked::of`].
unsafe fn last_hop(query: &fg_query) -> Result<Option<NodeId>, Failure> {
    if query.last_hop.is_null() {
        return Ok(None);
    }
    // SAFETY: this function's own promise.
    unsafe { reference("last_hop", query.last_hop) }?.read("last_hop", 0).map(Some)
}

/// # Safety
/// As [`Asked::of`].
unsafe fn extra_arcs(query: &fg_query) -> Result<Vec<ExtraArc>, Failure> {
    // SAFETY: this function's own promise.
    let arcs = unsafe { list("extra_arcs", query.extra_arcs, query.extra_arc_count) }?;
    let arcs = arcs.iter().enumerate().map(|(place, arc)| {
        Ok(ExtraArc {
            short_channel_id: ShortChannelId::from_u64(arc.short_channel_id),
            tail: arc.tail.read("extra_arcs", place)?,
            head: arc.head.read("extra_arcs", place)?,
            policy: arc.policy.into(),
            capacity: msat(arc.capacity_msat),
        })
    });
    arcs.collect()
}

/// # Safety
/// As [`Asked::of`].
unsafe fn layers(query: &fg_query) -> Result<Option<LayerStack>, Failure> {
    // SAFETY: this function's own promise.
    let Some(table) = unsafe { hold_optional::<LayerTable>(query.layers) }? else { return Ok(None) };
    // SAFETY: the same.
    unsafe { table.stack(query.layer_names, query.layer_count) }.map(Some)
}

/// # Safety
/// As [`Asked::of`].
unsafe fn beliefs(query: &fg_query, graph: &Graph) -> Result<Option<HeldBeliefs>, Failure> {
    // SAFETY: this function's own promise.
    let Some(table) = unsafe { hold_optional::<BeliefTable>(query.beliefs) }? else { return Ok(None) };
    let beliefs = table.of(&graph.router.graph().snapshot());
    let prior = match query.bimodal_scale_msat {
        0 => Prior::Uniform,
        scale => Prior::Bimodal(Bimodal::new(Msat::from_msat(scale))),
    };
    Ok(Some(HeldBeliefs { beliefs, prior, now: UnixTime::from_secs(query.now) }))
}
