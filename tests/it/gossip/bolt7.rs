//! The vectors of BOLT 7: extended queries. Those with zlib must be refused: BOLT 7 forbids it since 2022.

use std::fs;

use primitives::wire::{Message, WireError};
use serde_json::Value;
use tests::data::shared;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn numbers(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect()
}

#[test]
fn extended_queries_are_read_and_written() {
    let Some(path) = shared("vectors/bolt07/extended-queries.json") else { return };
    let vectors: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let (mut read, mut refused) = (0, 0);
    for vector in vectors.as_array().unwrap() {
        let (bytes, expected) = (hex(vector["hex"].as_str().unwrap()), &vector["msg"]);
        if expected.to_string().contains("ZLIB") {
            let error = Message::decode(&bytes);
            assert!(matches!(error, Err(WireError::Encoding { encoding: 1, .. })), "{error:?}");
            refused += 1;
            continue;
        }
        let message = Message::decode(&bytes).unwrap();
        let mut again = Vec::new();
        message.encode(&mut again);
        assert_eq!(again, bytes);
        compare(&message, expected);
        read += 1;
    }
    assert_eq!((read, refused), (5, 5));
}

fn compare(message: &Message<'_>, expected: &Value) {
    let range = |first: u32, count: u32| {
        assert_eq!(Some(u64::from(first)), expected["firstBlockNum"].as_u64());
        assert_eq!(Some(u64::from(count)), expected["numberOfBlocks"].as_u64());
    };
    match message {
        Message::QueryChannelRange(query) => {
            range(query.first_blocknum, query.number_of_blocks);
            let has_option = expected["tlvStream"]["records"][0].is_string();
            assert_eq!(query.query_option_flags, has_option.then_some(3));
        }
        Message::ReplyChannelRange(reply) => {
            range(reply.first_blocknum, reply.number_of_blocks);
            let entries: Vec<_> = reply.entries().collect();
            for (entry, id) in entries.iter().zip(expected["shortChannelIds"]["array"].as_array().unwrap()) {
                assert_eq!(Some(entry.short_channel_id.to_string().as_str()), id.as_str());
            }
            for (idx, entry) in entries.iter().enumerate() {
                let times = &expected["timestamps"]["timestamps"][idx];
                let told = |value: &Value, names: [&str; 2]| {
                    value.is_object().then(|| names.map(|name| value[name].as_u64().unwrap() as u32))
                };
                let expected_times = told(times, ["timestamp1", "timestamp2"]);
                assert_eq!(entry.timestamps.map(|pair| pair.map(|time| time.to_secs())), expected_times);
                let sums = &expected["checksums"]["checksums"][idx];
                assert_eq!(entry.checksums, told(sums, ["checksum1", "checksum2"]));
            }
        }
        Message::QueryShortChannelIds(query) => {
            let ids: Vec<String> = query.short_channel_ids.iter().map(|id| id.to_string()).collect();
            assert_eq!(Value::from(ids), expected["shortChannelIds"]["array"]);
            let flags = query.query_flags.map(|flags| flags.iter().collect::<Vec<_>>());
            let records = expected["tlvStream"]["records"].as_array().unwrap();
            assert_eq!(flags, records.first().map(|record| numbers(&record["array"])));
        }
        other => panic!("{other:?} is not in the vectors"),
    }
}
