//! The state machine of one payment.

use std::collections::VecDeque;

use primitives::{Msat, ShortChannelIdDir, UnixTime};

use super::budget::PayBudget;
use super::event::{PayEnd, PayInput, PayOutput, PayReport};
use super::lesson::{Lessons, behind_blinding, narrow_extra_arc, narrow_first_channel};
use super::part::{PartId, SentPart, attempted, hold, hold_unreserved};
use super::rest::{Rest, rest_query};
use super::world::PayWorld;
use crate::belief::{Advice, AttemptedHop, Blame, FailureCode, Outcome, Permanence, Prior};
use crate::flow::{
    BelievedLiquidity, Cut, InFlight, MaximumRule, Plan, PlanError, PlanQuery, PlanWorkspace, first_stage,
    most_sendable_with, plan_with,
};
use crate::snapshot::Snapshot;

/// A payment that goes on.
#[derive(Debug)]
pub struct Payment {
    /// As it was asked for, and what has been learnt to avoid since.
    query: PlanQuery,
    prior: Prior,
    budget: PayBudget,
    /// They know the query as it was asked for, too.
    lessons: Lessons,
    /// Parts on the way, in the order they were sent.
    parts: Vec<SentPart>,
    /// Parts of the last plan that are yet to be handed out; they are among those on the way.
    outbox: VecDeque<SentPart>,
    settled: Msat,
    settled_fee: Msat,
    attempt_count: u32,
    part_count: u32,
    next_id: u32,
    /// Why nothing is sent any more; told when nothing is on the way.
    end: Option<PayEnd>,
    is_over: bool,
    /// No plan was found beside what is on the way: not asked again before something comes back.
    is_stuck: bool,
    /// When the next stage is planned even if nothing comes back of the last one.
    next_stage: Option<UnixTime>,
}

impl Payment {
    /// A payment of the query's amount. First channels' balances are those before it begins: the payment itself takes off
    /// them what it sends. Where the query counts reservations, whoever drives the payment reserves each part before it asks
    /// for more, and releases it before it tells what became of it: the parts on the way are taken to be among what is reserved.
    pub fn new(query: PlanQuery, prior: Prior, budget: PayBudget) -> Self {
        Payment {
            lessons: Lessons::new(&query),
            query,
            prior,
            budget,
            parts: Vec::new(),
            outbox: VecDeque::new(),
            settled: Msat::ZERO,
            settled_fee: Msat::ZERO,
            attempt_count: 0,
            part_count: 0,
            next_id: 0,
            end: None,
            is_over: false,
            is_stuck: false,
            next_stage: None,
        }
    }

    /// Takes what became of a part, and lets the beliefs learn from it. The advice is what the caller may act upon beyond
    /// this payment: apply an enclosed `channel_update`, remember that a node is gone. `None` where no such part is on the
    /// way, which changes nothing. O(hops of all parts on the way).
    pub fn handle(&mut self, world: PayWorld<'_>, now: UnixTime, input: PayInput) -> Option<Advice> {
        let PayInput { part: id, outcome } = input;
        let place = self.parts.iter().position(|part| part.id == id)?;
        if outcome == Outcome::Reached {
            // The payee holds it, or is about to refuse it, of which another input tells.
            let part = &self.parts[place];
            let hops = attempted(part, None, &InFlight::default(), world, &self.query.route);
            return Some(world.beliefs.learn(&hops, outcome, now));
        }
        self.outbox.retain(|part| part.id != id);
        let part = self.parts.remove(place);
        self.is_stuck = false;
        self.next_stage = None;
        let others = hold(self.parts.iter(), world.snapshot, &self.query.route);
        let hops = attempted(&part, outcome.failed_hop(), &others, world, &self.query.route);
        let advice = world.beliefs.learn(&hops, outcome, now);
        if outcome == Outcome::Settled {
            self.settled = self.settled.saturating_add(part.part.amount);
            self.settled_fee = self.settled_fee.saturating_add(part.part.fee);
        } else {
            self.learn(world.snapshot, advice, outcome, (&part, &hops));
        }
        if self.settled > Msat::ZERO || self.end.is_some() {
            self.withdraw();
        }
        Some(advice)
    }

    /// Takes back what is not handed out yet.
    fn withdraw(&mut self) {
        let outbox = std::mem::take(&mut self.outbox);
        self.parts.retain(|part| outbox.iter().all(|kept| kept.id != part.id));
    }

