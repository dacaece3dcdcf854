//! Outcomes that contradict each other, amounts beyond any capacity, times that run backwards, channels that change
//! their place: bounds stay in order.

use engine::belief::{AttemptedHop, Beliefs, FailureCode, HalfLife, HalfLives, Outcome};
use engine::graph::ChannelIdx;
use primitives::{Direction, ShortChannelId};
use proptest::collection::{btree_set, vec};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

use super::world::{at, direction, msat, snapshot};

fn outcome() -> impl Strategy<Value = Outcome> {
    (0u8..4, 0usize..5, any::<u16>(), any::<bool>()).prop_map(|(kind, erring_node, code, is_temporary)| {
        match kind {
            0 => Outcome::Settled,
            1 => Outcome::Reached,
            2 => Outcome::Unreadable,
            _ if is_temporary => Outcome::Failed { erring_node, code: FailureCode::TemporaryChannelFailure },
            _ => Outcome::Failed { erring_node, code: FailureCode::from_u16(code) },
        }
    })
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..3_000_000, any::<u64>()]
}

fn hop() -> impl Strategy<Value = AttemptedHop> {
    (0u32..5, any::<bool>(), amount(), amount()).prop_map(|(channel, forwards, amount, in_flight)| {
        AttemptedHop {
            channel: ChannelIdx::from_u32(channel),
            direction: direction(forwards),
            amount: msat(amount),
            in_flight: msat(in_flight),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn bounds_stay_in_order_whatever_is_told(
        capacities in vec((0u64..1 << 51).prop_map(|sat| sat * 1000), 4),
        half_lives in (0u32..10_000, 0u32..10_000),
        attempts in vec((vec(hop(), 0..4), outcome(), any::<u32>()), 1..40),
        claimed in amount(),
        now in any::<u32>(),
    ) {
        let names: Vec<_> = capacities.iter().enumerate().map(|(place, &c)| (place as u64, c)).collect();
        let snapshot = snapshot(&names);
        let half_lives = HalfLives {
            carried: HalfLife::from_secs(half_lives.0),
            refused: HalfLife::from_secs(half_lives.1),
        };
        let beliefs = Beliefs::new(&snapshot, half_lives);
        for (hops, outcome, time) in attempts {
            beliefs.learn(&hops, outcome, at(time));
            for (place, &capacity) in capacities.iter().enumerate() {
                for capacity in [capacity, claimed] {
                    for along in Direction::BOTH {
                        for now in [now, time] {
                            let (lower, upper) =
                                beliefs.view(at(now)).bounds(place as u32, along, msat(capacity));
                            prop_assert!(lower <= upper && upper <= msat(capacity));
                        }
                    }
                }
                // At its own time, a floor of one side is a ceiling of the other.
                let view = beliefs.view(at(time));
                let (lower, _) = view.bounds(place as u32, Direction::NodeOneToTwo, msat(capacity));
                let (_, upper) = view.bounds(place as u32, Direction::NodeTwoToOne, msat(capacity));
                prop_assert!(lower.to_msat() <= capacity - upper.to_msat());
            }
        }
    }

    #[test]
    fn a_new_generation_keeps_what_is_known_under_its_name(
        before in btree_set(0u64..300, 1..200),
        after in btree_set(0u64..300, 1..200),
        learnt in vec((0u64..300, any::<bool>(), 1u64..1_000_000), 0..80),
    ) {
        let graph = |names: &std::collections::BTreeSet<u64>| {
            snapshot(&names.iter().map(|&name| (name, 1_000_000)).collect::<Vec<_>>())
        };
        let beliefs = Beliefs::new(&graph(&before), HalfLives::NEVER);
        for (name, forwards, balance) in learnt {
            if let Some(channel) = beliefs.channel(ShortChannelId::from_u64(name)) {
                beliefs.learn_balance(channel, direction(forwards), msat(balance), at(5));
            }
        }
        let next = beliefs.for_generation(&graph(&after));
        prop_assert_eq!(next.channel_count(), after.len());
        for &name in &after {
            let name = ShortChannelId::from_u64(name);
            let here = next.channel(name).expect("of this generation");
            let known = beliefs.channel(name).map(|there| beliefs.bounds(there)).unwrap_or_default();
            prop_assert_eq!(next.bounds(here), known);
            prop_assert_eq!(next.is_known(here), !known.is_unknown());
        }
    }
}
