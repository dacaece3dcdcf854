//! What `/metrics` tells of requests and of the graph.

use std::time::{SystemTime, UNIX_EPOCH};

use engine::graph::Topology;
use engine::import::read_graph;
use serde_json::json;
use server::http::Settings;

use super::service::{Service, line_table, node};

/// The value of the series that a line of `text` begins with.
fn value(text: &str, series: &str) -> f64 {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {series}: {text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_timed_under_their_endpoint() {
    let service = Service::line().await;
    let query = json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000});
    service.post("/api/v1/routes", &query).await.json();
    // What a path names makes no endpoint of its own, and what is refused is timed too.
    for name in ["1x1x0", "2x1x0", "9x9x9"] {
        service.get(&format!("/api/v1/graph/channels/{name}")).await;
    }
    let text = service.get("/metrics").await.text;
    for (endpoint, count) in [("/api/v1/routes", 1.0), ("/api/v1/graph/channels/{short_channel_id}", 3.0)] {
        let series = |suffix: &str, more: &str| {
            let labels = format!("{more}endpoint=\"{endpoint}\"");
            value(&text, &format!("fulgurite_request_seconds_{suffix}{{{labels}}}"))
        };
        assert_eq!(series("count", ""), count, "{endpoint}");
        assert_eq!(series("bucket", "le=\"+Inf\","), count, "{endpoint}");
        assert!(series("sum", "") > 0.0, "{endpoint}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_is_as_old_as_its_newest_policy() {
    const OLDEST: u64 = 1_700_000_000;
    const NEWEST: u64 = 1_740_000_000;
    // One policy of the first channel is newer than all others.
    let newer = line_table().replacen(&OLDEST.to_string(), &NEWEST.to_string(), 1);
    let graph = read_graph(newer.as_bytes(), &mut |_| {}).unwrap().graph;
    let service = Service::of(graph, Settings::default()).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let ages = async || {
        let text = service.get("/metrics").await.text;
        let told = service.get("/api/v1/graph").await.json();
        [value(&text, "fulgurite_graph_age_seconds"), told["graph_age_s"].as_f64().unwrap()]
    };
    for age in ages().await {
        // Time goes on, but not for the year and more between the two.
        assert!(age >= (now - NEWEST) as f64, "{age}");
        assert!(age < (now - OLDEST) as f64, "{age}");
    }
    // The graph of an older file, where that policy is another, and of one without its channel.
    let without: String =
        newer.lines().filter(|line| !line.starts_with("1x")).flat_map(|line| [line, "\n"]).collect();
    for older in [line_table(), newer, without] {
        let is_older = !older.contains(&NEWEST.to_string());
        let graph = read_graph(older.as_bytes(), &mut |_| {}).unwrap().graph;
        service.app.replace_graph(Topology::build(graph).unwrap()).await.unwrap();
        for age in ages().await {
            assert_eq!(age >= (now - OLDEST) as f64, is_older, "{age}");
        }
    }
}
