//! Plans on graphs that one can hold in one's head.

use std::sync::Arc;

use engine::belief::{Beliefs, HalfLives, HeldBeliefs, Liquidity, LiquidityRange, Prior};
use engine::cost::CostModel;
use engine::flow::{
    BelievedLiquidity, CutPlace, MaximumRule, Plan, PlanError, PlanQuery, PlanWorkspace, most_sendable, plan,
    plan_with,
};
use engine::graph::{ArcIdx, GraphBuilder, Topology};
use engine::query::{FirstChannel, RouteQuery};
use engine::snapshot::Snapshot;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, Msat, NodeId, ShortChannelId, UnixTime,
};

pub(super) const PAYER: u8 = 1;
pub(super) const LEFT: u8 = 2;
pub(super) const RIGHT: u8 = 3;
pub(super) const PAYEE: u8 = 4;

/// Ids whose order is that of the numbers.
pub(super) fn node(number: u8) -> NodeId {
    let mut bytes = [0; 33];
    (bytes[0], bytes[32]) = (2, number);
    NodeId::from_bytes(bytes).unwrap()
}

pub(super) fn sat(sat: u64) -> Msat {
    Msat::from_msat(sat * 1000)
}

pub(super) fn policy(fee_base_msat: u32, max: Msat) -> ChannelPolicy {
    ChannelPolicy {
        fee: Fee { fee_base_msat, fee_proportional_millionths: 100 },
        inbound_fee: Default::default(),
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
        htlc_minimum_msat: Msat::from_msat(1000),
        htlc_maximum_msat: max,
        disabled: false,
        last_update: Default::default(),
    }
}

/// Channels by the numbers of their nodes, the lower one first, with their size in sat.
pub(super) fn graph(channels: &[(u8, u8, u64)]) -> Snapshot {
    priced_graph(&channels.iter().map(|&(one, two, size)| (one, two, size, 1000)).collect::<Vec<_>>())
}

/// The name of a channel by its place.
pub(super) fn scid(place: u64) -> ShortChannelId {
    ShortChannelId::from_u64((place + 1) << 40)
}

/// The same with the base fee of both directions, in msat.
pub(super) fn priced_graph(channels: &[(u8, u8, u64, u32)]) -> Snapshot {
    let mut draft = GraphBuilder::new();
    for (&(one, two, size, base), place) in channels.iter().zip(0..) {
        let scid = scid(place);
        for number in [one, two] {
            let _ = draft.add_node(node(number));
        }
        draft.add_channel(scid, node(one), node(two), Some(sat(size)), &Features::default()).unwrap();
        for direction in Direction::BOTH {
            draft.set_policy(scid, direction, policy(base, sat(size))).unwrap();
        }
    }
    Snapshot::from_topology(Topology::build(draft).unwrap())
}

/// Two ways of two channels.
fn diamond(left: [u64; 2], right: [u64; 2]) -> Snapshot {
    graph(&[
        (PAYER, LEFT, left[0]),
        (LEFT, PAYEE, left[1]),
        (PAYER, RIGHT, right[0]),
        (RIGHT, PAYEE, right[1]),
    ])
}

pub(super) fn query(amount: Msat) -> PlanQuery {
    PlanQuery::new(RouteQuery::new(node(PAYER), node(PAYEE), amount))
}

pub(super) fn planned(snapshot: &Snapshot, query: &PlanQuery) -> Result<Plan, PlanError> {
    plan(snapshot, query, &mut PlanWorkspace::default())
}

fn amounts(plan: &Plan) -> Vec<Msat> {
    plan.parts.iter().map(|part| part.amount).collect()
}

#[test]
fn what_no_channel_carries_alone_is_split() {
    let snapshot = diamond([100_000; 2], [100_000; 2]);
    let plan = planned(&snapshot, &query(sat(150_000))).unwrap();
    assert_eq!(plan.parts.len(), 2);
    assert_eq!(amounts(&plan).iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(*part)), sat(150_000));
    // Each part pays its own base fee of 1 sat; together 100 millionths.
    assert!(plan.fee.to_msat().abs_diff(2000 + 15_000) <= 1, "{}", plan.fee);
    assert!(plan.least_cost.unwrap() <= plan.cost);
    assert_eq!(plan.cltv, 18 + 40);
}

