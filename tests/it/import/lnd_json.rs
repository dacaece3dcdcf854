//! LND's JSON.

use engine::graph::GraphBuilder;
use engine::import::{Format, read_lnd_json, write_lnd_json};
use primitives::{Features, Msat};
use proptest::prelude::{prop_assert_eq, proptest};
use tests::content::Content;

use super::graphs::{graph, mainnet, read};

fn written(graph: &GraphBuilder) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_lnd_json(graph, &mut bytes).expect("a vector");
    bytes
}

#[test]
fn mainnet_as_json_is_the_same_graph() {
    let Some(mainnet) = mainnet() else { return };
    let bytes = written(&mainnet.graph);
    let again = read(&bytes).expect("just written");
    assert_eq!(again.summary.format, Format::LndJson);
    assert_eq!(again.graph.nodes(), mainnet.graph.nodes());
    let scids =
        |graph: &GraphBuilder| graph.channels().iter().map(|it| it.short_channel_id).collect::<Vec<_>>();
    assert_eq!(scids(&again.graph), scids(&mainnet.graph));
    assert_eq!(Content::of(&again.graph), Content::of(&mainnet.graph));
    let packed = zstd::encode_all(&bytes[..], 1).expect("in memory");
    assert_eq!(read(&packed).expect("just written").summary.policy_count, 87_239);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let text = "\u{feff}{\"nodes\": [], \"edges\": []}";
    assert_eq!(read(text.as_bytes()).expect("JSON").summary.format, Format::LndJson);
}

#[test]
fn other_tools_parse_what_is_written() {
    let Some(mainnet) = mainnet() else { return };
    let json: serde_json::Value = serde_json::from_slice(&written(&mainnet.graph)).expect("JSON");
    assert_eq!(json["nodes"].as_array().map(Vec::len), Some(12_020));
    assert_eq!(json["edges"].as_array().map(Vec::len), Some(44_371));
}

proptest! {
    #[test]
    fn any_graph_survives_the_round_trip(graph in graph()) {
        // Features of channels have no field.
        let mut expected = Content::of(&graph);
        expected.channels.values_mut().for_each(|channel| channel.features = Features::default());
        // A maximum of zero means that there is none: the least that can be said is 1.
        let policies = expected.channels.values_mut().flat_map(|channel| channel.policies.iter_mut().flatten());
        policies.for_each(|policy| policy.htlc_maximum_msat = policy.htlc_maximum_msat.max(Msat::from_msat(1)));
        prop_assert_eq!(Content::of(&read_lnd_json(&written(&graph)[..]).expect("just written")), expected);
    }
}
