//! What reports taught is told in the forms that we and our peers read.

use engine::belief::exchange::{Learnt, read_beliefs, read_layers, read_ldk_scores, read_mission_control};
use engine::belief::{Beliefs, HalfLives};
use engine::graph::Topology;
use engine::snapshot::Snapshot;
use primitives::{Direction, Msat, ShortChannelId, UnixTime};
use serde_json::{Value, json};

use super::service::{Service, line_graph};

/// Channels 4 and 1 of the line, of 1,000 million msat.
const REFUSED: &str = "4x1x0/0";
const CARRIED: &str = "1x1x0/0";

fn attempt(channel: &str, outcome: Value) -> Value {
    let mut attempt = json!({"path": [{"channel": channel, "amount_msat": 7_000_000}]});
    attempt.as_object_mut().unwrap().extend(outcome.as_object().unwrap().clone());
    attempt
}

async fn taught() -> Service {
    let service = Service::line().await;
    let refused = json!({"outcome": "failed", "erring_node": 0, "failure_code": 0x1007});
    service.post("/api/v1/feedback", &attempt(REFUSED, refused)).await.json();
    service.post("/api/v1/feedback", &attempt(CARRIED, json!({"outcome": "reached"}))).await.json();
    service
}

async fn told(service: &Service, form: &str) -> Vec<u8> {
    let response = service.client.get(service.url(&format!("/api/v1/beliefs{form}"))).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let kind = if form.ends_with("lnd") || form.ends_with("cln") { "json" } else { "octet-stream" };
    assert!(response.headers()["content-type"].to_str().unwrap().ends_with(kind), "{form}");
    response.bytes().await.unwrap().to_vec()
}

/// What a fresh table holds of both channels' first directions once it was told.
fn learnt(snapshot: &Snapshot, read: impl FnOnce(&mut dyn FnMut(ShortChannelId, Learnt))) -> [[u64; 2]; 2] {
    let beliefs = Beliefs::new(snapshot, HalfLives::default());
    let mut last = UnixTime::default();
    read(&mut |name, learnt| {
        assert!(beliefs.take(name, learnt));
        last = match learnt {
            Learnt::Bounds(bounds) => bounds.floors[0].learnt.max(bounds.floors[1].learnt).max(last),
            Learnt::Carried(.., at) | Learnt::Refused(.., at) | Learnt::Settled(.., at) => at.max(last),
            Learnt::Paid(_, paid) => paid.at.max(last),
        };
    });
    let whole = Msat::from_msat(1_000_000_000);
    [REFUSED, CARRIED].map(|channel| {
        let (name, _) = channel.split_once('/').unwrap();
        let channel = snapshot.channel(name.parse().unwrap()).unwrap().to_u32();
        let (lower, upper) = beliefs.view(last).bounds(channel, Direction::NodeOneToTwo, whole);
        [lower, upper].map(Msat::to_msat)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reports_taught_is_told_in_four_forms() {
    let service = taught().await;
    let snapshot = Snapshot::from_topology(Topology::build(line_graph()).unwrap());
    let expected = [[0, 6_999_999], [7_000_000, 1_000_000_000]];
    let (own, lnd, cln, ldk) = (
        told(&service, "").await,
        told(&service, "?form=lnd").await,
        told(&service, "?form=cln").await,
        told(&service, "?form=ldk").await,
    );
    assert_eq!(own, told(&service, "?form=fulgurite").await);
    let found = [
        learnt(&snapshot, |sink| _ = read_beliefs(&own, sink).unwrap()),
        learnt(&snapshot, |sink| _ = read_mission_control(&lnd, &snapshot, sink).unwrap()),
        learnt(&snapshot, |sink| read_layers(&cln, UnixTime::default(), sink).unwrap()),
        learnt(&snapshot, |sink| _ = read_ldk_scores(&ldk, sink).unwrap()),
    ];
    for (found, form) in found.into_iter().zip(["own", "lnd", "cln", "ldk"]) {
        for (found, expected) in found.into_iter().flatten().zip(expected.into_iter().flatten()) {
            // LND keeps some amounts in sat.
            assert!(found.abs_diff(expected) <= 1000, "{form}: {found} instead of {expected}");
        }
    }
    let bad = service.get("/api/v1/beliefs?form=eclair").await.problem(422);
    assert_eq!((&bad["code"], &bad["field"]), (&json!("bad_field"), &json!("form")));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_reported_nothing_is_told_nothing() {
    let service = Service::line().await;
    let mut count = 0;
    assert_eq!(read_beliefs(&told(&service, "").await, |_, _| count += 1).unwrap(), 0);
    assert_eq!(read_ldk_scores(&told(&service, "?form=ldk").await, |_, _| count += 1).unwrap(), 0);
    assert_eq!(count, 0);
    assert_eq!(
        serde_json::from_slice::<Value>(&told(&service, "?form=lnd").await).unwrap(),
        json!({"pairs": []})
    );
}
