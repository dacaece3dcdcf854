//! Thousands of small random graphs: each path is of least weight among all that are new and can be paid, and carries
//! what the definition of fees says.

use std::collections::BTreeMap;

use engine::imbalance::{
    CANDIDATE_COUNT_MAX, FeePath, FeeTerms, ImbalanceTable, PathError, PathQuery, PathWeights, PathWorkspace,
    PathsEnd, diverse_paths,
};
use primitives::Msat;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::obvious::{Payment, all_paths, price};
use super::world::{Channel, arcs_of, node_id, scid, table, terms};

/// A crooked schedule on balances up to `capacity`, free ones among them.
fn random_terms(rng: &mut ChaCha8Rng, capacity: u64) -> FeeTerms {
    let proportional = [0, 0, 10_000, 200_000][rng.random_range(0..4)];
    let mut points = vec![(0, rng.random_range(-20..20))];
    while points[points.len() - 1].0 < capacity {
        let (x, y) = points[points.len() - 1];
        let next = (x + rng.random_range(1..60u64)).min(capacity);
        let rise_max = (next - x) as i64 * (1_000_000 - i64::from(proportional)) / 1_000_000;
        let (least, most) = (-rng.random_range(0..=40), rise_max / rng.random_range(1..4));
        points.push((next, y + rng.random_range(least..=most)));
    }
    if points.len() == 1 || rng.random_range(0..3) == 0 {
        points.clear();
    }
    let flat = [0, 1, 5, 20][rng.random_range(0..4)];
    terms(flat, proportional, &points)
}

fn random_channel(rng: &mut ChaCha8Rng, node_count: u32) -> Channel {
    let one = rng.random_range(0..node_count - 1);
    let two = rng.random_range(one + 1..node_count);
    let capacity = rng.random_range(1..250);
    let balance = rng.random_range(0..=capacity);
    let mut channel = Channel::new([one, two], [balance, capacity - balance]);
    channel.terms = [(); 2].map(|()| random_terms(rng, capacity));
    // A mediator's fee is capped where either of its channels says so.
    let cap_fees = rng.random_range(0..8) == 0;
    channel.terms.iter_mut().for_each(|terms| terms.cap_fees = cap_fees);
    channel.limits = [(); 2].map(|()| match rng.random_range(0..8) {
        0 => None,
        1 | 2 => Some((rng.random_range(0..40), rng.random_range(40..100))),
        _ => Some((0, 1 << 60)),
    });
    channel.is_late = rng.random_range(0..6) == 0;
    channel
}

/// Counts of what the graphs were about, so that the test shows that it tests something.
#[derive(Debug, Default)]
struct Seen {
    paths: u64,
    refused: u64,
    rewarded: u64,
    none: u64,
    more: u64,
}

/// What arrives where a path is paid as it says: no less than the amount, and no msat could be saved.
fn deliver(table: &ImbalanceTable, path: &FeePath, amounts: &[u64], amount: u64) -> Msat {
    let told: Vec<u64> = path.hops.iter().map(|hop| hop.amount.to_msat()).collect();
    assert_eq!(told, amounts, "{path:?}");
    assert_eq!(path.fee_msat, amounts[0] as i64 - amount as i64, "{path:?}");
    let arrives = table.delivered(&path.hops, Msat::from_msat(amounts[0])).expect("enough");
    assert!(arrives.to_msat() >= amount, "too little arrives: {path:?}");
    let short = table.delivered(&path.hops, Msat::from_msat(amounts[0] - 1));
    assert!(short < Some(Msat::from_msat(amount)), "a msat less would do: {path:?}");
    arrives
}

fn compare(seed: u64, space: &mut PathWorkspace, seen: &mut Seen) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let node_count = rng.random_range(2..7);
    let channel_count = rng.random_range(3..18);
    let channels: Vec<Channel> = (0..channel_count).map(|_| random_channel(&mut rng, node_count)).collect();
    let table = table(&channels);
    let payer = rng.random_range(0..node_count);
    let payee = (payer + rng.random_range(1..node_count)) % node_count;
    // Half of them just fit a channel, which then has no room for fees.
    let balance = channels[rng.random_range(0..channels.len())].balances[0];
    let amount = match rng.random() {
        true => balance.saturating_sub(rng.random_range(0..4)).max(1),
        false => rng.random_range(1..60),
    };
    let weights = PathWeights {
        hop: [1, 10, 100][rng.random_range(0..3)],
        diversity: [0, 1, 50][rng.random_range(0..3)],
        fee: [0, 1, 7][rng.random_range(0..3)],
    };
    let avoided: Vec<u32> = (0..node_count).filter(|_| rng.random_range(0..10) == 0).collect();
    let path_count = rng.random_range(1..8);
    let query = PathQuery {
        path_count,
        weights,
        avoided_nodes: avoided.iter().map(|&node| node_id(node)).collect(),
        ..PathQuery::new(node_id(payer), node_id(payee), Msat::from_msat(amount))
    };
    let found = match diverse_paths(&table, &query, space) {
        Ok(found) => found,
        // A node without a channel is in no graph.
        Err(PathError::UnknownNode { .. }) => return,
        Err(error) => panic!("seed {seed}: {error}"),
    };
    let payment = Payment { payer, payee, amount, weights, avoided: &avoided };
    let ends_open = !avoided.contains(&payer) && !avoided.contains(&payee);
    let arcs = arcs_of(&found);
    let mut uses = BTreeMap::new();
    for round in 0..=arcs.len() {
        let is_next = |(_, path): &(u64, Vec<_>)| {
            !arcs[..round].contains(path) && price(&channels, path, amount).is_some()
        };
        let all = if ends_open { all_paths(&channels, payment, &uses) } else { Vec::new() };
        let best = all.iter().filter(|&path| is_next(path)).map(|path| path.0).min();
        let Some(path) = found.paths.get(round) else {
            match found.end {
                PathsEnd::Enough => assert_eq!(round, path_count, "seed {seed}"),
                PathsEnd::NoOther => assert_eq!(best, None, "seed {seed}: there is one more"),
                PathsEnd::WorkLimit => {
                    assert!(all.len() >= CANDIDATE_COUNT_MAX, "seed {seed}");
                }
            }
            break;
        };
        assert_eq!(Some(path.weight), best, "seed {seed}, path {round}");
        assert!(all.contains(&(path.weight, arcs[round].clone())), "seed {seed}, path {round}");
        let arrives =
            deliver(&table, path, &price(&channels, &arcs[round], amount).expect("payable"), amount);
        seen.paths += 1;
        seen.more += u64::from(arrives.to_msat() > amount);
        seen.rewarded += u64::from(path.fee_msat < 0);
        arcs[round].iter().for_each(|&(place, _)| *uses.entry(place).or_insert(0) += 1);
        // The path is the least of those that can be paid; was there a lesser one that cannot?
        seen.refused += u64::from(all.iter().any(|other| other.0 < path.weight && !arcs.contains(&other.1)));
    }
    seen.none += u64::from(found.paths.is_empty());
}

