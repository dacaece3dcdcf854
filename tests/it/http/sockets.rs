//! Connections that mean no good, and an end in good order.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use engine::graph::GraphBuilder;
use engine::import::read_graph;
use engine::stop::Stop;
use serde_json::json;
use server::http::work::{Lane, Worker};
use server::http::{Limits, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::service::{Answer, COLUMNS, Service, line_graph, node};

async fn impatient(limits: Limits) -> Service {
    Service::of(line_graph(), Settings { limits, ..Settings::default() }).await
}

/// Reads until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end, too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the server closes in the end");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_is_cut_off_and_others_are_served() {
    let service = impatient(Limits { head_timeout: SHORT, ..Limits::default() }).await;
    let mut slow = Vec::new();
    for beginning in
        ["", "P", "PRI * HTTP", "GET /healthz HTT", "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: 1"]
    {
        for _ in 0..20 {
            let mut stream = TcpStream::connect(service.address).await.unwrap();
            stream.write_all(beginning.as_bytes()).await.unwrap();
            slow.push(stream);
        }
    }
    assert_eq!(service.get("/healthz").await.text, "ok\n");
    for mut stream in slow {
        assert!(!rest(&mut stream).await.contains("200 OK"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_and_a_body_that_drip_are_cut_off() {
    let limits = Limits { head_timeout: SHORT, request_timeout: SHORT, ..Limits::default() };
    let service = impatient(limits).await;
    for beginning in [
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ",
        "POST /api/v1/routes HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let (mut read, mut write) = stream.split();
        let drip = async {
            while write.write_all(b"1").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let mut bytes = Vec::new();
        let end = async { read.read_to_end(&mut bytes).await };
        timeout(PATIENCE, async {
            tokio::select! { () = drip => (), _ = end => () }
        })
        .await
        .expect("an end");
        assert!(!String::from_utf8_lossy(&bytes).contains("200 OK"));
        assert_eq!(service.get("/healthz").await.text, "ok\n");
    }
}

/// Whoever sends byte by byte wakes the server as often as a crowd does, and asks for nothing. Beside those, one client that
/// asks one thing at a time is no crowd either.
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_routes_while_many_drip_is_not_refused() {
    let limits = Limits {
        head_timeout: PATIENCE,
        request_timeout: PATIENCE,
        // In a crowd no wait at all is borne, otherwise any.
        queue_wait_min: Duration::ZERO,
        queue_wait_max: PATIENCE,
        ..Limits::default()
    };
    let service = impatient(limits).await;
    let head = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ";
    let body = "POST /api/v1/routes HTTP/1.1\r\nhost: localhost\r\ncontent-length: 200000\r\n\r\n{";
    let mut slow = Vec::new();
    for beginning in [head, body].repeat(100) {
        let mut stream = std::net::TcpStream::connect(service.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(beginning.as_bytes()).unwrap();
        slow.push(stream);
    }
    let (is_over, round_count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let dripping = {
        let (is_over, round_count) = (Arc::clone(&is_over), Arc::clone(&round_count));
        std::thread::spawn(move || {
            while !is_over.load(Relaxed) {
                // The server may close one that has gone on for long.
                if slow.iter_mut().filter_map(|stream| stream.write(b"1").ok()).count() == 0 {
                    break;
                }
                round_count.fetch_add(1, Relaxed);
            }
        })
    };
    while round_count.load(Relaxed) < 20 && !dripping.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let query = json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000});
    // Where the machine is busy with others, a refusal now and then is right; not one after the other.
    let mut refused = Vec::new();
    for turn in 0..400 {
        for _ in 0..REFUSED_MAX {
            let answer = match turn % 4 {
                0 => service.post("/api/v1/routes", &query).await,
                1 => service.get("/api/v1/graph/channels/1x1x0").await,
                2 => service.get("/api/v1/layers").await,
                _ => service.get("/healthz").await,
            };
            if answer.status == 200 {
                refused.clear();
                break;
            }
            refused.push(answer);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(refused.is_empty(), "{} were refused: {:?}", refused.len(), refused.first());
    }
    is_over.store(true, Relaxed);
    dripping.join().unwrap();
}

/// Refusals of one question.
const REFUSED_MAX: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_answered_with_a_timeout() {
    let service =
        impatient(Limits { request_timeout: Duration::from_millis(200), ..Limits::default() }).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let head = "POST /api/v1/routes HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500\r\nconnection: close\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused() {
    let limits = Limits { body_size_max: 2000, head_size_max: 8192, ..Limits::default() };
    let service = impatient(limits).await;
    let problem = service.post_text("/api/v1/routes", " ".repeat(2001)).await.problem(413);
    assert_eq!(problem["code"], "body_too_large");
    let long = "x".repeat(20_000);
    let refused = service.client.get(service.url("/healthz")).header("x-long", long).send().await.unwrap();
    assert_eq!(refused.status(), 431);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_share_a_room_and_what_finds_none_is_shed() {
    let service = impatient(Limits { bodies_size_max: 20_000, ..Limits::default() }).await;
    let head = "POST /api/v1/routes HTTP/1.1\r\nhost: localhost\r\ncontent-length: 16000\r\nconnection: close\r\n\r\n";
    let large = || service.post_text("/api/v1/plans", " ".repeat(15_000));
    // Until a slow one's bytes are read; they may find no room themselves, beside one of the others.
    let refused = timeout(PATIENCE, async {
        loop {
            let mut slow = TcpStream::connect(service.address).await.unwrap();
            slow.write_all(head.as_bytes()).await.unwrap();
            slow.write_all(&[b' '; 15_000]).await.unwrap();
            for _ in 0..20 {
                let answer = large().await;
                if answer.status == 503 {
                    return (slow, answer);
                }
            }
        }
    });
    let (mut slow, answer) = refused.await.expect("a refusal");
    assert_eq!(answer.problem(503)["code"], "busy");
    let told: serde_json::Value =
        serde_json::from_str(&service.post_text("/lnd/v2/router/route", " ".repeat(15_000)).await.text)
            .unwrap();
    assert_eq!(told["code"], 14, "each in its client's words");
    assert_eq!(
        service.post_text("/api/v1/routes", " ".repeat(3000)).await.status,
        400,
        "short ones need none"
    );
    let lines =
        format!("{}\n", json!({"src": node(1), "dst": node(4), "amount_msat": 5_000_000})).repeat(500);
    let batch = service.post_text("/api/v1/batch", lines).await;
    assert_eq!((batch.status.as_u16(), batch.text.lines().count()), (200, 500), "a batch holds little");
    slow.write_all(&[b' '; 1000]).await.unwrap();
    assert!(rest(&mut slow).await.starts_with("HTTP/1.1 400"));
    for _ in 0..5 {
        assert_eq!(large().await.status, 400, "what is answered makes room");
    }
}

/// What is held whole takes room until its client has taken it; what is made while it is sent takes none.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_takes_share_the_room_of_bodies() {
    let limits = Limits { bodies_size_max: 50_000, ..Limits::default() };
    let service = Service::of(star(), Settings { limits, ..Settings::default() }).await;
    let hub = star_node(1);
    let reach = |count_max: usize| json!({"node": hub, "amount_msat": 1000, "count_max": count_max});
    let (some, few) = (reach(300), reach(5));
    // No stream of it has a window.
    let idle = reqwest::Client::builder().http2_prior_knowledge().http2_initial_stream_window_size(0);
    let idle = idle.build().unwrap();
    let untaken = idle.post(service.url("/api/v1/reach")).json(&some).send().await.unwrap();
    assert_eq!(untaken.status(), 200);
    let size: u64 = untaken.headers()["content-length"].to_str().unwrap().parse().unwrap();
    assert!((25_001..50_000).contains(&size), "one has room, and not another one: {size}");
    assert_eq!(service.post("/api/v1/reach", &some).await.problem(503)["code"], "busy");
    service.post("/api/v1/reach", &few).await.json();
    for path in [
        format!("/api/v1/graph/nodes/{hub}?channels=4000000"),
        format!("/lnd/v1/graph/node/{hub}?include_channels=true"),
    ] {
        let answer = service.get(&path).await;
        assert_eq!(answer.json()["channels"].as_array().unwrap().len(), 400, "{path}");
        assert!(answer.text.len() > 50_000, "{path}");
    }
    drop((untaken, idle));
    // The server notices the end when it does.
    let freed = timeout(PATIENCE, async {
        while service.post("/api/v1/reach", &some).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    freed.await.expect("room");
}

/// A node with 400 neighbours that have no other one.
fn star() -> GraphBuilder {
    let mut text = COLUMNS.to_owned();
    for at in 2..402 {
        let (one, two) = (star_node(1), star_node(at));
        for dir in [0, 1] {
            text +=
                &format!("{at}x1x0,{one},{two},1000000,{dir},1000,100,40,1000,900000000,0,1700000000,0,0\n");
        }
    }
    read_graph(text.as_bytes(), &mut |_| {}).unwrap().graph
}

fn star_node(at: u16) -> String {
    format!("02{at:064x}")
}

/// A client reads the answer once it has sent all; a reset before that would take the answer away.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_a_client_that_sends_all_before_it_reads() {
    let service = impatient(Limits { body_size_max: 2000, ..Limits::default() }).await;
    for _ in 0..3 {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        let head = "POST /api/v1/routes HTTP/1.1\r\nhost: localhost\r\ncontent-length: 300000\r\nconnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // With pauses in which the server could hang up, and far within the second that it waits for the rest.
        for _ in 0..5 {
            stream.write_all(&[b' '; 60_000]).await.expect("the server still reads");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_leave_room_and_the_cap_holds() {
    let service = impatient(Limits { connection_count_max: 50, ..Limits::default() }).await;
    let mut idle = Vec::new();
    for _ in 0..49 {
        idle.push(TcpStream::connect(service.address).await.unwrap());
    }
    assert_eq!(service.get("/healthz").await.text, "ok\n");
    // The client keeps its connection, so that there are 50 now; the next one waits until one ends.
    let mut late = TcpStream::connect(service.address).await.unwrap();
    late.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut byte = [0; 1];
    assert!(timeout(Duration::from_millis(200), late.read(&mut byte)).await.is_err());
    drop(idle);
    assert!(rest(&mut late).await.contains("200 OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_does_not_take_all_the_room() {
    let service = impatient(Limits { address_connection_count_max: Some(5), ..Limits::default() }).await;
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(TcpStream::connect(service.address).await.unwrap());
        ask_healthz(held.last_mut().unwrap()).await;
    }
    let mut sixth = TcpStream::connect(service.address).await.unwrap();
    assert_eq!(rest(&mut sixth).await, "");
    drop(held);
    // The server notices the ends when it does.
    loop {
        let mut next = TcpStream::connect(service.address).await.unwrap();
        next.write_all(HEALTHZ).await.unwrap();
        if rest_of_one(&mut next).await.contains("200 OK") {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_and_goes_on() {
    let limits = Limits { queue_size: 1, ..Limits::default() };
    let settings = Settings { limits, search_threads: 1, ..Settings::default() };
    let service = Service::of(line_graph(), settings).await;
    let plan = json!({"query": {"src": node(1), "dst": node(4), "amount_msat": 1_000_000}});
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let app = service.app.clone();
    let held = tokio::spawn(async move {
        let wait = move |_: &mut Worker| {
            begun.send(()).unwrap();
            gate.recv().unwrap();
        };
        app.pool().run(Lane::Heavy, Stop::new(), wait).await
    });
    begins.await.unwrap();
    let url = service.url("/api/v1/plans");
    let waiting = tokio::spawn(service.client.post(&url).json(&plan).send());
    while service.app.pool().waiting()[1] == 0 {
        assert!(!waiting.is_finished(), "it waits for the thread");
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        let refused = service.client.post(&url).json(&plan).send().await.unwrap();
        assert_eq!(refused.headers()["retry-after"], "1");
        assert_eq!(Answer::of(refused).await.problem(503)["code"], "busy");
    }
    release.send(()).unwrap();
    held.await.unwrap().unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    service.post("/api/v1/plans", &plan).await.json();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_server_answers_to_no_foreign_name() {
    let settings = Settings { hosts: vec!["router.example".to_owned()], ..Settings::default() };
    let service = Service::of(line_graph(), settings).await;
    let get = async |path: &str, host: &str| {
        Answer::of(service.client.get(service.url(path)).header("host", host).send().await.unwrap()).await
    };
    for path in ["/", "/healthz", "/api/v1/graph", "/api/openapi.json"] {
        let problem = get(path, "evil.example:7420").await.problem(421);
        assert_eq!((&problem["code"], &problem["field"]), (&json!("misdirected"), &json!("host")));
        for host in ["localhost:7420", "127.0.0.1", "router.example:443"] {
            assert_eq!(get(path, host).await.status, 200, "{path} of {host}");
        }
    }
    // Over HTTP/2 the name is in the request's target.
    let client = reqwest::Client::builder().http2_prior_knowledge();
    let client = client.resolve("evil.example", service.address).build().unwrap();
    let url = format!("http://evil.example:{}/healthz", service.address.port());
    Answer::of(client.get(url).send().await.unwrap()).await.problem(421);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finishes_what_has_begun() {
    let service = Service::line().await;
    let body = json!({"src": node(1), "dst": node(4), "amount_msat": 1000}).to_string();
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let size = body.len();
    let head = format!("POST /api/v1/routes HTTP/1.1\r\nhost: localhost\r\ncontent-length: {size}");
    let (first, second) = body.split_at(10);
    stream.write_all(format!("{head}\r\nexpect: 100-continue\r\n\r\n").as_bytes()).await.unwrap();
    // Who is told to go on is waited for.
    let mut told = Vec::new();
    while !told.ends_with(b"\r\n\r\n") {
        let read = timeout(PATIENCE, stream.read_buf(&mut told)).await.expect("it goes on").unwrap();
        assert!(read > 0, "it goes on");
    }
    assert!(told.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&told));
    stream.write_all(first.as_bytes()).await.unwrap();
    let (address, app) = (service.address, service.app.clone());
    let stopping = tokio::spawn(service.stop());
    while !app.is_stopping() || TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(second.as_bytes()).await.unwrap();
    assert!(rest(&mut stream).await.contains("\"hops\":1"));
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_for_too_long_after_a_stop_is_cut_off() {
    let limits = Limits { request_timeout: LONG, drain_timeout: SHORT, ..Limits::default() };
    let service = impatient(limits).await;
    let query = json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000});
    // A client that may always send another line.
    let stream = service.batch("", &query).await;
    timeout(PATIENCE, service.stop()).await.expect("it ends");
    drop(stream);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_is_spoken_without_an_upgrade() {
    let service = Service::line().await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let answer = client.get(service.url("/healthz")).send().await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_no_answer_over_http_2_is_cut_off() {
    let service = impatient(Limits { write_timeout: SHORT, ..Limits::default() }).await;
    let builder = || reqwest::Client::builder().http2_prior_knowledge();
    for path in ["/lnd/v1/graph", "/healthz"] {
        // No stream has a window, and the client answers whether it lives.
        let client = builder().http2_initial_stream_window_size(0).build().unwrap();
        let answer = client.get(service.url(path)).send().await.unwrap();
        assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
        let body = timeout(PATIENCE, answer.bytes()).await.expect("the server closes in the end");
        assert!(body.is_err(), "{body:?}");
    }
    let client = builder().build().unwrap();
    let answer = client.get(service.url("/lnd/v1/graph")).send().await.unwrap();
    let graph: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(graph["edges"].as_array().unwrap().len(), 4, "others are served");
}

async fn ask_healthz(stream: &mut TcpStream) {
    stream.write_all(HEALTHZ).await.unwrap();
    assert!(rest_of_one(stream).await.contains("200 OK"));
}

/// Reads one answer to [`HEALTHZ`], or to the end.
async fn rest_of_one(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"ok\n") {
        let read = timeout(PATIENCE, stream.read_buf(&mut bytes)).await.expect("an answer or an end");
        if !read.is_ok_and(|count| count > 0) {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const HEALTHZ: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
/// A limit that a test waits for, and that requests which are no part of it keep on a busy machine, too.
const SHORT: Duration = Duration::from_secs(2);
/// Longer than any machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// A limit that no test waits for.
const LONG: Duration = Duration::from_secs(3600);
