//! Crates are layers: which of our crates may use which, and what a pure crate never links.

use std::env;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::code::{refuse, root};

/// Each crate with those of our crates that it may use, build- and dev-dependencies included.
const MAY_USE: &[(&str, &[&str])] = &[
    ("primitives", &[]),
    ("schemas", &[]),
    ("engine", &["primitives", "schemas"]),
    ("gossip", &["primitives"]),
    ("onion", &["primitives"]),
    ("node", &["primitives", "engine", "onion"]),
    ("server", &["primitives", "schemas", "gossip", "engine", "node"]),
    ("bindings", &["primitives", "gossip", "engine", "onion"]),
    ("xtask", &[]),
];

/// Crates that measure or test the others and may use any of them; nobody may use these, but one another.
const OBSERVERS: &[&str] = &["tests", "benches", "fuzz"];

/// Crates without clock, sockets, threads or logging of their own.
const PURE: &[&str] = &["primitives", "schemas", "gossip", "engine", "onion", "node"];

/// What a [`PURE`] crate links neither directly nor for its tests.
const IMPURE: &[&str] =
    &["anyhow", "clap", "hyper", "indicatif", "lightning", "log", "mimalloc", "reqwest", "tokio", "tracing"];

#[test]
fn tidy_crates_import_downwards_only() {
    let mut offences = Vec::new();
    for package in packages() {
        if OBSERVERS.contains(&package.name.as_str()) {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == package.name) else {
            offences.push(format!("{} has no row in the table of crates", package.name));
            continue;
        };
        for used in package.uses.iter().filter(|used| used.is_ours) {
            if !allowed.contains(&used.name.as_str()) {
                offences.push(format!("{} may not use {}", package.name, used.name));
            }
        }
    }
    refuse("Crates import downwards only; the table is MAY_USE in tests/it/tidy/crates.rs.", &offences);
}

#[test]
fn tidy_pure_crates_link_nothing_impure() {
    let mut offences = Vec::new();
    for package in packages().iter().filter(|package| PURE.contains(&package.name.as_str())) {
        for used in package.uses.iter().filter(|used| IMPURE.contains(&used.name.as_str())) {
            offences.push(format!("{} may not use {}", package.name, used.name));
        }
    }
    refuse("A pure crate takes time, files and configuration as arguments.", &offences);
}

#[test]
fn tidy_crates_share_the_lints() {
    let mut offences = Vec::new();
    for package in packages().iter().filter(|package| package.name != "fuzz") {
        let manifest = std::fs::read_to_string(&package.manifest).expect("a readable manifest");
        if !manifest.contains("[lints]\nworkspace = true") {
            offences.push(format!("{} does not inherit the workspace's lints", package.name));
        }
    }
    refuse("Every crate obeys the same lints.", &offences);
}

#[test]
fn tidy_fuzz_targets_are_registered() {
    let folder = root().join("fuzz/fuzz_targets");
    if !folder.exists() {
        return;
    }
    let metadata = metadata(&root().join("fuzz/Cargo.toml"));
    let targets = array(&metadata["packages"]).iter().flat_map(|package| array(&package["targets"]));
    let sources: Vec<&str> = targets.filter_map(|target| target["src_path"].as_str()).collect();
    let mut offences = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        if is_rust && !sources.iter().any(|source| Path::new(source) == path) {
            offences.push(format!("{} has no [[bin]] in fuzz/Cargo.toml", path.display()));
        }
    }
    refuse("A fuzz target that is not registered is never run.", &offences);
}

struct Package {
    name: String,
    manifest: String,
    uses: Vec<Used>,
}

struct Used {
    name: String,
    is_ours: bool,
}

/// The crates of the workspace, and of the fuzz folder beside it once there is one.
fn packages() -> Vec<Package> {
    let manifests = [root().join("Cargo.toml"), root().join("fuzz/Cargo.toml")];
    let mut packages = Vec::new();
    for manifest in manifests.iter().filter(|manifest| manifest.exists()) {
        packages.extend(array(&metadata(manifest)["packages"]).iter().map(package));
    }
    assert!(packages.len() >= MAY_USE.len(), "cargo told of too few crates");
    packages
}

fn package(value: &Value) -> Package {
    let uses = array(&value["dependencies"]).iter().map(|used| Used {
        name: text(&used["name"]),
        // Ours are those that are found by a path; a crate of the registry has none.
        is_ours: used["path"].is_string(),
    });
    Package { name: text(&value["name"]), manifest: text(&value["manifest_path"]), uses: uses.collect() }
}

/// What cargo knows of a manifest without resolving or downloading anything.
fn metadata(manifest: &Path) -> Value {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(manifest)
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("an array in cargo's metadata")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string in cargo's metadata").to_owned()
}
