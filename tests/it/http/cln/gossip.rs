//! `listchannels` and `listnodes`.

use serde_json::{Value, json};

use super::super::service::{Service, node};
use super::super::shape::assert_shape;
use super::{call, fail};

#[tokio::test(flavor = "multi_thread")]
async fn channels_are_listed_by_direction() {
    let service = Service::line().await;
    let all = call(&service, "listchannels", json!({})).await;
    let shape = json!({"channels": [{
        "source": "node", "destination": "node", "short_channel_id": "scid", "direction": "int", "public": "bool",
        "amount_msat": "int", "message_flags": "int", "channel_flags": "int", "active": "bool", "last_update": "int",
        "base_fee_millisatoshi": "int", "fee_per_millionth": "int", "delay": "int", "htlc_minimum_msat": "int",
        "htlc_maximum_msat": "int", "features": "hex",
    }]});
    assert_shape(&all, &shape);
    let channels = all["channels"].as_array().unwrap();
    assert_eq!(channels.len(), 8);
    let of = async |params: Value| {
        call(&service, "listchannels", params).await["channels"].as_array().unwrap().clone()
    };
    let both = of(json!({"short_channel_id": "2x1x0"})).await;
    assert_eq!(both.len(), 2);
    assert_eq!((&both[1]["source"], &both[1]["channel_flags"]), (&json!(node(3)), &json!(1)));
    assert_eq!((&both[0]["amount_msat"], &both[0]["delay"]), (&json!(1_000_000_000_u64), &json!(40)));
    let leaving = of(json!({"source": node(2)})).await;
    assert!(leaving.len() == 2 && leaving.iter().all(|channel| channel["source"] == node(2)));
    let entering = of(json!({"destination": node(2)})).await;
    assert!(entering.len() == 2 && entering.iter().all(|channel| channel["destination"] == node(2)));
    for nobody in [json!({"source": node(9)}), json!({"short_channel_id": "7x7x7"})] {
        assert!(of(nobody).await.is_empty());
    }
    fail(&service, "listchannels", json!({"source": node(1), "destination": node(2)}), -32602).await;
    fail(&service, "listchannels", json!({"short_channel_id": "1x2"}), -32602).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_listed() {
    let service = Service::line().await;
    let all = call(&service, "listnodes", json!({})).await;
    assert_shape(&all, &json!({"nodes": [{"nodeid": "node"}]}));
    assert_eq!(all["nodes"].as_array().unwrap().len(), 4);
    assert_eq!(call(&service, "listnodes", json!([node(3)])).await, json!({"nodes": [{"nodeid": node(3)}]}));
    assert_eq!(call(&service, "listnodes", json!({"id": node(9)})).await, json!({"nodes": []}));
    fail(&service, "listnodes", json!({"id": "02"}), -32602).await;
}
