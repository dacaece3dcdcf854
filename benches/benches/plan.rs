//! What it costs to split a payment, how far a plan is from what no plan can undercut, and how LDK does at it.
//!
//! The graph is the real one where `FULGURITE_DATA` names a folder that holds it, else one that is made up. Per amount and
//! number of parts: ends of random channels pay each other until enough payments have a plan; each payment is planned
//! several times and its best time counts, which is the processor time of this thread. `once` are the first times instead,
//! `own` those of payers who name their channels and what these hold, and who believe something of a tenth of all channels.
//!
//! A gap is that to what no plan in as many parts as are allowed undercuts, as far as the relaxed optimum proves it: `full`
//! plans have as many, and for those the proof may be far below what is possible. LDK gets the first payments of each
//! amount, with its defaults (mode B of the comparison); `times` is the median of its time by ours for each payment that it
//! answers.

use std::sync::Arc;
use std::time::Duration;

use benches::clock::ThreadClock;
use benches::input::{is_measured, mainnet_or_made_up, random_ends};
use benches::ldk::Ldk;
use benches::summary::{Summary, median, micros};
use benches::{Contender, Mode, Query};
use engine::belief::{AttemptedHop, Beliefs, HalfLives, HeldBeliefs, Outcome};
use engine::flow::{Plan, PlanError, PlanQuery, PlanWorkspace, plan};
use engine::graph::ArcIdx;
use engine::query::{FirstChannel, RouteQuery};
use engine::snapshot::Snapshot;
use primitives::{Msat, UnixTime};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn main() {
    let snapshot = mainnet_or_made_up().expect("a graph that is well formed");
    println!("{} nodes, {} channels", snapshot.node_count(), snapshot.channel_count());
    let (plan_count, ldk_count) = if is_measured() { (PLAN_COUNT, LDK_COUNT) } else { (1, 0) };
    let ldk = (ldk_count > 0)
        .then(|| Ldk::build(&snapshot.topology().to_builder()).expect("a graph that LDK takes"));
    let clock = ThreadClock::calibrate();
    let beliefs = Arc::new(some_beliefs(&snapshot));
    println!(
        "{:>10} {:>5} {:>5} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7} {:>8} | {:>5} {:>9} {:>7}",
        "sat",
        "max",
        "plans",
        "p50_us",
        "p99_us",
        "max_us",
        "mean_us",
        "once_p50",
        "own_p50",
        "parts",
        "paths",
        "full",
        "gap_mean",
        "gap_p50",
        "gap_p90",
        "gap_p99",
        "gap_max",
        "no_plan",
        "p50_us",
        "ldk",
        "p50_us",
        "times"
    );
    for (part_count_max, exponents) in [(10, 8..=8), (16, 2..=8), (300, 7..=8)] {
        for sat in exponents.map(|exponent| 10u64.pow(exponent)) {
            let bench = Bench { snapshot: &snapshot, beliefs: &beliefs, sat, part_count_max };
            let times = bench.plan(plan_count);
            let (mut theirs, mut ratios) = (Vec::new(), Vec::new());
            for (query, ours) in times.iter().take(ldk_count) {
                if let Some(time) = ldk.as_ref().and_then(|ldk| ldk_time(ldk, &clock, query)) {
                    theirs.push(time);
                    ratios.push(time.as_nanos() as f64 / ours.as_nanos().max(1) as f64);
                }
            }
            let theirs = Summary::of(theirs);
            let ratio = median(ratios);
            println!(" | {:>5} {:>9.1} {ratio:>7.1}", theirs.count, micros(theirs.p50_ns));
        }
    }
}

/// One line of the table.
struct Bench<'a> {
    snapshot: &'a Snapshot,
    beliefs: &'a Arc<Beliefs>,
    sat: u64,
    part_count_max: usize,
}

