//! Fewer parts than the cheapest flow has paths: plans and their bounds beside the best of all sets of ways.

use engine::cost::{CostModel, ProbabilityWeights};
use engine::flow::{Plan, PlanError, PlanQuery, PlanWorkspace, plan, plan_frontier};
use engine::query::FirstChannel;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::small::{PAYEE, PAYER, graph, priced_graph, query, sat, scid};

const WAY_COUNT: usize = 8;
const PART_COUNT: usize = 3;
/// The node of each way's middle, from here on; the one before is common to all.
const MIDDLE: u8 = 10;

/// Where all ways have a channel in common, beside two of their own.
#[derive(Debug, Clone, Copy)]
enum Common {
    Nothing,
    First,
    Last,
    /// The first two ways are channels from payer to payee.
    Direct,
}

/// The channels of some ways, each with its own capacity in sat.
fn ways(common: Common, capacities: &[(usize, [u64; 2])]) -> Vec<(u8, u8, u64)> {
    let hub = MIDDLE - 1;
    let (from, to, mut channels) = match common {
        Common::Nothing | Common::Direct => (PAYER, PAYEE, Vec::new()),
        Common::First => (hub, PAYEE, vec![(PAYER, hub, 100_000_000)]),
        Common::Last => (PAYER, hub, vec![(PAYEE, hub, 100_000_000)]),
    };
    for &(way, [first, last]) in capacities {
        if matches!(common, Common::Direct) && way < 2 {
            channels.push((PAYER, PAYEE, first.min(last)));
            continue;
        }
        let middle = MIDDLE + way as u8;
        channels.push((from.min(middle), from.max(middle), first));
        channels.push((to.min(middle), to.max(middle), last));
    }
    channels
}

/// All ways to choose some of `ways`.
fn choices(ways: &[(usize, [u64; 2])], count: usize) -> Vec<Vec<(usize, [u64; 2])>> {
    let Some((&first, rest)) = ways.split_first().filter(|_| count > 0) else {
        return if count == 0 { vec![Vec::new()] } else { Vec::new() };
    };
    let mut with = choices(rest, count - 1);
    with.iter_mut().for_each(|choice| choice.insert(0, first));
    with.extend(choices(rest, count));
    with
}

/// What a payment comes to.
struct Compared {
    /// The plan over all ways.
    whole: Option<Plan>,
    /// The best of the plans over each set of as many ways as there may be parts.
    best: Plan,
    /// What no plan in as many parts as there are ways costs less than, in msat.
    relaxed: u64,
}

fn compared(seed: u64, space: &mut PlanWorkspace) -> Option<Compared> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let common = [Common::Nothing, Common::First, Common::Last, Common::Direct][rng.random_range(0..4)];
    let mut capacities: Vec<(usize, [u64; 2])> =
        (0..WAY_COUNT).map(|way| (way, [(); 2].map(|()| rng.random_range(20_000..400_000)))).collect();
    capacities.shuffle(&mut rng);
    let mut widths: Vec<u64> = capacities.iter().map(|way| way.1[0].min(way.1[1])).collect();
    widths.sort_unstable_by_key(|&width| std::cmp::Reverse(width));
    let most: u64 = widths.iter().take(PART_COUNT).sum();
    let asked = PlanQuery { part_count_max: PART_COUNT, ..query(sat(most * rng.random_range(5..10) / 10)) };
    let all = graph(&ways(common, &capacities));
    let whole = plan(&all, &asked, space).ok();
    let many = PlanQuery { part_count_max: WAY_COUNT, ..asked.clone() };
    let relaxed = plan(&all, &many, space).ok()?.least_cost?;
    let sets = choices(&capacities, PART_COUNT);
    let plans = sets.iter().filter_map(|set| plan(&graph(&ways(common, set)), &asked, space).ok());
    let best = plans.min_by_key(|plan| plan.cost)?;
    Some(Compared { whole, best, relaxed })
}

#[test]
fn few_parts_are_as_good_as_the_best_set_of_ways_and_no_set_beats_the_bound() {
    let found: Vec<Compared> = (0..2000u64)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| compared(seed, space))
        .flatten()
        .collect();
    let (mut planned, mut cost, mut least, mut bounds) = (0, 0, 0, [0; 2]);
    for Compared { whole, best, relaxed } in &found {
        let Some(whole) = whole else { continue };
        let bound = whole.least_cost.expect("no inbound fees");
        // Each hop's fee may be rounded down by less than a msat.
        let rounded = best.parts.iter().map(|part| part.hops.len() as u64).sum::<u64>();
        assert!(bound <= best.cost + rounded, "{bound} bounds {best:?}");
        assert!(bound + rounded >= *relaxed, "fewer parts cost no less: {bound} and {relaxed}");
        assert!(whole.parts.len() <= PART_COUNT);
        planned += 1;
        (cost, least) = (cost + whole.cost, least + best.cost);
        bounds = [bounds[0] + relaxed, bounds[1] + bound];
    }
    println!("{planned} of {} planned, for {cost} msat, at best {least}, bounds {bounds:?}", found.len());
    assert!(found.len() > 1000 && planned * 100 >= found.len() * 97, "{planned} of {}", found.len());
    assert!(cost * 1000 <= least * 1005, "{cost} for {least}");
    assert!((least - bounds[1]) * 3 < (least - bounds[0]) * 2, "{bounds:?} bound {least}");
}

#[test]
fn a_price_without_a_plan_takes_no_plan_away() {
    // Two ways that carry it for a base fee, and forty for nothing of which no two have room for it.
    let ways = || {
        (0..42u8).map(|way| {
            (MIDDLE + way, if way < 2 { (140_000, 10_000_000, 10_000) } else { (60_000, 60_000, 0) })
        })
    };
    let channels = ways().flat_map(|(middle, (first, last, base))| {
        [(PAYER, middle, first, base), (PAYEE, middle, last, base)]
    });
    let snapshot = priced_graph(&channels.collect::<Vec<_>>());
    let own = ways()
        .zip(0..)
        .map(|((_, (first, ..)), way)| FirstChannel { short_channel_id: scid(2 * way), balance: sat(first) });
    let mut asked = PlanQuery { part_count_max: 2, ..query(sat(150_000)) };
    asked.route.first_channels = Some(own.collect());
    asked.route.cost = CostModel::LIKELY;
    let mut space = PlanWorkspace::default();
    let whole = plan(&snapshot, &asked, &mut space).expect("two parts carry it");
    let plans = plan_frontier(&snapshot, &asked, 20, &mut space).expect("there is a plan");
    assert!(plans.iter().all(|plan| plan.fee <= whole.fee), "{plans:?}");
    // At no price at all the ways for nothing are the cheapest, and two parts do not do.
    let weights = ProbabilityWeights { attempt_base_msat: 0, attempt_millionths: 0, ..Default::default() };
    asked.route.cost = CostModel::Probability(weights);
    let nothing = plan(&snapshot, &asked, &mut space);
    assert!(matches!(nothing, Err(PlanError::TooFewParts { .. })), "{nothing:?}");
}
