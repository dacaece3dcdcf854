//! Flows over what is believed, with biases of layers: against the obvious solver on small worlds, whose costs are computed
//! anew from the priors' formulas, and by their certificates on the real graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::belief::{
    Beliefs, Bimodal, HalfLives, HeldBeliefs, Liquidity, LiquidityRange, PENALTY_FRACTION_BITS, Prior,
};
use engine::flow::{
    BelievedLiquidity, ExplicitArc, InFlight, Plan, PlanError, PlanQuery, PlanWorkspace, SLOPE_MAX,
    most_sendable_with, plan, plan_with, relaxed_flow,
};
use engine::graph::ArcIdx;
use engine::query::RouteQuery;
use engine::snapshot::Snapshot;
use primitives::{Msat, NodeId, UnixTime};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tests::mainnet::mainnet;
use tests::network::{Draw, network, node};

use super::biases::{Biases, stack};
use super::mainnet::random_query;
use super::obvious;

pub(super) const NOW: UnixTime = UnixTime::from_secs(1_000_000);

fn arcs(snapshot: &Snapshot) -> impl Iterator<Item = ArcIdx> {
    (0..2 * snapshot.channel_count() as u32).map(ArcIdx::from_u32)
}

/// A few nodes with many channels, so that flow has choices.
pub(super) fn random_world(rng: &mut ChaCha8Rng) -> (Snapshot, u32) {
    let node_count = rng.random_range(3..9);
    let channel_count = rng.random_range(node_count..3 * node_count);
    let draw = Draw { capacity_sat: 1_000..3_000_000, fee: 0..2000, cltv: 0..150 };
    (network(node_count, channel_count, &draw, rng), node_count)
}

/// Something about a third of all channels, and some HTLCs on the way.
pub(super) fn random_beliefs(snapshot: &Snapshot, rng: &mut ChaCha8Rng) -> (Beliefs, InFlight) {
    let (beliefs, mut in_flight) = (Beliefs::new(snapshot, HalfLives::default()), InFlight::default());
    for arc in arcs(snapshot) {
        let capacity = beliefs.capacity(arc.channel()).unwrap();
        let mut share = || Msat::from_msat((capacity.to_msat() as f64 * rng.random::<f64>()) as u64);
        let (one, two) = (share(), share());
        let then = UnixTime::from_secs(NOW.to_secs() - rng.random_range(0..50_000));
        let kind = rng.random_range(0..12);
        beliefs.update(arc.channel(), then, |bounds, at| match kind {
            0 => bounds.carried(arc.direction(), one, at),
            1 => bounds.refused(arc.direction(), one, at),
            2 => bounds.carried(arc.direction(), one.min(two), at).refused(arc.direction(), one.max(two), at),
            3 => bounds.balance(arc.direction(), one, at),
            _ => bounds,
        });
        if rng.random_range(0..20) == 0 {
            in_flight.add(arc, Msat::from_msat(one.to_msat() / 3));
        }
    }
    (beliefs, in_flight)
}

pub(super) fn random_prior(rng: &mut ChaCha8Rng) -> Prior {
    match rng.random_range(0..3) {
        0 => Prior::Uniform,
        1 => Prior::Bimodal(Bimodal::default()),
        _ => Prior::Bimodal(Bimodal::new(Msat::from_msat(1000 * rng.random_range(1_000..1_000_000)))),
    }
}

/// What an arc may carry beside what is held: surely, at most.
fn spare(range: LiquidityRange, capacity: Msat) -> (u64, u64) {
    let upper = range.upper.min(capacity).saturating_sub(range.held);
    (range.lower.saturating_sub(range.held).min(upper).to_msat(), upper.to_msat())
}

/// The natural logarithm of the improbability that an arc carries `amount` beside what is held.
fn nats(prior: Prior, range: LiquidityRange, capacity: Msat, amount: u64) -> f64 {
    let (lower, upper) = spare(range, capacity);
    let whole = |spare: u64| range.held.saturating_add(Msat::from_msat(spare));
    let penalty = prior.penalty(whole(amount), (whole(lower), whole(upper)), capacity);
    penalty as f64 / (1u64 << PENALTY_FRACTION_BITS) as f64
}

