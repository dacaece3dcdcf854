//! Why there is no route: what a limit is short by, and what is not known.

use engine::cost::CostModel;
use engine::graph::{GraphBuilder, Topology};
use engine::query::{Avoid, ExtraArc, FirstChannel, RouteLimits, RouteQuery};
use engine::router::{QueryPart, RouteError, RouteWorkspace, route};
use engine::snapshot::Snapshot;
use engine::{NoRoute, Resource, Wish};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, ShortChannelId,
    ShortChannelIdDir,
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
    built(draft(channels))
}

fn built(draft: GraphBuilder) -> Snapshot {
    Snapshot::from_topology(Topology::build(draft).unwrap())
}

fn draft(channels: &[Numbers]) -> GraphBuilder {
    let mut draft = GraphBuilder::new();
    for &(number, ends, fee_base_msat, sat, blocks, minimum) in channels {
        let (scid, capacity) = (scid(number), Msat::from_sat(sat).unwrap());
        draft.add_channel(scid, node(ends.0), node(ends.1), Some(capacity), &Features::default()).unwrap();
        let policy = policy(fee_base_msat, capacity, blocks, minimum);
        draft.set_policy(scid, Direction::NodeOneToTwo, policy).unwrap();
    }
    draft
}

fn policy(fee_base_msat: u32, capacity: Msat, blocks: u16, minimum: u64) -> ChannelPolicy {
    ChannelPolicy {
        fee: Fee { fee_base_msat, fee_proportional_millionths: 0 },
        inbound_fee: Default::default(),
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(blocks),
        htlc_minimum_msat: Msat::from_msat(minimum),
        htlc_maximum_msat: capacity,
        disabled: false,
        last_update: Default::default(),
    }
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
        let expected = RouteError::NoRoute(NoRoute::FeeLimit { limit, needed, is_least: true });
        assert_eq!(reason(&query(999).with_cost(cost)), expected);
        assert!(route(&snapshot(), &query(1000).with_cost(cost), &mut RouteWorkspace::default()).is_ok());
    }
}

#[test]
fn a_fee_limit_is_short_by_what_a_route_within_the_other_limits_takes() {
    let mut brief = query(999);
    brief.limits.cltv_max = 500;
    let (limit, needed) = (Msat::from_msat(999), Msat::from_msat(5000));
    let expected = RouteError::NoRoute(NoRoute::FeeLimit { limit, needed, is_least: true });
    assert_eq!(reason(&brief), expected);
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
    assert_eq!(bad_channel(&error), (QueryPart::FirstChannels, scid(1)));
    assert_eq!(error.to_string(), "channel 1x0x0 has two balances");
    let twice = query(&[50_000_000, 50_000_000]);
    assert!(route(&snapshot(), &twice, &mut RouteWorkspace::default()).is_ok());
}

fn bad_channel(error: &RouteError) -> (QueryPart, ShortChannelId) {
    match error {
        RouteError::BadChannel { part, short_channel_id, .. } => (*part, *short_channel_id),
        _ => panic!("{error:?}"),
    }
}

#[test]
fn a_channel_that_contradicts_the_query_is_named() {
    let first = FirstChannel { short_channel_id: scid(2), balance: AMOUNT };
    let query = RouteQuery { first_channels: Some(vec![first]), ..free() };
    assert_eq!(bad_channel(&reason(&query)), (QueryPart::FirstChannels, scid(2)));
    let policy = policy(0, AMOUNT, 10, 1);
    let round = ExtraArc { short_channel_id: scid(9), tail: node(1), head: node(1), policy, capacity: None };
    let query = RouteQuery { extra_arcs: vec![round], ..free() };
    assert_eq!(bad_channel(&reason(&query)), (QueryPart::ExtraArcs, scid(9)));
}

