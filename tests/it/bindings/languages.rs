//! The packages for Python and Go.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::prefix::{Prefix, has_tool, printed, run};
use super::world::World;

/// A Python that can build the wheel and load it, and the folder that the wheel was unpacked in.
fn python() -> Option<&'static (&'static str, PathBuf)> {
    static PYTHON: OnceLock<Option<(&'static str, PathBuf)>> = OnceLock::new();
    let built = PYTHON.get_or_init(|| {
        let wants = ["-c", "import cffi, setuptools, wheel"];
        let python = ["python3", "/usr/bin/python3"].into_iter().find(|python| has_tool(python, &wants))?;
        let prefix = Prefix::get();
        // Beside the sources it would leave files behind.
        let (sources, wheels) = (prefix.file("python"), prefix.file("wheels"));
        copy(&xtask::root().join("bindings/python"), &sources);
        let mut build = prefix.command(python);
        build.current_dir(&sources).env("FULGURITE_PREFIX", prefix.root());
        run(build.args(["setup.py", "-q", "bdist_wheel", "-d"]).arg(&wheels));
        let wheel =
            fs::read_dir(&wheels).expect("a folder").next().expect("a wheel").expect("readable").path();
        assert!(wheel.to_string_lossy().contains("-py3-none-"), "{}", wheel.display());
        let site = prefix.file("site");
        run(Command::new(python).args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&site));
        Some((python, site))
    });
    built.as_ref()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() { copy(&path, &to) } else { fs::copy(&path, &to).map(drop).expect("a copy") }
    }
}

/// A script of `bindings/python`, with the wheel's package and nothing else of ours.
fn script(name: &str) -> Option<Command> {
    let (python, site) = python()?;
    let mut command = Command::new(python);
    command.env("PYTHONPATH", site).env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg(xtask::root().join("bindings/python").join(name));
    Some(command)
}

#[test]
fn answers_in_python_are_those_of_rust() {
    let world = World::get();
    if let Some(mut command) = script("examples/answers.py") {
        assert!(printed(command.arg(&world.graph).arg(&world.payments)) == world.answers);
    }
}

#[test]
fn python_walks_over_the_surface() {
    let world = World::get();
    if let Some(mut command) = script("tests/surface.py") {
        let told = printed(command.arg(&world.graph).args(&world.ends).arg(&world.reason));
        assert_eq!(told, "all is well\n");
    }
}

#[test]
fn python_plots_fees() {
    if let Some(mut command) = script("examples/plot_fees.py") {
        let plot = Prefix::get().file("fees.svg");
        let told = printed(command.arg(&World::get().graph).arg(&plot));
        assert!(told.contains(" routes, "), "{told}");
        let svg = fs::read_to_string(plot).expect("the plot");
        assert!(svg.starts_with("<svg ") && svg.contains("<polyline points=\""));
    }
}

fn go(arguments: &[&str]) -> Option<Command> {
    let prefix = Prefix::get();
    if !has_tool("go", &["version"]) || !has_tool("cc", &["--version"]) {
        return None;
    }
    let mut command = prefix.command("go");
    command
        .current_dir(xtask::root().join("bindings/go"))
        .env("GOFLAGS", "-mod=mod")
        .env("GOTOOLCHAIN", "local");
    command.args(arguments);
    Some(command)
}

#[test]
fn answers_in_go_are_those_of_rust() {
    let world = World::get();
    if let Some(mut command) = go(&["run", "./answers"]) {
        assert!(printed(command.arg(&world.graph).arg(&world.payments)) == world.answers);
    }
}

#[test]
fn go_tests_its_package() {
    if let Some(mut vet) = go(&["vet", "./..."]) {
        run(&mut vet);
    }
    let world = World::get();
    // Vetted already; and what an installed library answers must not be remembered of another one.
    if let Some(mut test) = go(&["test", "-vet=off", "-count=1", ".", "-args"]) {
        run(test.arg(&world.graph).args(&world.ends).arg(&world.reason));
    }
}
