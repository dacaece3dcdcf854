//! Plans a payment: flow first, then parts of it with exact fees.
//!
//! 1. The cheapest flow of the amount, with the model's relaxations (`tariff`): its cost is a bound for any plan.
//! 2. The flow's widest paths become parts. One path: the exact search of a single route takes over.
//! 3. Fees are added; what no longer fits into a channel is spread over the others, or more flow is sent.
//! 4. Parts whose base fees are worth more than their share of the liquidity are given up.
//!
//! Where the fee is over its limit, the price of liquidity is lowered until it is not.

use primitives::Msat;

use super::certificate::{Violation, check};
use super::channels::ChannelNetwork;
use super::cut::{Cut, name_cut};
use super::decompose::Paths;
use super::fit::{Draft, DraftPart, PartRules};
use super::liquidity::{Liquidity, UnknownLiquidity};
use super::query::{Plan, PlanError, PlanPart, PlanQuery};
use super::relaxed::least_cost;
use super::residual::FlowWorkspace;
use super::solve::{End, FlowCounts, flow_cost, send};
use super::tariff::Tariff;
use crate::compile::{Compiled, compile};
use crate::cost::{FeeOnly, Prices};
use crate::query::RouteQuery;
use crate::route::{Hop, limits_of, payee_used};
use crate::router::{RouteError, RouteWorkspace, route_compiled};
use crate::search::problem::Problem;
use crate::snapshot::Snapshot;

/// What one thread needs to make plans.
#[derive(Debug, Default)]
pub struct PlanWorkspace {
    flow: FlowWorkspace,
    route: RouteWorkspace,
    paths: Paths,
    draft: Draft,
}

/// Splits a payment as the cost model likes it best, where nothing is known of the channels' balances.
///
/// # Errors
/// See [`PlanError`].
pub fn plan(snapshot: &Snapshot, query: &PlanQuery, space: &mut PlanWorkspace) -> Result<Plan, PlanError> {
    plan_with(snapshot, query, UnknownLiquidity, space)
}

/// The same with knowledge of the channels' liquidity.
///
/// # Errors
/// See [`PlanError`].
pub fn plan_with<L: Liquidity>(
    snapshot: &Snapshot,
    query: &PlanQuery,
    liquidity: L,
    space: &mut PlanWorkspace,
) -> Result<Plan, PlanError> {
    let compiled = compile(snapshot, &query.route)?;
    let planner = Planner::new(snapshot, query, &compiled, liquidity)?;
    let limit = query.route.limits.fee_limit(query.route.amount);
    let plan = planner.plan(planner.prices, space)?;
    if plan.fee <= limit {
        return Ok(plan);
    }
    planner.plan_within(limit, plan, space)
}

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
    let compiled = compile(snapshot, &query.route)?;
    let planner = Planner::new(snapshot, query, &compiled, UnknownLiquidity)?;
    let limit = query.route.limits.fee_limit(query.route.amount);
    let mut plans = Vec::<Plan>::new();
    let (mut least, mut needed) = (None, Msat::MAX);
    for step in 0..count.min(FRONTIER_COUNT_MAX) as u32 {
        let halving = planner.prices.halving.checked_shr(2 * step).unwrap_or(0);
        let plan = planner.plan(Prices { halving, ..planner.prices }, space)?;
        if step == 0 {
            least = plan.least_cost;
        }
        needed = needed.min(plan.fee);
        if plan.fee <= limit {
            plans.retain(|known| known.fee < plan.fee || known.probability > plan.probability);
            if plans.iter().all(|known| known.fee > plan.fee) {
                plans.push(Plan { least_cost: least, ..plan });
            }
        }
        if halving == 0 {
            break;
        }
    }
    if plans.is_empty() { Err(PlanError::FeeLimit { limit, needed }) } else { Ok(plans) }
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

/// Solves a query's relaxation and checks that it is solved: O(m), for tests and for doubters.
///
/// # Errors
/// As [`plan`].
pub fn relaxed_flow(
    snapshot: &Snapshot,
    query: &PlanQuery,
    space: &mut PlanWorkspace,
) -> Result<(RelaxedFlow, Result<(), Violation>), PlanError> {
    let compiled = compile(snapshot, &query.route)?;
    let planner = Planner::new(snapshot, query, &compiled, UnknownLiquidity)?;
    let network = planner.network(Tariff::new(planner.prices, planner.problem.amount));
    let mut counts = FlowCounts::default();
    planner.send_all(&network, &mut space.flow, &mut counts)?;
    let checked = check(&network, &space.flow, network.tariff.units);
    let cost = flow_cost(&space.flow) >> super::tariff::SLOPE_BITS;
    let flow = RelaxedFlow {
        cost: u64::try_from(cost).unwrap_or(u64::MAX),
        least_cost: least_cost(&network, &space.flow),
        arc_count: space.flow.flows.iter().filter(|flow| flow.flow > 0).count(),
        counts,
    };
    Ok((flow, checked))
}