    fn learn(
        &mut self,
        snapshot: &Snapshot,
        mut advice: Advice,
        outcome: Outcome,
        (part, hops): (&SentPart, &[AttemptedHop]),
    ) {
        if let Outcome::Failed { erring_node, code } = outcome
            && Blame::of(code) == Blame::Liquidity
            && let (Some(hop), Some(asked)) = (part.part.hops.get(erring_node), hops.get(erring_node))
        {
            let asked = asked.amount.saturating_add(asked.in_flight);
            let is_extra = narrow_extra_arc(hop, asked, &mut self.query.route);
            let is_first = erring_node == 0 && {
                let is_sent = |part: &&SentPart| self.outbox.iter().all(|kept| kept.id != part.id);
                let first_hops = self.parts.iter().filter(is_sent).filter_map(|part| part.part.hops.first());
                let beside = first_hops.filter(|first| first.short_channel_id == hop.short_channel_id);
                let asked = beside.fold(hop.amount, |sum, first| sum.saturating_add(first.amount));
                narrow_first_channel(hop, asked, &mut self.query.route)
            };
            let next = PartId(self.next_id);
            if is_first && self.lessons.refuses_again(hop.short_channel_id, part.id, next) {
                advice = Advice::AvoidChannel { hop: 0, permanence: Permanence::Temporary };
            } else if is_extra || is_first {
                return;
            }
        }
        let policy_of = |channel: ShortChannelIdDir| {
            let known = snapshot.channel(channel.short_channel_id)?;
            snapshot.policy(known.arc(channel.direction))
        };
        let lesson = if let (Advice::AvoidBlindedPath, Some(node)) = (advice, outcome.failed_hop()) {
            let is_announced = |short_channel_id| snapshot.channel(short_channel_id).is_some();
            behind_blinding(node, part, &self.query.route, is_announced)
        } else {
            Some(advice)
        };
        match lesson {
            Some(lesson) => {
                self.lessons.apply(lesson, part, PartId(self.next_id), policy_of, &mut self.query);
            }
            None => _ = self.end.get_or_insert(PayEnd::BlindedPath),
        }
        if let (Advice::Payee(_), Outcome::Failed { code, .. }) = (advice, outcome)
            && !passes_by_itself(code)
        {
            self.end.get_or_insert(PayEnd::Refused { code });
        }
    }

    /// What is to be done next; `None` where there is nothing to do before the next input or [`Payment::next_wakeup`].
    /// Plans where something is missing.
    pub fn poll_output(
        &mut self,
        world: PayWorld<'_>,
        now: UnixTime,
        space: &mut PlanWorkspace,
    ) -> Option<PayOutput> {
        if self.is_over {
            return None;
        }
        if self.end.is_none() && self.has_to_send() && self.is_past_deadline(now) {
            self.end = Some(PayEnd::Deadline);
            self.withdraw();
        }
        if self.outbox.is_empty() && self.is_missing() && self.end.is_none() {
            self.go_on(world, now, space);
        }
        if let Some(part) = self.outbox.pop_front() {
            self.part_count += 1;
            return Some(PayOutput::Send(part));
        }
        self.parts.is_empty().then(|| PayOutput::End(self.finish()))
    }

    /// When the payment must be asked again even if nothing happens, where something is yet to be sent: for its next stage, and
    /// at its deadline. Later than the time at which [`Payment::poll_output`] had nothing to do.
    pub fn next_wakeup(&self) -> Option<UnixTime> {
        let moments = self.next_stage.into_iter().chain(self.budget.deadline);
        moments.min().filter(|_| self.has_to_send() && !self.is_over && self.end.is_none())
    }

    /// What the payee is to get in all.
    pub fn amount(&self) -> Msat {
        self.query.route.amount
    }

    /// The parts on the way.
    pub fn parts_in_flight(&self) -> &[SentPart] {
        &self.parts
    }

    /// What is on the way and what is settled, in all.
    pub fn committed(&self) -> Msat {
        self.parts.iter().fold(self.settled, |sum, part| sum.saturating_add(part.part.amount))
    }

    /// What that costs.
    pub fn committed_fee(&self) -> Msat {
        self.parts.iter().fold(self.settled_fee, |sum, part| sum.saturating_add(part.part.fee))
    }

    /// How often parts were sent.
    pub fn attempt_count(&self) -> u32 {
        self.attempt_count
    }

    fn is_missing(&self) -> bool {
        // A payment of nothing is missing, too: planning it says what is wrong with it.
        let amount = self.query.route.amount;
        self.settled == Msat::ZERO && (self.committed() < amount || amount == Msat::ZERO)
    }

    /// Whether something is yet to be planned or to be handed out.
    fn has_to_send(&self) -> bool {
        self.is_missing() || !self.outbox.is_empty()
    }

