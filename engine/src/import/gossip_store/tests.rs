use primitives::{Direction, NodeId};

use super::super::gossip_store_records::{FLAG_COMPLETED, FLAG_DELETED, FLAG_ZOMBIE};
use super::*;

fn record(flags: u16, message: &[u8]) -> Vec<u8> {
    let len = u16::try_from(message.len()).expect("short");
    let mut bytes = [flags.to_be_bytes(), len.to_be_bytes()].concat();
    bytes.extend(crc32c::crc32c_append(7, message).to_be_bytes());
    bytes.extend(7u32.to_be_bytes());
    bytes.extend(message);
    bytes
}

fn message(kind: u16, fields: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes(), fields].concat()
}

fn announcement(scid: u64) -> Vec<u8> {
    let mut fields = vec![0; 4 * 64];
    fields.extend([0, 1, 2]);
    fields.extend([0; 32]);
    fields.extend(scid.to_be_bytes());
    fields.extend([[2; 33], [3; 33]].concat());
    fields.extend([4; 66]);
    message(256, &fields)
}

fn amount(satoshis: u64) -> Vec<u8> {
    message(4101, &satoshis.to_be_bytes())
}

fn update(scid: u64, direction: u8, base: u32) -> Vec<u8> {
    let mut fields = vec![0; 96];
    fields.extend(scid.to_be_bytes());
    fields.extend(7u32.to_be_bytes());
    fields.extend([1, direction]);
    fields.extend(9u16.to_be_bytes());
    fields.extend(1u64.to_be_bytes());
    fields.extend(base.to_be_bytes());
    fields.extend([0; 12]);
    message(258, &fields)
}

fn node(id: u8) -> Vec<u8> {
    let mut fields = vec![0; 64];
    fields.extend([0, 1, 0x80]);
    fields.extend(7u32.to_be_bytes());
    fields.push(2);
    fields.extend([id; 32]);
    fields.extend([0; 3 + 32 + 2]);
    message(257, &fields)
}

fn store(version: u8, records: &[Vec<u8>]) -> Vec<u8> {
    [vec![version], records.concat()].concat()
}

fn base_of(graph: &GraphBuilder, scid: u64, direction: Direction) -> Option<u32> {
    let channel = graph.channel(ShortChannelId::from_u64(scid))?;
    channel.policies[direction.as_usize()].map(|policy| policy.fee.fee_base_msat)
}

#[test]
fn every_version_is_read_by_its_own_flags() {
    for version in 9..=17 {
        let complete = if version >= 15 { FLAG_COMPLETED } else { 0 };
        let bytes = store(
            version,
            &[
                record(complete, &message(4107, &[1; 32])),
                record(complete, &announcement(5)),
                record(complete, &amount(10)),
                record(complete | 0x4000, &update(5, 0, 1)),
                record(complete | FLAG_DELETED, &update(5, 0, 2)),
                record(complete | FLAG_ZOMBIE, &update(5, 1, 3)),
                record(complete, &message(4104, &[0; 10])),
                record(complete, &message(4102, &[0; 2])),
                record(complete, &node(2)),
                record(complete, &node(9)),
                record(complete, &update(6, 0, 4)),
                record(complete, &message(4106, &[0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 9])),
                record(complete, &message(9999, &[])),
            ],
        );
        let (graph, notes) = read_gossip_store(&bytes[..]).expect("well formed");
        assert_eq!(graph.channels()[0].capacity, Msat::from_sat(10));
        assert_eq!(base_of(&graph, 5, Direction::NodeOneToTwo), Some(1));
        let zombie_policy = (version >= 14).then_some(3);
        assert_eq!(base_of(&graph, 5, Direction::NodeTwoToOne), zombie_policy, "version {version}");
        let place = graph.node_place(NodeId::from_bytes([2; 33]).expect("prefix 2")).expect("announced");
        let features = graph.node_features()[place as usize];
        assert!(graph.feature_sets()[usize::from(features)].has_bit(7));
        let expected = GossipStoreNotes {
            minor_version: version,
            record_count: 13,
            deleted_count: 1,
            zombie_count: u64::from(version < 14),
            private_count: 2,
            // Node 9, and the update of channel 6.
            orphan_count: 2,
            unknown_count: 1,
            dying_count: 1,
            ..GossipStoreNotes::default()
        };
        assert_eq!(notes, expected);
    }
}

