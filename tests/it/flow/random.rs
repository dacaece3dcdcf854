//! Thousands of small random networks: the same amount for the same cost as the obvious solver, and a full cut where
//! not all can be sent.

use engine::flow::{ExplicitArc, ExplicitNetwork, FlowWorkspace, min_cost_flow, min_cost_flow_again};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::obvious;

/// Arcs of one to three pieces; small costs make many ties, and some cost nothing at all.
fn random_arcs(rng: &mut ChaCha8Rng, node_count: u32, arc_count: usize, cost_max: u64) -> Vec<ExplicitArc> {
    let arcs = (0..arc_count).map(|_| {
        let tail = rng.random_range(0..node_count);
        // Hubs: half of all arcs lead from or to the first few nodes.
        let near = if rng.random() { node_count } else { node_count.min(3) };
        let head = rng.random_range(0..near);
        let (tail, head) = if rng.random() { (tail, head) } else { (head, tail) };
        let mut costs: Vec<u64> =
            (0..rng.random_range(1..4)).map(|_| rng.random_range(0..=cost_max)).collect();
        costs.sort_unstable();
        let pieces = costs.into_iter().map(|cost| (rng.random_range(0..6), cost)).collect();
        ExplicitArc { tail, head, pieces }
    });
    arcs.filter(|arc| arc.tail != arc.head).collect()
}

fn compare(seed: u64, space: &mut FlowWorkspace) -> (u64, bool) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let node_count = rng.random_range(2..40);
    let arc_count = rng.random_range(1..10) * node_count as usize / 2;
    let cost_max = [1, 10, 1000, 1 << 40][rng.random_range(0..4)];
    let arcs = random_arcs(&mut rng, node_count, arc_count, cost_max);
    let payer = rng.random_range(0..node_count);
    let payee = (payer + rng.random_range(1..node_count)) % node_count;
    let units = rng.random_range(1..30);
    let network = ExplicitNetwork::new(node_count, &arcs);
    let found = min_cost_flow(&network, payer, payee, units, space)
        .unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
    let known = obvious::min_cost_flow(node_count, &arcs, payer, payee, units);
    assert_eq!((found.sent, found.cost), known, "seed {seed}");
    if found.sent < units {
        let room = |arc: u32| arcs[arc as usize].pieces.iter().map(|piece| piece.0).sum::<u64>();
        let cut: u64 = found.cut.iter().map(|&arc| room(arc)).sum();
        assert_eq!(cut, found.sent, "seed {seed}: a cut is as wide as what was sent");
        assert!(
            is_cut(node_count, &arcs, &found.cut, payer, payee),
            "seed {seed}: there is a way round the cut"
        );
    } else {
        assert!(found.cut.is_empty());
    }
    (found.counts.augmentations, found.sent < units)
}

/// Whether nothing leads from payer to payee without the arcs of the cut.
fn is_cut(node_count: u32, arcs: &[ExplicitArc], cut: &[u32], payer: u32, payee: u32) -> bool {
    let mut reached = vec![false; node_count as usize];
    reached[payer as usize] = true;
    for _ in 0..node_count {
        for (arc, place) in arcs.iter().zip(0..) {
            let is_open = arc.pieces.iter().any(|piece| piece.0 > 0) && !cut.contains(&place);
            if is_open && reached[arc.tail as usize] {
                reached[arc.head as usize] = true;
            }
        }
    }
    !reached[payee as usize]
}

#[test]
fn flows_cost_what_the_obvious_solver_finds() {
    let mut space = FlowWorkspace::default();
    let (mut paths, mut short) = (0, 0);
    for seed in 0..20_000 {
        let (augmentations, is_short) = compare(seed, &mut space);
        paths += augmentations;
        short += u64::from(is_short);
    }
    assert!(
        paths > 40_000 && short > 3000 && short < 17_000,
        "{paths} paths, {short} short: the test tests little"
    );
}

/// The same arcs at other costs and capacities: some prices rise, some fall, some arcs close or open.
fn changed(rng: &mut ChaCha8Rng, arcs: &[ExplicitArc]) -> Vec<ExplicitArc> {
    let [many, few] = [rng.random_range(1..5), rng.random_range(1..5)];
    let changed = arcs.iter().map(|arc| {
        let is_same = rng.random_range(0..3) > 0;
        let mut pieces = arc.pieces.clone();
        for (units, cost) in pieces.iter_mut().filter(|_| !is_same) {
            *cost = (*cost * many / few + rng.random_range(0..3)).min(1 << 43);
            *units = (*units + rng.random_range(0..3)).saturating_sub(1);
        }
        pieces.sort_unstable_by_key(|&(_, cost)| cost);
        ExplicitArc { pieces, ..arc.clone() }
    });
    changed.collect()
}

#[test]
fn flows_that_go_on_at_other_costs_cost_what_the_obvious_solver_finds() {
    let mut space = FlowWorkspace::default();
    let (mut resumed, mut paths, mut fresh) = (0, 0, 0);
    for seed in 0..20_000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let node_count = rng.random_range(2..30);
        let arc_count = rng.random_range(2..10) * node_count as usize / 2;
        let cost_max = [1, 10, 1000, 1 << 40][rng.random_range(0..4)];
        let mut arcs = random_arcs(&mut rng, node_count, arc_count, cost_max);
        let payer = rng.random_range(0..node_count);
        let payee = (payer + rng.random_range(1..node_count)) % node_count;
        let units = rng.random_range(1..30);
        let mut network = ExplicitNetwork::new(node_count, &arcs);
        let first = min_cost_flow(&network, payer, payee, units, &mut space).expect("sound");
        // A flow that is less than what was asked for is nothing to go on from.
        let mut is_whole = first.sent == units;
        for change in 0..3 {
            if !is_whole {
                break;
            }
            arcs = changed(&mut rng, &arcs);
            let next = ExplicitNetwork::new(node_count, &arcs);
            let found = min_cost_flow_again(&next, &network, (payer, payee), units, &mut space)
                .unwrap_or_else(|wrong| panic!("seed {seed}, change {change}: {wrong}"));
            let known = obvious::min_cost_flow(node_count, &arcs, payer, payee, units);
            assert_eq!((found.sent, found.cost), known, "seed {seed}, change {change}");
            is_whole = found.sent == units;
            resumed += u64::from(is_whole);
            paths += found.counts.augmentations;
            fresh += first.counts.augmentations;
            network = next;
        }
    }
    assert!(resumed > 10_000 && paths > 10_000, "{resumed} resumed: the test tests little");
    assert!(paths < fresh, "{paths} paths where {fresh} were needed from scratch");
}
