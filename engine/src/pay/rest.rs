//! The query for what is missing, beside what is on the way.

use primitives::Msat;

use super::part::SentPart;
use crate::flow::PlanQuery;
use crate::query::RouteQuery;

/// What is left of a payment's means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    /// What is neither on the way nor settled. No less than a part delivers at least, where anything is on the way: parts
    /// come back whole, and stages leave as much.
    pub(super) missing: Msat,
    /// What its fees may come to.
    pub(super) fee_max: Msat,
    /// How many parts it may come in.
    pub(super) part_count_max: usize,
    /// By what an attempt is dearer than the first.
    pub(super) impatience: u64,
}

/// The query for the rest of a payment; `whole` is the payment's own, `parts` are on the way.
/// O(parts * first channels).
pub(super) fn rest_query(whole: &PlanQuery, rest: Rest, parts: &[SentPart]) -> PlanQuery {
    let mut route = RouteQuery { amount: rest.missing, ..whole.route.clone() };
    // Another attempt costs as much time for a part as for all.
    route.cost = whole.route.cost.of_rest(whole.route.amount, rest.missing, rest.impatience);
    route.limits.fee_millionths_max = None;
    route.limits.fee_max = (rest.fee_max < Msat::MAX).then_some(rest.fee_max);
    // Balances are those before the payment began. No part of ours comes back through the payer.
    if let Some(first_channels) = &mut route.first_channels {
        for hop in parts.iter().filter_map(|part| part.part.hops.first()) {
            let first =
                first_channels.iter_mut().find(|first| first.short_channel_id == hop.short_channel_id);
            if let Some(first) = first {
                first.balance = first.balance.saturating_sub(hop.amount);
            }
        }
    }
    PlanQuery {
        part_count_max: rest.part_count_max,
        part_min: whole.part_min,
        maximum_rule: whole.maximum_rule,
        route,
    }
}
