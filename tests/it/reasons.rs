//! Why there is no route: what a limit is short by, and what is not known.

use engine::cost::CostModel;
use engine::graph::{GraphBuilder, Topology};
use engine::query::{Avoid, FirstChannel, RouteQuery};
use engine::router::{QueryPart, RouteError, RouteWorkspace, route};
use engine::snapshot::Snapshot;
use engine::{NoRoute, Wish};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, Msat, ShortChannelId, ShortChannelIdDir,
};
use tests::network::node;

const AMOUNT: Msat = Msat::from_msat(10_000_000);

/// From node 0 to node 3: over node 1 for 5,000 msat, and over node 2 for 1,000, which takes long and holds little.
fn snapshot() -> Snapshot {
    graph(&[
        (1, (0, 1), 0, 10_000_000, 10, 1),
        (2, (1, 3), 5000, 10_000_000, 10, 1),
        (3, (0, 2), 0, 10_000_000, 10, 1),
        (4, (2, 3), 1000, 12_000, 1000, 1),
    ])
}

/// A number, both ends, the base fee, the capacity in sat, the delta and the minimum in msat.
type Numbers = (u64, (u32, u32), u32, u64, u16, u64);

fn graph(channels: &[Numbers]) -> Snapshot {
    let mut draft = GraphBuilder::new();
    for &(number, ends, fee_base_msat, sat, blocks, minimum) in channels {
        let (scid, capacity) = (scid(number), Msat::from_sat(sat).unwrap());
        draft.add_channel(scid, node(ends.0), node(ends.1), Some(capacity), &Features::default()).unwrap();
        let policy = ChannelPolicy {
            fee: Fee { fee_base_msat, fee_proportional_millionths: 0 },
            inbound_fee: Default::default(),
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(blocks),
            htlc_minimum_msat: Msat::from_msat(minimum),
            htlc_maximum_msat: capacity,
            disabled: false,
            last_update: Default::default(),
        };
        draft.set_policy(scid, Direction::NodeOneToTwo, policy).unwrap();
    }
    Snapshot::from_topology(Topology::build(draft).unwrap())
}

fn scid(number: u64) -> ShortChannelId {
    ShortChannelId::from_u64(number << 40)
}

fn reason(query: &RouteQuery) -> RouteError {
    route(&snapshot(), query, &mut RouteWorkspace::default()).unwrap_err()
}

fn query(fee_max: u64) -> RouteQuery {
    let mut query = RouteQuery::new(node(0), node(3), AMOUNT);
    query.limits.fee_max = Some(Msat::from_msat(fee_max));
    query
}

#[test]
fn a_fee_limit_is_short_by_the_least_fee_under_every_cost() {
    let free = RouteQuery::new(node(0), node(3), AMOUNT);
    let found = route(&snapshot(), &free, &mut RouteWorkspace::default()).unwrap();
    assert_eq!(found.fee, Msat::from_msat(5000), "the default cost prefers what is sure and short");
    for cost in [CostModel::Fee, CostModel::default()] {
        let (limit, needed) = (Msat::from_msat(999), Msat::from_msat(1000));
        let expected = RouteError::NoRoute(NoRoute::FeeLimit { limit, needed });
        assert_eq!(reason(&query(999).with_cost(cost)), expected);
        assert!(route(&snapshot(), &query(1000).with_cost(cost), &mut RouteWorkspace::default()).is_ok());
    }
}

#[test]
fn a_fee_limit_is_short_by_what_a_route_within_the_other_limits_takes() {
    let mut brief = query(999);
    brief.limits.cltv_max = 500;
    let (limit, needed) = (Msat::from_msat(999), Msat::from_msat(5000));
    assert_eq!(reason(&brief), RouteError::NoRoute(NoRoute::FeeLimit { limit, needed }));
    brief.limits.fee_max = Some(needed);
    assert!(route(&snapshot(), &brief, &mut RouteWorkspace::default()).is_ok());
    // Where there is none, whatever it costs, the fee is not what is in the way.
    brief.limits = query(999).limits;
    brief.limits.cltv_max = 20;
    assert!(matches!(reason(&brief), RouteError::NoRoute(NoRoute::RouteLimits { .. })));
}

#[test]
fn a_minimum_above_the_payers_balance_is_one_of_the_balance() {
    let minimum = 2 * AMOUNT.to_msat();
    let lifted = graph(&[(1, (0, 1), 0, 10_000_000, 10, 1), (2, (1, 3), 0, 10_000_000, 10, minimum)]);
    let held = |balance| RouteQuery {
        first_channels: Some(vec![FirstChannel { short_channel_id: scid(1), balance }]),
        ..RouteQuery::new(node(0), node(3), AMOUNT)
    };
    let (balance, needed) = (Msat::from_msat(minimum - 1), Msat::from_msat(minimum));
    assert_eq!(no_route(&lifted, &held(balance)), NoRoute::BalanceShort { balance, needed });
    assert_eq!(no_route(&lifted, &held(needed)), NoRoute::HtlcMinimum { minimum: needed });
}

