//! Worlds that have misled this search or one like it.

use engine::belief::Prior;
use engine::cost::{CostModel, ProbabilityWeights, RiskWeights};
use engine::obvious::{Reference, route_reference};
use engine::route::Route;
use engine::router::{RouteWorkspace, route};
use engine::search::Method;
use primitives::Msat;

use super::changes::BeliefDraft;
use super::judge::judge;
use super::world::{Channel, Policy, World};

pub(super) fn holds(world: &World) {
    judge(world).unwrap_or_else(|wrong| panic!("{wrong}\n{world:?}"));
}

/// A channel that forwards one way.
pub(super) fn way(tail: u8, head: u8, policy: Policy) -> Channel {
    if tail < head {
        Channel::new([tail, head], [Some(policy), None])
    } else {
        Channel::new([head, tail], [None, Some(policy)])
    }
}

#[test]
fn any_tolerance_finds_a_route() {
    let mut world = World::new(vec![way(0, 1, Policy::FREE), way(1, 2, Policy::base(7))], 0, 2, 1000);
    world.payment.tolerance = Msat::MAX.to_msat();
    holds(&world);
}

#[test]
fn a_circular_route_does_not_return_over_its_first_channel() {
    let both = |ends, fee| Channel::new(ends, [Some(Policy::base(fee)); 2]);
    let ring = vec![both([0, 1], 1), both([1, 2], 3), both([0, 2], 8)];
    holds(&World::new(ring.clone(), 0, 0, 1000));
    holds(&World::new(ring[..1].to_vec(), 0, 0, 1000));
    let parallel = vec![both([0, 1], 1), both([0, 1], 5), both([1, 2], 0)];
    holds(&World::new(parallel, 0, 0, 1000));
}

#[test]
fn a_discount_counts_before_the_fee_limit_does() {
    let discounting = Policy { inbound: (-900, 0), ..Policy::FREE };
    let from_payer = Channel::new([0, 1], [Some(Policy::FREE), Some(discounting)]);
    let mut world = World::new(vec![from_payer, way(1, 2, Policy::base(1000))], 0, 2, 50_000);
    for limit in [99, 100, 101] {
        world.payment.limits.fee_max = Some(Msat::from_msat(limit));
        holds(&world);
    }
}

#[test]
fn a_rate_taken_back_from_a_minimum_is_taken_of_the_minimum() {
    let discounting = Policy { inbound: (0, -100_000), ..Policy::FREE };
    let mut channels = vec![
        Channel::new([0, 1], [Some(Policy::FREE), Some(discounting)]),
        way(1, 2, Policy { ppm: 200_000, min: 1_100_000, ..Policy::FREE }),
        way(2, 9, Policy::base(100_000)),
        way(0, 3, Policy::FREE),
        way(3, 9, Policy::base(193_000)),
    ];
    // A payee with many channels, so that the search begins at the payer.
    channels.extend((10..30).map(|leaf| way(9, leaf, Policy::FREE)));
    holds(&World::new(channels, 0, 9, 1_000_000));
}

#[test]
fn the_best_direct_channel_is_found_beside_a_cheaper_one_that_takes_nothing() {
    // The one that takes nothing hides the other two, so the search begins anew below the cost of the least fee: half a
    // hop above the best.
    let direct = |capacity_sat, min| Channel {
        capacity_sat: Some(capacity_sat),
        ..way(6, 4, Policy { min, max: 1182, ..Policy::FREE })
    };
    let channels = vec![direct(4, 0), direct(1_000_000_000, 2001), direct(5, 0)];
    let mut world = World::new(channels, 6, 4, 1182);
    let weights = ProbabilityWeights { attempt_base_msat: 1, attempt_millionths: 1693, ..Default::default() };
    world.payment.cost = CostModel::Probability(weights);
    holds(&world);
}

