//! What tenants have outlives the server.

use std::fs;
use std::path::Path;
use std::time::Duration;

use engine::belief::{FailureCode, Outcome};
use engine::graph::Topology;
use engine::layer::{BiasStep, CreatedChannel, Inform, PolicyChange, Side, write_layers};
use engine::reserve::{Htlc, ReservationId};
use engine::snapshot::ChannelGraph;
use primitives::{Direction, Msat, NodeId, ShortChannelId, ShortChannelIdDir, UnixTime};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use reqwest::Method;
use serde_json::{Value, json};
use server::http::applier::{Applier, ApplierError, Attempt, Change, Damage, LayerEdit, StateError};
use server::http::tenant::{KeyHash, KeySettings, Scope};
use server::http::{Settings, StartError};
use tempfile::TempDir;

use super::service::{Answer, Service, line_graph, node};

/// A key of a tenant that may all but run the server; it is its own name.
pub(super) fn key(name: &str, tenant: &str) -> KeySettings {
    KeySettings {
        name: name.to_owned(),
        hash: KeyHash::of(name.as_bytes()),
        tenant: tenant.to_owned(),
        scopes: vec![Scope::Read, Scope::Write],
        requests: None,
        work: None,
    }
}

/// A server with its state in a folder. One that has just ended may hold the folder for a moment.
async fn try_serve(folder: &Path, keys: &[KeySettings]) -> Result<Service, StateError> {
    for _ in 0..6000 {
        let (state, keys) = (Some(folder.to_owned()), keys.to_vec());
        match Service::try_of(line_graph(), Settings { state, keys, ..Settings::default() }).await {
            Err(StartError::Applier(ApplierError::State(StateError::Locked { .. }))) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(StartError::Applier(ApplierError::State(error))) => return Err(error),
            started => return Ok(started.unwrap()),
        }
    }
    panic!("the former server never let go of its state");
}

async fn serve(folder: &Path, keys: &[KeySettings]) -> Service {
    try_serve(folder, keys).await.unwrap()
}

async fn ask(service: &Service, key: &str, method: Method, path: &str, body: &Value) -> Value {
    let request = service.client.request(method, service.url(path)).bearer_auth(key).json(body);
    Answer::of(request.send().await.unwrap()).await.json()
}

fn query(layers: &[&str]) -> Value {
    json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000, "cost": {"model": "fee"}, "layers": layers})
}

