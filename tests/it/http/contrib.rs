//! What lies in `contrib/` fits the server that it comes with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use server::http::{ConfigFile, Limits, Settings};

use super::service::{Service, node};

fn file(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in a folder");
    root.join("contrib").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap()
}

#[test]
fn the_example_of_a_configuration_says_the_defaults() {
    let example = text("fulgurite.toml");
    let settings = ConfigFile::read(&example).unwrap().settings(None, None).unwrap();
    assert_eq!((settings.listen, settings.limits), (Settings::default().listen, Limits::default()));
    // What is commented out is right as well, each field of it known.
    let all: String = example
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.contains(" = ") => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let settings = ConfigFile::read(&all).unwrap().settings(None, None).unwrap();
    assert_eq!(settings.keys.len(), 1);
    assert!(settings.state.is_some());
}

#[test]
fn every_limit_is_in_the_example_and_in_the_guide() {
    let example = text("fulgurite.toml");
    let guide = std::fs::read_to_string(file("../docs/http.md")).unwrap();
    let limits = example.lines().skip_while(|line| *line != "[limits]").skip(1);
    // One without a default is commented out.
    let limits: Vec<&str> = limits
        .take_while(|line| !line.is_empty())
        .map(|line| line.trim_start_matches("# ").split(' ').next().unwrap())
        .collect();
    assert!(limits.len() > 10);
    for limit in limits {
        assert!(guide.contains(&format!("| `{limit}` |")), "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_asks_for_metrics_that_there_are() {
    let dashboard: Value = serde_json::from_str(&text("grafana.json")).unwrap();
    let service = Service::line().await;
    let query = json!({"query": {"src": node(1), "dst": node(4), "amount_msat": 1_000_000}});
    service.post("/api/v1/plans", &query).await.json();
    let told = service.get("/metrics").await.text;
    // Families without a value yet are announced nevertheless.
    let families: BTreeSet<&str> =
        told.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let mut asked = BTreeSet::new();
    names(&dashboard, &mut asked);
    assert!(asked.len() > 8, "{asked:?}");
    for name in &asked {
        let family = ["_total", "_bucket", "_sum", "_count"]
            .iter()
            .find_map(|ending| name.strip_suffix(ending))
            .unwrap_or(name);
        assert!(families.contains(family), "{name} is not among {families:?}");
    }
    // Labels by which it tells series apart.
    for label in ["endpoint=\"/api/v1/plans\"", "status=\"200\"", "le=\"", "lane=\"heavy\""] {
        assert!(told.contains(label), "{label}");
    }
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    assert!(panels.iter().all(|panel| panel["title"].is_string() && panel["gridPos"]["w"].is_u64()));
}

/// The metrics that expressions name.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(expression)) = fields.get("expr") {
                let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                found.extend(words.filter(|word| word.starts_with("fulgurite_")).map(str::to_owned));
            }
            fields.values().for_each(|field| names(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    // What it starts must be there for the check; where it is installed is for the packager.
    let folder = tempfile::tempdir().unwrap();
    let unit = text("fulgurite.service");
    assert!(unit.contains("ExecStart=/usr/bin/fulgurite serve --config /etc/fulgurite.toml"));
    let path = folder.path().join("fulgurite.service");
    std::fs::write(&path, unit.replace("/usr/bin/fulgurite", "/bin/true")).unwrap();
    let Ok(output) = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path).output() else {
        eprintln!("skipped: there is no systemd-analyze");
        return;
    };
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let about_it: Vec<&str> = told.lines().filter(|line| line.contains("fulgurite")).collect();
    assert!(output.status.success() && about_it.is_empty(), "{told}");
}
