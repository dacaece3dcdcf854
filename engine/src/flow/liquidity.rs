//! What a payer knows of the liquidity in channels.

use primitives::Msat;

use super::in_flight::InFlight;
use crate::belief::{BeliefView, Liquidity, LiquidityRange, Prior};
use crate::graph::ArcIdx;

/// Nothing is known: an arc carries anything from nothing to its capacity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnknownLiquidity;

/// What is believed at one moment, and what is on the way.
#[derive(Debug, Clone, Copy)]
pub struct BelievedLiquidity<'a> {
    /// The bounds.
    pub beliefs: BeliefView<'a>,
    /// How likely the amounts between them are.
    pub prior: Prior,
    /// The payer's HTLCs on the way, where there are any.
    pub in_flight: Option<&'a InFlight>,
}

impl Liquidity for UnknownLiquidity {
    #[inline(always)]
    fn range(&self, _: ArcIdx, capacity: Msat) -> LiquidityRange {
        LiquidityRange::new(Msat::ZERO, capacity)
    }

    fn is_unknown(&self) -> bool {
        true
    }
}

impl<'a> BelievedLiquidity<'a> {
    /// Beliefs with nothing on the way.
    pub fn new(beliefs: BeliefView<'a>, prior: Prior) -> Self {
        BelievedLiquidity { beliefs, prior, in_flight: None }
    }
}

impl Liquidity for BelievedLiquidity<'_> {
    #[inline]
    fn range(&self, arc: ArcIdx, capacity: Msat) -> LiquidityRange {
        let channel = arc.channel().to_u32();
        let whole = self.beliefs.whole(channel, capacity);
        let (lower, upper) = self.beliefs.bounds(channel, arc.direction(), whole);
        let held = self.in_flight.map_or(Msat::ZERO, |in_flight| in_flight.of(arc));
        LiquidityRange { lower, upper, held }
    }

    fn has_refused(&self, arc: ArcIdx) -> bool {
        self.beliefs.has_refused(arc.channel().to_u32(), arc.direction())
    }

    fn prior(&self) -> Prior {
        self.prior
    }

    fn is_unknown(&self) -> bool {
        self.prior == Prior::Uniform && self.in_flight.is_none() && self.beliefs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use primitives::{
        ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, NodeId, ShortChannelId, UnixTime,
    };

    use super::*;
    use crate::belief::{AttemptedHop, Beliefs, FailureCode, HalfLives, Outcome};
    use crate::graph::{GraphBuilder, Topology};
    use crate::snapshot::Snapshot;

    fn node(number: u8) -> NodeId {
        let mut bytes = [number; 33];
        bytes[0] = 2;
        NodeId::from_bytes(bytes).expect("prefix 2")
    }

    #[test]
    fn a_refusal_where_the_capacity_is_unknown_bounds_its_own_direction() {
        let sat = |sat: u64| Msat::from_msat(1000 * sat);
        let (name, maxima) = (ShortChannelId::from_u64(1), [sat(1_000_000), sat(500_000)]);
        let mut draft = GraphBuilder::new();
        draft.add_channel(name, node(1), node(2), None, &Features::default()).expect("new");
        for (direction, htlc_maximum_msat) in Direction::BOTH.into_iter().zip(maxima) {
            let policy = ChannelPolicy {
                fee: Fee::default(),
                inbound_fee: Default::default(),
                cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
                htlc_minimum_msat: Msat::ZERO,
                htlc_maximum_msat,
                disabled: false,
                last_update: UnixTime::from_secs(1),
            };
            draft.set_policy(name, direction, policy).expect("known");
        }
        let snapshot = Snapshot::from_topology(Topology::build(draft).expect("small"));
        let channel = snapshot.channel(name).expect("open");
        let (beliefs, now) = (Beliefs::new(&snapshot, HalfLives::NEVER), UnixTime::from_secs(1));
        let direction = Direction::NodeTwoToOne;
        let hop = AttemptedHop { channel, direction, amount: sat(400_000), in_flight: Msat::ZERO };
        let code = FailureCode::TemporaryChannelFailure;
        beliefs.learn(&[hop], Outcome::Failed { erring_node: 0, code }, now);
        let liquidity = BelievedLiquidity::new(beliefs.view(now), Prior::Uniform);
        let range = liquidity.range(channel.arc(direction), maxima[1]);
        assert_eq!((range.lower, range.upper), (Msat::ZERO, sat(400_000).saturating_sub(Msat::from_msat(1))));
    }
}
