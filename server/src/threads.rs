//! Threads that answer queries, and the workspaces that they use again.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use engine::router::RouteWorkspace;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::exit::Failure;

/// A pool of that many threads, by default one for each processor.
pub(crate) fn pool(count: Option<usize>) -> Result<ThreadPool, Failure> {
    let pool = ThreadPoolBuilder::new().num_threads(count.unwrap_or(0)).build();
    pool.map_err(|error| Failure::usage(format!("cannot start the threads: {error}"), "lower --threads"))
}

/// Workspaces that no query uses now.
#[derive(Debug, Default)]
pub(crate) struct Workspaces {
    idle: Mutex<Vec<RouteWorkspace>>,
}

/// A workspace that goes back when it is dropped.
#[derive(Debug)]
pub(crate) struct BorrowedWorkspace<'a> {
    workspaces: &'a Workspaces,
    space: RouteWorkspace,
}

impl Workspaces {
    /// An idle workspace, or a new one.
    pub(crate) fn take(&self) -> BorrowedWorkspace<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        BorrowedWorkspace { workspaces: self, space: idle.unwrap_or_default() }
    }
}

impl Deref for BorrowedWorkspace<'_> {
    type Target = RouteWorkspace;

    fn deref(&self) -> &RouteWorkspace {
        &self.space
    }
}

impl DerefMut for BorrowedWorkspace<'_> {
    fn deref_mut(&mut self) -> &mut RouteWorkspace {
        &mut self.space
    }
}

impl Drop for BorrowedWorkspace<'_> {
    fn drop(&mut self) {
        let space = std::mem::take(&mut self.space);
        self.workspaces.idle.lock().unwrap_or_else(PoisonError::into_inner).push(space);
    }
}
