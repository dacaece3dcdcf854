//! What no client should send: it is refused in good form, and the server is none the worse.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use server::http::Settings;

use super::super::service::{Answer, Service, line_graph, node};
use super::{error, fail, routes_of};

#[tokio::test(flavor = "multi_thread")]
async fn wrong_parameters_are_refused_and_named() {
    let service = Service::line().await;
    for (name, value) in [
        ("source", json!("02ab")),
        ("source", json!(5)),
        ("amount_msat", json!("99999999999999999999")),
        ("amount_msat", json!(-1)),
        ("amount_msat", json!("1.5msat")),
        ("maxfee_msat", json!("1 sat")),
        ("final_cltv", json!("4294967296")),
        ("layers", json!("auto.localchans")),
        ("maxparts", json!(0)),
        ("speed", json!(1)),
    ] {
        let mut params = routes_of(1000);
        params[name] = value.clone();
        let message = fail(&service, "getroutes", params, -32602).await;
        assert!(message.contains(name), "{name} {value}: {message}");
    }
    // A hop is an object, whose fields have names.
    let by_place = json!({"path": [["1x1x0/0", 5]]});
    let message = fail(&service, "askrene-reserve", by_place, -32602).await;
    assert!(message.contains("path[0]"), "{message}");
    for text in ["{", "5", "\"text\"", "[1,2,3,4,5,6,7,8,9]", &"[".repeat(5000)] {
        error(&service.post_text("/cln/v1/getroutes", text).await, -32602);
    }
    let huge = format!("[\"{}\"]", "a".repeat(1 << 18));
    assert_eq!(service.post_text("/cln/v1/getroutes", huge).await.status, 413);
}

/// The manual's type has three parts; others take the bare number, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_bare_number_is_no_short_channel_id() {
    let service = Service::line().await;
    let (channel, direction) = ("short_channel_id", "short_channel_id_dir");
    // The number of 1x1x0, which the line has.
    let number = (1_u64 << 40 | 1 << 16).to_string();
    for (method, name, params) in [
        ("listchannels", channel, json!({})),
        (
            "askrene-create-channel",
            channel,
            json!({"layer": "x", "source": node(1), "destination": node(3), "capacity_msat": 1}),
        ),
        ("askrene-update-channel", direction, json!({"layer": "x"})),
        ("askrene-remove-channel-update", direction, json!({"layer": "x"})),
        (
            "askrene-inform-channel",
            direction,
            json!({"layer": "x", "amount_msat": 1, "inform": "constrained"}),
        ),
        ("askrene-bias-channel", direction, json!({"layer": "x", "bias": 1})),
    ] {
        let bare = if name == channel { number.clone() } else { format!("{number}/0") };
        for value in [json!(bare), json!(5), json!("916778")] {
            let mut params = params.clone();
            params[name] = value;
            let message = fail(&service, method, params, -32602).await;
            assert!(message.starts_with(&format!("{name}: ")), "{method}: {message}");
        }
    }
    let hop = json!({"short_channel_id_dir": format!("{number}/0"), "amount_msat": 1});
    for method in ["askrene-reserve", "askrene-unreserve"] {
        let message = fail(&service, method, json!({"path": [hop]}), -32602).await;
        assert!(message.starts_with("path[0].short_channel_id_dir: "), "{message}");
    }
    let getroute = json!({
        "id": node(4), "fromid": node(1), "amount_msat": 1000, "riskfactor": 1, "exclude": ["1x1x0/0", format!("{number}/0")],
    });
    let message = fail(&service, "getroute", getroute, -32602).await;
    assert!(message.starts_with("exclude[1]: "), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rune_is_a_key() {
    let config = format!(
        "[[keys]]\nname = \"a\"\nsha256 = \"{}\"\nscopes = [\"read\"]",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    let settings: Settings = server::http::ConfigFile::read(&config).unwrap().settings(None, None).unwrap();
    let service = Service::of(line_graph(), settings).await;
    let ask = async |method: &str, rune: Option<&str>| {
        let mut headers = HeaderMap::new();
        headers.extend(rune.map(|rune| (HeaderName::from_static("rune"), rune.parse().unwrap())));
        let request = service.client.post(service.url(&format!("/cln/v1/{method}"))).headers(headers);
        Answer::of(request.json(&json!({"layer": "x"})).send().await.unwrap()).await
    };
    for (rune, status, code) in [
        (None, 403, 1501),
        (Some("wrong"), 401, 1502),
        // It may only read.
        (Some("abc"), 401, 1502),
    ] {
        let answer = ask("askrene-create-layer", rune).await;
        assert_eq!(answer.status, status, "{rune:?}");
        assert!(error(&answer, code).contains("; "), "what to do is told behind it: {answer:?}");
    }
    error(&ask("askrene-listlayers", Some("abc")).await, -32602);
    let macaroon =
        service.client.get(service.url("/lnd/v1/graph/info")).header("Grpc-Metadata-macaroon", "616263");
    assert!(macaroon.send().await.unwrap().status().is_success());
    let none = Answer::of(service.client.get(service.url("/lnd/v1/graph/info")).send().await.unwrap()).await;
    let told: Value = serde_json::from_str(&none.text).unwrap();
    assert_eq!((none.status.as_u16(), &told["code"], &told["details"]), (401, &json!(16), &json!([])));
}

/// Any JSON with the names of parameters: an answer, or an error that is the client's.
#[test]
fn no_body_is_the_servers_fault() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let service = runtime.block_on(Service::line());
    let value = prop_oneof![
        Just(json!(null)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        "[0-9.x/]{0,12}(msat|sat|btc)?".prop_map(|text| json!(text)),
        (1..9_u8).prop_map(|at| json!(node(at))),
        Just(json!("1x1x0/0")),
        Just(json!([])),
        Just(json!([{"short_channel_id_dir": "1x1x0/0", "amount_msat": u64::MAX}])),
    ];
    let methods = [
        "getroutes",
        "getroute",
        "listchannels",
        "listnodes",
        "askrene-create-layer",
        "askrene-create-channel",
        "askrene-update-channel",
        "askrene-inform-channel",
        "askrene-bias-channel",
        "askrene-bias-node",
        "askrene-age",
        "askrene-reserve",
        "askrene-unreserve",
    ];
    let params = proptest::collection::vec(value, 0..9);
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(200) });
    let outcome = runner.run(&(params, proptest::sample::select(methods.to_vec())), |(params, method)| {
        let answer =
            runtime.block_on(service.post(&format!("/cln/v1/{method}"), &Value::Array(params.clone())));
        prop_assert!(!answer.status.is_server_error(), "{method} {params:?}: {answer:?}");
        Ok(())
    });
    outcome.unwrap();
}
