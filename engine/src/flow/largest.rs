//! The largest amount that a plan is found for: fees, minima, limits and the number of parts leave that much of what flow
//! carries.

use primitives::Msat;

use super::plan::plan_with;
use super::query::{Plan, PlanError, PlanQuery};
use super::workspace::PlanWorkspace;
use crate::belief::Liquidity;
use crate::snapshot::Snapshot;

/// The largest plan of at most `most`, which [`most_sendable_with`](super::most_sendable_with) tells, to a satoshi; `None`
/// where no plan is found. The query's amount counts for nothing. Amounts are tried from `most` down in growing steps, then
/// between the first that can be planned and the last that cannot: where a plan is found for an amount but not for a smaller
/// one, as minima and a choice of parts may have it, a larger plan than that may exist. Costs 10 to 40 plans, and begins none
/// once the query's `work_max` is spent.
///
/// # Errors
/// Those of the query, and [`PlanError::WorkLimit`], where no plan was found before.
pub fn largest_plan<L: Liquidity + Copy>(
    snapshot: &Snapshot,
    query: &PlanQuery,
    liquidity: L,
    most: Msat,
    space: &mut PlanWorkspace,
) -> Result<Option<Plan>, PlanError> {
    let mut query = query.clone();
    let (mut largest, mut amount) = (None, most.to_msat());
    let (mut found, mut refused) = (0, amount.saturating_add(1));
    let mut step = (amount / FIRST_SHARE).max(RESOLUTION_MSAT);
    let settled_end = space.settled().saturating_add(query.route.work_max);
    while refused - found > RESOLUTION_MSAT && space.settled() < settled_end {
        query.route.amount = Msat::from_msat(amount);
        match plan_with(snapshot, &query, liquidity, space) {
            Ok(plan) => (found, largest) = (amount, Some(plan)),
            Err(error) if error.is_final() && largest.is_none() => return Err(error),
            Err(error) if error.is_final() => break,
            Err(_) => refused = amount,
        }
        amount = if largest.is_some() {
            found + (refused - found) / 2
        } else {
            let next = refused - step.min(refused / 2);
            step = step.saturating_mul(2);
            next
        };
    }
    Ok(largest)
}

/// The first step down is one of so many parts: fees rarely take more.
const FIRST_SHARE: u64 = 1024;
/// Between what can be planned and what cannot.
const RESOLUTION_MSAT: u64 = 1000;
