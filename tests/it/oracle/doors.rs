//! What nodes take for or off what arrives (inbound fees) must be known to the payer's side, or it looks at the whole graph.

use engine::cost::CostModel;
use engine::router::{RouteWorkspace, route};

use super::traps::{holds, holds_by_reference, net, way};
use super::world::{Channel, Policy, World};

/// A channel from a node to another that takes `inbound` for what arrives.
fn taking(tail: u8, head: u8, policy: Policy, inbound: (i32, i32)) -> Channel {
    let other = Policy { inbound, disabled: true, ..Policy::FREE };
    Channel::new([tail, head], [Some(policy), Some(other)])
}

/// The net is behind a charge, so the payee's side comes to it first, and it need not be searched to its end.
fn is_found_at_once(channels: Vec<Channel>) {
    let mut world = World::new(channels, 0, 251, 1_000_000);
    world.payment.ignore_inbound_fees = false;
    world.payment.cost = CostModel::Fee;
    holds_by_reference(&world);
    // The last msat may keep it in question.
    world.payment.tolerance = 10;
    let snapshot = world.snapshot();
    let found = route(&snapshot, &world.query_on(&snapshot), &mut RouteWorkspace::default());
    let counts = found.expect("there is a way").counts;
    assert!(counts.settled < 60, "of 190 nodes: {counts:?}");
}

#[test]
fn what_is_charged_for_what_arrives_is_known_to_the_payer_s_side() {
    // The same whether the payer's own channel or the next one is charged for.
    for hop in [0, 1] {
        let inbound = |at| if at == hop { (0, 5000) } else { (0, 0) };
        let ways = [taking(0, 1, Policy::FREE, inbound(0)), taking(1, 2, Policy::FREE, inbound(1))];
        is_found_at_once(net(20).into_iter().chain(ways).chain([way(2, 20, Policy::FREE)]).collect());
    }
}

#[test]
fn a_discount_is_not_taken_for_the_largest_that_its_node_gives() {
    // Node 2 takes off all that it charges, but for what comes from node 10, which nobody comes to.
    let ways = [
        way(0, 1, Policy::FREE),
        taking(1, 2, Policy::FREE, (0, -25)),
        Channel::new(
            [2, 10],
            [Some(Policy { inbound: (0, -9000), disabled: true, ..Policy::FREE }), Some(Policy::FREE)],
        ),
        way(2, 20, Policy { ppm: 5000, ..Policy::FREE }),
    ];
    is_found_at_once(net(20).into_iter().chain(ways).collect());
}

#[test]
fn a_discount_beyond_the_whole_amount_counts_as_the_whole() {
    // Were twice the amount taken off, the dear way on would be the cheaper one: less would have to arrive for it.
    let beyond = Policy { inbound: (5000, -2_000_000), ..Policy::FREE };
    let from_payer = Channel::new([0, 1], [Some(Policy::FREE), Some(beyond)]);
    let [free, dear] = [0, 1000].map(|fee| way(1, 2, Policy::base(fee)));
    for ways in [vec![free], vec![dear], vec![free, dear], vec![dear, free]] {
        let world = World::new([vec![from_payer], ways].concat(), 0, 2, 1000);
        holds(&world);
        let found = route(&world.snapshot(), &world.query(), &mut RouteWorkspace::default());
        assert_eq!(found.expect("a route").fee.to_msat(), 4000, "{world:?}");
    }
}
