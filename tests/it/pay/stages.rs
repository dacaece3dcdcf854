//! Payments that need most of what their channels hold: sent in stages, each of which halves what is not known.

use engine::belief::{Beliefs, FailureCode, HalfLives, Outcome, Prior};
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::pay::{PayBudget, PayInput, PayOutput, PayWorld, Payment, SentPart};
use engine::query::RouteQuery;
use engine::snapshot::Snapshot;
use primitives::{Msat, UnixTime};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tests::network::{Draw, network, node};

const START: u32 = 1_000_000;

/// Two nodes and one channel of a million sat.
fn one_channel() -> Snapshot {
    let draw = Draw { capacity_sat: 1_000_000..1_000_001, fee: 0..1, cltv: 0..1 };
    network(2, 1, &draw, &mut ChaCha8Rng::seed_from_u64(1))
}

fn sent(
    payment: &mut Payment,
    world: PayWorld<'_>,
    secs: u32,
    space: &mut PlanWorkspace,
) -> Option<SentPart> {
    match payment.poll_output(world, UnixTime::from_secs(START + secs), space) {
        Some(PayOutput::Send(part)) => Some(part),
        Some(PayOutput::End(report)) => panic!("{report:?}"),
        None => None,
    }
}

#[test]
fn a_tight_channel_is_asked_for_its_median_first() {
    let snapshot = one_channel();
    let capacity = Msat::from_msat(1_000_000_000);
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    let world = PayWorld { snapshot: &snapshot, beliefs: &beliefs };
    let space = &mut PlanWorkspace::default();
    let amount = Msat::from_msat(900_000_000);
    let query = PlanQuery::new(RouteQuery::new(node(0), node(1), amount));
    let mut payment = Payment::new(query, Prior::Uniform, PayBudget::default());

    let first = sent(&mut payment, world, 0, space).expect("a first stage");
    let half = capacity.to_msat() / 2;
    assert!(first.part.amount.to_msat().abs_diff(half) <= 1000, "{first:?}");
    // Nothing comes back: the stage is given its time.
    assert_eq!(sent(&mut payment, world, 0, space), None);
    assert_eq!(payment.next_wakeup(), Some(UnixTime::from_secs(START + 3)));
    assert_eq!(sent(&mut payment, world, 2, space), None);
    // Then it is taken to have got through, and the rest lies above it.
    let second = sent(&mut payment, world, 3, space).expect("a second stage");
    assert!(second.part.amount.to_msat().abs_diff(half / 2) <= 1000, "{second:?}");
    let outcome = Outcome::Failed { erring_node: 0, code: FailureCode::TemporaryChannelFailure };
    payment.handle(world, UnixTime::from_secs(START + 3), PayInput { part: second.id, outcome });
    // With three quarters not there the rest has no room: what is on the way has to come back.
    assert_eq!(sent(&mut payment, world, 4, space), None);
    assert_eq!(payment.parts_in_flight(), &[first][..]);
}

#[test]
fn the_last_attempt_sends_all() {
    let snapshot = one_channel();
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    let world = PayWorld { snapshot: &snapshot, beliefs: &beliefs };
    let amount = Msat::from_msat(900_000_000);
    let query = PlanQuery::new(RouteQuery::new(node(0), node(1), amount));
    let budget = PayBudget { attempt_count_max: 1, ..PayBudget::default() };
    let mut payment = Payment::new(query, Prior::Uniform, budget);
    let part = sent(&mut payment, world, 0, &mut PlanWorkspace::default()).expect("a part");
    assert_eq!(part.part.amount, amount);
}