impl Bench<'_> {
    /// Plans and prints; returns the payments that have a plan, and their times.
    fn plan(&self, plan_count: usize) -> Vec<(Query, Duration)> {
        let clock = ThreadClock::calibrate();
        let mut rng = ChaCha8Rng::seed_from_u64(self.sat);
        let mut space = PlanWorkspace::default();
        let (mut times, mut once, mut own) = (Vec::new(), Vec::new(), Vec::new());
        let (mut refusals, mut plans) = (Vec::new(), Vec::new());
        for _ in 0..QUERY_COUNT_MAX {
            if plans.len() == plan_count {
                break;
            }
            let [payer, payee] = random_ends(self.snapshot, &mut rng);
            let query = Query { payer, payee, amount: Msat::from_msat(self.sat * 1000) };
            let (result, [first, best]) = self.time(&clock, &self.query(query), &mut space);
            let Ok(plan) = result else {
                refusals.push(best);
                continue;
            };
            once.push(first);
            times.push((query, best));
            plans.push(plan);
            own.push(self.time(&clock, &self.informed_query(query), &mut space).1[1]);
        }
        self.print(&plans, [times.iter().map(|time| time.1).collect(), once, own, refusals]);
        times
    }

    fn query(&self, Query { payer, payee, amount }: Query) -> PlanQuery {
        let route = RouteQuery { ignore_inbound_fees: true, ..RouteQuery::new(payer, payee, amount) };
        PlanQuery { part_count_max: self.part_count_max, ..PlanQuery::new(route) }
    }

    /// The same of a payer who knows its own balances, all of each channel, and something of others.
    fn informed_query(&self, query: Query) -> PlanQuery {
        let mut informed = self.query(query);
        let first = |arc: ArcIdx| FirstChannel {
            short_channel_id: self.snapshot.short_channel_id(arc.channel()),
            balance: self.snapshot.capacity(arc.channel()).unwrap_or(Msat::ZERO),
        };
        let payer = self.snapshot.node(&query.payer).expect("ends are in the graph");
        let first = self.snapshot.topology().outgoing(payer).map(first).collect();
        informed.route.first_channels = Some(first);
        informed.route.beliefs = Some(HeldBeliefs::new(Arc::clone(self.beliefs), NOW));
        informed
    }

    /// The first and the best time of several.
    fn time(
        &self,
        clock: &ThreadClock,
        query: &PlanQuery,
        space: &mut PlanWorkspace,
    ) -> (Result<Plan, PlanError>, [Duration; 2]) {
        let (result, first) = clock.time(|| plan(self.snapshot, query, space));
        let more = (1..PASS_COUNT).map(|_| clock.time(|| plan(self.snapshot, query, space)).1);
        let best = more.fold(first, Duration::min);
        (result, [first, best])
    }

    fn print(&self, plans: &[Plan], times: [Vec<Duration>; 4]) {
        let [planned, once, own, refused] = times.map(Summary::of);
        let mut gaps: Vec<f64> = plans.iter().map(gap).collect();
        gaps.sort_by(f64::total_cmp);
        let at =
            |share: f64| gaps.get((gaps.len().saturating_sub(1) as f64 * share) as usize).unwrap_or(&0.0);
        let mean = |of: &dyn Fn(&Plan) -> f64| plans.iter().map(of).sum::<f64>() / plans.len().max(1) as f64;
        let is_full = |plan: &Plan| f64::from(u8::from(plan.parts.len() >= self.part_count_max));
        print!(
            "{:>10} {:>5} {:>5} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>6.1} {:>6.1} {:>5.1}% {:>7.3}% {:>7.3}% {:>7.3}% {:>7.3}% {:>7.2}% {:>7} {:>8.1}",
            self.sat,
            self.part_count_max,
            planned.count,
            micros(planned.p50_ns),
            micros(planned.p99_ns),
            micros(planned.max_ns),
            micros(planned.mean_ns),
            micros(once.p50_ns),
            micros(own.p50_ns),
            mean(&|plan| plan.parts.len() as f64),
            mean(&|plan| plan.counts.augmentations as f64),
            100.0 * mean(&is_full),
            mean(&gap),
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0),
            refused.count,
            micros(refused.p50_ns),
        );
    }
}

/// Every tenth channel was seen to carry a tenth of what it can.
fn some_beliefs(snapshot: &Snapshot) -> Beliefs {
    let beliefs = Beliefs::new(snapshot, HalfLives::default());
    for channel in snapshot.channels().step_by(10) {
        let capacity = beliefs.capacity(channel).map_or(0, Msat::to_msat);
        let (amount, in_flight) = (Msat::from_msat(capacity / 10), Msat::ZERO);
        let hop = AttemptedHop { channel, direction: primitives::Direction::NodeOneToTwo, amount, in_flight };
        beliefs.learn(&[hop], Outcome::Reached, NOW);
    }
    beliefs
}

/// LDK's best time, `None` where it has no answer.
fn ldk_time(ldk: &Ldk, clock: &ThreadClock, query: &Query) -> Option<Duration> {
    let request = ldk.request(query, Mode::Defaults).ok()?;
    let times = (0..LDK_PASS_COUNT).map(|_| clock.time(|| ldk.route(&mut (), &request)));
    times.map(|(answer, time)| answer.is_ok().then_some(time)).min()?
}

/// How much dearer a plan is than what none can undercut, in per cent.
fn gap(plan: &Plan) -> f64 {
    let gap = |least: u64| (plan.cost as f64 - least as f64) / least.max(1) as f64;
    100.0 * plan.least_cost.map_or(0.0, gap)
}

/// Payments with a plan per amount.
const PLAN_COUNT: usize = 1000;
/// Of large amounts, most random pairs cannot pay each other.
const QUERY_COUNT_MAX: usize = 4000;
/// Timings of each payment.
const PASS_COUNT: usize = 5;
/// Payments of each amount that LDK gets, and timings of each.
const LDK_COUNT: usize = 200;
const LDK_PASS_COUNT: usize = 2;
/// Any moment.
const NOW: UnixTime = UnixTime::from_secs(1_761_436_800);
