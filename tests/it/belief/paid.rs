//! What was paid is told of the direction that paid, whatever is left there, and is kept.

use engine::belief::exchange::{
    Learnt, read_beliefs, read_mission_control, write_beliefs, write_mission_control,
};
use engine::belief::{AttemptedHop, Beliefs, FailureCode, HalfLife, HalfLives, Outcome, Paid};
use engine::snapshot::Snapshot;
use primitives::{Direction, ShortChannelId};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::{prop_assert, prop_assert_eq};

use super::world::{at, channel, direction, msat, snapshot};

const CAPACITY: u64 = 1_000_000;
const CHANNEL_COUNT: usize = 70;
const NAME: ShortChannelId = ShortChannelId::from_u64(7);
const ALONG: Direction = Direction::NodeOneToTwo;
const BACK: Direction = Direction::NodeTwoToOne;
const REFUSED: Outcome = Outcome::Failed { erring_node: 0, code: FailureCode::TemporaryChannelFailure };

/// What mission control says of a direction: amount and time of the success, and of the failure.
type Told = [(u64, u64); 2];

fn world() -> Snapshot {
    snapshot(&(0..CHANNEL_COUNT as u64).map(|place| (place << 30 | 7, CAPACITY)).collect::<Vec<_>>())
}

fn learn(beliefs: &Beliefs, place: usize, along: Direction, amount: u64, outcome: Outcome, secs: u32) {
    let hop =
        AttemptedHop { channel: channel(place), direction: along, amount: msat(amount), in_flight: msat(0) };
    beliefs.learn(&[hop], outcome, at(secs));
}

/// What mission control says of the only channel, along and back, after it learnt this.
fn told(steps: &[(Direction, u64, Outcome, u32)]) -> [Option<Told>; 2] {
    let snapshot = snapshot(&[(7, CAPACITY)]);
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    for &(along, amount, outcome, secs) in steps {
        learn(&beliefs, 0, along, amount, outcome, secs);
    }
    told_of(&beliefs, &snapshot)
}

fn told_of(beliefs: &Beliefs, snapshot: &Snapshot) -> [Option<Told>; 2] {
    let mut json = Vec::new();
    write_mission_control(beliefs, snapshot, &mut json).unwrap();
    let mut found = [None; 2];
    read_mission_control(&json, snapshot, |_, learnt| {
        let (along, part, amount, time) = match learnt {
            Learnt::Carried(along, amount, time) => (along, 0, amount, time),
            Learnt::Refused(along, amount, time) => (along, 1, amount, time),
            other => panic!("{other:?}"),
        };
        let told: &mut Told = found[along.as_usize()].get_or_insert_default();
        told[part] = (amount.to_msat(), time.to_secs().into());
    })
    .unwrap();
    found
}

#[test]
fn a_settled_payment_is_told_of_the_direction_that_paid() {
    use Outcome::{Reached, Settled};
    let success = |amount, secs| Some([(amount, secs), (0, 0)]);
    assert_eq!(told(&[(ALONG, 300, Settled, 10)]), [success(300, 10), None]);
    assert_eq!(told(&[(BACK, 300, Settled, 10)]), [None, success(300, 10)]);
    // More than half: what is left refuses as much, and history is history.
    assert_eq!(told(&[(ALONG, 900_000, Settled, 10)]), [success(900_000, 10), None]);
    // Two payments are not one of the sum: the greatest, and the last time, as LND notes them.
    assert_eq!(told(&[(ALONG, 300, Settled, 10), (ALONG, 200, Settled, 20)]), [success(300, 20), None]);
    assert_eq!(told(&[(ALONG, 200, Settled, 10), (ALONG, 300, Settled, 20)]), [success(300, 20), None]);
    let there_and_back = [(ALONG, 300, Settled, 10), (BACK, 100, Settled, 20)];
    assert_eq!(told(&there_and_back), [success(300, 10), success(100, 20)]);
    // What the other direction was seen to carry is told as it was, not with what it received.
    let probed = [(BACK, 500, Reached, 5), (ALONG, 300, Settled, 10)];
    assert_eq!(told(&probed), [success(300, 10), success(500, 5)]);
    // A payment that is told of late.
    let late = [(ALONG, 100, Reached, 20), (BACK, 300, Settled, 10)];
    assert_eq!(told(&late), [success(100, 20), success(300, 10)]);
}