#[test]
fn paths_are_the_least_that_are_new_and_payable() {
    let (mut space, mut seen) = (PathWorkspace::default(), Seen::default());
    for seed in 0..30_000 {
        compare(seed, &mut space, &mut seen);
    }
    let counts = [seen.paths, seen.none, seen.refused, seen.rewarded, seen.more];
    assert!(counts.iter().all(|&count| count > 500), "{seen:?}: the test tests little");
}

#[test]
fn balances_that_a_payment_moved_make_the_way_back_cost_what_was_gained() {
    let mut channels = vec![Channel::new([0, 1], [500, 500]), Channel::new([1, 2], [500, 500])];
    for channel in &mut channels {
        channel.terms[0] = terms(0, 0, &[(0, 40), (500, 0), (1000, 40)]);
        channel.terms[1] = channel.terms[0].clone();
    }
    let mut table = table(&channels);
    let mut space = PathWorkspace::default();
    let mut pay = |payer, payee, amount, table: &mut ImbalanceTable| {
        let query = PathQuery {
            path_count: 1,
            ..PathQuery::new(node_id(payer), node_id(payee), Msat::from_msat(amount))
        };
        let found = diverse_paths(table, &query, &mut space).unwrap();
        for hop in &found.paths[0].hops {
            table.move_balance(hop.channel, hop.amount).unwrap();
        }
        found.paths[0].fee_msat
    };
    // Both of the mediator's channels leave the middle: 8 for the 100 that go out, 8 % of the 118 that come in.
    assert_eq!(pay(0, 2, 100, &mut table), 18);
    assert_eq!(table.balances(scid(0)).unwrap().map(Msat::to_msat), [382, 618]);
    // On the way back it pays for both: 8 for the 100 that go out, 8 % of the 86 that come in.
    assert_eq!(pay(2, 0, 100, &mut table), -14);
}

#[test]
fn a_table_is_carried_to_a_newer_snapshot_by_names() {
    let mut channels = vec![Channel::new([0, 1], [50, 10]), Channel::new([2, 3], [7, 8])];
    channels[1].terms[1] = terms(3, 10, &[(0, 5), (15, 0)]);
    let older = table(&channels);
    // A channel with a lesser name than the second takes its number.
    let newer = table(&[channels[0].clone(), channels[1].clone(), Channel::new([1, 2], [0, 0])]);
    let carried = older.carried_to(newer.snapshot().clone());
    for (place, balances) in [(0, [50, 10]), (1, [7, 8]), (2, [0, 0])] {
        assert_eq!(carried.balances(scid(place)).unwrap(), balances.map(Msat::from_msat));
    }
    assert!(older.balances(scid(2)).is_err());
}

#[test]
fn queries_out_of_range_are_refused() {
    let table = table(&[Channel::new([0, 1], [50, 10])]);
    let mut space = PathWorkspace::default();
    let good = PathQuery::new(node_id(0), node_id(1), Msat::from_msat(5));
    let mut refused = |query: PathQuery| diverse_paths(&table, &query, &mut space).err();
    assert_eq!(refused(good.clone()), None);
    assert_eq!(refused(PathQuery { payee: node_id(0), ..good.clone() }), Some(PathError::OneNode));
    let amount = Msat::ZERO;
    assert_eq!(refused(PathQuery { amount, ..good.clone() }), Some(PathError::Amount { amount }));
    let amount = Msat::from_msat((1 << 53) + 1);
    assert_eq!(refused(PathQuery { amount, ..good.clone() }), Some(PathError::Amount { amount }));
    for path_count in [0, 26] {
        let error = Some(PathError::PathCount { path_count });
        assert_eq!(refused(PathQuery { path_count, ..good.clone() }), error);
    }
    let weights = PathWeights { hop: 0, ..PathWeights::default() };
    assert_eq!(refused(PathQuery { weights, ..good.clone() }), Some(PathError::NoHopWeight));
    let unknown = node_id(9);
    let error = Some(PathError::UnknownNode { node_id: unknown });
    assert_eq!(refused(PathQuery { payee: unknown, ..good }), error);
}
