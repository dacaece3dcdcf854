//! A Bitcoin Core node of its own for each test: files in a folder of its own, ended with the test.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{ScriptBuf, Transaction};
use serde_json::{Value, json};
use server::chain::{RpcAuth, RpcConfig};

use super::super::ours::PATIENCE;

/// A node that runs.
pub(super) struct Bitcoind {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Bitcoind {
    /// Starts one; `None`, with a word why, where there is none on this machine.
    ///
    /// # Panics
    /// Where there is none and `CI=true`: there, nothing may be skipped but what `FULGURITE_WITHOUT_BITCOIND` says why.
    pub(super) fn start() -> Option<Self> {
        let Some(program) = xtask::find_bitcoind() else {
            let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            let is_excused =
                std::env::var_os("FULGURITE_WITHOUT_BITCOIND").is_some_and(|why| !why.is_empty());
            assert!(!in_ci || is_excused, "there is no bitcoind; `cargo xtask bitcoind` builds one");
            eprintln!("skipped: there is no bitcoind; `cargo xtask bitcoind` builds one");
            return None;
        };
        // Somebody may take the port between our look and bitcoind's.
        (0..3).find_map(|_| Bitcoind::try_start(&program)).or_else(|| panic!("bitcoind does not start"))
    }

    fn try_start(program: &Path) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.arg(format!("-datadir={}", folder.path().display()));
        command.arg(format!("-rpcport={port}"));
        // Alone, small, and without the checks of itself that regtest has by default.
        command.args(["-regtest", "-server", "-listen=0", "-connect=0", "-dnsseed=0", "-printtoconsole=0"]);
        command.args(["-rpcthreads=4", "-dbcache=4", "-par=1", "-checkblockindex=0", "-checkmempool=0"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut bitcoind = Bitcoind { child, folder, port };
        let began = Instant::now();
        while bitcoind.try_call("getblockcount", &json!([])).is_none_or(|answer| !answer["error"].is_null()) {
            if bitcoind.child.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(began.elapsed() < PATIENCE, "bitcoind does not answer");
            sleep(Duration::from_millis(50));
        }
        Some(bitcoind)
    }

    fn cookie(&self) -> PathBuf {
        self.folder.path().join("regtest").join(".cookie")
    }

    /// Where our nodes ask it.
    pub(super) fn config(&self) -> RpcConfig {
        RpcConfig { address: format!("127.0.0.1:{}", self.port), auth: RpcAuth::Cookie(self.cookie()) }
    }

    /// Asks; an error fails the test.
    pub(super) fn call(&self, method: &str, params: &Value) -> Value {
        let mut answer = self.try_call(method, params).expect("an answer");
        assert!(answer["error"].is_null(), "{method} {params}: {}", answer["error"]);
        answer["result"].take()
    }

    fn try_call(&self, method: &str, params: &Value) -> Option<Value> {
        let credentials = BASE64_STANDARD.encode(std::fs::read_to_string(self.cookie()).ok()?);
        let body = json!({ "id": 0, "method": method, "params": params }).to_string();
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let size = body.len();
        let head = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\nContent-Length: {size}"
        );
        write!(socket, "{head}\r\nConnection: close\r\n\r\n{body}").ok()?;
        let mut reader = BufReader::new(socket);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
        }
        let mut answer = Vec::new();
        reader.read_to_end(&mut answer).ok()?;
        serde_json::from_slice(&answer).ok()
    }

    /// The height of the tip.
    pub(super) fn height(&self) -> u32 {
        self.call("getblockcount", &json!([])).as_u64().unwrap() as u32
    }

    pub(super) fn hash(&self, height: u32) -> String {
        self.call("getblockhash", &json!([height])).as_str().unwrap().to_owned()
    }

    /// Mines blocks that pay to a script, with what waits to be mined.
    pub(super) fn mine(&self, count: u32, to: &ScriptBuf) {
        self.call("generatetodescriptor", &json!([count, descriptor(to)]));
    }

    /// Mines one block of just these transactions, in this order; what else waits stays out.
    pub(super) fn mine_block(&self, to: &ScriptBuf, transactions: &[Transaction]) {
        let transactions: Vec<String> = transactions.iter().map(serialize_hex).collect();
        self.call("generateblock", &json!([descriptor(to), transactions]));
    }

    /// Takes a block back, and all above it.
    pub(super) fn invalidate(&self, height: u32) {
        self.call("invalidateblock", &json!([self.hash(height)]));
    }
}

fn descriptor(script: &ScriptBuf) -> String {
    format!("raw({})", script.to_hex_string())
}

impl Drop for Bitcoind {
    fn drop(&mut self) {
        // It has ended by itself where this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
