//! Requests in FlatBuffers: the same questions as in JSON, with the same answers.

use flatbuffers::FlatBufferBuilder;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use schemas::{answer, query as schema};
use serde_json::{Value, json};
use server::binary::{
    BinaryError, read_plan_request, read_route_request, write_plan_request, write_route_request,
};
use server::http::native::FLATBUFFERS;
use server::json::{
    AvoidJson, CostJson, CostName, ExtraArcJson, FirstChannelJson, LimitsJson, MaximumRuleJson,
    PlanQueryJson, QueryJson, Text,
};

use super::service::{Answer, Service, node};

fn node_ids() -> impl Strategy<Value = primitives::NodeId> {
    (select(vec![2_u8, 3]), any::<[u8; 32]>()).prop_map(|(prefix, rest)| {
        let mut bytes = [prefix; 33];
        bytes[1..].copy_from_slice(&rest);
        primitives::NodeId::from_bytes(bytes).unwrap()
    })
}

fn costs() -> impl Strategy<Value = CostJson> {
    let model = select(vec![CostName::Fee, CostName::Risk, CostName::Probability]);
    let weight = || option::of(any::<u32>());
    (model, weight(), weight(), weight(), weight(), weight()).prop_map(|(model, a, b, c, d, e)| CostJson {
        model,
        risk_billionths: a,
        hop_base_msat: b,
        hop_millionths: c,
        attempt_base_msat: d,
        attempt_millionths: e,
    })
}

fn limits() -> impl Strategy<Value = LimitsJson> {
    (option::of(any::<u64>()), option::of(any::<u32>()), any::<[u32; 4]>()).prop_map(
        |(
            fee_max_msat,
            fee_max_millionths,
            [cltv_max, final_cltv_delta, hop_count_max, final_payload_extra],
        )| {
            LimitsJson {
                fee_max_msat,
                fee_max_millionths,
                cltv_max,
                final_cltv_delta,
                hop_count_max,
                final_payload_extra,
            }
        },
    )
}

fn scids() -> impl Strategy<Value = primitives::ShortChannelId> {
    any::<u64>().prop_map(primitives::ShortChannelId::from_u64)
}

/// Channels before directions, as the binary form tells them apart.
fn avoids() -> impl Strategy<Value = AvoidJson> {
    let direction = (scids(), select(vec![0, 1])).prop_map(|(scid, at)| format!("{scid}/{at}"));
    let channels = (vec(scids().prop_map(|scid| scid.to_string()), 0..4), vec(direction, 0..4));
    (vec(node_ids().prop_map(Text), 0..4), channels).prop_map(|(nodes, (both, one))| {
        let channels = both.into_iter().chain(one).map(|text| Text(text.parse().unwrap()));
        AvoidJson { nodes, channels: channels.collect() }
    })
}

fn extra_arcs() -> impl Strategy<Value = ExtraArcJson> {
    (scids(), node_ids(), node_ids(), any::<[u32; 2]>(), any::<u16>(), any::<u64>(), option::of(0..u64::MAX))
        .prop_map(|(scid, tail, head, [base, rate], delta, minimum, maximum)| ExtraArcJson {
            short_channel_id: Text(scid),
            tail: Text(tail),
            head: Text(head),
            fee_base_msat: base,
            fee_proportional_millionths: rate,
            cltv_expiry_delta: delta,
            htlc_minimum_msat: minimum,
            htlc_maximum_msat: maximum,
        })
}

