//! Graphs with long lists, where blocks and their bounds are in play, against the reference search.

use engine::belief::{Bimodal, Prior};
use engine::cost::{CostModel, ProbabilityWeights, RiskWeights};
use engine::layer::PolicyChange;
use engine::obvious::{Reference, route_reference};
use engine::router::{RouteError, RouteWorkspace, route};
use primitives::Msat;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::changes::{BeliefDraft, LayerDraft};
use super::world::{Channel, Origin, Policy, World, scid};

/// A graph of some hubs that know one another and half the others, and a payment over it.
fn world(seed: u64) -> World {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (nodes, hubs) = (rng.random_range(60..200u8), rng.random_range(2..6u8));
    let amount = [1, 1000, 50_000, 100_000_000, 3_000_000_000][rng.random_range(0..5)];
    let mut channels = Vec::new();
    for node in 0..nodes {
        for _ in 0..rng.random_range(1..5) {
            let hub = rng.random_range(0..hubs);
            let other = if rng.random_bool(0.8) { hub } else { rng.random_range(0..nodes) };
            if other != node {
                channels.push(channel(&mut rng, [node.min(other), node.max(other)], amount));
            }
        }
    }
    // Hubs pay and are paid more often than others.
    let end = |rng: &mut ChaCha8Rng| {
        let count = if rng.random_bool(0.3) { hubs } else { nodes };
        rng.random_range(0..count)
    };
    let (payer, payee) = (end(&mut rng), end(&mut rng));
    let mut world = World::new(channels, payer, payee, amount);
    let weights = RiskWeights { hop_base_msat: rng.random_range(0..600), ..RiskWeights::default() };
    world.payment.cost = match rng.random_range(0..3) {
        0 => CostModel::Fee,
        1 => CostModel::Risk(weights),
        _ => CostModel::Probability(ProbabilityWeights { risk: weights, ..ProbabilityWeights::default() }),
    };
    world.payment.may_overpay = rng.random();
    world.payment.ignore_inbound_fees = rng.random_bool(0.7);
    if rng.random_bool(0.2) {
        world.payment.limits.hop_count_max = rng.random_range(2..6);
        world.payment.limits.cltv_max = rng.random_range(50..400);
    }
    if rng.random_bool(0.2) {
        world.payment.avoided_nodes.push(rng.random_range(0..nodes));
    }
    world
}

fn channel(rng: &mut ChaCha8Rng, ends: [u8; 2], amount: u64) -> Channel {
    let policies = |rng: &mut ChaCha8Rng| [policy(rng, amount), policy(rng, amount)];
    let origin = match rng.random_range(0..12) {
        // Bounds were made for the former policy and must hold for the new one.
        0..=2 => Origin::Changed(policies(rng)),
        3 => Origin::Opened,
        4 => Origin::Closed,
        _ => Origin::Built,
    };
    let capacity_sat = rng.random_bool(0.8).then(|| rng.random_range(amount / 1000 + 1..amount / 100 + 1000));
    Channel { ends, capacity_sat, policies: policies(rng).map(Some), origin }
}

fn policy(rng: &mut ChaCha8Rng, amount: u64) -> Policy {
    let free = rng.random_bool(0.15);
    Policy {
        base: if free { 0 } else { [0, 1, 1000, rng.random_range(0..5000)][rng.random_range(0..4)] },
        ppm: if free { 0 } else { rng.random_range(0..3000) },
        inbound: if rng.random_bool(0.1) {
            (rng.random_range(-1000..200), rng.random_range(-900..100))
        } else {
            (0, 0)
        },
        cltv: rng.random_range(0..160),
        min: if rng.random_bool(0.05) { amount + rng.random_range(0..2000) } else { 1 },
        max: if rng.random_bool(0.1) { amount + rng.random_range(0..2000) } else { 1 << 45 },
        disabled: rng.random_bool(0.1),
    }
}

