//! A Bitcoin Core node for tests: found, or built from the sources that a crate carries.
//!
//! ```text
//! BITCOIND_EXE -> bitcoind on PATH -> CACHE/bitcoin-core-VERSION/bitcoind -> fetched by cargo, built by cmake
//! ```
//! CACHE is what `cache` says. What is built has no wallet, and no optimisation: it is there to mine a few hundred blocks of
//! regtest, and its build is what takes time.

use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::cache::cache_folder;
use crate::root;

/// A bitcoind that is there already.
pub fn find_bitcoind() -> Option<PathBuf> {
    if let Some(path) = env::var_os(OVERRIDE) {
        return Some(path.into());
    }
    on_path(BITCOIND).or_else(|| cached().ok().filter(|path| path.is_file()))
}

/// A bitcoind: one that is there, or a new one, which takes minutes; lines on its progress go to the standard error.
///
/// # Errors
/// Where the sources cannot be fetched, or a tool or a library is missing that builds them.
pub fn bitcoind() -> Result<PathBuf, BitcoindError> {
    if let Some(path) = find_bitcoind() {
        return Ok(path);
    }
    let sources = sources()?;
    let built = cached()?;
    let folder = built.with_file_name(format!("build-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(BitcoindError::at(&folder))?;
    let log = folder.with_extension("log");
    let done = build(&sources, &folder, &log).and_then(|()| {
        // Whoever builds at the same time puts the same there.
        let program = folder.join("bin").join(BITCOIND);
        fs::rename(&program, &built).map_err(BitcoindError::at(&program))
    });
    fs::remove_dir_all(&folder).map_err(BitcoindError::at(&folder))?;
    done?;
    fs::remove_file(&log).map_err(BitcoindError::at(&log))?;
    Ok(built)
}

/// Where a built one lies.
fn cached() -> Result<PathBuf, BitcoindError> {
    let cache = cache_folder().ok_or(BitcoindError::NoCache)?;
    Ok(cache.join(format!("bitcoin-core-{}", version()?)).join(BITCOIND))
}

/// The version of the crate with the sources, as the lock file beside its name has it.
fn version() -> Result<String, BitcoindError> {
    let path = manifest().with_file_name("Cargo.lock");
    let lock = fs::read_to_string(&path).map_err(BitcoindError::at(&path))?;
    let (_, after) = lock.split_once(&format!("name = \"{CRATE}\"\nversion = \"")).unwrap_or_default();
    let (version, _) = after.split_once('"').unwrap_or_default();
    Ok(version.to_owned())
}

/// Has cargo fetch the crate; returns the folder of the sources in it.
fn sources() -> Result<PathBuf, BitcoindError> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command.args(["fetch", "--locked", "--manifest-path"]).arg(manifest());
    run(&mut command)?;
    let mut command = Command::new(&cargo);
    command.args(["metadata", "--locked", "--offline", "--format-version", "1", "--manifest-path"]);
    let output = command.arg(manifest()).stderr(Stdio::inherit()).output();
    let text = output.map_err(BitcoindError::start(&command))?.stdout;
    let text = String::from_utf8_lossy(&text);
    // Cargo writes each path as a JSON string; a folder with quotes or backslashes would want a parser.
    let end = format!("{CRATE}-{}/Cargo.toml\"", version()?);
    let at = text.find(&end).ok_or(BitcoindError::NoSources)?;
    let from = text[..at].rfind('"').ok_or(BitcoindError::NoSources)? + 1;
    Ok(Path::new(&text[from..at + end.len() - 1]).with_file_name("bitcoin"))
}

/// Builds in `folder`. The output of the tools goes to `log`.
fn build(sources: &Path, folder: &Path, log: &Path) -> Result<(), BitcoindError> {
    let log_file = File::create(log).map_err(BitcoindError::at(log))?;
    let copy = || log_file.try_clone().map_err(BitcoindError::at(log));
    let mut configure = Command::new("cmake");
    if on_path("ninja").is_some() {
        configure.args(["-G", "Ninja"]);
    }
    configure.arg("-S").arg(sources).arg("-B").arg(folder).args(FLAGS);
    eprintln!("bitcoind: configuring; the output goes to {}", log.display());
    run(configure.stdout(copy()?).stderr(copy()?))?;

    let mut make = Command::new("cmake");
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    make.arg("--build").arg(folder).args(["--target", BITCOIND, "--parallel", &jobs.to_string()]);
    let mut child =
        make.stdout(Stdio::piped()).stderr(copy()?).spawn().map_err(BitcoindError::start(&make))?;
    if let Some(output) = child.stdout.take() {
        show_progress(output, &mut copy()?).map_err(BitcoindError::at(log))?;
    }
    let status = child.wait().map_err(BitcoindError::start(&make))?;
    if status.success() { Ok(()) } else { Err(BitcoindError::failed(&make, status)) }
}

/// Copies lines to the log, and now and then how far they say they are: `[57/289]`.
fn show_progress(output: impl io::Read, log: &mut File) -> io::Result<()> {
    let (began, mut shown) = (Instant::now(), Instant::now());
    for line in BufReader::new(output).lines() {
        let line = line?;
        writeln!(log, "{line}")?;
        if shown.elapsed() >= SHOW_EVERY {
            shown = Instant::now();
            let step = line.split_once(']').map_or("", |(step, _)| step.trim_start_matches('['));
            eprintln!("bitcoind: built {step} in {} s", began.elapsed().as_secs());
        }
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<(), BitcoindError> {
    let status = command.status().map_err(BitcoindError::start(command))?;
    if status.success() { Ok(()) } else { Err(BitcoindError::failed(command, status)) }
}

fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn manifest() -> PathBuf {
    root().join("xtask/bitcoind/Cargo.toml")
}

const BITCOIND: &str = "bitcoind";
const OVERRIDE: &str = "BITCOIND_EXE";
const CRATE: &str = "libbitcoinkernel-sys";
const SHOW_EVERY: Duration = Duration::from_secs(20);
/// No wallet, no tests, nothing but the one program.
const FLAGS: &[&str] = &[
    "-DCMAKE_BUILD_TYPE=None",
    "-DCMAKE_C_FLAGS=-O0",
    "-DCMAKE_CXX_FLAGS=-O0",
    "-DCMAKE_EXE_LINKER_FLAGS=-s",
    "-DBUILD_BITCOIN_BIN=OFF",
    "-DBUILD_CLI=OFF",
    "-DBUILD_GUI=OFF",
    "-DBUILD_TESTS=OFF",
    "-DBUILD_TX=OFF",
    "-DBUILD_UTIL=OFF",
    "-DENABLE_EXTERNAL_SIGNER=OFF",
    "-DENABLE_IPC=OFF",
    "-DENABLE_WALLET=OFF",
    "-DINSTALL_MAN=OFF",
    "-DWITH_EMBEDDED_ASMAP=OFF",
    "-DWITH_ZMQ=OFF",
];

/// Why there is no bitcoind.
#[derive(Debug)]
pub enum BitcoindError {
    /// A tool did not start.
    Start {
        /// Its name.
        program: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A tool failed.
    Failed {
        /// Its name.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
    },
    /// A file cannot be used.
    File {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The user has no folder for what can be made again.
    NoCache,
    /// Cargo does not say where the sources are.
    NoSources,
}

impl BitcoindError {
    fn start(command: &Command) -> impl FnOnce(io::Error) -> BitcoindError + use<> {
        let program = command.get_program().into();
        move |error| BitcoindError::Start { program, error }
    }

    fn failed(command: &Command, status: ExitStatus) -> BitcoindError {
        BitcoindError::Failed { program: command.get_program().into(), status }
    }

    fn at(path: &Path) -> impl FnOnce(io::Error) -> BitcoindError + use<> {
        let path = path.to_owned();
        move |error| BitcoindError::File { path, error }
    }
}

impl fmt::Display for BitcoindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BitcoindError::Start { program, error } => {
                write!(f, "{} does not start: {error}", program.display())
            }
            BitcoindError::Failed { program, status } => {
                write!(f, "{} failed: {status}; building wants cmake, boost and libevent", program.display())
            }
            BitcoindError::File { path, error } => write!(f, "{}: {error}", path.display()),
            BitcoindError::NoCache => f.write_str("set FULGURITE_CACHE: there is no folder to build in"),
            BitcoindError::NoSources => write!(f, "cargo does not say where {CRATE} is"),
        }
    }
}

impl std::error::Error for BitcoindError {}
