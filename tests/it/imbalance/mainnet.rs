//! The real graph with balances and schedules by seed on every channel: paths are as light as a plain Dijkstra's, which
//! weighs every arc, and their amounts are what the definition of fees says.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::graph::ChannelIdx;
use engine::imbalance::{FeePathHop, FeeSchedule, ImbalanceTable, PathQuery, PathWorkspace, diverse_paths};
use engine::snapshot::Snapshot;
use primitives::{Direction, Msat, ShortChannelIdDir};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tests::mainnet::mainnet;

use super::obvious::{Payment, dijkstra, price, weight};
use super::world::{Channel, terms};

/// A channel of the snapshot with random balances, and a bowl of 21 corners a side.
fn random_channel(snapshot: &Snapshot, channel: ChannelIdx, rng: &mut ChaCha8Rng) -> Channel {
    let capacity = snapshot.capacity(channel).map_or(1_000_000, Msat::to_msat).max(20_000);
    let balance = rng.random_range(0..=capacity);
    let arcs = Direction::BOTH.map(|direction| channel.arc(direction));
    let ends = arcs.map(|arc| snapshot.tail(arc).to_u32());
    let mut made = Channel::new(ends, [balance, capacity - balance]);
    made.limits = arcs.map(|arc| {
        let policy = snapshot.policy(arc).filter(|policy| !policy.disabled)?;
        Some((policy.htlc_minimum_msat.to_msat(), policy.htlc_maximum_msat.to_msat()))
    });
    made.terms = [(); 2].map(|()| {
        let peak = i128::from(capacity) * rng.random_range(1..20) / 1000;
        let point = |at: u64| (capacity * at / 20, (peak * (at as i128 - 10).pow(2) / 100) as i64);
        terms(rng.random_range(0..1000), rng.random_range(0..1000), &(0..=20).map(point).collect::<Vec<_>>())
    });
    made
}

fn table_of(snapshot: &Arc<Snapshot>, channels: &[Channel]) -> ImbalanceTable {
    let mut table = ImbalanceTable::new(Arc::clone(snapshot));
    for (channel, made) in snapshot.channels().zip(channels) {
        let short_channel_id = snapshot.short_channel_id(channel);
        table.set_balances(short_channel_id, made.balances.map(Msat::from_msat)).unwrap();
        for direction in Direction::BOTH {
            let schedule = FeeSchedule::new(&made.terms[direction.as_usize()]).unwrap();
            let arc = ShortChannelIdDir { short_channel_id, direction };
            table.set_schedule(arc, Arc::new(schedule)).unwrap();
        }
    }
    table
}

#[test]
fn paths_on_the_real_graph_are_as_light_as_dijkstras() {
    let Some(snapshot) = mainnet() else { return };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let channels: Vec<Channel> =
        snapshot.channels().map(|channel| random_channel(snapshot, channel, &mut rng)).collect();
    let table = table_of(snapshot, &channels);
    let mut leaving = vec![Vec::new(); snapshot.node_count()];
    for (place, channel) in channels.iter().enumerate() {
        for at in [0, 1] {
            leaving[channel.ends[at] as usize].push((place, at));
        }
    }
    let counts = (0..24u64).into_par_iter().map(|seed| compare(&table, &channels, &leaving, seed));
    let (paths, same) = counts.reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    assert!(
        paths > 60 && same * 10 > paths * 7,
        "{paths} paths, {same} of them Dijkstra's: little is tested"
    );
}

/// How many paths were found, and how many weigh what the least path of all does; the others are heavier because that
/// one was found before or cannot be paid.
fn compare(
    table: &ImbalanceTable,
    channels: &[Channel],
    leaving: &[Vec<(usize, usize)>],
    seed: u64,
) -> (usize, usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let snapshot = table.snapshot();
    let mut end = || channels[rng.random_range(0..channels.len())].ends[0];
    let (payer, payee) = (end(), end());
    if payer == payee {
        return (0, 0);
    }
    let amount = 10u64.pow(rng.random_range(5..9));
    let id = |node| snapshot.node_id(engine::graph::NodeIdx::from_u32(node));
    let query = PathQuery::new(id(payer), id(payee), Msat::from_msat(amount));
    let found = diverse_paths(table, &query, &mut PathWorkspace::default()).unwrap();
    let payment = Payment { payer, payee, amount, weights: query.weights, avoided: &[] };
    let unused = BTreeMap::new();
    let weigh = |place| [0, 1].map(|at| weight(channels, payment, &unused, (place, at)));
    let weights: Vec<[Option<u64>; 2]> = (0..channels.len()).map(weigh).collect();
    let mut uses = BTreeMap::<usize, u64>::new();
    let (mut known, mut same) = (Vec::new(), 0);
    for path in &found.paths {
        let arc = |hop: &FeePathHop| {
            let ShortChannelIdDir { short_channel_id, direction } = hop.channel;
            (snapshot.channel(short_channel_id).unwrap().to_usize(), direction.as_usize())
        };
        let arcs: Vec<(usize, usize)> = path.hops.iter().map(arc).collect();
        let used = |place: usize| uses.get(&place).copied().unwrap_or(0) * u64::from(query.weights.diversity);
        let weight = |(place, at): (usize, usize)| weights[place][at].map(|weight| weight + used(place));
        let sum: u64 = arcs.iter().map(|&arc| weight(arc).unwrap()).sum();
        assert_eq!(path.weight, sum, "seed {seed}");
        let (least, least_path) = dijkstra(channels, leaving, (payer, payee), weight).unwrap();
        assert!(least <= sum);
        if least == sum {
            same += 1;
        } else {
            let is_payable = price(channels, &least_path, amount).is_some();
            assert!(
                known.contains(&least_path) || !is_payable,
                "seed {seed}: a lighter path is new and payable"
            );
        }
        let amounts = price(channels, &arcs, amount).unwrap();
        assert!(path.hops.iter().map(|hop| hop.amount.to_msat()).eq(amounts), "seed {seed}");
        arcs.iter().for_each(|&(place, _)| *uses.entry(place).or_insert(0) += 1);
        assert!(!known.contains(&arcs), "seed {seed}: twice the same path");
        known.push(arcs);
    }
    (found.paths.len(), same)
}
