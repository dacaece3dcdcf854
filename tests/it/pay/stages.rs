//! Payments that need most of what their channels hold: sent in stages, each of which halves what is not known.

use engine::belief::{Beliefs, FailureCode, HalfLives, Outcome, Prior};
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::pay::{PayBudget, PayInput, PayOutput, PayWorld, Payment, SentPart};
use engine::query::RouteQuery;
use engine::rehearsal::{Trial, rehearse};
use engine::snapshot::Snapshot;
use engine::synthetic::{BalanceLaw, HiddenNetwork};
use primitives::{Direction, Msat, ShortChannelId, UnixTime};
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

/// The parts that are sent in the first ten seconds, while nothing comes back, where the query says this much on parts; with
/// the moment that the payment last asked to be woken at.
fn sent_unanswered(change: impl Fn(&mut PlanQuery)) -> (Vec<Msat>, Option<UnixTime>) {
    let snapshot = one_channel();
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    let world = PayWorld { snapshot: &snapshot, beliefs: &beliefs };
    let space = &mut PlanWorkspace::default();
    let mut query = PlanQuery::new(RouteQuery::new(node(0), node(1), AMOUNT));
    change(&mut query);
    let mut payment = Payment::new(query, Prior::Uniform, PayBudget::default());
    let mut amounts = Vec::new();
    for secs in 0..10 {
        while let Some(part) = sent(&mut payment, world, secs, space) {
            amounts.push(part.part.amount);
        }
    }
    (amounts, payment.next_wakeup())
}

#[test]
fn where_one_part_is_allowed_it_carries_all() {
    assert_eq!(sent_unanswered(|query| query.part_count_max = 1), (vec![AMOUNT], None));
}

#[test]
fn a_stage_leaves_a_part_for_the_rest() {
    let (amounts, wakeup) = sent_unanswered(|query| query.part_count_max = 2);
    assert_eq!((amounts.len(), wakeup), (2, None), "{amounts:?}");
    assert!(amounts[0] < AMOUNT && amounts[0].saturating_add(amounts[1]) == AMOUNT, "{amounts:?}");
}

#[test]
fn a_stage_leaves_no_less_than_a_part_delivers_at_least() {
    // The median of the channel would leave 400,000 sat over.
    let least = |sat: u64| move |query: &mut PlanQuery| query.part_min = Msat::from_msat(1000 * sat);
    assert_eq!(sent_unanswered(least(450_000)), (vec![AMOUNT], None));
    let (amounts, _) = sent_unanswered(least(390_000));
    assert_eq!(amounts.len(), 2, "{amounts:?}");
    assert!(amounts.iter().all(|amount| amount.to_msat() >= 390_000_000), "{amounts:?}");
}

/// The payment where the payer truly has this balance.
fn rehearsed(balance_sat: u64) -> Trial {
    let snapshot = one_channel();
    let mut network = HiddenNetwork::draw(snapshot.topology(), BalanceLaw::Uniform, 1);
    let channel = snapshot.channel(ShortChannelId::from_u64(0)).unwrap();
    let own = channel.arc(Direction::NodeOneToTwo);
    let (has, balance) = (network.spendable(own).to_msat(), 1000 * balance_sat);
    let from = if has > balance { own } else { own.reversed() };
    let moved = [(from, Msat::from_msat(has.abs_diff(balance)))];
    network.hold(&moved).unwrap();
    network.settle(&moved);
    assert_eq!(network.spendable(own), Msat::from_msat(balance));
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    let world = PayWorld { snapshot: &snapshot, beliefs: &beliefs };
    let space = &mut PlanWorkspace::default();
    let query = PlanQuery::new(RouteQuery::new(node(0), node(1), AMOUNT));
    let mut payment = Payment::new(query, Prior::Uniform, PayBudget::default());
    let start = UnixTime::from_secs(START);
    rehearse(world, &mut network, &mut payment, (start, 1), |payment, now| {
        payment.poll_output(world, now, space)
    })
}

#[test]
fn a_first_stage_alone_is_no_payment_at_the_first_try() {
    let trial = rehearsed(600_000);
    assert!(!trial.is_paid() && !trial.is_first_try, "{trial:?}");
    let trial = rehearsed(950_000);
    assert!(trial.is_paid() && trial.is_first_try && trial.report.attempt_count > 1, "{trial:?}");
}

/// What the channel holds with one chance in ten.
const AMOUNT: Msat = Msat::from_msat(900_000_000);
