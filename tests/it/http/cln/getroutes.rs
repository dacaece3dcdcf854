//! `getroutes` and `getroute`.

use engine::synthetic::{SyntheticConfig, generate};
use serde_json::{Value, json};
use server::http::{Limits, Settings};

use super::super::service::{Service, line_graph, node};
use super::super::shape::assert_shape;
use super::{call, fail, paths, routes_of};

fn routes_shape() -> Value {
    json!({
        "probability_ppm": "int",
        "routes": [{
            "probability_ppm": "int", "amount_msat": "int", "final_cltv": "int",
            "path": [{
                "short_channel_id_dir": "scid_dir", "node_id_in": "node", "node_id_out": "node",
                "amount_in_msat": "int", "amount_out_msat": "int", "cltv_in": "int", "cltv_out": "int",
                "amount_msat": "int", "next_node_id": "node", "delay": "int",
            }],
        }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_told_in_askrenes_words() {
    let service = Service::line().await;
    let answer = call(&service, "getroutes", routes_of(100_000_000)).await;
    assert_shape(&answer, &routes_shape());
    let route = &answer["routes"][0];
    assert_eq!(
        answer["routes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|route| &route["amount_msat"])
            .fold(0, |sum, amount| { sum + amount.as_u64().unwrap() }),
        100_000_000
    );
    assert_eq!(route["final_cltv"], 18);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hops_of_a_single_path_are_priced_by_hand() {
    let service = Service::line().await;
    let mut params = routes_of(100_000_000);
    params["maxparts"] = json!(1);
    let answer = call(&service, "getroutes", params.clone()).await;
    assert_shape(&answer, &routes_shape());
    let path = answer["routes"][0]["path"].as_array().unwrap();
    let told = |name: &str| path.iter().map(|hop| hop[name].as_u64().unwrap()).collect::<Vec<_>>();
    // Node 3 asks 3,000 + 10,000 msat, node 2 asks 2,000 + 10,001.3 msat; the source asks nothing.
    assert_eq!(told("amount_out_msat"), [100_025_001, 100_013_000, 100_000_000]);
    assert_eq!(told("amount_in_msat"), [100_025_001, 100_025_001, 100_013_000]);
    assert_eq!(told("cltv_out"), [98, 58, 18]);
    assert_eq!(told("cltv_in"), [98, 98, 58]);
    assert_eq!((told("amount_msat"), told("delay")), (told("amount_in_msat"), told("cltv_in")));
    for (at, hop) in path.iter().enumerate() {
        let ends = [at + 1, at + 2].map(|at| json!(node(u8::try_from(at).unwrap())));
        assert_eq!([&hop["node_id_in"], &hop["node_id_out"]], [&ends[0], &ends[1]]);
        assert_eq!(hop["next_node_id"], hop["node_id_out"]);
    }
    params["layers"] = json!(["auto.no_mpp_support", "auto.sourcefree", "auto.localchans"]);
    params.as_object_mut().unwrap().remove("maxparts");
    assert_eq!(call(&service, "getroutes", params).await, answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_come_in_an_array_and_with_units_too() {
    let service = Service::line().await;
    let by_name = call(&service, "getroutes", routes_of(5_000_000)).await;
    let array = json!([node(1), node(4), "5000sat", [], "1000000msat", "18"]);
    assert_eq!(call(&service, "getroutes", array).await, by_name);
    assert_eq!(paths(&by_name), [["4x1x0/0"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn biases_steer_a_payment_and_change_no_fee() {
    let service = Service::line().await;
    call(&service, "askrene-create-layer", json!({"layer": "x"})).await;
    let biased = || {
        let mut params = routes_of(10_000_000);
        params["layers"] = json!(["x"]);
        params
    };
    let (short, long) = (["4x1x0/0"], ["1x1x0/0", "2x1x0/0", "3x1x0/0"]);
    assert_eq!(paths(&call(&service, "getroutes", biased()).await), [short]);
    // What is against the short way.
    let bias = |bias: i8| json!({"layer": "x", "short_channel_id_dir": "4x1x0/0", "bias": bias});
    call(&service, "askrene-bias-channel", bias(-100)).await;
    assert_eq!(paths(&call(&service, "getroutes", biased()).await), [long]);
    assert_eq!(paths(&call(&service, "getroutes", routes_of(10_000_000)).await), [short]);
    call(&service, "askrene-bias-channel", bias(0)).await;
    assert_eq!(paths(&call(&service, "getroutes", biased()).await), [short]);
    // What is for the long one.
    for (at, direction) in [(2, "in"), (2, "out"), (3, "out")] {
        let bias = json!({"layer": "x", "node": node(at), "direction": direction, "bias": 100});
        call(&service, "askrene-bias-node", bias).await;
    }
    let answer = call(&service, "getroutes", biased()).await;
    assert_eq!(paths(&answer), [long]);
    // Node 3 asks 3,000 + 1,000 msat, node 2 asks 2,000 + 1,000.4 msat.
    assert_eq!(answer["routes"][0]["path"][0]["amount_in_msat"], 10_007_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_way_has_askrenes_codes() {
    let service = Service::line().await;
    let with = |changes: &[(&str, Value)]| {
        let mut params = routes_of(100_000_000);
        changes.iter().for_each(|(name, value)| params[*name] = value.clone());
        params
    };
    let stranger = fail(&service, "getroutes", with(&[("destination", json!(node(9)))]), 205).await;
    assert!(stranger.starts_with("destination: "), "{stranger}");
    let dear = [("maxfee_msat", json!(10)), ("maxparts", json!(1))];
    fail(&service, "getroutes", with(&dear), 206).await;
    let slow = [("destination", json!(node(3))), ("maxdelay", json!(57)), ("amount_msat", json!(1_000_000))];
    fail(&service, "getroutes", with(&slow), 206).await;
    // Behind node 2 there is room for more than node 1 can send.
    call(&service, "askrene-create-layer", json!({"layer": "wide"})).await;
    for (scid, ends) in [("9x9x2", [2, 3]), ("9x9x3", [3, 4])] {
        let channel = json!({
            "layer": "wide", "source": node(ends[0]), "destination": node(ends[1]), "short_channel_id": scid,
            "capacity_msat": 9_000_000_000_u64,
        });
        call(&service, "askrene-create-channel", channel).await;
        let update = json!({"layer": "wide", "short_channel_id_dir": format!("{scid}/0"), "enabled": true});
        call(&service, "askrene-update-channel", update).await;
    }
    let much = [("amount_msat", json!(3_000_000_000_u64)), ("layers", json!(["wide"]))];
    fail(&service, "getroutes", with(&much), 215).await;
    let unknown = [("layers", json!(["auto.sourcefree", "wide", "nonsense"]))];
    let message = fail(&service, "getroutes", with(&unknown), -32602).await;
    assert_eq!(message, "layers[2]: unknown layer 'nonsense'; create it first");
    let twice = fail(&service, "getroutes", with(&[("layers", json!(["wide", "wide"]))]), -32602).await;
    assert!(twice.starts_with("layers: ") && twice.ends_with("; leave out the second mention"), "{twice}");
    fail(&service, "getroutes", with(&[("layers", json!(["auto.include_fees"]))]), -32602).await;
    fail(&service, "getroutes", with(&[("maxdelay", json!(2017))]), -32602).await;
    let nothing = fail(&service, "getroutes", with(&[("amount_msat", json!(0))]), -32602).await;
    assert!(nothing.starts_with("amount_msat: "), "{nothing}");
    let itself = fail(&service, "getroutes", with(&[("destination", json!(node(1)))]), -32602).await;
    assert!(itself.starts_with("destination: "), "{itself}");
    let message = fail(&service, "no-such-method", json!({}), -32601).await;
    assert_eq!(message, "Unknown command");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_gives_up_has_a_code_of_its_own() {
    let limits = Limits { work_max: 1, ..Limits::default() };
    let graph = generate(&SyntheticConfig::new(3, 2000), &mut |_| {}).unwrap();
    let service = Service::of(graph, Settings { limits, ..Settings::default() }).await;
    let example = service.get("/api/v1/graph/example?seed=1").await.json();
    let params = json!({
        "id": example["dst"], "fromid": example["src"], "amount_msat": example["amount_msat"], "riskfactor": 10,
    });
    fail(&service, "getroute", params, 210).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payee_is_full_before_the_payer_is_empty() {
    let mut graph = line_graph();
    graph.remove_channel("4x1x0".parse().unwrap()).unwrap();
    graph.remove_channel("3x1x0".parse().unwrap()).unwrap();
    let policy = graph.channel("2x1x0".parse().unwrap()).unwrap().policies[0].unwrap();
    let [three, four] = [3, 4].map(|at| node(at).parse().unwrap());
    let capacity = Some(primitives::Msat::from_msat(1_000_000));
    let scid = "3x1x0".parse().unwrap();
    graph.add_channel(scid, three, four, capacity, &primitives::Features::default()).unwrap();
    for direction in primitives::Direction::BOTH {
        graph.set_policy(scid, direction, policy).unwrap();
    }
    let service = Service::of(graph, Settings::default()).await;
    fail(&service, "getroutes", routes_of(100_000_000), 220).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_route_is_told_in_getroutes_elder_words() {
    let own_node = Some(node(1).parse().unwrap());
    let service = Service::of(line_graph(), Settings { own_node, ..Settings::default() }).await;
    let params = json!({"id": node(4), "amount_msat": 100_000_000, "riskfactor": 10});
    let answer = call(&service, "getroute", params).await;
    let shape = json!({"route": [{
        "id": "node", "channel": "scid", "direction": "int", "amount_msat": "int", "delay": "int", "style": "text",
    }]});
    assert_shape(&answer, &shape);
    let route = answer["route"].as_array().unwrap();
    let told = |name: &str| route.iter().map(|hop| hop[name].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(told("amount_msat"), [100_025_001, 100_013_000, 100_000_000]);
    assert_eq!(told("delay"), [89, 49, 9]);
    assert_eq!((&route[2]["id"], &route[2]["style"]), (&json!(node(4)), &json!("tlv")));
    let ask = |exclude: Value, maxhops: u32| {
        json!({
            "id": node(4), "amount_msat": "10000sat", "riskfactor": "1.5", "fromid": node(1), "cltv": 20,
            "fuzzpercent": 5, "exclude": exclude, "maxhops": maxhops,
        })
    };
    assert_eq!(call(&service, "getroute", ask(json!([]), 20)).await["route"].as_array().unwrap().len(), 1);
    assert_eq!(
        call(&service, "getroute", ask(json!(["4x1x0/0"]), 20)).await["route"].as_array().unwrap().len(),
        3
    );
    fail(&service, "getroute", ask(json!(["4x1x0/0", node(2)]), 20), 205).await;
    fail(&service, "getroute", ask(json!(["4x1x0/0"]), 2), 205).await;
    fail(&service, "getroute", ask(json!(["nonsense"]), 2), -32602).await;
    fail(&service, "getroute", ask(json!([]), 21), -32602).await;
    fail(&service, "getroute", json!({"id": node(4), "amount_msat": 1000, "riskfactor": -1}), -32602).await;
}
