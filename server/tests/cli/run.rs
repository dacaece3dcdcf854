//! Starts the command, and a graph that is small enough to price by hand.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a graph and the command's cache, gone with the test.
pub(crate) struct Place {
    folder: TempDir,
}

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// A folder with `graph.csv`: 1 - 2 - 3 - 4, and a dear channel from 1 to 4.
    pub(crate) fn new() -> Self {
        let place = Place { folder: tempfile::tempdir().expect("a temporary folder") };
        place.write("graph.csv", &line_graph());
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a writable folder");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a readable file")
    }

    /// The command, its cache and its relative paths in this folder.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fulgurite"));
        command.args(args).current_dir(self.folder.path());
        command.env("FULGURITE_CACHE", self.path("cache")).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().expect("the command starts"))
    }

    pub(crate) fn run_with_input(&self, args: &[&str], input: &str) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(input.as_bytes()).expect("the command reads");
        drop(stdin);
        ran(child.wait_with_output().expect("the command ends"))
    }
}

impl Ran {
    /// The one object that was printed.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// The objects that were printed, one a line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.out.lines().map(parse).collect()
    }
}

fn ran(output: Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran {
        code: output.status.code().expect("not killed"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// The id of a node by its number.
pub(crate) fn node(n: u8) -> String {
    "02".to_owned() + &format!("{n:02x}").repeat(32)
}

pub(crate) fn path_text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn line_graph() -> String {
    let mut text =
        "scid,node1,node2,capacity_sat,dir,base_msat,ppm,cltv,htlc_min,htlc_max,disabled,last_update,\
                    inbound_base_msat,inbound_ppm\n"
            .to_owned();
    for (scid, one, two, base) in [(1, 1, 2, 1000), (2, 2, 3, 2000), (3, 3, 4, 3000), (4, 1, 4, 500)] {
        for dir in [0, 1] {
            let (one, two) = (node(one), node(two));
            // The direct channel is too small for what the tests send.
            let max = if scid == 4 { 50_000_000 } else { 900_000_000 };
            text +=
                &format!("{scid}x1x0,{one},{two},1000000,{dir},{base},100,40,1000,{max},0,1700000000,0,0\n");
        }
    }
    text
}
