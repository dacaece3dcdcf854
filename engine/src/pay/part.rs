//! A part that was sent.

use primitives::Msat;

use crate::belief::AttemptedHop;
use crate::flow::{InFlight, PlanPart};
use crate::graph::ArcIdx;
use crate::query::ExtraArc;
use crate::route::Hop;
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

/// The number of a hop's arc in a snapshot, or behind it where the query brought the channel; `None` where neither has
/// it any more.
pub(super) fn arc_of(snapshot: &Snapshot, extra_arcs: &[ExtraArc], hop: &Hop) -> Option<ArcIdx> {
    if let Some(channel) = snapshot.channel(hop.short_channel_id) {
        return Some(channel.arc(hop.direction));
    }
    let place = extra_arcs.iter().position(|arc| arc.short_channel_id == hop.short_channel_id)?;
    let channel = snapshot.channel_count() + place;
    Some(ArcIdx::from_u32(u32::try_from(2 * channel + hop.direction.as_usize()).ok()?))
}

/// What parts hold of each arc.
pub(super) fn hold<'a>(
    parts: impl Iterator<Item = &'a SentPart>,
    snapshot: &Snapshot,
    extra_arcs: &[ExtraArc],
) -> InFlight {
    let mut in_flight = InFlight::default();
    for hop in parts.flat_map(|part| &part.part.hops) {
        if let Some(arc) = arc_of(snapshot, extra_arcs, hop) {
            in_flight.add(arc, hop.amount);
        }
    }
    in_flight
}

/// A part's hops as beliefs learn from them; `others` are on the way beside it.
///
/// Of the other parts over the same arc it is not known whether they had got there. For a hop that refused they are taken
/// to be there, for one that carried they are not: both bounds are true either way.
pub(super) fn attempted(
    part: &SentPart,
    failed: Option<usize>,
    others: &InFlight,
    snapshot: &Snapshot,
    extra_arcs: &[ExtraArc],
) -> Vec<AttemptedHop> {
    let hops = part.part.hops.iter().enumerate().map(|(place, hop)| {
        let arc = arc_of(snapshot, extra_arcs, hop).unwrap_or(NOWHERE);
        AttemptedHop {
            channel: arc.channel(),
            direction: hop.direction,
            amount: hop.amount,
            in_flight: if failed == Some(place) { others.of(arc) } else { Msat::ZERO },
        }
    });
    hops.collect()
}

/// Beyond every generation: nothing is learnt of it.
const NOWHERE: ArcIdx = ArcIdx::from_u32(u32::MAX);
