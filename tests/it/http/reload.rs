//! The graph changes while it is served.

use std::collections::HashSet;
use std::sync::mpsc;
use std::time::Duration;

use engine::graph::{GraphBuilder, Topology};
use engine::import::read_graph;
use engine::snapshot::{ChannelGraph, GraphWriter};
use engine::synthetic::{SyntheticConfig, generate};
use futures_util::FutureExt;
use primitives::{Features, GraphDelta, ShortChannelId};
use serde_json::{Value, json};
use server::http::applier::{Change, ChangeError, Heard, TenantBook};
use server::http::{Limits, Settings, difference};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::service::{COLUMNS, Service, line_graph, line_table, node};

fn read(table: &str) -> GraphBuilder {
    read_graph(table.as_bytes(), &mut |_| {}).unwrap().graph
}

fn topology(table: &str) -> Topology {
    Topology::build(read(table)).unwrap()
}

/// Channels of one size with a policy each.
fn many(count: u16, capacity_sat: u32) -> String {
    let mut table = COLUMNS.to_owned();
    for scid in 1..=count {
        let [one, two] = [1, 101].map(|first| node(first + (scid % 100) as u8));
        table +=
            &format!("{scid}x1x0,{one},{two},{capacity_sat},0,900,100,40,1000,900000000,0,1700000000,0,0\n");
    }
    table
}