#[test]
fn of_what_was_paid_and_what_was_refused_the_later_one_counts() {
    use Outcome::Settled;
    let told = |steps: &[_]| told(steps)[ALONG.as_usize()].expect("it was told");
    assert_eq!(told(&[(ALONG, 300, Settled, 10), (ALONG, 200, REFUSED, 20)]), [(199, 10), (200, 20)]);
    assert_eq!(told(&[(ALONG, 300, Settled, 10), (ALONG, 400, REFUSED, 20)]), [(300, 10), (400, 20)]);
    let recovered = [(ALONG, 300, Settled, 10), (ALONG, 200, REFUSED, 20), (ALONG, 100, Settled, 30)];
    assert_eq!(told(&recovered)[0], (199, 30), "as much as before is no longer known");
    // What is left refuses 100 after the payment. LND raises what failed above what passed.
    assert_eq!(told(&[(ALONG, 400, REFUSED, 10), (ALONG, 300, Settled, 20)]), [(300, 20), (301, 20)]);
}

#[test]
fn a_settled_payment_moves_what_is_believed_whatever_is_told_of_it() {
    let snapshot = snapshot(&[(7, CAPACITY)]);
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    learn(&beliefs, 0, ALONG, 700_000, Outcome::Settled, 10);
    let bounds = |along| beliefs.view(at(10)).bounds(0, along, msat(CAPACITY));
    assert_eq!(bounds(ALONG), (msat(0), msat(300_000)));
    assert_eq!(bounds(BACK), (msat(700_000), msat(CAPACITY)));
    assert!(!beliefs.view(at(10)).has_refused(0, ALONG), "a payment is no refusal");
}

#[test]
fn what_was_received_fades_as_what_was_carried() {
    let snapshot = snapshot(&[(7, CAPACITY)]);
    let half_lives = HalfLives { carried: HalfLife::from_secs(100), refused: HalfLife::from_secs(1) };
    let beliefs = Beliefs::new(&snapshot, half_lives);
    learn(&beliefs, 0, ALONG, 400_000, Outcome::Settled, 10);
    assert_eq!(beliefs.view(at(110)).bounds(0, BACK, msat(CAPACITY)).0, msat(200_000));
    assert_eq!(told_of(&beliefs, &snapshot)[0], Some([(400_000, 10), (0, 0)]), "history does not");
}

#[test]
fn payments_stay_known_in_the_next_generation() {
    let snapshot = world();
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    learn(&beliefs, 3, ALONG, 700, Outcome::Settled, 10);
    let next = beliefs.for_generation(&world());
    assert_eq!(next.paid(channel(3)), [Paid { amount: msat(700), at: at(10) }, Paid::default()]);
    assert_eq!(next.bounds(channel(3)), beliefs.bounds(channel(3)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_own_file_keeps_payments(
        mut steps in vec((0..CHANNEL_COUNT, any::<bool>(), 1..CAPACITY, 1u32..50_000, 0..3usize), 0..60),
    ) {
        steps.sort_by_key(|(.., secs, _)| *secs);
        let snapshot = world();
        let half_lives = HalfLives { carried: HalfLife::from_secs(7000), refused: HalfLife::from_secs(3000) };
        let beliefs = Beliefs::new(&snapshot, half_lives);
        for (place, forwards, amount, secs, outcome) in steps {
            let outcome = [Outcome::Reached, Outcome::Settled, REFUSED][outcome];
            learn(&beliefs, place, direction(forwards), amount, outcome, secs);
        }
        let mut file = Vec::new();
        let written = write_beliefs(&beliefs, &mut file).unwrap();
        let again = Beliefs::new(&snapshot, half_lives);
        let read = read_beliefs(&file, |name, learnt| assert!(again.take(name, learnt)));
        prop_assert_eq!(read, Ok(written));
        for place in 0..CHANNEL_COUNT {
            prop_assert_eq!(again.paid(channel(place)), beliefs.paid(channel(place)));
            let [ours, theirs] = [&again, &beliefs].map(|beliefs| beliefs.bounds(channel(place)).floors);
            for (ours, theirs) in ours.into_iter().zip(theirs) {
                prop_assert!(ours == theirs || [ours.amount, theirs.amount] == [msat(0); 2], "{ours:?} {theirs:?}");
            }
        }
    }

    #[test]
    fn what_is_told_of_payments_is_what_lnd_would_note(
        mut steps in vec((any::<bool>(), 1..CAPACITY, 1u32..50_000), 1..20),
    ) {
        steps.sort_by_key(|(.., secs)| *secs);
        let snapshot = snapshot(&[(7, CAPACITY)]);
        let beliefs = Beliefs::new(&snapshot, HalfLives::default());
        let mut noted = [None; 2];
        for (forwards, amount, secs) in steps {
            let along = direction(forwards);
            beliefs.take(NAME, Learnt::Settled(along, msat(amount), at(secs)));
            let noted: &mut Option<Told> = &mut noted[along.as_usize()];
            let most = noted.map_or(0, |[(most, _), _]| most).max(amount);
            *noted = Some([(most, secs.into()), (0, 0)]);
        }
        prop_assert_eq!(told_of(&beliefs, &snapshot), noted);
    }
}
