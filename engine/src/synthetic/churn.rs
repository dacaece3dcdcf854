//! Policy updates that nobody sent, mixed like the recorded ones: six of seven tell a policy that is known, with a new
//! time; the others move its fees by up to a tenth.

use primitives::{ChannelPolicy, Direction, Fee, GraphDelta, ShortChannelId, UnixTime};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::graph::GraphBuilder;

/// An endless stream of updates to the policies of a network. Fees move around those of the network and never drift
/// away. The same network and seed give the same stream.
#[derive(Debug, Clone)]
pub struct Churn {
    policies: Vec<(ShortChannelId, Direction, ChannelPolicy)>,
    rng: ChaCha8Rng,
    count: u32,
}

impl Churn {
    /// Updates to the policies that `network` has. O(channels).
    pub fn new(network: &GraphBuilder, seed: u64) -> Self {
        let policies = network.channels().iter().flat_map(|channel| {
            let directions = Direction::BOTH.into_iter().zip(channel.policies);
            directions.filter_map(|(direction, policy)| Some((channel.short_channel_id, direction, policy?)))
        });
        Churn { policies: policies.collect(), rng: ChaCha8Rng::seed_from_u64(seed), count: 0 }
    }
}

impl Iterator for Churn {
    type Item = GraphDelta;

    /// The next update; `None` only where the network has no policy.
    fn next(&mut self) -> Option<GraphDelta> {
        if self.policies.is_empty() {
            return None;
        }
        let at = self.rng.random_range(0..self.policies.len());
        let (short_channel_id, direction, mut policy) = self.policies[at];
        self.count = self.count.wrapping_add(1);
        policy.last_update = UnixTime::from_secs(policy.last_update.to_secs().saturating_add(self.count));
        if self.rng.random_range(0..REFRESHES_PER_CHANGE + 1) == 0 {
            let percent = self.rng.random_range(90..=110);
            let moved = |value: u32| u32::try_from(u64::from(value) * percent / 100).unwrap_or(u32::MAX);
            policy.fee = Fee {
                fee_base_msat: moved(policy.fee.fee_base_msat),
                fee_proportional_millionths: moved(policy.fee.fee_proportional_millionths),
            };
        }
        Some(GraphDelta::PolicyUpdated { short_channel_id, direction, policy })
    }
}

/// Of four days of updates on the real network in October 2025, 86 % told nothing new.
const REFRESHES_PER_CHANGE: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{SyntheticConfig, generate};

    #[test]
    fn updates_fit_the_network_and_one_in_seven_changes_a_fee() {
        let network = generate(&SyntheticConfig::new(1, 1000), &mut |_| ()).expect("a valid size");
        let mut changed = 0;
        for update in Churn::new(&network, 1).take(7000) {
            let GraphDelta::PolicyUpdated { short_channel_id, direction, policy } = update else {
                panic!("not an update: {update:?}");
            };
            let channel = network.channels().iter().find(|it| it.short_channel_id == short_channel_id);
            let known = channel.and_then(|it| it.policies[direction.as_usize()]).expect("a known policy");
            assert!(policy.last_update > known.last_update);
            let (new, old) = (policy.fee.fee_proportional_millionths, known.fee.fee_proportional_millionths);
            assert!(u64::from(new) * 100 <= u64::from(old) * 110);
            changed += usize::from(policy.fee != known.fee);
        }
        assert!((700..1100).contains(&changed), "{changed} of 7,000");
    }

    #[test]
    fn a_network_without_policies_has_no_updates() {
        assert!(Churn::new(&GraphBuilder::new(), 1).next().is_none());
    }
}
