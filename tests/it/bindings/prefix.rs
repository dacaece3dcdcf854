//! The library, built by itself and installed once below a folder of the tests' own, and the tools that use it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;
use xtask::{Build, Installed, build, install};

/// The prefix, and a folder to work in.
pub(super) struct Prefix {
    folder: TempDir,
    pub(super) at: Installed,
}

impl Prefix {
    /// The prefix of all tests.
    pub(super) fn get() -> &'static Prefix {
        static PREFIX: OnceLock<Prefix> = OnceLock::new();
        PREFIX.get_or_init(|| {
            // It lies in target/PROFILE/deps.
            let binary = std::env::current_exe().expect("the tests' own file");
            let target_dir = &binary.ancestors().nth(3).expect("three folders above it").join("bindings");
            // The profile that is installed takes minutes: who wants to see it tested names `release` here.
            let profile = std::env::var("FULGURITE_PROFILE").unwrap_or_else(|_| "trial".to_owned());
            // With the function that panics, for the tests of what a panic becomes.
            let what = Build { profile: &profile, features: "force-panic", target_dir };
            let built = build(&what).expect("the library builds");
            let folder = tempfile::tempdir().expect("a folder");
            let at = install(&folder.path().join("prefix"), &built).expect("what was built is installed");
            Prefix { folder, at }
        })
    }

    /// A place for a file of that name.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder above include and lib.
    pub(super) fn root(&self) -> PathBuf {
        self.file("prefix")
    }

    /// A command that finds the library when it runs.
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env("LD_LIBRARY_PATH", &self.at.lib).env("PKG_CONFIG_PATH", &self.at.pkgconfig);
        command.env("RUST_BACKTRACE", "0");
        command
    }
}

/// Runs a command to its end, which must be a good one.
pub(super) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told =
        || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, told());
    output
}

/// What a command prints.
pub(super) fn printed(command: &mut Command) -> String {
    String::from_utf8(run(command).stdout).expect("text")
}

/// Whether a tool answers when it is asked for that; says so where it does not.
pub(super) fn has_tool(name: &str, question: &[&str]) -> bool {
    let answers = Command::new(name).args(question).output().is_ok_and(|output| output.status.success());
    if !answers {
        println!("skipped: {name} {} does not answer", question.join(" "));
    }
    answers
}
