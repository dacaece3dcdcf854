//! Rules about single files: their size, their names, their words, and where `unsafe` may live.

use std::fs;

use super::code::{SourceFile, line_of, refuse, root, rust_files, word_places};

const FILE_LINES_MAX: usize = 500;
const NAMES_FORBIDDEN: &[&str] = &["common", "misc", "prelude", "util", "utils"];
const LOGIC_WORDS: &[&str] = &["fn", "impl", "struct", "enum", "trait", "static", "macro_rules"];
const UNSAFE_LIST: (&str, &str) = ("<!-- unsafe: begin -->", "<!-- unsafe: end -->");

#[test]
fn tidy_files_are_short() {
    let mut offences = Vec::new();
    for file in rust_files().iter().filter(|file| !file.is_generated() && file.name() != "tests.rs") {
        let lines = file.code_without_tests().lines().count();
        if lines > FILE_LINES_MAX {
            offences.push(format!("{}: {lines} lines without its tests", file.path));
        }
    }
    refuse("A file has at most 500 lines without its tests: one idea a file.", &offences);
}

#[test]
fn tidy_files_say_what_they_are_for() {
    let mut offences = Vec::new();
    for file in rust_files().iter().filter(|file| !file.is_generated() && file.name() != "tests.rs") {
        let is_prelude = |line: &&str| line.trim().is_empty() || line.starts_with("#![");
        if !file.text.lines().find(|line| !is_prelude(line)).is_some_and(|line| line.starts_with("//!")) {
            offences.push(file.path.clone());
        }
    }
    refuse("A module opens with `//!`: what it is for, and what it deliberately does not do.", &offences);
}

#[test]
fn tidy_names_mean_something() {
    let mut offences = Vec::new();
    for file in rust_files() {
        let mut parts = file.path.trim_end_matches(".rs").split('/');
        if parts.any(|part| NAMES_FORBIDDEN.contains(&part)) {
            offences.push(file.path);
        }
    }
    refuse("A module is named after what it does.", &offences);
}

#[test]
fn tidy_mod_files_hold_no_logic() {
    let mut offences = Vec::new();
    for file in rust_files().iter().filter(|file| file.name() == "mod.rs" && !file.is_generated()) {
        let code = file.code_without_tests();
        for word in LOGIC_WORDS {
            for at in word_places(code, word) {
                offences.push(format!("{}:{}: {word}", file.path, line_of(code, at)));
            }
        }
    }
    refuse("A mod.rs declares, re-exports and explains.", &offences);
}

#[test]
fn tidy_unsafe_lives_where_it_is_listed() {
    let listed = unsafe_list();
    let is_listed = |file: &SourceFile| {
        listed.iter().any(|entry| file.path == *entry || entry.ends_with('/') && file.path.starts_with(entry))
    };
    let mut offences = Vec::new();
    for file in rust_files().iter().filter(|file| !is_listed(file)) {
        for at in word_places(&file.code, "unsafe") {
            offences.push(format!("{}:{}", file.path, line_of(&file.code, at)));
        }
    }
    refuse("`unsafe` lives only in the modules that ARCHITECTURE.md lists.", &offences);
}

#[test]
fn tidy_nothing_is_left_undone() {
    let fix_me = concat!("FIX", "ME");
    let to_do = concat!("TO", "DO");
    let mut offences = Vec::new();
    for file in rust_files().iter().filter(|file| !file.is_generated()) {
        let numbered = |at: usize| file.text[at + to_do.len()..].starts_with("(#");
        for at in word_places(&file.text, fix_me) {
            offences.push(format!("{}:{}: {fix_me}", file.path, line_of(&file.text, at)));
        }
        for at in word_places(&file.text, to_do).filter(|&at| !numbered(at)) {
            offences.push(format!("{}:{}: {to_do} without an issue", file.path, line_of(&file.text, at)));
        }
        for word in ["todo", "unimplemented"] {
            for at in
                word_places(&file.code, word).filter(|&at| file.code[at + word.len()..].starts_with('!'))
            {
                offences.push(format!("{}:{}: {word}!", file.path, line_of(&file.code, at)));
            }
        }
    }
    refuse("What is left to do is an issue: `TODO(#12)`.", &offences);
}

/// The paths between the two marks in ARCHITECTURE.md: one list item each, the path in backticks. A path that ends
/// in `/` stands for everything below it.
fn unsafe_list() -> Vec<String> {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let (_, rest) = page.split_once(UNSAFE_LIST.0).expect("the list's first mark");
    let (list, _) = rest.split_once(UNSAFE_LIST.1).expect("the list's last mark");
    let path = |line: &str| line.strip_prefix("- `")?.split_once('`').map(|(path, _)| path.to_owned());
    list.lines().filter_map(path).collect()
}
