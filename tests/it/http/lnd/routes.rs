//! QueryRoutes, BuildRoute and EstimateRouteFee.

use serde_json::{Value, json};

use super::super::service::{Service, node};
use super::super::shape::assert_shape;
use super::{chan_id, error, line, node64, number};

fn route_shape() -> Value {
    json!({
        "total_time_lock": "int", "total_fees": "int64", "total_amt": "int64", "total_fees_msat": "int64",
        "total_amt_msat": "int64", "first_hop_amount_msat": "int64", "custom_channel_data": "text",
        "hops": [{
            "chan_id": "uint64", "chan_capacity": "int64", "amt_to_forward": "int64", "fee": "int64",
            "expiry": "int", "amt_to_forward_msat": "int64", "fee_msat": "int64", "pub_key": "node",
            "tlv_payload": "bool", "mpp_record": {"payment_addr": "text", "total_amt_msat": "int64"},
            "amp_record": "null", "custom_records": {"*": "text"}, "metadata": "text", "blinding_point": "text",
            "encrypted_data": "text", "total_amt_msat": "uint64",
        }],
    })
}

/// Where no payment address is known, a hop has no record of one.
fn query_shape() -> Value {
    let mut route = route_shape();
    route["hops"][0]["mpp_record"] = json!("null");
    json!({"routes": [route], "success_prob": "number"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_is_told_in_lnds_words_with_the_amounts_priced_by_hand() {
    let service = line().await;
    let path = format!("/lnd/v1/graph/routes/{}/100000?block_height=800000&final_cltv_delta=18", node(4));
    let answer = service.get(&path).await.json();
    assert_shape(&answer, &query_shape());
    let route = &answer["routes"][0];
    // Node 3 asks 3,000 + 10,000 msat, node 2 asks 2,000 + 10,001.3 msat.
    assert_eq!(route["total_fees_msat"], "25001");
    assert_eq!((&route["total_fees"], &route["total_amt_msat"]), (&json!("25"), &json!("100025001")));
    assert_eq!(route["total_time_lock"], 800_000 + 18 + 40 + 40);
    let hops = route["hops"].as_array().unwrap();
    let told = |at: usize, name: &str| hops[at][name].clone();
    assert_eq!((told(0, "chan_id"), told(0, "chan_capacity")), (json!(chan_id(1)), json!("1000000")));
    assert_eq!((told(0, "amt_to_forward_msat"), told(0, "fee_msat")), (json!("100013000"), json!("12001")));
    assert_eq!((told(1, "amt_to_forward_msat"), told(1, "fee_msat")), (json!("100000000"), json!("13000")));
    assert_eq!((told(2, "amt_to_forward_msat"), told(2, "fee_msat")), (json!("100000000"), json!("0")));
    let expiries: Vec<u64> = hops.iter().map(|hop| hop["expiry"].as_u64().unwrap()).collect();
    assert_eq!(expiries, [800_058, 800_018, 800_018], "what each node asks of the next one");
    assert_eq!(told(2, "pub_key"), json!(node(4)));
    let body = json!({"block_height": 800_000, "final_cltv_delta": 18});
    let posted = service.post(&format!("/lnd/v1/graph/routes/{}/100000", node(4)), &body).await.json();
    assert_eq!(posted, answer, "both verbs say the same");
    let usual = service.get(&format!("/lnd/v1/graph/routes/{}/100000", node(4))).await.json();
    assert_eq!(usual["routes"][0]["total_time_lock"], 4 + 80 + 40 + 40, "from the newest channel's block");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_string_carries_records_for_the_payee() {
    let service = line().await;
    let path = format!("/lnd/v1/graph/routes/{}/10000", node(4));
    let records = "dest_custom_records%5B65536%5D=AQID&dest_custom_records[70000]=BA%3D%3D";
    let got = service.get(&format!("{path}?{records}")).await.json();
    let records = json!({"dest_custom_records": {"65536": "AQID", "70000": "BA=="}});
    assert_eq!(got, service.post(&path, &records).await.json(), "both verbs say the same");
    let last = got["routes"][0]["hops"].as_array().unwrap().last().unwrap();
    assert_eq!(last["custom_records"], records["dest_custom_records"]);
    for bad in
        ["dest_custom_records[x]=AQID", "dest_custom_records[5]=AQID", "amt_msat[5]=1", "nonsense[5]=1"]
    {
        error(&service.get(&format!("{path}?{bad}")).await, 400, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_request_asks_for_is_obeyed() {
    let service = line().await;
    let ask = async |body: Value| {
        let answer = service.post(&format!("/lnd/v1/graph/routes/{}/0", node(4)), &body).await;
        let hops = |route: &Value| -> Vec<String> {
            let hops = route["routes"][0]["hops"].as_array().unwrap();
            hops.iter().map(|hop| hop["chan_id"].as_str().unwrap().to_owned()).collect()
        };
        answer.status.is_success().then(|| hops(&answer.json()))
    };
    let direct = Some(vec![chan_id(4)]);
    let long = Some(vec![chan_id(1), chan_id(2), chan_id(3)]);
    assert_eq!(ask(json!({"amt_msat": "10000000"})).await, direct);
    assert_eq!(ask(json!({"amtMsat": 10_000_000, "sourcePubKey": node(1)})).await, direct, "camel case");
    for body in [
        json!({"amt_msat": "10000000", "outgoing_chan_id": chan_id(1)}),
        json!({"amt_msat": "10000000", "outgoing_chan_ids": [chan_id(1)]}),
        json!({"amt_msat": "10000000", "last_hop_pubkey": node64(3)}),
        json!({"amt_msat": "10000000", "ignored_pairs": [{"from": node64(1), "to": node64(4)}]}),
        json!({"amt_msat": "10000000", "ignored_edges": [{"channel_id": chan_id(4), "direction_reverse": false}]}),
    ] {
        assert_eq!(ask(body.clone()).await, long, "{body}");
    }
    for body in [
        json!({"amt_msat": "100000000", "ignored_nodes": [node64(3)]}),
        json!({"amt_msat": "100000000", "fee_limit": {"fixed_msat": "25000"}}),
        json!({"amt_msat": "100000000", "fee_limit": {"fixed": "25"}}),
        json!({"amt_msat": "100000000", "fee_limit": {"percent": "0"}}),
        json!({"amt_msat": "100000000", "cltv_limit": 159}),
    ] {
        assert_eq!(ask(body.clone()).await, None, "{body}");
    }
    assert_eq!(
        ask(json!({"amt_msat": "100000000", "cltv_limit": 160, "fee_limit": {"fixed_msat": "25001"}})).await,
        long
    );
    // Where no limit is given it is 5 %, which the base fees exceed here; but up to 1,000 sat all of the amount may go.
    assert_eq!(ask(json!({"amt_msat": "30000", "outgoing_chan_id": chan_id(1)})).await, long);
    let reversed = json!({"ignored_edges": [{"channel_id": chan_id(4), "direction_reverse": true}]});
    let mut with_amount = reversed.clone();
    with_amount["amt_msat"] = json!(10_000_000);
    assert_eq!(ask(with_amount).await, direct, "the other direction is not ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_of_channels_and_pairs_are_obeyed() {
    let service = line().await;
    let first = async |body: Value| {
        let answer = service.post(&format!("/lnd/v1/graph/routes/{}/10000", node(4)), &body).await;
        answer.json()["routes"][0]["hops"][0]["chan_id"].as_str().unwrap().to_owned()
    };
    let others: Vec<String> = (100..10_100).map(|block: u64| (block << 40).to_string()).collect();
    let with = |block: u64| [others.clone(), vec![chan_id(block)]].concat();
    assert_eq!(first(json!({"outgoing_chan_ids": with(1)})).await, chan_id(1));
    assert_eq!(first(json!({"outgoing_chan_ids": with(4)})).await, chan_id(4));
    let pair = |from: u8, to: u8| json!({"from": node64(from), "to": node64(to)});
    let back = vec![pair(4, 1); 999];
    assert_eq!(first(json!({"ignored_pairs": back})).await, chan_id(4), "the other way is not ours");
    let both = [back, vec![pair(1, 4)]].concat();
    assert_eq!(first(json!({"ignored_pairs": both})).await, chan_id(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_and_records_reach_the_last_hop() {
    let service = line().await;
    let body = json!({
        "block_height": 1000, "final_cltv_delta": 10,
        "route_hints": [{"hop_hints": [{
            "node_id": node(4), "chan_id": "12345678901", "fee_base_msat": 7, "fee_proportional_millionths": 0,
            "cltv_expiry_delta": 5,
        }]}],
        "dest_custom_records": {"5482373484": "AQIDBA=="}, "dest_features": ["TLV_ONION_REQ"],
    });
    let answer = service.post(&format!("/lnd/v1/graph/routes/{}/10000", node(9)), &body).await.json();
    assert_shape(&answer, &query_shape());
    let hops = answer["routes"][0]["hops"].as_array().unwrap().clone();
    assert_eq!(hops.len(), 2);
    assert_eq!((&hops[1]["chan_id"], &hops[1]["pub_key"]), (&json!("12345678901"), &json!(node(9))));
    assert_eq!(hops[1]["custom_records"], json!({"5482373484": "AQIDBA=="}));
    assert_eq!((&hops[0]["fee_msat"], &answer["routes"][0]["total_time_lock"]), (&json!("7"), &json!(1015)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_through_pinned_nodes_takes_them_in_order() {
    let service = line().await;
    let secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let body = json!({
        "amt_msat": "10000000", "final_cltv_delta": 18, "hop_pubkeys": [node64(2), node64(3), node64(4)],
        "payment_addr": secret, "block_height": 100,
    });
    let answer = service.post("/lnd/v2/router/route", &body).await.json();
    assert_shape(&answer["route"]["hops"][2]["mpp_record"], &route_shape()["hops"][0]["mpp_record"]);
    assert_eq!(answer["route"]["hops"][2]["mpp_record"]["total_amt_msat"], "10000000");
    // 3,000 + 1,000 and 2,000 + 1,000.4: dearer than the direct channel, but asked for.
    assert_eq!(answer["route"]["total_fees_msat"], "7000");
    assert_eq!(answer["route"]["total_time_lock"], 100 + 18 + 80);
    let least = json!({"hop_pubkeys": [node64(4)], "outgoing_chan_id": chan_id(4)});
    let least = service.post("/lnd/v2/router/route", &least).await.json();
    assert_eq!(least["route"]["total_amt_msat"], "1000", "the channel's least HTLC");
    let gap = json!({"amt_msat": 5000, "hop_pubkeys": [node64(3)]});
    let gap = error(&service.post("/lnd/v2/router/route", &gap).await, 404, 5);
    assert!(gap["message"].as_str().unwrap().starts_with("no matching outgoing channel available for node"));
    let twice = json!({"amt_msat": 5000, "hop_pubkeys": [node64(2), node64(1)]});
    error(&service.post("/lnd/v2/router/route", &twice).await, 400, 3);
    error(&service.post("/lnd/v2/router/route", &json!({"amt_msat": 5000})).await, 400, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_is_estimated_by_the_graph() {
    let service = line().await;
    let body = json!({"dest": node64(4), "amt_sat": "100000", "block_height": 500});
    let answer = service.post("/lnd/v2/router/route/estimatefee", &body).await.json();
    let delay = 500 + 80 + 40 + 40 + 3;
    let expected = json!({
        "routing_fee_msat": "25001", "time_lock_delay": delay.to_string(), "failure_reason": "FAILURE_REASON_NONE",
    });
    assert_eq!(answer, expected);
    let invoice = json!({"payment_request": "lnbc1"});
    error(&service.post("/lnd/v2/router/route/estimatefee", &invoice).await, 400, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_lnds_shape() {
    let service = Service::line().await;
    let route = async |to: String, amt: &str, rest: &str| {
        service.get(&format!("/lnd/v1/graph/routes/{to}/{amt}{rest}")).await
    };
    let source = format!("?source_pub_key={}", node(1));
    let no_node = error(&route(node(4), "10", "").await, 400, 9);
    assert!(no_node["message"].as_str().unwrap().contains("source_pub_key"));
    let begins = |told: &Value, beginning: &str| {
        assert!(told["message"].as_str().unwrap().starts_with(beginning), "{told}");
    };
    begins(&error(&route(node(9), "10", &source).await, 404, 5), "pub_key: ");
    let stranger = format!("?source_pub_key={}", node(9));
    begins(&error(&route(node(4), "10", &stranger).await, 404, 5), "source_pub_key: ");
    begins(&error(&route(node(4), "-5", &source).await, 400, 3), "amt: the amount is negative");
    let msat = format!("{source}&amt_msat=-5");
    begins(&error(&route(node(4), "0", &msat).await, 400, 3), "amt_msat: the amount is negative");
    let too_much = error(&route(node(4), "950000", &source).await, 404, 5);
    assert!(too_much["message"].as_str().unwrap().starts_with("insufficient local balance"));
    let dear = error(&route(node(4), "100000", &format!("{source}&fee_limit.fixed=1")).await, 404, 5);
    assert!(dear["message"].as_str().unwrap().starts_with("unable to find a path to destination"));
    begins(&error(&route(node(4), "0", &source).await, 400, 3), "amt: the amount is zero");
    let nothing = json!({"dest": node64(4), "source_pub_key": node(1)});
    let nothing = service.post("/lnd/v2/router/route/estimatefee", &nothing).await;
    begins(&error(&nothing, 400, 3), "amt_sat: the amount is zero");
    error(&service.get("/lnd/v1/nowhere").await, 404, 5);
    error(&service.post("/lnd/v1/graph/info", &json!({})).await, 405, 12);
    assert_eq!(number(&service.get("/lnd/v1/graph/info").await.json()["num_zombie_chans"]), 0);
}