fn queries() -> impl Strategy<Value = QueryJson> {
    let first = (scids(), any::<u64>())
        .prop_map(|(scid, balance_msat)| FirstChannelJson { short_channel_id: Text(scid), balance_msat });
    let what = (node_ids(), node_ids(), any::<u64>(), costs(), limits(), avoids());
    let with =
        (option::of(vec(first, 0..4)), option::of(node_ids()), vec(extra_arcs(), 0..3), vec(".{0,20}", 0..3));
    let how =
        (any::<[bool; 5]>(), any::<u32>(), any::<u64>(), option::of(any::<u64>()), option::of(any::<u16>()));
    (what, with, how).prop_map(
        |(
            (src, dst, amount_msat, cost, limits, avoid),
            (first_channels, last_hop, extra_arcs, layers),
            (flags, headroom_millionths, tolerance_msat, work_max, alternatives),
        )| QueryJson {
            cost,
            limits,
            avoid,
            first_channels,
            last_hop: last_hop.map(Text),
            extra_arcs,
            layers,
            ignore_feedback: flags[0],
            ignore_reservations: flags[1],
            ignore_inbound_fees: flags[2],
            headroom_millionths,
            allow_overpay: flags[3],
            tolerance_msat,
            work_max,
            alternatives,
            diverse: flags[4],
            ..QueryJson::new(src, dst, amount_msat)
        },
    )
}

fn plans() -> impl Strategy<Value = PlanQueryJson> {
    let rule = select(vec![MaximumRuleJson::Together, MaximumRuleJson::Each]);
    let count = || option::of(any::<u16>());
    (queries(), count(), option::of(any::<u64>()), rule, count()).prop_map(
        |(query, part_count_max, part_min_msat, maximum_rule, frontier)| PlanQueryJson {
            query,
            part_count_max,
            part_min_msat,
            maximum_rule,
            frontier,
        },
    )
}

proptest! {
    #[test]
    fn a_query_is_the_same_in_both_forms(query in queries()) {
        let by_bytes = read_route_request(&write_route_request(&query)).unwrap();
        let by_text: QueryJson = serde_json::from_slice(&serde_json::to_vec(&query).unwrap()).unwrap();
        prop_assert_eq!(&by_bytes, &by_text);
        prop_assert_eq!(by_bytes, query);
    }

    #[test]
    fn a_plan_is_the_same_in_both_forms(plan in plans()) {
        let bytes = write_plan_request(&plan);
        let by_text: PlanQueryJson = serde_json::from_slice(&serde_json::to_vec(&plan).unwrap()).unwrap();
        prop_assert_eq!(read_plan_request(&bytes).unwrap(), by_text);
        prop_assert_eq!(read_route_request(&bytes), Err(BinaryError::Parts));
    }

    /// Whatever arrives, nothing is read out of bounds, and what is read is written and read again.
    #[test]
    fn spoilt_bytes_are_refused_or_mean_something(plan in plans(), hits in vec((any::<usize>(), any::<u8>()), 1..20)) {
        let mut bytes = write_plan_request(&plan);
        let size = bytes.len();
        hits.into_iter().for_each(|(at, byte)| bytes[at % size] = byte);
        if let Ok(read) = read_plan_request(&bytes) {
            prop_assert_eq!(read_plan_request(&write_plan_request(&read)).unwrap(), read);
        }
        let _ = read_route_request(&bytes[..size / 2]);
    }
}

#[test]
fn one_text_is_not_told_a_thousand_times() {
    let mut bytes = FlatBufferBuilder::new();
    let name = bytes.create_string(&"x".repeat(100_000));
    let layers = bytes.create_vector(&vec![name; 30_000]);
    let id = schema::NodeId::new(&[2; 33]);
    let args =
        schema::QueryArgs { src: Some(&id), dst: Some(&id), layers: Some(layers), ..Default::default() };
    let query = schema::Query::create(&mut bytes, &args);
    let args = schema::RequestArgs { version: 1, query: Some(query), parts: None };
    let request = schema::Request::create(&mut bytes, &args);
    schema::finish_request_buffer(&mut bytes, request);
    assert!(matches!(read_route_request(bytes.finished_data()), Err(BinaryError::Form(_))));
}

async fn post(service: &Service, path: &str, body: Vec<u8>, accepts: &str) -> reqwest::Response {
    let request = service.client.post(service.url(path)).body(body);
    request.header(CONTENT_TYPE, FLATBUFFERS).header(ACCEPT, accepts).send().await.unwrap()
}

