//! Plans for lower prices of liquidity than the query's own: within a fee limit, and from likely to cheap.

use primitives::Msat;

use super::liquidity::UnknownLiquidity;
use super::once::compile_once;
use super::planner::{Drawn, Planner};
use super::query::{Plan, PlanError, PlanQuery};
use super::workspace::PlanWorkspace;
use crate::belief::Liquidity;
use crate::cost::Prices;
use crate::snapshot::Snapshot;

/// The cheapest plans for falling prices of liquidity: from the query's own to none at all, `count` of them at
/// most. The first is what [`plan`](super::plan()) finds, or one that costs no more fees and is no less likely. Fees fall along the
/// list and so does the probability; what is as dear as a likelier one is left out. A price that leads to no plan within the fee
/// limit is passed over.
///
/// # Errors
/// As [`plan`](super::plan()), where there is not even one plan.
pub fn plan_frontier(
    snapshot: &Snapshot,
    query: &PlanQuery,
    count: usize,
    space: &mut PlanWorkspace,
) -> Result<Vec<Plan>, PlanError> {
    plan_frontier_with(snapshot, query, UnknownLiquidity, count, space)
}

/// The same with knowledge of the channels' liquidity.
///
/// # Errors
/// As [`plan_frontier`].
pub fn plan_frontier_with<L: Liquidity + Copy>(
    snapshot: &Snapshot,
    query: &PlanQuery,
    liquidity: L,
    count: usize,
    space: &mut PlanWorkspace,
) -> Result<Vec<Plan>, PlanError> {
    space.begin(query);
    let compiled = compile_once(snapshot, &query.route)?;
    let mut planner = Planner::new(snapshot, query, &compiled, liquidity)?;
    let limit = query.route.limits.fee_limit(query.route.amount);
    let own = planner.prices;
    let first = match planner.plan_cheapest(space) {
        Ok(first) => first,
        Err(refused) => return planner.plan_otherwise(refused, space).map(|plan| vec![plan]),
    };
    let bound = first.bound;
    let mut plans = vec![first.proven()];
    let mut halving = own.halving;
    for step in 1..count.min(FRONTIER_COUNT_MAX) as u32 {
        if halving == 0 {
            break;
        }
        halving = own.halving.checked_shr(2 * step).unwrap_or(0);
        match planner.plan(Prices { halving, ..own }, space) {
            Ok(drawn) => add_to_frontier(&mut plans, drawn.above(bound), limit),
            Err(error) if error.is_final() => break,
            Err(_) => {}
        }
    }
    plans.truncate(count);
    Ok(plans)
}

/// Adds a plan to those of higher prices of liquidity unless it is beyond the fee limit or no cheaper than they are.
fn add_to_frontier(plans: &mut Vec<Plan>, plan: Plan, limit: Msat) {
    if plan.fee > limit {
        return;
    }
    plans.retain(|known| known.fee < plan.fee || known.probability > plan.probability);
    if plans.iter().all(|known| known.fee > plan.fee) {
        plans.push(plan);
    }
}

impl<L: Liquidity + Copy> Planner<'_, L> {
    /// The cheapest plan that is found whose fee is within the limit; `dear` is the best without it. Tried are the best
    /// single route within the limit, which is exact, lower prices of liquidity, by halves of their digits, and in the end fees
    /// alone, as biases weigh them and as they are.
    pub(super) fn plan_within(
        &mut self,
        limit: Msat,
        dear: &Drawn,
        space: &mut PlanWorkspace,
    ) -> Result<Drawn, PlanError> {
        let mut candidates = Candidates { limit, needed: dear.plan.fee, best: None, end: None };
        match self.plan_single(dear, space) {
            Ok(Some(drawn)) => _ = candidates.add(drawn),
            Ok(None) => {}
            Err(error) => candidates.end = Some(error),
        }
        let own = self.prices;
        let weighed = Prices { is_biased: own.is_biased, ..Prices::FEES };
        // Fees that biases weigh may be the least ones where those that are paid are not.
        let paid = self.problem.restrictions.tuning.weights.map(|_| Prices::FEES);
        for prices in [Prices { halving: 0, ..own }, weighed].into_iter().chain(paid) {
            if self.try_prices(prices, &mut candidates, space) == Trial::Within {
                break;
            }
        }
        let (mut low, mut high) = (0, BUDGET_STEPS);
        while low + 1 < high {
            let middle = (low + high) / 2;
            let halving = own.halving.checked_shr(BUDGET_STEPS - middle).unwrap_or(0);
            match self.try_prices(Prices { halving, ..own }, &mut candidates, space) {
                Trial::Beyond => high = middle,
                // The query's own price led to a plan: what is nearer to it may, too.
                Trial::Within | Trial::Nothing => low = middle,
            }
        }
        let Candidates { needed, best, end, .. } = candidates;
        best.ok_or_else(|| end.unwrap_or(PlanError::FeeLimit { limit, needed }))
    }

    /// One more candidate; none after an error that is one of all prices.
    fn try_prices(
        &mut self,
        prices: Prices,
        candidates: &mut Candidates,
        space: &mut PlanWorkspace,
    ) -> Trial {
        if candidates.end.is_some() {
            return Trial::Nothing;
        }
        match self.plan(prices, space) {
            Ok(drawn) => candidates.add(drawn),
            Err(error) => {
                candidates.end = Some(error).filter(PlanError::is_final);
                Trial::Nothing
            }
        }
    }

    /// The best single route within the query's fee limit as a plan; `None` where there is none, or a policy changed under it.
    fn plan_single(&self, dear: &Drawn, space: &mut PlanWorkspace) -> Result<Option<Drawn>, PlanError> {
        let network = self.network_at(self.prices);
        if !self.try_single(&network, true, space)? {
            return Ok(None);
        }
        self.finish_current(&network, dear.bound.unwrap_or(0), dear.plan.counts, space)
    }
}

/// Plans that may be within a fee limit.
struct Candidates {
    limit: Msat,
    /// The least fee of any of them.
    needed: Msat,
    /// The cheapest within the limit.
    best: Option<Drawn>,
    /// Why no more of them are tried.
    end: Option<PlanError>,
}

/// What a price led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    /// A plan within the limit.
    Within,
    /// A plan beyond it.
    Beyond,
    /// No plan.
    Nothing,
}

impl Candidates {
    /// Says whether the plan is within the limit.
    fn add(&mut self, drawn: Drawn) -> Trial {
        let plan = &drawn.plan;
        self.needed = self.needed.min(plan.fee);
        if plan.fee > self.limit {
            return Trial::Beyond;
        }
        if self.best.as_ref().is_none_or(|best| plan.cost < best.plan.cost) {
            self.best = Some(drawn);
        }
        Trial::Within
    }
}

/// Plans in a frontier: each price is a quarter of the one before.
const FRONTIER_COUNT_MAX: usize = 32;
/// Halves of digits of the price of liquidity.
const BUDGET_STEPS: u32 = 32;
