//! How the command ends: its exit codes, and what it says on the error stream.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use engine::import::ImportError;
use engine::router::RouteError;
use engine::snapshot::SnapshotError;
use engine::synthetic::SyntheticError;

/// What the command found, or that it did what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// All is well; of a query, there is a route.
    Done,
    /// There is no route; this is certain.
    NoRoute,
    /// A query was given up; there may be a route.
    WorkLimit,
    /// Some input was wrong. The command said which on its own.
    BadInput,
}

/// Why the command could not do what it was told.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments, or what they name, are wrong.
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A file cannot be opened, read or written.
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file does not hold what it should.
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// The output cannot be written.
    Output(io::Error),
}

/// The exit codes, for `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done; of a query, a route was found; of --queries, every row was answered, with a route or why there is none
  1  there is no route; this is certain
  2  the arguments, a query or a row of --queries are wrong
  3  a file cannot be read or written, or does not hold what it should
  4  the work limit was reached before a route was found; there may be one (--max-work)";

/// How the command ends after this answer.
pub(crate) fn outcome_of(error: &RouteError) -> Outcome {
    match error {
        RouteError::NoRoute(_) => Outcome::NoRoute,
        RouteError::WorkLimit { .. } | RouteError::Contended => Outcome::WorkLimit,
        _ => Outcome::BadInput,
    }
}

impl Outcome {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Outcome::Done => 0,
            Outcome::NoRoute => 1,
            Outcome::WorkLimit => 4,
            Outcome::BadInput => 2,
        })
    }
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Failure::Usage { message: message.into(), hint: hint.into() }
    }

    /// Names the file that an input or output error came from.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Failure::File { action, path: path.to_owned(), error }
    }

    /// Names the file that an import refused.
    pub(crate) fn import(path: &Path, error: &ImportError) -> Self {
        let hint = match error {
            ImportError::Detect(_) => "`fulgurite import --help` lists the formats that are read",
            ImportError::Io { .. } => "check the file and the disk",
            _ => "the file is damaged or was written by another version of its program; export it again",
        };
        Failure::Content { path: path.to_owned(), message: error.to_string(), hint }
    }

    /// Names the file that is no sound snapshot.
    pub(crate) fn snapshot(path: &Path, error: &SnapshotError) -> Self {
        let hint = match error {
            SnapshotError::Unreadable { .. } => "check the file and the disk",
            _ => "the file is damaged or of another version; import the graph again",
        };
        Failure::Content { path: path.to_owned(), message: error.to_string(), hint }
    }

    /// The number that the shell sees.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Usage { .. } => 2,
            Failure::File { .. } | Failure::Content { .. } | Failure::Output(_) => 3,
        })
    }

    /// Whether the reader of our output went away, which is its right.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage { message, hint } => write!(f, "{message}\n  {hint}"),
            Failure::File { action, path, error } => {
                write!(f, "cannot {action} {}: {error}", path.display())
            }
            Failure::Content { path, message, hint } => {
                write!(f, "{}: {message}\n  {hint}", path.display())
            }
            Failure::Output(error) => write!(f, "cannot write the output: {error}"),
        }
    }
}

/// Everything that is written through `?` without another name is the command's own output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Failure::Output(error.into())
    }
}

impl From<SyntheticError> for Failure {
    fn from(error: SyntheticError) -> Self {
        Failure::usage(error.to_string(), "change --channels or --nodes")
    }
}
