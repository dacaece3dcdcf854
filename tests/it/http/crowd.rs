//! More clients than can be answered, and clients that leave.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use engine::stop::Stop;
use engine::synthetic::{SyntheticConfig, generate};
use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};
use server::http::tenant::Caller;
use server::http::work::Lane;
use server::http::{Limits, Settings};
use tokio::task::JoinHandle;

use super::service::{Answer, Service, line_graph, node};

/// A server with one thread for searches, one place in its queue where one may wait for long, and a job on the thread that
/// ends when told to.
async fn busy() -> (Service, mpsc::Sender<()>, JoinHandle<()>) {
    let [queue_wait_min, queue_wait_max] = [Duration::from_secs(60); 2];
    let limits = Limits { queue_size: 1, queue_wait_min, queue_wait_max, ..Limits::default() };
    let settings = Settings { search_threads: 1, limits, ..Settings::default() };
    let service = Service::of(line_graph(), settings).await;
    let (end, ended) = mpsc::channel::<()>();
    let (begin, mut begun) = tokio::sync::mpsc::channel(1);
    let app = service.app.clone();
    let job = tokio::spawn(async move {
        let job = app.pool().run(Lane::Heavy, Stop::new(), move |_| {
            begin.blocking_send(()).unwrap();
            let _ = ended.recv();
        });
        job.await.unwrap();
    });
    begun.recv().await.unwrap();
    (service, end, job)
}

fn plan() -> Value {
    json!({"query": {"src": node(1), "dst": node(4), "amount_msat": 1_000_000}})
}

/// Waits for something that comes.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..6000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came");
}

async fn metric(service: &Service, name: &str) -> Option<f64> {
    let text = service.get("/metrics").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.map(|value| value.parse().unwrap())
}

/// Answers to many who ask at the same time.
async fn crowd<F: Future<Output = Answer> + Send + 'static>(ask: impl Fn() -> F) -> Vec<Answer> {
    let asking: Vec<JoinHandle<Answer>> = (0..64).map(|_| tokio::spawn(ask())).collect();
    let mut answers = Vec::new();
    for answer in asking {
        answers.push(answer.await.unwrap());
    }
    answers
}

