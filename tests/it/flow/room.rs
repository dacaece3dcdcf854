//! All parts together fit into each channel, whatever fees do to what they carry there.

use engine::flow::{Plan, PlanError, PlanQuery};
use engine::graph::{GraphBuilder, Topology};
use engine::query::RouteQuery;
use engine::reserve::{Htlc, ReservationBook};
use engine::snapshot::Snapshot;
use primitives::{Direction, Features, Fee, InboundFee, ShortChannelIdDir, UnixTime};
use tests::network::base_policy;

use super::small::{LEFT, PAYEE, PAYER, RIGHT, graph, node, planned, query, sat, scid};

/// Channels by their ends and their size in sat, and what is charged over them towards the payee: a base fee in sat and a
/// rate in millionths. What LEFT charges for what comes from the payer is a rate, too.
fn charging(channels: &[(u8, u8, u64, u32, u32)], inbound: i32) -> Snapshot {
    let mut draft = GraphBuilder::new();
    for (&(one, two, size, base, rate), place) in channels.iter().zip(0..) {
        draft.add_channel(scid(place), node(one), node(two), Some(sat(size)), &Features::default()).unwrap();
        let mut policy = base_policy(1000 * base, sat(size));
        policy.fee = Fee { fee_base_msat: 1000 * base, fee_proportional_millionths: rate };
        draft.set_policy(scid(place), Direction::NodeOneToTwo, policy).unwrap();
        if (one, two) == (PAYER, LEFT) {
            policy.inbound_fee = InboundFee { base_msat: 0, proportional_millionths: inbound };
            draft.set_policy(scid(place), Direction::NodeTwoToOne, policy).unwrap();
        }
    }
    Snapshot::from_topology(Topology::build(draft).unwrap())
}

/// What all parts send over a channel, in msat, and in how many HTLCs.
fn sent_over(plan: &Plan, place: u64) -> (u64, usize) {
    let hops = plan.parts.iter().flat_map(|part| &part.hops);
    let amounts: Vec<u64> =
        hops.filter(|hop| hop.short_channel_id == scid(place)).map(|hop| hop.amount.to_msat()).collect();
    (amounts.iter().sum(), amounts.len())
}

#[test]
fn what_a_discount_leaves_of_parts_fits_into_the_channel_that_they_share() {
    // A part that delivers 1 sat less over LEFT takes half a sat less of its first channel, which is too small for the two.
    let snapshot = charging(
        &[
            (PAYER, LEFT, 26_000, 0, 0),
            (LEFT, PAYEE, 10_000, 20_000, 0),
            (LEFT, PAYEE, 10_000, 20_000, 0),
            (PAYER, RIGHT, 1_000_000, 0, 0),
            (RIGHT, PAYEE, 100_000, 0, 6_000_000),
        ],
        -500_000,
    );
    let plan = planned(&snapshot, &query(sat(16_000))).unwrap();
    assert_eq!(plan.parts.iter().map(|part| part.amount.to_msat()).sum::<u64>(), sat(16_000).to_msat());
    let (sent, count) = sent_over(&plan, 0);
    assert!(sent <= sat(26_000).to_msat() && count == 2, "{sent} msat in {count}: {plan:?}");
}

#[test]
fn room_for_large_fees_is_used_up() {
    // Half of what goes to LEFT is its fee: 10,000 sat arrive. The other way carries 3,000.
    let snapshot = charging(
        &[
            (PAYER, LEFT, 20_000, 0, 0),
            (LEFT, PAYEE, 100_000, 0, 1_000_000),
            (PAYER, RIGHT, 100_000, 0, 0),
            (RIGHT, PAYEE, 3000, 0, 2_000_000),
        ],
        0,
    );
    let plan = planned(&snapshot, &query(sat(12_000))).unwrap();
    assert_eq!(sent_over(&plan, 0).0, sat(20_000).to_msat(), "{plan:?}");
}

#[test]
fn all_parts_over_a_channel_find_a_slot_there() {
    let snapshot = graph(&[(PAYER, LEFT, 1_000_000), (LEFT, PAYEE, 50_000), (LEFT, PAYEE, 50_000)]);
    let (reservations, mut book) = ReservationBook::new();
    let channel = ShortChannelIdDir { short_channel_id: scid(0), direction: Direction::NodeOneToTwo };
    let htlc = Htlc { channel, amount: sat(1) };
    for _ in 0..481 {
        book.reserve(&[htlc], UnixTime::from_secs(1)).unwrap();
    }
    let asked = query(sat(80_000));
    let route = RouteQuery { reservations: Some(reservations), ..asked.route.clone() };
    let asked = PlanQuery { route, ..asked };
    assert_eq!(sent_over(&planned(&snapshot, &asked).unwrap(), 0).1, 2);
    book.reserve(&[htlc], UnixTime::from_secs(1)).unwrap();
    let refused = planned(&snapshot, &asked);
    assert!(matches!(refused, Err(PlanError::HtlcLimit { .. })), "{refused:?}");
}
