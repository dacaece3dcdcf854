//! The shape of a generated graph beside the real one's. With `--nocapture` it prints the table of
//! `docs/synthetic.md`.

use std::time::Instant;

use engine::graph::GraphBuilder;
use engine::synthetic::fit::{GraphShape, LEVELS, quantiles};
use engine::synthetic::{AmountRange, CHANNEL_COUNT_MAX, SyntheticConfig, generate, random_queries};
use primitives::Msat;

use super::feasibility::Network;
use super::mainnet;

const SEED: u64 = 1;

#[test]
fn shape_is_that_of_mainnet() {
    let Some(real) = mainnet::graph() else { return };
    let real = quantiles(&real);
    for seed in SEED..SEED + 3 {
        let graph = generate(&SyntheticConfig::mainnet_like(seed), &mut |_| ()).expect("within the bounds");
        let ours = quantiles(&graph);
        println!("seed {seed}\n{}", side_by_side(&real, &ours));
        check(&real, &ours);
    }
}

#[test]
fn payments_find_routes_as_often_as_on_mainnet() {
    let Some(real) = mainnet::graph() else { return };
    let real = routable(&real, 750);
    for seed in SEED..SEED + 3 {
        let graph = generate(&SyntheticConfig::mainnet_like(seed), &mut |_| ()).expect("within the bounds");
        let ours = routable(&graph, 750);
        println!(
            "seed {seed}: routable at 10k, 100k, 1M, 1k to 1M sat: real {real:.3?}, synthetic {ours:.3?}"
        );
        for (real, ours) in real.iter().zip(ours) {
            assert!((real - ours).abs() < 0.08, "seed {seed}: {real} and {ours}");
        }
    }
}

#[test]
#[ignore = "takes minutes and two gigabytes; prints times and shapes of all sizes"]
fn shape_holds_at_every_size() {
    for count in [1000, 44_371, 400_000, 4_000_000, CHANNEL_COUNT_MAX] {
        let start = Instant::now();
        let graph = generate(&SyntheticConfig::new(SEED, count), &mut |_| ()).expect("within the bounds");
        let elapsed = start.elapsed();
        let shape = quantiles(&graph);
        println!("{count} channels in {elapsed:.2?}\n{shape}");
        let leaves = shape.shares[0].1;
        assert!((0.5..0.6).contains(&leaves), "{leaves}");
        if count <= 400_000 {
            println!("routable at 10k, 100k, 1M, 1k to 1M sat: {:.3?}", routable(&graph, 300));
        }
    }
}

/// Shares of routable payments between nodes that are not cut off, at 10,000, 100,000, 1,000,000 and log-uniform 1,000
/// to 1,000,000 sat.
fn routable(graph: &GraphBuilder, count: usize) -> [f64; 4] {
    let network = Network::new(graph);
    let nodes = network.reachable_nodes(graph);
    let of = |min, max| {
        let amounts = AmountRange { min: Msat::from_msat(min), max: Msat::from_msat(max) };
        network.routable_share(&random_queries(&nodes, count, SEED, amounts))
    };
    [10_000_000, 100_000_000, 1_000_000_000]
        .map(|amount| of(amount, amount))
        .into_iter()
        .chain([of(1_000_000, 1_000_000_000)])
        .collect::<Vec<_>>()
        .try_into()
        .expect("four shares")
}

fn side_by_side(real: &GraphShape, ours: &GraphShape) -> String {
    let mut text = format!("| capacity, BTC | {:.0} | {:.0} |\n", real.capacity_btc, ours.capacity_btc);
    for ((name, real), (_, ours)) in real.shares.iter().zip(&ours.shares) {
        text += &format!("| {name} | {:.1} % | {:.1} % |\n", 100.0 * real, 100.0 * ours);
    }
    for (real, ours) in real.rows.iter().zip(&ours.rows) {
        let digits = if real.name.ends_with("capacity") { 3 } else { 0 };
        for (whose, row) in [("real", real), ("synthetic", ours)] {
            let cells: Vec<String> = row.quantiles.iter().map(|value| format!("{value:.digits$}")).collect();
            text += &format!("| {}, {whose} | {} |\n", row.name, cells.join(" | "));
        }
    }
    text
}

fn check(real: &GraphShape, ours: &GraphShape) {
    assert!((ours.capacity_btc / real.capacity_btc).ln().abs() < 0.25, "capacity {}", ours.capacity_btc);
    for ((name, real), (_, ours)) in real.shares.iter().zip(&ours.shares) {
        assert!((real - ours).abs() < SHARE_TOLERANCE, "{name}: {real} and {ours}");
    }
    for (real, ours) in real.rows.iter().zip(&ours.rows) {
        for (level, (a, b)) in LEVELS.iter().zip(real.quantiles.iter().zip(&ours.quantiles)) {
            let off = ((1.0 + a) / (1.0 + b)).ln().abs();
            let factor: f64 = if (0.05..=0.95).contains(level) { BODY_TOLERANCE } else { TAIL_TOLERANCE };
            assert!(off < factor.ln(), "{} at {level}: {a} and {b}", real.name);
        }
    }
}

/// Of shares, absolute.
const SHARE_TOLERANCE: f64 = 0.03;

/// Of quantiles from 5 % to 95 %, as a factor.
const BODY_TOLERANCE: f64 = 2.5;

/// Of quantiles at 1 % and 99 %, as a factor: a single node of mainnet moves these.
const TAIL_TOLERANCE: f64 = 8.0;
