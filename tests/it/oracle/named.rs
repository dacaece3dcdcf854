//! Channels that the payer names with their balances: it knows them better than gossip does, though not than a layer.

use engine::alternatives::alternatives;
use engine::cost::CostModel;
use engine::flow::{PlanQuery, PlanWorkspace, plan};
use engine::layer::PolicyChange;
use engine::query::{FirstChannel, RouteQuery};
use engine::router::{RouteError, RouteWorkspace, route};
use primitives::Msat;

use super::changes::LayerDraft;
use super::traps::{holds, way};
use super::world::{Channel, Extra, Origin, Policy, World, extra_scid, scid};

const AMOUNT: u64 = 1_000_000;
const FEE: u64 = 3;

/// The payer's only channel, as gossip has it, and a way on for [`FEE`] msat.
fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for policy in [Some(Policy { disabled: true, ..Policy::FREE }), None] {
        for capacity_sat in [Some(2000), None] {
            for origin in [Origin::Built, Origin::Opened] {
                let own = Channel { capacity_sat, origin, ..Channel::new([0, 1], [policy, None]) };
                let mut world = World::new(vec![own, way(1, 2, Policy::base(FEE as u32))], 0, 2, AMOUNT);
                worlds.push(world.clone());
                world.payment.cost = CostModel::default();
                worlds.push(world);
            }
        }
    }
    worlds
}

/// Whether the payment finds a way; routes and alternatives agree, and brute force with them.
fn is_paid(world: &World) -> bool {
    holds(world);
    let (snapshot, query) = (world.snapshot(), world.query());
    let found = route(&snapshot, &query, &mut RouteWorkspace::default());
    if let Ok(found) = &found {
        assert_eq!(found.fee.to_msat(), FEE, "{world:?}");
    }
    let all = alternatives(&snapshot, &query, 9, &mut RouteWorkspace::default()).unwrap_or_default();
    assert_eq!(all.len(), usize::from(found.is_ok()), "{all:?} in {world:?}");
    found.is_ok()
}

/// Whether it finds one in parts.
fn is_planned(world: &World) -> bool {
    plan(&world.snapshot(), &PlanQuery::new(world.query()), &mut PlanWorkspace::default()).is_ok()
}

#[test]
fn a_named_channel_is_open_whatever_gossip_says() {
    for mut world in worlds() {
        assert!(!is_paid(&world) && !is_planned(&world), "it is not named: {world:?}");
        for (balance, is_enough) in [(AMOUNT + FEE, true), (AMOUNT + FEE - 1, false)] {
            world.payment.first = Some(vec![(0, balance)]);
            assert_eq!(is_paid(&world), is_enough, "{world:?}");
        }
        for (balance, is_enough) in [(2 * AMOUNT, true), (AMOUNT / 2, false), (u64::MAX, true)] {
            world.payment.first = Some(vec![(0, balance)]);
            assert_eq!([is_paid(&world), is_planned(&world)], [is_enough; 2], "{world:?}");
        }
    }
}

#[test]
fn a_layer_that_disables_a_named_channel_wins() {
    let name = (scid(0), 0);
    let update = |change| LayerDraft { updates: vec![(name, change)], ..LayerDraft::default() };
    let maximum = |msat| {
        update(PolicyChange { htlc_maximum_msat: Some(Msat::from_msat(msat)), ..PolicyChange::default() })
    };
    for (layer, is_open) in [
        (LayerDraft { disabled: vec![name], ..LayerDraft::default() }, false),
        (LayerDraft { disabled_nodes: vec![1], ..LayerDraft::default() }, false),
        (update(PolicyChange { enabled: Some(false), ..PolicyChange::default() }), false),
        (update(PolicyChange { enabled: Some(true), ..PolicyChange::default() }), true),
        (LayerDraft { constraints: vec![(name, 0, AMOUNT)], ..LayerDraft::default() }, false),
        (LayerDraft { biases: vec![(name, -20)], ..LayerDraft::default() }, true),
        (maximum(0), false),
        (maximum(2 * AMOUNT), true),
    ] {
        for mut world in worlds() {
            world.payment.first = Some(vec![(0, 2 * AMOUNT)]);
            world.changes.layers = vec![layer.clone()];
            assert_eq!([is_paid(&world), is_planned(&world)], [is_open; 2], "{world:?}");
        }
    }
}

#[test]
fn a_named_channel_begins_a_circle_whatever_gossip_says() {
    let free = Some(Policy::FREE);
    let own = Channel::new([0, 1], [Some(Policy { disabled: true, ..Policy::FREE }), free]);
    let ring = vec![own, way(1, 2, Policy::FREE), way(2, 0, Policy::base(FEE as u32))];
    let mut world = World::new(ring, 0, 0, AMOUNT);
    for (first, is_open) in [(None, false), (Some(vec![(0, 2 * AMOUNT)]), true)] {
        world.payment.first = first;
        holds(&world);
        let found = route(&world.snapshot(), &world.query(), &mut RouteWorkspace::default());
        assert_eq!(found.is_ok(), is_open, "{found:?} in {world:?}");
    }
}

#[test]
fn a_private_channel_of_which_only_the_way_back_is_told_may_be_named() {
    let channels = vec![way(1, 2, Policy::base(FEE as u32)), way(0, 2, Policy { max: 1, ..Policy::FREE })];
    let mut world = World::new(channels, 0, 2, AMOUNT);
    let scid = extra_scid(0);
    world.extra = vec![Extra { scid, tail: 1, head: 0, capacity_sat: None, policy: Policy::FREE }];
    let paid = |query: &RouteQuery| route(&world.snapshot(), query, &mut RouteWorkspace::default());
    let mut query = world.query();
    assert!(matches!(paid(&query), Err(RouteError::NoRoute(_))), "{world:?}");
    for (balance, is_enough) in [(AMOUNT + FEE, true), (AMOUNT + FEE - 1, false)] {
        let balance = Msat::from_msat(balance);
        query.first_channels = Some(vec![FirstChannel { short_channel_id: scid, balance }]);
        assert_eq!(paid(&query).is_ok(), is_enough, "{balance}: {world:?}");
    }
}
