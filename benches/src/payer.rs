//! Payments seen through on hidden balances: what is asked, how it went, and ours as a payer.

use std::time::Duration;

use engine::belief::Prior;
use engine::cost::CostModel;
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::pay::{PayBudget, PayWorld, Payment};
use engine::query::RouteQuery;
use engine::rehearsal::{own_channels, rehearse};
use engine::synthetic::HiddenNetwork;
use primitives::{Msat, UnixTime};

use crate::Query;
use crate::clock::ThreadClock;

/// A payment that is to be seen through.
#[derive(Debug, Clone, Copy)]
pub struct PaymentJob {
    /// Who pays whom what.
    pub query: Query,
    /// How often parts may be sent.
    pub attempt_count_max: u32,
    /// What all fees may come to.
    pub fee_max: Msat,
    /// When it begins.
    pub now: UnixTime,
}

/// How a payment went.
#[derive(Debug, Clone, Default)]
pub struct Paid {
    /// Whether the payee got it.
    pub is_paid: bool,
    /// Whether it was paid without a failed attempt.
    pub is_first_try: bool,
    /// How often parts were sent.
    pub attempt_count: u32,
    /// How many parts.
    pub htlc_count: u32,
    /// What it cost.
    pub fee_msat: u64,
    /// Processor time of each plan.
    pub plan_times: Vec<Duration>,
}

/// How we pay.
#[derive(Debug, Clone, Copy)]
pub struct OurPlanner {
    /// What is thought of balances.
    pub prior: Prior,
    /// What a plan minimises.
    pub cost: CostModel,
    /// Parts at most.
    pub part_count_max: usize,
    /// By what the price of an attempt grows with each that failed.
    pub impatience: u32,
}

impl OurPlanner {
    /// Sees a payment through, knowing nothing but the balances of the payer's own channels and what the beliefs tell, which
    /// learn from it. Balances move where it succeeds.
    pub fn pay(
        &self,
        world: PayWorld<'_>,
        network: &mut HiddenNetwork,
        job: &PaymentJob,
        (clock, space): (&ThreadClock, &mut PlanWorkspace),
    ) -> Paid {
        let snapshot = world.snapshot;
        let Query { payer, payee, amount } = job.query;
        let mut route = RouteQuery { ignore_inbound_fees: true, ..RouteQuery::new(payer, payee, amount) };
        route.cost = self.cost;
        route.limits.fee_max = Some(job.fee_max);
        route.first_channels = Some(own_channels(snapshot, network, &payer));
        let query = PlanQuery { part_count_max: self.part_count_max, ..PlanQuery::new(route) };
        let budget = PayBudget {
            attempt_count_max: job.attempt_count_max,
            impatience: self.impatience,
            ..PayBudget::default()
        };
        let mut payment = Payment::new(query, self.prior, budget);
        let mut plan_times = Vec::new();
        let trial = rehearse(world, network, &mut payment, (job.now, 1), |payment, now| {
            let before = payment.attempt_count();
            let (output, time) = clock.time(|| payment.poll_output(world, now, space));
            if payment.attempt_count() > before || plan_times.is_empty() {
                plan_times.push(time);
            }
            output
        });
        Paid {
            is_paid: trial.is_paid(),
            is_first_try: trial.is_first_try,
            attempt_count: trial.report.attempt_count,
            htlc_count: trial.report.part_count,
            fee_msat: trial.report.fee.to_msat(),
            plan_times,
        }
    }
}
