//! Makes one plan for one set of prices.

use primitives::Msat;

use super::channels::ChannelNetwork;
use super::counts::FlowCounts;
use super::cut::{Cut, cut_at_end, name_cut};
use super::fit::{Draft, DraftHop, DraftPart, PartRules};
use super::query::{Plan, PlanError, PlanPart, PlanQuery};
use super::relaxed::least_cost;
use super::residual::FlowWorkspace;
use super::resume::resume;
use super::solve::{End, send};
use super::tariff::{Tariff, UNIT_COUNT};
use super::tolls::Tolls;
use super::workspace::PlanWorkspace;
use crate::belief::{Liquidity, Prior};
use crate::compile::Compiled;
use crate::cost::{Prices, Risky};
use crate::query::RouteQuery;
use crate::route::{Hop, limits_of, payee_used};
use crate::router::{QueryPart, RouteError, route_knowing};
use crate::search::problem::Problem;
use crate::snapshot::Snapshot;

/// A plan, and what no plan costs less than.
pub(super) struct Drawn {
    /// Its `least_cost` is not told yet.
    pub(super) plan: Plan,
    /// What the flow proves by the prices it was solved for, in msat.
    pub(super) bound: Option<u64>,
    /// By how much the plan's fees are less than the flow's because they are rounded down, in msat.
    rounded_off: u64,
}

impl Drawn {
    /// The plan with the bound that some flow of its query proves.
    pub(super) fn above(self, bound: Option<u64>) -> Plan {
        let least_cost = bound.map(|bound| bound.saturating_sub(self.rounded_off));
        Plan { least_cost, ..self.plan }
    }

    /// The plan above its own bound.
    pub(super) fn proven(self) -> Plan {
        let bound = self.bound;
        self.above(bound)
    }

    /// Whether hardly any plan costs less.
    pub(super) fn is_nearly_best(&self) -> bool {
        self.bound.is_some_and(|bound| self.plan.cost <= bound.saturating_add(bound / NEARLY_SHARE))
    }

    /// The same plan with another bound than that of the flow it was made of.
    pub(super) fn bounded(self, bound: Option<u64>) -> Drawn {
        Drawn { bound: self.bound.and(bound), ..self }
    }
}

/// A query in numbers.
#[derive(Clone)]
pub(super) struct Planner<'a, L> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) query: &'a PlanQuery,
    compiled: &'a Compiled,
    /// Its cost is what biases make of fees; `prices` says what counts beside them.
    pub(super) problem: Problem<'a, Risky>,
    pub(super) prices: Prices,
    pub(super) liquidity: L,
    pub(super) rules: PartRules,
    pub(super) tolls: Tolls,
    /// Units that flow has.
    pub(super) unit_count: u64,
}

