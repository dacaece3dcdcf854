//! Where `fulgurite serve` takes its settings from, and what those do that only the command reads.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustix::process::Signal;
use serde_json::Value;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::run::{Place, node};
use crate::serve::{SERVE, Server};

/// How many channels the server's graph has, and the block of the first one on the way from the server's own node to 4.
fn graph_and_own_node(server: &Server) -> (u64, u64) {
    let (status, graph) = server.ask("GET", "/api/v1/graph", &Value::Null);
    assert_eq!(status, 200, "{graph}");
    let path = format!("/lnd/v1/graph/routes/{}/1000", node(4));
    let (status, answer) = server.ask("GET", &path, &Value::Null);
    assert_eq!(status, 200, "{answer}");
    let name: u64 = answer["routes"][0]["hops"][0]["chan_id"]
        .as_str()
        .and_then(|name| name.parse().ok())
        .expect("a channel's name as LND has it");
    (graph["channel_count"].as_u64().expect("a count"), name >> 40)
}

/// Whether the server logs its answers.
fn logs_answers(server: &mut Server) -> bool {
    server.ask("GET", "/api/v1/graph", &Value::Null);
    server.signal(Signal::HUP);
    server.logs("are read anew").contains("a request was answered")
}

/// What a server goes by that has a configuration file too.
fn told(place: &Place, environment: &[(&str, &str)], flags: &[&str]) -> ((u64, u64), bool) {
    let mut command = place.command(&[SERVE, &["--config", "serve.toml"][..], flags].concat());
    command.envs(environment.iter().copied());
    let mut server = Server::of(command);
    let told = (graph_and_own_node(&server), logs_answers(&mut server));
    let later = (graph_and_own_node(&server), logs_answers(&mut server));
    assert_eq!(later, told, "the file is read anew, and yields as before");
    assert_eq!(server.end(Signal::TERM), 0);
    told
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let place = Place::new();
    let all = place.read("graph.csv");
    for (name, left_out) in [("file.csv", &["4x"][..]), ("environment.csv", &["1x", "2x"][..])] {
        let lines = all.lines().filter(|line| !left_out.iter().any(|channel| line.starts_with(channel)));
        place.write(name, &(lines.collect::<Vec<_>>().join("\n") + "\n"));
    }
    let (of_flag, of_file, of_environment) = (node(1), node(2), node(3));
    let text = format!("graph = \"file.csv\"\nown_node = \"{of_file}\"\nlog = \"info,server=debug\"\n");
    place.write("serve.toml", &text);
    let environment = [
        ("FULGURITE_GRAPH", "environment.csv"),
        ("FULGURITE_OWN_NODE", of_environment.as_str()),
        ("FULGURITE_LOG", "info"),
    ];
    let flags = ["--graph", "graph.csv", "--own-node", of_flag.as_str(), "--log", "info,server=debug"];
    // From 2 to 4 by way of 3; from 3 to 4; from 1 to 4.
    assert_eq!(told(&place, &[], &[]), ((3, 2), true));
    assert_eq!(told(&place, &environment, &[]), ((2, 3), false));
    assert_eq!(told(&place, &environment, &flags), ((4, 4), true));
}

#[test]
fn a_log_in_json_is_an_object_a_line() {
    let place = Place::new();
    let text = "graph = \"graph.csv\"\nlog = \"info,server=debug\"\nlog_format = \"json\"\n";
    place.write("serve.toml", text);
    let mut server = Server::start(&place, &["--config", "serve.toml"]);
    assert_eq!(server.hops(), 1);
    server.signal(Signal::HUP);
    let logged = server.logs("are read anew");
    let read = |line: &str| -> Value {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    let lines: Vec<Value> = logged.lines().map(read).collect();
    let of = |message: &str| {
        let line = lines.iter().find(|line| line["fields"]["message"] == message);
        line.unwrap_or_else(|| panic!("{message}: {logged}"))
    };
    let answered = of("a request was answered");
    assert_eq!(answered["level"], "DEBUG", "{answered}");
    assert_eq!(answered["fields"]["endpoint"], "/api/v1/routes", "{answered}");
    assert_eq!(answered["fields"]["status"], 200, "{answered}");
    let read_anew = of("the graph and the configuration are read anew");
    assert_eq!(read_anew["level"], "INFO", "{read_anew}");
    assert_eq!(read_anew["fields"]["change_count"], 0, "{read_anew}");
    assert_eq!(server.end(Signal::TERM), 0);
}

/// A connection to a server that shows this certificate.
fn connect(
    server: &Server,
    certificate: CertificateDer<'static>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a certificate");
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_protocol_versions(&[&TLS13]).expect("the provider has it");
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a sound configuration");
    StreamOwned::new(connection, server.connect())
}

#[test]
fn a_certificate_and_a_key_in_files_make_it_https_alone() {
    let place = Place::new();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a key");
    place.write("cert.pem", &cert.pem());
    place.write("key.pem", &signing_key.serialize_pem());
    let text = "graph = \"graph.csv\"\n[tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n";
    place.write("serve.toml", text);
    let server = Server::start(&place, &["--config", "serve.toml"]);
    assert_eq!(server.scheme, "https");
    let mut stream = connect(&server, cert.der().clone());
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it shows the certificate");
    let (mut answer, mut piece) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"\r\n\r\nready\n") {
        let size = stream.read(&mut piece).expect("an answer");
        assert!(size > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..size]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
    // Who asks in the clear hears of an error of TLS at most.
    let (mut clear, mut heard) = (server.connect(), Vec::new());
    clear.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it listens");
    let _ = clear.read_to_end(&mut heard);
    assert!(!heard.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&heard));
    drop((stream, clear));
    assert_eq!(server.end(Signal::TERM), 0);
}
