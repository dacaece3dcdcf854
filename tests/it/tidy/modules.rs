//! Arrows between the modules of `engine`, which cargo cannot enforce: its graph knows no search, its search knows
//! no file format.

use super::code::{line_of, refuse, rust_files, word_places};

/// Each module at the top of `engine` with those beside it that it may use. `lib.rs` and unit tests may use all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("graph", &[]),
    ("onion_size", &[]),
    ("sparse", &[]),
    ("stop", &[]),
    ("import", &["graph"]),
    ("synthetic", &["graph"]),
    ("overlay", &["graph"]),
    ("snapshot", &["graph", "overlay"]),
    ("cost", &["graph"]),
    ("belief", &["graph", "import", "cost", "snapshot"]),
    ("reserve", &["snapshot"]),
    ("layer", &["graph", "import", "overlay", "snapshot", "cost"]),
    ("query", &["graph", "belief", "cost", "layer", "reserve", "stop"]),
    (
        "search",
        &["graph", "overlay", "belief", "cost", "layer", "reserve", "query", "onion_size", "sparse", "stop"],
    ),
    ("route", &["graph", "cost", "reserve", "query", "search", "onion_size"]),
    ("rounds", &["snapshot", "cost", "search", "route"]),
    ("no_route", &[]),
    ("explain", &["snapshot", "cost", "query", "search", "route", "rounds", "no_route", "stop"]),
    ("route_error", &["no_route"]),
    (
        "compile",
        &["graph", "overlay", "snapshot", "cost", "belief", "layer", "query", "search", "route_error"],
    ),
    (
        "router",
        &[
            "snapshot",
            "cost",
            "belief",
            "query",
            "search",
            "route",
            "rounds",
            "explain",
            "no_route",
            "route_error",
            "compile",
        ],
    ),
    ("obvious", &["snapshot", "cost", "query", "search", "route", "router", "compile"]),
    ("reach", &["graph", "snapshot", "cost", "query", "search", "route", "router", "compile", "stop"]),
    ("alternatives", &["graph", "snapshot", "query", "search", "route", "router", "compile"]),
    ("diverse", &["graph", "snapshot", "query", "search", "route", "router", "compile"]),
    (
        "flow",
        &[
            "graph",
            "overlay",
            "snapshot",
            "cost",
            "belief",
            "query",
            "search",
            "route",
            "route_error",
            "router",
            "compile",
            "sparse",
            "stop",
        ],
    ),
    ("answer", &["search", "route", "flow"]),
    ("imbalance", &["graph", "overlay", "snapshot", "search", "flow"]),
    ("pay", &["snapshot", "cost", "belief", "query", "route", "flow", "compile"]),
    ("rehearsal", &["graph", "snapshot", "belief", "query", "pay", "synthetic"]),
    ("batch", &["snapshot", "query", "route", "router"]),
];

const FOLDER: &str = "engine/src";

#[test]
fn tidy_engine_modules_import_downwards_only() {
    let mut offences = Vec::new();
    for file in rust_files().iter().filter(|file| file.path.starts_with(FOLDER)) {
        let module = file.module(FOLDER);
        if module.is_empty() || file.is_unit_tests() {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module[0]) else {
            offences.push(format!("{}: {} has no row in the table of modules", file.path, module[0]));
            continue;
        };
        let code = file.code_without_tests();
        for at in word_places(code, "crate").filter(|&at| code[at..].starts_with("crate::")) {
            for used in names_after(&code[at + "crate::".len()..]) {
                if used != module[0] && !allowed.contains(&used) {
                    let line = line_of(code, at);
                    offences.push(format!("{}:{line}: {} may not use crate::{used}", file.path, module[0]));
                }
            }
        }
        let way_out = "super::".repeat(module.len());
        if let Some(at) = code.find(&way_out) {
            offences.push(format!("{}:{}: write crate:: to leave a module", file.path, line_of(code, at)));
        }
    }
    refuse(
        "Modules of the engine import downwards only, and name the module they import from; the table is MAY_USE \
         in tests/it/tidy/modules.rs.",
        &offences,
    );
}

/// The names that `crate::` reaches: one, or the first of each entry within braces.
fn names_after(code: &str) -> Vec<&str> {
    let Some(group) = code.strip_prefix('{') else {
        return vec![first_name(code)];
    };
    let (mut depth, mut start, mut names) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(first_name(group[start..at].trim()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn first_name(code: &str) -> &str {
    let end = code.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len());
    &code[..end]
}

#[test]
fn tidy_sees_every_name_of_a_group() {
    assert_eq!(names_after("{graph::{A, B},\n    cost::C, }; use x"), ["graph", "cost"]);
    assert_eq!(names_after("search::heap::Heap;"), ["search"]);
}