#[test]
fn a_loop_that_pays_for_itself_is_no_route_in_a_reason() {
    // Node 1 takes 5,000 msat, but 4,000 less of what comes back from node 2. A loop over that would cost 1,001.
    let channels = [(1, (0, 1), 0), (2, (1, 2), 0), (3, (1, 3), 5000), (4, (2, 5), 0)];
    let mut looped = draft(&channels.map(|(number, ends, fee)| (number, ends, fee, 10_000_000, 10, 1)));
    let capacity = Msat::from_sat(10_000_000).unwrap();
    let inbound_fee = InboundFee { base_msat: -4000, proportional_millionths: 0 };
    let discount = ChannelPolicy { inbound_fee, ..policy(0, capacity, 10, 1) };
    looped.set_policy(scid(2), Direction::NodeOneToTwo, discount).unwrap();
    looped.set_policy(scid(2), Direction::NodeTwoToOne, policy(1, capacity, 10, 1)).unwrap();
    let looped = built(looped);
    for fee_max in [1, 1000, 1001, 2000, 4999] {
        for cost in [CostModel::Fee, CostModel::default()] {
            let (limit, needed) = (Msat::from_msat(fee_max), Msat::from_msat(5000));
            let told = no_route(&looped, &query(fee_max).with_cost(cost));
            assert_eq!(told, NoRoute::FeeLimit { limit, needed, is_least: true });
        }
    }
    assert!(route(&looped, &query(5000), &mut RouteWorkspace::default()).is_ok());
}

#[test]
fn a_fee_that_is_not_proven_the_least_is_told_as_the_most() {
    // Two hops for 5,000 msat, five for 400.
    let long = [(3, (0, 2)), (4, (2, 4)), (5, (4, 5)), (6, (5, 6)), (7, (6, 8))];
    let mut channels = long.map(|(number, ends)| (number, ends, 100, 10_000_000, 10, 1)).to_vec();
    channels.extend([(1, (0, 1), 0, 10_000_000, 10, 1), (2, (1, 8), 5000, 10_000_000, 10, 1)]);
    let far = graph(&channels);
    let mut seen = [false; 2];
    for work_max in 0..40 {
        let query = RouteQuery { work_max, payee: node(8), ..query(10).with_cost(CostModel::Fee) };
        match route(&far, &query, &mut RouteWorkspace::default()) {
            Err(RouteError::WorkLimit { .. }) => {}
            Err(RouteError::NoRoute(reason @ NoRoute::FeeLimit { needed, is_least, .. })) => {
                seen[usize::from(is_least)] = true;
                let needed = needed.to_msat();
                assert!(if is_least { needed == 400 } else { needed >= 400 }, "{work_max}: {reason:?}");
                assert_eq!(reason.to_string().contains("at most"), !is_least, "{reason}");
            }
            other => panic!("{work_max}: {other:?}"),
        }
    }
    assert_eq!(seen, [true; 2], "some were proven and some were not");
}

/// From node 0 to node 3: five hops for nothing and 58 blocks, three for 1,000 msat and 218, two for 5,000 and 318.
fn short_and_dear() -> Snapshot {
    let free = [(1, (0, 4)), (2, (4, 5)), (3, (5, 6)), (4, (6, 7)), (5, (7, 8))];
    let mut channels = free.map(|(number, ends)| (number, ends, 0, 10_000_000, 10, 1)).to_vec();
    channels.extend([
        (6, (0, 1), 0, 10_000_000, 10, 1),
        (7, (1, 2), 500, 10_000_000, 100, 1),
        (8, (2, 8), 500, 10_000_000, 100, 1),
        (9, (1, 8), 5000, 10_000_000, 300, 1),
    ]);
    graph(&channels)
}

