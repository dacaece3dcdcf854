//! All else that the native API answers.

use engine::synthetic::{SyntheticConfig, generate};
use serde_json::{Value, json};
use server::http::native::LayerDocumentJson;
use server::http::{Limits, Settings};

use super::service::{Service, line_graph, node};

fn query(amount_msat: u64) -> Value {
    json!({"src": node(1), "dst": node(4), "amount_msat": amount_msat, "cost": {"model": "fee"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn alternatives_and_diverse_routes_are_told() {
    let service = Service::line().await;
    for diverse in [false, true] {
        let mut body = query(1_000_000);
        (body["alternatives"], body["diverse"]) = (json!(5), json!(diverse));
        let found = service.post("/api/v1/routes", &body).await.json();
        assert_eq!(found["hops"], 1);
        assert_eq!(found["alternatives"][0]["hops"], 3, "{found}");
        assert_eq!(found["alternatives"].as_array().unwrap().len(), 1);
    }
    let mut many = query(1);
    many["alternatives"] = json!(101);
    assert_eq!(service.post("/api/v1/routes", &many).await.problem(422)["field"], "alternatives");
    let mut none = query(1);
    none["diverse"] = json!(true);
    assert_eq!(service.post("/api/v1/routes", &none).await.problem(422)["field"], "diverse");
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_use_both_ways() {
    let service = Service::line().await;
    // Neither 1 - 4 nor 1 - 2 - 3 - 4 carries this much alone.
    let plan = service.post("/api/v1/plans", &json!({"query": query(920_000_000)})).await.json();
    let parts = plan["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2, "{plan}");
    assert_eq!(parts.iter().map(|part| part["amount_msat"].as_u64().unwrap()).sum::<u64>(), 920_000_000);
    let most = service.post("/api/v1/plans/maximum", &json!({"query": query(1)})).await.json();
    assert_eq!(most["maximum_msat"], 950_000_000);
    assert!(most["settled"].as_u64().unwrap() > 0, "{most}");
    let [amount, fee] = ["amount_msat", "fee_msat"].map(|field| most["largest"][field].as_u64().unwrap());
    // What neither takes is about a satoshi at most.
    assert!((949_998_000..=950_000_000).contains(&(amount + fee)) && fee > 0, "{most}");
    assert_eq!(most["cut"]["is_known"], true);
    let channels = most["cut"]["channels"].as_array().unwrap();
    assert_eq!(
        channels.iter().map(|channel| channel["capacity_msat"].as_u64().unwrap()).sum::<u64>(),
        950_000_000
    );
    let problem = service.post("/api/v1/plans", &json!({"query": query(960_000_000)})).await.problem(404);
    assert_eq!(problem["code"], "cut");
    let (named, detail) = (channels[0]["channel"].as_str().unwrap(), problem["detail"].as_str().unwrap());
    assert!(detail.contains(named) && problem["hint"].as_str().unwrap().contains("channel"), "{problem}");
    let frontier =
        service.post("/api/v1/plans", &json!({"query": query(1_000_000), "frontier": 3})).await.json();
    assert!(!frontier["frontier"].as_array().unwrap().is_empty());
    let bad = json!({"query": {"src": "x"}});
    assert_eq!(service.post("/api/v1/plans", &bad).await.problem(400)["field"], "query.src");
    let cost = json!({"query": {"src": node(1), "dst": node(4), "amount_msat": 1, "cost": {"model": "fee", "hop_base_msat": 1}}});
    assert_eq!(service.post("/api/v1/plans", &cost).await.problem(422)["field"], "query.cost");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_twin_says_the_same() {
    let service = Service::line().await;
    let ask = |path: &str, body: Value| {
        let request =
            service.client.post(service.url(path)).header("accept", server::http::native::FLATBUFFERS);
        let request = request.json(&body);
        async move { request.send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap() }
    };
    let route = service.post("/api/v1/routes", &query(100_000_000)).await.json();
    let bytes = ask("/api/v1/routes", query(100_000_000)).await;
    let answer = schemas::answer::root_as_answer(&bytes).unwrap();
    let routes = answer.routes().unwrap();
    assert_eq!(routes.get(0).fee_msat(), route["fee_msat"].as_u64().unwrap());
    assert_eq!(routes.get(0).hops().len(), 3);
    let bytes = ask("/api/v1/plans", json!({"query": query(920_000_000)})).await;
    assert_eq!(schemas::answer::root_as_answer(&bytes).unwrap().plan().unwrap().parts().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn reach_tells_of_all_or_of_some() {
    let service = Service::line().await;
    let body = json!({"node": node(1), "amount_msat": 1_000_000, "cost": {"model": "fee"}});
    let all = service.post("/api/v1/reach", &body).await.json();
    assert_eq!(all["nodes"].as_array().unwrap().len(), all["reached_count"].as_u64().unwrap() as usize);
    let some = json!({"node": node(4), "amount_msat": 1_000_000, "towards": "node", "nodes": [node(2)]});
    let some = service.post("/api/v1/reach", &some).await.json();
    assert_eq!(some["nodes"][0]["node_id"], node(2));
    // Node 1 is nearer: over its own channel to 4, node 2 pays node 1 for forwarding, 500 msat and 100 millionths.
    assert_eq!(some["nodes"][0]["least_cost_msat"], 500 + 100);
    let with = |nodes: Value| {
        let mut with = body.clone();
        with["nodes"] = nodes;
        with
    };
    let unknown = with(json!([node(2), node(9), node(8)]));
    let problem = service.post("/api/v1/reach", &unknown).await.problem(404);
    assert_eq!((&problem["code"], &problem["field"]), (&json!("unknown_node"), &json!("nodes[1]")));
    assert!(problem["detail"].as_str().unwrap().contains(&node(9)), "{problem}");
    let nobody = service.post("/api/v1/reach", &with(json!([]))).await.json();
    assert_eq!((&nobody["nodes"], &nobody["reached_count"]), (&json!([]), &all["reached_count"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn reach_leads_through_nodes_that_only_a_layer_knows() {
    let service = Service::line().await;
    let put = service.client.put(service.url("/api/v1/layers/mine")).send().await.unwrap();
    assert_eq!(put.status(), 201);
    let edits = json!([
        {"edit": "create_channel", "short_channel_id": "8x8x8", "node_1": node(1), "node_2": node(7), "capacity_msat": 9_000_000_000_u64},
        {"edit": "update_channel", "channel": "8x8x8/0", "enabled": true, "htlc_maximum_msat": 9_000_000_000_u64, "fee_base_msat": 0},
    ]);
    service.post("/api/v1/layers/mine/edits", &edits).await.json();
    let mut body = json!({"node": node(1), "amount_msat": 1_000_000, "cost": {"model": "fee"}});
    let without = service.post("/api/v1/reach", &body).await.json();
    body["layers"] = json!(["mine"]);
    let with = service.post("/api/v1/reach", &body).await.json();
    assert_eq!((&with["nodes"], &with["reached_count"]), (&without["nodes"], &without["reached_count"]));
    body["nodes"] = json!([node(7)]);
    assert_eq!(service.post("/api/v1/reach", &body).await.problem(404)["field"], "nodes[0]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_finds_nothing_tells_of_itself_what_others_do() {
    let service = Service::line().await;
    let limited = |amount_msat: u64, limits: Value| {
        let mut limited = query(amount_msat);
        limited["limits"] = limits;
        limited
    };
    let dear = limited(100_000_000, json!({"fee_max_msat": 1}));
    let mut several = dear.clone();
    several["alternatives"] = json!(2);
    let mut unknown = query(1000);
    unknown["dst"] = json!(node(9));
    let mut apart = query(1_000_000);
    apart["avoid"] = json!({"channels": ["4x1x0", "2x1x0"]});
    let graph = service.get("/api/v1/graph").await.json();
    for (path, body, is_settled) in [
        ("routes", dear.clone(), true),
        ("routes", several, true),
        ("routes", unknown.clone(), false),
        ("routes", apart, true),
        ("plans", json!({"query": dear}), true),
        ("plans", json!({"query": query(960_000_000)}), false),
        ("plans", json!({"query": unknown, "frontier": 3}), false),
        ("plans/maximum", json!({"query": unknown}), false),
        ("reach", json!({"node": node(9), "amount_msat": 1000}), false),
        ("reach", json!({"node": node(1), "amount_msat": 1000, "nodes": [node(9)]}), false),
    ] {
        let problem = service.post(&format!("/api/v1/{path}"), &body).await.problem(404);
        for field in ["graph_version", "graph_age_s", "settled", "elapsed_us"] {
            assert!(problem[field].is_u64(), "{field} of {path} {body}: {problem}");
        }
        assert_eq!(problem["graph_version"], graph["graph_version"], "{problem}");
        assert!(!is_settled || problem["settled"] != 0, "{path} {body}: {problem}");
    }
    // What was refused before any search tells of none.
    let mut wrong = query(1000);
    wrong["headroom_millionths"] = json!(1_000_001);
    let problem = service.post("/api/v1/routes", &wrong).await.problem(422);
    for field in ["graph_version", "graph_age_s", "settled", "elapsed_us"] {
        assert!(problem.get(field).is_none(), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_gives_up_tells_after_how_much() {
    let limits = Limits { work_max: 1, ..Limits::default() };
    let graph = generate(&SyntheticConfig::new(3, 2000), &mut |_| {}).unwrap();
    let service = Service::of(graph, Settings { limits, ..Settings::default() }).await;
    let example = service.get("/api/v1/graph/example?seed=1").await.json();
    let body = json!({"src": example["src"], "dst": example["dst"], "amount_msat": example["amount_msat"]});
    let problem = service.post("/api/v1/routes", &body).await.problem(422);
    assert_eq!(problem["code"], "work_limit");
    let told = format!("after {} nodes and labels", problem["settled"]);
    assert!(problem["detail"].as_str().unwrap().contains(&told), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_is_told_in_the_form_that_is_described() {
    let service = Service::line().await;
    let put = service.client.put(service.url("/api/v1/layers/mine")).send().await.unwrap();
    assert_eq!(put.status(), 201);
    let edits = json!([
        {"edit": "disable_node", "node_id": node(3)},
        {"edit": "disable_channel", "channel": "1x1x0/1"},
        {"edit": "create_channel", "short_channel_id": "8x8x8", "node_1": node(1), "node_2": node(4), "capacity_msat": 5000},
        {"edit": "update_channel", "channel": "8x8x8/0", "enabled": true, "fee_base_msat": 7},
        {"edit": "update_channel", "channel": "8x8x8/1", "htlc_minimum_msat": 1, "htlc_maximum_msat": 2,
         "fee_proportional_millionths": 3, "cltv_expiry_delta": 4},
        {"edit": "inform_channel", "channel": "2x1x0/0", "amount_msat": 5000, "outcome": "constrained"},
        {"edit": "bias_channel", "channel": "2x1x0/0", "bias": -5, "description": "slow"},
        {"edit": "bias_node", "node_id": node(2), "side": "in", "bias": 7},
    ]);
    service.post("/api/v1/layers/mine/edits", &edits).await.json();
    let told = service.get("/api/v1/layers/mine").await.text;
    let LayerDocumentJson { layers } = serde_json::from_str(&told).unwrap();
    let [layer] = layers.as_slice() else { panic!("{told}") };
    assert_eq!((layer.layer.as_str(), layer.persistent), ("mine", true));
    assert_eq!((layer.disabled_nodes.len(), layer.disabled_channels.len()), (1, 1));
    assert_eq!((layer.created_channels.len(), layer.channel_updates.len()), (1, 2));
    assert_eq!(layer.channel_updates[0].fee_base_msat, Some(7));
    assert_eq!(layer.constraints[0].maximum_msat, Some(4999));
    assert_eq!((layer.biases[0].bias, layer.node_biases[0].in_bias), (-5, 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_change_the_queries_that_name_them() {
    let service = Service::line().await;
    let put = service.client.put(service.url("/api/v1/layers/mine")).send().await.unwrap();
    assert_eq!(put.status(), 201);
    let edits = json!([{"edit": "disable_channel", "channel": "4x1x0/0"}]);
    service.post("/api/v1/layers/mine/edits", &edits).await.json();
    assert_eq!(service.get("/api/v1/layers").await.json()["layers"][0]["entry_count"], 1);
    assert_eq!(service.post("/api/v1/routes", &query(1_000_000)).await.json()["hops"], 1);
    let mut with = query(1_000_000);
    with["layers"] = json!(["mine"]);
    assert_eq!(service.post("/api/v1/routes", &with).await.json()["hops"], 3);
    let layer = service.get("/api/v1/layers/mine").await.json();
    assert_eq!(layer["layers"][0]["disabled_channels"][0], "4x1x0/0");
    let bad = json!([{"edit": "bias_channel", "channel": "4x1x0/0", "bias": 101}]);
    let problem = service.post("/api/v1/layers/mine/edits", &bad).await.problem(422);
    assert_eq!(problem["field"], "[0].bias");
    let gone = service.client.delete(service.url("/api/v1/layers/mine")).send().await.unwrap();
    assert_eq!(gone.status(), 200);
    assert_eq!(service.post("/api/v1/routes", &with).await.problem(404)["code"], "unknown_layer");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_edits_are_made_up_to_the_first_that_is_refused() {
    let service = Service::line().await;
    let put = service.client.put(service.url("/api/v1/layers/mine")).send().await.unwrap();
    assert_eq!(put.status(), 201);
    let edit = |at: usize| json!({"edit": "disable_channel", "channel": format!("{at}x1x0/0")});
    let mut edits: Vec<Value> = (1..=1000).map(edit).collect();
    let answers = service.post("/api/v1/layers/mine/edits", &json!(edits[..600])).await.json();
    let seqs: Vec<u64> =
        answers.as_array().unwrap().iter().map(|answer| answer["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted() && seqs.len() == 600, "{seqs:?}");
    edits[700] = json!({"edit": "bias_channel", "channel": "4x1x0/0", "bias": 101});
    let problem = service.post("/api/v1/layers/mine/edits", &json!(edits)).await.problem(422);
    assert_eq!(problem["field"], "[700].bias");
    let layer = service.get("/api/v1/layers/mine").await.json();
    let disabled = layer["layers"][0]["disabled_channels"].as_array().unwrap();
    assert_eq!((disabled.len(), &disabled[699]), (700, &json!("700x1x0/0")));
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_one_request_exceed_no_bound_on_entries() {
    let limits = Limits { layer_entry_count_max: 3, ..Limits::default() };
    let service = Service::of(line_graph(), Settings { limits, ..Settings::default() }).await;
    let put = service.client.put(service.url("/api/v1/layers/mine")).send().await.unwrap();
    assert_eq!(put.status(), 201);
    let edits: Vec<Value> =
        (1..=5).map(|at| json!({"edit": "disable_channel", "channel": format!("{at}x1x0/0")})).collect();
    let problem = service.post("/api/v1/layers/mine/edits", &json!(edits)).await.problem(422);
    assert_eq!(problem["field"], "[3]");
    assert_eq!(service.get("/api/v1/layers").await.json()["layers"][0]["entry_count"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reserved_is_left_alone() {
    let service = Service::line().await;
    let path = json!({"path": [{"channel": "4x1x0/0", "amount_msat": 49_500_000}]});
    // The channel holds 1,000,000 sat in all, so this alone blocks nothing; its HTLC slots do.
    let first = service.post("/api/v1/reservations", &path).await.json();
    let listed = service.get("/api/v1/reservations").await.json();
    assert_eq!(listed["htlcs"][0]["amount_msat"], 49_500_000);
    for _ in 1..19 {
        service.post("/api/v1/reservations", &path).await.json();
    }
    let large = query(60_000_000 - 20_000_000);
    let mut free = service.post("/api/v1/routes", &large).await.json();
    let full = service
        .post("/api/v1/reservations", &json!({"path": [{"channel": "4x1x0/0", "amount_msat": 50_000_000}]}))
        .await;
    assert_eq!(full.status, 201);
    free["hops"].take();
    assert_eq!(
        service.post("/api/v1/routes", &large).await.json()["hops"],
        3,
        "990.5 of 1,000 million msat are taken"
    );
    let mut blind = large.clone();
    blind["ignore_reservations"] = json!(true);
    assert_eq!(service.post("/api/v1/routes", &blind).await.json()["hops"], 1);
    let url = service.url(&format!("/api/v1/reservations/{}", first["reservation"]));
    assert_eq!(service.client.delete(&url).send().await.unwrap().status(), 200);
    assert_eq!(service.client.delete(&url).send().await.unwrap().status(), 404);
    assert_eq!(service.post("/api/v1/routes", &large).await.json()["hops"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reported_failure_turns_the_next_query_elsewhere() {
    let service = Service::line().await;
    let attempt = |code: u16| {
        json!({
            "path": [{"channel": "4x1x0/0", "amount_msat": 1_000_000}],
            "outcome": "failed", "erring_node": 0, "failure_code": code,
        })
    };
    assert_eq!(service.post("/api/v1/routes", &query(1_000_000)).await.json()["hops"], 1);
    let told = service.post("/api/v1/feedback", &attempt(0x1007)).await.json();
    assert_eq!(told["advice"]["action"], "believe");
    assert_eq!(service.post("/api/v1/routes", &query(1_000_000)).await.json()["hops"], 3);
    let mut blind = query(1_000_000);
    blind["ignore_feedback"] = json!(true);
    assert_eq!(service.post("/api/v1/routes", &blind).await.json()["hops"], 1);
    let permanent = service.post("/api/v1/feedback", &attempt(0x4008)).await.json();
    assert_eq!(
        (&permanent["advice"]["action"], &permanent["advice"]["permanent"]),
        (&json!("avoid_channel"), &json!(true))
    );
    let unknown = json!({"path": [{"channel": "9x9x9/0", "amount_msat": 5}], "outcome": "reached"});
    service.post("/api/v1/feedback", &unknown).await.json();
    let stray =
        json!({"path": [{"channel": "4x1x0/0", "amount_msat": 5}], "outcome": "settled", "erring_node": 0});
    assert_eq!(service.post("/api/v1/feedback", &stray).await.problem(422)["field"], "erring_node");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_is_looked_up() {
    let service = Service::line().await;
    let graph = service.get("/api/v1/graph").await.json();
    assert_eq!((&graph["node_count"], &graph["channel_count"]), (&json!(4), &json!(4)));
    assert_eq!(graph["newest_update"], 1_700_000_000);
    let found = service.get(&format!("/api/v1/graph/nodes/{}?channels=1", node(1))).await.json();
    assert_eq!((&found["channel_count"], found["channels"].as_array().unwrap().len()), (&json!(2), 1));
    let channel = service.get("/api/v1/graph/channels/2x1x0").await.json();
    assert_eq!(
        (&channel["node_id_1"], &channel["policy_1"]["fee_base_msat"]),
        (&json!(node(2)), &json!(2000))
    );
    assert_eq!(service.get("/api/v1/graph/channels/9x1x0").await.problem(404)["code"], "not_found");
    assert_eq!(service.get("/api/v1/graph/channels/9x9").await.problem(400)["field"], "short_channel_id");
    assert_eq!(service.get("/api/v1/graph/nodes/02").await.problem(400)["field"], "node_id");
    assert_eq!(
        service.get(&format!("/api/v1/graph/nodes/{}?channels=x", node(1))).await.problem(422)["field"],
        "channels"
    );
}

/// More than the applier reads together; what else it does goes on between.
#[tokio::test(flavor = "multi_thread")]
async fn all_reservations_are_listed_the_oldest_first() {
    let service = Service::line().await;
    let mut expected = Vec::new();
    for at in 0..700 {
        let hops = [format!("{}x2x0/0", 100 + at), format!("{}x3x0/1", 100 + at)];
        let path: Vec<Value> =
            hops.iter().map(|channel| json!({"channel": channel, "amount_msat": at})).collect();
        let made = service.post("/api/v1/reservations", &json!({"path": path})).await.json();
        match at % 3 {
            // It ends, so that ids are missing.
            1 => {
                let url = service.url(&format!("/api/v1/reservations/{}", made["reservation"]));
                assert_eq!(service.client.delete(&url).send().await.unwrap().status(), 200);
            }
            _ => {
                expected.extend(hops.map(|channel| (made["reservation"].clone(), json!(channel), json!(at))))
            }
        }
    }
    let answer = service.get("/api/v1/reservations").await.json();
    let htlcs = answer["htlcs"].as_array().unwrap().iter();
    let listed: Vec<_> = htlcs
        .map(|htlc| (htlc["reservation"].clone(), htlc["channel"].clone(), htlc["amount_msat"].clone()))
        .collect();
    assert_eq!(listed, expected);
    let fields: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["elapsed_us", "graph_age_s", "graph_version", "htlcs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reserved_may_have_been_in_the_way_of_what_failed() {
    let service = Service::line().await;
    // 900 million of the channel's 1,000 million msat are on the way when 50 million more fail.
    let parts = json!({"path": [{"channel": "4x1x0/0", "amount_msat": 45_000_000}]});
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(service.post("/api/v1/reservations", &parts).await.json()["reservation"].clone());
    }
    let failed = json!({
        "path": [{"channel": "4x1x0/0", "amount_msat": 50_000_000}],
        "outcome": "failed", "erring_node": 0, "failure_code": 0x1007,
    });
    let learnt = service.post("/api/v1/feedback", &failed).await.json();
    assert_eq!(learnt["advice"]["action"], "believe");
    // Less goes beside what is on the way; the same does not.
    assert_eq!(service.post("/api/v1/routes", &query(49_000_000)).await.json()["hops"], 1);
    assert_eq!(service.post("/api/v1/routes", &query(50_000_000)).await.json()["hops"], 3);
    for id in ids {
        let url = service.url(&format!("/api/v1/reservations/{id}"));
        assert_eq!(service.client.delete(&url).send().await.unwrap().status(), 200);
    }
    assert_eq!(service.post("/api/v1/routes", &query(50_000_000)).await.json()["hops"], 1);
}
