//! Programs in C: the ten lines of the manual, the whole surface under checkers, threads under updates.

use std::fs;
use std::path::PathBuf;

use super::prefix::{Prefix, has_tool, printed, run};
use super::world::World;

const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-std=c99"];

/// Compiles a program below `bindings`, by pkg-config where `flags` are none of their own.
fn compile(compiler: &str, source: &str, name: &str, flags: &[&str]) -> PathBuf {
    let prefix = Prefix::get();
    let program = prefix.file(name);
    let mut command = prefix.command(compiler);
    command.args(STRICT).args(flags).arg("-o").arg(&program).arg(xtask::root().join("bindings").join(source));
    command
        .arg("-I")
        .arg(&prefix.at.include)
        .arg("-L")
        .arg(&prefix.at.lib)
        .args(["-lfulgurite", "-lpthread"]);
    run(&mut command);
    program
}

#[test]
fn the_ten_lines_of_the_manual_compile_and_find_a_route() {
    let text = fs::read_to_string(xtask::root().join("docs/bindings/c.md")).expect("the manual");
    let (_, rest) = text.split_once("```c\n").expect("the manual begins with the example");
    let (example, _) = rest.split_once("```").expect("the example ends");
    let source = fs::read_to_string(xtask::root().join("bindings/examples/c/route.c")).expect("the example");
    assert_eq!(example, source, "manual and example differ");
    let body = example.lines().filter(|line| !line.starts_with("#include"));
    assert!(body.count() <= 10, "more than ten lines");

    let (prefix, world) = (Prefix::get(), World::get());
    for compiler in ["gcc", "clang"] {
        if !has_tool(compiler, &["--version"]) || !has_tool("pkg-config", &["--version"]) {
            continue;
        }
        let flags = printed(prefix.command("pkg-config").args(["--cflags", "--libs", "fulgurite"]));
        let program = prefix.file(&format!("route-{compiler}"));
        let mut command = prefix.command(compiler);
        command.args(STRICT).arg(xtask::root().join("bindings/examples/c/route.c")).arg("-o").arg(&program);
        run(command.args(flags.split_whitespace()));
        let told = printed(prefix.command(&program).arg(&world.graph).args(&world.ends));
        assert!(told.contains(" msat over "), "{told}");
    }
}

#[test]
fn the_static_library_links_by_pkg_config() {
    if !has_tool("cc", &["--version"]) || !cfg!(target_os = "linux") {
        return;
    }
    let (prefix, world) = (Prefix::get(), World::get());
    let program = prefix.file("route-static");
    let mut command = prefix.command("cc");
    command.args(STRICT).arg("-I").arg(&prefix.at.include).arg("-o").arg(&program);
    command.arg(xtask::root().join("bindings/examples/c/route.c")).arg(prefix.at.lib.join("libfulgurite.a"));
    run(command.args(["-lpthread", "-lm", "-ldl", "-lgcc_s"]));
    let told =
        printed(prefix.command(&program).env_remove("LD_LIBRARY_PATH").arg(&world.graph).args(&world.ends));
    assert!(told.contains(" msat over "), "{told}");
}

/// Runs the walk over the surface.
fn walk(name: &str, flags: &[&str], checker: &[&str]) {
    if !has_tool("cc", &["--version"]) {
        return;
    }
    let (prefix, world) = (Prefix::get(), World::get());
    let program = compile("cc", "tests/c/surface.c", name, flags);
    let folder = prefix.file(&format!("{name}-files"));
    fs::create_dir_all(&folder).expect("a folder");
    let mut command = match checker {
        [] => prefix.command(&program),
        [checker, rest @ ..] => {
            let mut command = prefix.command(checker);
            command.args(rest).arg(&program);
            command
        }
    };
    let told = printed(command.arg(&folder).arg(&world.graph).args(&world.ends).arg(&world.reason));
    assert!(told.ends_with("all is well\n"), "{told}");
}

#[test]
fn the_surface_keeps_its_promises() {
    walk("surface", &["-g"], &[]);
}

#[test]
fn the_surface_is_clean_under_address_sanitizer() {
    walk("surface-asan", &["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"], &[]);
}

#[test]
fn the_surface_is_clean_under_valgrind() {
    if has_tool("valgrind", &["--version"]) {
        // Threads of the pool live on, and what they hold is possibly lost.
        let leaks = [
            "--leak-check=full",
            "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect",
        ];
        walk(
            "surface-valgrind",
            &["-g"],
            &[&["valgrind", "-q", "--error-exitcode=9"][..], &leaks[..]].concat(),
        );
    }
}

#[test]
fn threads_ask_while_another_changes() {
    if !has_tool("cc", &["--version"]) {
        return;
    }
    let (prefix, world) = (Prefix::get(), World::get());
    let program = compile("cc", "examples/c/threads.c", "threads", &["-O2"]);
    let told = printed(prefix.command(&program).arg(&world.graph).args(&world.ends).args(["3", "500", "1"]));
    assert!(told.contains("of 1500 queries on 3 threads"), "{told}");
}

#[test]
fn answers_in_c_are_those_of_rust() {
    if !has_tool("cc", &["--version"]) {
        return;
    }
    let (prefix, world) = (Prefix::get(), World::get());
    let program = compile("cc", "examples/c/answers.c", "answers", &["-O2"]);
    let told = printed(prefix.command(&program).arg(&world.graph).arg(&world.payments));
    assert!(told == world.answers);
    let found = told.lines().filter(|line| line.starts_with("FG_OK")).count();
    assert!(told.lines().count() == 1000 && found > 200, "{found} routes");
}