/// All that a key's tenant can see of what it has.
async fn all(service: &Service, key: &str) -> Vec<Value> {
    let mut told = Vec::new();
    for path in ["/api/v1/layers", "/lnd/v2/router/mc"] {
        told.push(ask(service, key, Method::GET, path, &Value::Null).await);
    }
    // How old the graph is and how long an answer took is not of the tenant.
    told[0] = told[0]["layers"].take();
    let names: Vec<String> =
        told[0].as_array().unwrap().iter().map(|layer| layer["name"].as_str().unwrap().to_owned()).collect();
    for name in names {
        let path = format!("/api/v1/layers/{name}");
        told.push(ask(service, key, Method::GET, &path, &Value::Null).await);
    }
    let mut reserved = ask(service, key, Method::GET, "/api/v1/reservations", &Value::Null).await;
    for htlc in reserved["htlcs"].as_array_mut().unwrap() {
        htlc.as_object_mut().unwrap().remove("age_s");
    }
    told.push(reserved["htlcs"].take());
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_nothing_and_mixes_nothing_up() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (key("one", "first"), key("two", "second"));
    let service = serve(folder.path(), &[one.clone(), two.clone()]).await;
    let post = Method::POST;
    ask(&service, "one", Method::PUT, "/api/v1/layers/mine", &Value::Null).await;
    let edits = json!([
        {"edit": "disable_channel", "channel": "4x1x0/0"},
        {"edit": "inform_channel", "channel": "1x1x0/0", "amount_msat": 7_000_000, "outcome": "constrained"},
        {"edit": "bias_node", "node_id": node(3), "side": "in", "bias": 7, "description": "near"},
        {"edit": "create_channel", "short_channel_id": "9x1x0", "node_1": node(1), "node_2": node(3), "capacity_msat": 5_000_000},
    ]);
    ask(&service, "one", post.clone(), "/api/v1/layers/mine/edits", &edits).await;
    let passing = json!({"layer": "passing"});
    ask(&service, "two", post.clone(), "/cln/v1/askrene-create-layer", &passing).await;
    let kept = json!({"layer": "kept", "persistent": true});
    ask(&service, "two", post.clone(), "/cln/v1/askrene-create-layer", &kept).await;
    let path =
        json!({"path": [{"channel": "2x1x0/0", "amount_msat": 5}, {"channel": "3x1x0/0", "amount_msat": 4}]});
    for _ in 0..3 {
        ask(&service, "two", post.clone(), "/api/v1/reservations", &path).await;
    }
    ask(&service, "two", Method::DELETE, "/api/v1/reservations/2", &Value::Null).await;
    // What is learnt fades: half of what is asked for later is refused for longer than any machine is slow.
    let failed = json!({
        "path": [{"channel": "4x1x0/0", "amount_msat": 500_000}],
        "outcome": "failed", "erring_node": 0, "failure_code": 0x1007,
    });
    ask(&service, "two", post.clone(), "/api/v1/feedback", &failed).await;
    let before = [all(&service, "one").await, all(&service, "two").await];
    service.stop().await;

    // Keys in another order, and one more for the first tenant.
    let service = serve(folder.path(), &[two, key("three", "first"), one]).await;
    let mut told = [all(&service, "three").await, all(&service, "two").await];
    assert_eq!(told[0], before[0]);
    // A layer that nobody wanted kept is gone; nothing else is.
    assert_eq!(told[1][0], json!([{"name": "kept", "entry_count": 0}]));
    told[1][0] = before[1][0].clone();
    let mut expected = before[1].clone();
    expected.retain(|told| told["layers"][0]["layer"] != "passing");
    assert_eq!(told[1], expected);
    let route = |key: &'static str, layers: &[&str]| {
        let body = query(layers);
        let service = &service;
        async move { ask(service, key, Method::POST, "/api/v1/routes", &body).await["hops"].clone() }
    };
    assert_eq!(route("one", &[]).await, 1, "what the other one reported does not count");
    assert_eq!(route("one", &["mine"]).await, 3);
    assert_eq!(route("two", &[]).await, 3, "the direct channel failed before the restart");
    // The id that was released is not given again.
    let next = ask(&service, "two", post, "/api/v1/reservations", &path).await;
    assert_eq!(next["reservation"], 3);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_line_is_cut_off_and_a_damaged_one_is_told() {
    let folder = TempDir::new().unwrap();
    let service = serve(folder.path(), &[]).await;
    for name in ["a", "b"] {
        ask(&service, "", Method::PUT, &format!("/api/v1/layers/{name}"), &Value::Null).await;
    }
    service.stop().await;
    let file = folder.path().join("tenants");
    let whole = fs::read(&file).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|&byte| byte == b'\n').collect();
    assert_eq!(lines.len(), 3, "a header, and a line for each change");
    for torn in [&lines[2][..0], &lines[2][..1], &lines[2][..lines[2].len() - 1]] {
        fs::write(&file, [lines[0], lines[1], torn].concat()).unwrap();
        let service = serve(folder.path(), &[]).await;
        let layers = ask(&service, "", Method::GET, "/api/v1/layers", &Value::Null).await;
        assert_eq!(layers["layers"].as_array().unwrap().len(), 1);
        service.stop().await;
        assert_eq!(fs::read(&file).unwrap(), [lines[0], lines[1]].concat());
    }
    let refused = async |bytes: Vec<u8>| {
        fs::write(&file, &bytes).unwrap();
        let Err(error) = try_serve(folder.path(), &[]).await else { panic!("it started") };
        assert_eq!(fs::read(&file).unwrap(), bytes, "what is damaged is left as it is");
        error
    };
    for at in lines[0].len()..whole.len() - lines[2].len() - 1 {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 1;
        let error = refused(spoilt).await;
        assert!(matches!(error, StateError::Damaged { line: 2, .. }), "{at}: {error}");
    }
    // The same line twice is whole, and makes no sense.
    let twice = refused([lines[0], lines[1], lines[1]].concat()).await;
    assert!(matches!(twice, StateError::Damaged { line: 3, damage: Damage::Layer(_), .. }), "{twice}");
    assert!(matches!(refused(b"another file\n".to_vec()).await, StateError::Header { .. }));
    assert!(matches!(refused(b"another".to_vec()).await, StateError::Header { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_do_not_share_a_state() {
    let folder = TempDir::new().unwrap();
    let service = serve(folder.path(), &[]).await;
    let settings = Settings { state: Some(folder.path().to_owned()), ..Settings::default() };
    let Err(error) = Service::try_of(line_graph(), settings).await else { panic!("it started") };
    assert!(error.to_string().contains("another server uses this state"), "{error}");
    service.stop().await;
}

fn channels() -> impl Strategy<Value = ShortChannelIdDir> {
    (1..6_u32, select(Direction::BOTH.to_vec())).prop_map(|(block, direction)| ShortChannelIdDir {
        short_channel_id: ShortChannelId::from_parts(block, 1, 0).unwrap(),
        direction,
    })
}

fn node_ids() -> impl Strategy<Value = NodeId> {
    (1..5_u8).prop_map(|at| node(at).parse().unwrap())
}

fn amounts() -> impl Strategy<Value = Msat> {
    (1..1_000_000_000_u64).prop_map(Msat::from_msat)
}

fn steps() -> impl Strategy<Value = BiasStep> {
    prop_oneof![(-100..=100_i8).prop_map(BiasStep::To), (-20..=20_i8).prop_map(BiasStep::By)]
}

fn edits() -> impl Strategy<Value = LayerEdit> {
    let inform = select(vec![Inform::Constrained, Inform::Unconstrained, Inform::Succeeded]);
    let created = (channels(), node_ids(), node_ids(), amounts());
    let update = (
        option::of(any::<bool>()),
        option::of(amounts()),
        option::of(any::<u32>()),
        option::of(any::<u16>()),
    );
    prop_oneof![
        2 => any::<bool>().prop_map(|persistent| LayerEdit::Create { persistent }),
        1 => Just(LayerEdit::Remove),
        2 => created.prop_map(|(channel, one, two, capacity)| LayerEdit::CreateChannel {
            short_channel_id: channel.short_channel_id,
            channel: CreatedChannel { node_ids: [one, two], capacity },
        }),
        2 => (channels(), update).prop_map(|(channel, (enabled, maximum, base, delta))| {
            let change = PolicyChange {
                enabled,
                htlc_minimum_msat: None,
                htlc_maximum_msat: maximum,
                fee_base_msat: base,
                fee_proportional_millionths: base.map(|base| base / 3),
                cltv_expiry_delta: delta,
            };
            LayerEdit::UpdateChannel(channel, change)
        }),
        1 => channels().prop_map(LayerEdit::RemoveChannelUpdate),
        3 => (channels(), amounts(), inform)
            .prop_map(|(channel, amount, inform)| LayerEdit::InformChannel(channel, amount, inform)),
        2 => (channels(), steps(), option::of("[a-z ]{0,9}"))
            .prop_map(|(channel, step, why)| LayerEdit::BiasChannel(channel, step, why)),
        2 => (node_ids(), select(vec![Side::In, Side::Out]), steps(), option::of("[a-z]{0,9}"))
            .prop_map(|(node, side, step, why)| LayerEdit::BiasNode(node, side, step, why)),
        1 => node_ids().prop_map(LayerEdit::DisableNode),
        1 => channels().prop_map(LayerEdit::DisableChannel),
        1 => any::<u32>().prop_map(|at| LayerEdit::Age(UnixTime::from_secs(at))),
    ]
}

/// A change but for its tenant.
#[derive(Debug, Clone)]
enum Step {
    Layer(String, LayerEdit),
    Reserve(Vec<Htlc>),
    Release(u64),
    Learn(Attempt),
}

fn changes() -> impl Strategy<Value = Vec<(bool, Step)>> {
    let path = || vec((channels(), amounts()).prop_map(|(channel, amount)| Htlc { channel, amount }), 1..4);
    let outcome = prop_oneof![
        Just(Outcome::Settled),
        Just(Outcome::Reached),
        Just(Outcome::Failed { erring_node: 0, code: FailureCode::TemporaryChannelFailure }),
    ];
    let at = (1_700_000_000..1_900_000_000_u32).prop_map(UnixTime::from_secs);
    let step = prop_oneof![
        5 => (select(vec!["a", "b"]), edits()).prop_map(|(name, edit)| Step::Layer(name.to_owned(), edit)),
        2 => path().prop_map(Step::Reserve),
        1 => (0..6_u64).prop_map(Step::Release),
        2 => (path(), outcome, at).prop_map(|(path, outcome, at)| Step::Learn(Attempt { path, outcome, at })),
    ];
    vec((any::<bool>(), step), 1..40)
}

/// What a tenant has, but for layers that are not kept.
async fn known(applier: &Applier, name: &str) -> Vec<String> {
    let (tenant, view) = applier.tenant(name).await.unwrap();
    let mut told = Vec::new();
    for layer in view.layers.list().iter().filter(|layer| layer.is_persistent()) {
        let mut document = Vec::new();
        write_layers([&**layer], &mut document).unwrap();
        told.push(String::from_utf8(document).unwrap());
    }
    let reserved = applier.look(tenant, |book| {
        let mut all: Vec<_> =
            book.reservations().iter().map(|(id, path, at)| (id, path.to_vec(), at)).collect();
        all.sort_by_key(|(id, ..)| *id);
        format!("{all:?} {:?}", book.reservations().next_id())
    });
    told.push(reserved.await.unwrap());
    let beliefs = view.beliefs.load_full();
    let beliefs = beliefs
        .iter()
        .flat_map(|beliefs| beliefs.known().map(|known| format!("{known:?} {:?}", beliefs.paid(known.0))));
    told.extend(beliefs);
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn whatever_was_changed_is_the_same_after_a_restart(changes in changes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = TempDir::new().unwrap();
        let start = || {
            let (_, writer) = ChannelGraph::new(Topology::build(line_graph()).unwrap());
            Applier::start(writer, 1000, Some(folder.path())).unwrap()
        };
        let (before, after) = runtime.block_on(async {
            let (applier, thread) = start();
            let tenants = [applier.tenant("x").await.unwrap().0, applier.tenant("y").await.unwrap().0];
            for (place, step) in changes {
                let tenant = tenants[usize::from(place)];
                let change = match step {
                    Step::Layer(name, edit) => Change::Layer { tenant, name, edit },
                    Step::Reserve(path) => Change::Reserve { tenant, path },
                    Step::Release(id) => Change::Release { tenant, id: ReservationId::from_u64(id) },
                    Step::Learn(attempt) => Change::Learn { tenant, attempt },
                };
                // Many are refused, as of layers that are not there.
                let _ = applier.apply(change).await;
            }
            let before = [known(&applier, "x").await, known(&applier, "y").await];
            drop(applier);
            thread.join();
            let (applier, thread) = start();
            // In another order than before.
            let y = known(&applier, "y").await;
            let after = [known(&applier, "x").await, y];
            drop(applier);
            thread.join();
            (before, after)
        });
        prop_assert_eq!(before, after);
    }
}
