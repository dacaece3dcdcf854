//! From a query to bytes: for clients in Rust, and for whoever tests the reader.

use flatbuffers::{FlatBufferBuilder, WIPOffset};
use primitives::NodeId;
use schemas::query as schema;

use super::REQUEST_VERSION;
use crate::json::{
    AnyChannel, AvoidJson, CostJson, CostName, ExtraArcJson, FirstChannelJson, LimitsJson, MaximumRuleJson,
    PlanQueryJson, QueryJson, direction_number,
};

type Bytes<'b> = FlatBufferBuilder<'b>;

/// Writes what a route is asked for. Equal requests make equal bytes. O(bytes).
pub fn write_route_request(query: &QueryJson) -> Vec<u8> {
    let mut bytes = Bytes::with_capacity(INITIAL_SIZE);
    let query = write_query(&mut bytes, query);
    finish(bytes, query, None)
}

/// Writes what a plan is asked for. Equal requests make equal bytes. O(bytes).
pub fn write_plan_request(plan: &PlanQueryJson) -> Vec<u8> {
    let mut bytes = Bytes::with_capacity(INITIAL_SIZE);
    let query = write_query(&mut bytes, &plan.query);
    let args = schema::PartsArgs {
        part_count_max: plan.part_count_max,
        part_min_msat: plan.part_min_msat,
        maximum_rule: match plan.maximum_rule {
            MaximumRuleJson::Together => schema::MaximumRule::Together,
            MaximumRuleJson::Each => schema::MaximumRule::Each,
        },
        frontier: plan.frontier,
    };
    let parts = schema::Parts::create(&mut bytes, &args);
    finish(bytes, query, Some(parts))
}

fn finish<'b>(
    mut bytes: Bytes<'b>,
    query: WIPOffset<schema::Query<'b>>,
    parts: Option<WIPOffset<schema::Parts<'b>>>,
) -> Vec<u8> {
    let args = schema::RequestArgs { version: REQUEST_VERSION, query: Some(query), parts };
    let request = schema::Request::create(&mut bytes, &args);
    schema::finish_request_buffer(&mut bytes, request);
    bytes.finished_data().to_vec()
}

fn write_query<'b>(bytes: &mut Bytes<'b>, query: &QueryJson) -> WIPOffset<schema::Query<'b>> {
    let cost = write_cost(bytes, &query.cost);
    let limits = write_limits(bytes, &query.limits);
    let avoid = write_avoid(bytes, &query.avoid);
    let first = |channel: &FirstChannelJson| {
        schema::FirstChannel::new(channel.short_channel_id.0.to_u64(), channel.balance_msat)
    };
    let first = query.first_channels.as_ref().map(|all| bytes.create_vector_from_iter(all.iter().map(first)));
    let extra = bytes.create_vector_from_iter(query.extra_arcs.iter().map(write_arc));
    let layers: Vec<_> = query.layers.iter().map(|name| bytes.create_string(name)).collect();
    let layers = bytes.create_vector(&layers);
    let last_hop = query.last_hop.map(|id| node(&id.0));
    let args = schema::QueryArgs {
        src: Some(&node(&query.src.0)),
        dst: Some(&node(&query.dst.0)),
        amount_msat: query.amount_msat,
        cost: Some(cost),
        limits: Some(limits),
        avoid: Some(avoid),
        first_channels: first,
        last_hop: last_hop.as_ref(),
        extra_arcs: Some(extra),
        layers: Some(layers),
        ignore_feedback: query.ignore_feedback,
        ignore_reservations: query.ignore_reservations,
        ignore_inbound_fees: query.ignore_inbound_fees,
        headroom_millionths: query.headroom_millionths,
        allow_overpay: query.allow_overpay,
        tolerance_msat: query.tolerance_msat,
        work_max: query.work_max,
        alternatives: query.alternatives,
        diverse: query.diverse,
    };
    schema::Query::create(bytes, &args)
}

fn write_cost<'b>(bytes: &mut Bytes<'b>, cost: &CostJson) -> WIPOffset<schema::Cost<'b>> {
    let model = match cost.model {
        CostName::Probability => schema::CostModel::Probability,
        CostName::Fee => schema::CostModel::Fee,
        CostName::Risk => schema::CostModel::Risk,
        CostName::Likely => schema::CostModel::Likely,
    };
    let args = schema::CostArgs {
        model,
        risk_billionths: cost.risk_billionths,
        hop_base_msat: cost.hop_base_msat,
        hop_millionths: cost.hop_millionths,
        attempt_base_msat: cost.attempt_base_msat,
        attempt_millionths: cost.attempt_millionths,
    };
    schema::Cost::create(bytes, &args)
}

fn write_limits<'b>(bytes: &mut Bytes<'b>, limits: &LimitsJson) -> WIPOffset<schema::Limits<'b>> {
    let args = schema::LimitsArgs {
        fee_max_msat: limits.fee_max_msat,
        fee_max_millionths: limits.fee_max_millionths,
        cltv_max: Some(limits.cltv_max),
        final_cltv_delta: Some(limits.final_cltv_delta),
        hop_count_max: Some(limits.hop_count_max),
        final_payload_extra: Some(limits.final_payload_extra),
    };
    schema::Limits::create(bytes, &args)
}

fn write_avoid<'b>(bytes: &mut Bytes<'b>, avoid: &AvoidJson) -> WIPOffset<schema::Avoid<'b>> {
    let (mut channels, mut directions) = (Vec::new(), Vec::new());
    for channel in &avoid.channels {
        match channel.0 {
            AnyChannel::Both(channel) => channels.push(channel.to_u64()),
            AnyChannel::One(one) => {
                let direction = direction_number(one.direction);
                directions.push(schema::Direction::new(one.short_channel_id.to_u64(), direction));
            }
        }
    }
    let args = schema::AvoidArgs {
        nodes: Some(bytes.create_vector_from_iter(avoid.nodes.iter().map(|id| node(&id.0)))),
        channels: Some(bytes.create_vector(&channels)),
        directions: Some(bytes.create_vector_from_iter(directions.into_iter())),
    };
    schema::Avoid::create(bytes, &args)
}

fn write_arc(arc: &ExtraArcJson) -> schema::ExtraArc {
    schema::ExtraArc::new(
        arc.short_channel_id.0.to_u64(),
        arc.htlc_minimum_msat,
        arc.htlc_maximum_msat.unwrap_or(u64::MAX),
        arc.fee_base_msat,
        arc.fee_proportional_millionths,
        arc.cltv_expiry_delta,
        &node(&arc.tail.0),
        &node(&arc.head.0),
    )
}

fn node(id: &NodeId) -> schema::NodeId {
    schema::NodeId::new(id.as_bytes())
}

/// A query with a few own channels.
const INITIAL_SIZE: usize = 512;
