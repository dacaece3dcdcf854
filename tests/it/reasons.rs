//! Why there is no route: what a limit is short by, and what is not known.

use engine::NoRoute;
use engine::cost::CostModel;
use engine::graph::{GraphBuilder, Topology};
use engine::query::RouteQuery;
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::Snapshot;
use primitives::{ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, Msat, ShortChannelId};
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
        let (scid, capacity) = (ShortChannelId::from_u64(number << 40), Msat::from_sat(sat).unwrap());
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