#[test]
fn a_suffix_that_was_dropped_is_lifted_less() {
    // The backward search alone sees the minimum, from the cheaper of two labels, which pays more for being lifted.
    let mut world = World::new(
        vec![
            way(0, 1, Policy::FREE),
            Channel {
                capacity_sat: Some(1006),
                ..way(1, 2, Policy { min: 1_003_958, max: 1_004_001, ..Policy::FREE })
            },
            Channel { capacity_sat: Some(1917), ..way(2, 3, Policy { max: 1_003_000, ..Policy::FREE }) },
            Channel {
                capacity_sat: Some(1989),
                ..way(2, 3, Policy { ppm: 1, max: 1_003_000, ..Policy::base(1000) })
            },
        ],
        0,
        3,
        1_003_000,
    );
    let (attempt_base_msat, attempt_millionths) = (2250, 232);
    let weights = ProbabilityWeights { risk: RiskWeights::default(), attempt_base_msat, attempt_millionths };
    world.payment.cost = CostModel::Probability(weights);
    world.payment.may_overpay = true;
    holds(&world);
}

#[test]
fn the_label_search_goes_through_where_the_forward_search_turned_away() {
    let lifting = Policy { min: 15, max: 15, ..Policy::FREE };
    let fitting = Policy { max: 1, ..Policy::FREE };
    let channels = vec![way(4, 3, lifting), way(3, 0, fitting), way(4, 3, fitting)];
    let mut world = World::new(channels, 4, 0, 1);
    world.payment.may_overpay = true;
    world.payment.cost = CostModel::Risk(RiskWeights::default());
    holds(&world);
    world.payment.cost = CostModel::default();
    holds(&world);
}

#[test]
fn a_search_that_is_cut_short_does_not_claim_too_much() {
    // The first channel looks best until its minimum is seen; the search still looks elsewhere when it is cut short.
    let amount = 137_205_063;
    let fitting = Policy { max: amount, ..Policy::FREE };
    let lifting = Policy { min: 138_828_010, max: 1_000_000_000_000, ..Policy::FREE };
    let sized = |channel: Channel, sat| Channel { capacity_sat: Some(sat), ..channel };
    let channels = vec![
        sized(way(3, 1, lifting), 140_743),
        sized(way(3, 0, fitting), 1_000_000_000),
        way(3, 1, fitting),
        sized(way(5, 4, fitting), 267_494),
        way(0, 5, Policy { base: 1000, ppm: 1, ..fitting }),
        way(4, 1, fitting),
    ];
    let mut world = World::new(channels, 3, 1, amount);
    let (attempt_base_msat, attempt_millionths) = (967, 289);
    world.payment.cost = CostModel::Probability(ProbabilityWeights {
        attempt_base_msat,
        attempt_millionths,
        ..ProbabilityWeights::default()
    });
    world.payment.may_overpay = true;
    for work_max in 1..12 {
        world.payment.work_max = work_max;
        holds(&world);
    }
}

#[test]
fn a_loop_that_pays_for_itself_is_no_route() {
    // Node 1 asks 1,000 msat for the way to 3, nothing of what comes back to it from 2.
    let discounting = Policy { inbound: (-1000, 0), ..Policy::FREE };
    let channels = vec![
        way(0, 1, Policy::FREE),
        Channel::new([1, 2], [Some(discounting), Some(Policy::FREE)]),
        way(1, 3, Policy::base(1000)),
        way(2, 5, Policy::FREE),
    ];
    let mut world = World::new(channels, 0, 3, 10_000);
    holds(&world);
    world.channels.extend([way(1, 4, Policy::base(300)), way(4, 3, Policy::base(300))]);
    holds(&world);
}

