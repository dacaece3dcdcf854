//! Connections that mean no good, and an end in good order.

use std::time::Duration;

use serde_json::json;
use server::http::{Limits, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::service::{Service, line_graph, node};

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
    let service = impatient(Limits { head_timeout: Duration::from_millis(300), ..Limits::default() }).await;
    let mut slow = Vec::new();
    for beginning in
        ["", "P", "PRI * HTTP", "GET /healthz HTT", "GET /healthz HTTP/1.1\r\nhost: a\r\nx-slow: 1"]
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
async fn a_slow_body_is_answered_with_a_timeout() {
    let service =
        impatient(Limits { request_timeout: Duration::from_millis(200), ..Limits::default() }).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let head = "POST /api/v1/routes HTTP/1.1\r\nhost: a\r\ncontent-length: 500\r\nconnection: close\r\n\r\n{";
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
async fn idle_connections_leave_room_and_the_cap_holds() {
    let service = impatient(Limits { connection_count_max: 50, ..Limits::default() }).await;
    let mut idle = Vec::new();
    for _ in 0..49 {
        idle.push(TcpStream::connect(service.address).await.unwrap());
    }
    assert_eq!(service.get("/healthz").await.text, "ok\n");
    // The client keeps its connection, so that there are 50 now; the next one waits until one ends.
    let mut late = TcpStream::connect(service.address).await.unwrap();
    late.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut byte = [0; 1];
    assert!(timeout(Duration::from_millis(200), late.read(&mut byte)).await.is_err());
    drop(idle);
    assert!(rest(&mut late).await.contains("200 OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finishes_what_has_begun() {
    let service = Service::line().await;
    let body = json!({"src": node(1), "dst": node(4), "amount_msat": 1000}).to_string();
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let head = format!("POST /api/v1/routes HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", body.len());
    let (first, second) = body.split_at(10);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(first.as_bytes()).await.unwrap();
    // Once another request is answered, this one has begun.
    assert_eq!(service.get("/readyz").await.text, "ready\n");
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
async fn http_2_is_spoken_without_an_upgrade() {
    let service = Service::line().await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let answer = client.get(service.url("/healthz")).send().await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
}

/// Longer than any machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);
