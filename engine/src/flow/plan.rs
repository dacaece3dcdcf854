//! Plans a payment: flow first, then parts of it with exact fees.
//!
//! 1. The cheapest flow of the amount, with the model's relaxations (`tariff`): its cost is a bound for any plan.
//! 2. The flow's widest paths become parts. One path: the exact search of a single route takes over.
//! 3. Fees are added; what no longer fits into a channel is spread over the others, or more flow is sent.
//! 4. Where channels' minima are above what parts would send over them, parts are raised to them, or do without them.
//! 5. Parts whose base fees are worth more than their share of the liquidity are given up.
//!
//! Where the fee is over its limit, the price of liquidity is lowered until it is not.

use primitives::Msat;

use super::certificate::{Violation, check};
use super::counts::FlowCounts;
use super::cut::Cut;
use super::liquidity::UnknownLiquidity;
use super::maximum_rule::MaximumRule;
use super::once::compile_once;
use super::planner::Planner;
use super::query::{Plan, PlanError, PlanQuery};
use super::relaxed::least_cost;
use super::solve::flow_cost;
use super::tariff::{SLOPE_BITS, Tariff};
use super::workspace::PlanWorkspace;
use crate::belief::Liquidity;
use crate::cost::Prices;
use crate::snapshot::Snapshot;

/// Splits a payment as the cost model likes it best, where nothing is known of the channels' balances but what the query
/// says: its first channels, layers, reservations and beliefs.
///
/// # Errors
/// See [`PlanError`].
pub fn plan(snapshot: &Snapshot, query: &PlanQuery, space: &mut PlanWorkspace) -> Result<Plan, PlanError> {
    plan_with(snapshot, query, UnknownLiquidity, space)
}

/// The same with knowledge of the channels' liquidity. Where the query has beliefs, both hold; the prior is that of
/// `liquidity`, or if that is uniform, the beliefs' own.
///
/// # Errors
/// See [`PlanError`].
pub fn plan_with<L: Liquidity + Copy>(
    snapshot: &Snapshot,
    query: &PlanQuery,
    liquidity: L,
    space: &mut PlanWorkspace,
) -> Result<Plan, PlanError> {
    space.begin(query);
    let compiled = compile_once(snapshot, &query.route)?;
    let mut planner = Planner::new(snapshot, query, &compiled, liquidity)?;
    let planned = planner.plan_cheapest(space).map(|drawn| drawn.proven());
    planned.or_else(|refused| planner.plan_otherwise(refused, space))
}

impl<L: Liquidity + Copy> Planner<'_, L> {
    /// The plan where the cheapest way to make one was `refused`.
    pub(super) fn plan_otherwise(
        &self,
        refused: PlanError,
        space: &mut PlanWorkspace,
    ) -> Result<Plan, PlanError> {
        match self.plan_around(refused, space) {
            Err(error) if self.query.maximum_rule != MaximumRule::Together && error.is_of_parts() => {
                // A channel that carries more may take more parts to do so; parts that keep within the narrowest rule keep within all.
                let narrow = PlanQuery { maximum_rule: MaximumRule::Together, ..self.query.clone() };
                let plan = plan_with(self.snapshot, &narrow, self.liquidity, space).map_err(|_| error)?;
                Ok(Plan { least_cost: None, ..plan })
            }
            planned => planned,
        }
    }
}

/// A query's flow before it is cut in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelaxedFlow {
    /// What it costs in the model, in msat.
    pub cost: u64,
    /// No plan costs less.
    pub least_cost: u64,
    /// Arcs with flow.
    pub arc_count: usize,
    /// The work it took.
    pub counts: FlowCounts,
}

/// A flow, and what is wrong with it if anything is.
pub type CheckedFlow = (RelaxedFlow, Result<(), Violation>);

/// Solves a query's relaxation and checks that it is solved: O(m), for tests and for doubters.
///
/// # Errors
/// As [`plan`].
pub fn relaxed_flow<L: Liquidity + Copy>(
    snapshot: &Snapshot,
    query: &PlanQuery,
    liquidity: L,
    space: &mut PlanWorkspace,
) -> Result<CheckedFlow, PlanError> {
    space.begin(query);
    let compiled = compile_once(snapshot, &query.route)?;
    let planner = Planner::new(snapshot, query, &compiled, liquidity)?;
    planner.relaxed(planner.prices, space)
}

/// The same for each of `shares`, in 256ths of the query's own price of liquidity. Each goes on from the one before, or, where
/// `is_fresh`, starts from nothing: both cost the same.
///
/// # Errors
/// As [`plan`].
pub fn relaxed_flows<L: Liquidity + Copy>(
    snapshot: &Snapshot,
    query: &PlanQuery,
    liquidity: L,
    (shares, is_fresh): (&[u8], bool),
    space: &mut PlanWorkspace,
) -> Result<Vec<CheckedFlow>, PlanError> {
    space.begin(query);
    let compiled = compile_once(snapshot, &query.route)?;
    let planner = Planner::new(snapshot, query, &compiled, liquidity)?;
    let solve = |&share: &u8| {
        if is_fresh {
            space.solved = None;
        }
        let halving = planner.prices.halving / 256 * u64::from(share);
        planner.relaxed(Prices { halving, ..planner.prices }, space)
    };
    shares.iter().map(solve).collect()
}

impl<L: Liquidity + Copy> Planner<'_, L> {
    fn relaxed(&self, prices: Prices, space: &mut PlanWorkspace) -> Result<CheckedFlow, PlanError> {
        let network = self.network(Tariff::new(prices, self.problem.amount));
        let mut counts = FlowCounts::default();
        self.send_all(&network, space, &mut counts)?;
        let checked = check(&network, &space.flow, network.tariff.units);
        let cost = flow_cost(&space.flow) >> SLOPE_BITS;
        let flow = RelaxedFlow {
            cost: u64::try_from(cost).unwrap_or(u64::MAX),
            least_cost: least_cost(&network, &space.flow, usize::MAX),
            arc_count: space.flow.flows.iter().filter(|flow| flow.flow > 0).count(),
            counts,
        };
        Ok((flow, checked))
    }
}

/// The most that all paths together can carry from payer to payee, fees aside, and the cut that is in the way of more.
/// No set of parts delivers more, whatever it costs, that keeps within what the query's [`MaximumRule`](super::MaximumRule) makes of
/// each channel's `htlc_maximum_msat`; parts that BOLT 7 allows are all within [`MaximumRule::Each`](super::MaximumRule::Each).
/// Where a channel's capacity is unknown, its maximum stands for it under every rule; [`Cut::is_known`] tells whether it counted.
/// The query's amount counts for nothing.
///
/// # Errors
/// As [`plan`].
pub fn most_sendable(
    snapshot: &Snapshot,
    query: &PlanQuery,
    space: &mut PlanWorkspace,
) -> Result<(Msat, Cut), PlanError> {
    most_sendable_with(snapshot, query, UnknownLiquidity, space)
}

/// The same with knowledge of the channels' liquidity: the most that the upper bounds leave possible, beside what is on
/// the way.
///
/// # Errors
/// As [`plan`].
pub fn most_sendable_with<L: Liquidity + Copy>(
    snapshot: &Snapshot,
    query: &PlanQuery,
    liquidity: L,
    space: &mut PlanWorkspace,
) -> Result<(Msat, Cut), PlanError> {
    space.begin(query);
    let compiled = compile_once(snapshot, &query.route)?;
    Planner::new(snapshot, query, &compiled, liquidity)?.most_sendable(space)
}
