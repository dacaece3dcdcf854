//! The header, and what the library shows and needs.

use std::fs;
use std::process::Command;

use super::prefix::{Prefix, has_tool, printed, run};

const HEADER_LINES_MAX: usize = 800;
const LIBRARY_BYTES_MAX: u64 = 6_000_000;

#[test]
fn the_header_is_what_its_sources_generate() {
    let expected = xtask::header().expect("the sources parse");
    let found = fs::read_to_string(xtask::header_path()).expect("a readable header");
    assert!(found == expected, "run `cargo xtask header`");
    let lines = found.lines().count();
    assert!(lines <= HEADER_LINES_MAX, "{lines} lines");
}

#[test]
fn the_library_shows_its_own_names_only() {
    if !cfg!(target_os = "linux") || !has_tool("nm", &["--version"]) {
        return;
    }
    let library = Prefix::get().at.lib.join("libfulgurite.so");
    let names = printed(Command::new("nm").args(["-D", "--defined-only"]).arg(library));
    let names: Vec<&str> = names.lines().filter_map(|line| line.split_whitespace().last()).collect();
    let others: Vec<_> = names.iter().filter(|name| !name.starts_with("fg_")).collect();
    assert!(others.is_empty(), "{others:?}");
    let header = fs::read_to_string(xtask::header_path()).expect("a readable header");
    for name in names.iter().filter(|name| **name != "fg_force_panic") {
        assert!(header.contains(&format!("{name}(")), "{name} is not in the header");
    }
    assert!(names.len() > 60);
}

#[test]
fn the_library_is_small_and_needs_the_system_alone() {
    if !cfg!(target_os = "linux") || !has_tool("readelf", &["--version"]) {
        return;
    }
    let prefix = Prefix::get();
    let library = prefix.at.lib.join("libfulgurite.so");
    let needed = printed(Command::new("readelf").arg("-d").arg(&library));
    for line in needed.lines().filter(|line| line.contains("(NEEDED)")) {
        let allowed = ["libc.so", "libm.so", "libgcc_s.so", "libpthread.so", "libdl.so", "ld-linux"];
        assert!(allowed.iter().any(|name| line.contains(name)), "{line}");
    }
    assert!(needed.contains("libfulgurite.so.1]"), "no soname");
    let stripped = prefix.file("stripped.so");
    run(Command::new("strip").arg("-o").arg(&stripped).arg(&library));
    let size = fs::metadata(&stripped).expect("it was written").len();
    assert!(size <= LIBRARY_BYTES_MAX, "{size} bytes");
}
