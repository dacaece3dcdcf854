//! Every rule is broken once, in a file that is right in all else, checksums included.

use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, InboundFee, Msat, NodeId,
    ShortChannelId, UnixTime,
};

use super::error::{Counted, HeaderPart, Rule, SnapshotError};
use super::header::{Contents, Entry, Front, SnapshotMeta, seal};
use super::section::{Section, aligned};
use super::{read_snapshot, write_snapshot};
use crate::graph::{ChannelIdx, GraphBuilder, Topology};

/// What happens to the bytes of a section.
type Change = Box<dyn FnOnce(&mut Vec<u8>)>;

fn node(n: u8) -> NodeId {
    let mut bytes = [n; 33];
    bytes[0] = 2;
    NodeId::from_bytes(bytes).expect("prefix 2")
}

fn policy(n: u64) -> ChannelPolicy {
    ChannelPolicy {
        fee: Fee { fee_base_msat: 10 * n as u32, fee_proportional_millionths: 7 },
        inbound_fee: InboundFee { base_msat: -(n as i32), proportional_millionths: 3 },
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
        htlc_minimum_msat: Msat::from_msat(if n == 3 { 1 << 33 } else { n }),
        htlc_maximum_msat: Msat::from_msat(5_000_000_000 * n + u64::from(n == 5)),
        disabled: n == 4,
        last_update: UnixTime::from_secs(1_000 + n as u32),
    }
}

/// Node 9 joins 1 to 5, 1 joins 2; 7 is alone. Channel 6 is silent one way, channel 2's capacity is unknown, channel
/// 5 is closed.
fn small() -> Topology {
    let mut builder = GraphBuilder::new();
    for n in 1..=6u64 {
        let (one, two) = if n == 6 { (1, 2) } else { (n as u8, 9) };
        let features = Features::from_bits([n as usize % 3]);
        let capacity = (n != 2).then(|| Msat::from_msat(n * 1_000_000_000));
        let scid = ShortChannelId::from_u64(n);
        builder.add_channel(scid, node(one), node(two), capacity, &features).expect("new");
        builder.set_policy(scid, Direction::NodeOneToTwo, policy(n)).expect("known");
        if n != 6 {
            builder.set_policy(scid, Direction::NodeTwoToOne, policy(n + 1)).expect("known");
        }
    }
    let lonely = GraphDelta::NodeSeen { node_id: node(7), features: Features::from_bits([40]) };
    builder.apply(&lonely).expect("there is room");
    let topology = Topology::build(builder).expect("small");
    topology.close(ChannelIdx::from_u32(4));
    topology
}

fn stored(topology: &Topology) -> Vec<u8> {
    let meta = SnapshotMeta { created_at: UnixTime::from_secs(77), generator: "a test".to_owned() };
    let mut file = Vec::new();
    let length = write_snapshot(topology, &meta, &mut file).expect("a vector takes all");
    assert_eq!(length, file.len() as u64);
    file
}

/// Changes a section's bytes and writes the file anew around them.
fn with_section(file: &[u8], section: Section, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let front = Front::read(file).expect("valid until now");
    let mut columns = Section::ALL.map(|section| front.optional(section).map(|bytes| bytes.bytes.to_vec()));
    change(columns[section as usize].as_mut().expect("stored"));
    rebuilt(&front, &columns)
}

fn rebuilt(front: &Front<'_>, columns: &[Option<Vec<u8>>; 14]) -> Vec<u8> {
    let contents = Contents {
        meta: &front.info.meta,
        node_count: front.info.node_count,
        channel_count: front.info.channel_count,
        forwarder_count: front.forwarder_count,
        feature_sets: &front.feature_sets,
    };
    let mut entries = Vec::new();
    let mut body = Vec::new();
    for (section, bytes) in Section::ALL.into_iter().zip(columns) {
        let Some(bytes) = bytes else { continue };
        let (offset, length) = (body.len() as u64, bytes.len() as u64);
        entries.push(Entry { section, offset, length, checksum: crc32fast::hash(bytes) });
        body.extend(bytes);
        body.resize(aligned(body.len() as u64) as usize, 0);
    }
    let mut file = contents.to_bytes(entries);
    file.extend(body);
    file
}

