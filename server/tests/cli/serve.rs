//! `fulgurite serve` as its operator sees it: signals, files that change, and a state that stays.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::run::{Place, node};

/// A server in a process of its own, killed with the test.
pub(crate) struct Server {
    process: Child,
    /// http or https.
    pub(crate) scheme: String,
    pub(crate) address: SocketAddr,
    /// Lines that it prints behind its address.
    printed: mpsc::Receiver<String>,
    /// What it logs.
    log: BufReader<ChildStderr>,
}

impl Server {
    pub(crate) fn start(place: &Place, args: &[&str]) -> Self {
        Server::of(place.command(&[SERVE, args].concat()))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the command starts");
        let log = BufReader::new(process.stderr.take().expect("it is piped"));
        let mut out = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut line = String::new();
        let (scheme, address) = loop {
            line.clear();
            assert!(out.read_line(&mut line).expect("UTF-8") > 0, "it ended before it told its address");
            if let Some(url) = line.strip_prefix("page:  ") {
                let (scheme, address) = url.trim_end_matches("/\n").split_once("://").expect("a URL");
                break (scheme.to_owned(), address.parse().expect("an address"));
            }
        };
        // What else it prints at its start is read, so that it can go on.
        let (print, printed) = mpsc::channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| print.send(line)));
        Server { process, scheme, address, printed, log }
    }

    /// What it prints behind these words.
    fn prints(&self, words: &str) -> String {
        loop {
            let line = self.printed.recv_timeout(PATIENCE).expect("it prints them");
            if let Some(rest) = line.strip_prefix(words) {
                return rest.to_owned();
            }
        }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.process);
        kill_process(pid, signal).expect("it runs");
    }

    /// Waits for a line of the log with this in it, and returns all up to its end that was not read before.
    pub(crate) fn logs(&mut self, part: &str) -> String {
        let (mut logged, mut start) = (String::new(), 0);
        while !logged[start..].contains(part) {
            start = logged.len();
            let size = self.log.read_line(&mut logged).expect("UTF-8");
            assert!(size > 0, "it ended, and never logged {part:?}");
        }
        logged
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("not zero");
        stream
    }

    /// Status and body of a request.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let mut stream = self.connect();
        write!(
            stream,
            // Of this version no answer comes in chunks.
            "{method} {path} HTTP/1.0\r\nhost: {}\r\nauthorization: Bearer abc\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .expect("it reads");
        answer(stream)
    }

    /// What a path shows, head and body.
    pub(crate) fn text(&self, path: &str) -> String {
        let (mut stream, mut text) = (self.connect(), String::new());
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address)
            .expect("it reads");
        stream.read_to_string(&mut text).expect("an answer");
        text
    }

    /// The hops of the cheapest route from 1 to 4.
    pub(crate) fn hops(&self) -> Value {
        let (status, route) = self.ask("POST", "/api/v1/routes", &query());
        assert_eq!(status, 200, "{route}");
        route["hops"].clone()
    }

    /// Ends it, and tells its code.
    pub(crate) fn end(mut self, signal: Signal) -> i32 {
        self.signal(signal);
        let began = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().expect("it is ours") {
                return status.code().expect("not killed");
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Longer than any machine is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// A server on any port.
pub(crate) const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0", "--threads", "1"];

fn answer(mut stream: TcpStream) -> (u16, Value) {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

fn query() -> Value {
    json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000, "cost": {"model": "fee"}})
}

#[test]
fn a_hangup_reads_the_graph_anew_and_keeps_the_old_one_where_that_is_bad() {
    let place = Place::new();
    let good = place.read("graph.csv");
    let mut server = Server::start(&place, &["--graph", "graph.csv"]);
    assert_eq!(server.hops(), 1);
    for (bad, why) in [("nonsense", "graph.csv"), ("", "graph.csv")] {
        place.write("graph.csv", bad);
        server.signal(Signal::HUP);
        server.logs("nothing is read anew");
        assert_eq!(server.hops(), 1, "{why}: what was served goes on");
    }
    // Without the channel from 1 to 4.
    let lines: Vec<&str> = good.lines().filter(|line| !line.starts_with("4x")).collect();
    place.write("graph.csv", &(lines.join("\n") + "\n"));
    server.signal(Signal::HUP);
    server.logs("are read anew");
    assert_eq!(server.hops(), 3);
    assert_eq!(server.end(Signal::TERM), 0);
}

#[test]
fn the_line_for_curl_that_is_printed_works() {
    let place = Place::new();
    let server = Server::start(&place, &["--graph", "graph.csv"]);
    let line = server.prints("  curl -s ");
    let (url, body) = line.strip_suffix('\'').and_then(|line| line.split_once(" -d '")).expect("two words");
    let host = server.address;
    let path = url.strip_prefix(&format!("http://{host}")).expect("a URL of its own");
    let (mut stream, size) = (server.connect(), body.len());
    // As curl does it.
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nhost: {host}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {size}\r\n\r\n{body}"
    )
    .expect("it reads");
    let (status, route) = answer(stream);
    assert_eq!(status, 200, "{route}");
    assert!(route["hops"].as_u64().is_some_and(|count| count > 0), "{route}");
    assert_eq!(server.end(Signal::TERM), 0);
}

#[test]
fn a_stop_waits_for_no_file_that_is_read_anew() {
    let place = Place::new();
    let server = Server::start(&place, &["--graph", "graph.csv"]);
    let path = place.path("graph.csv");
    fs::remove_file(&path).expect("it is there");
    let made = Command::new("mkfifo").arg(&path).status().expect("the command starts");
    assert!(made.success());
    server.signal(Signal::HUP);
    // It opens once the server reads it, which goes on until somebody ends it.
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(File::options().write(true).open(path)));
    let endless = told.recv_timeout(PATIENCE).expect("the server reads it").expect("a pipe");
    assert_eq!(server.hops(), 1);
    assert_eq!(server.end(Signal::TERM), 0);
    drop(endless);
}

