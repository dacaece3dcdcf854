//! Files that are cut, flipped or made up end in an error or a graph, never in a panic.

use engine::import::{Format, detect, write_csv, write_lnd_json};
use primitives::UnixTime;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;
use tests::content::Content;
use tests::rgs::{RgsVersion, encode_rgs};

use super::graphs::{graph, read};

/// A file of any format, well formed.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop_oneof![Just(0u8), Just(1), Just(2), Just(3)];
    (graph(), kinds, any::<bool>()).prop_map(|(graph, kind, compressed)| {
        let mut bytes = Vec::new();
        match kind {
            0 => write_csv(&graph, &mut bytes).expect("a vector"),
            1 => write_lnd_json(&graph, &mut bytes).expect("a vector"),
            _ => {
                let version = if kind == 2 { RgsVersion::One } else { RgsVersion::Two };
                let content = Content::of(&graph);
                bytes =
                    encode_rgs(&content, &Content::default(), version, UnixTime::from_secs(1_700_000_000));
            }
        }
        if compressed { zstd::encode_all(&bytes[..], 1).expect("in memory") } else { bytes }
    })
}

/// One of the beginnings that lead into a parser, and noise behind it.
fn pretended() -> impl Strategy<Value = Vec<u8>> {
    let header =
        "scid,node1,node2,capacity_sat,dir,base_msat,ppm,cltv,htlc_min,htlc_max,disabled,last_update\n";
    let heads: Vec<Vec<u8>> = vec![
        Vec::new(),
        header.into(),
        b"scid,".to_vec(),
        b"{\"nodes\":[{".to_vec(),
        b"{\"nodes\":[],\"edges\":[{\"node1_policy\":{".to_vec(),
        b"LDK\x01".to_vec(),
        [&b"LDK\x02"[..], &[0; 36]].concat(),
        vec![0x0c, 0],
        vec![0x10, 0x20],
        b"\x28\xb5\x2f\xfd".to_vec(),
    ];
    (0..heads.len(), vec(any::<u8>(), 0..400)).prop_map(move |(at, noise)| [&heads[at][..], &noise].concat())
}

proptest! {
    #![proptest_config(Config::with_cases(200))]

    #[test]
    fn flipped_bytes_never_panic(bytes in file(), flips in vec((any::<usize>(), 1..=255u8), 1..4)) {
        let mut bytes = bytes;
        for (at, bits) in flips {
            let at = at % bytes.len();
            bytes[at] ^= bits;
        }
        let _ = read(&bytes);
    }

    #[test]
    fn cut_files_never_panic_and_binary_ones_are_refused(bytes in file(), at in any::<usize>()) {
        let cut = &bytes[..at % bytes.len()];
        let result = read(cut);
        if matches!(detect(&bytes), Ok(Format::Rgs | Format::Zstd | Format::LndJson)) && cut.len() + 1 < bytes.len() {
            assert!(result.is_err(), "{} of {} bytes", cut.len(), bytes.len());
        }
    }

    #[test]
    fn pretended_files_never_panic(bytes in pretended()) {
        let _ = detect(&bytes);
        let _ = read(&bytes);
    }
}

#[test]
fn every_cut_of_a_small_file_is_survived() {
    let rows = "1x2x3,020202020202020202020202020202020202020202020202020202020202020202,\
                030303030303030303030303030303030303030303030303030303030303030303,5,1,4,4,3,9,0,1,7,-8,-1\n";
    let csv = format!(
        "scid,node1,node2,capacity_sat,dir,base_msat,ppm,cltv,htlc_min,htlc_max,disabled,last_update,\
         inbound_base_msat,inbound_ppm\n{rows}"
    );
    let graph = read(csv.as_bytes()).expect("well formed").graph;
    let mut files = vec![csv.into_bytes()];
    let mut json = Vec::new();
    write_lnd_json(&graph, &mut json).expect("a vector");
    files.push(json);
    for version in [RgsVersion::One, RgsVersion::Two] {
        let content = Content::of(&graph);
        files.push(encode_rgs(&content, &Content::default(), version, UnixTime::from_secs(1_700_000_000)));
    }
    for file in files.clone() {
        files.push(zstd::encode_all(&file[..], 1).expect("in memory"));
    }
    for file in files {
        assert_eq!(read(&file).expect("well formed").summary.channel_count, 1);
        for size in 0..file.len() {
            // A CSV may end after any row, and its last number may lose digits.
            let _ = read(&file[..size]);
        }
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut bytes = file.clone();
                bytes[at] ^= 1 << bit;
                let _ = read(&bytes);
            }
        }
    }
}