/// The rule that reading breaks on, and the section that is named.
fn broken(file: &[u8]) -> (Rule, Section) {
    match read_snapshot(file).expect_err("a rule is broken") {
        SnapshotError::Content { section, offset, rule, .. } => {
            let bytes = Front::read(file).expect("only a section was changed").optional(section);
            let bytes = bytes.expect("stored");
            assert!(offset >= bytes.offset && offset < bytes.offset + bytes.bytes.len() as u64);
            (rule, section)
        }
        other => panic!("{other}"),
    }
}

/// Applies `change` to the little-endian values of `N` bytes in a section.
fn words<const N: usize>(change: impl FnOnce(&mut [[u8; N]])) -> impl FnOnce(&mut Vec<u8>) {
    move |bytes| change(bytes.as_chunks_mut().0)
}

fn position_of(file: &[u8], section: Section, arc: u32) -> usize {
    let front = Front::read(file).expect("valid");
    let arcs = front.optional(section).expect("stored").bytes.as_chunks::<4>().0;
    arcs.iter().position(|bytes| *bytes == arc.to_le_bytes()).expect("every arc is stored")
}

#[test]
fn all_columns_survive_the_round_trip() {
    let topology = small();
    let file = stored(&topology);
    let copy = read_snapshot(&file).expect("just written");
    assert_eq!(stored(&copy), file);
    assert_eq!(copy.size_bytes(), topology.size_bytes());
    assert!(copy.is_closed(ChannelIdx::from_u32(4)) && !copy.is_closed(ChannelIdx::from_u32(3)));
    for n in [1, 2, 3, 4, 5, 7, 9] {
        assert_eq!(copy.node(&node(n)), topology.node(&node(n)));
    }
}

#[test]
fn an_empty_graph_survives_the_round_trip() {
    let topology = Topology::build(GraphBuilder::new()).expect("empty");
    let copy = read_snapshot(&stored(&topology)).expect("just written");
    assert_eq!((copy.node_count(), copy.channel_count()), (0, 0));
}

#[test]
fn every_flipped_byte_is_an_error_or_the_same_graph() {
    let file = stored(&small());
    for at in 0..file.len() {
        for mask in [1, 0x80, 0xff] {
            let mut damaged = file.clone();
            damaged[at] ^= mask;
            if let Ok(copy) = read_snapshot(&damaged) {
                assert_eq!(stored(&copy), file, "byte {at}");
            }
        }
    }
}

#[test]
fn every_flipped_byte_under_a_good_checksum_is_no_panic() {
    let file = stored(&small());
    for section in Section::ALL {
        let length = Front::read(&file).expect("valid").optional(section).expect("stored").bytes.len();
        for at in 0..length {
            for mask in [1, 2, 0x10, 0x80, 0xff] {
                let hostile = with_section(&file, section, |bytes| bytes[at] ^= mask);
                if let Ok(copy) = read_snapshot(&hostile) {
                    assert_eq!(stored(&copy), hostile, "{section} {at}");
                }
            }
        }
    }
}

#[test]
fn every_cut_file_is_an_error() {
    let file = stored(&small());
    for length in 0..file.len() {
        assert!(read_snapshot(&file[..length]).is_err(), "{length}");
    }
    let longer = [&file[..], &[0]].concat();
    let (expected, found) = (file.len() as u64, longer.len() as u64);
    assert_eq!(read_snapshot(&longer).err(), Some(SnapshotError::FileLength { expected, found }));
}

#[test]
fn other_files_and_versions_are_named() {
    assert_eq!(read_snapshot(b"scid,node1,node2").err(), Some(SnapshotError::NotASnapshot));
    let mut file = stored(&small());
    let end = Front::read(&file).expect("valid").optional(Section::NodeIds).expect("stored").offset as usize;
    let table = u32::from_le_bytes(file[..4].try_into().expect("four bytes")) as usize;
    let vtable_distance = i32::from_le_bytes(file[table..table + 4].try_into().expect("four bytes"));
    let vtable = (table as i32 - vtable_distance) as usize;
    let field = u16::from_le_bytes(file[vtable + 4..vtable + 6].try_into().expect("two bytes"));
    file[table + usize::from(field)] = 9;
    seal(&mut file[..end]);
    let error = read_snapshot(&file).expect_err("version 9");
    assert_eq!(error, SnapshotError::Version { found: 9, supported: 1 });
    assert_eq!(error.to_string(), "the snapshot has format version 9; this program reads version 1");
    file[70] ^= 1;
    let error = read_snapshot(&file).expect_err("damaged");
    assert!(matches!(error, SnapshotError::HeaderChecksum { part: HeaderPart::Directory, .. }));
}

