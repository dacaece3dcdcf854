//! Single routes, health, and what is told where there is no route.

use engine::graph::{GraphBuilder, Topology};
use serde_json::json;
use server::http::Settings;

use super::service::{Service, line_graph, node};

#[tokio::test(flavor = "multi_thread")]
async fn a_route_is_the_one_that_was_priced_by_hand() {
    let service = Service::line().await;
    let body = json!({"src": node(1), "dst": node(4), "amount_msat": 100_000_000, "cost": {"model": "fee"}});
    let route = service.post("/api/v1/routes", &body).await.json();
    // Node 3 asks 3,000 + 10,000 msat; node 2 asks 2,000 + 10,001.3.
    assert_eq!(route["fee_msat"], 13_000 + 12_001);
    assert_eq!(route["cltv"], 18 + 40 + 40);
    assert_eq!((&route["hops"], &route["optimal"]), (&json!(3), &json!(true)));
    let hops = route["route"].as_array().unwrap();
    assert_eq!(hops[0]["short_channel_id"], "1x1x0");
    assert_eq!(hops[2]["node_id"], node(4));
    assert_eq!(hops[2]["amount_msat"], 100_000_000);
    for field in ["graph_version", "graph_age_s", "elapsed_us", "settled", "relaxed", "probability"] {
        assert!(route[field].is_number(), "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_readiness_are_told() {
    let service = Service::line().await;
    assert_eq!(service.get("/healthz").await.text, "ok\n");
    assert_eq!(service.get("/readyz").await.text, "ready\n");
    assert_eq!(service.get("/nowhere").await.problem(404)["code"], "not_found");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_channel_is_not_ready() {
    let service = Service::of(GraphBuilder::new(), Settings::default()).await;
    let problem = service.get("/readyz").await.problem(503);
    assert_eq!((&problem["code"], &problem["detail"]), (&json!("not_ready"), &json!("its graph is empty")));
    assert_eq!(service.get("/healthz").await.text, "ok\n");
    service.app.replace_graph(Topology::build(line_graph()).unwrap()).await.unwrap();
    assert_eq!(service.get("/readyz").await.text, "ready\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_name_the_field() {
    let service = Service::line().await;
    let query = || json!({"src": node(1), "dst": node(4), "amount_msat": 100_000_000});
    let bad_node = {
        let mut query = query();
        query["src"] = json!("02ab");
        query
    };
    let problem = service.post("/api/v1/routes", &bad_node).await.problem(400);
    assert_eq!((problem["code"].as_str(), problem["field"].as_str()), (Some("bad_json"), Some("src")));
    let mut bad_list = query();
    bad_list["avoid"] = json!({"channels": ["1x1x0", "nonsense"]});
    let problem = service.post("/api/v1/routes", &bad_list).await.problem(400);
    assert_eq!(problem["field"], "avoid.channels[1]");
    let mut stray = query();
    stray["speed"] = json!(1);
    assert!(
        service.post("/api/v1/routes", &stray).await.problem(400)["detail"]
            .as_str()
            .unwrap()
            .contains("speed")
    );
    let mut weights = query();
    weights["cost"] = json!({"model": "fee", "hop_base_msat": 1});
    assert_eq!(service.post("/api/v1/routes", &weights).await.problem(422)["field"], "cost");
    assert_eq!(service.post_text("/api/v1/routes", "{").await.problem(400)["code"], "bad_json");
    let mut unknown = query();
    unknown["dst"] = json!(node(9));
    assert_eq!(service.post("/api/v1/routes", &unknown).await.problem(404)["code"], "unknown_node");
    let mut large = query();
    large["amount_msat"] = json!(990_000_000_000_u64);
    assert_eq!(service.post("/api/v1/routes", &large).await.problem(404)["code"], "payer_cannot_send");
}
