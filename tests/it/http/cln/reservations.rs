//! Reservations: routes leave alone what is in flight.

use serde_json::json;

use super::super::service::Service;
use super::super::shape::assert_shape;
use super::{call, fail, paths, routes_of};

#[tokio::test(flavor = "multi_thread")]
async fn what_getroutes_tells_can_be_reserved_and_released() {
    let service = Service::line().await;
    let found = call(&service, "getroutes", routes_of(40_000_000)).await;
    assert_eq!(paths(&found), [["4x1x0/0"]]);
    let path = json!({"path": found["routes"][0]["path"]});
    assert_eq!(call(&service, "askrene-reserve", path.clone()).await, json!({}));
    let listed = call(&service, "askrene-listreservations", json!({})).await;
    let shape = json!({"reservations": [{
        "short_channel_id_dir": "scid_dir", "amount_msat": "int", "age_in_seconds": "int", "command_id": "text",
    }]});
    assert_shape(&listed, &shape);
    let reserved = &listed["reservations"][0];
    assert_eq!(
        (&reserved["short_channel_id_dir"], &reserved["amount_msat"]),
        (&json!("4x1x0/0"), &json!(40_000_000))
    );
    // A channel of 1,000,000 sat takes one HTLC of 50,000 sat, but together no more than it holds.
    let rest = json!({"path": [{"short_channel_id_dir": "4x1x0/0", "amount_msat": "950000sat"}]});
    call(&service, "askrene-reserve", rest.clone()).await;
    assert_ne!(paths(&call(&service, "getroutes", routes_of(40_000_000)).await), [["4x1x0/0"]]);
    assert_eq!(call(&service, "askrene-unreserve", rest.clone()).await, json!({}));
    assert_eq!(call(&service, "askrene-unreserve", path).await, json!({}));
    assert_eq!(call(&service, "askrene-listreservations", json!({})).await, json!({"reservations": []}));
    let message = fail(&service, "askrene-unreserve", rest, -32602).await;
    assert_eq!(message, "path: Unknown reservation for 4x1x0/0");
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_paths_are_released_one_by_one() {
    let service = Service::line().await;
    let hop = |channel: &str| json!({"short_channel_id_dir": channel, "amount_msat": 1000});
    let path = json!({"path": [hop("1x1x0/0"), hop("2x1x0/0")]});
    let same = json!({"path": [hop("2x1x0/0"), hop("1x1x0/0")]});
    call(&service, "askrene-reserve", path.clone()).await;
    call(&service, "askrene-reserve", path.clone()).await;
    call(&service, "askrene-unreserve", same).await;
    let listed = call(&service, "askrene-listreservations", json!({})).await;
    assert_eq!(listed["reservations"].as_array().unwrap().len(), 2);
    call(&service, "askrene-unreserve", path.clone()).await;
    fail(&service, "askrene-unreserve", path, -32602).await;
    let long = json!({"path": vec![hop("1x1x0/0"); 28]});
    fail(&service, "askrene-reserve", long, -32602).await;
    assert_eq!(call(&service, "askrene-reserve", json!({"path": []})).await, json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reserved_may_have_been_in_the_way_of_what_failed() {
    let service = Service::line().await;
    call(&service, "askrene-create-layer", json!({"layer": "x"})).await;
    let path = json!({"path": [{"short_channel_id_dir": "3x1x0/1", "amount_msat": 1000}]});
    call(&service, "askrene-reserve", path).await;
    // What passed shows no more than itself.
    for (kind, field, expected) in
        [("constrained", "maximum_msat", 5999), ("unconstrained", "minimum_msat", 5000)]
    {
        let inform =
            json!({"layer": "x", "short_channel_id_dir": "3x1x0/1", "amount_msat": 5000, "inform": kind});
        let known = call(&service, "askrene-inform-channel", inform).await;
        assert_eq!(known["constraints"][0][field], expected);
    }
}