#[test]
fn sections_must_be_there_once_and_whole() {
    let file = stored(&small());
    let front = Front::read(&file).expect("valid");
    let columns = Section::ALL.map(|section| front.optional(section).map(|bytes| bytes.bytes.to_vec()));
    for section in Section::ALL {
        let mut left_out = columns.clone();
        left_out[section as usize] = None;
        let result = read_snapshot(&rebuilt(&front, &left_out));
        if section == Section::InboundFees {
            assert!(!result.expect("inbound fees are optional").has_inbound_fees());
        } else {
            assert_eq!(result.err(), Some(SnapshotError::Missing { section }));
        }
        let mut cut = columns.clone();
        cut[section as usize].as_mut().expect("stored").pop();
        let error = read_snapshot(&rebuilt(&front, &cut)).expect_err("a value is cut");
        assert!(
            matches!(error, SnapshotError::SectionLength { section: named, .. } if named == section),
            "{error}"
        );
    }
}

#[test]
fn broken_columns_are_named() {
    let file = stored(&small());
    let check = |section, change: Change, rule| {
        assert_eq!(broken(&with_section(&file, section, change)), (rule, section));
    };
    check(Section::NodeIds, Box::new(|ids| ids[33] = 4), Rule::NodeIdPrefix);
    check(Section::NodeIds, Box::new(|ids| ids.copy_within(5 * 33..6 * 33, 6 * 33)), Rule::NodeIdsDistinct);
    check(Section::NodeFeatures, Box::new(|sets| sets[4] = 5), Rule::FeaturesInRange);
    check(Section::ChannelFeatures, Box::new(|sets| sets[1] = 1), Rule::FeaturesInRange);
    check(Section::ShortChannelIds, Box::new(|scids| scids[8] = 1), Rule::ScidsAscend);
    check(Section::Offsets, Box::new(|offsets| offsets[0] = 1), Rule::OffsetsAscend);
    check(Section::Offsets, Box::new(|offsets| offsets[8] = 1), Rule::OffsetsAscend);
    check(Section::Offsets, Box::new(|offsets| offsets[28] += 1), Rule::OffsetsAscend);
}

#[test]
fn broken_lists_are_named() {
    let file = stored(&small());
    let check = |section, change: Change, rule, named| {
        assert_eq!(broken(&with_section(&file, section, change)), (rule, named));
    };
    let arcs = [Section::OutgoingArcs, Section::IncomingArcs];
    for (arcs, ends) in arcs.into_iter().zip([Section::OutgoingEnds, Section::IncomingEnds]) {
        check(arcs, Box::new(|arcs| arcs[0] = 12), Rule::ArcInRange, arcs);
        check(arcs, Box::new(|arcs| arcs.copy_within(0..4, 4)), Rule::ArcOnce, arcs);
        check(ends, Box::new(|ends| ends[0] = 7), Rule::EndInRange, ends);
    }
    // Two arcs of the hub change places, but not what belongs to them.
    let swap = || Box::new(words(|arcs: &mut [[u8; 4]]| arcs.swap(0, 1)));
    check(Section::IncomingArcs, swap(), Rule::ListsAgree, Section::IncomingArcs);
    check(Section::IncomingEnds, swap(), Rule::ListsAgree, Section::IncomingArcs);
    let fee = Box::new(|records: &mut Vec<u8>| records[0] ^= 1);
    check(Section::IncomingRecords, fee, Rule::ListsAgree, Section::IncomingArcs);
}

/// Changes both directions of the lists alike.
fn with_both(file: &[u8], arc: u32, change: impl Fn(&mut [u8; 24])) -> Vec<u8> {
    let outgoing = position_of(file, Section::OutgoingArcs, arc);
    let incoming = position_of(file, Section::IncomingArcs, arc);
    let file = with_section(file, Section::OutgoingRecords, words(|records| change(&mut records[outgoing])));
    with_section(&file, Section::IncomingRecords, words(|records| change(&mut records[incoming])))
}

