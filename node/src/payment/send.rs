//! From what is to be paid to what the router is asked, and from its answer to packets.

use bitcoin::secp256k1::{Secp256k1, Signing};
use engine::flow::{Plan, PlanQuery};
use engine::query::RouteQuery;
use engine::route::{Hop, Route};
use onion::blinded::{BlindedPath, PayInfo};
use onion::route::{
    BlindedTail, OutgoingOnion, Part, Payment, RouteHop, RouteOnionError, build_parts, end_len,
};
use primitives::Msat;

/// A blinded path to the payee, and what it costs. Routes lead to its first node.
#[derive(Debug, Clone, Copy)]
pub struct PaidPath<'a> {
    /// The path.
    pub path: &'a BlindedPath,
    /// What it costs.
    pub payinfo: &'a PayInfo,
}

/// Tells a query what must arrive at its payee, how long before the HTLC expires, and how many bytes of the onion the
/// payment takes there: exactly, so that a route is found wherever a packet fits, and only there. The payee of the query must
/// be that of the payment, or the first node of `end`. Shadow blocks come on top of what the query allows.
///
/// # Errors
/// Where the amount or the expiry is beyond its field.
pub fn aim_route(
    query: &mut RouteQuery,
    payment: &Payment<'_>,
    end: Option<PaidPath<'_>>,
) -> Result<(), RouteOnionError> {
    aim(query, payment, end, 1)
}

/// As [`aim_route`], for a payment that may be split. To a blinded path each part pays the path's base fee, so that the
/// query asks for as many of them as there may be parts, and for no part that is below the path's minimum. Every part is
/// taken to be as long in the onion as the whole payment would be, which is up to 7 bytes more.
///
/// # Errors
/// As [`aim_route`].
pub fn aim_plan(
    query: &mut PlanQuery,
    payment: &Payment<'_>,
    end: Option<PaidPath<'_>>,
) -> Result<(), RouteOnionError> {
    if let Some(end) = end {
        let least = end.payinfo.htlc_minimum_msat.max(Msat::from_msat(1));
        let least = end.payinfo.amount_at_introduction(least).ok_or(RouteOnionError::Overflow)?;
        query.part_min = query.part_min.max(least);
    }
    aim(&mut query.route, payment, end, query.part_count_max)
}

fn aim(
    query: &mut RouteQuery,
    payment: &Payment<'_>,
    end: Option<PaidPath<'_>>,
    part_count_max: usize,
) -> Result<(), RouteOnionError> {
    query.amount = payment.total_msat;
    let mut delivered = Some(payment.total_msat);
    if let Some(PaidPath { payinfo, .. }) = end {
        let arriving = payinfo.amount_at_introduction_in_parts(payment.total_msat, part_count_max);
        query.amount = arriving.ok_or(RouteOnionError::Overflow)?;
        query.limits.final_cltv_delta = payinfo.cltv_expiry_delta.to_blocks().into();
        delivered = payinfo.amount_delivered(query.amount);
    }
    // No part delivers more than all would in one.
    let delivered = delivered.ok_or(RouteOnionError::Overflow)?;
    let bytes = end_len(payment, delivered, query.limits.final_cltv_delta, end.map(|end| end.path))?;
    query.limits.end_payload_size = Some(u32::try_from(bytes).unwrap_or(u32::MAX));
    Ok(())
}

/// Builds the packet for a route. `seed` must be fresh and secret.
///
/// # Errors
/// See [`RouteOnionError`].
pub fn wrap_route<C: Signing>(
    secp: &Secp256k1<C>,
    seed: &[u8; 32],
    route: &Route,
    end: Option<PaidPath<'_>>,
    payment: &Payment<'_>,
) -> Result<OutgoingOnion, RouteOnionError> {
    let mut onions = wrap(secp, seed, &[&route.hops], end, payment)?;
    onions.pop().ok_or(RouteOnionError::NoHops)
}

/// Builds the packets for all parts of a plan, in their order: one payment secret, one total, a key for each. `seed` must
/// be fresh and secret.
///
/// # Errors
/// See [`RouteOnionError`].
pub fn wrap_plan<C: Signing>(
    secp: &Secp256k1<C>,
    seed: &[u8; 32],
    plan: &Plan,
    end: Option<PaidPath<'_>>,
    payment: &Payment<'_>,
) -> Result<Vec<OutgoingOnion>, RouteOnionError> {
    let parts: Vec<&[Hop]> = plan.parts.iter().map(|part| &part.hops[..]).collect();
    wrap(secp, seed, &parts, end, payment)
}

fn wrap<C: Signing>(
    secp: &Secp256k1<C>,
    seed: &[u8; 32],
    parts: &[&[Hop]],
    end: Option<PaidPath<'_>>,
    payment: &Payment<'_>,
) -> Result<Vec<OutgoingOnion>, RouteOnionError> {
    let hops: Vec<Vec<RouteHop>> = parts.iter().map(|hops| hops.iter().map(route_hop).collect()).collect();
    let part = |hops| Ok(Part { hops, tail: end.map(|end| tail(end, hops)).transpose()? });
    let parts =
        hops.iter().map(|hops| part(&hops[..])).collect::<Result<Vec<Part<'_>>, RouteOnionError>>()?;
    build_parts(secp, seed, &parts, payment)
}

fn route_hop(hop: &Hop) -> RouteHop {
    RouteHop {
        node_id: hop.node_id,
        short_channel_id: hop.short_channel_id,
        amount: hop.amount,
        cltv: hop.cltv,
    }
}

/// What a part delivers through the path is what the path does not keep of what arrives.
fn tail<'a>(end: PaidPath<'a>, hops: &[RouteHop]) -> Result<BlindedTail<'a>, RouteOnionError> {
    let PaidPath { path, payinfo } = end;
    let arriving = hops.last().ok_or(RouteOnionError::NoHops)?.amount;
    let amount = payinfo.amount_delivered(arriving).ok_or(RouteOnionError::TailUnpaid {
        needed: Msat::from_msat(payinfo.fee.fee_base_msat.into()),
        delta: payinfo.cltv_expiry_delta.to_blocks().into(),
    })?;
    Ok(BlindedTail { path, payinfo, amount })
}