#[test]
fn the_likeliest_plan_costs_what_it_must() {
    // Half of the cheap way's capacity, a hundredth of the dear one's: the usual cost and the chance disagree.
    let snapshot = priced_graph(&[
        (PAYER, LEFT, 10_000_000, 0),
        (LEFT, PAYEE, 200_000, 0),
        (PAYER, RIGHT, 10_000_000, 0),
        (RIGHT, PAYEE, 10_000_000, 2_000_000),
    ]);
    let usual = query(sat(100_000));
    let likely = PlanQuery::new(RouteQuery { cost: CostModel::LIKELY, ..usual.route.clone() });
    let [usual, likely] = [usual, likely].map(|query| planned(&snapshot, &query).unwrap());
    assert!(usual.fee < sat(100) && usual.probability < 0.6, "{usual:?}");
    assert!(likely.fee > sat(1000) && likely.probability > 0.9, "{likely:?}");
}

#[test]
fn a_small_payment_stays_whole() {
    let snapshot = diamond([100_000; 2], [100_000; 2]);
    assert_eq!(amounts(&planned(&snapshot, &query(sat(100))).unwrap()), [sat(100)]);
}

#[test]
fn the_cut_names_its_place_and_its_channels() {
    let cases = [
        ([50_000, 100_000], [50_000, 100_000], CutPlace::Payer),
        ([100_000, 50_000], [100_000, 50_000], CutPlace::Payee),
        ([100_000, 50_000], [50_000, 100_000], CutPlace::Between),
    ];
    for (left, right, place) in cases {
        let snapshot = diamond(left, right);
        let mut space = PlanWorkspace::default();
        let refused = plan(&snapshot, &query(sat(120_000)), &mut space);
        let Err(PlanError::Cut(cut)) = refused else { panic!("{place:?}: {refused:?}") };
        assert_eq!((cut.place, cut.capacity, cut.channels.len()), (place, sat(100_000), 2));
        // What is closed at an end is known before any flow.
        assert_eq!(space.take_settled() > 0, place == CutPlace::Between, "{place:?}");
        let (most, cut) = most_sendable(&snapshot, &query(sat(1)), &mut PlanWorkspace::default()).unwrap();
        assert_eq!((most, cut.place), (sat(100_000), place));
    }
}

