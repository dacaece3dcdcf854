//! A network whose balances the beliefs never see: attempts end as the balances have it, and what is believed, as long
//! as nothing is forgotten, holds the truth and is as narrow as all observations together allow.

use engine::belief::{Advice, AttemptedHop, Beliefs, FailureCode, HalfLives, Outcome, Permanence};
use primitives::Direction;
use proptest::prelude::{ProptestConfig, Strategy, any, proptest};
use proptest::{collection::vec, prop_assert, prop_assert_eq};

use super::world::{at, channel, direction, msat, snapshot};

const CHANNEL_COUNT: usize = 5;

/// An attempt over some channels, `per mille` of each one's capacity, and how it ends where all hops can carry it.
#[derive(Debug, Clone)]
struct Try {
    hops: Vec<(usize, bool, u64, u64)>,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Settle,
    Probe,
    Refuse,
    FailAt(usize, FailureCode),
    Unreadable,
    SeeBalance,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let hop = (0..CHANNEL_COUNT, any::<bool>(), 0u64..=1000, 0u64..300);
    let end = (0u8..8, 0usize..6, 0usize..5).prop_map(|(kind, node, code)| match kind {
        0..3 => End::Settle,
        3 => End::Probe,
        4 => End::Refuse,
        5 => End::Unreadable,
        6 => End::SeeBalance,
        _ => End::FailAt(node, CODES[code]),
    });
    vec((vec(hop, 1..4), end).prop_map(|(hops, end)| Try { hops, end }), 1..60)
}

const CODES: [FailureCode; 5] = [
    FailureCode::FeeInsufficient,
    FailureCode::ChannelDisabled,
    FailureCode::TemporaryNodeFailure,
    FailureCode::PermanentChannelFailure,
    FailureCode::InvalidOnionHmac,
];

/// All that was ever observed of one channel in direction 0: between which values its liquidity then was, and how much
/// left it since.
#[derive(Default)]
struct Observed {
    claims: Vec<(i128, i128, i128)>,
}

impl Observed {
    fn claim(&mut self, along: Direction, capacity: u64, low: u64, high: u64) {
        let (low, high, capacity) = (i128::from(low), i128::from(high), i128::from(capacity));
        let of_zero = match along {
            Direction::NodeOneToTwo => (low, high),
            Direction::NodeTwoToOne => (capacity - high, capacity - low),
        };
        self.claims.push((of_zero.0, of_zero.1, 0));
    }

    fn settle(&mut self, along: Direction, amount: u64) {
        for claim in &mut self.claims {
            claim.2 += i128::from(amount) * if along == Direction::NodeOneToTwo { 1 } else { -1 };
        }
    }

    /// The intersection of everything, each time anew.
    fn bounds(&self, capacity: u64) -> (u64, u64) {
        let low = self.claims.iter().map(|claim| claim.0 - claim.2).max().unwrap_or(0).max(0);
        let high = self.claims.iter().map(|claim| claim.1 - claim.2).min().unwrap_or(i128::from(capacity));
        (low as u64, high.min(i128::from(capacity)) as u64)
    }
}

struct World {
    capacities: Vec<u64>,
    /// Of direction 0.
    truth: Vec<u64>,
    observed: Vec<Observed>,
}

impl World {
    fn liquidity(&self, place: usize, along: Direction) -> u64 {
        match along {
            Direction::NodeOneToTwo => self.truth[place],
            Direction::NodeTwoToOne => self.capacities[place] - self.truth[place],
        }
    }

    fn settle(&mut self, place: usize, along: Direction, amount: u64) {
        match along {
            Direction::NodeOneToTwo => self.truth[place] -= amount,
            Direction::NodeTwoToOne => self.truth[place] += amount,
        }
        self.observed[place].settle(along, amount);
        // Nothing but the channel's ends bounds it from now on; claims from before say more.
        self.observed[place].claim(
            Direction::NodeOneToTwo,
            self.capacities[place],
            0,
            self.capacities[place],
        );
    }