#[test]
fn a_hangup_reads_the_configuration_anew_all_of_it_or_nothing() {
    let place = Place::new();
    // The key is abc.
    let key = "[[keys]]\nname = \"a\"\nsha256 = \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"\n";
    let graph = "graph = \"graph.csv\"\n";
    place.write("serve.toml", &format!("{graph}{key}"));
    let mut server = Server::start(&place, &["--config", "serve.toml"]);
    let put = |server: &Server| server.ask("PUT", "/api/v1/layers/a", &Value::Null).0;
    assert_eq!((server.hops(), put(&server)), (json!(1), 403));
    let wide = format!("{graph}{key}scopes = [\"read\", \"write\"]\n");
    for bad in [
        "listen = 7".to_owned(),
        graph.to_owned(),
        format!("{wide}rate = 1\n"),
        wide.replace("graph.csv", "none.csv"),
    ] {
        place.write("serve.toml", &bad);
        server.signal(Signal::HUP);
        server.logs("nothing is read anew");
        assert_eq!((server.hops(), put(&server)), (json!(1), 403), "{bad}");
    }
    place.write("serve.toml", &wide);
    server.signal(Signal::HUP);
    server.logs("are read anew");
    assert_eq!(put(&server), 201);
    assert_eq!(server.end(Signal::INT), 0);
}

#[test]
fn a_hangup_takes_up_limits_and_the_log_filter_and_says_what_waits_for_a_start() {
    let place = Place::new();
    let graph = "graph = \"graph.csv\"\n";
    place.write("serve.toml", &format!("{graph}[limits]\nalternative_count_max = 1\n"));
    let mut server = Server::start(&place, &["--config", "serve.toml"]);
    let mut query = query();
    query["alternatives"] = json!(2);
    let ask = |server: &Server| server.ask("POST", "/api/v1/routes", &query).0;
    assert_eq!(ask(&server), 422);
    place.write("serve.toml", &format!("{graph}log = \"server=nonsense\"\n"));
    server.signal(Signal::HUP);
    server.logs("nothing is read anew");
    assert_eq!(ask(&server), 422);
    let limits = "[limits]\nalternative_count_max = 2\nqueue_size = 7\n";
    place.write("serve.toml", &format!("{graph}log = \"info,server=debug\"\n{limits}"));
    server.signal(Signal::HUP);
    server.logs("limits.queue_size");
    server.logs("are read anew");
    assert_eq!(ask(&server), 200);
    server.logs("a request was answered");
    assert_eq!(server.end(Signal::TERM), 0);
}

#[test]
fn a_stop_finishes_what_has_begun_and_the_state_stays() {
    let place = Place::new();
    let args = ["--graph", "graph.csv", "--state", "kept"];
    let mut server = Server::start(&place, &args);
    assert_eq!(server.ask("PUT", "/api/v1/layers/mine", &Value::Null).0, 201);
    let edits = json!([{"edit": "disable_channel", "channel": "4x1x0/0"}]);
    assert_eq!(server.ask("POST", "/api/v1/layers/mine/edits", &edits).0, 200);
    let path = json!({"path": [{"channel": "1x1x0/0", "amount_msat": 5}]}).to_string();
    let mut stream = server.connect();
    let (first, second) = path.split_at(10);
    let size = path.len();
    let host = server.address;
    write!(
        stream,
        "POST /api/v1/reservations HTTP/1.1\r\nhost: {host}\r\ncontent-length: {size}\r\n\r\n{first}"
    )
    .expect("it reads");
    // Once another request is answered, this one has begun.
    assert_eq!(server.hops(), 1);
    server.signal(Signal::TERM);
    server.logs("what has begun is finished");
    while TcpStream::connect(server.address).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(second.as_bytes()).expect("it still reads");
    let (status, reserved) = answer(stream);
    assert_eq!((status, &reserved["reservation"]), (201, &json!(0)));
    assert_eq!(server.process.wait().expect("it ends").code(), Some(0));

    // What was answered is there, even where the process is killed.
    let server = Server::start(&place, &args);
    let listed = server.ask("GET", "/api/v1/reservations", &Value::Null).1;
    assert_eq!(listed["htlcs"][0]["channel"], "1x1x0/0");
    assert_eq!(server.ask("PUT", "/api/v1/layers/last", &Value::Null).0, 201);
    server.signal(Signal::KILL);
    drop(server);
    let server = Server::start(&place, &args);
    let layers = server.ask("GET", "/api/v1/layers", &Value::Null).1;
    let names = layers["layers"].as_array().expect("an array").iter().map(|layer| layer["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["last", "mine"]);
    let mut with = query();
    with["layers"] = json!(["mine"]);
    assert_eq!(server.ask("POST", "/api/v1/routes", &with).1["hops"], 3);

    // Another one does not start on the same state, nor does one start on a damaged one.
    let start = ["serve", "--listen", "127.0.0.1:0", "--graph", "graph.csv", "--state", "kept"];
    let second = place.run(&start);
    assert_eq!(second.code, 2, "{}", second.err);
    assert!(
        second.err.contains("another server uses this state") && second.err.contains("--state"),
        "{}",
        second.err
    );
    drop(server);
    let spoilt = place.read("kept/tenants").replacen("mine", "mint", 1);
    place.write("kept/tenants", &spoilt);
    let refused = place.run(&start);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("line 2: the checksum does not fit"), "{}", refused.err);
    assert!(refused.err.contains("restore the state from a backup"), "{}", refused.err);
}