/// A server that bears no wait at all, be it nanoseconds; of those who come together it serves one all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_waited_for_too_long_is_refused_and_who_watches_is_answered() {
    let limits =
        Limits { queue_wait_min: Duration::ZERO, queue_wait_max: Duration::ZERO, ..Limits::default() };
    let service = Arc::new(Service::of(line_graph(), Settings { limits, ..Settings::default() }).await);
    let ask = || {
        let service = Arc::clone(&service);
        let asked = json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000});
        async move { service.post("/api/v1/routes", &asked).await }
    };
    let (mut is_served, mut is_refused) = (false, false);
    until(async || {
        for answer in crowd(ask).await {
            is_served |= answer.status == 200;
            is_refused |= answer.status != 200 && answer.problem(503)["retry_after_s"] == 1;
        }
        is_served && is_refused
    })
    .await;
    // A facade's clients hear it in their own words.
    let ask = || {
        let service = Arc::clone(&service);
        async move { service.get("/lnd/v1/graph/info").await }
    };
    until(async || {
        let answers = crowd(ask).await;
        let refused = answers.iter().find(|answer| answer.status == 503);
        refused.is_some_and(|it| serde_json::from_str::<Value>(&it.text).unwrap()["code"].is_number())
    })
    .await;
    for path in ["/healthz", "/readyz", "/metrics", "/api/v1/status", "/"] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
    assert!(metric(&service, "fulgurite_shed_total{reason=\"busy\"}").await.unwrap() >= 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_no_room_is_told_when_to_come_back() {
    let (service, end, job) = busy().await;
    let ask = || service.client.post(service.url("/api/v1/plans")).json(&plan()).send();
    let patient = tokio::spawn(ask());
    until(async || service.app.pool().waiting().iter().sum::<usize>() == 1).await;
    let refused = ask().await.unwrap();
    assert_eq!(refused.headers()[RETRY_AFTER], "1");
    let problem = Answer::of(refused).await.problem(503);
    assert_eq!((&problem["code"], &problem["retry_after_s"]), (&json!("busy"), &json!(1)));
    // In the words of others, too.
    let lnd = service.client.post(service.url("/cln/v1/getroutes")).json(&json!({
        "source": node(1), "destination": node(4), "amount_msat": 1_000_000, "layers": [], "maxfee_msat": 1_000_000,
        "final_cltv": 18,
    }));
    let refused = lnd.send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()[RETRY_AFTER]), (503, &"1".parse().unwrap()));
    assert_eq!(metric(&service, "fulgurite_shed_total{reason=\"busy\"}").await, Some(2.0));
    // What needs no thread goes on, and who waited is answered.
    let route = json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000});
    assert_eq!(service.post("/api/v1/routes", &route).await.status, 200);
    end.send(()).unwrap();
    assert_eq!(patient.await.unwrap().unwrap().status(), 200);
    job.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_when_its_client_leaves() {
    let (service, end, job) = busy().await;
    assert_eq!(metric(&service, "fulgurite_abandoned_total").await, Some(0.0));
    let request = service.client.post(service.url("/api/v1/plans")).json(&plan());
    let client = tokio::spawn(request.send());
    until(async || service.app.pool().waiting().iter().sum::<usize>() == 1).await;
    client.abort();
    until(async || metric(&service, "fulgurite_abandoned_total").await == Some(1.0)).await;
    end.send(()).unwrap();
    job.await.unwrap();
    assert_eq!(metric(&service, "fulgurite_settled_nodes_total").await, Some(0.0), "it was never begun");

    // One that runs hears of it by the flag that its query carries.
    let caller = Caller::new(service.app.accounts().find(None).unwrap().clone(), std::time::Instant::now());
    let (begin, mut begun) = tokio::sync::mpsc::channel(1);
    let (end, ended) = mpsc::channel();
    let app = service.app.clone();
    let search = tokio::spawn(async move {
        let job = app.search(&caller, Lane::Heavy, move |worker| {
            begin.blocking_send(()).unwrap();
            while !worker.stop.is_set() {
                std::thread::yield_now();
            }
            end.send(()).unwrap();
        });
        job.await
    });
    begun.recv().await.unwrap();
    search.abort();
    tokio::task::spawn_blocking(move || ended.recv_timeout(Duration::from_secs(60)).unwrap()).await.unwrap();
    assert_eq!(metric(&service, "fulgurite_abandoned_total").await, Some(2.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_the_server_ends_was_not_left_by_its_client() {
    let (service, end, job) = busy().await;
    service.app.set_limits(Limits { request_timeout: Duration::from_millis(200), ..Limits::default() });
    assert_eq!(service.post("/api/v1/plans", &plan()).await.problem(408)["code"], "timeout");
    service.app.set_limits(Limits::default());
    assert_eq!(metric(&service, "fulgurite_abandoned_total").await, Some(0.0));
    end.send(()).unwrap();
    job.await.unwrap();
}

/// What a handler is asked, and whether it would ever end.
struct Long {
    path: &'static str,
    body: String,
    is_endless: bool,
}

/// Requests whose searches take long, or nearly forever: of the two largest nodes, between which many paths lead.
async fn long_ones(service: &Service) -> Vec<Long> {
    let nodes = service.get("/api/v1/graph/suggestions").await.json()["nodes"].clone();
    let (src, dst) = (&nodes[0]["node_id"], &nodes[1]["node_id"]);
    let query = json!({"src": src, "dst": dst, "amount_msat": 1_000_000});
    let maximum = json!({"query": query});
    let most = service.post("/api/v1/plans/maximum", &maximum).await.json()["maximum_msat"].as_u64().unwrap();
    let large = json!({"src": src, "dst": dst, "amount_msat": most / 4});
    let plan = json!({"query": large, "part_count_max": 100, "frontier": 3});
    let mut further = query.clone();
    further["alternatives"] = json!(LONG_COUNT);
    let long = |path, body: String, is_endless| Long { path, body, is_endless };
    vec![
        long("/api/v1/routes", further.to_string(), true),
        long("/api/v1/batch", format!("{query}\n").repeat(20_000), true),
        long("/api/v1/plans", plan.to_string(), false),
        long("/api/v1/plans/maximum", maximum.to_string(), false),
        long("/api/v1/reach", json!({"node": src, "amount_msat": 1000}).to_string(), false),
    ]
}

/// Alternatives that take minutes to find.
const LONG_COUNT: u16 = 5000;

/// Waits for something that comes, and looks as often as it can.
async fn at_once(is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looking).await.expect("it comes");
}

/// The handlers' own searches: while one runs, its client leaves, and the thread is free before the search would have ended.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_request_searches_ends_when_its_client_leaves() {
    let limits = Limits { work_max: 1 << 26, alternative_count_max: LONG_COUNT, ..Limits::default() };
    let settings = Settings { search_threads: 1, limits, ..Settings::default() };
    let graph = generate(&SyntheticConfig::new(3, 50_000), &mut |_| {}).unwrap();
    let service = Service::of(graph, settings).await;
    let searching = || service.app.metrics().searching();
    let settled = async || metric(&service, "fulgurite_settled_nodes_total").await.unwrap();
    let abandoned = async || metric(&service, "fulgurite_abandoned_total").await.unwrap();
    for Long { path, body, is_endless } in long_ones(&service).await {
        let before = settled().await;
        if !is_endless {
            service.post_text(path, body.clone()).await;
        }
        let whole = settled().await - before;
        assert!(is_endless || whole > 0.0, "{path}");
        until(async || {
            let (left, begun) = (abandoned().await, settled().await);
            let request = service.client.post(service.url(path)).body(body.clone());
            let client = tokio::spawn(async move { request.send().await?.bytes().await });
            at_once(|| client.is_finished() || searching() > 0).await;
            client.abort();
            at_once(|| searching() == 0).await;
            // Whoever was too late tries again.
            let is_cut_off = is_endless || settled().await - begun < whole;
            abandoned().await > left && is_cut_off
        })
        .await;
        // Of those that left before a thread was free, it looks at nothing but that.
        until(async || metric(&service, "fulgurite_searching").await == Some(0.0)).await;
    }
    // The one thread is free for others.
    assert_eq!(service.get("/api/v1/graph").await.status, 200);
}
