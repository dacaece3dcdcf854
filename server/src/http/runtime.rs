//! The threads that serve connections.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Starts a runtime for a server: threads that look at their sockets often, because a request that waits there is seen by
/// nobody, and tasks here may search.
///
/// # Errors
/// Where the system refuses a thread.
pub fn start_runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().event_interval(EVENT_INTERVAL).build()
}

/// Tasks between two looks at the sockets, each up to a search: a quarter of a millisecond. A look costs a microsecond.
const EVENT_INTERVAL: u32 = 8;