/// The same graph where some nodes give discounts, some from the first, some later or no more, and nobody else does; half the
/// time, others charge for what arrives.
fn discounting_world(seed: u64) -> World {
    let (mut world, mut rng) = (world(seed), ChaCha8Rng::seed_from_u64(!seed));
    world.payment.ignore_inbound_fees = false;
    let (one_in, now, later) =
        (rng.random_range(2..12), rng.random_range(1..10u8), rng.random_range(1..10u8));
    let depth = [30, 300, 3000, 1_000_000][rng.random_range(0..4)];
    let charge = rng.random_bool(0.5);
    let mut inbound = |node: u8, giver: u8| match rng.random_range(0..3) {
        0 if charge => (rng.random_range(0..=depth.min(5000)), rng.random_range(0..=depth)),
        _ if node % one_in != giver % one_in => (0, 0),
        0 => (0, 0),
        1 => (0, -rng.random_range(1..=depth)),
        _ => (rng.random_range(-depth..=0), rng.random_range(-depth..=depth / 10)),
    };
    for channel in &mut world.channels {
        for (policy, node) in channel.policies.iter_mut().zip(channel.ends) {
            policy.iter_mut().for_each(|policy| policy.inbound = inbound(node, now));
        }
        if let Origin::Changed(policies) = &mut channel.origin {
            for (policy, node) in policies.iter_mut().zip(channel.ends) {
                policy.inbound = inbound(node, later);
            }
        }
    }
    world
}

/// The same graph where everybody charges much for the way to the payee, or asks for more than the payment; half the
/// time, some of them give discounts.
fn dear_world(seed: u64) -> World {
    let mut world = if seed.is_multiple_of(2) { world(seed) } else { discounting_world(seed) };
    let mut rng = ChaCha8Rng::seed_from_u64(!seed);
    let (payee, amount) = (world.payment.payee, world.payment.amount);
    let least = amount / [1, 4, 16][rng.random_range(0..3)] + 60_000;
    let mut raise = |policy: &mut Policy| {
        let more = least + rng.random_range(0..=least);
        match rng.random_range(0..8) {
            0 => policy.min = amount + more,
            1 => policy.ppm = u32::try_from(more * 1_000_000 / amount).unwrap_or(u32::MAX),
            _ => policy.base = u32::try_from(more).unwrap_or(u32::MAX),
        }
    };
    for channel in &mut world.channels {
        let Some(into) = channel.ends.iter().position(|&end| end != payee && channel.ends.contains(&payee))
        else {
            continue;
        };
        channel.policies[into].iter_mut().for_each(&mut raise);
        if let Origin::Changed(policies) = &mut channel.origin {
            raise(&mut policies[into]);
        }
    }
    world
}

/// The same graph under layers that change much of it, with payments in flight.
fn changed_world(seed: u64) -> World {
    let (mut world, mut rng) = (world(seed), ChaCha8Rng::seed_from_u64(!seed));
    let (channel_count, amount) = (world.channels.len(), world.payment.amount);
    let name = |rng: &mut ChaCha8Rng| (scid(rng.random_range(0..channel_count)), rng.random_range(0..2usize));
    let favour = if rng.random_bool(0.5) { 100 } else { 0 };
    for _ in 0..rng.random_range(1..3) {
        let mut layer = LayerDraft::default();
        for _ in 0..rng.random_range(0..channel_count) {
            let name = name(&mut rng);
            match rng.random_range(0..8) {
                0 => layer.disabled.push(name),
                1 => layer.constraints.push((name, 0, rng.random_range(amount..2 * amount + 1))),
                2 => layer.constraints.push((name, rng.random_range(0..2 * amount), u64::MAX)),
                3 | 4 => layer.biases.push((name, rng.random_range(-100..=favour))),
                _ => layer.updates.push((name, update(&mut rng, amount))),
            }
        }
        if rng.random_bool(0.5) {
            layer.node_biases.push((rng.random_range(0..6), rng.random_range(-30..=favour), 0));
        }
        world.changes.layers.push(layer);
    }
    for place in 0..rng.random_range(0..channel_count) {
        world.changes.in_flight.push(((scid(place), rng.random_range(0..2)), rng.random_range(0..amount), 1));
    }
    world
}

