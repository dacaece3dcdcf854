//! `fulgurite sync` and `serve` with peers, files and followers, each a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use primitives::codec::encode_bigsize;
use primitives::{ChainHash, Direction, ShortChannelId, UnixTime};
use rustix::process::Signal;
use serde_json::{Value, json};
use server::import::CAPTURE_MAGIC;

use crate::run::Place;
use crate::serve::{SERVE, Server};
use crate::signed::{Author, Ends, Signer};

/// Whom every process here believes.
const BELIEF: &[&str] = &["--network", "regtest", "--funding-check", "none"];
const CHANNEL_COUNT: u32 = 40;

fn now() -> u32 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is set");
    u32::try_from(since.as_secs()).expect("before 2106")
}

fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(700_000 + n, 1, 0).expect("in range")
}

/// A channel of a row of nodes.
fn ends(n: u32) -> Ends {
    Ends { one: Author(n), two: Author(n + 1) }
}

/// A `gossip_store` of channels in a row, the last of them with a forged announcement.
fn write_store(place: &Place, name: &str) {
    let (signer, time) = (Signer::new(ChainHash::REGTEST), UnixTime::from_secs(now() - 600));
    let mut store = vec![15];
    let mut put = |message: &[u8]| {
        let len = u16::try_from(message.len()).expect("short");
        let head = [&[0x20, 0][..], &len.to_be_bytes(), &crc32c::crc32c(message).to_be_bytes(), &[0; 4]];
        store.extend(head.concat());
        store.extend(message);
    };
    for n in 0..=CHANNEL_COUNT {
        let mut channel = signer.channel(scid(n), ends(n));
        // A bit of a bitcoin signature.
        channel[2 + 64 * 3 + 20] ^= u8::from(n == CHANNEL_COUNT);
        put(&channel);
        put(&[&4101u16.to_be_bytes()[..], &5_000_000u64.to_be_bytes()].concat());
        for direction in Direction::BOTH {
            put(&signer.update(scid(n), ends(n), direction, time, n));
        }
        put(&signer.node(Author(n), time));
    }
    std::fs::write(place.path(name), store).expect("a writable folder");
}

/// A process that tells what it knows, killed with the test.
struct Teller {
    process: Child,
    peer: String,
}

