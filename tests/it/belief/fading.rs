//! What is kept of a channel against a model that keeps every observation and fades each of them anew.

use engine::belief::{AttemptedHop, Beliefs, FailureCode, HalfLife, HalfLives, Outcome};
use primitives::Direction;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::prop_assert;

use super::world::{at, channel, direction, msat, snapshot};

/// One step's rounding, and that of the exponent's last bit.
fn tolerance(amount: u64) -> u64 {
    4 + amount / 10_000_000
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn keeping_the_best_floor_loses_nothing(
        capacity_sat in 1u64..1 << 35,
        share in 0u64..=1000,
        half_life in 1u32..100_000,
        other_half_life in 1u32..100_000,
        is_equal in any::<bool>(),
        observations in vec((any::<bool>(), 0u64..=1000, 0u32..20_000), 1..40),
    ) {
        let capacity = capacity_sat * 1000;
        let snapshot = snapshot(&[(1, capacity)]);
        let refused = if is_equal { half_life } else { other_half_life };
        let half_lives =
            HalfLives { carried: HalfLife::from_secs(half_life), refused: HalfLife::from_secs(refused) };
        let beliefs = Beliefs::new(&snapshot, half_lives);
        let truth = (u128::from(capacity) * u128::from(share) / 1000) as u64;
        let mut floors: [Vec<_>; 2] = [Vec::new(), Vec::new()];
        let mut now = 1_000_000;
        for (forwards, amount, pause) in observations {
            now += pause;
            let along = direction(forwards);
            let amount = (u128::from(capacity) * u128::from(amount) / 1000) as u64;
            let held = if forwards { truth } else { capacity - truth };
            let hop = AttemptedHop { channel: channel(0), direction: along, amount: msat(amount), in_flight: msat(0) };
            if amount <= held {
                beliefs.learn(&[hop], Outcome::Reached, at(now));
                floors[along.as_usize()].push((msat(amount), at(now), half_lives.carried));
            } else {
                let code = FailureCode::TemporaryChannelFailure;
                beliefs.learn(&[hop], Outcome::Failed { erring_node: 0, code }, at(now));
                let floor = (msat(capacity - (amount - 1)), at(now), half_lives.refused);
                floors[along.reversed().as_usize()].push(floor);
            }
            for later in [0, 1, 7_000, 1_000_000] {
                let best = |side: Direction| {
                    let floors = floors[side.as_usize()].iter();
                    floors.map(|(amount, learnt, half_life)| half_life.fade(*amount, *learnt, at(now + later)))
                        .max().map_or(0, |best| best.to_msat())
                };
                for along in Direction::BOTH {
                    let (lower, upper) = beliefs.view(at(now + later)).bounds(0, along, msat(capacity));
                    let (lower, upper) = (lower.to_msat(), upper.to_msat());
                    let (low, high) = (best(along), capacity - best(along.reversed()));
                    // Of floors that fade at different speeds one is kept: it may say less than all, never more.
                    prop_assert!(lower <= low + tolerance(low), "{lower} above {low}");
                    prop_assert!(upper + tolerance(capacity) >= high, "{upper} below {high}");
                    if is_equal {
                        prop_assert!(lower + tolerance(low) >= low, "{lower} below {low}");
                        prop_assert!(upper <= high + tolerance(capacity), "{upper} above {high}");
                    }
                }
            }
        }
    }
}
