//! The query for what is missing, beside what is on the way.

use primitives::{Direction, Msat, ShortChannelIdDir};

use crate::compile::arc_named;
use crate::flow::{InFlight, PlanQuery};
use crate::query::RouteQuery;
use crate::snapshot::Snapshot;

/// What is left of a payment's means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    /// What is neither on the way nor settled.
    pub(super) missing: Msat,
    /// What its fees may come to.
    pub(super) fee_max: Msat,
    /// How many parts it may come in.
    pub(super) part_count_max: usize,
    /// By what an attempt is dearer than the first.
    pub(super) impatience: u64,
}

/// The query for the rest of a payment; `whole` is the payment's own.
pub(super) fn rest_query(
    whole: &PlanQuery,
    rest: Rest,
    in_flight: &InFlight,
    snapshot: &Snapshot,
) -> PlanQuery {
    let mut route = RouteQuery { amount: rest.missing, ..whole.route.clone() };
    // Another attempt costs as much time for a part as for all.
    route.cost = whole.route.cost.of_rest(whole.route.amount, rest.missing, rest.impatience);
    route.limits.fee_millionths_max = None;
    route.limits.fee_max = (rest.fee_max < Msat::MAX).then_some(rest.fee_max);
    // Balances are those before the payment began.
    for first in route.first_channels.iter_mut().flatten() {
        let arcs = Direction::BOTH.map(|direction| {
            let channel = ShortChannelIdDir { short_channel_id: first.short_channel_id, direction };
            arc_named(snapshot, &whole.route, channel)
        });
        let held = arcs.into_iter().flatten().map(|arc| in_flight.of(arc));
        // No part of ours comes back through the payer, so of both directions one holds nothing.
        first.balance = held.fold(first.balance, Msat::saturating_sub);
    }
    PlanQuery {
        part_count_max: rest.part_count_max,
        part_min: whole.part_min.min(rest.missing),
        maximum_rule: whole.maximum_rule,
        route,
    }
}
