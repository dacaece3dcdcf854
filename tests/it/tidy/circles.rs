//! Files and folders that lie beside each other do not import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use super::code::{SourceFile, refuse, rust_files, word_places};

#[test]
fn tidy_neighbours_import_each_other_in_no_circle() {
    let files = rust_files();
    let mut crates: BTreeMap<&str, Vec<&SourceFile>> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.is_generated() && !file.is_unit_tests()) {
        if let Some(at) = file.path.find("/src/") {
            crates.entry(&file.path[..at + 4]).or_default().push(file);
        }
    }
    assert!(crates.len() > 5 && crates.contains_key("engine/src"));
    let mut offences = Vec::new();
    for (root, files) in &crates {
        let uses: Vec<_> = files.iter().map(|file| (file.module(root), paths_of(root, file))).collect();
        let folders: BTreeSet<&[&str]> =
            uses.iter().flat_map(|(module, _)| (0..module.len()).map(|depth| &module[..depth])).collect();
        for folder in folders {
            let name = [&[*root], folder].concat().join("/");
            offences
                .extend(circles(folder, &uses).iter().map(|circle| format!("{name}: {}", circle.join(", "))));
        }
    }
    refuse(
        "Files do not import each other in a circle: what two of them share has a file of its own.",
        &offences,
    );
}

type Module<'a> = Vec<&'a str>;

/// The circles among what lies in a folder.
fn circles<'a>(folder: &[&'a str], uses: &'a [(Module<'a>, Vec<Module<'a>>)]) -> Vec<Vec<&'a str>> {
    let child = |module: &Module<'a>| module.strip_prefix(folder).and_then(|rest| rest.first().copied());
    let children: BTreeSet<&str> = uses.iter().filter_map(|(module, _)| child(module)).collect();
    // What the folder's own file hands on, by name.
    let own = uses.iter().filter(|(module, _)| module == folder).flat_map(|(_, paths)| paths);
    let handed_on: BTreeMap<&str, &str> = own
        .filter_map(|path| Some((*path.last()?, child(path)?)))
        .filter(|(_, of)| children.contains(of))
        .collect();
    let children: Vec<&str> = children.into_iter().collect();
    let mut graph = DiGraph::<(), ()>::new();
    let nodes: Vec<_> = children.iter().map(|_| graph.add_node(())).collect();
    for (module, paths) in uses {
        let Some(from) = child(module).and_then(|name| children.binary_search(&name).ok()) else { continue };
        for name in paths.iter().filter_map(child) {
            let to = children
                .binary_search(&name)
                .or_else(|_| children.binary_search(handed_on.get(name).unwrap_or(&name)));
            if let Some(to) = to.ok().filter(|&to| to != from) {
                graph.add_edge(nodes[from], nodes[to], ());
            }
        }
    }
    let circles = tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1);
    circles.map(|circle| circle.into_iter().map(|node| children[node.index()]).collect()).collect()
}

/// All paths of the crate that a file names, from the crate's root. What a `mod.rs` names without `self::` counts, too.
fn paths_of<'a>(root: &str, file: &'a SourceFile) -> Vec<Module<'a>> {
    let (module, code) = (file.module(root), file.code_without_tests());
    let mut paths = Vec::new();
    for (word, from) in [("crate", 0), ("super", module.len().saturating_sub(1)), ("use", module.len())] {
        for at in word_places(code, word) {
            let is_inner = code[..at].ends_with("::");
            let mut rest = code[at + word.len()..].trim_start_matches(' ');
            let mut base = &module[..from];
            match word {
                "use" => {}
                _ if is_inner || !rest.starts_with("::") => continue,
                _ => rest = &rest[2..],
            }
            while let Some(outer) = rest.strip_prefix("super::") {
                (rest, base) = (outer, &base[..base.len().saturating_sub(1)]);
            }
            let is_elsewhere =
                word == "use" && ["crate", "super"].iter().any(|start| rest.starts_with(start));
            if !is_elsewhere {
                expand(rest.strip_prefix("self::").unwrap_or(rest), base.to_vec(), &mut paths);
            }
        }
    }
    paths
}

/// Adds the paths that `code` begins with to `paths`, each behind `base`; returns what is behind them.
fn expand<'a>(code: &'a str, mut base: Module<'a>, paths: &mut Vec<Module<'a>>) -> &'a str {
    let code = code.trim_start();
    if let Some(mut group) = code.strip_prefix('{') {
        while !group.trim_start().starts_with('}') && !group.is_empty() {
            let rest = expand(group, base.clone(), paths);
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            group = rest[end..].strip_prefix(',').unwrap_or(&rest[end..]);
        }
        return group.trim_start().get(1..).unwrap_or_default();
    }
    let end = code.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len());
    base.push(&code[..end]);
    match code[end..].strip_prefix("::") {
        Some(rest) => expand(rest, base, paths),
        None => {
            paths.push(base);
            &code[end..]
        }
    }
}

#[test]
fn tidy_sees_circles() {
    let file =
        |path: &str, code: &str| SourceFile { path: path.into(), text: code.into(), code: code.into() };
    let files = [
        file("x/src/lib.rs", "mod a; mod b; mod c; pub use b::{Inner, Other as Renamed};"),
        file("x/src/a.rs", "use super::{Inner, c::One}; fn f() { super::c::two(); }"),
        file("x/src/b.rs", "use crate::c::{deep::{One, Two}, Three};"),
        file("x/src/c/mod.rs", "mod deep;"),
        file("x/src/c/deep.rs", "use super::super::a::Four; use std::fmt;"),
    ];
    let uses: Vec<_> = files.iter().map(|file| (file.module("x/src"), paths_of("x/src", file))).collect();
    assert_eq!(uses[2].1, [["c", "deep", "One"].as_slice(), &["c", "deep", "Two"], &["c", "Three"]]);
    let mut found = circles(&[], &uses);
    found.iter_mut().for_each(|circle| circle.sort_unstable());
    assert_eq!(found, [["a", "b", "c"]]);
    let without = [&uses[..4], &[(vec!["c", "deep"], vec![vec!["std", "fmt"]])]].concat();
    assert!(circles(&[], &without).is_empty());
}