/// The pieces of an arc by the documented model, in floating point: knots at the shares of what is unknown, or of what the
/// whole amount takes of it, and the least chord over each; all of it times what a bias makes of it, up to the greatest slope.
fn pieces(
    world: (&Snapshot, BelievedLiquidity<'_>),
    query: &RouteQuery,
    (arc, tail): (ArcIdx, NodeId),
    weight: f64,
) -> Vec<(u64, u64)> {
    let (snapshot, liquidity) = world;
    let policy = snapshot.policy(arc).unwrap();
    let capacity = snapshot.capacity(arc.channel()).unwrap();
    let range = liquidity.range(arc, capacity);
    let amount = query.amount.to_msat();
    let unit = amount.div_ceil(1000);
    let units = amount.div_ceil(unit) as f64;
    let mut linear = (500 + amount / 5000) as f64 / units;
    if tail != query.payer {
        let blocks = f64::from(policy.cltv_expiry_delta.to_blocks());
        linear +=
            policy.fee.of(query.amount).unwrap().to_msat() as f64 / units + unit as f64 * blocks * 15e-9;
    }
    let lambda = (100_000 + amount / 1000) as f64;
    let (lower, upper) = spare(range, capacity);
    let is_uniform = liquidity.prior() == Prior::Uniform;
    let top = if is_uniform { upper } else { upper.min((amount + amount / 8).max(lower)) };
    let width = top - lower;
    let knots = [lower, lower + width / 2, top - width / 5, top - width / 20, top];
    let of = |at: u64| match is_uniform && at == top && at > lower {
        // The model ends at the logarithm of what is unknown instead of at infinity.
        true => 20f64.ln() + ((width / 20 + 1) as f64).ln(),
        false => nats(liquidity.prior(), range, capacity, at),
    };
    let values = knots.map(of);
    let chord = |left: usize, right: usize, at: usize| {
        let share = (knots[at] - knots[left]) as f64 / (knots[right] - knots[left]) as f64;
        values[left] + (values[right] - values[left]) * share
    };
    let hull = |at: usize| {
        let spans = (0..=at).flat_map(|left| (at..5).map(move |right| (left, right)));
        let spans = spans.filter(|&(left, right)| knots[left] < knots[right]);
        spans.map(|(left, right)| chord(left, right, at)).fold(values[at], f64::min)
    };
    let mut ends = knots;
    ends[4] = upper;
    let most = spare(range, capacity).1.min(policy.htlc_maximum_msat.saturating_sub(range.held).to_msat());
    // A unit goes at the price of an arc's first msat, or none does.
    let is_aside = most < unit || lower < unit && (upper - lower) / 2 < unit;
    let least = u64::from(lower > 0);
    let (mut list, mut begin, mut last) = (Vec::new(), 0, 0);
    for at in 0..5 {
        let end = if is_aside { 0 } else { (ends[at].min(most) / unit).max(least) };
        let rise = if at == 0 || knots[at] == knots[at - 1] {
            0.0
        } else {
            lambda * unit as f64 * (hull(at) - hull(at - 1)) / (knots[at] - knots[at - 1]) as f64
        };
        let [rise, linear] = [rise, linear].map(|cost| cost * f64::from(1 << 20));
        let slope = (linear + rise.min((SLOPE_MAX / 4) as f64)) * weight;
        let slope = (slope as u64).min(SLOPE_MAX).max(last);
        list.push((end - begin, slope));
        (begin, last) = (end, slope);
    }
    list
}

fn compare(seed: u64, space: &mut PlanWorkspace) -> (bool, bool) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (snapshot, node_count) = random_world(&mut rng);
    let (beliefs, in_flight) = random_beliefs(&snapshot, &mut rng);
    let prior = random_prior(&mut rng);
    let liquidity = BelievedLiquidity { beliefs: beliefs.view(NOW), prior, in_flight: Some(&in_flight) };
    let (payer, payee) = (0, rng.random_range(1..node_count));
    let amount = Msat::from_msat(1000 * rng.random_range(100..1_500_000));
    let mut route = RouteQuery::new(node(payer), node(payee), amount);
    let biases = rng.random::<bool>().then(|| Biases::random(&snapshot, &mut rng));
    route.layers = biases.as_ref().map(stack);
    let numbers: BTreeMap<NodeId, u32> = (0..node_count).map(|number| (node(number), number)).collect();
    let ends = |arc: ArcIdx| [snapshot.tail(arc), snapshot.head(arc)].map(|end| snapshot.node_id(end));
    let explicit: Vec<ExplicitArc> = arcs(&snapshot)
        .map(|arc| {
            let [tail, head] = ends(arc);
            let weight = biases.as_ref().map_or(1.0, |biases| biases.weight(&snapshot, arc));
            let pieces = pieces((&snapshot, liquidity), &route, (arc, tail), weight);
            ExplicitArc { tail: numbers[&tail], head: numbers[&head], pieces }
        })
        .collect();
    let unit = amount.to_msat().div_ceil(1000);
    let units = amount.to_msat().div_ceil(unit);
    let (sent, cost) = obvious::min_cost_flow(node_count, &explicit, payer, payee, units);
    match relaxed_flow(&snapshot, &PlanQuery::new(route), liquidity, space) {
        Ok((found, checked)) => {
            assert_eq!(checked, Ok(()), "seed {seed}");
            assert_eq!(sent, units, "seed {seed}");
            let known = cost as f64 / f64::from(1 << 20);
            let is_near = (found.cost as f64 - known).abs() <= 2.0 + known * 2e-5;
            assert!(is_near, "seed {seed}: {} for {known}", found.cost);
            (true, prior != Prior::Uniform)
        }
        Err(PlanError::Cut(cut)) => {
            assert!(sent < units, "seed {seed}: {cut:?}");
            (false, false)
        }
        Err(error) => panic!("seed {seed}: {error}"),
    }
}