#[test]
fn a_first_channel_has_one_balance() {
    let first = |balance| FirstChannel { short_channel_id: scid(1), balance: Msat::from_msat(balance) };
    let query = |balances: &[u64]| RouteQuery {
        first_channels: Some(balances.iter().map(|&balance| first(balance)).collect()),
        ..RouteQuery::new(node(0), node(3), AMOUNT)
    };
    let error = reason(&query(&[50_000_000, 60_000_000]));
    assert!(matches!(error, RouteError::BadQuery { part: QueryPart::FirstChannels, .. }), "{error:?}");
    let twice = query(&[50_000_000, 50_000_000]);
    assert!(route(&snapshot(), &twice, &mut RouteWorkspace::default()).is_ok());
}

#[test]
fn a_limit_beside_the_fee_is_told_by_the_route_that_fits_the_fee() {
    let mut query = query(1000);
    query.limits.cltv_max = 500;
    let RouteError::NoRoute(NoRoute::RouteLimits { cltv, hop_count, .. }) = reason(&query) else {
        panic!("{:?}", reason(&query));
    };
    assert_eq!((cltv, hop_count), (1018, 2));
}

#[test]
fn what_takes_more_work_than_allowed_is_not_called_unconnected() {
    for work_max in 0..10 {
        let query = RouteQuery { work_max, ..query(999) };
        let error = reason(&query);
        let is_true =
            matches!(error, RouteError::WorkLimit { .. } | RouteError::NoRoute(NoRoute::FeeLimit { .. }));
        assert!(is_true, "{work_max}: {error:?}");
    }
}

/// A free way whose minimum is twice the amount, and one without for 50,000 msat and 200 blocks: only the latter is of use.
#[test]
fn a_way_that_needs_a_larger_amount_is_no_reason_where_another_one_does_not() {
    let minimum = 2 * AMOUNT.to_msat();
    let lifted = [(1, (0, 1), 0, 10_000_000, 10, 1), (2, (1, 3), 0, 10_000_000, 10, minimum)];
    let plain = [(3, (0, 2), 0, 10_000_000, 10, 1), (4, (2, 3), 50_000, 10_000_000, 200, 1)];
    let both = graph(&[lifted, plain].concat());
    let reason = |snapshot: &Snapshot, query: &RouteQuery| match route(
        snapshot,
        &query.clone().with_cost(CostModel::Fee),
        &mut RouteWorkspace::default(),
    ) {
        Err(RouteError::NoRoute(reason)) => reason,
        other => panic!("{other:?}"),
    };
    let (limit, needed) = (Msat::from_msat(5000), Msat::from_msat(50_000));
    assert_eq!(reason(&both, &query(5000)), NoRoute::FeeLimit { limit, needed });
    let mut brief = query(60_000);
    brief.limits.cltv_max = 100;
    let NoRoute::RouteLimits { cltv, hop_count, .. } = reason(&both, &brief) else {
        panic!("{:?}", reason(&both, &brief));
    };
    assert_eq!((cltv, hop_count), (218, 2));
    let minimum = Msat::from_msat(minimum);
    assert_eq!(reason(&graph(&lifted), &query(60_000)), NoRoute::HtlcMinimum { minimum });
}

