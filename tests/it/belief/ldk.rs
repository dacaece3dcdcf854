//! LDK's scorer, given our scores, believes of each direction what we do.

use std::time::{SystemTime, UNIX_EPOCH};

use engine::belief::exchange::write_ldk_scores;
use engine::belief::{Beliefs, HalfLives};
use engine::snapshot::Snapshot;
use lightning::bitcoin::Network;
use lightning::bitcoin::constants::ChainHash;
use lightning::ln::msgs::UnsignedChannelUpdate;
use lightning::routing::gossip::{NetworkGraph, NodeId as PeerNodeId};
use lightning::routing::scoring::{ProbabilisticScorer, ProbabilisticScoringDecayParameters};
use lightning::types::features::ChannelFeatures;
use lightning::util::logger::{Logger, Record};
use lightning::util::ser::ReadableArgs;
use primitives::{Direction, NodeId};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::prop_assert_eq;

use super::world::{at, channel, direction, msat, snapshot};

const CHANNEL_COUNT: usize = 8;
const CAPACITY_SAT: u64 = 1_000_000;

struct Quiet;

impl Logger for Quiet {
    fn log(&self, _: Record) {}
}

fn peer_node(node_id: NodeId) -> PeerNodeId {
    PeerNodeId::from_slice(node_id.as_bytes()).expect("33 bytes")
}

/// The same channels in LDK, with both policies: without them it says nothing of a channel. It refuses policies that
/// are old by the clock.
fn tell_peer(snapshot: &Snapshot, peer: &NetworkGraph<&Quiet>) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    for channel in snapshot.channels() {
        let name = snapshot.short_channel_id(channel).to_u64();
        let arc = channel.arc(Direction::NodeOneToTwo);
        let nodes = [snapshot.tail(arc), snapshot.head(arc)].map(|node| peer_node(snapshot.node_id(node)));
        let features = ChannelFeatures::empty();
        peer.add_channel_from_partial_announcement(
            name,
            Some(CAPACITY_SAT),
            now,
            features,
            nodes[0],
            nodes[1],
        )
        .expect("a new channel");
        for direction in Direction::BOTH {
            let update = UnsignedChannelUpdate {
                chain_hash: ChainHash::BITCOIN,
                short_channel_id: name,
                timestamp: u32::try_from(now).expect("before 2106"),
                message_flags: 1,
                channel_flags: direction as u8,
                cltv_expiry_delta: 80,
                htlc_minimum_msat: 0,
                htlc_maximum_msat: CAPACITY_SAT * 1000,
                fee_base_msat: 0,
                fee_proportional_millionths: 0,
                excess_data: Vec::new(),
            };
            peer.update_channel_unsigned(&update).expect("a new policy");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_peer_sees_the_same_bounds_in_both_directions(
        told in vec((0..CHANNEL_COUNT, any::<bool>(), any::<bool>(), 1..CAPACITY_SAT * 1000), 0..40),
    ) {
        let capacity = msat(CAPACITY_SAT * 1000);
        let names: Vec<_> = (0..CHANNEL_COUNT as u64).map(|place| (place + 1, capacity.to_msat())).collect();
        let snapshot = snapshot(&names);
        let beliefs = Beliefs::new(&snapshot, HalfLives::NEVER);
        for (place, forwards, passed, amount) in told {
            beliefs.update(channel(place), at(5), |bounds, at| match passed {
                true => bounds.carried(direction(forwards), msat(amount), at),
                false => bounds.refused(direction(forwards), msat(amount), at),
            });
        }
        let mut scores = Vec::new();
        write_ldk_scores(&beliefs, &mut scores).unwrap();

        let logger = Quiet;
        let peer = NetworkGraph::new(Network::Bitcoin, &logger);
        tell_peer(&snapshot, &peer);
        let arguments = (ProbabilisticScoringDecayParameters::default(), &peer, &logger);
        let scorer = ProbabilisticScorer::read(&mut &scores[..], arguments).expect("LDK reads it");
        for place in 0..CHANNEL_COUNT {
            for along in Direction::BOTH {
                let name = snapshot.short_channel_id(channel(place)).to_u64();
                let target = peer_node(snapshot.node_id(snapshot.head(channel(place).arc(along))));
                let found = scorer.estimated_channel_liquidity_range(name, &target);
                let (lower, upper) = beliefs.view(at(5)).bounds(place as u32, along, capacity);
                let expected = (!beliefs.bounds(channel(place)).is_unknown())
                    .then_some((lower.to_msat(), upper.to_msat()));
                prop_assert_eq!(found, expected);
            }
        }
    }
}