#[test]
fn flows_over_beliefs_cost_what_the_obvious_solver_finds() {
    let results: Vec<(bool, bool)> = (0..3000)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| compare(seed, space))
        .collect();
    let sent = results.iter().filter(|result| result.0).count();
    let bimodal = results.iter().filter(|result| result.1).count();
    assert!(sent > 1000 && sent < 2900 && bimodal > 500, "{sent} sent, {bimodal} of them bimodal");
}

/// Plans the same payment by beliefs that the query holds and by the same ones told beside it; the number of parts, 0 where
/// there is no plan.
fn plan_both_ways(seed: u64, space: &mut PlanWorkspace) -> usize {
    let mut rng = ChaCha8Rng::seed_from_u64(!seed);
    let (snapshot, node_count) = random_world(&mut rng);
    let (beliefs, _) = random_beliefs(&snapshot, &mut rng);
    let (prior, beliefs) = (random_prior(&mut rng), Arc::new(beliefs));
    let amount = [rng.random_range(1..100_000), rng.random_range(100_000..2_000_000_000)];
    let amount = Msat::from_msat(amount[rng.random_range(0..2)]);
    let mut query = PlanQuery::new(RouteQuery::new(node(0), node(rng.random_range(1..node_count)), amount));
    query.route.limits.hop_count_max = rng.random_range(1..6);
    query.part_count_max = rng.random_range(1..4);
    let told = BelievedLiquidity::new(beliefs.view(NOW), prior);
    let mut holding = query.clone();
    holding.route.beliefs = Some(HeldBeliefs { prior, ..HeldBeliefs::new(beliefs.clone(), NOW) });
    let [told, held] = [plan_with(&snapshot, &query, told, space), plan(&snapshot, &holding, space)].map(
        |plan| match plan {
            Ok(plan) => Ok((plan.parts, plan.cost, plan.least_cost, plan.probability)),
            Err(error) => Err(error),
        },
    );
    assert_eq!(told, held, "seed {seed}: {query:?}");
    told.map_or(0, |told| told.0.len())
}

#[test]
fn beliefs_that_a_query_holds_count_like_those_that_are_told_beside_it() {
    let results: Vec<usize> = (0..3000)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| plan_both_ways(seed, space))
        .collect();
    let count = |range: std::ops::Range<usize>| results.iter().filter(|count| range.contains(count)).count();
    let [none, single, split] = [count(0..1), count(1..2), count(2..9)];
    assert!(
        none > 100 && single > 500 && split > 50,
        "{none} without a plan, {single} single, {split} split"
    );
}

/// What each arc carries in all.
pub(super) fn loads(snapshot: &Snapshot, plan: &Plan) -> BTreeMap<u32, Msat> {
    let mut loads = BTreeMap::new();
    for hop in plan.parts.iter().flat_map(|part| &part.hops) {
        let arc = snapshot.channel(hop.short_channel_id).unwrap().arc(hop.direction);
        let load = loads.entry(arc.to_u32()).or_insert(Msat::ZERO);
        *load = load.saturating_add(hop.amount);
    }
    loads
}

/// How likely an arc carries a load; an error where it cannot.
pub(super) fn chance(
    snapshot: &Snapshot,
    liquidity: BelievedLiquidity<'_>,
    arc: ArcIdx,
    load: Msat,
) -> Result<f64, String> {
    let most = snapshot.policy(arc).unwrap().htlc_maximum_msat;
    let capacity = snapshot.capacity(arc.channel()).unwrap_or(most);
    let range = liquidity.range(arc, capacity);
    let (lower, upper) = spare(range, capacity);
    if load.to_msat() > upper || load > most.saturating_sub(range.held) {
        return Err(format!("{load} over an arc with {upper} of {most}, {range:?}"));
    }
    Ok(match liquidity.prior() {
        _ if load.to_msat() <= lower => 1.0,
        Prior::Uniform => ((upper + 1 - load.to_msat()) as f64) / ((upper + 1 - lower) as f64),
        prior => (-nats(prior, range, capacity, load.to_msat())).exp(),
    })
}

