//! Biases of layers steer plans as they steer single routes, and change no fee.

use engine::cost::{CostModel, RiskWeights};
use engine::flow::{Plan, PlanQuery, PlanWorkspace, plan};
use engine::query::RouteQuery;
use engine::router::{RouteWorkspace, route};
use engine::snapshot::Snapshot;
use primitives::{Direction, Msat, ShortChannelIdDir};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::believed::random_world;
use super::biases::{Biases, stack};
use super::small::{
    LEFT, PAYEE, PAYER, RIGHT, long_way_in_the_way, node, planned, priced_graph, query, sat, scid,
};

/// A third way, whose node asks for a good deal.
const DEAR: u8 = 5;

/// Three ways of two channels, each of 100,000 sat, and the base fees that they ask for.
fn three_ways([left, right, dear]: [u32; 3]) -> Snapshot {
    let size = 100_000;
    priced_graph(&[
        (PAYER, LEFT, size, left),
        (LEFT, PAYEE, size, left),
        (PAYER, RIGHT, size, right),
        (RIGHT, PAYEE, size, right),
        (PAYER, DEAR, size, dear),
        (PAYEE, DEAR, size, dear),
    ])
}

/// A bias of a direction of the channel at a place.
fn channel(place: u64, direction: Direction, bias: i8) -> Biases {
    let channel = ShortChannelIdDir { short_channel_id: scid(place), direction };
    Biases { channels: [(channel, bias)].into(), ..Biases::default() }
}

fn nodes(number: u8, biases: [i8; 2]) -> Biases {
    Biases { nodes: [(node(number), biases)].into(), ..Biases::default() }
}

fn asked(amount: Msat, biases: &Biases) -> PlanQuery {
    let mut asked = query(amount);
    asked.route.layers = Some(stack(biases));
    asked
}

/// What the parts over a node deliver.
fn over(plan: &Plan, number: u8) -> u64 {
    let parts = plan.parts.iter().filter(|part| part.hops[0].node_id == node(number));
    parts.map(|part| part.amount.to_msat()).sum()
}

#[test]
fn a_split_payment_avoids_what_a_bias_is_against() {
    let snapshot = three_ways([1000, 1000, 3_000_000]);
    let free = planned(&snapshot, &query(sat(150_000))).unwrap();
    assert!(over(&free, LEFT) > 0 && free.parts.len() > 1, "{free:?}");
    for biases in [
        channel(0, Direction::NodeOneToTwo, -100),
        channel(1, Direction::NodeOneToTwo, -100),
        nodes(LEFT, [-100, 0]),
        nodes(LEFT, [0, -100]),
    ] {
        let plan = planned(&snapshot, &asked(sat(150_000), &biases)).unwrap();
        assert_eq!(over(&plan, LEFT), 0, "{biases:?}: {plan:?}");
        assert!(plan.least_cost.unwrap() <= plan.cost, "{plan:?}");
    }
    // The other way along the channel is not meant.
    let other = planned(&snapshot, &asked(sat(150_000), &channel(1, Direction::NodeTwoToOne, -100))).unwrap();
    assert_eq!((other.fee, other.cost), (free.fee, free.cost));
}

#[test]
fn a_split_payment_takes_what_a_bias_is_for_and_pays_its_fee_whole() {
    let (snapshot, base) = (three_ways([1000, 1000, 3_000_000]), |number| match number {
        DEAR => 3_000_000,
        _ => 1000,
    });
    let free = planned(&snapshot, &query(sat(150_000))).unwrap();
    assert_eq!(over(&free, DEAR), 0, "{free:?}");
    for biases in [channel(5, Direction::NodeTwoToOne, 100), nodes(DEAR, [0, 100])] {
        let plan = planned(&snapshot, &asked(sat(150_000), &biases)).unwrap();
        assert!(over(&plan, DEAR) > 0, "{biases:?}: {plan:?}");
        let fees = plan.parts.iter().map(|part| {
            let number = [LEFT, RIGHT, DEAR].into_iter().find(|&way| node(way) == part.hops[0].node_id);
            base(number.unwrap()) + part.amount.to_msat() / 10_000
        });
        assert_eq!(plan.fee.to_msat(), fees.sum::<u64>(), "{biases:?}: {plan:?}");
        // It counts for a thirtieth of what it is.
        assert!(plan.cost < plan.fee.to_msat() && plan.least_cost.unwrap() <= plan.cost, "{plan:?}");
    }
}

