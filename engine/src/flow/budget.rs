//! Plans for lower prices of liquidity than the query's own: within a fee limit, and from likely to cheap.

use primitives::Msat;

use super::liquidity::UnknownLiquidity;
use super::planner::{Drawn, Planner};
use super::query::{Plan, PlanError, PlanQuery};
use super::workspace::PlanWorkspace;
use crate::belief::Liquidity;
use crate::compile::compile;
use crate::cost::Prices;
use crate::snapshot::Snapshot;

/// The cheapest plans for falling prices of liquidity: from the query's own to none at all, `count` of them. Fees fall
/// along the list and so does the probability; what is as dear as a likelier one is left out.
///
/// # Errors
/// Where there is not even one plan.
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
    let compiled = compile(snapshot, &query.route)?;
    let mut planner = Planner::new(snapshot, query, &compiled, liquidity)?;
    let limit = query.route.limits.fee_limit(query.route.amount);
    let mut plans = Vec::<Plan>::new();
    let (mut bound, mut needed) = (None, Msat::MAX);
    for step in 0..count.min(FRONTIER_COUNT_MAX) as u32 {
        let halving = planner.prices.halving.checked_shr(2 * step).unwrap_or(0);
        let drawn = planner.plan(Prices { halving, ..planner.prices }, space)?;
        if step == 0 {
            bound = drawn.bound;
        }
        let plan = drawn.above(bound);
        needed = needed.min(plan.fee);
        if plan.fee <= limit {
            plans.retain(|known| known.fee < plan.fee || known.probability > plan.probability);
            if plans.iter().all(|known| known.fee > plan.fee) {
                plans.push(plan);
            }
        }
        if halving == 0 {
            break;
        }
    }
    if plans.is_empty() { Err(PlanError::FeeLimit { limit, needed }) } else { Ok(plans) }
}

impl<L: Liquidity + Copy> Planner<'_, L> {
    /// The cheapest plan that is found whose fee is within the limit; `dear` is the best without it. Tried are the best
    /// single route within the limit, which is exact, and lower prices of liquidity, by halves of their digits.
    pub(super) fn plan_within(
        &mut self,
        limit: Msat,
        dear: &Drawn,
        space: &mut PlanWorkspace,
    ) -> Result<Drawn, PlanError> {
        let best = self.plan_single(dear, space)?;
        let mut candidates = Candidates { limit, needed: dear.plan.fee, best };
        let own = self.prices;
        let mut ask = |prices| Ok::<_, PlanError>(candidates.add(self.plan(prices, space)?));
        if !ask(Prices { halving: 0, ..own })? {
            ask(Prices { hop: 0, risk_billionths: 0, halving: 0 })?;
        }
        let (mut low, mut high) = (0, BUDGET_STEPS);
        while low + 1 < high {
            let middle = (low + high) / 2;
            let halving = own.halving.checked_shr(BUDGET_STEPS - middle).unwrap_or(0);
            if ask(Prices { halving, ..own })? {
                low = middle;
            } else {
                high = middle;
            }
        }
        let needed = candidates.needed;
        candidates.best.ok_or(PlanError::FeeLimit { limit, needed })
    }

    /// The best single route within the query's fee limit as a plan.
    fn plan_single(&self, dear: &Drawn, space: &mut PlanWorkspace) -> Result<Option<Drawn>, PlanError> {
        let network = self.network_at(self.prices);
        if !self.try_single(&network, true, space)? {
            return Ok(None);
        }
        Ok(Some(self.finish(&network, dear.bound.unwrap_or(0), dear.plan.counts, space)))
    }
}

/// Plans that may be within a fee limit.
struct Candidates {
    limit: Msat,
    /// The least fee of any of them.
    needed: Msat,
    /// The cheapest within the limit.
    best: Option<Drawn>,
}

impl Candidates {
    /// Says whether the plan is within the limit.
    fn add(&mut self, drawn: Drawn) -> bool {
        let plan = &drawn.plan;
        self.needed = self.needed.min(plan.fee);
        let is_within = plan.fee <= self.limit;
        if is_within && self.best.as_ref().is_none_or(|best| plan.cost < best.plan.cost) {
            self.best = Some(drawn);
        }
        is_within
    }
}

/// Plans in a frontier: each price is a quarter of the one before.
const FRONTIER_COUNT_MAX: usize = 32;
/// Halves of digits of the price of liquidity.
const BUDGET_STEPS: u32 = 32;