#[test]
fn a_dear_last_hop_is_carried_by_all_hops_before_it() {
    // What 8 charges for the way to 9 does not fit the cheap ways to 8, nor lift what another one asks for.
    for charge in [Policy::base(5_000_000), Policy { min: 6_000_000, ..Policy::FREE }] {
        let mut channels = vec![way(8, 9, charge), way(0, 1, Policy::FREE)];
        for (node, max) in [(2, 5_000_000), (3, 1_000_000), (4, 1 << 45)] {
            channels.push(way(1, node, Policy { ppm: u32::from(node), ..Policy::FREE }));
            channels.push(way(node, 8, Policy { base: 1, max, ..Policy::FREE }));
        }
        channels.push(way(1, 8, Policy { min: 6_000_001, ..Policy::FREE }));
        let mut world = World::new(channels, 0, 9, 1_000_000);
        for cost in [CostModel::Fee, CostModel::Risk(RiskWeights::default()), CostModel::default()] {
            for may_overpay in [false, true] {
                (world.payment.cost, world.payment.may_overpay) = (cost, may_overpay);
                holds(&world);
            }
        }
    }
}

#[test]
fn a_last_hop_that_a_discount_takes_back_is_not_dear() {
    let discounting = Policy { inbound: (0, -1_000_000), ..Policy::FREE };
    let channels = vec![
        way(0, 1, Policy::FREE),
        Channel::new([1, 8], [Some(Policy { max: 1_000_000, ..Policy::base(3) }), Some(discounting)]),
        way(1, 8, Policy::FREE),
        Channel::new([8, 9], [Some(Policy::base(5_000_000)), Some(Policy::FREE)]),
    ];
    holds(&World::new(channels, 0, 9, 1_000_000));
}

/// A hub whose own channels ask fees that rise along its list, to spokes that all lead on to one payee.
fn hub_and_spokes(spokes: u8, fee: impl Fn(u8) -> [u32; 2]) -> Vec<Channel> {
    let spokes = (2..2 + spokes).flat_map(|spoke| {
        let [out, on] = fee(spoke).map(Policy::base);
        [Channel::new([0, spoke], [Some(out), Some(Policy::FREE)]), way(spoke, 1, on)]
    });
    spokes.collect()
}

#[test]
fn a_payer_that_is_a_hub_charges_itself_nothing() {
    // The best way leaves over the channel that is dearest to others, last in the list.
    let channels = hub_and_spokes(60, |spoke| [u32::from(spoke) * 1000, 500 - u32::from(spoke)]);
    holds(&World::new(channels.clone(), 0, 1, 100_000));
    // The same for a payer that the backward search meets in the list of a hub.
    let mut world = World::new(channels, 61, 1, 100_000);
    world.channels.push(Channel::new([1, 61], [Some(Policy::FREE), Some(Policy::base(1_000_000))]));
    holds(&world);
}

#[test]
fn hubs_at_both_ends_find_each_other() {
    let mut channels = hub_and_spokes(40, |spoke| [0, 1000 + u32::from(spoke)]);
    holds(&World::new(channels.clone(), 0, 1, 1));
    holds(&World::new(channels.clone(), 1, 0, 1));
    channels.extend([5000, 3000, 4000].map(|fee| way(0, 1, Policy { max: 10_000, ..Policy::base(fee) })));
    for amount in [1, 10_000, 10_001] {
        holds(&World::new(channels.clone(), 0, 1, amount));
    }
}

#[test]
fn a_list_that_is_left_early_hides_nothing() {
    // Two hubs see each other over their dearest channels only, each settled before the other's list is read.
    for bridge in [0, 400, 900, 1500, 2100] {
        let mut channels = Vec::new();
        for spoke in 10..40 {
            channels.push(Channel::new([1, spoke], [Some(Policy::base(bridge / 2)), Some(Policy::FREE)]));
            channels.push(Channel::new([2, spoke], [Some(Policy::FREE), Some(Policy::base(bridge / 3))]));
        }
        channels.extend([
            way(0, 1, Policy::FREE),
            way(1, 2, Policy::base(bridge)),
            way(2, 3, Policy::base(7)),
        ]);
        channels.extend([way(0, 10, Policy::FREE), way(39, 3, Policy::base(bridge + 1))]);
        holds_by_reference(&World::new(channels, 0, 3, 50_000));
    }
}

