//! Plans on the real graph: the relaxation is solved, every part obeys the channels' policies, and the cost is near what
//! no plan can undercut.

use std::collections::BTreeMap;

use engine::flow::{
    CheckedFlow, Plan, PlanError, PlanQuery, PlanWorkspace, UnknownLiquidity, most_sendable, plan,
    plan_frontier, relaxed_flow, relaxed_flows,
};
use engine::graph::ArcIdx;
use engine::query::RouteQuery;
use engine::snapshot::Snapshot;
use primitives::Msat;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tests::mainnet::mainnet;

/// The `seed`th random payment, of 100 sat to 1 BTC.
pub(super) fn random_query(snapshot: &Snapshot, seed: u64) -> PlanQuery {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Ends of random channels: most nodes have a single small one, which leaves little to plan.
    let mut end =
        || snapshot.tail(ArcIdx::from_u32(rng.random_range(0..2 * snapshot.channel_count() as u32)));
    let (payer, mut payee) = (end(), end());
    while payee == payer {
        payee = end();
    }
    let [payer, payee] = [payer, payee].map(|node| snapshot.node_id(node));
    let sat: f64 = rng.random_range(100f64.ln()..100_000_000f64.ln());
    let amount = Msat::from_msat((sat.exp() * 1000.0) as u64);
    PlanQuery::new(RouteQuery { ignore_inbound_fees: true, ..RouteQuery::new(payer, payee, amount) })
}

/// Prices a plan again from the policies alone: BOLT 7's fees, each HTLC within its bounds, each channel within its
/// capacity.
fn check(snapshot: &Snapshot, query: &PlanQuery, plan: &Plan) -> Result<(), String> {
    let mut sent = BTreeMap::new();
    let (mut delivered, mut fees) = (Msat::ZERO, Msat::ZERO);
    for part in &plan.parts {
        let mut node = query.route.payer;
        let mut before = None;
        for hop in &part.hops {
            let channel = snapshot.channel(hop.short_channel_id).ok_or("no such channel")?;
            let arc = channel.arc(hop.direction);
            if snapshot.node_id(snapshot.tail(arc)) != node
                || snapshot.node_id(snapshot.head(arc)) != hop.node_id
            {
                return Err("the hops are no path".into());
            }
            let policy = snapshot.policy(arc).ok_or("no policy")?;
            if policy.disabled
                || hop.amount < policy.htlc_minimum_msat
                || hop.amount > policy.htlc_maximum_msat
            {
                return Err(format!("{hop:?} is refused by {policy:?}"));
            }
            if let Some(arrived) = before {
                let needed = policy.fee.of(hop.amount).and_then(|fee| fee.checked_add(hop.amount));
                if needed != Some(arrived) {
                    return Err(format!("{hop:?} gets {arrived:?} of {needed:?}"));
                }
            }
            *sent.entry((hop.short_channel_id, hop.direction)).or_insert(Msat::ZERO) = sent
                .get(&(hop.short_channel_id, hop.direction))
                .copied()
                .unwrap_or(Msat::ZERO)
                .saturating_add(hop.amount);
            (before, node) = (Some(hop.amount), hop.node_id);
        }
        let (first, last) = (part.hops.first().ok_or("no hop")?, part.hops.last().ok_or("no hop")?);
        if node != query.route.payee || last.amount != part.amount {
            return Err("a part does not arrive".into());
        }
        if first.amount.saturating_sub(part.amount) != part.fee {
            return Err("a part's fee is wrong".into());
        }
        delivered = delivered.saturating_add(part.amount);
        fees = fees.saturating_add(part.fee);
    }
    for ((scid, _), sent) in &sent {
        let channel = snapshot.channel(*scid).ok_or("no such channel")?;
        if snapshot.capacity(channel).is_some_and(|capacity| *sent > capacity) {
            return Err(format!("{scid} carries {sent}"));
        }
    }
    if delivered != query.route.amount || fees != plan.fee {
        return Err(format!("{delivered} delivered, {fees} of {} fees", plan.fee));
    }
    if plan.parts.len() > query.part_count_max || !(0.0..=1.0).contains(&plan.probability) {
        return Err(format!("{} parts, probability {}", plan.parts.len(), plan.probability));
    }
    match plan.least_cost {
        Some(least) if least > plan.cost => Err(format!("cost {} below {least}", plan.cost)),
        _ => Ok(()),
    }
}

