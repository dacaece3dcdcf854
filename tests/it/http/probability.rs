//! The chance of success that each interface tells, computed anew from the amounts and the capacities that are told.

use engine::import::read_graph;
use serde_json::{Value, json};
use server::http::Settings;

use super::service::{Service, line_table, node};

/// The row of four nodes without the channel that cuts it short; the channel in the middle is larger.
async fn row() -> Service {
    let lines = line_table();
    let lines = lines.lines().filter(|line| !line.starts_with("4x")).map(|line| {
        let line = line.to_owned() + "\n";
        if line.starts_with("2x") { line.replace(",1000000,", ",2500000,") } else { line }
    });
    let graph = read_graph(lines.collect::<String>().as_bytes(), &mut |_| {}).unwrap().graph;
    Service::of(graph, Settings::default()).await
}

/// The chance that channels of which nothing is known but their capacities carry these amounts.
fn chance(hops: impl IntoIterator<Item = Hop>) -> f64 {
    let hops = hops.into_iter();
    hops.map(|hop| (hop.capacity_msat + 1 - hop.amount_msat) as f64 / (hop.capacity_msat + 1) as f64)
        .product()
}

/// What a channel is to carry.
#[derive(Debug, Clone, Copy)]
struct Hop {
    amount_msat: u64,
    capacity_msat: u64,
}

/// The hops of a route of the native API.
async fn hops(service: &Service, route: &Value) -> Vec<Hop> {
    let mut hops = Vec::new();
    for hop in route.as_array().unwrap() {
        let name = hop["short_channel_id"].as_str().unwrap();
        hops.push(told(service, name, &hop["amount_msat"]).await);
    }
    hops
}

/// A hop over the channel of that name.
async fn told(service: &Service, name: &str, amount_msat: &Value) -> Hop {
    let channel = service.get(&format!("/api/v1/graph/channels/{name}")).await.json();
    let capacity_msat = channel["capacity_msat"].as_u64().unwrap();
    Hop { amount_msat: amount_msat.as_u64().unwrap(), capacity_msat }
}

fn assert_near(told: &Value, expected: f64) {
    let told = told.as_f64().unwrap();
    assert!((told - expected).abs() < 1e-12, "{told}, not {expected}");
}

fn query() -> Value {
    json!({"src": node(1), "dst": node(4), "amount_msat": 100_000_000, "cost": {"model": "fee"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_routes_chance_is_that_of_all_channels_but_an_own_one_whose_balance_is_told() {
    let service = row().await;
    let mut query = query();
    let answer = service.post("/api/v1/routes", &query).await.json();
    let hops = hops(&service, &answer["route"]).await;
    let of = |value: fn(&Hop) -> u64| hops.iter().map(value).collect::<Vec<_>>();
    assert_eq!(of(|hop| hop.amount_msat), [100_025_001, 100_013_000, 100_000_000]);
    assert_eq!(of(|hop| hop.capacity_msat), [1_000_000_000, 2_500_000_000, 1_000_000_000]);
    assert_near(&answer["probability"], chance(hops.iter().copied()));
    // 0.9 * 0.96 * 0.9, less what the fees take.
    assert!((0.7775..0.7776).contains(&answer["probability"].as_f64().unwrap()), "{answer}");
    query["first_channels"] = json!([{"short_channel_id": "1x1x0", "balance_msat": 500_000_000}]);
    let answer = service.post("/api/v1/routes", &query).await.json();
    assert_near(&answer["probability"], chance(hops.into_iter().skip(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plans_chance_is_that_of_all_its_parts() {
    // Neither way alone carries this much, and no channel is on both.
    let service = Service::line().await;
    let mut query = query();
    query["amount_msat"] = json!(920_000_000);
    let plan = service.post("/api/v1/plans", &json!({"query": query})).await.json();
    let parts = plan["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2, "{plan}");
    let mut all = Vec::new();
    for part in parts {
        let hops = hops(&service, &part["route"]).await;
        assert_near(&part["probability"], chance(hops.iter().copied()));
        all.extend(hops);
    }
    assert_eq!(all.len(), 4, "{plan}");
    assert_near(&plan["probability"], chance(all));
}

#[tokio::test(flavor = "multi_thread")]
async fn lnds_success_prob_is_the_chance_of_the_hops_that_it_tells() {
    let service = row().await;
    let path = format!("/lnd/v1/graph/routes/{}/100000?source_pub_key={}", node(4), node(1));
    let answer = service.get(&path).await.json();
    let number = |text: &Value| text.as_str().unwrap().parse::<u64>().unwrap();
    // What a hop's node passes on and what it keeps came over its channel.
    let hops = answer["routes"][0]["hops"].as_array().unwrap().iter().map(|hop| Hop {
        amount_msat: number(&hop["amt_to_forward_msat"]) + number(&hop["fee_msat"]),
        capacity_msat: 1000 * number(&hop["chan_capacity"]),
    });
    assert_eq!(hops.len(), 3, "{answer}");
    assert_near(&answer["success_prob"], chance(hops));
}

#[tokio::test(flavor = "multi_thread")]
async fn clns_probability_ppm_is_the_chance_of_the_path_in_whole_millionths() {
    let service = row().await;
    let params = json!({
        "source": node(1), "destination": node(4), "amount_msat": 100_000_000, "layers": [],
        "maxfee_msat": 1_000_000, "final_cltv": 18, "maxparts": 1,
    });
    let answer = service.post("/cln/v1/getroutes", &params).await.json();
    let mut hops = Vec::new();
    for hop in answer["routes"][0]["path"].as_array().unwrap() {
        let (name, _) = hop["short_channel_id_dir"].as_str().unwrap().split_once('/').unwrap();
        hops.push(told(&service, name, &hop["amount_out_msat"]).await);
    }
    assert_eq!(hops.len(), 3, "{answer}");
    // Far enough from a whole millionth that roundings do not count.
    let expected = (1e6 * chance(hops)).floor();
    for told in [&answer["probability_ppm"], &answer["routes"][0]["probability_ppm"]] {
        assert_eq!(told.as_u64().unwrap() as f64, expected, "{answer}");
    }
}
