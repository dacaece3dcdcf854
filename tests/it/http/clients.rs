//! Clients as people write them, in Python, against a server in this process: one script for each facade.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use server::http::Settings;
use xtask::root;

use super::service::{Service, line_graph, node};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_lnd_needs_no_other_address() {
    run("lnd", "/lnd").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_core_lightning_needs_no_other_address() {
    run("cln", "/cln").await;
}

/// schemathesis asks whatever the document allows, and some that it does not, and compares the answers with it.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_holds_whatever_is_asked() {
    let tool = root().join("target/clients/bin/schemathesis");
    if !tool.exists() {
        return skip("schemathesis", root().join("target/clients/complete").exists());
    }
    let service = Service::synthetic(500).await;
    let clients = root().join("tests/clients");
    let mut command = Command::new(tool);
    command.arg("--config-file").arg(clients.join("schemathesis.toml"));
    command.arg("run").arg(service.url("/api/openapi.json"));
    // What it remembers of a run is not for the next one.
    let folder = tempfile::tempdir().unwrap();
    command.env("PYTHONPATH", clients).env("PYTHONDONTWRITEBYTECODE", "1").current_dir(folder.path());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    println!("{}", told.lines().find(|line| line.contains("generated")).unwrap_or_default());
}

async fn run(script: &str, base: &str) {
    let Some(python) = python() else {
        return skip("python3", in_ci());
    };
    let own_node = Some(node(1).parse().unwrap());
    let service = Service::of(line_graph(), Settings { own_node, ..Settings::default() }).await;
    let path = root().join(format!("tests/clients/{script}.py"));
    let mut command = Command::new(python);
    command.arg(path).arg(service.url(base)).arg(node(1)).arg(node(4));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    println!("{told}");
}

/// Tells that a test is skipped for want of a program, past what the test's harness keeps to itself.
///
/// Without a network, `.ci/test` cannot install clients; what it has installed must be there.
fn skip(program: &str, must_be_there: bool) {
    assert!(!must_be_there, "there is no {program}");
    let _ = writeln!(std::io::stderr(), "skipped: there is no {program}; .ci/test installs clients");
}

fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|ci| ci == "true")
}

/// The one with the clients' libraries, where the test command has made it, or else the system's.
fn python() -> Option<PathBuf> {
    let with_libraries = root().join("target/clients/bin/python3");
    let candidates = [with_libraries, PathBuf::from("python3")];
    candidates.into_iter().find(|python| {
        let version = Command::new(python).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    })
}
