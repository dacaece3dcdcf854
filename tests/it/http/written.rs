//! Answers that are written without serde.

use primitives::{NodeId, ShortChannelId};
use proptest::prelude::*;
use proptest::strategy::LazyJust;
use server::json::{HopJson, NodeIdText, RouteJson, Text, WriteJson};

fn node_id() -> impl Strategy<Value = NodeIdText> {
    (2_u8..4, any::<[u8; 32]>()).prop_map(|(first, rest)| {
        let mut bytes = [first; 33];
        bytes[1..].copy_from_slice(&rest);
        Text(NodeId::from_bytes(bytes).unwrap())
    })
}

fn hop() -> impl Strategy<Value = HopJson> {
    (any::<u64>(), 0_u8..2, node_id(), any::<[u64; 2]>(), any::<u32>()).prop_map(
        |(scid, direction, node_id, [amount_msat, fee_msat], cltv)| HopJson {
            short_channel_id: Text(ShortChannelId::from_u64(scid)),
            direction,
            node_id,
            amount_msat,
            fee_msat,
            cltv,
        },
    )
}

fn route(alternatives: impl Strategy<Value = Option<Vec<RouteJson>>>) -> impl Strategy<Value = RouteJson> {
    let ends = (node_id(), node_id());
    let hops = prop::collection::vec(hop(), 0..5);
    let method = prop::sample::select(vec!["bidirectional", "labels"]);
    let rest = (any::<[u64; 7]>(), any::<[u32; 2]>(), any::<f64>(), any::<bool>(), method);
    (ends, hops, rest, alternatives).prop_map(|((src, dst), route, rest, alternatives)| {
        let (numbers, [cltv, hops], probability, optimal, method) = rest;
        let [amount_msat, fee_msat, cost_msat, gap_msat, settled, relaxed, graph_version] = numbers;
        RouteJson {
            src,
            dst,
            amount_msat,
            fee_msat,
            hops: hops as usize,
            cltv,
            probability,
            optimal,
            cost_msat,
            gap_msat,
            method,
            settled,
            relaxed,
            graph_version,
            route,
            alternatives,
        }
    })
}

proptest! {
    #[test]
    fn a_route_is_written_as_serde_writes_it(
        route in route(prop::option::of(prop::collection::vec(route(LazyJust::new(|| None)), 0..3)))
    ) {
        let mut text = Vec::new();
        route.write_json(&mut text);
        prop_assert_eq!(String::from_utf8(text).unwrap(), serde_json::to_string(&route).unwrap());
    }
}
