//! What comes late does not undo what was learnt since.

use engine::belief::exchange::Learnt;
use engine::belief::{Beliefs, Bounds, Evidence, Floor, HalfLife, HalfLives};
use engine::snapshot::Snapshot;
use primitives::{Direction, ShortChannelId};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::prop_assert_eq;

use super::world::{at, channel, direction, msat, snapshot};

const CAPACITY: u64 = 1000;
const NAME: ShortChannelId = ShortChannelId::from_u64(1);

fn world() -> Snapshot {
    snapshot(&[(1, CAPACITY)])
}

fn floor(amount: u64, secs: u32) -> Floor {
    Floor { amount: msat(amount), learnt: at(secs), evidence: Evidence::Carried }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_balance_stays_whatever_is_told_of_the_time_before(
        balance in 0..=CAPACITY,
        told in vec((0..5u8, any::<bool>(), 0..2 * CAPACITY, 0..100u32), 1..10),
    ) {
        let snapshot = world();
        let half_lives = HalfLives { carried: HalfLife::from_secs(70), refused: HalfLife::from_secs(30) };
        let beliefs = Beliefs::new(&snapshot, half_lives);
        beliefs.learn_balance(channel(0), Direction::NodeOneToTwo, msat(balance), at(100));
        let seen = beliefs.bounds(channel(0));
        for (kind, forwards, amount, secs) in told {
            let (along, time) = (direction(forwards), at(secs));
            let learnt = match kind {
                0 => Learnt::Carried(along, msat(amount), time),
                1 => Learnt::Refused(along, msat(amount), time),
                2 => Learnt::Settled(along, msat(amount), time),
                _ => Learnt::Bounds(Bounds { floors: [floor(amount, secs), floor(amount, 99 - secs)] }),
            };
            if kind < 4 {
                beliefs.take(NAME, learnt);
            } else {
                beliefs.learn_balance(channel(0), along, msat(amount), time);
            }
            prop_assert_eq!(beliefs.bounds(channel(0)), seen, "{:?}", learnt);
        }
    }
}

#[test]
fn an_older_amount_leaves_the_newer_one_its_room() {
    let snapshot = world();
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    beliefs.take(NAME, Learnt::Carried(Direction::NodeTwoToOne, msat(800), at(100)));
    beliefs.take(NAME, Learnt::Carried(Direction::NodeOneToTwo, msat(500), at(50)));
    assert_eq!(beliefs.bounds(channel(0)).floors, [floor(200, 50), floor(800, 100)]);
    // What was learnt last is true as ever.
    beliefs.take(NAME, Learnt::Carried(Direction::NodeOneToTwo, msat(500), at(101)));
    assert_eq!(beliefs.bounds(channel(0)).floors, [floor(500, 101), floor(500, 101)]);
}

#[test]
fn an_older_settlement_moves_only_what_was_known_before_it() {
    let snapshot = world();
    let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
    beliefs.take(NAME, Learnt::Carried(Direction::NodeOneToTwo, msat(600), at(10)));
    beliefs.take(NAME, Learnt::Carried(Direction::NodeTwoToOne, msat(300), at(100)));
    beliefs.take(NAME, Learnt::Settled(Direction::NodeOneToTwo, msat(250), at(50)));
    assert_eq!(beliefs.bounds(channel(0)).floors, [floor(350, 50), floor(300, 100)]);
}