fn query(amount_msat: u64) -> QueryJson {
    let [payer, payee] = [1, 4].map(|at| node(at).parse().unwrap());
    let cost = CostJson { model: CostName::Fee, ..CostJson::default() };
    QueryJson { cost, ..QueryJson::new(payer, payee, amount_msat) }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_forms_are_answered_alike() {
    let service = Service::line().await;
    let asked = QueryJson { alternatives: Some(3), ..query(1_000_000) };
    let told = service.post("/api/v1/routes", &serde_json::to_value(&asked).unwrap()).await.json();
    let same = post(&service, "/api/v1/routes", write_route_request(&asked), "application/json").await;
    let same = Answer::of(same).await.json();
    for field in ["route", "fee_msat", "alternatives", "cost_msat"] {
        assert_eq!(same[field], told[field], "{field}");
    }
    let bytes = post(&service, "/api/v1/routes", write_route_request(&asked), FLATBUFFERS).await;
    assert_eq!(bytes.headers()[CONTENT_TYPE], FLATBUFFERS);
    let bytes = bytes.bytes().await.unwrap();
    let read = answer::root_as_answer(&bytes).unwrap();
    let routes = read.routes().unwrap();
    assert_eq!((routes.len(), routes.get(0).fee_msat()), (2, told["fee_msat"].as_u64().unwrap()));
    assert_eq!(routes.get(0).relaxed(), told["relaxed"].as_u64().unwrap());
    assert!(read.graph_age_s() > 1_000_000 && read.elapsed_us() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_and_their_frontiers_are_asked_for_and_told_in_bytes() {
    let service = Service::line().await;
    let asked = PlanQueryJson { frontier: Some(3), ..PlanQueryJson::new(query(920_000_000)) };
    let told = service.post("/api/v1/plans", &serde_json::to_value(&asked).unwrap()).await.json();
    let bytes = post(&service, "/api/v1/plans", write_plan_request(&asked), FLATBUFFERS).await;
    let bytes = bytes.bytes().await.unwrap();
    let read = answer::root_as_answer(&bytes).unwrap();
    let fees = |plans: &Value| -> Vec<u64> {
        plans.as_array().unwrap().iter().map(|plan| plan["fee_msat"].as_u64().unwrap()).collect()
    };
    let frontier: Vec<u64> = read.frontier().unwrap().iter().map(|plan| plan.fee_msat()).collect();
    assert_eq!(frontier, fees(&told["frontier"]));
    let plan = read.plan().unwrap();
    assert_eq!((plan.fee_msat(), plan.parts().len()), (told["fee_msat"].as_u64().unwrap(), 2));
    assert_eq!(plan.settled(), told["settled"].as_u64().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_bytes_are_told_like_wrong_text() {
    let service = Service::line().await;
    for bytes in [vec![], vec![0; 7], b"{\"src\":1}".to_vec(), vec![0xff; 300]] {
        let answer = Answer::of(post(&service, "/api/v1/routes", bytes, FLATBUFFERS).await).await;
        assert_eq!(answer.problem(400)["code"], "bad_flatbuffers");
    }
    let plan = write_plan_request(&PlanQueryJson::new(query(1)));
    let answer = Answer::of(post(&service, "/api/v1/routes", plan, FLATBUFFERS).await).await;
    assert_eq!(answer.problem(400)["field"], "parts");
    let wrong = QueryJson { headroom_millionths: 1_000_001, ..query(1) };
    let answer = post(&service, "/api/v1/routes", write_route_request(&wrong), FLATBUFFERS).await;
    assert_eq!(Answer::of(answer).await.problem(422)["field"], "headroom_millionths");
    let huge = Answer::of(post(&service, "/api/v1/routes", vec![0; 1 << 19], FLATBUFFERS).await).await;
    assert_eq!(huge.problem(413)["code"], "body_too_large");
    // Text without a type, or with that of text, is read as text.
    let text = json!({"src": node(1), "dst": node(4), "amount_msat": 1000}).to_string();
    assert_eq!(service.post_text("/api/v1/routes", text).await.status, 200);
}
