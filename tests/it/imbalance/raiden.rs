//! Graphs and answers of the tests of Raiden's pathfinding service. Tokens of theirs are our msat; hops of theirs weigh
//! 10, so that a tenth of one is whole.

use engine::imbalance::{FeeTerms, PathQuery, PathWeights, PathWorkspace, diverse_paths};
use primitives::Msat;

use super::world::{Channel, node_id, table, terms};

fn query(payer: u32, payee: u32, amount: u64, diversity: u32) -> PathQuery {
    let weights = PathWeights { hop: 10, diversity, fee: 0 };
    PathQuery { weights, ..PathQuery::new(node_id(payer), node_id(payee), Msat::from_msat(amount)) }
}

/// Paths by their nodes.
fn nodes_of(channels: &[Channel], query: &PathQuery) -> Vec<Vec<u32>> {
    let found = diverse_paths(&table(channels), query, &mut PathWorkspace::default()).unwrap();
    let number = |id| (0..20).find(|&node| node_id(node) == id).unwrap();
    let nodes = |path: &engine::imbalance::FeePath| {
        let mut nodes = vec![number(query.payer)];
        nodes.extend(path.hops.iter().map(|hop| number(hop.node_id)));
        nodes
    };
    found.paths.iter().map(nodes).collect()
}

/// Depleted channels, and a channel with timeouts that are too short, which is disabled here.
fn case_1() -> Vec<Channel> {
    let mut channels: Vec<Channel> = [
        ([0, 1], [90, 60]),
        ([1, 2], [130, 40]),
        ([2, 3], [80, 20]),
        ([3, 4], [50, 50]),
        ([0, 2], [0, 120]),
        ([1, 4], [35, 35]),
        ([5, 6], [550, 700]),
    ]
    .map(|(ends, balances)| Channel::new(ends, balances))
    .into();
    channels[2].limits = [None; 2];
    channels
}

/// Partly overlapping paths from 0 to 8.
fn case_3() -> Vec<Channel> {
    let ends = [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
        [4, 8],
        [0, 7],
        [6, 7],
        [7, 8],
        [7, 9],
        [9, 10],
        [8, 10],
        [5, 8],
        [5, 6],
        [6, 8],
    ];
    ends.map(|ends| Channel::new(ends, [100, 100])).into()
}

#[test]
fn depleted_channels_are_gone_round() {
    assert_eq!(nodes_of(&case_1(), &query(0, 3, 10, 50)), [[0, 1, 4, 3]]);
    assert_eq!(nodes_of(&case_1(), &query(0, 2, 10, 50)), [[0, 1, 2]]);
    assert!(nodes_of(&case_1(), &query(0, 5, 10, 50)).is_empty());
}

#[test]
fn fees_count_against_capacities() {
    let one = |channels: &[Channel]| nodes_of(channels, &PathQuery { path_count: 1, ..query(4, 0, 35, 50) });
    let mut channels = case_1();
    assert_eq!(one(&channels), [vec![4, 1, 0]]);
    // Node 1 asks for 1 on its channel to 0, which the channel from 4 has no room for.
    channels[0].terms[1] = terms(1, 0, &[]);
    assert_eq!(one(&channels), [vec![4, 1, 2, 0]]);
}

#[test]
fn used_channels_are_avoided_as_far_as_the_penalty_goes() {
    let [direct, by_6, by_9, by_5, around] =
        [vec![0, 7, 8], vec![0, 7, 6, 8], vec![0, 7, 9, 10, 8], vec![0, 7, 6, 5, 8], vec![0, 1, 2, 3, 4, 8]];
    let rows = [
        (1, [&direct, &by_6, &by_9, &by_5, &around]),
        (11, [&direct, &by_6, &around, &by_9, &by_5]),
        (100, [&direct, &around, &by_6, &by_9, &by_5]),
    ];
    for (diversity, expected) in rows {
        let found = nodes_of(&case_3(), &query(0, 8, 10, diversity));
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "penalty {diversity}");
    }
    let avoiding = |node| PathQuery { avoided_nodes: vec![node_id(node)], ..query(0, 8, 10, 50) };
    assert_eq!(nodes_of(&case_3(), &avoiding(7)), [around]);
    assert!(nodes_of(&case_3(), &avoiding(0)).is_empty());
    assert!(nodes_of(&case_3(), &avoiding(8)).is_empty());
}