/// The most that all paths together can carry from payer to payee, fees aside, and the cut that is in the way of more.
/// No set of parts delivers more, whatever it costs: no arc carries more than its capacity and `htlc_maximum_msat` say.
/// The query's amount counts for nothing.
///
/// # Errors
/// As [`plan`].
pub fn most_sendable(
    snapshot: &Snapshot,
    query: &PlanQuery,
    space: &mut PlanWorkspace,
) -> Result<(Msat, Cut), PlanError> {
    let compiled = compile(snapshot, &query.route)?;
    let mut planner = Planner::new(snapshot, query, &compiled, UnknownLiquidity)?;
    planner.problem.amount_max = u64::MAX >> 1;
    let network = planner.network(Tariff::flat());
    space.flow.reset();
    let mut counts = FlowCounts::default();
    let (end, sent) = send(&network, &mut space.flow, u64::MAX, PATH_COUNT_MAX, &mut counts);
    match end {
        End::Cut => Ok((Msat::from_msat(sent), name_cut(snapshot, &network, &space.flow))),
        End::Sent | End::WorkLimit => Err(PlanError::WorkLimit { augmentations: counts.augmentations }),
    }
}

/// Plans that may be within a fee limit.
struct Candidates {
    limit: Msat,
    /// The least fee of any of them.
    needed: Msat,
    /// The cheapest within the limit.
    best: Option<Plan>,
}

impl Candidates {
    /// Says whether the plan is within the limit.
    fn add(&mut self, plan: Plan) -> bool {
        self.needed = self.needed.min(plan.fee);
        let is_within = plan.fee <= self.limit;
        if is_within && self.best.as_ref().is_none_or(|best| plan.cost < best.cost) {
            self.best = Some(plan);
        }
        is_within
    }
}

/// A query in numbers.
struct Planner<'a, L> {
    snapshot: &'a Snapshot,
    query: &'a PlanQuery,
    compiled: &'a Compiled,
    problem: Problem<'a, FeeOnly>,
    prices: Prices,
    liquidity: L,
    rules: PartRules,
}

impl<'a, L: Liquidity> Planner<'a, L> {
    fn new(
        snapshot: &'a Snapshot,
        query: &'a PlanQuery,
        compiled: &'a Compiled,
        liquidity: L,
    ) -> Result<Self, PlanError> {
        if compiled.is_circular() {
            return Err(RouteError::BadQuery { reason: "a payment to oneself is not split" }.into());
        }
        if query.part_count_max == 0 {
            return Err(RouteError::BadQuery { reason: "a plan has at least one part" }.into());
        }
        let route = &query.route;
        let problem = compiled.problem(snapshot, route, FeeOnly);
        // The fee limit is one on the whole plan, which a part alone cannot tell.
        let problem = Problem { strict: true, amount_max: u64::MAX >> 1, ..problem };
        let rules = PartRules {
            amount_min: query.part_min.to_msat().clamp(1, problem.amount),
            count_max: query.part_count_max.min(PART_COUNT_MAX),
            start: payee_used(&route.limits, route.amount),
            limits: limits_of(&route.limits),
        };
        let prices = route.cost.prices(route.amount);
        Ok(Planner { snapshot, query, compiled, problem, prices, liquidity, rules })
    }