    fn run(&mut self, beliefs: &Beliefs, attempt: &Try) {
        let mut hops: Vec<AttemptedHop> = Vec::new();
        for &(place, forwards, amount, in_flight) in &attempt.hops {
            let capacity = self.capacities[place];
            let along = direction(forwards);
            // A route uses a channel once; and what is already on the way was there to send.
            if hops.iter().all(|hop| hop.channel != channel(place)) {
                let in_flight = self.liquidity(place, along) * in_flight / 1000;
                hops.push(AttemptedHop {
                    channel: channel(place),
                    direction: along,
                    amount: msat(capacity * amount / 1000),
                    in_flight: msat(in_flight),
                });
            }
        }
        if attempt.end == End::SeeBalance {
            let (place, along) = (hops[0].channel.to_usize(), hops[0].direction);
            let seen = self.liquidity(place, along);
            assert!(beliefs.learn_balance(hops[0].channel, along, msat(seen), at(0)));
            self.observed[place].claim(along, self.capacities[place], seen, seen);
            return;
        }
        let held = |hop: &AttemptedHop| hop.amount.to_msat() + hop.in_flight.to_msat();
        let lacking =
            hops.iter().position(|hop| self.liquidity(hop.channel.to_usize(), hop.direction) < held(hop));
        let stop = lacking.unwrap_or(hops.len());
        let (carried, outcome) = match attempt.end {
            End::Unreadable => (0, Outcome::Unreadable),
            End::FailAt(node, code) if node < stop => (node, Outcome::Failed { erring_node: node, code }),
            _ if stop < hops.len() => {
                let code = FailureCode::TemporaryChannelFailure;
                (stop, Outcome::Failed { erring_node: stop, code })
            }
            End::Refuse => {
                let code = FailureCode::IncorrectOrUnknownPaymentDetails;
                (stop, Outcome::Failed { erring_node: stop, code })
            }
            End::Probe => (stop, Outcome::Reached),
            End::Settle | End::FailAt(..) | End::SeeBalance => (stop, Outcome::Settled),
        };
        let advice = beliefs.learn(&hops, outcome, at(0));
        for hop in &hops[..carried] {
            let (place, capacity) = (hop.channel.to_usize(), self.capacities[hop.channel.to_usize()]);
            self.observed[place].claim(hop.direction, capacity, held(hop), capacity);
        }
        if let (true, Outcome::Failed { code: FailureCode::TemporaryChannelFailure, .. }) =
            (stop < hops.len(), outcome)
        {
            let hop = &hops[stop];
            let place = hop.channel.to_usize();
            self.observed[place].claim(hop.direction, self.capacities[place], 0, held(hop) - 1);
            // More than the channel's capacity is refused whatever it holds.
            let avoid = Advice::AvoidChannel { hop: stop, permanence: Permanence::Temporary };
            let is_beyond = held(hop) > self.capacities[place];
            assert_eq!(advice, if is_beyond { avoid } else { Advice::Believe });
        }
        if outcome == Outcome::Settled {
            for hop in &hops {
                self.settle(hop.channel.to_usize(), hop.direction, hop.amount.to_msat());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_believed_is_all_that_was_observed_and_holds_the_truth(
        channels in vec(((1u64..3_000).prop_map(|sat| sat * 1000), 0u64..=1000), CHANNEL_COUNT),
        tries in tries(),
    ) {
        let capacities: Vec<u64> = channels.iter().map(|&(capacity, _)| capacity).collect();
        let names: Vec<_> = capacities.iter().enumerate().map(|(place, &c)| (place as u64 * 7, c)).collect();
        let snapshot = snapshot(&names);
        let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
        let mut world = World {
            truth: channels.iter().map(|&(capacity, share)| capacity * share / 1000).collect(),
            observed: (0..CHANNEL_COUNT).map(|_| Observed::default()).collect(),
            capacities,
        };
        for attempt in &tries {
            world.run(&beliefs, attempt);
            let view = beliefs.view(at(0));
            for place in 0..CHANNEL_COUNT {
                let capacity = world.capacities[place];
                for along in Direction::BOTH {
                    let (lower, upper) = view.bounds(place as u32, along, msat(capacity));
                    let truth = world.liquidity(place, along);
                    prop_assert!(lower.to_msat() <= truth && truth <= upper.to_msat(), "{:?}", attempt);
                }
                let (lower, upper) = view.bounds(place as u32, Direction::NodeOneToTwo, msat(capacity));
                let model = world.observed[place].bounds(capacity);
                prop_assert_eq!((lower.to_msat(), upper.to_msat()), model, "{:?}", attempt);
            }
        }
    }
}