#[test]
fn tiny_payments_pay_base_fees_above_their_amount() {
    let lifting = Policy { min: 1000, ..Policy::base(1000) };
    let mut world =
        World::new(vec![way(0, 1, lifting), way(1, 2, lifting), way(2, 3, Policy::base(999))], 0, 3, 1);
    for amount in [1, 2, 999, 1000, 1001] {
        for may_overpay in [false, true] {
            (world.payment.amount, world.payment.may_overpay) = (amount, may_overpay);
            holds(&world);
        }
    }
}

#[test]
fn fees_push_an_amount_over_a_round_maximum() {
    let round = Policy { max: 100_000_000, ..Policy::base(10) };
    let channels = vec![
        way(0, 1, Policy::FREE),
        way(1, 2, round),
        way(2, 3, round),
        way(0, 4, Policy::FREE),
        way(4, 2, Policy { max: 100_000_010, ..Policy::base(70) }),
        way(4, 3, Policy::base(90)),
    ];
    for amount in [99_999_990, 99_999_991, 100_000_000, 100_000_001] {
        holds(&World::new(channels.clone(), 0, 3, amount));
    }
}

#[test]
fn a_plateau_of_free_channels_has_no_loops() {
    let mut channels = Vec::new();
    for one in 0..8 {
        channels.extend((one + 1..8).map(|two| Channel::new([one, two], [Some(Policy::FREE); 2])));
    }
    channels.push(way(7, 9, Policy { max: 5, ..Policy::FREE }));
    for amount in [5, 6] {
        holds(&World::new(channels.clone(), 0, 9, amount));
    }
}

#[test]
fn a_dearer_label_with_a_smaller_amount_wins_later() {
    // From 2 on, the fast way takes a fee and the slow one takes time; what is paid for the rest depends on the amount.
    let channels = vec![
        way(0, 1, Policy::FREE),
        way(1, 2, Policy { ppm: 500_000, ..Policy::FREE }),
        way(2, 3, Policy { ppm: 100_000, ..Policy::FREE }),
        way(2, 3, Policy { cltv: 1000, ..Policy::FREE }),
    ];
    let mut world = World::new(channels, 0, 3, 1_000_000);
    for risk_billionths in [80_000, 100_000, 120_000, 140_000, 160_000] {
        world.payment.cost =
            CostModel::Risk(RiskWeights { risk_billionths, hop_base_msat: 1, hop_millionths: 0 });
        holds(&world);
        // A last channel that only the smaller amount fits through.
        world.channels[0] = way(0, 1, Policy { max: 1_600_000, ..Policy::FREE });
        holds(&world);
        world.channels[0] = way(0, 1, Policy::FREE);
    }
}

#[test]
fn a_dearer_label_that_alone_fits_is_not_given_up_for_its_lead() {
    // From node 2 on, a fee is so much cheaper than time that the rest of no route makes up for it. But the channel before
    // takes hardly more than the amount, and the way around is dear. Leaves make either side the slower one.
    for leaf_of in [0, 2, 3] {
        let mut channels = vec![
            way(0, 1, Policy::FREE),
            way(1, 2, Policy { max: 1_000_500, ..Policy::FREE }),
            way(2, 3, Policy::base(1000)),
            way(2, 3, Policy { cltv: 150, ..Policy::FREE }),
            way(0, 9, Policy::FREE),
            way(9, 3, Policy::base(5000)),
        ];
        channels.extend((10..90).map(|leaf| Channel::new([leaf_of, leaf], [Some(Policy::FREE); 2])));
        let mut world = World::new(channels, 0, 3, 1_000_000);
        let weights = RiskWeights { risk_billionths: 10_000, hop_base_msat: 500, hop_millionths: 0 };
        world.payment.cost = CostModel::Risk(weights);
        holds(&world);
    }
}

/// For graphs with too many routes to look at all.
pub(super) fn holds_by_reference(world: &World) {
    let snapshot = world.snapshot();
    let query = world.query_on(&snapshot);
    let best =
        route_reference(&snapshot, &query, Reference::Labels { labels_max: 100_000 }).expect("few labels");
    let found = route(&snapshot, &query, &mut RouteWorkspace::default());
    assert_eq!(found.ok().map(|found| found.cost), best.map(|best| best.cost), "{world:?}");
}

