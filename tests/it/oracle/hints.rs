//! Channels that only the query knows: there and back, and of a name that others have, too.

use engine::alternatives::alternatives;
use engine::diverse::diverse;
use engine::obvious::{Reference, route_reference};
use engine::query::FirstChannel;
use engine::router::{RouteError, RouteWorkspace, route};
use primitives::{Msat, ShortChannelId};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, TestCaseError, any, proptest};
use proptest::prop_assert_eq;
use proptest::sample::Index;

use super::brute::Oracle;
use super::draw::{Mix, world};
use super::traps::{holds, way};
use super::world::{Channel, Extra, Policy, World, extra_scid, scid};

/// An arc that only the query knows, of a channel of this name.
fn extra(scid: ShortChannelId, tail: u8, head: u8, policy: Policy) -> Extra {
    Extra { scid, tail, head, capacity_sat: None, policy }
}

#[test]
fn what_is_avoided_by_name_is_avoided_wherever_it_lies() {
    // The payer's channel, and two ways on from node 1: the dear one is the only one that is not called `named`.
    let (named, graphs) = (9, 0);
    let dear = way(1, 2, Policy::base(9));
    let hints = |name: usize| {
        vec![
            extra(scid(name), 2, 1, Policy::FREE),
            extra(scid(name), 1, 2, Policy::base(3)),
            extra(scid(name), 1, 2, Policy::base(4)),
        ]
    };
    let private =
        World { extra: hints(named), ..World::new(vec![way(0, 1, Policy::FREE), dear], 0, 2, 1000) };
    let channels = vec![way(1, 2, Policy::base(5)), way(0, 1, Policy::FREE), dear];
    let public = World { extra: hints(graphs), ..World::new(channels, 0, 2, 1000) };
    for (mut world, name) in [(private, named), (public, graphs)] {
        let avoided = [(vec![name], vec![], 9), (vec![], vec![(name, 0)], 9), (vec![], vec![(name, 1)], 3)];
        for (channels, directions, fee) in avoided {
            (world.payment.avoided_channels, world.payment.avoided_directions) = (channels, directions);
            if fee == 9 {
                // Of hints that may be used, brute force knows no two of a name.
                holds(&world);
            }
            let found = route(&world.snapshot(), &world.query(), &mut RouteWorkspace::default());
            assert_eq!(found.expect("a route").fee.to_msat(), fee, "{world:?}");
        }
    }
}

#[test]
fn a_private_channel_that_is_told_both_ways_is_a_first_channel() {
    let name = extra_scid(0);
    let mut world = World::new(vec![way(1, 2, Policy::base(5))], 0, 2, 1000);
    let both = [extra(name, 1, 0, Policy::FREE), extra(name, 0, 1, Policy::FREE)];
    for extra in
        [vec![both[0], both[1]], vec![both[1], both[0]], vec![both[1]], vec![both[0], both[0], both[1]]]
    {
        world.extra = extra;
        let mut query = world.query();
        for (balance, is_enough) in [(1005, true), (1004, false)] {
            let first = FirstChannel { short_channel_id: name, balance: Msat::from_msat(balance) };
            query.first_channels = Some(vec![first]);
            let found = route(&world.snapshot(), &query, &mut RouteWorkspace::default());
            assert_eq!(found.is_ok(), is_enough, "{balance}: {found:?} in {world:?}");
        }
    }
}

#[test]
fn a_circular_route_does_not_return_over_a_private_first_channel() {
    let both = |place, peer| {
        [extra(extra_scid(place), peer, 0, Policy::FREE), extra(extra_scid(place), 0, peer, Policy::FREE)]
    };
    // The ways between the peers lead nowhere, then round.
    for channels in [vec![way(1, 2, Policy::FREE)], vec![Channel::new([1, 2], [Some(Policy::base(3)); 2])]] {
        let is_ring = channels[0].policies[1].is_some();
        let mut world = World::new(channels, 0, 0, 1000);
        world.extra = both(0, 1).to_vec();
        holds(&world);
        world.extra.extend(both(1, 2));
        // What nobody forwards over leads nowhere either.
        world.extra[3].policy.disabled = !is_ring;
        world.extra[2].policy.disabled = !is_ring;
        holds(&world);
        let found = alternatives(&world.snapshot(), &world.query(), 9, &mut RouteWorkspace::default());
        let found = found.unwrap_or_default();
        assert_eq!(found.len(), if is_ring { 2 } else { 0 }, "{found:?}");
        for found in found {
            let [first, last] = [found.hops.first(), found.hops.last()].map(|hop| hop.expect("hops"));
            assert_ne!(first.short_channel_id, last.short_channel_id, "{found:?}");
        }
    }
}

/// One direction of a channel of the world, as a route hint tells of it.
fn guise(world: &World, place: usize, direction: usize, policy: Policy) -> Extra {
    let ends = world.channels[place].ends;
    extra(scid(place), ends[direction], ends[1 - direction], policy)
}

