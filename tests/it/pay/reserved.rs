//! What a payment has on the way counts once, whoever counts it.

use engine::belief::{Beliefs, FailureCode, HalfLives, Outcome, Prior};
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::graph::{GraphBuilder, Topology};
use engine::pay::{PayBudget, PayEnd, PayInput, PayOutput, PayWorld, Payment, SentPart};
use engine::query::{FirstChannel, RouteQuery};
use engine::reserve::{Htlc, ReservationBook, ReservationId};
use engine::snapshot::Snapshot;
use primitives::{Direction, Features, Msat, ShortChannelIdDir, UnixTime};
use tests::network::{base_policy, node};

use super::world::scid;

const NOW: UnixTime = UnixTime::from_secs(1_000_000);

fn sat(sat: u64) -> Msat {
    Msat::from_msat(1000 * sat)
}

/// Three channels of 600,000 sat from node 0 to node 1, and one of 1,300,000 sat from there to node 2.
fn snapshot() -> Snapshot {
    let mut draft = GraphBuilder::new();
    (0..3).for_each(|number| draft.add_node(node(number)).map(|_| ()).unwrap());
    for (number, ends, size) in
        [(1, (0, 1), 600_000), (2, (0, 1), 600_000), (3, (0, 1), 600_000), (4, (1, 2), 1_300_000)]
    {
        let features = Features::default();
        draft.add_channel(scid(number), node(ends.0), node(ends.1), Some(sat(size)), &features).unwrap();
        draft.set_policy(scid(number), Direction::NodeOneToTwo, base_policy(0, sat(size))).unwrap();
    }
    Snapshot::from_topology(Topology::build(draft).unwrap())
}

/// All that is to be sent now, each part reserved.
fn send(
    payment: &mut Payment,
    world: PayWorld<'_>,
    book: &mut ReservationBook,
) -> Vec<(SentPart, ReservationId)> {
    let (mut space, mut parts) = (PlanWorkspace::default(), Vec::new());
    while let Some(output) = payment.poll_output(world, NOW, &mut space) {
        let PayOutput::Send(part) = output else { panic!("it is not over: {output:?}") };
        let htlcs: Vec<Htlc> =
            part.part.hops.iter().map(|hop| Htlc { channel: hop.channel(), amount: hop.amount }).collect();
        let id = book.reserve(&htlcs, NOW).unwrap();
        parts.push((part, id));
    }
    parts
}

#[test]
fn parts_that_their_payer_reserves_are_not_in_their_own_way() {
    let snapshot = snapshot();
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    let last = beliefs.channel(scid(4)).unwrap();
    assert!(beliefs.learn_balance(last, Direction::NodeOneToTwo, sat(1_300_000), NOW));
    let world = PayWorld { snapshot: &snapshot, beliefs: &beliefs };
    let (reservations, mut book) = ReservationBook::new();
    let first = |number| FirstChannel { short_channel_id: scid(number), balance: sat(600_000) };
    let route = RouteQuery {
        first_channels: Some([1, 2, 3].map(first).to_vec()),
        reservations: Some(reservations),
        ..RouteQuery::new(node(0), node(2), sat(1_000_000))
    };
    let mut payment = Payment::new(PlanQuery::new(route), Prior::Uniform, PayBudget::default());
    let parts = send(&mut payment, world, &mut book);
    assert!(parts.len() > 1 && payment.committed() == payment.amount(), "{parts:?}");
    let (failed, id) = &parts[0];
    book.unreserve(*id).unwrap();
    let outcome = Outcome::Failed { erring_node: 0, code: FailureCode::PermanentChannelFailure };
    payment.handle(world, NOW, PayInput { part: failed.id, outcome });
    let again = send(&mut payment, world, &mut book);
    assert!(!again.is_empty() && payment.committed() == payment.amount(), "the channel has room for both");
}

#[test]
fn what_others_hold_may_have_been_in_the_way_of_a_part() {
    let snapshot = snapshot();
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    let world = PayWorld { snapshot: &snapshot, beliefs: &beliefs };
    let (reservations, mut book) = ReservationBook::new();
    let channel = ShortChannelIdDir { short_channel_id: scid(4), direction: Direction::NodeOneToTwo };
    book.reserve(&[Htlc { channel, amount: sat(500_000) }], NOW).unwrap();
    let first = FirstChannel { short_channel_id: scid(1), balance: sat(600_000) };
    let route = RouteQuery {
        first_channels: Some(vec![first]),
        reservations: Some(reservations),
        ..RouteQuery::new(node(0), node(2), sat(400_000))
    };
    let mut payment = Payment::new(PlanQuery::new(route), Prior::Uniform, PayBudget::default());
    let parts = send(&mut payment, world, &mut book);
    let [(part, id)] = parts.as_slice() else { panic!("one way: {parts:?}") };
    book.unreserve(*id).unwrap();
    let outcome = Outcome::Failed { erring_node: 1, code: FailureCode::TemporaryChannelFailure };
    payment.handle(world, NOW, PayInput { part: part.id, outcome });
    let last = beliefs.channel(scid(4)).unwrap();
    let (_, most) = beliefs.view(NOW).bounds(last.to_u32(), channel.direction, sat(1_300_000));
    assert_eq!(
        most,
        part.part.hops[1].amount.saturating_add(sat(500_000)).saturating_sub(Msat::from_msat(1))
    );
    // What the others hold comes back.
    let end = payment.poll_output(world, NOW, &mut PlanWorkspace::default());
    let Some(PayOutput::End(report)) = end else { panic!("there is no room now: {end:?}") };
    assert!(matches!(report.end, PayEnd::NoPlan(_)), "{report:?}");
}

#[test]
fn a_payment_of_nothing_is_refused_and_not_paid() {
    let snapshot = snapshot();
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    let world = PayWorld { snapshot: &snapshot, beliefs: &beliefs };
    let query = PlanQuery::new(RouteQuery::new(node(0), node(2), Msat::ZERO));
    let mut payment = Payment::new(query, Prior::Uniform, PayBudget::default());
    let end = payment.poll_output(world, NOW, &mut PlanWorkspace::default());
    let Some(PayOutput::End(report)) = end else { panic!("it is over: {end:?}") };
    assert!(matches!(report.end, PayEnd::NoPlan(_)), "{report:?}");
    assert_eq!(payment.next_wakeup(), None);
}
