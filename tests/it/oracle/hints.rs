//! Channels that only the query knows: there and back, and of a name that others have, too.

use engine::alternatives::alternatives;
use engine::query::FirstChannel;
use engine::router::{RouteWorkspace, route};
use primitives::{Msat, ShortChannelId};

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