#[test]
fn a_first_channel_that_nothing_fits_hides_no_other() {
    let closed = Channel {
        capacity_sat: Some(1_000_000_000),
        ..way(3, 1, Policy { min: 1001, max: 1, ..Policy::FREE })
    };
    let channels = vec![closed, way(3, 1, Policy { max: 1, ..Policy::FREE }), way(3, 1, Policy::FREE)];
    let mut world = World::new(channels, 3, 1, 1);
    world.payment.cost = CostModel::default();
    holds(&world);
}

#[test]
fn minima_far_above_the_amount_are_out_of_the_way() {
    // From a gateway, eighty free ways with minima ten times the amount, and one that is dear and carries it.
    let dear = Policy { min: 10_000_000, ..Policy::FREE };
    let mut channels =
        vec![way(0, 1, Policy::FREE), way(1, 2, Policy::base(1000)), way(2, 99, Policy::base(0))];
    channels.extend((3..83).flat_map(|middle| [way(1, middle, dear), way(middle, 99, Policy::base(1))]));
    let mut world = World::new(channels, 0, 99, 1_000_000);
    for may_overpay in [true, false] {
        for cost in [CostModel::Fee, CostModel::default()] {
            (world.payment.may_overpay, world.payment.cost) = (may_overpay, cost);
            holds(&world);
            let found = route(&world.snapshot(), &world.query(), &mut RouteWorkspace::default());
            let counts = found.expect("a route over node 2").counts;
            assert!(counts.met < 5, "every way meets, none fits: {counts:?}");
        }
    }
    // Where it is the only way, the minimum is paid.
    (world.payment.may_overpay, world.payment.cost) = (true, CostModel::Fee);
    world.channels.retain(|channel| channel.ends != [1, 2]);
    holds(&world);
}

#[test]
fn what_the_payer_cannot_send_is_not_looked_at() {
    // The way to the payee takes long, which costs 100,000 msat. Another one costs a twentieth of that, all of it fee, which
    // is more than the payer's channel can send. It leads over 200 nodes that free channels join.
    let slow = Policy { cltv: 100, ..Policy::FREE };
    let mut channels = vec![
        way(0, 1, Policy { max: 1_001_000, ..Policy::FREE }),
        way(1, 250, Policy::FREE),
        way(250, 251, slow),
        way(1, 2, Policy::FREE),
    ];
    channels.extend(net(2).into_iter().filter(|channel| channel.ends[1] <= 200));
    channels.push(way(200, 251, Policy::base(5000)));
    let mut world = World::new(channels, 0, 251, 1_000_000);
    let weights = RiskWeights { risk_billionths: 1_000_000, hop_base_msat: 1, hop_millionths: 0 };
    world.payment.cost = CostModel::Risk(weights);
    holds_by_reference(&world);
    let found = route(&world.snapshot(), &world.query(), &mut RouteWorkspace::default());
    let counts = found.expect("the slow way").counts;
    assert!(counts.settled < 50, "of 200 nodes that lead to too large an amount: {counts:?}");
}

/// Free channels that join the nodes from `first` to 200 in a net, and a way from the last of them to node 251 for 1,000 msat.
pub(super) fn net(first: u8) -> Vec<Channel> {
    let mut channels = Vec::new();
    for at in first..=200u8 {
        let next = |step: u8| first + (at - first).wrapping_mul(step).wrapping_add(7 * step) % (201 - first);
        let heads = [3, 5, 11].map(next).into_iter().filter(|&head| head != at);
        channels.extend(heads.map(|head| way(at, head, Policy::FREE)));
        channels.extend((at < 200).then(|| way(at, at + 1, Policy::FREE)));
    }
    channels.push(way(200, 250, Policy::base(1000)));
    channels.push(way(250, 251, Policy::FREE));
    channels
}

