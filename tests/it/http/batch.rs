//! Streams of queries.

use std::fmt::Write;

use engine::router::{RouteWorkspace, route};
use serde_json::{Value, json};
use server::http::{Limits, Settings};
use server::json::QueryJson;

use super::service::{Service, line_graph, node};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_in_order_and_those_of_single_queries() {
    let service = Service::synthetic(3000).await;
    let snapshot = service.app.graph().snapshot();
    let mut body = String::new();
    let mut queries = Vec::new();
    for at in 0..500_u32 {
        let node =
            |at: u32| snapshot.node_id(engine::graph::NodeIdx::from_u32(at % snapshot.node_count() as u32));
        let query = QueryJson::new(node(at * 7), node(at * 13 + 1), 1000 + u64::from(at));
        writeln!(body, "{}", serde_json::to_string(&query).unwrap()).unwrap();
        queries.push(query);
    }
    let answer = service.post_text("/api/v1/batch", body).await;
    assert_eq!(answer.kind, "application/x-ndjson");
    let answers = lines(&answer.text);
    assert_eq!(answers.len(), queries.len());
    let mut space = RouteWorkspace::default();
    for (at, (query, answer)) in queries.iter().zip(&answers).enumerate() {
        match route(&snapshot, &query.to_query().unwrap(), &mut space) {
            Ok(route) => {
                assert_eq!(answer["amount_msat"], query.amount_msat);
                assert_eq!(answer["cost_msat"], route.cost, "line {}", at + 1);
            }
            Err(error) => {
                assert_eq!(answer["line"], at as u64 + 1);
                assert_eq!(answer["problem"]["detail"], error.to_string());
                for field in ["graph_version", "graph_age_s", "settled", "elapsed_us"] {
                    assert!(answer["problem"][field].is_u64(), "{field} of {answer}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_line_spoils_no_other() {
    let service = Service::line().await;
    let good = json!({"src": node(1), "dst": node(4), "amount_msat": 100_000}).to_string();
    let answer = service.post_text("/api/v1/batch", format!("{good}\n\n{{\n{good}")).await;
    let answers = lines(&answer.text);
    assert_eq!(answers.len(), 3);
    assert_eq!((&answers[0]["hops"], &answers[2]["hops"]), (&json!(1), &json!(1)));
    for field in ["graph_version", "graph_age_s", "elapsed_us"] {
        assert!(answers[0][field].is_u64(), "{field}");
    }
    assert_eq!((&answers[1]["line"], &answers[1]["problem"]["code"]), (&json!(2), &json!("bad_json")));
    assert!(answers[1]["problem"].get("graph_version").is_none(), "nothing was searched");
    assert_eq!(service.post_text("/api/v1/batch", "").await.text, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_tells_what_it_settled_itself() {
    let service = Service::line().await;
    let good = json!({"src": node(1), "dst": node(4), "amount_msat": 100_000_000});
    let mut dear = good.clone();
    dear["limits"] = json!({"fee_max_msat": 1});
    let body = [good.clone(), dear.clone(), good, dear].map(|query| query.to_string()).join("\n");
    let answers = lines(&service.post_text("/api/v1/batch", body).await.text);
    let settled = [1, 3].map(|at: usize| answers[at]["problem"]["settled"].as_u64().unwrap());
    assert!(settled[0] > 0 && settled[0] == settled[1], "{settled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_without_an_end_is_not_collected() {
    let limits = Limits { body_size_max: 1000, ..Limits::default() };
    let service = Service::of(line_graph(), Settings { limits, ..Settings::default() }).await;
    let good = json!({"src": node(1), "dst": node(4), "amount_msat": 100_000}).to_string();
    let body = format!("{good}\n{}", " ".repeat(100_000));
    let answers = lines(&service.post_text("/api/v1/batch", body).await.text);
    assert_eq!((answers.len(), &answers[0]["hops"]), (2, &json!(1)));
    let problem = &answers[1]["problem"];
    assert_eq!((&problem["code"], &problem["status"]), (&json!("body_too_large"), &json!(413)));
    assert_eq!(problem["detail"], "the line exceeds the server's limit of 1000 bytes");
}