#[test]
fn the_limit_that_closes_the_way_is_named_with_the_least_that_would_do() {
    let snapshot = short_and_dear();
    let (hops, blocks) = (Resource::Hops, Resource::Blocks);
    let usual = RouteLimits::default();
    let limited = |hop_count_max, cltv_max, fee_max: Option<u64>| RouteLimits {
        hop_count_max,
        cltv_max,
        fee_max: fee_max.map(Msat::from_msat),
        ..usual
    };
    for (limits, resource, needed, fee_needed) in [
        (limited(1, usual.cltv_max, None), hops, 2, None),
        (limited(usual.hop_count_max, 20, None), blocks, 58, None),
        (limited(2, 300, None), hops, 3, None),
        (limited(2, 60, None), hops, 5, None),
        (limited(2, 50, None), blocks, 318, None),
        (limited(3, 100, None), hops, 5, None),
        (limited(2, usual.cltv_max, Some(2000)), hops, 3, Some(5000)),
        (limited(2, usual.cltv_max, Some(0)), hops, 5, Some(5000)),
        (limited(1, usual.cltv_max, Some(2000)), hops, 3, None),
    ] {
        for cost in [CostModel::Fee, CostModel::default()] {
            let mut query =
                RouteQuery { limits, ..RouteQuery::new(node(0), node(8), AMOUNT) }.with_cost(cost);
            let limit = if resource == hops { limits.hop_count_max } else { limits.cltv_max };
            let (is_least, fee_limit) = (true, limits.fee_max);
            let fee_needed = fee_needed.map(Msat::from_msat);
            let told = NoRoute::Limit { resource, limit, needed, is_least, fee_limit, fee_needed };
            assert_eq!(no_route(&snapshot, &query), told, "{limits:?}");
            if resource == hops {
                query.limits.hop_count_max = needed;
            } else {
                query.limits.cltv_max = needed;
            }
            assert!(route(&snapshot, &query, &mut RouteWorkspace::default()).is_ok(), "{limits:?}");
        }
    }
    let mut several = RouteQuery::new(node(0), node(8), AMOUNT);
    several.limits = limited(1, 50, None);
    let told = no_route(&snapshot, &several);
    assert!(matches!(told, NoRoute::RouteLimits { cltv: 58, hop_count: 5, fee: None, .. }), "{told:?}");
}

#[test]
fn a_limit_that_no_route_can_keep_to_is_told_as_such() {
    let told = |limits| no_route(&snapshot(), &RouteQuery { limits, ..free() });
    let usual = RouteLimits::default();
    let none = told(RouteLimits { hop_count_max: 0, ..usual });
    assert_eq!(none, NoRoute::TooStrict { resource: Resource::Hops, limit: 0, least: 1 });
    let late = told(RouteLimits { cltv_max: 17, ..usual });
    assert_eq!(late, NoRoute::TooStrict { resource: Resource::Blocks, limit: 17, least: 18 });
    assert_eq!(late.to_string(), "no route is within the limit of 17 blocks: the final delta alone is 18");
    let long = told(RouteLimits { end_payload_size: Some(1301), ..usual });
    assert_eq!(long, NoRoute::TooStrict { resource: Resource::PayloadBytes, limit: 1300, least: 1301 });
}

#[test]
fn a_limit_beside_the_fee_is_told_by_the_route_that_fits_the_fee() {
    let mut query = query(1000);
    query.limits.cltv_max = 500;
    let msat = |fee| Some(Msat::from_msat(fee));
    let (limit, needed, fee_limit, fee_needed) = (500, 1018, msat(1000), msat(5000));
    let told =
        NoRoute::Limit { resource: Resource::Blocks, limit, needed, is_least: true, fee_limit, fee_needed };
    assert_eq!(no_route(&snapshot(), &query), told);
    assert_eq!(
        told.to_string(),
        "the limit of 500 blocks is short by 518 where fees are limited to 1000 msat: a route would take 1018, or cost at \
         most 5000 msat"
    );
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
    assert_eq!(reason(&both, &query(5000)), NoRoute::FeeLimit { limit, needed, is_least: true });
    let mut brief = query(60_000);
    brief.limits.cltv_max = 100;
    let NoRoute::Limit { resource: Resource::Blocks, needed: 218, fee_needed: None, .. } =
        reason(&both, &brief)
    else {
        panic!("{:?}", reason(&both, &brief));
    };
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
