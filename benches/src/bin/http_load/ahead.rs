//! Threads that go before all others, as if they were on a machine of their own.
//!
//! What a client measures is the server's time and its own: on cores that both want, an answer that has come lies in its
//! socket until the client's thread has its turn, behind the server that answers others. Those who measure latency are
//! therefore woken first.

use std::io;
use std::sync::Once;

use rustix::process::setpriority_process;
use tokio::runtime::{Builder, Runtime};

/// Starts a runtime on such threads. Where the system does not allow it, that is told, and times hold the client's as well.
pub(crate) fn start() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(|| {
            if setpriority_process(None, NICENESS).is_err() {
                TOLD.call_once(|| println!("the load has no priority: times hold what its threads wait"));
            }
        })
        .build()
}

static TOLD: Once = Once::new();
/// Of three parts that they and the server want, they get two. With more, the system leaves both threads of the server on
/// one core, where they wait for each other.
const NICENESS: i32 = -3;
