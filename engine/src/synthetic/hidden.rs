//! Balances that nobody announces, for rehearsals of payments: what each side of a channel can send, drawn by seed. They
//! move when payments are settled.
//!
//! It knows balances and nothing else: whether policies are obeyed is for others to check.

use primitives::Msat;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::stream::{Purpose, stream};
use crate::graph::{ArcIdx, ChannelIdx, Topology};

/// How balances are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalanceLaw {
    /// Any balance is equally likely.
    Uniform,
    /// Balances pile up at both ends of a channel: density exp(-x/scale) + exp((x - capacity)/scale), the prior that LND's
    /// `routing/probability_bimodal.go` describes.
    Bimodal {
        /// Within what distance of the ends.
        scale: Msat,
    },
}

/// The true balances of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenNetwork {
    /// What each arc can send beside the HTLCs that it holds, in msat.
    spendable: Vec<u64>,
}

impl HiddenNetwork {
    /// Draws the balances of a graph's channels; where a capacity is unknown the greatest `htlc_maximum_msat` stands for
    /// it. The same graph, law and seed give the same balances. O(m).
    pub fn draw(topology: &Topology, law: BalanceLaw, seed: u64) -> Self {
        let mut rng = stream(seed, Purpose::Balances, 0);
        let channels = (0..topology.channel_count() as u32).map(ChannelIdx::from_u32);
        let spendable = channels.flat_map(|channel| {
            let capacity = topology.presumed_capacity(channel).to_msat();
            let balance = law.draw(capacity, &mut rng).min(capacity);
            [balance, capacity - balance]
        });
        HiddenNetwork { spendable: spendable.collect() }
    }

    /// What an arc can send now.
    pub fn spendable(&self, arc: ArcIdx) -> Msat {
        Msat::from_msat(self.spendable[arc.to_usize()])
    }

    /// Sends HTLCs along a route, the payer's first. Each channel holds its own until it is released or settled.
    ///
    /// # Errors
    /// The place of the first hop that lacks the balance; then nothing is held.
    pub fn hold(&mut self, hops: &[(ArcIdx, Msat)]) -> Result<(), usize> {
        for (place, &(arc, amount)) in hops.iter().enumerate() {
            let spendable = &mut self.spendable[arc.to_usize()];
            match spendable.checked_sub(amount.to_msat()) {
                Some(rest) => *spendable = rest,
                None => {
                    self.release(&hops[..place]);
                    return Err(place);
                }
            }
        }
        Ok(())
    }

    /// Gives back what the HTLCs of a route hold.
    pub fn release(&mut self, hops: &[(ArcIdx, Msat)]) {
        for &(arc, amount) in hops {
            self.spendable[arc.to_usize()] += amount.to_msat();
        }
    }

    /// Moves what the HTLCs of a route hold to the other side of each channel.
    pub fn settle(&mut self, hops: &[(ArcIdx, Msat)]) {
        for &(arc, amount) in hops {
            self.spendable[arc.reversed().to_usize()] += amount.to_msat();
        }
    }
}

impl BalanceLaw {
    /// The balance of one side, in msat.
    fn draw(self, capacity: u64, rng: &mut ChaCha8Rng) -> u64 {
        match self {
            BalanceLaw::Uniform => rng.random_range(0..=capacity),
            BalanceLaw::Bimodal { scale } => {
                let scale = scale.to_msat().max(1) as f64;
                // The distance from one end, by inversion of an exponential law that is cut off at the other.
                let kept = 1.0 - (-(capacity as f64) / scale).exp();
                let distance = (-scale * (1.0 - rng.random::<f64>() * kept).ln()) as u64;
                if rng.random() { distance.min(capacity) } else { capacity.saturating_sub(distance) }
            }
        }
    }
}

/// Milliseconds that an arc takes to pass an HTLC on, or its answer back: log-uniform from 20 to 640, the same for the same
/// seed.
pub fn latency_ms(arc: ArcIdx, seed: u64) -> u64 {
    // SplitMix64's finisher (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
    let mut mixed = seed ^ u64::from(arc.to_u32()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    let (exponent, rest) = (mixed % 5, (mixed >> 32) % 1000);
    (20 << exponent) * (1000 + rest) / 1000
}

#[cfg(test)]
mod tests {
    use primitives::Direction;

    use super::*;
    use crate::synthetic::{SyntheticConfig, generate};

    fn topology() -> Topology {
        let graph = generate(&SyntheticConfig::new(3, 2000), &mut |_| ()).expect("small");
        Topology::build(graph).expect("small")
    }

    #[test]
    fn balances_add_up_to_capacities_and_follow_their_law() {
        let topology = topology();
        let scale = Msat::from_msat(50_000_000);
        for law in [BalanceLaw::Uniform, BalanceLaw::Bimodal { scale }] {
            let network = HiddenNetwork::draw(&topology, law, 5);
            assert_eq!(network, HiddenNetwork::draw(&topology, law, 5));
            let (mut near_an_end, mut large) = (0, 0);
            for place in 0..topology.channel_count() as u32 {
                let channel = ChannelIdx::from_u32(place);
                let [one, two] = Direction::BOTH.map(|direction| network.spendable(channel.arc(direction)));
                let capacity = topology.presumed_capacity(channel).to_msat();
                assert_eq!(one.to_msat() + two.to_msat(), capacity);
                if capacity > 20 * scale.to_msat() {
                    large += 1;
                    near_an_end += usize::from(one.min(two) < Msat::from_msat(3 * scale.to_msat()));
                }
            }
            let share = near_an_end as f64 / f64::from(large);
            assert!(large > 100 && (share > 0.9) == (law != BalanceLaw::Uniform), "{law:?}: {share}");
        }
    }

    #[test]
    fn what_is_held_is_not_spent_twice_and_moves_when_settled() {
        let topology = topology();
        let mut network = HiddenNetwork::draw(&topology, BalanceLaw::Uniform, 1);
        let before = network.clone();
        let arc = |number| ArcIdx::from_u32(number);
        let all = |number| (arc(number), network.spendable(arc(number)));
        let (first, second) = (all(0), all(2));
        let too_much = (arc(4), network.spendable(arc(4)).saturating_add(Msat::from_msat(1)));
        assert_eq!(network.hold(&[first, second, too_much]), Err(2));
        assert_eq!(network, before);
        assert_eq!(network.hold(&[first, second]), Ok(()));
        assert_eq!(network.hold(&[second]), Err(0));
        network.release(&[second]);
        network.settle(&[first]);
        assert_eq!(network.spendable(arc(0)), Msat::ZERO);
        let gained = network.spendable(arc(1)).saturating_sub(before.spendable(arc(1)));
        assert_eq!((gained, network.spendable(arc(2))), (first.1, before.spendable(arc(2))));
    }

    #[test]
    fn latencies_spread_over_their_range() {
        let mut all: Vec<u64> = (0..10_000).map(|number| latency_ms(ArcIdx::from_u32(number), 9)).collect();
        all.sort_unstable();
        assert!(all[0] >= 20 && all[9999] < 640 && all[1000] < 40 && all[9000] > 320, "{:?}", &all[..10]);
    }
}
