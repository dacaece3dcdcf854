//! Real stores of Core Lightning.

use std::fs;

use engine::import::{GossipStoreNotes, ImportNotes, Imported, read_gossip_store};
use tests::content::Content;
use tests::data::shared;

use super::graphs::read;

fn file(name: &str) -> Option<Vec<u8>> {
    Some(fs::read(shared(&format!("vectors/gossip/{name}"))?).expect("readable"))
}

fn notes(imported: &Imported) -> &GossipStoreNotes {
    match &imported.summary.notes {
        ImportNotes::GossipStore(notes) => notes,
        other => panic!("{other:?} are no notes of a store"),
    }
}

#[test]
fn mesh_of_nine_nodes_is_whole() {
    let Some(bytes) = file("gossip_store.mesh-3x3") else { return };
    let mesh = read(&bytes).expect("a real store");
    assert_eq!((mesh.summary.node_count, mesh.summary.channel_count, mesh.summary.policy_count), (9, 12, 24));
    let expected = GossipStoreNotes { minor_version: 15, record_count: 57, ..GossipStoreNotes::default() };
    assert_eq!(notes(&mesh), &expected);
    assert!(mesh.graph.node_features().iter().all(|&features| features != 0), "all nodes announced features");
    assert!(mesh.graph.channels().iter().all(|channel| channel.capacity.is_some()));
}

#[test]
fn second_part_continues_the_first() {
    let (Some(first), Some(second)) = (file("gossip_store-part1"), file("gossip_store-part2")) else {
        return;
    };
    let part = read(&first).expect("a real store");
    assert_eq!((part.summary.channel_count, part.summary.policy_count), (45, 2));
    assert_eq!((notes(&part).deleted_count, notes(&part).torn_at), (2, None));
    let bytes = [first, second].concat();
    let whole = read(&bytes).expect("a real store");
    // The file ends in an announcement without its amount and a deletion whose checksum is wrong.
    let expected = GossipStoreNotes {
        minor_version: 15,
        record_count: 186,
        deleted_count: 6,
        torn_at: Some(42_653 - 444),
        ..GossipStoreNotes::default()
    };
    assert_eq!((notes(&whole), whole.summary.channel_count), (&expected, 87));
    let mut longer = bytes;
    longer.extend([0; 12]);
    let error = read(&longer).expect_err("the wrong checksum is not the end's any more").to_string();
    let expected = "Core Lightning gossip_store: record at byte 42653: expected CRC-32C 911183f6";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_store_cut_anywhere_keeps_what_came_before() {
    let (Some(first), Some(second)) = (file("gossip_store-part1"), file("gossip_store-part2")) else {
        return;
    };
    let whole = [first, second].concat();
    let (mut channel_count, mut torn_count) = (0, 0);
    for size in 1..=whole.len() {
        let (graph, notes) = read_gossip_store(&whole[..size]).expect("only the tail is torn");
        // Channels only ever come, but for the one deletion near the end.
        assert!(graph.channels().len() + 1 >= channel_count, "{size} bytes");
        channel_count = graph.channels().len();
        torn_count += usize::from(notes.torn_at.is_some_and(|at| at < size as u64));
    }
    assert!(torn_count > whole.len() * 9 / 10, "nearly every cut is inside a record");
}

#[test]
fn every_flipped_message_byte_is_noticed() {
    let Some(whole) = file("gossip_store.mesh-3x3") else { return };
    let unharmed = Content::of(&read(&whole).expect("a real store").graph);
    let mut bytes = whole.clone();
    for at in 1..whole.len() {
        bytes[at] ^= 0x08;
        // Flags that are unknown or say dying change nothing; every other flip is found or ends in a torn tail.
        if let Ok((graph, notes)) = read_gossip_store(&bytes[..]) {
            let is_same = Content::of(&graph) == unharmed;
            assert!(is_same || notes.torn_at.is_some(), "byte {at}");
        }
        bytes[at] = whole[at];
    }
}
