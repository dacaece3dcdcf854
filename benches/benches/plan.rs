//! What it costs to split a payment, and how far a plan is from what no plan can undercut.
//!
//! The graph is the real one where `FULGURITE_DATA` names a folder that holds it, else one that is made up. Per amount: ends
//! of random channels pay each other until enough payments have a plan; each payment is planned several times and its best
//! time counts, which is the processor time of this thread. Payments that have no plan are timed apart.

use std::time::Duration;

use benches::clock::ThreadClock;
use benches::input::{mainnet_or_made_up, random_ends};
use benches::summary::{Summary, micros};
use engine::flow::{Plan, PlanError, PlanQuery, PlanWorkspace, plan};
use engine::query::RouteQuery;
use engine::snapshot::Snapshot;
use primitives::Msat;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn main() {
    let snapshot = mainnet_or_made_up().expect("a graph that is well formed");
    println!("{} nodes, {} channels", snapshot.node_count(), snapshot.channel_count());
    println!(
        "{:>12} {:>6} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6} {:>9} {:>9} {:>9} {:>8} {:>8}",
        "sat",
        "plans",
        "p50_us",
        "p99_us",
        "max_us",
        "mean_us",
        "parts",
        "paths",
        "gap_p50",
        "gap_p99",
        "gap_max",
        "no_plan",
        "p50_us"
    );
    // Without the argument that cargo gives to benches, this is a test that it runs at all.
    let plan_count = if std::env::args().any(|argument| argument == "--bench") { PLAN_COUNT } else { 1 };
    for exponent in 2..=8 {
        measure(&snapshot, 10u64.pow(exponent), plan_count);
    }
}

fn measure(snapshot: &Snapshot, sat: u64, plan_count: usize) {
    let clock = ThreadClock::calibrate();
    let mut rng = ChaCha8Rng::seed_from_u64(sat);
    let mut space = PlanWorkspace::default();
    let (mut times, mut refusals, mut plans) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..QUERY_COUNT_MAX {
        if plans.len() == plan_count {
            break;
        }
        let query = random_query(snapshot, &mut rng, Msat::from_msat(sat * 1000));
        let (result, time) = best_of(&clock, snapshot, &query, &mut space);
        match result {
            Ok(plan) => {
                times.push(time);
                plans.push(plan);
            }
            Err(_) => refusals.push(time),
        }
    }
    let (planned, refused) = (Summary::of(times), Summary::of(refusals));
    let mut gaps: Vec<f64> = plans.iter().map(gap).collect();
    gaps.sort_by(f64::total_cmp);
    let at = |share: f64| {
        gaps.get((gaps.len().saturating_sub(1) as f64 * share) as usize).map_or(0.0, |gap| gap * 100.0)
    };
    let mean = |count: &dyn Fn(&Plan) -> u64| {
        plans.iter().map(count).sum::<u64>() as f64 / plans.len().max(1) as f64
    };
    println!(
        "{sat:>12} {:>6} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>6.1} {:>6.1} {:>8.4}% {:>8.4}% {:>8.4}% {:>8} {:>8.1}",
        planned.count,
        micros(planned.p50_ns),
        micros(planned.p99_ns),
        micros(planned.max_ns),
        micros(planned.mean_ns),
        mean(&|plan| plan.parts.len() as u64),
        mean(&|plan| plan.counts.augmentations),
        at(0.5),
        at(0.99),
        at(1.0),
        refused.count,
        micros(refused.p50_ns),
    );
}

fn best_of(
    clock: &ThreadClock,
    snapshot: &Snapshot,
    query: &PlanQuery,
    space: &mut PlanWorkspace,
) -> (Result<Plan, PlanError>, Duration) {
    let (result, mut best) = clock.time(|| plan(snapshot, query, space));
    for _ in 1..PASS_COUNT {
        best = best.min(clock.time(|| plan(snapshot, query, space)).1);
    }
    (result, best)
}

/// How much dearer a plan is than what none can undercut.
fn gap(plan: &Plan) -> f64 {
    plan.least_cost.map_or(0.0, |least| (plan.cost as f64 - least as f64) / least.max(1) as f64)
}

fn random_query(snapshot: &Snapshot, rng: &mut ChaCha8Rng, amount: Msat) -> PlanQuery {
    let [payer, payee] = random_ends(snapshot, rng);
    PlanQuery::new(RouteQuery { ignore_inbound_fees: true, ..RouteQuery::new(payer, payee, amount) })
}

/// Payments with a plan per amount.
const PLAN_COUNT: usize = 1000;
/// Of large amounts, most random pairs cannot pay each other.
const QUERY_COUNT_MAX: usize = 4000;
/// Timings of each payment.
const PASS_COUNT: usize = 5;
