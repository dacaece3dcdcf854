//! A graph that was stored and loaded is the graph that was stored.

use std::fs::{self, File};
use std::io;

use engine::graph::{ArcIdx, ChannelIdx, NodeIdx, Topology};
use engine::import::read_graph;
use engine::snapshot::{
    SnapshotError, SnapshotMeta, load_snapshot, read_snapshot, snapshot_info, write_snapshot,
};
use engine::synthetic::{SyntheticConfig, generate};
use primitives::UnixTime;
use tests::data::shared;

/// The bytes of a snapshot file.
pub(crate) fn stored(topology: &Topology) -> Vec<u8> {
    let meta = SnapshotMeta { created_at: UnixTime::from_secs(1_761_436_800), generator: "tests".to_owned() };
    let mut file = Vec::new();
    let length = write_snapshot(topology, &meta, &mut file).expect("a vector takes all");
    assert_eq!(length, file.len() as u64);
    assert_eq!(snapshot_info(&file).expect("just written").meta, meta);
    file
}

/// Compares all that a reader can see, numbers and order included.
pub(crate) fn assert_same(one: &Topology, other: &Topology) {
    assert_eq!(one.node_count(), other.node_count());
    assert_eq!(one.channel_count(), other.channel_count());
    assert_eq!(one.forwarder_count(), other.forwarder_count());
    for node in (0..one.node_count() as u32).map(NodeIdx::from_u32) {
        let id = one.node_id(node);
        assert_eq!((other.node_id(node), other.node(&id)), (id, Some(node)));
        assert_eq!(one.node_features(node), other.node_features(node));
        assert!(one.outgoing(node).eq(other.outgoing(node)), "{id}");
        assert!(one.incoming(node).eq(other.incoming(node)), "{id}");
    }
    for channel in (0..one.channel_count() as u32).map(ChannelIdx::from_u32) {
        let scid = one.short_channel_id(channel);
        assert_eq!((other.short_channel_id(channel), other.channel(scid)), (scid, Some(channel)));
        assert_eq!(one.capacity(channel), other.capacity(channel), "{scid}");
        assert_eq!(one.channel_features(channel), other.channel_features(channel), "{scid}");
        assert_eq!(one.is_closed(channel), other.is_closed(channel), "{scid}");
    }
    for arc in (0..2 * one.channel_count() as u32).map(ArcIdx::from_u32) {
        assert_eq!(one.policy(arc), other.policy(arc));
        assert_eq!((one.tail(arc), one.head(arc)), (other.tail(arc), other.head(arc)));
    }
}

fn round_trip(topology: &Topology) {
    let file = stored(topology);
    let copy = read_snapshot(&file).expect("just written");
    assert_same(topology, &copy);
    assert_eq!(copy.size_bytes(), topology.size_bytes());
    assert!(stored(&copy) == file);
}

#[test]
fn mainnet_survives_the_round_trip() {
    let Some(path) = shared("data/mainnet-2025-10-26/channels.csv.zst") else { return };
    let file = File::open(path).expect("readable");
    let imported = read_graph(file, &mut |_| ()).expect("well formed");
    round_trip(&Topology::build(imported.graph).expect("there is room"));
}

#[test]
fn many_parts_survive_the_round_trip() {
    let builder = generate(&SyntheticConfig::new(7, 120_000), &mut |_| ()).expect("a valid configuration");
    round_trip(&Topology::build(builder).expect("there is room"));
}

#[test]
fn files_are_mapped() {
    let builder = generate(&SyntheticConfig::new(1, 3_000), &mut |_| ()).expect("a valid configuration");
    let topology = Topology::build(builder).expect("there is room");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("graph.fgsn");
    let missing = SnapshotError::Unreadable { kind: io::ErrorKind::NotFound };
    assert_eq!(load_snapshot(&path).err(), Some(missing));
    fs::write(&path, stored(&topology)).expect("room on the disk");
    assert_same(&topology, &load_snapshot(&path).expect("just written"));
    fs::write(&path, b"").expect("room on the disk");
    assert!(load_snapshot(&path).is_err());
}

#[test]
fn bytes_may_lie_anywhere() {
    let builder = generate(&SyntheticConfig::new(1, 300), &mut |_| ()).expect("a valid configuration");
    let topology = Topology::build(builder).expect("there is room");
    for shift in 1..8 {
        let shifted = [vec![0; shift], stored(&topology)].concat();
        assert_same(&topology, &read_snapshot(&shifted[shift..]).expect("alignment is not needed"));
    }
}

#[test]
fn an_error_says_where() {
    let builder = generate(&SyntheticConfig::new(1, 300), &mut |_| ()).expect("a valid configuration");
    let mut file = stored(&Topology::build(builder).expect("there is room"));
    let last = file.len() - 100;
    file[last] ^= 1;
    let error = read_snapshot(&file).expect_err("damaged").to_string();
    assert!(error.starts_with("section IncomingRecords at byte "), "{error}");
}