#[test]
fn a_fee_limit_is_met_whatever_biases_are_for() {
    // The dear way counts for less than the others, whatever the price of liquidity, and asks for more than the limit.
    let snapshot = three_ways([200_000, 200_000, 3_000_000]);
    let mut asked = asked(sat(150_000), &channel(5, Direction::NodeTwoToOne, 100));
    let free = planned(&snapshot, &asked).unwrap();
    assert!(over(&free, DEAR) > 0 && free.fee > sat(3000), "{free:?}");
    asked.route.limits.fee_max = Some(sat(1000));
    let within = planned(&snapshot, &asked).unwrap();
    assert!(over(&within, DEAR) == 0 && within.fee <= sat(1000), "{within:?}");
    assert!(within.cost >= free.cost, "{within:?} beside {free:?}");
}

#[test]
fn limits_on_hops_are_met_where_biases_are_for_what_is_too_long() {
    let snapshot = long_way_in_the_way();
    let mut biases = channel(3, Direction::NodeOneToTwo, -100);
    for place in [1, 2] {
        biases.channels.extend(channel(place, Direction::NodeOneToTwo, 100).channels);
    }
    let mut asked = asked(sat(150_000), &biases);
    let free = planned(&snapshot, &asked).unwrap();
    assert_eq!(free.parts.iter().map(|part| part.hops.len()).max(), Some(3), "{free:?}");
    asked.route.limits.hop_count_max = 2;
    let plan = planned(&snapshot, &asked).unwrap();
    assert!(plan.parts.iter().all(|part| part.hops.len() == 2), "{plan:?}");
    assert!(plan.cost > free.cost, "{plan:?} beside {free:?}");
}

/// Whether a payment has a plan in one part, which costs what its route costs.
fn compared(seed: u64, spaces: &mut (PlanWorkspace, RouteWorkspace)) -> bool {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (snapshot, node_count) = random_world(&mut rng);
    let biases = Biases::random(&snapshot, &mut rng);
    // Whole sats in each unit of flow; large enough for fees to be a small part of it.
    let amount = sat(1000 * rng.random_range(10..1000));
    let [payer, payee] = [0, rng.random_range(1..node_count)].map(tests::network::node);
    let risk = RiskWeights { risk_billionths: rng.random_range(0..100), ..RiskWeights::default() };
    let cost = if rng.random() { CostModel::Fee } else { CostModel::Risk(risk) };
    let asked = RouteQuery { cost, layers: Some(stack(&biases)), ..RouteQuery::new(payer, payee, amount) };
    let Ok(found) = route(&snapshot, &asked, &mut spaces.1) else { return false };
    let asked = PlanQuery { part_count_max: 1, ..PlanQuery::new(asked) };
    let Ok(plan) = plan(&snapshot, &asked, &mut spaces.0) else { return false };
    // A route's cost is rounded hop by hop, up to what a bias makes of a msat. A plan charges a hop for what it carries of the
    // amount, fees on top.
    let rounded = 100 * plan.parts[0].hops.len().max(found.hops.len()) as u64;
    let most = found.cost + found.cost / 30 + rounded;
    assert!(plan.cost <= most, "seed {seed}: {plan:?} beside {found:?}");
    assert!(plan.cost + rounded >= found.cost, "seed {seed}: {plan:?} beside {found:?}");
    if plan.parts[0].hops == found.hops {
        assert_eq!(plan.fee, found.fee, "seed {seed}");
    }
    true
}

#[test]
fn a_plan_in_one_part_and_a_route_weigh_biases_alike() {
    let count = (0..2000)
        .into_par_iter()
        .map_init(Default::default, |spaces, seed| compared(seed, spaces))
        .filter(|&is_compared| is_compared)
        .count();
    assert!(count > 300, "{count} compared");
}
