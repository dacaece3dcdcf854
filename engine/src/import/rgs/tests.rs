use super::*;

/// A snapshot in the making.
struct Bytes(Vec<u8>);

impl Bytes {
    fn new(version: u8, latest_seen: u32) -> Self {
        let mut bytes = b"LDK".to_vec();
        bytes.push(version);
        bytes.extend([7; 32]);
        bytes.extend(latest_seen.to_be_bytes());
        Bytes(bytes)
    }

    fn put(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.extend(bytes.as_ref());
        self
    }

    fn count(self, count: u32) -> Self {
        self.put(count.to_be_bytes())
    }

    /// Nodes 02.. and 03.., channel 9 between them.
    fn one_channel(version: u8, latest_seen: u32) -> Self {
        let bytes = Bytes::new(version, latest_seen).put(if version == 2 { &[0][..] } else { &[] });
        bytes.count(2).put([2; 33]).put([3; 33]).count(1).put([0, 0, 9, 0, 1])
    }

    fn defaults(self) -> Self {
        self.put(40u16.to_be_bytes())
            .put(1u64.to_be_bytes())
            .put(1000u32.to_be_bytes())
            .put(100u32.to_be_bytes())
            .put(5_000u64.to_be_bytes())
    }

    fn decode(&self) -> Result<RgsSnapshot, RgsError> {
        RgsSnapshot::decode(&self.0[..])
    }
}

const DAY: u32 = 24 * 3600;

#[test]
fn updates_take_defaults_flags_and_differences() {
    let first = Bytes::one_channel(1, 100 * DAY).count(2).defaults();
    let first = first.put([9, 0]).put([0, 0b0101_0011]).put([0, 80]).put(7u32.to_be_bytes());
    let mut graph = GraphBuilder::new();
    let notes = first.decode().expect("well formed").apply(&mut graph).expect("fits");
    assert_eq!((notes.orphan_count, notes.stale_count, notes.duplicate_count), (0, 0, 0));
    let policies = graph.channels()[0].policies.map(|policy| policy.expect("told"));
    assert_eq!(policies[0].cltv_expiry_delta.to_blocks(), 40);
    assert_eq!(policies[0].htlc_maximum_msat, Msat::from_msat(5000));
    assert_eq!(policies[0].last_update.to_secs(), 93 * DAY);
    assert_eq!((policies[1].fee.fee_base_msat, policies[1].disabled), (7, true));
    assert_eq!(policies[1].cltv_expiry_delta.to_blocks(), 80);

    // Differences: direction 1 gets another proportional fee; channel 10 is unknown; channel 9 is announced again.
    let second = Bytes::one_channel(1, 101 * DAY).count(2).defaults();
    let second = second.put([9, 0b1000_1001]).put(55u32.to_be_bytes()).put([1, 0b1000_0000]);
    let second = second.decode().expect("well formed");
    let notes = second.apply(&mut graph).expect("fits");
    assert_eq!((notes.orphan_count, notes.stale_count, notes.duplicate_count), (1, 0, 1));
    let after = graph.channels()[0].policies[1].expect("told");
    assert_eq!(after.fee, Fee { fee_base_msat: 7, fee_proportional_millionths: 55 });
    assert!(!after.disabled && after.cltv_expiry_delta.to_blocks() == 80);
    assert_eq!(graph.channels()[0].policies[0], Some(policies[0]));
    assert_eq!(second.apply(&mut graph).expect("fits").stale_count, 1);
}

#[test]
fn version_2_tells_capacities_and_features_and_may_grow() {
    let features = |bits: [u8; 3]| [&[0, 3][..], &bits].concat();
    let bytes = Bytes::new(2, 0).put([1]).put(features([1, 0, 0])).count(3);
    // Node 02: addresses, default features and additional data; node 03: its own features; node 03 03 04: a reminder.
    let bytes = bytes.put([0b1000_1110]).put([2; 32]).put([1, 3, 0, 0, 0]).put([0, 2, 9, 9]);
    let bytes = bytes.put([0b0011_1011]).put([3; 32]).put(features([0, 0, 4]));
    let bytes = bytes.put([0b0100_0011]).put([4; 32]);
    let place = (1u64 | 1 << 63).to_be_bytes();
    let bytes = bytes.count(2).put([0, 0, 9, 0, 0xff]).put(place).put([0, 4, 0xfd, 0x03, 0xe8, 42]);
    let bytes = bytes.put([0, 1, 2, 1, 1, 2]);
    let bytes = bytes.count(3).defaults().put([9, 1]).put([0, 1, 0, 2, 42, 42]).put([0, 0]);
    let mut graph = GraphBuilder::new();
    bytes.decode().expect("well formed").apply(&mut graph).expect("fits");
    assert_eq!(graph.channels()[0].capacity, Msat::from_sat(1000));
    assert_eq!(graph.channels()[1].capacity, None);
    let features = |place: u16| &graph.feature_sets()[usize::from(place)];
    assert!(features(graph.node_features()[0]).has_bit(16));
    assert!(features(graph.node_features()[1]).has_bit(2));
    assert!(features(graph.node_features()[2]).is_empty());
    assert!(features(graph.channels()[1].features).has_bit(1));
    assert!(graph.channels()[0].policies.iter().all(Option::is_some));
    for size in 0..bytes.0.len() {
        let error = RgsSnapshot::decode(&bytes.0[..size]).expect_err("cut");
        assert!(matches!(error, RgsError::Truncated { offset, .. } if offset == size as u64), "{error}");
    }
}

#[test]
fn errors_name_part_and_expectation() {
    let text = |bytes: Bytes| bytes.decode().expect_err("wrong").to_string();
    assert_eq!(text(Bytes::new(3, 0)), "header, before byte 4: expected version 1 or 2");
    assert_eq!(
        text(Bytes::new(1, 0).count(u32::MAX)),
        "count of nodes: 4294967295 is more than the limit of 1048576"
    );
    assert_eq!(text(Bytes::new(1, 0).count(9)), "node 0: the file ends inside it, at byte 44");
    assert!(
        text(Bytes::new(1, 0).count(1).put([9; 33])).contains("node 0, before byte 77: expected a node id")
    );
    let nodes = || Bytes::new(1, 0).count(2).put([2; 33]).put([3; 33]);
    assert!(
        text(nodes().count(1).put([0, 0, 9, 0, 2])).contains("channel 0, before byte 119: expected places")
    );
    assert!(text(nodes().count(1).put([0, 0, 9, 1, 0])).contains("two nodes in ascending order"));
    assert!(text(nodes().count(1).put([0, 0, 0xfd, 0, 9])).contains("a BigSize in its shortest form"));
    let overflow = [&[0, 0, 9, 0, 1, 0, 0, 0xff][..], &[0xff; 8]].concat();
    assert!(
        text(nodes().count(2).put(overflow)).contains("channel 1, before byte 130: expected a channel id")
    );
    assert!(text(nodes().count(0).count(0).put([0])).contains("end, before byte 118: expected the end"));
}
