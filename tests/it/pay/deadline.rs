//! From the deadline on nothing is sent, and nobody is woken for nothing.

use engine::belief::{Beliefs, FailureCode, HalfLives, Outcome, Prior};
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::pay::{PayBudget, PayEnd, PayInput, PayOutput, PayWorld, Payment, SentPart};
use engine::query::RouteQuery;
use primitives::{Msat, UnixTime};
use tests::network::node;

use super::world::two_to_one;

const START: UnixTime = UnixTime::from_secs(1_000_000);
const DEADLINE: UnixTime = UnixTime::from_secs(1_000_020);

/// A payment in two parts.
fn payment() -> Payment {
    let route = RouteQuery::new(node(0), node(2), Msat::from_msat(700_000_000));
    let budget = PayBudget { deadline: Some(DEADLINE), ..PayBudget::default() };
    Payment::new(PlanQuery::new(route), Prior::Uniform, budget)
}

fn sent(payment: &mut Payment, world: PayWorld<'_>, now: UnixTime) -> SentPart {
    match payment.poll_output(world, now, &mut PlanWorkspace::default()) {
        Some(PayOutput::Send(part)) => part,
        output => panic!("{output:?}"),
    }
}

#[test]
fn what_is_not_handed_out_at_the_deadline_never_is() {
    let writer = two_to_one();
    let snapshot = writer.snapshot();
    let beliefs = Beliefs::new(snapshot, HalfLives::default());
    let world = PayWorld { snapshot, beliefs: &beliefs };
    let (mut payment, space) = (payment(), &mut PlanWorkspace::default());
    let first = sent(&mut payment, world, START);
    assert_eq!(payment.parts_in_flight().len(), 2, "another is planned");
    assert_eq!(payment.next_wakeup(), Some(DEADLINE));
    assert_eq!(payment.poll_output(world, DEADLINE, space), None);
    assert_eq!((payment.parts_in_flight(), payment.next_wakeup()), (&[first.clone()][..], None));
    let outcome = Outcome::Failed { erring_node: 2, code: FailureCode::MppTimeout };
    payment.handle(world, DEADLINE, PayInput { part: first.id, outcome });
    match payment.poll_output(world, DEADLINE, space) {
        Some(PayOutput::End(report)) => assert_eq!((report.end, report.part_count), (PayEnd::Deadline, 1)),
        output => panic!("{output:?}"),
    }
}

#[test]
fn who_has_sent_all_is_not_woken_at_the_deadline() {
    let writer = two_to_one();
    let snapshot = writer.snapshot();
    let beliefs = Beliefs::new(snapshot, HalfLives::default());
    let world = PayWorld { snapshot, beliefs: &beliefs };
    let (mut payment, space) = (payment(), &mut PlanWorkspace::default());
    let parts = [(); 2].map(|()| sent(&mut payment, world, START));
    for now in [START, DEADLINE] {
        assert_eq!(payment.poll_output(world, now, space), None);
        assert_eq!(payment.next_wakeup(), None, "nothing is to be sent");
    }
    // What is on the way is waited for.
    for part in parts {
        payment.handle(world, DEADLINE, PayInput { part: part.id, outcome: Outcome::Settled });
    }
    match payment.poll_output(world, DEADLINE, space) {
        Some(PayOutput::End(report)) => assert_eq!(report.end, PayEnd::Paid),
        output => panic!("{output:?}"),
    }
}