impl Teller {
    fn start(place: &Place) -> Self {
        write_store(place, "store");
        let args = ["sync", "--from-gossip-store", "store", "--log", "a.log", "--listen", "127.0.0.1:0"];
        let mut command = place.command(&[&args, BELIEF].concat());
        let process = command.stdout(Stdio::piped()).spawn().expect("the command starts");
        let mut teller = Teller { process, peer: String::new() };
        let out = BufReader::new(teller.process.stdout.take().expect("it is piped"));
        let mut told = String::new();
        for line in out.lines() {
            let line = line.expect("UTF-8");
            told += &line;
            if let Some(id) = line.strip_prefix("node    ") {
                teller.peer = id.to_owned() + "@";
            }
            if let Some(address) = line.strip_prefix("listen  ") {
                teller.peer += address;
                return teller;
            }
        }
        panic!("it ended: {told}");
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until a route along the whole row is found.
fn until_routed(server: &Server) -> Value {
    let signer = Signer::new(ChainHash::REGTEST);
    let [src, dst] = [0, 3].map(|n| signer.node_id(Author(n)).to_string());
    let query = json!({"src": src, "dst": dst, "amount_msat": 10_000, "cost": {"model": "fee"}});
    let began = Instant::now();
    loop {
        let (status, route) = server.ask("POST", "/api/v1/routes", &query);
        if status == 200 {
            return route;
        }
        assert!(began.elapsed() < PATIENCE, "{route}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_store_is_imported_and_told_by_its_signatures() {
    let place = Place::new();
    write_store(&place, "store");
    let args = ["sync", "--from-gossip-store", "store", "--log", "a.log", "--graph-out", "out.csv"];
    let ran = place.run(&[&args, BELIEF].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in [
        "store   store: 40 channels, 80 updates, 41 nodes",
        "1 with a wrong signature",
        "2 of channels and nodes that are not known",
        "graph   41 nodes, 40 channels",
        "wrote   out.csv",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert_eq!(place.read("out.csv").lines().count(), 1 + 80);
    let again = place.run(&[&args, BELIEF].concat());
    assert!(again.out.contains("a.log: 161 records"), "{}", again.out);
    assert!(again.out.contains("0 channels, 0 updates, 0 nodes"), "{}", again.out);
    assert!(again.out.contains("161 known already"), "{}", again.out);
    // What is no store, and who is not to be believed.
    let graph = ["sync", "--from-gossip-store", "graph.csv", "--log", "b.log"];
    let ran = place.run(&[&graph, BELIEF].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("graph.csv: Core Lightning gossip_store"), "{}", ran.err);
    std::fs::write(place.path("store.zst"), b"\x28\xb5\x2f\xfd rest").expect("a writable folder");
    let packed = ["sync", "--from-gossip-store", "store.zst", "--log", "b.log"];
    let ran = place.run(&[&packed, BELIEF].concat());
    assert!(ran.code == 3 && ran.err.contains("zstd -d"), "{}", ran.err);
    let unsaid = place.command(&["sync", "--from-gossip-store", "store", "--log", "c.log"]);
    let unsaid = { unsaid }.env("HOME", place.path("nobody")).output().expect("the command starts");
    assert_eq!(unsaid.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unsaid.stderr).contains("no Bitcoin Core is found here"));
    // A node of the chain that is not there is no reason to believe.
    let nobody = ["--funding-check", "bitcoind", "--bitcoind", "127.0.0.1:1", "--bitcoind-user", "a:b"];
    let asked = ["sync", "--from-gossip-store", "store", "--log", "d.log", "--network", "regtest"];
    let ran = place.run(&[&asked[..], &nobody].concat());
    assert!(ran.code == 2 && ran.err.contains("the Bitcoin node is not reached"), "{}", ran.err);
}

#[test]
fn a_torn_capture_is_imported_but_for_what_is_torn() {
    let place = Place::new();
    let (signer, time) = (Signer::new(ChainHash::REGTEST), UnixTime::from_secs(now() - 600));
    let mut capture = CAPTURE_MAGIC.to_vec();
    let mut put = |message: &[u8], kept: usize| {
        let mut frame = Vec::new();
        encode_bigsize(message.len() as u64, &mut frame);
        frame.extend(message);
        frame.truncate(kept);
        capture.extend(frame);
    };
    for n in 0..5 {
        put(&signer.channel(scid(n), ends(n)), usize::MAX);
        put(
            &signer.update(scid(n), ends(n), Direction::NodeOneToTwo, time, n),
            if n == 2 { 77 } else { usize::MAX },
        );
        put(&signer.update(scid(n), ends(n), Direction::NodeTwoToOne, time, n), usize::MAX);
    }
    std::fs::write(place.path("capture"), capture).expect("a writable folder");
    let args = ["sync", "--from-gossip-store", "capture", "--log", "a.log"];
    let ran = place.run(&[&args, BELIEF].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in
        ["capture: 5 channels, 9 updates, 0 nodes", "77 B from byte", "torn, and passed over", "5 channels"]
    {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let args = ["sync", "--json", "--from-gossip-store", "capture", "--log", "b.log"];
    let store = &place.run(&[&args, BELIEF].concat()).json()["store"];
    assert_eq!((&store["torn_bytes"], &store["updates"]), (&json!(77), &json!(9)), "{store}");
}

#[test]
fn sync_learns_the_graph_of_a_peer() {
    let place = Place::new();
    let teller = Teller::start(&place);
    let args = ["sync", "--peer", &teller.peer, "--log", "b.log", "--until-synced", "--graph-out", "b.csv"];
    let ran = place.run(&[&args, BELIEF].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("graph   41 nodes, 40 channels"), "{}", ran.out);
    assert_eq!(place.read("b.csv").lines().count(), 1 + 80);
    // Nobody else writes to a log that is in use.
    let second = place.run(&[&["sync", "--log", "a.log", "--peer", &teller.peer], BELIEF].concat());
    assert_eq!(second.code, 3, "{}", second.err);
    assert!(second.err.contains("a.log: another process writes to this log"), "{}", second.err);
    assert!(second.err.contains("serve --follow"), "{}", second.err);
}

#[test]
fn sync_tells_a_program_all_of_it_in_one_object() {
    let place = Place::new();
    let teller = Teller::start(&place);
    let args = ["sync", "--json", "--peer", &teller.peer, "--log", "b.log", "--until-synced"];
    let ran = place.run(&[&args[..], &["--graph-out", "b.csv"], BELIEF].concat());
    let told = ran.json();
    assert_eq!((&told["log"], &told["log_records"]), (&json!("b.log"), &json!(0)), "{told}");
    assert_eq!((&told["nodes"], &told["channels"]), (&json!(41), &json!(40)), "{told}");
    assert_eq!((&told["store"], &told["graph_out"]), (&Value::Null, &json!("b.csv")), "{told}");
    let node_id = told["node_id"].as_str().expect("it has one");
    assert!(ran.err.contains(&format!("node    {node_id}")), "{}", ran.err);
    let args = ["sync", "--json", "--from-gossip-store", "store", "--log", "c.log"];
    let told = place.run(&[&args, BELIEF].concat()).json();
    assert_eq!((&told["node_id"], &told["channels"]), (&Value::Null, &json!(40)), "{told}");
    let store = &told["store"];
    let counts = ["channels", "updates", "nodes", "removed"].map(|count| store[count].as_u64());
    assert_eq!(counts, [40, 80, 41, 0].map(Some), "{store}");
    let forged = json!({"count": 1, "what": "with a wrong signature"});
    assert!(store["refused"].as_array().is_some_and(|refused| refused.contains(&forged)), "{store}");
}

#[test]
fn serve_with_a_graph_and_a_peer_answers_at_once_and_learns() {
    let place = Place::new();
    let teller = Teller::start(&place);
    let peer = teller.peer.clone();
    let args = [&["--graph", "graph.csv", "--peer", &peer], BELIEF].concat();
    let server = Server::start(&place, &args);
    assert_eq!(server.hops(), 1, "the file's graph is served before any peer has spoken");
    assert_eq!(until_routed(&server)["hops"], 3);
    assert_eq!(server.hops(), 1, "channels of the file that no peer tells stay");
    assert_eq!(server.end(Signal::TERM), 0);
    assert!(place.path("graph.csv.gossip.log").is_file());
    drop(teller);
    // What was learnt is there at the next start.
    let server = Server::start(&place, &args);
    assert_eq!((&until_routed(&server)["hops"], server.hops()), (&json!(3), json!(1)));
    let unkept = place.run(&[SERVE, &["--peer", args[3]], BELIEF].concat());
    assert!(unkept.code == 2 && unkept.err.contains("add --gossip-log FILE"), "{}", unkept.err);
}

#[test]
fn a_second_process_serves_what_the_first_one_learns() {
    let place = Place::new();
    let teller = Teller::start(&place);
    let mut first = place.command(&[&["sync", "--log", "b.log", "--listen", "127.0.0.1:0"], BELIEF].concat());
    first.args(["--peer", &teller.peer]).stdout(Stdio::piped());
    let mut first = first.spawn().expect("the command starts");
    let out = BufReader::new(first.stdout.take().expect("it is piped"));
    assert!(out.lines().any(|line| line.expect("UTF-8").starts_with("node ")), "it has its log");
    let server = Server::start(&place, &["--follow", "b.log", "--network", "regtest"]);
    assert_eq!(until_routed(&server)["hops"], 3);
    let began = Instant::now();
    while server.ask("GET", "/api/v1/graph", &Value::Null).1["channel_count"] != CHANNEL_COUNT {
        assert!(began.elapsed() < PATIENCE, "the rest comes as well");
        std::thread::sleep(Duration::from_millis(20));
    }
    let gossip = &server.ask("GET", "/api/v1/graph", &Value::Null).1["gossip"];
    assert!(gossip["is_running"] == true && gossip["log_bytes"].as_u64() > Some(1000), "{gossip}");
    assert_eq!(server.ask("GET", "/readyz", &Value::Null).0, 200);
    // It reads, and does not hold the log: the first process may go, and another one write.
    first.kill().expect("it runs");
    first.wait().expect("it ends");
    let next = ["sync", "--from-gossip-store", "store", "--log", "b.log"];
    assert_eq!(place.run(&[&next, BELIEF].concat()).code, 0);
    assert_eq!(server.end(Signal::TERM), 0);
    let both = place.run(&[SERVE, &["--follow", "b.log", "--gossip-log", "c.log"]].concat());
    assert_eq!(both.code, 2, "{}", both.err);
}

#[test]
fn a_log_that_cannot_be_written_is_told_where_operators_look() {
    let place = Place::new();
    let teller = Teller::start(&place);
    // A file may have some kilobytes here, as on a disk that is full.
    let mut command = Command::new("sh");
    let binary = env!("CARGO_BIN_EXE_fulgurite");
    command.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$@\"", "sh", binary]).args(SERVE).args(BELIEF);
    command.args(["--graph", "graph.csv", "--peer", &teller.peer]);
    command.current_dir(place.path("graph.csv").parent().expect("a folder")).stdin(Stdio::null());
    let mut server = Server::of(command);
    server.logs("gossip has ended, and the graph stays as it is until a restart");
    assert_eq!(server.ask("GET", "/readyz", &Value::Null).0, 503);
    assert_eq!(server.ask("GET", "/healthz", &Value::Null).0, 200);
    assert_eq!(server.hops(), 1, "queries are answered all the same");
    let gossip = &server.ask("GET", "/api/v1/graph", &Value::Null).1["gossip"];
    assert_eq!((&gossip["is_running"], &gossip["is_synced"]), (&json!(false), &json!(false)), "{gossip}");
    assert!(server.text("/metrics").contains("fulgurite_gossip_running 0"));
    assert_eq!(server.end(Signal::TERM), 3, "and the end says so, too");
}