#[derive(Default)]
struct Tally {
    plans: usize,
    split: usize,
    refused: BTreeMap<&'static str, usize>,
    gaps: Vec<f64>,
    wrong: Vec<String>,
}

impl Tally {
    fn merge(mut self, mut other: Tally) -> Tally {
        self.plans += other.plans;
        self.split += other.split;
        for (name, count) in other.refused {
            *self.refused.entry(name).or_default() += count;
        }
        self.gaps.append(&mut other.gaps);
        self.wrong.append(&mut other.wrong);
        self
    }
}

fn name(error: &PlanError) -> &'static str {
    match error {
        PlanError::Query(_) => "query",
        PlanError::Cut(_) => "cut",
        PlanError::NoRoomForFees { .. } => "no room for fees",
        PlanError::HtlcMinimum { .. } => "htlc minimum",
        PlanError::HtlcLimit { .. } => "htlc limit",
        PlanError::TooFewParts { .. } => "too few parts",
        PlanError::FeeLimit { .. } => "fee limit",
        _ => "work limit",
    }
}

fn one(snapshot: &Snapshot, query: &PlanQuery, space: &mut PlanWorkspace) -> Tally {
    let mut tally = Tally::default();
    match plan(snapshot, query, space) {
        Ok(plan) => {
            tally.plans = 1;
            tally.split = usize::from(plan.parts.len() > 1);
            if let Some(least) = plan.least_cost {
                tally.gaps.push((plan.cost as f64 - least as f64) / least.max(1) as f64);
            }
            tally
                .wrong
                .extend(check(snapshot, query, &plan).err().map(|wrong| format!("{wrong}: {query:?}")));
        }
        Err(error) => *tally.refused.entry(name(&error)).or_default() += 1,
    }
    tally
}

/// Of plans within limits drawn at random, to what no plan undercuts.
const GAP_MEAN_MAX: f64 = 0.01;

#[test]
fn plans_obey_every_policy_and_cost_little_more_than_they_must() {
    let Some(snapshot) = mainnet() else { return };
    let tallies = (0..4000)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| one(snapshot, &random_query(snapshot, seed), space));
    let mut tally = tallies.reduce(Tally::default, Tally::merge);
    tally.gaps.sort_by(f64::total_cmp);
    let gap = |share: f64| tally.gaps[((tally.gaps.len() - 1) as f64 * share) as usize];
    println!(
        "{} plans, {} split, refused {:?}, gap p50 {:.5} p90 {:.5} p99 {:.5}",
        tally.plans,
        tally.split,
        tally.refused,
        gap(0.5),
        gap(0.9),
        gap(0.99)
    );
    assert!(tally.wrong.is_empty(), "{} wrong, such as\n{}", tally.wrong.len(), tally.wrong[0]);
    assert!(tally.plans > 1000 && tally.split > 100, "the test tests little");
    assert_eq!(tally.refused.get("work limit"), None);
    let mean = tally.gaps.iter().sum::<f64>() / tally.gaps.len() as f64;
    assert!(mean < GAP_MEAN_MAX, "a mean gap of {mean}");
}

#[test]
fn relaxations_on_the_real_graph_are_solved() {
    let Some(snapshot) = mainnet() else { return };
    let wrong: Vec<String> = (0..1000)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| {
            let query = random_query(snapshot, 10_000 + seed);
            match relaxed_flow(snapshot, &query, UnknownLiquidity, space) {
                Ok((_, Err(violation))) => Some(format!("{violation}: {query:?}")),
                Ok((flow, Ok(()))) if flow.least_cost > flow.cost + 1 => Some(format!("{flow:?}: {query:?}")),
                _ => None,
            }
        })
        .flatten()
        .collect();
    assert!(wrong.is_empty(), "{} wrong, such as\n{}", wrong.len(), wrong[0]);
}

