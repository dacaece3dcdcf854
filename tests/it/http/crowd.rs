//! More clients than can be answered, and clients that leave.

use std::sync::mpsc;
use std::time::Duration;

use engine::stop::Stop;
use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};
use server::http::tenant::Caller;
use server::http::work::Lane;
use server::http::{Limits, Settings};
use tokio::task::JoinHandle;

use super::service::{Answer, Service, line_graph, node};

/// A server with one thread for searches, one place in its queue, and a job on the thread that ends when told to.
async fn busy() -> (Service, mpsc::Sender<()>, JoinHandle<()>) {
    let limits = Limits { queue_size: 1, ..Limits::default() };
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
    let caller = Caller::new(service.app.accounts().find(None).unwrap().clone());
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
