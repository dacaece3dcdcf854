//! TLS and HTTP/2, asked by rustls and hyper with a certificate of our own authority.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use server::http::{Limits, Settings, read_tls};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::service::{Service, line_graph, node};

/// An authority that nobody knows but those who are told.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Serves the line with a certificate for `name` that the authority signed.
async fn serve(authority: &CertifiedIssuer<'static, KeyPair>, name: &str) -> Service {
    let folder = TempDir::new().unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let files = ["cert.pem", "key.pem"].map(|file| folder.path().join(file));
    fs::write(&files[0], certificate.pem()).unwrap();
    fs::write(&files[1], key.serialize_pem()).unwrap();
    let settings = Settings { hosts: vec![name.to_owned()], ..Settings::default() };
    let service = Service::of(line_graph(), settings).await;
    service.app.set_tls(read_tls(&files[0], &files[1]).unwrap());
    service
}

async fn connect(
    service: &Service,
    trusted: CertificateDer<'static>,
    alpn: &str,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_protocol_versions(&[version]).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    let stream = TcpStream::connect(service.address).await.unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from("fulgurite.test").unwrap(), stream)
        .await
}

fn question(uri: &str) -> Request<Full<Bytes>> {
    let body = json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000}).to_string();
    Request::post(uri).header("host", "fulgurite.test").body(Full::from(body)).unwrap()
}

async fn told(response: Response<Incoming>) -> Value {
    assert_eq!(response.status(), 200);
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_are_found_over_tls_in_both_versions_of_http() {
    let authority = authority();
    let service = serve(&authority, "fulgurite.test").await;
    for version in [&TLS12, &TLS13] {
        let stream = connect(&service, authority.der().clone(), "http/1.1", version).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        for _ in 0..2 {
            let response = sender.send_request(question("/api/v1/routes")).await.unwrap();
            assert_eq!(response.version(), Version::HTTP_11);
            assert_eq!(told(response).await["hops"], 1);
            sender.ready().await.unwrap();
        }

        let stream = connect(&service, authority.der().clone(), "h2", version).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        // Many at a time over one connection.
        let asked = (0..50).map(|_| {
            let mut sender = sender.clone();
            async move {
                let response = sender.send_request(question("https://fulgurite.test/api/v1/routes")).await;
                let response = response.unwrap();
                assert_eq!(response.version(), Version::HTTP_2);
                assert_eq!(told(response).await["hops"], 1);
            }
        });
        futures_util::future::join_all(asked).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_trust_the_certificate_hears_nothing() {
    let (ours, theirs) = (authority(), authority());
    let service = serve(&ours, "fulgurite.test").await;
    assert!(connect(&service, theirs.der().clone(), "h2", &TLS13).await.is_err());
    let other_name = serve(&ours, "other.test").await;
    assert!(connect(&other_name, ours.der().clone(), "h2", &TLS13).await.is_err());
    // Nor does a server that speaks TLS answer in the clear.
    assert!(service.client.get(service.url("/healthz")).send().await.is_err());
    assert!(connect(&service, ours.der().clone(), "h2", &TLS13).await.is_ok(), "others are still served");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_is_shown_from_then_on() {
    let (former, next) = (authority(), authority());
    let service = serve(&former, "fulgurite.test").await;
    let folder = TempDir::new().unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["fulgurite.test".to_owned()]).unwrap();
    let files = ["cert.pem", "key.pem"].map(|file| folder.path().join(file));
    fs::write(&files[0], params.signed_by(&key, &next).unwrap().pem()).unwrap();
    fs::write(&files[1], key.serialize_pem()).unwrap();
    service.app.set_tls(read_tls(&files[0], &files[1]).unwrap());
    assert!(connect(&service, former.der().clone(), "h2", &TLS13).await.is_err());
    assert!(connect(&service, next.der().clone(), "h2", &TLS13).await.is_ok());
    // A key of another certificate is refused when it is read.
    fs::write(&files[1], KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(read_tls(&files[0], &files[1]).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_stalls_is_cut_off() {
    let authority = authority();
    let service = serve(&authority, "fulgurite.test").await;
    service.app.set_limits(Limits { head_timeout: Duration::from_millis(200), ..Limits::default() });
    // Nothing, and the beginning of a record.
    for beginning in [&b""[..], b"\x16\x03\x01\x02"] {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        let mut heard = Vec::new();
        // A reset is an end, too.
        let ended = timeout(Duration::from_secs(60), stream.read_to_end(&mut heard)).await;
        assert!(ended.is_ok(), "the server closes in the end");
    }
    service.app.set_limits(Limits::default());
    assert!(connect(&service, authority.der().clone(), "h2", &TLS13).await.is_ok(), "others are served");
}
