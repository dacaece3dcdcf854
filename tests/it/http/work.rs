//! What is charged for an answer, whatever the answer is.

use engine::graph::GraphBuilder;
use engine::synthetic::{SyntheticConfig, generate};
use serde_json::{Value, json};
use server::http::{Limits, Settings};

use super::service::{Service, line_graph, node};

/// A synthetic graph, and two of its nodes that have no channel in common.
async fn synthetic(limits: Limits) -> (Service, [String; 2]) {
    let graph = generate(&SyntheticConfig::new(3, 3000), &mut |_| {}).unwrap();
    let service = serve(graph, limits).await;
    let example = service.get("/api/v1/graph/example").await.json();
    let ends = ["src", "dst"].map(|end| example[end].as_str().unwrap().to_owned());
    (service, ends)
}

async fn serve(graph: GraphBuilder, limits: Limits) -> Service {
    Service::of(graph, Settings { limits, ..Settings::default() }).await
}

/// A counter of `/metrics`.
async fn counter(service: &Service, name: &str) -> u64 {
    let text = service.get("/metrics").await.text;
    let line = text.lines().find(|line| line.starts_with(&format!("fulgurite_{name}_total "))).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// How much a question adds to a counter, and its answer.
async fn added<T>(service: &Service, name: &str, ask: impl Future<Output = T>) -> (u64, T) {
    let before = counter(service, name).await;
    let answer = ask.await;
    (counter(service, name).await - before, answer)
}

fn query(src: &str, dst: &str) -> Value {
    json!({"src": src, "dst": dst, "amount_msat": 1_000_000})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_finds_nothing_is_charged_as_one_that_does() {
    let (service, [src, dst]) = synthetic(Limits::default()).await;
    let mut query = query(&src, &dst);
    let (found, answer) = added(&service, "settled_nodes", service.post("/api/v1/routes", &query)).await;
    assert_eq!(answer.json()["settled"], found);
    query["limits"] = json!({"fee_max_msat": 0});
    let (lost, answer) = added(&service, "settled_nodes", service.post("/api/v1/routes", &query)).await;
    assert!(answer.problem(404)["detail"].as_str().unwrap().contains("fee limit"), "{answer:?}");
    assert!(lost >= found, "{lost}, {found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_single_path_could_carry_is_charged_as_a_search_of_the_whole_graph() {
    // The channel in the middle is too small.
    let text = ["1x1x0,1,2,9000000", "2x1x0,2,3,1000", "3x1x0,3,4,9000000"].map(|channel| {
        let parts: Vec<&str> = channel.split(',').collect();
        let [one, two] = [1, 2].map(|at| node(parts[at].parse().unwrap()));
        let max: u64 = parts[3].parse::<u64>().unwrap() * 1000;
        [0, 1].map(|dir| {
            let (scid, sat) = (parts[0], parts[3]);
            format!("{scid},{one},{two},{sat},{dir},0,1,40,1,{max},0,1700000000,0,0\n")
        })
    });
    let table = super::service::COLUMNS.to_owned() + &text.concat().concat();
    let graph = engine::import::read_graph(table.as_bytes(), &mut |_| {}).unwrap().graph;
    let service = serve(graph, Limits::default()).await;
    let mut query = query(&node(1), &node(4));
    query["amount_msat"] = json!(2_000_000_000_u64);
    let (charged, answer) = added(&service, "settled_nodes", service.post("/api/v1/routes", &query)).await;
    assert_eq!(answer.problem(404)["widest_msat"], 1_000_000);
    assert!(charged >= 4, "{charged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn alternatives_are_charged_with_the_searches_that_led_to_none() {
    let (service, [src, dst]) = synthetic(Limits::default()).await;
    let mut query = query(&src, &dst);
    query["alternatives"] = json!(3);
    let (charged, answer) = added(&service, "settled_nodes", service.post("/api/v1/routes", &query)).await;
    let answer = answer.json();
    let others = answer["alternatives"].as_array().unwrap().iter().map(|route| route["settled"].as_u64());
    let told = answer["settled"].as_u64().unwrap() + others.map(Option::unwrap).sum::<u64>();
    assert!(charged > told, "{charged}, {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_facades_search_that_finds_nothing_is_charged() {
    let (service, [src, dst]) = synthetic(Limits::default()).await;
    let path = format!("/lnd/v1/graph/routes/{dst}/1000?source_pub_key={src}&fee_limit.fixed_msat=0");
    let (charged, answer) = added(&service, "settled_nodes", service.get(&path)).await;
    assert_eq!(answer.status, 404, "{answer:?}");
    assert!(charged > 2, "{charged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_questions_of_lnds_clients_look_up_is_charged() {
    let service = Service::line().await;
    let routes = format!("/lnd/v1/graph/routes/{}/1000", node(4));
    let pair = |from, to| json!({"from": node(from), "to": node(to)});
    let first = (4_u64 << 40 | 1 << 16).to_string();
    // Each node has two channels.
    for (path, more, count, status) in [
        (routes.as_str(), json!({}), 0, 200),
        (routes.as_str(), json!({"ignored_pairs": [pair(1, 2), pair(1, 3)]}), 2, 200),
        (routes.as_str(), json!({"ignored_pairs": [pair(1, 2), pair(2, 9)]}), 2, 200),
        (routes.as_str(), json!({"ignored_pairs": [pair(1, 2), pair(2, 1)]}), 4, 200),
        (routes.as_str(), json!({"outgoing_chan_id": first}), 2, 200),
        (
            "/lnd/v2/router/route",
            json!({"amt_msat": 5000, "hop_pubkeys": [node(2), node(3), node(4)]}),
            6,
            200,
        ),
        ("/lnd/v2/router/route", json!({"amt_msat": 5000, "hop_pubkeys": [node(2), node(4)]}), 4, 404),
    ] {
        let mut body = json!({"source_pub_key": node(1)});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (scanned, answer) = added(&service, "scanned_entries", service.post(path, &body)).await;
        assert_eq!((scanned, answer.status.as_u16()), (count, status), "{path}, {body}: {answer:?}");
    }
    let probability = format!("/lnd/v2/router/mc/probability/{}/{}/1000", node(1), node(4));
    let failed = json!({
        "path": [{"channel": "4x1x0/0", "amount_msat": 1_000_000}],
        "outcome": "failed", "erring_node": 0, "failure_code": 0x1007,
    });
    for _ in 0..2 {
        let (scanned, answer) = added(&service, "scanned_entries", service.get(&probability)).await;
        answer.json();
        assert_eq!(scanned, 2, "no table of all channels is made");
        service.post("/api/v1/feedback", &failed).await.json();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_charged_for_what_it_took() {
    let service = Service::line().await;
    let plan =
        |amount_msat: u64| json!({"query": {"src": node(1), "dst": node(4), "amount_msat": amount_msat}});
    // The payer has room for 950,000 sat: not for the fees, and not for a sat more, for which nothing need be searched.
    for (amount_msat, is_searched) in [(949_990_000, true), (950_001_000, false)] {
        let (charged, answer) =
            added(&service, "settled_nodes", service.post("/api/v1/plans", &plan(amount_msat))).await;
        answer.problem(404);
        assert!(charged < 100 && (charged > 0) == is_searched, "{amount_msat}: {charged}");
    }
    let (charged, answer) =
        added(&service, "settled_nodes", service.post("/api/v1/plans/maximum", &plan(1))).await;
    answer.json();
    assert!((1..1000).contains(&charged), "{charged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_as_long_as_the_graph_are_charged_by_its_size() {
    let service = Service::line().await;
    let empty = json!({});
    for (path, least) in [
        ("/lnd/v1/graph", 8),
        ("/lnd/v1/graph/info", 4),
        ("/lnd/v1/graph/node/NODE", 2),
        ("/api/v1/graph", 4),
        ("/api/v1/graph/nodes/NODE", 2),
        ("/api/v1/graph/distributions", 4),
    ] {
        let path = path.replace("NODE", &node(1));
        let (scanned, answer) = added(&service, "scanned_entries", service.get(&path)).await;
        answer.json();
        assert!(scanned >= least, "{path}: {scanned}");
    }
    for (path, least) in [("/cln/v1/listchannels", 4), ("/cln/v1/listnodes", 4)] {
        let (scanned, answer) = added(&service, "scanned_entries", service.post(path, &empty)).await;
        answer.json();
        assert!(scanned >= least, "{path}: {scanned}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tenant_lists_is_charged_by_its_length() {
    let service = Service::line().await;
    assert_eq!(service.client.put(service.url("/api/v1/layers/a")).send().await.unwrap().status(), 201);
    let edits: Vec<Value> =
        (1..=5).map(|at| json!({"edit": "disable_node", "node_id": node(100 + at)})).collect();
    service.post("/api/v1/layers/a/edits", &json!(edits)).await.json();
    for at in 1..=3 {
        let hop = |channel: &str| json!({"channel": channel, "amount_msat": at});
        let path = json!({"path": [hop("1x1x0/0"), hop("2x1x0/0")]});
        service.post("/api/v1/reservations", &path).await.json();
    }
    for (path, count) in [("/api/v1/layers/a", 5), ("/api/v1/reservations", 6)] {
        let (scanned, answer) = added(&service, "scanned_entries", service.get(path)).await;
        answer.json();
        assert_eq!(scanned, count, "{path}");
    }
    let hop = json!({"short_channel_id_dir": "1x1x0/0", "amount_msat": 7});
    let pair = json!({
        "node_from": node(2), "node_to": node(3), "history": {"fail_time": "1700000000", "fail_amt_sat": "5000"},
    });
    for (path, body, count, status) in [
        ("/cln/v1/askrene-listlayers", json!({}), 5, 201),
        ("/cln/v1/askrene-create-layer", json!({"layer": "a", "persistent": true}), 5, 201),
        ("/cln/v1/askrene-listreservations", json!({}), 6, 201),
        ("/cln/v1/askrene-unreserve", json!({"path": [hop]}), 3, 400),
        ("/lnd/v2/router/x/importhistory", json!({"pairs": [pair]}), 2, 200),
    ] {
        let (scanned, answer) = added(&service, "scanned_entries", service.post(path, &body)).await;
        assert_eq!((scanned, answer.status.as_u16()), (count, status), "{path}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_charged_with_the_layer_that_it_may_copy() {
    let service = Service::line().await;
    assert_eq!(service.client.put(service.url("/api/v1/layers/a")).send().await.unwrap().status(), 201);
    let edits = |nodes: std::ops::Range<u8>| -> Value {
        nodes.map(|at| json!({"edit": "disable_node", "node_id": node(at)})).collect()
    };
    let ask = |edits: Value| {
        let service = &service;
        async move { service.post("/api/v1/layers/a/edits", &edits).await.json() }
    };
    assert_eq!(added(&service, "scanned_entries", ask(edits(100..110))).await.0, 10);
    assert_eq!(added(&service, "scanned_entries", ask(edits(110..111))).await.0, 10 + 1);
    let params = json!({"layer": "a", "node": node(120)});
    let disable = service.post("/cln/v1/askrene-disable-node", &params);
    assert_eq!(added(&service, "scanned_entries", disable).await.0, 11 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stages_of_requests_are_timed() {
    let service = Service::line().await;
    service.post("/api/v1/routes", &query(&node(1), &node(4))).await.json();
    service.post("/api/v1/plans", &json!({"query": query(&node(1), &node(4))})).await.json();
    let text = service.get("/metrics").await.text;
    for (stage, count) in [("wait", 2), ("read", 2), ("queue", 1), ("search", 2), ("write", 2)] {
        let line = format!("fulgurite_stage_seconds_count{{stage=\"{stage}\"}} {count}\n");
        assert!(text.contains(&line), "{line}{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_are_charged_where_they_have_to_be_looked_up() {
    let service = Service::line().await;
    assert_eq!(service.client.put(service.url("/api/v1/layers/a")).send().await.unwrap().status(), 201);
    for at in 1..=4 {
        let edits = json!([{"edit": "disable_node", "node_id": node(100 + at)}]);
        service.post("/api/v1/layers/a/edits", &edits).await.json();
    }
    let mut query = query(&node(1), &node(4));
    query["layers"] = json!(["a"]);
    let ask = || service.post("/api/v1/routes", &query);
    assert_eq!(added(&service, "scanned_entries", ask()).await.0, 4);
    assert_eq!(added(&service, "scanned_entries", ask()).await.0, 0, "they stay compiled");
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_are_few_and_none_is_named_twice() {
    let service = serve(line_graph(), Limits::default()).await;
    let names: Vec<String> = (0..20).map(|at| format!("l{at}")).collect();
    for name in &names {
        let created = service.client.put(service.url(&format!("/api/v1/layers/{name}"))).send().await;
        assert_eq!(created.unwrap().status(), 201);
    }
    for (layers, is_taken) in [(vec!["l1"; 2], false), (vec!["l1"; 1000], false), (vec!["l1", "l2"], true)] {
        let mut query = query(&node(1), &node(4));
        query["layers"] = json!(layers);
        let answer = service.post("/api/v1/routes", &query).await;
        match is_taken {
            true => assert_eq!(answer.status, 200),
            false => {
                let problem = answer.problem(422);
                assert_eq!((&problem["code"], &problem["field"]), (&json!("bad_layer"), &json!("layers")));
            }
        }
        let params = json!({
            "source": node(1), "destination": node(4), "amount_msat": 1_000_000, "layers": layers,
            "maxfee_msat": 1_000_000, "final_cltv": 18,
        });
        let status = service.post("/cln/v1/getroutes", &params).await.status.as_u16();
        assert_eq!(status, if is_taken { 201 } else { 422 });
    }
    let mut query = query(&node(1), &node(4));
    query["layers"] = json!(names);
    assert_eq!(service.post("/api/v1/routes", &query).await.problem(422)["code"], "bad_layer");
    query["layers"] = json!(names[..16]);
    service.post("/api/v1/routes", &query).await.json();
}