#[test]
fn what_is_sendable_is_planned_and_more_is_cut() {
    let Some(snapshot) = mainnet() else { return };
    let found: Vec<(bool, bool)> = (0..100)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| {
            let mut query = random_query(snapshot, 20_000 + seed);
            query.part_count_max = 400;
            let (most, cut) = most_sendable(snapshot, &query, space).expect("nothing limits it");
            assert_eq!(most, cut.capacity, "a cut is as wide as the flow through it");
            query.route.amount = Msat::from_msat(most.to_msat() + most.to_msat() / 500 + 1);
            let more = plan(snapshot, &query, space);
            assert!(matches!(more, Err(PlanError::Cut(_))), "{most}: {more:?}");
            query.route.amount = Msat::from_msat(most.to_msat() / 10 * 9);
            let is_connected = most > Msat::from_msat(1_000_000);
            (is_connected, is_connected && plan(snapshot, &query, space).is_ok())
        })
        .collect();
    let connected = found.iter().filter(|found| found.0).count();
    let planned = found.iter().filter(|found| found.1).count();
    println!("{planned} of {connected} planned at nine tenths");
    assert!(planned * 10 > connected * 8);
}

#[test]
fn fee_limits_hold_and_frontiers_fall() {
    let Some(snapshot) = mainnet() else { return };
    let mut space = PlanWorkspace::default();
    let (mut limited, mut long) = (0, 0);
    for seed in 0..300 {
        let mut query = random_query(snapshot, 30_000 + seed);
        let Ok(plans) = plan_frontier(snapshot, &query, 12, &mut space) else { continue };
        for pair in plans.windows(2) {
            assert!(pair[0].fee > pair[1].fee && pair[0].probability >= pair[1].probability, "{query:?}");
        }
        long += usize::from(plans.len() > 2);
        let (dear, cheap) = (plans[0].fee, plans[plans.len() - 1].fee);
        if dear > cheap {
            query.route.limits.fee_max = Some(Msat::from_msat((dear.to_msat() + cheap.to_msat()) / 2));
            let plan = plan(snapshot, &query, &mut space).expect("the cheapest plan is within the limit");
            let first =
                &plan_frontier(snapshot, &query, 12, &mut space).expect("there is one plan at least")[0];
            let is_better = first.fee <= plan.fee && first.probability >= plan.probability;
            assert!(first.cost <= plan.cost || is_better, "{query:?}: {} above {}", first.cost, plan.cost);
            assert!(Some(plan.fee) <= query.route.limits.fee_max);
            assert_eq!(check(snapshot, &query, &plan), Ok(()));
            limited += 1;
        }
    }
    println!("{limited} limited, {long} frontiers of three and more");
    assert!(limited > 50 && long > 50);
}

#[test]
fn flows_that_go_on_at_other_prices_cost_what_fresh_ones_do() {
    let Some(snapshot) = mainnet() else { return };
    // Falling, rising, and to nothing.
    let shares = [255, 128, 120, 30, 60, 61, 4, 0, 200];
    let found: Vec<Option<[u64; 2]>> = (0..400u64)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| {
            let query = random_query(snapshot, 70_000 + seed);
            let [fresh, resumed] = [true, false].map(|is_fresh| {
                relaxed_flows(snapshot, &query, UnknownLiquidity, (&shares, is_fresh), space)
            });
            let (fresh, resumed) = (fresh.ok()?, resumed.expect("what is possible stays so"));
            for ((fresh, is_right), (resumed, is_right_again)) in fresh.iter().zip(&resumed) {
                assert_eq!((*is_right, *is_right_again), (Ok(()), Ok(())), "seed {seed}");
                assert_eq!(resumed.cost, fresh.cost, "seed {seed}");
            }
            let work = |flows: &[CheckedFlow]| flows.iter().map(|flow| flow.0.counts.settled).sum();
            Some([work(&fresh), work(&resumed)])
        })
        .collect();
    let sum = |at: usize| found.iter().flatten().map(|work| work[at]).sum::<u64>();
    println!(
        "{} flows, {} nodes settled afresh, {} otherwise",
        found.iter().flatten().count(),
        sum(0),
        sum(1)
    );
    assert!(found.iter().flatten().count() > 100);
    assert!(sum(1) < sum(0), "going on is more work than beginning anew");
}
