//! What `/api/v1/events` tells, and whom.

use std::time::Duration;

use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, InboundFee, Msat, NodeId,
    ShortChannelId, UnixTime,
};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use server::http::applier::{Change, Effect};
use server::http::{Limits, Settings};
use tokio::time::timeout;

use super::service::{Answer, Service, line_graph, node};
use super::state::key;

/// A stream of events.
struct Events {
    response: Response,
    /// What has come and is not heard yet.
    text: String,
}

impl Events {
    /// All that the key's tenant may hear from now on.
    async fn of(service: &Service, key: &str) -> Self {
        Events::behind(service, key, None).await
    }

    /// All that it may hear behind an id.
    async fn behind(service: &Service, key: &str, id: Option<&str>) -> Self {
        let request = service.client.get(service.url("/api/v1/events")).bearer_auth(key);
        let request = id.into_iter().fold(request, |request, id| request.header("Last-Event-ID", id));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Events { response, text: String::new() }
    }

    /// The kind and the data of the next one.
    async fn next(&mut self) -> (String, Value) {
        let event = self.next_text().await;
        let data: Value = serde_json::from_str(field(&event, "data").unwrap()).unwrap();
        let (_, seq) = field(&event, "id").unwrap().split_once('-').unwrap();
        assert_eq!(seq, data["seq"].to_string(), "{event}");
        assert!(data["at"].is_u64() && data["graph_version"].is_u64(), "{event}");
        (field(&event, "event").unwrap().to_owned(), data)
    }

    /// The lines of the next one.
    async fn next_text(&mut self) -> String {
        loop {
            let event = self.next_block().await;
            // What keeps a silent connection alive, and what tells where the new begins, has no kind.
            if field(&event, "event").is_some() {
                return event;
            }
        }
    }

    /// The id of the next block that has one.
    async fn next_id(&mut self) -> String {
        loop {
            if let Some(id) = field(&self.next_block().await, "id") {
                return id.to_owned();
            }
        }
    }

    /// The next lines up to an empty one.
    async fn next_block(&mut self) -> String {
        while !self.text.contains("\n\n") {
            let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
            self.text += std::str::from_utf8(&chunk).unwrap();
        }
        let (event, rest) = self.text.split_once("\n\n").unwrap();
        let (event, rest) = (event.to_owned(), rest.to_owned());
        self.text = rest;
        event
    }
}

/// A field of an event.
fn field<'a>(event: &'a str, name: &str) -> Option<&'a str> {
    event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn opened(short_channel_id: ShortChannelId, ends: [NodeId; 2], capacity: Option<Msat>) -> GraphDelta {
    let [node_id_1, node_id_2] = ends;
    GraphDelta::ChannelOpened {
        short_channel_id,
        node_id_1,
        node_id_2,
        capacity,
        features: Features::default(),
    }
}

fn policy() -> ChannelPolicy {
    ChannelPolicy {
        fee: Fee { fee_base_msat: 11, fee_proportional_millionths: 22 },
        inbound_fee: InboundFee { base_msat: -33, proportional_millionths: -44 },
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(55),
        htlc_minimum_msat: Msat::from_msat(66),
        htlc_maximum_msat: Msat::from_msat(77_000),
        disabled: true,
        last_update: UnixTime::from_secs(1_700_000_088),
    }
}

async fn ask(service: &Service, key: &str, method: Method, path: &str, body: &Value) -> Value {
    let request = service.client.request(method, service.url(path)).bearer_auth(key).json(body);
    Answer::of(request.send().await.unwrap()).await.json()
}