fn no_route(snapshot: &Snapshot, query: &RouteQuery) -> NoRoute {
    match route(snapshot, query, &mut RouteWorkspace::default()) {
        Err(RouteError::NoRoute(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// A query without limits that has a route as long as it wishes for nothing.
fn free() -> RouteQuery {
    RouteQuery::new(node(0), node(3), AMOUNT)
}

#[test]
fn a_way_that_is_to_be_avoided_is_told_as_such() {
    let direction =
        |number| ShortChannelIdDir { short_channel_id: scid(number), direction: Direction::NodeOneToTwo };
    for avoid in [
        Avoid { nodes: vec![node(1), node(2)], ..Avoid::default() },
        Avoid { channels: vec![scid(1), scid(4)], ..Avoid::default() },
        Avoid { directions: vec![direction(2), direction(3)], ..Avoid::default() },
        // Both of the payer's channels.
        Avoid { channels: vec![scid(1)], directions: vec![direction(3)], ..Avoid::default() },
        // Both of the payee's channels.
        Avoid { channels: vec![scid(2)], directions: vec![direction(4)], ..Avoid::default() },
    ] {
        let query = RouteQuery { avoid, ..free() };
        for cost in [CostModel::Fee, CostModel::default()] {
            let reason = no_route(&snapshot(), &query.clone().with_cost(cost));
            assert_eq!(reason, NoRoute::Closed { wish: Wish::Avoid }, "{:?}", query.avoid);
        }
    }
}

#[test]
fn what_is_avoided_is_no_reason_where_the_payer_could_not_send_anyhow() {
    let largest = Msat::from_sat(10_000_000).unwrap();
    let avoid = Avoid { channels: vec![scid(1)], ..Avoid::default() };
    let query = RouteQuery { avoid, amount: largest.saturating_add(Msat::from_msat(1)), ..free() };
    assert_eq!(no_route(&snapshot(), &query), NoRoute::PayerCannotSend { largest });
}

#[test]
fn a_headroom_that_closes_the_middle_is_told_as_such() {
    // The ends' channels are large, those between hold the amount and some more.
    let middle = graph(&[
        (1, (0, 1), 0, 10_000_000, 10, 1),
        (2, (1, 2), 1000, 12_000, 10, 1),
        (3, (2, 3), 1000, 10_000_000, 10, 1),
    ]);
    let query = RouteQuery { headroom_millionths: 300_000, ..free() };
    assert_eq!(no_route(&middle, &query), NoRoute::Closed { wish: Wish::Headroom });
    assert!(no_route(&middle, &query).to_string().contains("headroom"));
}

#[test]
fn a_last_hop_that_closes_the_way_is_told_as_such() {
    // Node 1 has a channel to the payee, but nobody has one to node 1; node 4 has none to the payee.
    let beside = graph(&[
        (1, (0, 2), 0, 10_000_000, 10, 1),
        (2, (2, 3), 1000, 10_000_000, 10, 1),
        (3, (1, 3), 1000, 10_000_000, 10, 1),
        (4, (2, 4), 1000, 10_000_000, 10, 1),
    ]);
    for last_hop in [1, 4] {
        let query = RouteQuery { last_hop: Some(node(last_hop)), ..free() };
        assert_eq!(no_route(&beside, &query), NoRoute::Closed { wish: Wish::LastHop }, "{last_hop}");
    }
}

#[test]
fn wishes_that_close_the_way_together_are_told_as_such() {
    let avoid = Avoid { nodes: vec![node(1)], ..Avoid::default() };
    let query = RouteQuery { avoid, headroom_millionths: 300_000, ..free() };
    // Node 1's way is to be avoided and needs what the headroom keeps unused; node 2 is not reached.
    let one = graph(&[
        (1, (0, 1), 0, 10_000_000, 10, 1),
        (2, (1, 3), 5000, 12_000, 10, 1),
        (3, (2, 3), 1000, 10_000_000, 10, 1),
    ]);
    assert_eq!(no_route(&one, &query), NoRoute::Closed { wish: Wish::Several });
    // Where each wish closes another way, either may be given up.
    assert_eq!(no_route(&snapshot(), &query), NoRoute::Closed { wish: Wish::Avoid });
}

#[test]
fn without_any_way_no_wish_is_the_reason() {
    let apart = graph(&[
        (1, (0, 1), 0, 10_000_000, 10, 1),
        (2, (2, 3), 1000, 10_000_000, 10, 1),
        (3, (1, 4), 1000, 10_000_000, 10, 1),
    ]);
    let avoid = Avoid { nodes: vec![node(4)], ..Avoid::default() };
    let query = RouteQuery { avoid, headroom_millionths: 1000, last_hop: Some(node(2)), ..free() };
    assert_eq!(no_route(&apart, &query), NoRoute::NotConnected);
}

#[test]
fn a_balance_without_room_for_the_fee_is_short_by_what_is_missing() {
    // Over channel 1 the fee is 5,000 msat, over channel 3 it is 1,000.
    let first = |number, balance| FirstChannel {
        short_channel_id: scid(number),
        balance: Msat::from_msat(AMOUNT.to_msat() + balance),
    };
    for (channels, balance, needed) in [
        (vec![first(1, 1500)], 1500, 5000),
        (vec![first(1, 4999)], 4999, 5000),
        (vec![first(3, 0)], 0, 1000),
        (vec![first(1, 4999), first(3, 400)], 400, 1000),
    ] {
        let query = RouteQuery { first_channels: Some(channels), ..free() };
        for cost in [CostModel::Fee, CostModel::default()] {
            // A limit on fees that is not in the way changes nothing.
            for fee_max in [None, Some(Msat::from_msat(6000))] {
                let mut query = query.clone().with_cost(cost);
                query.limits.fee_max = fee_max;
                let amounts = [balance, needed].map(|more| Msat::from_msat(AMOUNT.to_msat() + more));
                let [balance, needed] = amounts;
                let reason = no_route(&snapshot(), &query);
                assert_eq!(reason, NoRoute::BalanceShort { balance, needed }, "{query:?}");
                let short = needed.saturating_sub(balance);
                assert!(reason.to_string().contains(&format!("short by {short}")), "{reason}");
            }
        }
    }
    let enough = RouteQuery { first_channels: Some(vec![first(1, 5000)]), ..free() };
    assert!(route(&snapshot(), &enough, &mut RouteWorkspace::default()).is_ok());
}
