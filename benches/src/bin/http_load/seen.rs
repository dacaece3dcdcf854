//! What became of requests.

use std::time::Duration;

/// What became of requests.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    times: Vec<Duration>,
    /// 503 and 429.
    refused: u64,
    /// Anything else but an answer or a problem of the query.
    failed: u64,
    /// How long it was measured.
    elapsed: Duration,
    /// Processor time of the process meanwhile.
    used: Duration,
}

impl Seen {
    /// Notes an answer and its time.
    pub(crate) fn note(&mut self, status: u16, time: Duration) {
        match status {
            503 | 429 => self.refused += 1,
            200 | 404 | 422 => self.times.push(time),
            _ => self.failed += 1,
        }
    }

    /// Notes that a connection broke.
    pub(crate) fn note_failure(&mut self) {
        self.failed += 1;
    }

    /// What several connections saw together, and how long it took.
    pub(crate) fn together(parts: impl IntoIterator<Item = Seen>, elapsed: Duration, used: Duration) -> Self {
        let mut all = Seen { elapsed, used, ..Seen::default() };
        for one in parts {
            all.times.extend(one.times);
            all.refused += one.refused;
            all.failed += one.failed;
        }
        all.times.sort_unstable();
        all
    }

    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.times.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Processor time for each answer, those that were refused included.
    pub(crate) fn cost_us(&self) -> f64 {
        self.used.as_secs_f64() * 1e6 / (self.times.len() as u64 + self.refused).max(1) as f64
    }

    /// The time within which that share was answered.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        let at = ((self.times.len() as f64 * share) as usize).min(self.times.len().saturating_sub(1));
        self.times.get(at).copied().unwrap_or_default().as_secs_f64() * 1e3
    }

    pub(crate) fn print(&self, what: &str) {
        println!(
            "{what:<40} {:>9.0} a second, {:.1} us each, p50 {:.2} ms, p99 {:.2} ms, worst {:.2} ms, {} refused, {} other errors",
            self.rate(),
            self.cost_us(),
            self.quantile_ms(0.5),
            self.quantile_ms(0.99),
            self.quantile_ms(1.0),
            self.refused,
            self.failed,
        );
    }
}