/// Makes a graph another one, and a generation of that.
fn change(graph: &ChannelGraph, writer: &mut GraphWriter, wanted: &Topology) {
    for delta in difference(&graph.snapshot(), wanted) {
        writer.apply(&delta).unwrap();
    }
    writer.publish();
    writer.begin_merge();
    writer.finish_merge();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_graph_is_served_without_a_restart() {
    let service = Service::line().await;
    let query = json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000, "cost": {"model": "fee"}});
    assert_eq!(service.post("/api/v1/routes", &query).await.json()["hops"], 1);
    // Channel 4 is gone, channel 5 is new and dearer, node 3 asks less.
    let table: String =
        line_table().lines().filter(|line| !line.starts_with("4x")).collect::<Vec<_>>().join("\n");
    let table = table.replace(",3000,100,", ",7,100,").replace(",1700000000,", ",1700000009,");
    let new = format!("5x1x0,{},{},1000000,0,900,100,40,1000,900000000,0,1700000010,0,0", node(2), node(4));
    let table = format!("{table}\n{new}\n");
    let mut events = service.client.get(service.url("/api/v1/events")).send().await.unwrap();
    let count = service.app.replace_graph(topology(&table)).await.unwrap();
    assert!(count > 0);
    let answer = service.post("/api/v1/routes", &query).await.json();
    assert_eq!((&answer["hops"], &answer["fee_msat"]), (&json!(2), &json!(900 + 100)));
    assert!(answer["graph_version"].as_u64().unwrap() > 0);
    let graph = service.get("/api/v1/graph").await.json();
    assert_eq!((&graph["channel_count"], &graph["newest_update"]), (&json!(4), &json!(1_700_000_010)));
    assert_eq!(
        service.app.replace_graph(topology(&table)).await.unwrap(),
        0,
        "there is nothing left to change"
    );
    let mut event = String::new();
    while !event.contains("data: ") || !event.ends_with("\n\n") {
        event += std::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap();
    }
    assert!(event.contains("event: graph"), "{event}");
    let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!((&data["seq"], data["changes"].as_array().unwrap().len()), (&json!(1), count));
    assert_eq!(data["changes"][count - 1], json!({"change": "channel_closed", "short_channel_id": "4x1x0"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_differs_is_missing_between_no_two_changes() {
    let service = Service::of(read(&many(600, 1_000_000)), Settings::default()).await;
    let mut heard = service.app.applier().feed().listen();
    let count = service.app.replace_graph(topology(&many(600, 2_000_000))).await.unwrap();
    assert_eq!(count, 600 * 3, "each is closed, opened, and has a policy");
    let (mut told, mut change_count) = (0, 0);
    while told < count {
        let sequenced = match heard.recv().await.unwrap() {
            Heard::Place(_) => continue,
            Heard::Change(_, sequenced) => sequenced,
            Heard::Missed(count) => panic!("{count:?} are missed"),
        };
        let Change::Graph(deltas) = &sequenced.change else { panic!("{sequenced:?}") };
        let mut missing = HashSet::new();
        for delta in deltas {
            if let GraphDelta::ChannelClosed { short_channel_id } = delta {
                missing.insert(*short_channel_id);
            } else if let GraphDelta::ChannelOpened { short_channel_id, .. } = delta {
                missing.remove(short_channel_id);
            }
            assert!(missing.len() <= 1, "{missing:?}");
        }
        assert_eq!(missing, HashSet::new());
        told += deltas.len();
        change_count += 1;
    }
    assert!(change_count > 1);
    assert_eq!(
        service.get("/api/v1/graph/channels/600x1x0").await.json()["capacity_msat"],
        2_000_000_000_u64
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graph_is_replaced_as_a_whole_however_many_changes_wait() {
    let service = Service::line().await;
    let tenant = service.app.accounts().find(None).unwrap().tenant;
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = oneshot::channel();
    let app = service.app.clone();
    let held = tokio::spawn(async move {
        let hold = move |_: &TenantBook| {
            begin.send(()).unwrap();
            released.recv().unwrap();
        };
        app.applier().look(tenant, hold).await
    });
    begun.await.unwrap();
    let ask = || service.app.change(Change::Graph(Vec::new())).now_or_never();
    while !matches!(ask(), Some(Err(ChangeError::Full))) {}
    let (app, wanted) = (service.app.clone(), topology(&many(600, 1_000_000)));
    let mut replacing = tokio::spawn(async move { app.replace_graph(wanted).await });
    assert!(timeout(Duration::from_millis(200), &mut replacing).await.is_err(), "it waits for its turn");
    release.send(()).unwrap();
    held.await.unwrap().unwrap();
    assert_eq!(replacing.await.unwrap().unwrap(), 600 * 2 + 4);
    assert_eq!(service.app.replace_graph(topology(&many(600, 1_000_000))).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_a_node_without_channels() {
    let service = Service::line().await;
    let told = async || {
        let graph = service.get("/api/v1/graph").await.json();
        let network = service.get("/lnd/v1/graph/info").await.json();
        let described = service.get("/lnd/v1/graph").await.json();
        let listed = service.post("/cln/v1/listnodes", &json!({})).await.json();
        let suggested = service.get("/api/v1/graph/suggestions").await.json();
        let count = |list: &Value| list["nodes"].as_array().unwrap().len();
        let number = |value: &Value| value.as_u64().unwrap() as usize;
        let counts = [number(&graph["node_count"]), number(&network["num_nodes"])];
        [counts.to_vec(), vec![count(&described), count(&listed), count(&suggested)]].concat()
    };
    let status = async |path: String| service.get(&path).await.status.as_u16();
    let look_ups =
        |n| ["/api/v1/graph/nodes", "/lnd/v1/graph/node"].map(|path| format!("{path}/{}", node(n)));
    // Another graph, whose only channel joins two other nodes, and back.
    let other = format!(
        "{COLUMNS}9x1x0,{},{},1000000,0,900,100,40,1000,900000000,0,1700000010,0,0\n",
        node(7),
        node(8)
    );
    for (table, count, here, gone) in [(other, 2, 7, 1), (line_table(), 4, 1, 7)] {
        service.app.replace_graph(topology(&table)).await.unwrap();
        assert_eq!(told().await, [count; 5]);
        for path in look_ups(here) {
            assert_eq!(status(path).await, 200);
        }
        for path in look_ups(gone) {
            assert_eq!(status(path).await, 404);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_names_and_the_own_node_change_without_a_restart() {
    let service = Service::line().await;
    let query = json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000, "alternatives": 2});
    service.post("/api/v1/routes", &query).await.json();
    let named = async |host: &str| {
        let asked = service.client.get(service.url("/healthz")).header("host", host).send().await;
        asked.unwrap().status().as_u16()
    };
    let own = async || service.get(&format!("/lnd/v1/graph/routes/{}/1000", node(4))).await.status.as_u16();
    let batch = "\n".repeat(10) + &query.to_string();
    assert_eq!((named("router.example").await, own().await), (421, 400));
    service.app.set_limits(Limits { alternative_count_max: 1, body_size_max: 50, ..Limits::default() });
    service.app.set_hosts(vec!["router.example".to_owned()]);
    service.app.set_own_node(Some(node(1).parse().unwrap()));
    assert_eq!((named("router.example").await, own().await), (200, 200));
    assert_eq!(service.post("/api/v1/routes", &query).await.problem(413)["code"], "body_too_large");
    let lines = service.post_text("/api/v1/batch", batch).await.text;
    assert!(lines.contains("\"body_too_large\""), "{lines}");
    service.app.set_limits(Limits { alternative_count_max: 1, ..Limits::default() });
    assert_eq!(service.post("/api/v1/routes", &query).await.problem(422)["field"], "alternatives");
    service.app.set_limits(Limits::default());
    service.post("/api/v1/routes", &query).await.json();
}

#[test]
fn a_difference_makes_one_graph_of_the_other() {
    for seed in 0..6 {
        let make = |seed, count| {
            Topology::build(generate(&SyntheticConfig::new(seed, count), &mut |_| {}).unwrap()).unwrap()
        };
        let (graph, mut writer) = ChannelGraph::new(make(seed, 300));
        let wanted = make(seed + 1, 500);
        change(&graph, &mut writer, &wanted);
        assert_eq!(difference(&graph.snapshot(), &wanted), Vec::new(), "seed {seed}");
        assert_eq!(graph.snapshot().node_count(), wanted.node_count(), "seed {seed}");
    }
}

#[test]
fn channels_open_before_others_close_for_good() {
    let (graph, _writer) = ChannelGraph::new(topology(&line_table()));
    // Node 4 would be without any in between, but for the dear channel.
    let other = line_table().replace("\n3x1x0,", "\n9x1x0,");
    let deltas = difference(&graph.snapshot(), &topology(&other));
    let [opened, closed]: [ShortChannelId; 2] = ["9x1x0", "3x1x0"].map(|name| name.parse().unwrap());
    assert_eq!(deltas.len(), 4);
    let (first, last) = (&deltas[0], &deltas[3]);
    assert!(
        matches!(first, GraphDelta::ChannelOpened { short_channel_id, .. } if *short_channel_id == opened)
    );
    assert_eq!(*last, GraphDelta::ChannelClosed { short_channel_id: closed });
}

#[test]
fn what_a_node_announces_no_more_is_forgotten_while_its_channels_change() {
    let mut announced = line_graph();
    let (node_id, features) = (node(2).parse().unwrap(), Features::from_bits([9]));
    announced.apply(&GraphDelta::NodeSeen { node_id, features }).unwrap();
    let (graph, mut writer) = ChannelGraph::new(Topology::build(announced).unwrap());
    // The first channel, both of its directions, is larger.
    let wanted = topology(&line_table().replacen(",1000000,", ",2000000,", 2));
    change(&graph, &mut writer, &wanted);
    assert_eq!(difference(&graph.snapshot(), &wanted), Vec::new());
}