#[test]
fn broken_channels_are_named() {
    let file = stored(&small());
    // The capacity of one arc of channel 0.
    assert_eq!(
        broken(&with_both(&file, 0, |record| record[20] ^= 1)),
        (Rule::ArcsPaired, Section::OutgoingEnds)
    );
    // Arcs 0 and 1 change places in both lists: node_id_1 is then the greater one.
    let mut turned = file.clone();
    for section in [Section::OutgoingArcs, Section::IncomingArcs] {
        let at = [0, 1].map(|arc| position_of(&turned, section, arc));
        turned = with_section(&turned, section, words(|arcs: &mut [[u8; 4]]| arcs.swap(at[0], at[1])));
    }
    assert_eq!(broken(&turned), (Rule::NodesInOrder, Section::OutgoingEnds));
    // Channel 0 leads to another node than where it comes from.
    let position = position_of(&file, Section::OutgoingArcs, 0);
    let other = with_section(
        &file,
        Section::OutgoingEnds,
        words(|ends: &mut [[u8; 4]]| ends[position] = [1, 0, 0, 0]),
    );
    assert!(matches!(broken(&other), (Rule::ListsAgree, _) | (Rule::NodesInOrder, _) | (Rule::NodeOrder, _)));
}

#[test]
fn broken_records_are_named() {
    let file = stored(&small());
    let check = |arc, change: fn(&mut [u8; 24]), rule| {
        assert_eq!(broken(&with_both(&file, arc, change)), (rule, Section::OutgoingRecords));
    };
    check(0, |record| record[11] = 0x80, Rule::RecordPacked); // an unknown flag
    check(11, |record| record[10] ^= 1, Rule::RecordPacked); // silent and yet enabled
    check(11, |record| record[0] = 1, Rule::RecordPacked); // silent and yet with a fee
    check(2, |record| record[20] ^= 1, Rule::RecordPacked); // unknown capacity beside its maximum
    check(4, |record| record[12] = 99, Rule::WideInRange);
}

#[test]
fn wide_values_belong_to_one_field() {
    let file = stored(&small());
    // The minima of arcs 3 and 4 are 2^33 both.
    let front = Front::read(&file).expect("valid");
    let records = front.optional(Section::OutgoingRecords).expect("stored").bytes.as_chunks::<24>().0;
    let place = records[position_of(&file, Section::OutgoingArcs, 4)][12];
    let shared = with_both(&file, 3, |record| record[12] = place);
    assert_eq!(broken(&shared), (Rule::WideOnce, Section::OutgoingRecords));
}

#[test]
fn broken_order_is_named() {
    let file = stored(&small());
    let front = Front::read(&file).expect("valid");
    let columns = Section::ALL.map(|section| front.optional(section).map(|bytes| bytes.bytes.to_vec()));
    for wrong in [0, 1, 2, 4, 7, 8, u32::MAX] {
        let mut front = Front::read(&file).expect("valid");
        front.forwarder_count = wrong;
        let file = rebuilt(&front, &columns);
        assert_eq!(broken(&file), (Rule::NodeOrder, Section::OutgoingEnds), "{wrong}");
    }
}

#[test]
fn counts_are_limited() {
    let file = stored(&small());
    let columns = || {
        let front = Front::read(&file).expect("valid");
        Section::ALL.map(|section| front.optional(section).map(|bytes| bytes.bytes.to_vec()))
    };
    let mut front = Front::read(&file).expect("valid");
    front.info.channel_count = u32::MAX;
    let error = read_snapshot(&rebuilt(&front, &columns())).err();
    assert!(matches!(error, Some(SnapshotError::TooMany { what: Counted::Channels, .. })), "{error:?}");
    front.info.channel_count = 1 << 28;
    let error = read_snapshot(&rebuilt(&front, &columns())).err();
    assert!(matches!(error, Some(SnapshotError::SectionLength { .. })), "{error:?}");
    front.info.channel_count = 6;
    front.feature_sets = Box::default();
    let error = read_snapshot(&rebuilt(&front, &columns())).err();
    assert!(matches!(error, Some(SnapshotError::TooMany { what: Counted::FeatureSets, .. })), "{error:?}");
    front.feature_sets = Box::new([Features::from_bits([3])]);
    let error = read_snapshot(&rebuilt(&front, &columns())).err();
    assert_eq!(error, Some(SnapshotError::FeatureSet { place: 0 }));
}
