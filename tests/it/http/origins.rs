//! Pages of others in a browser on the same machine, which can send requests to the loopback and read no answers.

use reqwest::Method;
use server::http::Settings;
use server::http::tenant::{KeyHash, KeySettings, Scope};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::service::{Service, line_graph};

/// What changes something, in each API. The bodies are of no use; nobody gets that far.
const WRITES: [(&str, &str); 4] = [
    ("PUT", "/api/v1/layers/a"),
    ("POST", "/api/v1/feedback"),
    ("POST", "/lnd/v2/router/x/importhistory"),
    ("POST", "/cln/v1/askrene-create-layer"),
];

async fn status(service: &Service, write: (&str, &str), headers: &[(&str, &str)]) -> u16 {
    let method = Method::from_bytes(write.0.as_bytes()).unwrap();
    let request = service.client.request(method, service.url(write.1)).bearer_auth("writer");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.header("content-type", "text/plain").body("{}").send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_others_change_nothing_on_a_server_without_keys() {
    let service = Service::line().await;
    let own = format!("http://{}", service.address);
    for write in WRITES {
        for headers in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1:1")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", own.as_str()), ("sec-fetch-site", "cross-site")],
        ] {
            assert_eq!(status(&service, write, headers).await, 403, "{write:?} {headers:?}");
        }
        for headers in [
            &[][..],
            &[("origin", own.as_str())],
            &[("origin", own.as_str()), ("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
        ] {
            assert_ne!(status(&service, write, headers).await, 403, "{write:?} {headers:?}");
        }
    }
    let foreign = [("origin", "https://evil.example")];
    // What changes nothing tells a page nothing, either.
    assert_eq!(status(&service, ("POST", "/api/v1/routes"), &foreign).await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_the_browser_knows_whose_the_page_is() {
    let service = Service::line().await;
    let proxied = [("origin", "https://router.example"), ("sec-fetch-site", "same-origin")];
    assert_eq!(status(&service, ("PUT", "/api/v1/layers/a"), &proxied).await, 201);
}

/// A server with a key.
async fn closed() -> Service {
    let keys = vec![KeySettings {
        name: "writer".to_owned(),
        hash: KeyHash::of(b"writer"),
        tenant: "writer".to_owned(),
        scopes: vec![Scope::Read, Scope::Write],
        requests: None,
        work: None,
    }];
    Service::of(line_graph(), Settings { keys, ..Settings::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_keys_the_key_tells_who_asks() {
    let service = closed().await;
    let foreign = [("origin", "https://evil.example")];
    assert_eq!(status(&service, ("PUT", "/api/v1/layers/a"), &foreign).await, 201);
}

/// What a request with this head is answered.
async fn answer_to(service: &Service, head: &str) -> String {
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// RFC 9112, section 3.2.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_http_1_1_names_one_host() {
    for service in [Service::line().await, closed().await] {
        for hosts in [
            "",
            "host: localhost\r\nhost: localhost\r\n",
            "host: a b\r\n",
            "host: a@localhost\r\n",
            "host: /\r\n",
        ] {
            for path in ["/healthz", "/api/v1/graph", "http://localhost/healthz"] {
                let head = format!("GET {path} HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
                let answer = answer_to(&service, &head).await;
                assert!(
                    answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"bad_host\""),
                    "{head}: {answer}"
                );
            }
        }
        let head = "POST /lnd/v2/router/route HTTP/1.1\r\nconnection: close\r\n\r\n";
        let answer = answer_to(&service, head).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"code\":3"), "{answer}");
        for head in [
            "GET /healthz HTTP/1.0\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nhost: localhost:1\r\nconnection: close\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nhost: [::1]\r\nconnection: close\r\n\r\n",
        ] {
            let answer = answer_to(&service, head).await;
            assert!(answer.contains(" 200 OK\r\n"), "{head}: {answer}");
        }
    }
    let service = Service::line().await;
    // The client of HTTP/2 sends no header Host, but an authority.
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    assert_eq!(client.get(service.url("/healthz")).send().await.unwrap().status(), 200);
}