#[test]
fn what_a_live_writer_leaves_ends_the_reading() {
    let whole = [record(0, &announcement(5)), record(0, &amount(10))];
    let whole_size = store(12, &whole).len();
    let next = [record(0, &announcement(6)), record(0, &amount(11))];
    let all = store(12, &[&whole[..], &next[..]].concat());
    for size in whole_size..=all.len() {
        let (graph, notes) = read_gossip_store(&all[..size]).expect("only the tail is torn");
        let is_whole = size == whole_size || size == all.len();
        assert_eq!(notes.torn_at.is_none(), is_whole, "{size} bytes");
        assert_eq!(graph.channels().len(), if size == all.len() { 2 } else { 1 });
    }
    let incomplete = record(0, &announcement(6));
    let marked: Vec<_> = [announcement(5), amount(10)].iter().map(|it| record(FLAG_COMPLETED, it)).collect();
    let bytes = store(16, &[marked.concat(), incomplete, marked.concat()]);
    let (graph, notes) = read_gossip_store(&bytes[..]).expect("ends before the incomplete record");
    assert_eq!((graph.channels().len(), notes.torn_at), (1, Some(1 + marked.concat().len() as u64)));
}

#[test]
fn channels_are_deleted_replaced_and_superseded_in_order() {
    let bytes = store(
        12,
        &[
            record(0, &announcement(5)),
            record(0, &amount(10)),
            record(0, &update(5, 0, 1)),
            record(0, &announcement(6)),
            record(0, &amount(10)),
            record(0, &message(4103, &6u64.to_be_bytes())),
            record(0, &update(6, 0, 1)),
            record(0, &announcement(5)),
            record(0, &amount(12)),
            record(0, &message(4105, &[0; 8])),
            vec![0xff; 40],
        ],
    );
    let (graph, notes) = read_gossip_store(&bytes[..]).expect("well formed up to its end mark");
    assert_eq!(graph.channels().len(), 1);
    assert_eq!(graph.channels()[0].capacity, Msat::from_sat(12));
    assert_eq!(base_of(&graph, 5, Direction::NodeOneToTwo), None);
    assert!(notes.superseded && notes.orphan_count == 1 && notes.torn_at.is_none());
}

#[test]
fn faults_before_the_end_name_their_record() {
    let mut bytes =
        store(12, &[record(0, &announcement(5)), record(0, &amount(10)), record(0, &update(5, 0, 1))]);
    let update_at = bytes.len() as u64 - 150;
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let (graph, notes) = read_gossip_store(&bytes[..]).expect("only the last record is damaged");
    assert_eq!((graph.channels().len(), notes.torn_at), (1, Some(update_at)));
    bytes.extend(record(0, &update(5, 0, 1)));
    let error = read_gossip_store(&bytes[..]).expect_err("damaged");
    assert!(matches!(error, GossipStoreError::Checksum { offset, .. } if offset == update_at));
    let cases: [(&[Vec<u8>], &str); 5] = [
        (
            &[record(0, &announcement(5)), record(0, &announcement(6))],
            "byte 1: the announcement of channel 0x0x5",
        ),
        (&[record(0, &[1])], "byte 1: expected a message of at least two bytes"),
        (
            &[record(0, &update(5, 0, 1)[..100])],
            "message type 258: the message ends in its field short_channel_id",
        ),
        (&[record(0, &announcement(5)), record(0, &amount(u64::MAX))], "expected an amount below"),
        (&[record(0, &message(4103, &[1]))], "message type 4103"),
    ];
    for (records, expected) in cases {
        let text = read_gossip_store(&store(12, records)[..]).expect_err("wrong").to_string();
        assert!(text.contains(expected), "{text}");
    }
    assert_eq!(
        read_gossip_store(&[8][..]).expect_err("old").to_string(),
        "version 0.8 is not read, expected 0.9 or a later minor one"
    );
    assert!(matches!(read_gossip_store(&[0x2c][..]), Err(GossipStoreError::Version { major: 1, minor: 12 })));
    assert_eq!(read_gossip_store(&[][..]).err(), Some(GossipStoreError::Empty));
}