#[test]
fn a_circular_route_does_not_return_over_a_hint_of_its_first_channel() {
    let free = || Channel::new([0, 1], [Some(Policy::FREE); 2]);
    // Nothing else comes back, then something dear.
    for others in [vec![], vec![Channel::new([1, 2], [Some(Policy::base(3)); 2]), way(2, 0, Policy::base(9))]]
    {
        for [there, back] in [[true, false], [false, true], [true, true]] {
            let mut world = World::new([vec![free()], others.clone()].concat(), 0, 0, 1000);
            if there {
                world.extra.push(guise(&world, 0, 0, Policy::FREE));
            }
            if back {
                world.extra.push(guise(&world, 0, 1, Policy::FREE));
            }
            let (snapshot, query) = (world.snapshot(), world.query());
            let found = route(&snapshot, &query, &mut RouteWorkspace::default());
            let fee = found.as_ref().ok().map(|found| found.fee.to_msat());
            let least = if others.is_empty() { None } else { Some(12) };
            assert_eq!(fee, least, "{found:?} in {world:?}");
            let exact = route_reference(&snapshot, &query, Reference::Labels { labels_max: 3000 });
            let exact = exact.expect("few labels").map(|exact| exact.fee.to_msat());
            assert_eq!(exact, least, "{world:?}");
            let all = alternatives(&snapshot, &query, 9, &mut RouteWorkspace::default()).unwrap_or_default();
            for found in &all {
                let [first, last] = [found.hops.first(), found.hops.last()].map(|hop| hop.expect("hops"));
                assert_ne!(first.short_channel_id, last.short_channel_id, "{found:?} in {world:?}");
            }
            assert_eq!(all.is_empty(), others.is_empty(), "{world:?}");
        }
    }
}

#[test]
fn a_hint_with_the_name_of_another_channel_is_a_way_back() {
    // One alias may be the name of a channel between other nodes.
    let channels = vec![Channel::new([0, 1], [Some(Policy::FREE); 2]), way(1, 2, Policy::base(3))];
    let mut world = World::new(channels, 0, 0, 1000);
    world.extra = vec![extra(scid(0), 2, 0, Policy::base(4))];
    let found = route(&world.snapshot(), &world.query(), &mut RouteWorkspace::default());
    assert_eq!(found.expect("a route").fee.to_msat(), 7, "{world:?}");
}

#[test]
fn diverse_routes_do_not_share_a_channel_and_its_hint() {
    let channels = vec![
        way(0, 1, Policy::FREE),
        way(0, 1, Policy::base(1)),
        way(1, 2, Policy::FREE),
        way(2, 3, Policy::FREE),
        way(2, 3, Policy::base(1)),
    ];
    let mut world = World::new(channels, 0, 3, 1000);
    world.extra = vec![guise(&world, 2, 0, Policy::FREE)];
    let found = diverse(&world.snapshot(), &world.query(), 9, &mut RouteWorkspace::default());
    assert_eq!(found.expect("a route").len(), 1, "{world:?}");
    world.extra = vec![extra(extra_scid(0), 1, 2, Policy::FREE)];
    let found = diverse(&world.snapshot(), &world.query(), 9, &mut RouteWorkspace::default());
    assert_eq!(found.expect("a route").len(), 2, "{world:?}");
}

#[test]
fn a_private_channel_s_directions_carry_what_each_says() {
    // One says 2 sat, one says nothing: 1,500 msat pass one way, 2,500 the other.
    let name = extra_scid(0);
    let sized = |sat, arc: Extra| Extra { capacity_sat: sat, ..arc };
    let extra = vec![
        sized(Some(2), extra(name, 0, 1, Policy::FREE)),
        sized(None, extra(name, 1, 0, Policy { inbound: (7, 0), ..Policy::FREE })),
    ];
    for (payer, payee) in [(0, 2), (2, 0)] {
        for amount in [1500, 1990, 2500] {
            let channels = vec![Channel::new([1, 2], [Some(Policy::base(5)); 2])];
            holds(&World { extra: extra.clone(), ..World::new(channels, payer, payee, amount) });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, ..ProptestConfig::with_cases(CASE_COUNT) })]

    #[test]
    fn a_circular_route_is_the_best_beside_hints_of_the_graph_s_channels(
        mut world in world(Mix { is_circular: true, ..Mix::default() }),
        named in vec((any::<Index>(), 0..2usize, 0..3000u32), 1..6)
    ) {
        (world.payment.tolerance, world.payment.work_max) = (0, 2_000_000);
        for (place, direction, base) in named {
            let place = place.index(world.channels.len());
            world.extra.push(guise(&world, place, direction, Policy::base(base)));
        }
        let (snapshot, query) = (world.snapshot(), world.query());
        let best = Oracle::new(&world).best().map(|best| best.cost);
        let found = match route(&snapshot, &query, &mut RouteWorkspace::default()) {
            Ok(found) => Some(u128::from(found.cost)),
            Err(RouteError::NoRoute(_) | RouteError::UnknownNode { .. }) => None,
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        prop_assert_eq!(found, best);
        // Some small worlds have very many ways that beat one another in some respect.
        if let Ok(exact) = route_reference(&snapshot, &query, Reference::Labels { labels_max: 3000 }) {
            prop_assert_eq!(exact.map(|exact| u128::from(exact.cost)), best);
        }
    }
}

/// Random worlds for each property.
const CASE_COUNT: u32 = 1000;