/// The same graph where much is believed: channels that are surely empty, surely full enough, and between.
fn believed_world(seed: u64) -> World {
    let mut rng = ChaCha8Rng::seed_from_u64(!seed);
    let mut world = if rng.random_bool(0.3) { changed_world(seed) } else { world(seed) };
    let amount = world.payment.amount;
    let mut bounds = Vec::new();
    for place in 0..world.channels.len() {
        let more = rng.random_range(0..4 * amount);
        let (lower, upper) = match rng.random_range(0..8) {
            // More than the payment takes of any channel: to be preferred to all that are larger.
            0 | 1 => (20 * amount, u64::MAX),
            2 => (more, u64::MAX),
            3 => (0, more),
            4 => (more / 2, more),
            5 => (amount, amount + more / 1000),
            _ => continue,
        };
        bounds.push((place, rng.random_range(0..2), lower, upper));
    }
    let scale = [300_000_000, amount][rng.random_range(0..2)];
    let prior =
        [Prior::Uniform, Prior::Bimodal(Bimodal::new(Msat::from_msat(scale)))][rng.random_range(0..2)];
    world.changes.believed = Some(BeliefDraft { prior, bounds, is_foreign: rng.random_bool(0.2) });
    world
}

fn update(rng: &mut ChaCha8Rng, amount: u64) -> PolicyChange {
    let policy = policy(rng, amount);
    PolicyChange {
        enabled: rng.random_bool(0.3).then_some(true),
        htlc_maximum_msat: rng.random_bool(0.3).then_some(Msat::from_msat(policy.max)),
        fee_base_msat: rng.random_bool(0.5).then_some(policy.base),
        fee_proportional_millionths: rng.random_bool(0.5).then_some(policy.ppm),
        ..PolicyChange::default()
    }
}

/// Says whether the reference could tell.
fn agrees(world: &World, seed: u64, space: &mut RouteWorkspace) -> Result<bool, String> {
    let snapshot = world.snapshot();
    let query = world.query_on(&snapshot);
    let found = match route(&snapshot, &query, space) {
        Ok(found) => Some(found.cost),
        Err(RouteError::NoRoute(_) | RouteError::UnknownNode { .. }) => None,
        Err(RouteError::WorkLimit { .. }) => return Ok(false),
        Err(error) => return Err(format!("seed {seed}: {error}")),
    };
    match route_reference(&snapshot, &query, Reference::Labels { labels_max: 5000 }) {
        Ok(best) if best.as_ref().map(|best| best.cost) == found => Ok(true),
        Ok(best) => Err(format!("seed {seed}: {found:?}, the best is {best:?}: {:?}", world.payment)),
        Err(RouteError::UnknownNode { .. }) => Ok(true),
        Err(_) => Ok(false),
    }
}

fn all_agree(count: u64, world: impl Fn(u64) -> World + Sync) {
    let results = (0..count)
        .into_par_iter()
        .map_init(RouteWorkspace::default, |space, seed| agrees(&world(seed), seed, space));
    let results = results.collect::<Vec<_>>();
    let open = results.iter().filter(|result| **result == Ok(false)).count();
    println!("{count} graphs with hubs, {open} beyond the reference");
    let wrong = results.into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{} wrong, such as\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
}

#[test]
fn routes_over_hubs_cost_what_the_reference_finds() {
    all_agree(20_000, world);
}

#[test]
fn routes_over_hubs_that_give_discounts_cost_what_the_reference_finds() {
    all_agree(10_000, discounting_world);
}

#[test]
fn routes_whose_last_hop_is_dear_cost_what_the_reference_finds() {
    all_agree(10_000, dear_world);
}

#[test]
fn routes_over_hubs_that_layers_change_cost_what_the_reference_finds() {
    all_agree(10_000, changed_world);
}

#[test]
fn routes_over_hubs_by_what_is_believed_cost_what_the_reference_finds() {
    all_agree(1_000, believed_world);
}