fn check(snapshot: &Snapshot, liquidity: BelievedLiquidity<'_>, plan: &Plan) -> Result<(), String> {
    let mut probability = 1.0;
    for (arc, load) in loads(snapshot, plan) {
        probability *= chance(snapshot, liquidity, ArcIdx::from_u32(arc), load)?;
    }
    let is_near = (plan.probability - probability).abs() <= 1e-9 + probability * 1e-6;
    let is_bounded = plan.least_cost.is_none_or(|least| least <= plan.cost);
    match (is_near, is_bounded) {
        (true, true) => Ok(()),
        (false, _) => Err(format!("probability {} instead of {probability}", plan.probability)),
        (_, false) => Err(format!("cost {} below {:?}", plan.cost, plan.least_cost)),
    }
}

#[test]
fn plans_over_beliefs_keep_within_them_and_certificates_hold() {
    let Some(snapshot) = mainnet() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let worlds: Vec<_> = (0..4).map(|_| random_beliefs(snapshot, &mut rng)).collect();
    let found: Vec<(bool, bool)> = (0..1500u64)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| {
            let (beliefs, in_flight) = &worlds[seed as usize % worlds.len()];
            let prior = random_prior(&mut ChaCha8Rng::seed_from_u64(seed));
            let liquidity =
                BelievedLiquidity { beliefs: beliefs.view(NOW), prior, in_flight: Some(in_flight) };
            let query = random_query(snapshot, 40_000 + seed);
            if seed % 3 == 0 {
                match relaxed_flow(snapshot, &query, liquidity, space) {
                    Ok((_, checked)) => assert_eq!(checked, Ok(()), "{query:?}"),
                    Err(PlanError::Cut(_)) => {}
                    Err(error) => panic!("{error}: {query:?}"),
                }
            }
            match plan_with(snapshot, &query, liquidity, space) {
                Ok(plan) => {
                    assert_eq!(check(snapshot, liquidity, &plan), Ok(()), "{prior:?}, {query:?}");
                    (true, plan.parts.len() > 1)
                }
                Err(PlanError::Cut(cut)) => {
                    let most = most_sendable_with(snapshot, &query, liquidity, space).unwrap().0;
                    assert!(most < query.route.amount && most <= cut.capacity, "{most}, {cut:?}, {query:?}");
                    (false, false)
                }
                Err(_) => (false, false),
            }
        })
        .collect();
    let count = |is: fn(&(bool, bool)) -> bool| found.iter().filter(|found| is(found)).count();
    let (planned, split) = (count(|found| found.0), count(|found| found.1));
    println!("{planned} plans, {split} split");
    assert!(planned > 500 && split > 50, "the test tests little: {planned}, {split}");
}

#[test]
fn a_bimodal_prior_does_not_split_what_one_part_does_for_less() {
    let mut space = PlanWorkspace::default();
    let prior = Prior::Bimodal(Bimodal::default());
    let (mut compared, mut whole) = (0, 0);
    for seed in 0..2000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (snapshot, node_count) = random_world(&mut rng);
        let beliefs = Beliefs::new(&snapshot, HalfLives::default());
        let liquidity = BelievedLiquidity::new(beliefs.view(NOW), prior);
        let amount = Msat::from_msat(rng.random_range(10_000_000..1_000_000_000));
        let payee = node(rng.random_range(1..node_count));
        let query = PlanQuery::new(RouteQuery::new(node(0), payee, amount));
        let Ok(plan) = plan_with(&snapshot, &query, liquidity, &mut space) else { continue };
        let alone = PlanQuery { part_count_max: 1, ..query };
        if let Ok(single) = plan_with(&snapshot, &alone, liquidity, &mut space) {
            assert!(
                plan.cost <= single.cost + COST_SLACK,
                "seed {seed}: {} where one part costs {}",
                plan.cost,
                single.cost
            );
            compared += 1;
            whole += u32::from(plan.parts.len() == 1);
        }
    }
    assert!(compared > 500 && whole > 0, "{whole} of {compared} in one part");
}

/// What rounding the slopes of some hops is worth, in msat.
const COST_SLACK: u64 = 50;
