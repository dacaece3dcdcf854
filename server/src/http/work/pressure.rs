//! How far behind the runtime is: what a request waits before its handler begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::yield_now;

use super::patience::{Patience, micros};

/// How long a task that is ready waits before it runs. Searches that run in place are refused where that is too long: a
/// queue of tasks cannot be seen otherwise, and has no bound of its own.
#[derive(Debug, Clone)]
pub struct Pressure(Arc<Gauge>);

#[derive(Debug)]
struct Gauge {
    began: Instant,
    patience: Patience,
    /// The last wait that was measured, in us.
    lag: AtomicU64,
    /// When a measurement was last asked for, in us since `began`.
    asked: AtomicU64,
    wanted: Notify,
}

impl Pressure {
    /// Of a runtime that rests.
    pub(in crate::http) fn new(patience: Patience, now: Instant) -> Self {
        let (lag, asked) = (AtomicU64::new(0), AtomicU64::new(0));
        Pressure(Arc::new(Gauge { began: now, patience, lag, asked, wanted: Notify::new() }))
    }

    /// Whether a search may run in place now. Has the lag measured now and then while it is asked; a server that rests
    /// measures nothing.
    pub fn allows(&self, now: Instant) -> bool {
        let gauge = &*self.0;
        let since = micros(now.saturating_duration_since(gauge.began));
        let asked = gauge.asked.load(Relaxed);
        let age = since.saturating_sub(asked);
        if age > PAUSE_US && gauge.asked.compare_exchange(asked, since, Relaxed, Relaxed).is_ok() {
            gauge.wanted.notify_one();
        }
        age > AGE_MAX_US || Duration::from_micros(gauge.lag.load(Relaxed)) <= gauge.patience.wait_max(now)
    }

    /// Notes how long a search took that ran in place.
    pub(in crate::http) fn note_service(&self, took: Duration) {
        self.0.patience.note_service(took);
    }

    /// Measures when it is asked, for as long as it is polled.
    pub(in crate::http) async fn watch(self) {
        loop {
            self.0.wanted.notified().await;
            let ready = Instant::now();
            // The runtime puts it behind all tasks that are ready.
            yield_now().await;
            let now = Instant::now();
            let lag = now.saturating_duration_since(ready);
            self.0.lag.store(micros(lag), Relaxed);
            self.0.patience.note_wait(lag, now);
        }
    }
}

/// Between two measurements: some ten searches.
const PAUSE_US: u64 = 500;
/// A measurement that is older says nothing.
const AGE_MAX_US: u64 = 100_000;