/// Changes all that a tenant has, and returns the kinds of its events with what each change was answered.
async fn change_all(service: &Service, key: &str, layer: &str) -> Vec<(&'static str, Value)> {
    let path = format!("/api/v1/layers/{layer}");
    let created = ask(service, key, Method::PUT, &path, &Value::Null).await;
    let edits = json!([{"edit": "bias_node", "node_id": node(3), "side": "in", "bias": 7}]);
    let edited = ask(service, key, Method::POST, &format!("{path}/edits"), &edits).await;
    let hops = json!({"path": [{"channel": "2x1x0/0", "amount_msat": 5}]});
    let reserved = ask(service, key, Method::POST, "/api/v1/reservations", &hops).await;
    let reservation = format!("/api/v1/reservations/{}", reserved["reservation"]);
    let released = ask(service, key, Method::DELETE, &reservation, &Value::Null).await;
    let failed = json!({
        "path": [{"channel": "4x1x0/0", "amount_msat": 1_000_000}],
        "outcome": "failed", "erring_node": 0, "failure_code": 0x1007,
    });
    let learnt = ask(service, key, Method::POST, "/api/v1/feedback", &failed).await;
    assert!(reserved["reservation"].is_u64() && learnt["advice"]["action"] == "believe");
    vec![
        ("layer", created),
        ("layer", edited[0].clone()),
        ("reservations", reserved),
        ("reservations", released),
        ("feedback", learnt),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_hears_of_all_that_is_its_own_and_of_nothing_that_is_anothers() {
    let keys = vec![key("one", "first"), key("partner", "first"), key("two", "second")];
    let service = Service::of(line_graph(), Settings { keys, ..Settings::default() }).await;
    let mut first = [Events::of(&service, "one").await, Events::of(&service, "partner").await];
    let mut second = [Events::of(&service, "two").await];
    let of_first = change_all(&service, "one", "mine").await;
    let of_second = change_all(&service, "two", "theirs").await;
    // All hear of this one, so that whoever heard something else before would be found out.
    let graph = service.app.change(Change::Graph(Vec::new())).await.unwrap();
    for (listeners, changes, layer) in
        [(&mut first[..], &of_first, "mine"), (&mut second[..], &of_second, "theirs")]
    {
        for events in listeners {
            for (kind, answer) in changes {
                let (heard, data) = events.next().await;
                assert_eq!((heard.as_str(), &data["seq"]), (*kind, &answer["seq"]), "{layer}: {data}");
                for told in ["reservation", "bias", "advice"] {
                    assert_eq!(data.get(told), answer.get(told), "{layer}: {data}");
                }
                let name = (heard == "layer").then(|| json!(layer));
                assert_eq!(data.get("layer"), name.as_ref(), "{data}");
            }
            let (heard, data) = events.next().await;
            assert_eq!((heard.as_str(), &data["seq"]), ("graph", &json!(graph.seq)), "{layer}: {data}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_the_graph_are_told_with_their_values() {
    let service = Service::line().await;
    let mut events = Events::of(&service, "anybody").await;
    let [known, unknown]: [ShortChannelId; 2] = ["7x8x9", "7x8x10"].map(|name| name.parse().unwrap());
    let [one, two, three, five]: [NodeId; 4] = [1, 2, 3, 5].map(|at| node(at).parse().unwrap());
    let updated = GraphDelta::PolicyUpdated {
        short_channel_id: known,
        direction: Direction::NodeTwoToOne,
        policy: policy(),
    };
    let deltas = vec![
        opened(known, [two, five], Some(Msat::from_msat(123_456_000))),
        opened(unknown, [one, two], None),
        updated,
        GraphDelta::NodeSeen { node_id: three, features: Features::from_bits([9]) },
    ];
    let made = service.app.change(Change::Graph(deltas)).await.unwrap();
    assert_eq!(made.effect, Effect::Graph { applied: 4, refused: 0 });
    let (kind, data) = events.next().await;
    assert_eq!(kind, "graph");
    assert_eq!(
        (&data["seq"], &data["graph_version"]),
        (&json!(made.seq), &json!(made.graph_version)),
        "{data}"
    );
    let policy = json!({
        "fee_base_msat": 11, "fee_proportional_millionths": 22, "inbound_fee_base_msat": -33,
        "inbound_fee_proportional_millionths": -44, "cltv_expiry_delta": 55, "htlc_minimum_msat": 66,
        "htlc_maximum_msat": 77_000, "disabled": true, "last_update": 1_700_000_088,
    });
    let told = json!([
        {
            "change": "channel_opened", "short_channel_id": "7x8x9", "node_id_1": node(2), "node_id_2": node(5),
            "capacity_msat": 123_456_000,
        },
        {
            "change": "channel_opened", "short_channel_id": "7x8x10", "node_id_1": node(1), "node_id_2": node(2),
            "capacity_msat": null,
        },
        {"change": "policy_updated", "short_channel_id": "7x8x9", "direction": 1, "policy": policy},
        {"change": "node_seen", "node_id": node(3)},
    ]);
    assert_eq!(data["changes"], told);
    // What was told is what is served.
    let channel = service.get("/api/v1/graph/channels/7x8x9").await.json();
    assert_eq!((&channel["policy_2"], &channel["capacity_msat"]), (&policy, &json!(123_456_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_told_to_nobody() {
    let service = Service::line().await;
    let mut events = Events::of(&service, "anybody").await;
    let [known, new, unknown]: [ShortChannelId; 3] =
        ["1x1x0", "7x8x9", "8x8x8"].map(|name| name.parse().unwrap());
    let ends = [1, 2].map(|at| node(at).parse().unwrap());
    let direction = Direction::NodeOneToTwo;
    let refused = vec![
        // Whose capacity is another one than what is served.
        opened(known, ends, Some(Msat::from_msat(5000))),
        GraphDelta::PolicyUpdated { short_channel_id: unknown, direction, policy: policy() },
        GraphDelta::ChannelClosed { short_channel_id: unknown },
    ];
    let some = [refused.as_slice(), &[opened(new, ends, None)], refused.as_slice()].concat();
    let closed = vec![GraphDelta::ChannelClosed { short_channel_id: new }];
    for (deltas, counts, told) in [
        (some, (1, 6), vec![json!("channel_opened")]),
        (refused, (0, 3), vec![]),
        (closed, (1, 0), vec![json!("channel_closed")]),
    ] {
        let made = service.app.change(Change::Graph(deltas)).await.unwrap();
        assert_eq!(made.effect, Effect::Graph { applied: counts.0, refused: counts.1 });
        let (kind, data) = events.next().await;
        assert_eq!((kind.as_str(), &data["seq"]), ("graph", &json!(made.seq)), "numbers have no gaps");
        let changes = data["changes"].as_array().cloned().unwrap_or_default();
        assert_eq!(changes.iter().map(|change| change["change"].clone()).collect::<Vec<_>>(), told);
        assert!(changes.iter().all(|change| change["short_channel_id"] == "7x8x9"), "{data}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_too_slow_is_told_how_much_it_missed() {
    const CHANGE_COUNT: u64 = 100;
    let limits = Limits { write_timeout: LONG, ..Limits::default() };
    let service = Service::of(line_graph(), Settings { limits, ..Settings::default() }).await;
    // The server sends no more than a small piece before somebody reads it.
    let client = Client::builder().http2_prior_knowledge().http2_initial_stream_window_size(16_384);
    let response = client.build().unwrap().get(service.url("/api/v1/events")).send().await.unwrap();
    let mut events = Events { response, text: String::new() };
    let short_channel_id = "1x1x0".parse().unwrap();
    let direction = Direction::NodeOneToTwo;
    let updated = GraphDelta::PolicyUpdated { short_channel_id, direction, policy: policy() };
    for _ in 0..CHANGE_COUNT {
        // As many as are told together, so that only the newest ones are kept.
        service.app.change(Change::Graph(vec![updated.clone(); 1000])).await.unwrap();
    }
    let (mut heard, mut missed) = (0, 0);
    loop {
        assert!(heard + missed < CHANGE_COUNT, "nothing was missed");
        let event = events.next_text().await;
        if field(&event, "event") == Some("missed") {
            missed += field(&event, "data").unwrap().parse::<u64>().unwrap();
            continue;
        }
        heard += 1;
        let (_, seq) = field(&event, "id").unwrap().split_once('-').unwrap();
        assert_eq!(seq, (heard + missed).to_string());
        if missed > 0 {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_again_hears_what_came_meanwhile() {
    let keys = vec![key("one", "first"), key("two", "second")];
    let service = Service::of(line_graph(), Settings { keys, ..Settings::default() }).await;
    let mut events = Events::of(&service, "one").await;
    let begun = events.next_id().await;
    let first = change_all(&service, "one", "mine").await;
    let (_, heard) = events.next().await;
    assert_eq!(heard["seq"], first[0].1["seq"]);
    let run = begun.split_once('-').unwrap().0;
    let id = format!("{run}-{}", heard["seq"]);
    drop(events);
    // What others change is passed over when it is heard again, too.
    change_all(&service, "two", "theirs").await;
    let graph = service.app.change(Change::Graph(Vec::new())).await.unwrap();
    for (behind, unheard) in [(&id, &first[1..]), (&begun, &first[..])] {
        let mut events = Events::behind(&service, "one", Some(behind)).await;
        for (kind, answer) in unheard {
            let (heard, data) = events.next().await;
            assert_eq!((heard.as_str(), &data["seq"]), (*kind, &answer["seq"]), "{data}");
        }
        assert_eq!(events.next().await.1["seq"], graph.seq);
        // Behind what is old the new begins.
        assert_eq!(events.next_id().await, format!("{run}-{}", graph.seq));
    }
    let mut events = Events::behind(&service, "one", Some(&format!("{run}-{}", graph.seq))).await;
    let new = service.app.change(Change::Graph(Vec::new())).await.unwrap();
    assert_eq!(events.next().await.1["seq"], new.seq);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_too_old_or_unknown_begins_with_what_is_missed() {
    let service = Service::line().await;
    // Nobody listens to these.
    for _ in 0..3 {
        service.app.change(Change::Graph(Vec::new())).await.unwrap();
    }
    let mut events = Events::of(&service, "anybody").await;
    let begun = events.next_id().await;
    let (run, seq) = begun.split_once('-').unwrap();
    assert_eq!(seq, "3");
    let last = service.app.change(Change::Graph(Vec::new())).await.unwrap();
    let old = format!("{run}-1");
    let later = format!("{run}-5");
    for (id, missed) in [(old.as_str(), "2"), (&later, "null"), ("4", "null"), ("0-0", "null"), ("x", "null")]
    {
        let mut events = Events::behind(&service, "anybody", Some(id)).await;
        let first = events.next_text().await;
        assert_eq!((field(&first, "event"), field(&first, "data")), (Some("missed"), Some(missed)), "{id}");
        if id == old {
            assert_eq!(events.next().await.1["seq"], last.seq, "what is kept is told behind it");
        }
        assert_eq!(events.next_id().await, format!("{run}-{}", last.seq), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_end_when_the_server_stops() {
    let limits = Limits { drain_timeout: LONG, ..Limits::default() };
    let service = Service::of(line_graph(), Settings { limits, ..Settings::default() }).await;
    let Events { mut response, .. } = Events::of(&service, "anybody").await;
    let stopping = tokio::spawn(service.stop());
    let end = async { while response.chunk().await.unwrap().is_some() {} };
    timeout(PATIENCE, end).await.expect("the stream ends");
    timeout(PATIENCE, stopping).await.expect("nothing goes on").unwrap();
}

/// Longer than any machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// A limit that no test waits for.
const LONG: Duration = Duration::from_secs(3600);
