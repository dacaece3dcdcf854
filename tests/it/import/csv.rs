//! The project's CSV.

use std::fs::File;

use engine::import::{CsvNotes, Format, ImportNotes, ImportSummary, read_csv, read_graph, write_csv};
use primitives::Features;
use proptest::prelude::{prop_assert_eq, proptest};
use tests::content::Content;
use tests::data::shared;

use super::graphs::{graph, mainnet, read};

#[test]
fn mainnet_is_read_plain_and_compressed() {
    let Some(path) = shared("data/mainnet-2025-10-26/channels.csv.zst") else { return };
    let mut last = 0;
    let packed =
        read_graph(File::open(&path).expect("readable"), &mut |bytes| last = bytes).expect("well formed");
    let expected = ImportSummary {
        format: Format::Csv,
        compressed: true,
        byte_count: path.metadata().expect("readable").len(),
        node_count: 12_020,
        channel_count: 44_371,
        policy_count: 87_239,
        notes: ImportNotes::None,
    };
    assert_eq!(packed.summary, expected);
    assert_eq!(last, expected.byte_count);
    let bytes = zstd::decode_all(File::open(&path).expect("readable")).expect("zstd");
    let plain = read(&bytes).expect("well formed");
    assert_eq!((plain.summary.compressed, plain.summary.byte_count), (false, bytes.len() as u64));
    assert_eq!(Content::of(&plain.graph), Content::of(&packed.graph));
}

#[test]
fn mainnet_is_written_as_it_was_read() {
    let Some(mainnet) = mainnet() else { return };
    let Some(path) = shared("data/mainnet-2025-10-26/channels.csv.zst") else { return };
    let mut written = Vec::new();
    write_csv(&mainnet.graph, &mut written).expect("a vector");
    let original = zstd::decode_all(File::open(path).expect("readable")).expect("zstd");
    assert!(written == original, "the bytes differ");
}

#[test]
fn a_last_row_without_a_line_break_is_noted() {
    let (one, two) = ("02".repeat(33), "03".repeat(33));
    let whole = format!(
        "scid,node1,node2,capacity_sat,dir,base_msat,ppm,cltv,htlc_min,htlc_max,disabled,last_update\n\
         1x2x3,{one},{two},10,0,1,2,3,4,5,0,67\n"
    );
    let cut = ImportNotes::Csv(CsvNotes { unended_line: Some(2) });
    for (left_out, expected) in [(0, &ImportNotes::None), (1, &cut), (2, &cut)] {
        let plain = &whole.as_bytes()[..whole.len() - left_out];
        let packed = zstd::encode_all(plain, 3).expect("in memory");
        for bytes in [plain, &packed[..]] {
            assert_eq!(&read(bytes).expect("well formed").summary.notes, expected, "{left_out} bytes");
        }
    }
}

proptest! {
    #[test]
    fn any_graph_survives_the_round_trip(graph in graph()) {
        let mut bytes = Vec::new();
        write_csv(&graph, &mut bytes).expect("a vector");
        // Features and lonely nodes have no column.
        let mut expected = Content::of(&graph).without_lonely_nodes();
        expected.nodes.values_mut().for_each(|features| *features = Features::default());
        expected.channels.values_mut().for_each(|channel| channel.features = Features::default());
        prop_assert_eq!(Content::of(&read_csv(&bytes[..]).expect("just written").0), expected);
    }
}
