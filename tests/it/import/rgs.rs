//! Rapid gossip sync, checked against LDK's own reader.

use std::time::{SystemTime, UNIX_EPOCH};

use engine::graph::GraphBuilder;
use engine::import::{ImportNotes, RgsSnapshot};
use lightning::routing::gossip::{ChannelUpdateInfo, NetworkGraph};
use lightning::util::logger::{Logger, Record};
use lightning_rapid_gossip_sync::RapidGossipSync;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Msat, NodeId, ShortChannelId, UnixTime,
};
use proptest::prelude::{Just, any, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::Config;
use tests::content::Content;
use tests::rgs::{MAINNET_CHAIN_HASH, RgsVersion, encode_rgs, told_by_rgs};

use super::graphs::{graph, mainnet, read};

/// LDK says much; nobody listens.
struct Quiet;

impl Logger for Quiet {
    fn log(&self, _: Record) {}
}

/// LDK refuses updates that are old by the clock.
fn now() -> UnixTime {
    let secs = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    UnixTime::from_secs(u32::try_from(secs).expect("before 2106"))
}

fn apply(bytes: &[u8], graph: &mut GraphBuilder) {
    RgsSnapshot::decode(bytes).expect("just written").apply(graph).expect("fits");
}

/// What LDK's graph holds of a policy.
fn told_by_peer(update: &ChannelUpdateInfo, known: &ChannelPolicy) -> ChannelPolicy {
    ChannelPolicy {
        fee: primitives::Fee {
            fee_base_msat: update.fees.base_msat,
            fee_proportional_millionths: update.fees.proportional_millionths,
        },
        inbound_fee: known.inbound_fee,
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(update.cltv_expiry_delta),
        htlc_minimum_msat: Msat::from_msat(update.htlc_minimum_msat),
        htlc_maximum_msat: Msat::from_msat(update.htlc_maximum_msat),
        disabled: !update.enabled,
        last_update: UnixTime::from_secs(update.last_update),
    }
}

/// LDK leaves out updates whose maximum exceeds the capacity or all bitcoin; they are kept here.
fn is_refused_by_peer(policy: &ChannelPolicy, capacity: Option<Msat>) -> bool {
    let all_bitcoin = Msat::from_sat(21_000_000 * 100_000_000).expect("in range");
    policy.htlc_maximum_msat > capacity.unwrap_or(all_bitcoin).min(all_bitcoin)
}

/// Compares with LDK's graph and returns how many policies it refused.
fn assert_agreement(ours: &Content, peer: &NetworkGraph<&Quiet>) -> usize {
    let peer = peer.read_only();
    assert_eq!(peer.channels().len(), ours.channels.len());
    assert_eq!(peer.nodes().len(), ours.nodes.len());
    let mut refused_count = 0;
    for (scid, channel) in &ours.channels {
        let theirs = peer.channel(scid.to_u64()).expect("in both");
        let peer_node = |id: &lightning::routing::gossip::NodeId| *id.as_array();
        assert_eq!(
            [peer_node(&theirs.node_one), peer_node(&theirs.node_two)],
            channel.nodes.map(|id| *id.as_bytes())
        );
        assert_eq!(theirs.capacity_sats, channel.capacity.map(Msat::to_sat_floor), "{scid}");
        let features: Vec<u8> = theirs.features.le_flags().iter().rev().copied().collect();
        assert_eq!(Features::from_be_bytes(&features), channel.features, "{scid}");
        for (direction, update) in Direction::BOTH.into_iter().zip([&theirs.one_to_two, &theirs.two_to_one]) {
            let policy = channel.policies[direction.as_usize()].as_ref();
            if policy.is_some_and(|policy| is_refused_by_peer(policy, channel.capacity)) {
                refused_count += 1;
                continue;
            }
            let told = update.as_ref().zip(policy).map(|(update, policy)| told_by_peer(update, policy));
            assert_eq!(told.as_ref(), policy, "{scid}");
            assert_eq!(update.is_some(), policy.is_some(), "{scid}");
        }
    }
    for (node_id, features) in &ours.nodes {
        let theirs =
            peer.node(&lightning::routing::gossip::NodeId::from_slice(node_id.as_bytes()).expect("33 bytes"));
        let info = theirs.expect("in both").announcement_info.as_ref();
        let flags: Vec<u8> =
            info.map_or(Vec::new(), |info| info.features().le_flags().iter().rev().copied().collect());
        assert_eq!(&Features::from_be_bytes(&flags), features, "{node_id}");
    }
    refused_count
}

#[test]
fn mainnet_is_told_to_us_as_to_ldk() {
    let Some(mainnet) = mainnet() else { return };
    let mut mainnet = mainnet.graph;
    let seen: Vec<NodeId> = mainnet.nodes().iter().copied().step_by(3).collect();
    for (nth, node_id) in seen.into_iter().enumerate() {
        let features = Features::from_bits([8, 14, 17 + nth % 9]);
        mainnet.apply(&primitives::GraphDelta::NodeSeen { node_id, features }).expect("fits");
    }
    let mainnet = Content::of(&mainnet);
    for version in [RgsVersion::One, RgsVersion::Two] {
        let first = UnixTime::from_secs(now().to_secs() - 24 * 3600);
        let bytes = encode_rgs(&mainnet, &Content::default(), version, first);
        let logger = Quiet;
        let peer = NetworkGraph::new(bitcoin::Network::Bitcoin, &logger);
        let sync = RapidGossipSync::new(&peer, &logger);
        sync.update_network_graph(&bytes).expect("LDK reads it");
        let mut graph = GraphBuilder::new();
        apply(&bytes, &mut graph);
        let told = Content::of(&graph);
        assert!(told == told_by_rgs(&mainnet, version, first), "more or less was told than written");
        let refused_count = assert_agreement(&told, &peer);
        println!("{version:?}: {} bytes, LDK refused {refused_count} policies", bytes.len());

        // A day later: every ninth policy changes, told as differences.
        let mut later = told.clone();
        let changed = later.channels.values_mut().filter(|channel| {
            !channel.policies.iter().flatten().any(|policy| is_refused_by_peer(policy, channel.capacity))
        });
        for channel in changed.step_by(9) {
            for policy in channel.policies.iter_mut().flatten() {
                policy.fee.fee_base_msat ^= 5;
                policy.disabled = !policy.disabled;
            }
        }
        let bytes = encode_rgs(&later, &told, version, now());
        sync.update_network_graph(&bytes).expect("LDK reads it");
        apply(&bytes, &mut graph);
        assert_agreement(&Content::of(&graph), &peer);
    }
}

#[test]
fn published_sample_is_read() {
    // Two channels of four nodes and four updates: the values that LDK's own tests use for version 1.
    let nodes = [
        "021607cfce19a4c5e7e6e738663dfafbbbac262e4ff76c2c9b30dbeefc35c00643",
        "02247d9db0dfafea745ef8c9e161eb322f73ac3f8858d8730b6fd97254747ce76b",
        "029e01f279986acc83ba235d46d80aede0b7595f410353b93a8ab540bb677f4432",
        "02c913118a8895b9e29c89af6e20ed00d95a1f64e4952edbafa84d048f26804c61",
    ];
    let mut bytes = b"LDK\x01".to_vec();
    bytes.extend(MAINNET_CHAIN_HASH);
    bytes.extend(1_642_291_930u32.to_be_bytes());
    bytes.extend([0, 0, 0, 4]);
    for node in nodes {
        bytes.extend(node.parse::<NodeId>().expect("valid").as_bytes());
    }
    let scids = [[8, 153, 192, 0, 2, 27, 0, 0], [2, 68, 226, 0, 6, 11, 0, 1]];
    bytes.extend([0, 0, 0, 2, 0, 0, 255]);
    bytes.extend(scids[0]);
    bytes.extend([0, 1, 0, 0, 255]);
    bytes.extend(scids[1]);
    bytes.extend([2, 3, 0, 0, 0, 4]);
    bytes.extend([
        0, 40, 0, 0, 0, 0, 0, 0, 3, 232, 0, 0, 3, 232, 0, 0, 0, 1, 0, 0, 0, 0, 29, 129, 25, 192, 255,
    ]);
    bytes.extend(scids[0]);
    bytes.extend([60, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 100, 0, 0, 2, 224, 0, 0, 0, 0, 58, 85, 116, 216]);
    bytes.extend([0, 29, 0, 0, 0, 1, 0, 0, 0, 125, 0, 0, 0, 0, 58, 85, 116, 216, 255]);
    bytes.extend(scids[1]);
    bytes.extend([0, 0, 1]);
    assert_eq!(bytes.len(), 300);
    let told = Content::of(&read(&bytes).expect("a real snapshot").graph);
    let values = |scid: u64| {
        told.channels[&ShortChannelId::from_u64(scid)].policies.map(|policy| {
            let policy = policy.expect("told");
            let (min, max) = (policy.htlc_minimum_msat.to_msat(), policy.htlc_maximum_msat.to_msat());
            (policy.fee.fee_base_msat, policy.fee.fee_proportional_millionths, min, max)
        })
    };
    assert_eq!(values(619_737_530_008_010_752), [(100, 736, 1, 978_679_000), (1, 125, 1000, 978_679_000)]);
    assert_eq!(values(783_241_506_229_452_801), [(1000, 1, 1000, 495_000_000); 2]);
    let policies = told.channels.values().flat_map(|channel| channel.policies.iter().flatten());
    assert!(policies.clone().all(|policy| policy.cltv_expiry_delta.to_blocks() == 40 && !policy.disabled));
    assert!(policies.clone().all(|policy| policy.last_update.to_secs() == 1_642_291_930 - 7 * 24 * 3600));
}

proptest! {
    #![proptest_config(Config::with_cases(128))]

    #[test]
    fn any_graph_survives_the_round_trip(
        graph in graph(),
        version in prop_oneof![Just(RgsVersion::One), Just(RgsVersion::Two)],
        secs in any::<u32>(),
    ) {
        let (content, time) = (Content::of(&graph), UnixTime::from_secs(secs));
        let bytes = encode_rgs(&content, &Content::default(), version, time);
        let imported = read(&bytes).expect("just written");
        prop_assert_eq!(Content::of(&imported.graph), told_by_rgs(&content, version, time));
        let ImportNotes::Rgs(notes) = imported.summary.notes else { panic!("not of a snapshot") };
        prop_assert_eq!((notes.latest_seen, notes.chain_hash), (time, MAINNET_CHAIN_HASH));
        prop_assert_eq!((notes.duplicate_count, notes.stale_count, notes.orphan_count), (0, 0, 0));
    }
}
