//! Layers: what is said of them, and that routes obey it.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::service::{Service, node};
use super::super::shape::assert_shape;
use super::{call, fail, paths, routes_of};

fn layers_shape() -> Value {
    json!({"layers": [{
        "layer": "text", "persistent": "bool", "disabled_nodes": ["node"], "disabled_channels": ["scid_dir"],
        "created_channels": [{
            "source": "node", "destination": "node", "short_channel_id": "scid", "capacity_msat": "int",
        }],
        "channel_updates": [{
            "short_channel_id_dir": "scid_dir", "enabled?": "bool", "htlc_minimum_msat?": "int",
            "htlc_maximum_msat?": "int", "fee_base_msat?": "int", "fee_proportional_millionths?": "int",
            "cltv_expiry_delta?": "int",
        }],
        "constraints": [{
            "short_channel_id_dir": "scid_dir", "timestamp": "int", "maximum_msat?": "int", "minimum_msat?": "int",
        }],
        "biases": [{"short_channel_id_dir": "scid_dir", "bias": "int", "description?": "text", "timestamp": "int"}],
        "node_biases": [{
            "node": "node", "in_bias": "int", "out_bias": "int", "description?": "text", "timestamp": "int",
        }],
    }]})
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_come_and_go() {
    let service = Service::line().await;
    let made = call(&service, "askrene-create-layer", json!({"layer": "a"})).await;
    assert_shape(&made, &layers_shape());
    assert_eq!((&made["layers"][0]["layer"], &made["layers"][0]["persistent"]), (&json!("a"), &json!(false)));
    fail(&service, "askrene-create-layer", json!({"layer": "a"}), -32602).await;
    call(&service, "askrene-create-layer", json!(["b", true])).await;
    call(&service, "askrene-create-layer", json!(["b", true])).await;
    let all = call(&service, "askrene-listlayers", json!({})).await;
    assert_eq!(all["layers"].as_array().unwrap().len(), 2);
    assert_eq!(call(&service, "askrene-remove-layer", json!({"layer": "a"})).await, json!({}));
    fail(&service, "askrene-remove-layer", json!({"layer": "a"}), -32602).await;
    fail(&service, "askrene-listlayers", json!({"layer": "a"}), -32602).await;
    fail(&service, "askrene-create-layer", json!({"layer": ""}), -32602).await;
    // Those names are askrene's own, whichever it will make with them.
    for own in ["auto.localchans", "auto.later"] {
        fail(&service, "askrene-create-layer", json!({"layer": own}), -32602).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_is_listed_as_it_was_made() {
    let service = Service::line().await;
    call(&service, "askrene-create-layer", json!({"layer": "x"})).await;
    let channel = json!({
        "layer": "x", "source": node(1), "destination": node(3), "short_channel_id": "5x5x5", "capacity_msat": "2000sat",
    });
    assert_eq!(call(&service, "askrene-create-channel", channel).await, json!({}));
    let update = json!({
        "layer": "x", "short_channel_id_dir": "5x5x5/0", "enabled": true, "htlc_minimum_msat": 1,
        "htlc_maximum_msat": "1000sat", "fee_base_msat": 7, "fee_proportional_millionths": 8, "cltv_expiry_delta": 9,
    });
    assert_eq!(call(&service, "askrene-update-channel", update).await, json!({}));
    let inform = |kind: &str| json!({"layer": "x", "short_channel_id_dir": "3x1x0/0", "amount_msat": 5000, "inform": kind});
    let known = call(&service, "askrene-inform-channel", inform("unconstrained")).await;
    let shape = json!({"constraints": [{
        "layer": "text", "short_channel_id_dir": "scid_dir", "timestamp": "int", "maximum_msat?": "int",
        "minimum_msat?": "int",
    }]});
    assert_shape(&known, &shape);
    assert_eq!(
        (&known["constraints"][0]["minimum_msat"], known["constraints"][0].get("maximum_msat")),
        (&json!(5000), None)
    );
    let known = call(&service, "askrene-inform-channel", inform("constrained")).await;
    assert_shape(&known, &shape);
    assert_eq!(known["constraints"][0]["maximum_msat"], 4999);
    assert_eq!(known["constraints"][1]["minimum_msat"], 4999);
    let biased = call(&service, "askrene-bias-channel", json!(["x", "2x1x0/0", -5, "slow"])).await;
    let shape = json!({"biases": [{
        "layer": "text", "short_channel_id_dir": "scid_dir", "bias": "int", "description?": "text", "timestamp": "int",
    }]});
    assert_shape(&biased, &shape);
    let bias = &biased["biases"][0];
    assert_eq!(
        (&bias["layer"], &bias["short_channel_id_dir"], &bias["bias"], &bias["description"]),
        (&json!("x"), &json!("2x1x0/0"), &json!(-5), &json!("slow"))
    );
    let more = json!({"layer": "x", "short_channel_id_dir": "2x1x0/0", "bias": -3, "relative": true});
    assert_eq!(call(&service, "askrene-bias-channel", more).await["biases"][0]["bias"], -8);
    let node_bias = json!({"layer": "x", "node": node(2), "direction": "out", "bias": 4});
    let biased = call(&service, "askrene-bias-node", node_bias).await;
    let shape = json!({"node_biases": [{
        "layer": "text", "node": "node", "in_bias": "int", "out_bias": "int", "description?": "text", "timestamp": "int",
    }]});
    assert_shape(&biased, &shape);
    assert_eq!(
        (&biased["node_biases"][0]["in_bias"], &biased["node_biases"][0]["out_bias"]),
        (&json!(0), &json!(4))
    );
    assert_eq!(call(&service, "askrene-disable-node", json!(["x", node(3)])).await, json!({}));
    let listed = call(&service, "askrene-listlayers", json!({"layer": "x"})).await;
    assert_shape(&listed, &layers_shape());
    let layer = &listed["layers"][0];
    for kind in ["disabled_nodes", "created_channels", "channel_updates", "biases", "node_biases"] {
        assert_eq!(layer[kind].as_array().unwrap().len(), 1, "{kind}");
    }
    let bounds = layer["constraints"].as_array().unwrap();
    let has = |place: usize| ["minimum_msat", "maximum_msat"].map(|field| bounds[place].get(field).is_some());
    assert_eq!((bounds.len(), has(0), has(1)), (2, [true, false], [false, true]));
    assert_eq!(layer["channel_updates"][0]["htlc_maximum_msat"], 1_000_000);
    let removed = json!({"layer": "x", "short_channel_id_dir": "5x5x5/0"});
    assert_eq!(call(&service, "askrene-remove-channel-update", removed).await, json!({}));
    let aged = call(&service, "askrene-age", json!({"layer": "x", "cutoff": 4_000_000_000_u64})).await;
    assert_eq!(aged, json!({"layer": "x", "num_removed": 4}));
    let never = call(&service, "askrene-age", json!({"layer": "x", "cutoff": u64::MAX})).await;
    assert_eq!(never["num_removed"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_maximum_is_forgotten_though_less_passed_since() {
    let service = Service::line().await;
    call(&service, "askrene-create-layer", json!({"layer": "x"})).await;
    let inform = |amount: u64, kind: &str| json!({"layer": "x", "short_channel_id_dir": "3x1x0/0", "amount_msat": amount, "inform": kind});
    let refused = call(&service, "askrene-inform-channel", inform(5000, "constrained")).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let passed = call(&service, "askrene-inform-channel", inform(3000, "unconstrained")).await;
    let [minimum, maximum] = [0, 1].map(|place| &passed["constraints"][place]);
    assert_eq!((&minimum["minimum_msat"], &maximum["maximum_msat"]), (&json!(3000), &json!(4999)));
    assert_eq!(maximum, &refused["constraints"][0], "it is as old as it was");
    let cutoff = &minimum["timestamp"];
    assert!(cutoff.as_u64() > maximum["timestamp"].as_u64());
    let aged = call(&service, "askrene-age", json!({"layer": "x", "cutoff": cutoff})).await;
    assert_eq!(aged["num_removed"], 1);
    let listed = call(&service, "askrene-listlayers", json!({"layer": "x"})).await;
    let left = json!([{"short_channel_id_dir": "3x1x0/0", "timestamp": cutoff, "minimum_msat": 3000}]);
    assert_eq!(listed["layers"][0]["constraints"], left);
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_obey_the_layers_that_they_name() {
    let service = Service::line().await;
    call(&service, "askrene-create-layer", json!({"layer": "x"})).await;
    let with_layer = || {
        let mut params = routes_of(10_000_000);
        params["layers"] = json!(["x"]);
        params
    };
    assert_eq!(paths(&call(&service, "getroutes", with_layer()).await), [["4x1x0/0"]]);
    let inform = json!({"layer": "x", "short_channel_id_dir": "4x1x0/0", "amount_msat": 1000, "inform": "constrained"});
    call(&service, "askrene-inform-channel", inform).await;
    assert_eq!(paths(&call(&service, "getroutes", with_layer()).await), [["1x1x0/0", "2x1x0/0", "3x1x0/0"]]);
    assert_eq!(paths(&call(&service, "getroutes", routes_of(10_000_000)).await), [["4x1x0/0"]]);
    call(&service, "askrene-disable-node", json!({"layer": "x", "node": node(3)})).await;
    let answer = service.post("/cln/v1/getroutes", &with_layer()).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_unknown_layers_and_wrong_values_are_refused() {
    let service = Service::line().await;
    let update = json!({"layer": "none", "short_channel_id_dir": "1x1x0/0"});
    let message = fail(&service, "askrene-update-channel", update, -32602).await;
    assert_eq!(message, "layer: Unknown layer; create it first");
    call(&service, "askrene-create-layer", json!({"layer": "x"})).await;
    for (method, params) in [
        ("askrene-update-channel", json!({"layer": "x", "short_channel_id_dir": "1x1x0"})),
        (
            "askrene-update-channel",
            json!({"layer": "x", "short_channel_id_dir": "1x1x0/0", "fee_base_msat": 1_u64 << 32}),
        ),
        (
            "askrene-update-channel",
            json!({"layer": "x", "short_channel_id_dir": "1x1x0/0", "cltv_expiry_delta": 65536}),
        ),
        ("askrene-bias-channel", json!({"layer": "x", "short_channel_id_dir": "1x1x0/0", "bias": 101})),
        ("askrene-bias-node", json!({"layer": "x", "node": node(1), "direction": "up", "bias": 1})),
        (
            "askrene-inform-channel",
            json!({"layer": "x", "short_channel_id_dir": "1x1x0/0", "amount_msat": 1, "inform": "lost"}),
        ),
        (
            "askrene-create-channel",
            json!({
                "layer": "x", "source": node(1), "destination": node(1), "short_channel_id": "5x5x5", "capacity_msat": 1,
            }),
        ),
        ("askrene-age", json!({"layer": "x", "cutoff": -1})),
    ] {
        fail(&service, method, params, -32602).await;
    }
    let biased = json!({"layer": "x", "short_channel_id_dir": "1x1x0/0", "bias": 101});
    let message = fail(&service, "askrene-bias-channel", biased, -32602).await;
    assert!(message.starts_with("bias: ") && message.contains("; choose a bias"), "{message}");
}
