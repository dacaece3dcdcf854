//! How far behind the runtime is: what a request waits before its handler begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::task::yield_now;
use tokio::time::sleep;

/// How long a task that is ready waited last before it ran. Searches that run in place are refused where that is too long:
/// a queue of tasks cannot be seen otherwise, and has no bound of its own.
#[derive(Debug, Clone, Default)]
pub struct Pressure {
    lag_us: Arc<AtomicU64>,
}

impl Pressure {
    /// The last one that was measured.
    pub fn lag(&self) -> Duration {
        Duration::from_micros(self.lag_us.load(Relaxed))
    }

    /// Measures for as long as it is polled.
    pub(in crate::http) async fn watch(self) {
        loop {
            let ready = Instant::now();
            yield_now().await;
            self.lag_us.store(u64::try_from(ready.elapsed().as_micros()).unwrap_or(u64::MAX), Relaxed);
            sleep(PAUSE).await;
        }
    }
}

/// Between two measurements.
const PAUSE: Duration = Duration::from_millis(1);