/// Edge weights in hops: of one channel with 20 and 10 tokens, for one token.
#[test]
fn a_hop_weighs_what_raidens_edge_does() {
    let token = 1_000_000_000;
    let weight = |sender: FeeTerms, peer: u64, fee| {
        let mut channel = Channel::new([0, 1], [20 * token, peer]);
        channel.terms[0] = sender;
        let weights = PathWeights { fee, ..PathWeights::RAIDEN_GWEI };
        let query = PathQuery { weights, ..PathQuery::new(node_id(0), node_id(1), Msat::from_msat(token)) };
        let found = diverse_paths(&table(&[channel]), &query, &mut PathWorkspace::default()).unwrap();
        assert_eq!(found.paths.len(), 1, "a path comes once");
        found.paths[0].weight / u64::from(weights.hop)
    };
    assert_eq!(weight(terms(0, 0, &[]), 10 * token, 0), 1);
    assert_eq!(weight(terms(token / 100 * 3, 0, &[]), 10 * token, 1), 4);
    assert_eq!(weight(terms(0, 10_000, &[]), 10 * token, 1), 2);
    assert_eq!(weight(terms(0, 10_000, &[]), 0, 1), 3);
}

#[test]
fn ends_charge_nothing_and_mediators_both_ways() {
    let mut channels = vec![Channel::new([1, 2], [100, 100]), Channel::new([2, 3], [100, 100])];
    let fee = |channels: &[Channel], payer, payee| {
        let found =
            diverse_paths(&table(channels), &query(payer, payee, 10, 0), &mut PathWorkspace::default())
                .unwrap();
        found.paths[0].fee_msat
    };
    assert_eq!(fee(&channels, 1, 3), 0);
    channels[0].terms[0] = terms(1, 0, &[]);
    assert_eq!(fee(&channels, 1, 3), 0);
    channels[0].terms[1] = terms(1, 0, &[]);
    assert_eq!(fee(&channels, 1, 3), 1);
    channels[1].terms[0] = terms(1, 0, &[]);
    assert_eq!((fee(&channels, 1, 3), fee(&channels, 3, 1)), (2, 2));
    // A penalty that falls by 1 a token: to send 10 on costs 10, and 5 are enough to be given 10.
    channels[0].terms = Default::default();
    channels[1].terms[0] = terms(0, 0, &[(0, 200), (200, 0)]);
    assert_eq!((fee(&channels, 1, 3), fee(&channels, 3, 1)), (10, -5));
    channels[1].terms[0].cap_fees = true;
    assert_eq!(fee(&channels, 3, 1), 0);
}

/// Its scenarios of flat and of proportional fees: two mediators, 10,000 tokens.
#[test]
fn fees_add_up_along_a_path() {
    let sent = |terms: FeeTerms| {
        let channels = [[0, 1], [1, 2], [2, 3]].map(|ends| {
            let mut channel = Channel::new(ends, [100_000, 100_000]);
            channel.terms = [terms.clone(), terms.clone()];
            channel
        });
        let found =
            diverse_paths(&table(&channels), &query(0, 3, 10_000, 0), &mut PathWorkspace::default()).unwrap();
        found.paths[0].hops.iter().map(|hop| hop.amount.to_msat()).collect::<Vec<_>>()
    };
    assert_eq!(sent(terms(50, 0, &[])), [10_200, 10_100, 10_000]);
    // 1 % a mediator is 0.4975 % a channel: 10,000 * 1.004975 / 0.995025 = 10,099.99, and so on.
    assert_eq!(sent(terms(0, 4975, &[])), [10_201, 10_100, 10_000]);
    // All of a third twice: what goes out costs 4/3, of which comes in half as much again.
    assert_eq!(sent(terms(0, 333_333, &[])), [40_000, 20_000, 10_000]);
}