impl<'a, L: Liquidity + Copy> Planner<'a, L> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        query: &'a PlanQuery,
        compiled: &'a Compiled,
        liquidity: L,
    ) -> Result<Self, PlanError> {
        if compiled.is_circular() {
            let (part, reason) = (QueryPart::Payee, "a payment to oneself is not split");
            return Err(RouteError::BadQuery { part, reason }.into());
        }
        if query.part_count_max == 0 {
            let (part, reason) = (QueryPart::PartCount, "a plan has at least one part");
            return Err(RouteError::BadQuery { part, reason }.into());
        }
        let route = &query.route;
        let fees = Risky::biased_fee(compiled.restrictions.tuning);
        let problem = compiled.problem(snapshot, route, fees);
        // The fee limit is one on the whole plan, which a part alone cannot tell.
        let problem = Problem { strict: true, amount_max: u64::MAX >> 1, ..problem };
        let rules = PartRules {
            amount_min: query.part_min.to_msat().clamp(1, problem.amount),
            count_max: query.part_count_max.min(PART_COUNT_MAX),
            start: payee_used(&route.limits, route.amount),
            limits: limits_of(&route.limits),
        };
        let prices = route.cost.prices(route.amount);
        let (tolls, unit_count) = (Tolls::default(), UNIT_COUNT);
        Ok(Planner { snapshot, query, compiled, problem, prices, liquidity, rules, tolls, unit_count })
    }

    pub(super) fn network(&self, tariff: Tariff) -> ChannelNetwork<'a, L> {
        ChannelNetwork::new(self.problem.renewed(), tariff, self.liquidity, self.query.maximum_rule)
    }

    /// The network at these prices, in the planner's units.
    pub(super) fn network_at(&self, prices: Prices) -> ChannelNetwork<'a, L> {
        let amount = self.problem.amount;
        self.network(Tariff::in_units(self.unit_count, amount, prices, amount))
    }

    /// Sends the whole amount: from scratch, or from where the query's last flow is.
    pub(super) fn send_all(
        &self,
        network: &ChannelNetwork<'_, L>,
        space: &mut PlanWorkspace,
        counts: &mut FlowCounts,
    ) -> Result<(), PlanError> {
        let share = space.solved.take().and_then(|solved| network.share_of(&solved));
        let is_resumed = share.is_some_and(|share| {
            resume(network, &mut space.flow, share, PATH_COUNT_MAX, counts) == End::Sent
        });
        if !is_resumed {
            space.flow.reset();
            self.send_more(network, &mut space.flow, network.tariff.units, counts)?;
        }
        space.solved = Some(network.solved());
        Ok(())
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

    /// The plan that costs least within the fee limit. Its bound is that of the query's own prices.
    pub(super) fn plan_cheapest(&mut self, space: &mut PlanWorkspace) -> Result<Drawn, PlanError> {
        let limit = self.query.route.limits.fee_limit(self.query.route.amount);
        let drawn = self.plan(self.prices, space)?;
        let bound = drawn.bound;
        if drawn.plan.fee <= limit {
            return Ok(drawn);
        }
        let within = self.plan_within(limit, &drawn, space)?;
        Ok(Drawn { bound, ..within })
    }

    /// The plan for these prices, whatever its fee.
    pub(super) fn plan_in_any_units(
        &mut self,
        prices: Prices,
        space: &mut PlanWorkspace,
    ) -> Result<Drawn, PlanError> {
        self.refuse_at_once()?;
        match self.plan_in_units(prices, space) {
            Err(PlanError::Cut(_)) if self.unit_count < FINE_UNIT_COUNT => {
                self.refine(space)?;
                self.plan_in_any_units(prices, space)
            }
            Err(PlanError::Cut(cut)) => {
                let missing = self.problem.amount.saturating_sub(cut.capacity.to_msat());
                // What only channels below two units carry is at least one.
                let unit = self.problem.amount.div_ceil(self.unit_count);
                let missing = Msat::from_msat(if missing == 0 { unit } else { missing });
                Err(PlanError::TooFewParts { part_count_max: self.rules.count_max, missing })
            }
            outcome => outcome,
        }
    }

    /// Most of what cannot be sent is more than the channels of one end carry.
    fn refuse_at_once(&self) -> Result<(), PlanError> {
        let amount = Msat::from_msat(self.problem.amount);
        let cut = cut_at_end(self.snapshot, &self.network(Tariff::flat()), amount);
        cut.map_or(Ok(()), |cut| Err(PlanError::Cut(cut)))
    }

    /// Units leave out what a channel carries beyond whole ones. Where that may have been in the way, they are made finer, for
    /// all plans to come; what is said to be impossible is so to the msat.
    fn refine(&mut self, space: &mut PlanWorkspace) -> Result<(), PlanError> {
        let (most, cut) = self.most_sendable(space)?;
        if most < Msat::from_msat(self.problem.amount) {
            return Err(PlanError::Cut(cut));
        }
        self.unit_count = FINE_UNIT_COUNT;
        Ok(())
    }

    /// The most that all paths carry, and what is in the way of more.
    pub(super) fn most_sendable(&self, space: &mut PlanWorkspace) -> Result<(Msat, Cut), PlanError> {
        let network = self.network(Tariff::flat());
        space.solved = None;
        space.flow.reset();
        let mut counts = FlowCounts::default();
        let (end, sent) = send(&network, &mut space.flow, u64::MAX, PATH_COUNT_MAX, &mut counts);
        match end {
            End::Cut => Ok((Msat::from_msat(sent), name_cut(self.snapshot, &network, &space.flow))),
            End::Sent | End::WorkLimit => Err(PlanError::WorkLimit { augmentations: counts.augmentations }),
        }
    }

    /// The same in the planner's units; again where a policy changed under it.
    fn plan_in_units(&self, prices: Prices, space: &mut PlanWorkspace) -> Result<Drawn, PlanError> {
        for _ in 0..TRY_COUNT_MAX {
            if let Some(drawn) = self.attempt(prices, space)? {
                return Ok(drawn);
            }
        }
        Err(RouteError::Contended.into())
    }

    fn attempt(&self, prices: Prices, space: &mut PlanWorkspace) -> Result<Option<Drawn>, PlanError> {
        let amount = self.problem.amount;
        let own = self.network_at(self.prices);
        let network = self.network_at(prices);
        let mut counts = FlowCounts::default();
        let (least, mut missing) = self.build(&network, space, &mut counts)?;
        if missing > 0 {
            // Fees found no place: again, with a place kept for them. Where flow then finds none, the first answer stays.
            let kept = network.keeping(space.draft.fee_millionths() * 5 / 4 + KEPT_MILLIONTHS_MIN);
            match self.build(&kept, space, &mut counts) {
                Ok((_, still_missing)) => missing = still_missing,
                Err(PlanError::Cut(_)) => {}
                Err(error) => return Err(error),
            }
        }
        space.overlong = space.draft.overlong;
        let may_be_single = space.draft.parts.len() == 1 || !own.tariff.is_convex();
        if missing > 0 || may_be_single && prices == self.prices {
            let is_single = self.try_single(&network, missing > 0, space)?;
            if missing > 0 && !is_single {
                return Err(self.explain(missing, space));
            }
        }
        // Whatever prices led to a plan, it costs what the query's own say.
        space.draft.rebase(&own);
        let base_fees = space.draft.base_fees(&network);
        let is_fixed = base_fees > least / BASE_FEE_SHARE || !own.tariff.is_convex();
        if space.draft.parts.len() > 1 && is_fixed {
            let part = (amount / space.draft.parts.len() as u64).max(1);
            let tariff = Tariff::in_units(self.unit_count, part, prices, amount);
            self.build_rival(&own, self.network(tariff), space, &mut counts)?;
        }
        self.finish_current(&own, least, counts, space)
    }

    /// The draft as a plan, `None` where a policy changed under it.
    pub(super) fn finish_current(
        &self,
        network: &ChannelNetwork<'_, L>,
        least: u64,
        counts: FlowCounts,
        space: &mut PlanWorkspace,
    ) -> Result<Option<Drawn>, PlanError> {
        let draft = &space.draft;
        let is_current = || !network.problem.is_outdated() && draft.is_current(network, self.rules.start);
        let is_current = self.snapshot.read_consistent(is_current);
        let is_current = is_current.map_err(|_| RouteError::Contended)?;
        Ok(is_current.then(|| self.finish(network, least, counts, space)))
    }

    /// Makes a draft from scratch; returns the bound that its flow proves and what is missing.
    fn build(
        &self,
        network: &ChannelNetwork<'_, L>,
        space: &mut PlanWorkspace,
        counts: &mut FlowCounts,
    ) -> Result<(u64, u64), PlanError> {
        self.send_all(network, space, counts)?;
        let least = least_cost(network, &space.flow, self.rules.count_max);
        let mut missing = self.make_parts(network, space);
        for _ in 0..MORE_COUNT_MAX {
            if missing == 0 {
                break;
            }
            let units = missing.div_ceil(network.tariff.unit) + 1;
            match self.send_more(network, &mut space.flow, units, counts) {
                Ok(()) => missing = self.make_parts(network, space),
                Err(PlanError::Cut(_)) => break,
                Err(error) => return Err(error),
            }
        }
        if missing == 0 {
            space.draft.merge(network, &self.rules);
        }
        Ok((least, missing))
    }

    /// Makes another draft and keeps the one that costs less by the query's own prices. Base fees, and what a prior that is not
    /// convex charges for the first msat, were spread over the whole amount, but each part pays them: so a flow with them
    /// spread over a part of the usual size is worth it.
    fn build_rival(
        &self,
        own: &ChannelNetwork<'_, L>,
        network: ChannelNetwork<'_, L>,
        space: &mut PlanWorkspace,
        counts: &mut FlowCounts,
    ) -> Result<(), PlanError> {
        std::mem::swap(&mut space.draft, &mut space.rival);
        let missing = match self.build(&network, space, counts) {
            Ok((_, missing)) => missing,
            // Policies have changed meanwhile.
            Err(PlanError::Cut(_)) => u64::MAX,
            Err(error) => return Err(error),
        };
        space.draft.rebase(own);
        if missing > 0 || space.draft.cost(own) >= space.rival.cost(own) {
            std::mem::swap(&mut space.draft, &mut space.rival);
        }
        Ok(())
    }

    /// Parts of the flow; returns what they leave over.
    fn make_parts(&self, network: &ChannelNetwork<'_, L>, space: &mut PlanWorkspace) -> u64 {
        let PlanWorkspace { flow, paths, draft, .. } = space;
        // Paths beyond those that become parts take the place of worse ones, or make up for parts that do not fit.
        let count = self.rules.count_max.saturating_mul(2);
        paths.take_apart(flow, self.problem.payer, self.problem.payee, count);
        draft.fill(network, paths, &self.rules, self.problem.amount)
    }

    fn explain(&self, missing: u64, space: &PlanWorkspace) -> PlanError {
        let missing = Msat::from_msat(missing);
        if space.overlong.is_any() {
            return PlanError::RouteLimits { missing };
        }
        if let Some(least) = space.draft.least_minimum() {
            return self.minimum_error(missing, least);
        }
        if space.draft.arcs.iter().any(|known| !known.has_slot()) {
            return PlanError::HtlcLimit { missing };
        }
        if space.paths.list.len() > self.rules.count_max {
            return PlanError::TooFewParts { part_count_max: self.rules.count_max, missing };
        }
        PlanError::NoRoomForFees { missing }
    }

    /// Where one part suffices, the search of single routes knows its exact cost; it may also know one where flow found
    /// none. Says whether the draft is its route.
    pub(super) fn try_single(
        &self,
        network: &ChannelNetwork<'_, L>,
        is_needed: bool,
        space: &mut PlanWorkspace,
    ) -> Result<bool, PlanError> {
        let query = &self.query.route;
        // What flow has found is nearly as good, so the search may give up early.
        let work_max = if is_needed { query.work_max } else { query.work_max.min(SINGLE_WORK_MAX) };
        let query = &RouteQuery { work_max, ..query.clone() };
        let known: &dyn Liquidity = &self.liquidity;
        let known = Some(known).filter(|known| !known.is_unknown());
        match route_knowing(self.snapshot, query, self.compiled, known, &[], &mut space.route) {
            Ok(_) => {}
            Err(RouteError::NoRoute(_) | RouteError::WorkLimit { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let (draft, amount) = (&mut space.draft, self.problem.amount);
        let cost = if is_needed { u64::MAX } else { draft.cost(network) };
        let before = draft.take_parts();
        let fits = draft.set(network, std::iter::once((&space.route.arcs[..], amount)), &self.rules);
        if fits && draft.cost(network) <= cost {
            return Ok(true);
        }
        draft.put_parts(before);
        Ok(false)
    }

    fn finish(
        &self,
        network: &ChannelNetwork<'_, L>,
        least: u64,
        counts: FlowCounts,
        space: &mut PlanWorkspace,
    ) -> Drawn {
        let draft = &mut space.draft;
        let cost = draft.cost(network);
        let rounded_off = draft.rounded_off(&network.tariff, self.problem.amount);
        draft.parts.sort_by_key(|part| std::cmp::Reverse(part.amount));
        let cltv = draft.parts.iter().map(|part| part.used.cltv).max().unwrap_or(0);
        let plan = Plan {
            payer: self.query.route.payer,
            amount: self.query.route.amount,
            fee: Msat::from_msat(draft.fee()),
            probability: draft.probability(network.tariff.prior()),
            cltv,
            cost,
            least_cost: None,
            version: self.snapshot.version(),
            counts,
            parts: draft
                .parts
                .iter()
                .map(|part| self.name_part(draft, network.tariff.prior(), part))
                .collect(),
        };
        Drawn { plan, bound: (!network.problem.with_inbound_fees).then_some(least), rounded_off }
    }

    fn name_part(&self, draft: &Draft, prior: Prior, part: &DraftPart) -> PlanPart {
        let mut cltv = self.rules.start.cltv;
        let mut forwarded = part.amount;
        let mut hops = Vec::with_capacity(part.hops.len());
        for (at, &DraftHop { arc, sent, .. }) in part.hops.iter().enumerate().rev() {
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
            probability: draft.part_probability(prior, part),
            hops,
        }
    }
}

/// Paths that flow is sent along at most; the hardest payments on the real graph take some hundred.
const PATH_COUNT_MAX: u64 = 20_000;
/// Units of a payment near the most that is sendable: channels that carry less than one matter to no payment in hundreds of parts.
const FINE_UNIT_COUNT: u64 = 50_000;
/// More parts than a channel takes HTLCs.
const PART_COUNT_MAX: usize = 483;
/// Nodes or labels of a single route's search where flow has found one already: some ten times the usual.
const SINGLE_WORK_MAX: u64 = 500;
/// Plans of one query before the graph is called too restless.
const TRY_COUNT_MAX: usize = 8;
/// A tenth of a per cent, for fees of parts that are not there yet.
const KEPT_MILLIONTHS_MIN: u64 = 1000;
/// Times that more flow is sent to make up for fees.
const MORE_COUNT_MAX: usize = 6;
/// What is above its bound by less than this share of it is not worth another flow.
const NEARLY_SHARE: u64 = 200;
/// Base fees that are worth less than this share of a plan's least cost are not worth another flow.
const BASE_FEE_SHARE: u64 = 200;
