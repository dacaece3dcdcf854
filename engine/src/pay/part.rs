//! A part that was sent.

use primitives::Msat;

use super::world::PayWorld;
use crate::belief::AttemptedHop;
use crate::compile::arc_named;
use crate::flow::{InFlight, PlanPart};
use crate::query::RouteQuery;
use crate::snapshot::Snapshot;

/// The number of a part within its payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId(pub(super) u32);

/// A part that is to be sent, or is on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct SentPart {
    /// Its number.
    pub id: PartId,
    /// Its route.
    pub part: PlanPart,
}

impl PartId {
    /// Parts are numbered from 0 in the order that they are planned in.
    pub const fn to_u32(self) -> u32 {
        self.0
    }
}

/// What parts hold of each arc of the query's problem.
pub(super) fn hold<'a>(
    parts: impl Iterator<Item = &'a SentPart>,
    snapshot: &Snapshot,
    query: &RouteQuery,
) -> InFlight {
    let mut in_flight = InFlight::default();
    for hop in parts.flat_map(|part| &part.part.hops) {
        if let Some(arc) = arc_named(snapshot, query, hop.channel()) {
            in_flight.add(arc, hop.amount);
        }
    }
    in_flight
}

/// What parts hold of each arc beyond what the query's reservations count there, which is theirs first.
pub(super) fn hold_unreserved(parts: &[SentPart], snapshot: &Snapshot, query: &RouteQuery) -> InFlight {
    let mut in_flight = hold(parts.iter(), snapshot, query);
    if let Some(reservations) = &query.reservations {
        let mut channels: Vec<_> =
            parts.iter().flat_map(|part| &part.part.hops).map(|hop| hop.channel()).collect();
        channels.sort_unstable();
        channels.dedup();
        for channel in channels {
            if let Some(arc) = arc_named(snapshot, query, channel) {
                in_flight.take(arc, Msat::from_msat(reservations.reserved(channel).msat));
            }
        }
    }
    in_flight
}

/// A part's hops as beliefs learn from them; `others` are on the way beside it.
///
/// Of the other parts over the same arc, and of whatever else is reserved there, it is not known whether they had got there.
/// For a hop that refused they are taken to be there, for one that carried they are not: both bounds are true either way.
pub(super) fn attempted(
    part: &SentPart,
    failed: Option<usize>,
    others: &InFlight,
    world: PayWorld<'_>,
    query: &RouteQuery,
) -> Vec<AttemptedHop> {
    let hops = part.part.hops.iter().enumerate().map(|(place, hop)| {
        let arc = arc_named(world.snapshot, query, hop.channel()).filter(|_| failed == Some(place));
        let in_flight = arc.map_or(Msat::ZERO, |arc| {
            // The others are among what is reserved, or nothing is.
            let reserved = query.reservations.as_ref().map_or(0, |all| all.reserved(hop.channel()).msat);
            others.of(arc).max(Msat::from_msat(reserved))
        });
        world.beliefs.attempted_hop(hop.channel(), hop.amount, in_flight)
    });
    hops.collect()
}