    fn network(&self, tariff: Tariff) -> ChannelNetwork<'a, L> {
        ChannelNetwork::new(self.problem, tariff, self.liquidity)
    }

    /// Sends the whole amount from scratch.
    fn send_all(
        &self,
        network: &ChannelNetwork<'_, L>,
        flow: &mut FlowWorkspace,
        counts: &mut FlowCounts,
    ) -> Result<(), PlanError> {
        flow.reset();
        self.send_more(network, flow, network.tariff.units, counts)
    }

    fn send_more(
        &self,
        network: &ChannelNetwork<'_, L>,
        flow: &mut FlowWorkspace,
        units: u64,
        counts: &mut FlowCounts,
    ) -> Result<(), PlanError> {
        match send(network, flow, units, PATH_COUNT_MAX, counts).0 {
            End::Sent => Ok(()),
            End::Cut => Err(PlanError::Cut(name_cut(self.snapshot, network, flow))),
            End::WorkLimit => Err(PlanError::WorkLimit { augmentations: counts.augmentations }),
        }
    }

    /// The plan for one price of liquidity, whatever its fee; again where a policy changed under it.
    fn plan(&self, prices: Prices, space: &mut PlanWorkspace) -> Result<Plan, PlanError> {
        for _ in 0..TRY_COUNT_MAX {
            if let Some(plan) = self.attempt(prices, space)? {
                return Ok(plan);
            }
        }
        Err(RouteError::Contended.into())
    }

    fn attempt(&self, prices: Prices, space: &mut PlanWorkspace) -> Result<Option<Plan>, PlanError> {
        let amount = self.problem.amount;
        let network = self.network(Tariff::new(prices, amount));
        let mut counts = FlowCounts::default();
        self.send_all(&network, &mut space.flow, &mut counts)?;
        let least = least_cost(&network, &space.flow);
        let mut missing = self.make_parts(&network, space);
        for _ in 0..MORE_COUNT_MAX {
            if missing == 0 {
                break;
            }
            let units = missing.div_ceil(network.tariff.unit) + 1;
            match self.send_more(&network, &mut space.flow, units, &mut counts) {
                Ok(()) => missing = self.make_parts(&network, space),
                Err(PlanError::Cut(_)) => break,
                Err(error) => return Err(error),
            }
        }
        if missing == 0 {
            space.draft.merge(&network, &self.rules);
        }
        if missing > 0 || space.draft.parts.len() == 1 && prices == self.prices {
            let is_single = self.try_single(&network, missing > 0, space)?;
            if missing > 0 && !is_single {
                return Err(self.explain(missing, space));
            }
        }
        let draft = &space.draft;
        let is_current = self.snapshot.read_consistent(|| draft.is_current(&network, self.rules.start));
        let is_current = is_current.map_err(|_| RouteError::Contended)?;
        if !is_current {
            return Ok(None);
        }
        // Whatever prices led to a plan, it costs what the query's own say.
        let own = self.network(Tariff::new(self.prices, amount));
        space.draft.rebase(&own);
        Ok(Some(self.finish(&own, least, counts, space)))
    }

    /// Parts of the flow; returns what they leave over.
    fn make_parts(&self, network: &ChannelNetwork<'_, L>, space: &mut PlanWorkspace) -> u64 {
        let PlanWorkspace { flow, paths, draft, .. } = space;
        // Paths beyond those that become parts make up for parts that do not fit.
        let count = self.rules.count_max.saturating_mul(2);
        paths.take_apart(flow, self.problem.payer, self.problem.payee, count);
        draft.fill(network, paths, &self.rules, self.problem.amount)
    }

    fn explain(&self, missing: u64, space: &PlanWorkspace) -> PlanError {
        let missing = Msat::from_msat(missing);
        if space.paths.list.len() > self.rules.count_max {
            return PlanError::TooFewParts { part_count_max: self.rules.count_max, missing };
        }
        PlanError::NoRoomForFees { missing }
    }

    /// Where one part suffices, the search of single routes knows its exact cost; it may also know one where flow found
    /// none. Says whether the draft is its route.
    fn try_single(
        &self,
        network: &ChannelNetwork<'_, L>,
        is_needed: bool,
        space: &mut PlanWorkspace,
    ) -> Result<bool, PlanError> {
        let query = &self.query.route;
        // What flow has found is nearly as good, so the search may give up early.
        let work_max = if is_needed { query.work_max } else { query.work_max.min(SINGLE_WORK_MAX) };
        let query = &RouteQuery { work_max, ..query.clone() };
        match route_compiled(self.snapshot, query, self.compiled, &[], &mut space.route) {
            Ok(_) => {}
            Err(RouteError::NoRoute(_) | RouteError::WorkLimit { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let (draft, amount) = (&mut space.draft, self.problem.amount);
        let cost = if is_needed { u64::MAX } else { draft.cost(network) };
        let before = std::mem::take(&mut draft.parts);
        let fits = draft.set_single(network, &space.route.arcs, &self.rules, amount);
        if fits && draft.cost(network) <= cost {
            return Ok(true);
        }
        draft.parts = before;
        Ok(false)
    }

    /// The cheapest plan that is found whose fee is within the limit; `plan` is the best without it. Tried are the best
    /// single route within the limit, which is exact, and lower prices of liquidity, by halves of their digits.
    fn plan_within(&self, limit: Msat, plan: Plan, space: &mut PlanWorkspace) -> Result<Plan, PlanError> {
        let mut candidates = Candidates { limit, needed: plan.fee, best: self.plan_single(&plan, space)? };
        let mut ask = |prices| Ok::<_, PlanError>(candidates.add(self.plan(prices, space)?));
        let free = Prices { halving: 0, ..self.prices };
        if !ask(free)? {
            ask(Prices { hop: 0, risk_billionths: 0, halving: 0 })?;
        }
        let (mut low, mut high) = (0, BUDGET_STEPS);
        while low + 1 < high {
            let middle = (low + high) / 2;
            let halving = self.prices.halving.checked_shr(BUDGET_STEPS - middle).unwrap_or(0);
            if ask(Prices { halving, ..self.prices })? {
                low = middle;
            } else {
                high = middle;
            }
        }
        let needed = candidates.needed;
        let best = candidates.best.ok_or(PlanError::FeeLimit { limit, needed })?;
        // What no plan undercuts, no plan within the limit does.
        Ok(Plan { least_cost: plan.least_cost, ..best })
    }

    /// The best single route within the query's fee limit as a plan.
    fn plan_single(&self, plan: &Plan, space: &mut PlanWorkspace) -> Result<Option<Plan>, PlanError> {
        let network = self.network(Tariff::new(self.prices, self.problem.amount));
        if !self.try_single(&network, true, space)? {
            return Ok(None);
        }
        Ok(Some(self.finish(&network, plan.least_cost.unwrap_or(0), plan.counts, space)))
    }

    fn finish(
        &self,
        network: &ChannelNetwork<'_, L>,
        least: u64,
        counts: FlowCounts,
        space: &mut PlanWorkspace,
    ) -> Plan {
        let draft = &mut space.draft;
        let cost = draft.cost(network);
        draft.parts.sort_by_key(|part| std::cmp::Reverse(part.amount));
        let cltv = draft.parts.iter().map(|part| part.used.cltv).max().unwrap_or(0);
        Plan {
            payer: self.query.route.payer,
            amount: self.query.route.amount,
            fee: Msat::from_msat(draft.fee()),
            probability: draft.probability(),
            cltv,
            cost,
            least_cost: (!self.problem.with_inbound_fees).then_some(least),
            version: self.snapshot.version(),
            counts,
            parts: draft.parts.iter().map(|part| self.name_part(draft, part)).collect(),
        }
    }

    fn name_part(&self, draft: &Draft, part: &DraftPart) -> PlanPart {
        let mut cltv = self.rules.start.cltv;
        let mut forwarded = part.amount;
        let mut hops = Vec::with_capacity(part.arcs.len());
        for (at, (&arc, &sent)) in part.arcs.iter().zip(&part.sent).enumerate().rev() {
            let (short_channel_id, direction, node_id) = self.problem.names(self.snapshot, arc);
            let (amount, fee) = (Msat::from_msat(sent), Msat::from_msat(sent.saturating_sub(forwarded)));
            hops.push(Hop { short_channel_id, direction, node_id, amount, fee, cltv });
            forwarded = sent;
            if at > 0 {
                cltv += self.problem.record(arc).cltv() as u32;
            }
        }
        hops.reverse();
        PlanPart {
            amount: Msat::from_msat(part.amount),
            fee: Msat::from_msat(part.fee()),
            cltv: part.used.cltv,
            probability: draft.part_probability(part),
            hops,
        }
    }
}

/// Paths that flow is sent along at most; the hardest payments on the real graph take some hundred.
const PATH_COUNT_MAX: u64 = 20_000;
/// More parts than a channel takes HTLCs.
const PART_COUNT_MAX: usize = 483;
/// Nodes or labels of a single route's search where flow has found one already: some ten times the usual.
const SINGLE_WORK_MAX: u64 = 500;
/// Plans of one query before the graph is called too restless.
const TRY_COUNT_MAX: usize = 8;
/// Times that more flow is sent to make up for fees.
const MORE_COUNT_MAX: usize = 6;
/// Plans in a frontier: each price is a quarter of the one before.
const FRONTIER_COUNT_MAX: usize = 32;
/// Halves of digits of the price of liquidity.
const BUDGET_STEPS: u32 = 32;
