//! What a plan is told to cost at least is never above what it costs.

use engine::flow::{BelievedLiquidity, Plan, PlanQuery, PlanWorkspace, plan_frontier_with, plan_with};
use engine::query::RouteQuery;
use primitives::Msat;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tests::network::{Draw, network, node};

use super::believed::{NOW, random_beliefs, random_prior};
use super::biases::{Biases, stack};

/// By how much a plan costs more than its bound, in msat.
fn gap(seed: u64, plan: &Plan) -> u64 {
    let least = plan.least_cost.expect("no inbound fees");
    plan.cost.checked_sub(least).unwrap_or_else(|| panic!("seed {seed}: {least} bounds {plan:?}"))
}

/// The gaps of the plan, of one within less than its fee, and of those from likely to cheap within both.
fn gaps(seed: u64, is_biased: bool, space: &mut PlanWorkspace) -> Vec<u64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let node_count = rng.random_range(3..9);
    // Fees without a base are rounded most, beside what they are.
    let fee = [0..1, 0..3, 0..2000][rng.random_range(0..3)].clone();
    let draw = Draw { capacity_sat: 10..3_000_000, fee, cltv: 0..150 };
    let snapshot = network(node_count, rng.random_range(node_count..4 * node_count), &draw, &mut rng);
    let (beliefs, in_flight) = random_beliefs(&snapshot, &mut rng);
    let (prior, in_flight) = (random_prior(&mut rng), rng.random::<bool>().then_some(&in_flight));
    let liquidity = BelievedLiquidity { beliefs: beliefs.view(NOW), prior, in_flight };
    let amount = Msat::from_msat(rng.random_range(0f64..22.0).exp() as u64);
    let mut query = PlanQuery::new(RouteQuery::new(node(0), node(rng.random_range(1..node_count)), amount));
    query.part_count_max = rng.random_range(1..20);
    query.part_min = Msat::from_msat(1);
    if is_biased {
        query.route.layers = Some(stack(&Biases::random(&snapshot, &mut rng)));
    }
    let Ok(plan) = plan_with(&snapshot, &query, liquidity, space) else { return Vec::new() };
    let frontier = |query: &PlanQuery, space: &mut PlanWorkspace| {
        let plans = plan_frontier_with(&snapshot, query, liquidity, 6, space);
        plans.unwrap_or_else(|error| panic!("seed {seed}: {error}, where there is a plan"))
    };
    let mut plans = frontier(&query, space);
    query.route.limits.fee_max = Some(Msat::from_msat(plan.fee.to_msat() / 4 * 3));
    if let Ok(within) = plan_with(&snapshot, &query, liquidity, space) {
        plans.push(within);
        plans.extend(frontier(&query, space));
    }
    plans.push(plan);
    plans.iter().map(|plan| gap(seed, plan)).collect()
}

#[test]
fn no_plan_costs_less_than_its_bound_and_where_there_is_one_there_is_a_frontier() {
    let found: Vec<Vec<u64>> = (0..6000)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| gaps(seed, false, space))
        .collect();
    let gaps: Vec<u64> = found.into_iter().flatten().collect();
    let closed = gaps.iter().filter(|&&gap| gap <= 1).count();
    println!("{} plans, {closed} of them at their bound", gaps.len());
    assert!(gaps.len() > 5000 && closed > 500, "{} plans, {closed} at their bound", gaps.len());
}

#[test]
fn bounds_hold_where_biases_weigh_what_plans_cost() {
    let found: Vec<Vec<u64>> = (10_000..13_000)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| gaps(seed, true, space))
        .collect();
    let plans: usize = found.iter().map(Vec::len).sum();
    assert!(plans > 1500, "{plans} plans");
}