#[test]
fn what_units_round_away_is_not_called_impossible() {
    // A unit is a thousandth of the amount; each channel carries 333 of them and four tenths.
    let snapshot = graph(&[(PAYER, PAYEE, 333_400); 3]);
    let plan = planned(&snapshot, &query(sat(1_000_000))).unwrap();
    assert_eq!(plan.parts.len(), 3);
    assert_eq!(amounts(&plan).iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(*part)), sat(1_000_000));
    let Err(PlanError::Cut(cut)) = planned(&snapshot, &query(sat(1_000_201))) else { panic!("too much") };
    assert_eq!(cut.capacity, sat(1_000_200));
    // What only very small channels carry would take more parts than there may be.
    let mut channels = vec![(PAYER, PAYEE, 1); 20];
    channels.push((PAYER, PAYEE, 999_990));
    let refused = planned(&graph(&channels), &query(sat(1_000_000)));
    let Err(PlanError::TooFewParts { missing, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(missing, sat(10));
}

/// The cheapest flow goes from LEFT to the payee over RIGHT, in the place of the short way that a part may go.
pub(super) fn long_way_in_the_way() -> Snapshot {
    const ASIDE: u8 = 5;
    priced_graph(&[
        (PAYER, LEFT, 100_000, 0),
        (LEFT, RIGHT, 100_000, 0),
        (RIGHT, PAYEE, 100_000, 0),
        (LEFT, PAYEE, 100_000, 20_000),
        (PAYER, ASIDE, 100_000, 0),
        (PAYEE, ASIDE, 100_000, 0),
    ])
}

#[test]
fn limits_on_blocks_and_hops_are_met_by_flow_that_goes_elsewhere() {
    let snapshot = long_way_in_the_way();
    let limits = |cltv_max, hop_max| {
        let mut query = query(sat(150_000));
        (query.route.limits.cltv_max, query.route.limits.hop_count_max) = (cltv_max, hop_max);
        query
    };
    let free = planned(&snapshot, &limits(2016, 20)).unwrap();
    assert_eq!(free.parts.iter().map(|part| part.hops.len()).max(), Some(3));
    for query in [limits(18 + 40, 20), limits(2016, 2)] {
        let plan = planned(&snapshot, &query).unwrap();
        assert!(plan.parts.iter().all(|part| part.cltv == 18 + 40 && part.hops.len() == 2), "{plan:?}");
        assert!(plan.cost > free.cost && plan.least_cost == free.least_cost, "{plan:?} beside {free:?}");
    }
    for query in [limits(18 + 39, 20), limits(2016, 1)] {
        let refused = planned(&snapshot, &query);
        assert!(
            matches!(refused, Err(PlanError::RouteLimits { missing }) if missing == sat(150_000)),
            "{refused:?}"
        );
    }
}

#[test]
fn parts_that_share_a_channel_fit_into_it_with_their_fees() {
    // Both ways lead over LEFT to the payee, and the amount fills that channel to the last msat. The fee is paid before.
    let snapshot = graph(&[
        (PAYER, LEFT, 60_000),
        (LEFT, PAYEE, 100_000),
        (PAYER, RIGHT, 60_000),
        (LEFT, RIGHT, 60_000),
    ]);
    let plan = planned(&snapshot, &query(sat(100_000))).unwrap();
    assert_eq!(plan.parts.len(), 2);
    let over_last: u64 = plan.parts.iter().map(|part| part.hops.last().unwrap().amount.to_msat()).sum();
    assert_eq!(over_last, sat(100_000).to_msat());
    let full = planned(&snapshot, &query(sat(120_000)));
    assert!(matches!(full, Err(PlanError::Cut(_))), "{full:?}");
}

#[test]
fn full_channels_leave_no_room_for_fees() {
    let snapshot = diamond([50_000; 2], [50_000; 2]);
    let found = planned(&snapshot, &query(sat(100_000)));
    assert!(matches!(found, Err(PlanError::NoRoomForFees { .. })), "{found:?}");
    assert!(planned(&snapshot, &query(sat(99_900))).is_ok());
}

#[test]
fn balances_of_the_payers_channels_hold() {
    let snapshot = diamond([100_000; 2], [100_000; 2]);
    let mut query = query(sat(60_000));
    let first = |place: u64, balance| FirstChannel {
        short_channel_id: ShortChannelId::from_u64(place << 40),
        balance: sat(balance),
    };
    query.route.first_channels = Some(vec![first(1, 20_000), first(3, 50_000)]);
    let plan = planned(&snapshot, &query).unwrap();
    assert_eq!(plan.parts.len(), 2);
    for part in &plan.parts {
        let balance = if part.hops[0].node_id == node(LEFT) { 20_000 } else { 50_000 };
        assert!(part.hops[0].amount <= sat(balance));
    }
    query.route.amount = sat(75_000);
    let Err(PlanError::Cut(cut)) = planned(&snapshot, &query) else { panic!("the payer has 70,000 sat") };
    assert_eq!((cut.place, cut.capacity), (CutPlace::Payer, sat(70_000)));
}

#[test]
fn few_parts_and_large_ones_are_obeyed() {
    let snapshot = diamond([100_000; 2], [100_000; 2]);
    let mut query = query(sat(150_000));
    query.part_count_max = 1;
    let found = planned(&snapshot, &query);
    assert!(matches!(found, Err(PlanError::TooFewParts { part_count_max: 1, .. })), "{found:?}");
    query.part_count_max = 2;
    query.part_min = sat(60_000);
    assert!(amounts(&planned(&snapshot, &query).unwrap()).iter().all(|&part| part >= sat(60_000)));
}

/// Nothing is left in the first channel's first direction.
#[derive(Debug, Clone, Copy)]
struct Drained;

impl Liquidity for Drained {
    fn range(&self, arc: ArcIdx, capacity: Msat) -> LiquidityRange {
        match arc.to_u32() {
            0 => LiquidityRange::new(Msat::ZERO, Msat::ZERO),
            // The other way is known to be open.
            _ => LiquidityRange::new(capacity, capacity),
        }
    }
}

#[test]
fn what_is_known_of_balances_decides() {
    let snapshot = diamond([100_000; 2], [100_000; 2]);
    let query = query(sat(80_000));
    let plan = plan_with(&snapshot, &query, Drained, &mut PlanWorkspace::default()).unwrap();
    assert_eq!(plan.parts.len(), 1);
    assert_eq!(plan.parts[0].hops[0].node_id, node(RIGHT));
    assert_eq!(plan.probability, 1.0);
}

#[test]
fn a_single_part_avoids_a_channel_that_is_believed_to_be_empty() {
    // Flow takes the way of three channels, which is the cheapest but has a hop too many.
    let snapshot = priced_graph(&[
        (PAYER, LEFT, 1_000_000, 0),
        (LEFT, PAYEE, 1_000_000, 1000),
        (PAYER, RIGHT, 1_000_000, 0),
        (RIGHT, PAYEE, 1_000_000, 50_000),
        (PAYER, 5, 1_000_000, 0),
        (5, 6, 1_000_000, 0),
        (PAYEE, 6, 1_000_000, 0),
    ]);
    let mut query = query(sat(10_000));
    query.route.limits.hop_count_max = 2;
    let by = |plan: Result<Plan, PlanError>| {
        let plan = plan.unwrap();
        assert_eq!(plan.parts.len(), 1);
        plan.parts[0].hops[0].node_id
    };
    assert_eq!(by(planned(&snapshot, &query)), node(LEFT));
    let now = UnixTime::from_secs(1);
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    let empty = beliefs.channel(scid(1)).unwrap();
    assert!(beliefs.learn_balance(empty, Direction::NodeOneToTwo, Msat::ZERO, now));
    let known = BelievedLiquidity::new(beliefs.view(now), Prior::Uniform);
    assert_eq!(by(plan_with(&snapshot, &query, known, &mut PlanWorkspace::default())), node(RIGHT));
    query.route.beliefs = Some(HeldBeliefs::new(Arc::new(beliefs), now));
    assert_eq!(by(planned(&snapshot, &query)), node(RIGHT));
}

#[test]
fn a_maximum_holds_for_all_parts_together_or_for_each() {
    let mut draft = GraphBuilder::new();
    let channels = [(PAYER, LEFT, 100_000), (LEFT, PAYEE, 40_000)];
    for (&(one, two, max), place) in channels.iter().zip(1..) {
        let scid = ShortChannelId::from_u64(place << 40);
        draft.add_channel(scid, node(one), node(two), Some(sat(100_000)), &Features::default()).unwrap();
        draft.set_policy(scid, Direction::NodeOneToTwo, policy(1000, sat(max))).unwrap();
    }
    let snapshot = Snapshot::from_topology(Topology::build(draft).unwrap());
    let mut query = query(sat(90_000));
    assert!(matches!(planned(&snapshot, &query), Err(PlanError::Cut(_))));
    query.maximum_rule = MaximumRule::Each;
    let plan = planned(&snapshot, &query).unwrap();
    assert_eq!(plan.parts.len(), 3);
    assert!(amounts(&plan).iter().all(|&part| part <= sat(40_000)), "{:?}", amounts(&plan));
    query.route.amount = sat(101_000);
    assert!(matches!(planned(&snapshot, &query), Err(PlanError::Cut(_))));
    query.maximum_rule = MaximumRule::Times(2);
    query.route.amount = sat(81_000);
    assert!(matches!(planned(&snapshot, &query), Err(PlanError::Cut(_))));
    query.route.amount = sat(79_000);
    let plan = planned(&snapshot, &query).unwrap();
    assert!(amounts(&plan).iter().all(|&part| part <= sat(40_000)), "{:?}", amounts(&plan));
}

#[test]
fn queries_that_make_no_sense_are_refused() {
    let snapshot = diamond([100_000; 2], [100_000; 2]);
    let mut none = query(sat(10));
    none.part_count_max = 0;
    assert!(matches!(planned(&snapshot, &none), Err(PlanError::Query(_))));
    let circular = PlanQuery::new(RouteQuery::new(node(PAYER), node(PAYER), sat(10)));
    assert!(matches!(planned(&snapshot, &circular), Err(PlanError::Query(_))));
    let stranger = PlanQuery::new(RouteQuery::new(node(PAYER), node(9), sat(10)));
    assert!(matches!(planned(&snapshot, &stranger), Err(PlanError::Query(_))));
}