#[test]
fn a_plateau_behind_a_fee_is_not_searched_for_a_msat() {
    // The payer's side charges for what the payee's side adds: 1 msat more than for the amount alone. Between them, free
    // channels join 200 nodes in a net.
    let mut channels = vec![way(0, 1, Policy::FREE), way(1, 2, Policy { ppm: 10_000, ..Policy::FREE })];
    channels.extend(net(2));
    let mut world = World::new(channels, 0, 251, 1_000_000);
    for hop_count_max in [20, 250] {
        world.payment.limits.hop_count_max = hop_count_max;
        holds_by_reference(&world);
    }
    // The same where beliefs close every third channel of the plateau, and say of another third that it carries a msat
    // less than what the search knows at first that it takes.
    for spare in [0, 1, 999, 1000, 11_000] {
        let bounds = (3..world.channels.len() - 2).filter(|place| place % 3 > 0);
        let bounds = bounds.map(|place| {
            let direction = usize::from(world.channels[place].policies[0].is_none());
            let (lower, upper) = if place % 3 == 1 { (0, 999_999) } else { (1_000_000, 1_000_000 + spare) };
            (place, direction, lower, upper)
        });
        let (prior, bounds) = (Prior::Uniform, bounds.collect());
        world.changes.believed = Some(BeliefDraft { prior, bounds, is_foreign: false });
        holds_by_reference(&world);
    }
}

#[test]
fn of_free_ways_the_one_of_the_fewest_hops_is_taken() {
    // Two rows of free channels lead from the payer's side to the payee's, one longer than a route may be, and both sides
    // can go wrong: at the payer's end the long row has the first channel, at the payee's end the last.
    let row = |nodes: Vec<u8>| {
        let ends: Vec<_> = nodes.windows(2).map(|ends| (ends[0], ends[1])).collect();
        ends.into_iter().map(|(tail, head)| way(tail, head, Policy::FREE))
    };
    let long = row([1].into_iter().chain(20..50).chain([2]).collect());
    let short = row(vec![1, 60, 61, 62, 63, 64, 2]);
    let crossing = [way(30, 61, Policy::FREE), way(63, 33, Policy::FREE)];
    let ends = [way(0, 1, Policy::FREE), way(2, 3, Policy::base(5))];
    let channels: Vec<_> = ends.into_iter().chain(long).chain(crossing).chain(short).collect();
    found_in_both_orders(channels, |found, world| {
        assert_eq!((found.hops.len(), found.method), (8, Method::Bidirectional), "{world:?}");
    });
}

#[test]
fn balls_on_a_plateau_meet_at_the_best_connected_nodes() {
    // Free channels fan out from the payer's side and into the payee's. One channel joins the two fans; its ends have more
    // channels than all others, and nothing else tells them from those.
    let fan = |from: u8, until: u8, hub: u8| {
        let row = (from..until - 1).map(|node| way(node, node + 1, Policy::FREE));
        let more = (from..from + 5).map(move |node| way(hub, node, Policy::FREE));
        row.chain(more).collect::<Vec<_>>()
    };
    let (out, back) = (10..40, 50..80);
    let mut channels = vec![way(0, 1, Policy::FREE), way(2, 3, Policy::base(5)), way(25, 65, Policy::FREE)];
    channels.extend(out.clone().map(|node| way(1, node, Policy::FREE)));
    channels.extend(back.clone().map(|node| way(node, 2, Policy::FREE)));
    channels.extend(fan(out.start, out.end, 25).into_iter().chain(fan(back.start, back.end, 65)));
    found_in_both_orders(channels, |found, world| {
        assert!(found.counts.settled <= 10, "{:?}: {world:?}", found.counts);
    });
}

/// Checks the route from 0 to 3, the best by the reference, whichever way round the channels are listed.
fn found_in_both_orders(channels: Vec<Channel>, check: impl Fn(&Route, &World)) {
    let reversed = channels.iter().cloned().rev().collect();
    for channels in [channels, reversed] {
        let world = World::new(channels, 0, 3, 1_000_000);
        holds_by_reference(&world);
        let found =
            route(&world.snapshot(), &world.query(), &mut RouteWorkspace::default()).expect("a route");
        check(&found, &world);
    }
}