    fn is_past_deadline(&self, now: UnixTime) -> bool {
        self.budget.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// How many parts may be sent beside those on the way.
    fn free_part_count(&self) -> usize {
        self.query.part_count_max.saturating_sub(self.parts.len())
    }

    /// Plans what is missing, or finds out why it cannot be.
    fn go_on(&mut self, world: PayWorld<'_>, now: UnixTime, space: &mut PlanWorkspace) {
        if self.attempt_count >= self.budget.attempt_count_max {
            let attempt_count_max = self.budget.attempt_count_max;
            self.end = Some(PayEnd::AttemptLimit { attempt_count_max });
            return;
        }
        if self.is_stuck || self.next_stage.is_some_and(|moment| now < moment) {
            return;
        }
        self.next_stage = None;
        if self.free_part_count() == 0 && !self.parts.is_empty() {
            self.is_stuck = true;
            return;
        }
        match self.plan_rest(world, now, space) {
            Ok(plan) => self.send(plan, now),
            Err(error) => {
                // A plan that is too dear shows that it is possible.
                let is_possible = matches!(error, PlanError::FeeLimit { .. });
                let proof = if is_possible { None } else { self.prove_impossible(world, now, space) };
                let proof = proof.map(PayEnd::Impossible);
                // What is on the way may be in the way: then it has to come back first. The payee does not wait for ever.
                self.is_stuck = !self.parts.is_empty();
                self.end = proof.or_else(|| (!self.is_stuck).then_some(PayEnd::NoPlan(error)));
            }
        }
    }

    fn plan_rest(
        &self,
        world: PayWorld<'_>,
        now: UnixTime,
        space: &mut PlanWorkspace,
    ) -> Result<Plan, PlanError> {
        let in_flight = hold_unreserved(&self.parts, world.snapshot, &self.query.route);
        let limits = &self.query.route.limits;
        let fee_limit = limits.fee_limit(self.query.route.amount);
        let rest = Rest {
            missing: self.query.route.amount.saturating_sub(self.committed()),
            fee_max: match fee_limit {
                Msat::MAX => Msat::MAX,
                limit => limit.saturating_sub(self.committed_fee()),
            },
            part_count_max: self.free_part_count(),
            impatience: self.budget.dearness(self.attempt_count),
        };
        let mut query = rest_query(&self.query, rest, &self.parts);
        let in_flight = (!self.parts.is_empty()).then_some(&in_flight);
        let liquidity = BelievedLiquidity { beliefs: world.beliefs.view(now), prior: self.prior, in_flight };
        let mut looser = match query.maximum_rule {
            MaximumRule::Together => LOOSER_RULES.iter(),
            MaximumRule::Times(_) | MaximumRule::Each => [].iter(),
        };
        let mut too_dear = None;
        let plan = loop {
            let error = match plan_with(world.snapshot, &query, liquidity, space) {
                Ok(plan) => break plan,
                Err(error @ PlanError::Query(_)) => return Err(error),
                Err(error) => error,
            };
            if matches!(error, PlanError::FeeLimit { .. }) {
                too_dear.get_or_insert_with(|| error.clone());
            }
            let Some(&rule) = looser.next() else { return Err(too_dear.unwrap_or(error)) };
            query.maximum_rule = rule;
        };
        if self.attempt_count + 1 == self.budget.attempt_count_max || rest.part_count_max < 2 {
            return Ok(plan);
        }
        // What a stage leaves over needs a part, and no part is below the minimum.
        let stage = first_stage(world.snapshot, &query, liquidity, &plan, space)?.filter(|stage| {
            let left = rest.missing.saturating_sub(stage.amount);
            stage.parts.len() < rest.part_count_max && left >= query.part_min
        });
        Ok(stage.unwrap_or(plan))
    }

    /// The cut that would be in the way even if nothing were on it and nothing left out but what the payer leaves out itself.
    fn prove_impossible(&self, world: PayWorld<'_>, now: UnixTime, space: &mut PlanWorkspace) -> Option<Cut> {
        let liquidity = BelievedLiquidity::new(world.beliefs.view(now), self.prior);
        let mut query = PlanQuery { maximum_rule: MaximumRule::Each, ..self.lessons.unlearnt(&self.query) };
        // What is in flight comes back, the parts that are on the way included.
        query.route.reservations = None;
        let (most, cut) = most_sendable_with(world.snapshot, &query, liquidity, space).ok()?;
        (cut.is_known && most < self.query.route.amount).then_some(cut)
    }

    fn send(&mut self, plan: Plan, now: UnixTime) {
        self.attempt_count += 1;
        if self.committed().saturating_add(plan.amount) < self.query.route.amount {
            self.next_stage = Some(UnixTime::from_secs(now.to_secs().saturating_add(self.budget.stage_secs)));
        }
        for part in plan.parts {
            let part = SentPart { id: PartId(self.next_id), part };
            self.next_id += 1;
            self.parts.push(part.clone());
            self.outbox.push_back(part);
        }
    }

    fn finish(&mut self) -> PayReport {
        self.is_over = true;
        let end = match self.end.take() {
            Some(end) if self.settled == Msat::ZERO => end,
            _ => PayEnd::Paid,
        };
        PayReport {
            end,
            settled: self.settled,
            fee: self.settled_fee,
            attempt_count: self.attempt_count,
            part_count: self.part_count,
        }
    }
}

/// Whether a payee that says so may take the same a little later (BOLT 4, "Receiving Failure Codes": without `PERM` the payer may try
/// again, if it understands the code). Others want something else: another hash, another fee, another last channel.
fn passes_by_itself(code: FailureCode) -> bool {
    matches!(
        code,
        FailureCode::TemporaryNodeFailure
            | FailureCode::TemporaryTrampolineFailure
            | FailureCode::FinalExpiryTooSoon
            | FailureCode::MppTimeout
    )
}

/// What channels' maxima are taken for where they leave no plan. A channel may well carry a few HTLCs of the largest size, but
/// hardly all that its capacity has room for.
const LOOSER_RULES: [MaximumRule; 2] = [MaximumRule::Times(4), MaximumRule::Each];
