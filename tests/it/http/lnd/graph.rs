//! DescribeGraph, GetNetworkInfo, GetNodeInfo, GetChanInfo; and routes priced again from what they tell.

use std::collections::HashMap;

use engine::import::read_graph;
use serde_json::{Value, json};

use super::super::service::{Service, node};
use super::super::shape::assert_shape;
use super::{chan_id, error, line, number};

fn node_shape() -> Value {
    json!({
        "last_update": "int", "pub_key": "node", "alias": "text", "addresses": "empty", "color": "text",
        "features": {"*": {"name": "text", "is_required": "bool", "is_known": "bool"}}, "custom_records": "empty",
    })
}

fn edge_shape() -> Value {
    let policy = json!({
        "time_lock_delta": "int", "min_htlc": "int64", "fee_base_msat": "int64", "fee_rate_milli_msat": "int64",
        "disabled": "bool", "max_htlc_msat": "uint64", "last_update": "int", "custom_records": "empty",
        "inbound_fee_base_msat": "int", "inbound_fee_rate_milli_msat": "int",
    });
    json!({
        "channel_id": "uint64", "chan_point": "text", "last_update": "int", "node1_pub": "node", "node2_pub": "node",
        "capacity": "int64", "node1_policy": policy, "node2_policy": policy, "custom_records": "empty",
        "auth_proof": "null",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_is_described_channel_by_channel() {
    let service = line().await;
    let graph = service.get("/lnd/v1/graph?include_unannounced=true").await.json();
    assert_shape(&graph, &json!({"nodes": [node_shape()], "edges": [edge_shape()]}));
    assert_eq!((graph["nodes"].as_array().unwrap().len(), graph["edges"].as_array().unwrap().len()), (4, 4));
    let edge = service.get(&format!("/lnd/v1/graph/edge/{}", chan_id(2))).await.json();
    assert!(graph["edges"].as_array().unwrap().contains(&edge));
    assert_eq!((&edge["node1_pub"], &edge["capacity"]), (&json!(node(2)), &json!("1000000")));
    assert_eq!(edge["node1_policy"]["fee_base_msat"], "2000");
    assert_eq!(edge["chan_point"], format!("{}:0", "0".repeat(64)));
    error(&service.get(&format!("/lnd/v1/graph/edge/{}", chan_id(9))).await, 404, 5);
    // The id in the path goes before the request's other name of a channel.
    let same = service.get(&format!("/lnd/v1/graph/edge/{}?chan_point=ab:0", chan_id(2))).await.json();
    assert_eq!(same, edge);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_is_summed_up() {
    let info = line().await.get("/lnd/v1/graph/info").await.json();
    let shape = json!({
        "graph_diameter": "int", "avg_out_degree": "number", "max_out_degree": "int", "num_nodes": "int",
        "num_channels": "int", "total_network_capacity": "int64", "avg_channel_size": "number",
        "min_channel_size": "int64", "max_channel_size": "int64", "median_channel_size_sat": "int64",
        "num_zombie_chans": "uint64",
    });
    assert_shape(&info, &shape);
    assert_eq!((&info["num_nodes"], &info["num_channels"]), (&json!(4), &json!(4)));
    assert_eq!((&info["avg_out_degree"], &info["max_out_degree"]), (&json!(2.0), &json!(2)));
    assert_eq!(
        (&info["total_network_capacity"], &info["median_channel_size_sat"]),
        (&json!("4000000"), &json!("1000000"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_told_with_its_channels_where_they_are_wanted() {
    let service = line().await;
    let path = format!("/lnd/v1/graph/node/{}", node(2));
    let shape = json!({
        "node": node_shape(), "num_channels": "int", "total_capacity": "int64", "channels": [edge_shape()],
    });
    let without = service.get(&path).await.json();
    assert_shape(&without, &shape);
    assert_eq!((&without["num_channels"], &without["channels"]), (&json!(2), &json!([])));
    assert_eq!(without["total_capacity"], "2000000");
    let with = service.get(&format!("{path}?include_channels=true")).await.json();
    assert_shape(&with, &shape);
    assert_eq!(with["channels"].as_array().unwrap().len(), 2);
    error(&service.get(&format!("/lnd/v1/graph/node/{}", node(9))).await, 404, 5);
    for path in [&path, "/lnd/v1/graph", "/lnd/v1/graph/info", "/lnd/v2/router/mc"] {
        error(&service.get(&format!("{path}?include_chanels=true")).await, 400, 3);
    }
}

/// What tools do with a described graph: read it, and come to the same fees.
#[tokio::test(flavor = "multi_thread")]
async fn routes_cost_what_the_described_policies_ask() {
    let service = Service::synthetic(2000).await;
    let text = service.get("/lnd/v1/graph").await.text;
    let read = read_graph(text.as_bytes(), &mut |_| {}).unwrap();
    let snapshot = service.app.graph().snapshot();
    assert_eq!(read.graph.channels().len(), snapshot.channels().count(), "the importer knows the form");
    let graph: Value = serde_json::from_str(&text).unwrap();
    let edges: HashMap<&str, &Value> = graph["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| (edge["channel_id"].as_str().unwrap(), edge))
        .collect();
    let nodes = graph["nodes"].as_array().unwrap();
    let (mut route_count, mut hop_count) = (0, 0);
    for at in 0..60 {
        let name = |place: usize| nodes[place % nodes.len()]["pub_key"].as_str().unwrap();
        let (from, to) = (name(at * 7 + 1), name(at * 13 + 5));
        if from == to {
            continue;
        }
        let path = format!("/lnd/v1/graph/routes/{to}/{}?source_pub_key={from}", 1000 + 500 * at);
        let answer = service.get(&path).await;
        if !answer.status.is_success() {
            error(&answer, 404, 5);
            continue;
        }
        let answer = answer.json();
        let hops = answer["routes"][0]["hops"].as_array().unwrap();
        route_count += 1;
        for pair in hops.windows(2) {
            let edge = edges[pair[1]["chan_id"].as_str().unwrap()];
            let is_first = edge["node1_pub"] == pair[0]["pub_key"];
            let policy = &edge[if is_first { "node1_policy" } else { "node2_policy" }];
            let forwarded = number(&pair[0]["amt_to_forward_msat"]);
            let fee = number(&policy["fee_base_msat"])
                + forwarded * number(&policy["fee_rate_milli_msat"]) / 1_000_000;
            let entered = edges[pair[0]["chan_id"].as_str().unwrap()];
            let own =
                if entered["node1_pub"] == pair[0]["pub_key"] { "node1_policy" } else { "node2_policy" };
            if entered[own]["inbound_fee_base_msat"] == 0 && entered[own]["inbound_fee_rate_milli_msat"] == 0
            {
                assert_eq!(number(&pair[0]["fee_msat"]), fee, "{answer:#}");
                hop_count += 1;
            }
            let delta = pair[0]["expiry"].as_u64().unwrap() - pair[1]["expiry"].as_u64().unwrap();
            let is_last = std::ptr::eq(&pair[1], hops.last().unwrap());
            assert!(is_last || delta > 0, "{answer:#}");
        }
        let fees: u64 = hops.iter().map(|hop| number(&hop["fee_msat"])).sum();
        assert_eq!(number(&answer["routes"][0]["total_fees_msat"]), fees);
    }
    assert!(route_count > 20 && hop_count > 30, "{route_count} routes, {hop_count} hops");
}
