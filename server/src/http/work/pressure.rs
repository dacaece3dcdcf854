//! How far behind the runtime is: what a request waits before its handler begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
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
    /// Searches that came too late so far.
    late_count: AtomicU32,
    wanted: Notify,
}

impl Pressure {
    /// Of a runtime that rests.
    pub(in crate::http) fn new(patience: Patience, now: Instant) -> Self {
        let (lag, asked, late_count) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU32::new(0));
        Pressure(Arc::new(Gauge { began: now, patience, lag, asked, late_count, wanted: Notify::new() }))
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
        let lag = Duration::from_micros(gauge.lag.load(Relaxed));
        age > AGE_MAX_US
            || gauge.patience.allows(lag, now)
            || gauge.late_count.fetch_add(1, Relaxed) % LATE_TURN == LATE_TURN - 1
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
            self.note_lag(now.saturating_duration_since(ready), now);
        }
    }

    fn note_lag(&self, lag: Duration, now: Instant) {
        self.0.lag.store(micros(lag), Relaxed);
        self.0.patience.note_wait(lag, now);
    }
}

/// Between two measurements: some ten searches.
const PAUSE_US: u64 = 500;
/// One search in so many that come too late runs all the same: where refusals or cheaper requests alone keep the server
/// behind, none would ever.
const LATE_TURN: u32 = 8;
/// A measurement that is older says nothing.
const AGE_MAX_US: u64 = 100_000;

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::{BinaryHeap, VecDeque};

    use super::super::brake::Brake;
    use super::*;

    /// What a search takes in a model of a server, in us: 36 in the mean, the slowest thousandth 5 ms.
    fn search_us(at: u64) -> u64 {
        match at % 1000 {
            0 => 5000,
            place if place % 100 == 50 => 300,
            place => 5 + place * 37 % 47,
        }
    }

    /// A model of two threads and of clients that ask again as soon as they are answered or refused: the times of what
    /// was accepted in two seconds after the first two, sorted.
    fn crowd(client_count: u64) -> Vec<u64> {
        let start = Instant::now();
        let (us, at) = (Duration::from_micros, |us| start + Duration::from_micros(us));
        let patience = Patience::new(us(1000), us(100_000), start);
        let (pressure, brake) = (Pressure::new(patience, start), Brake::new(2, start));
        let mut arrivals: BinaryHeap<_> = (0..client_count).map(Reverse).collect();
        let (mut queue, mut free, mut times, mut count) = (VecDeque::new(), [0, 0], Vec::new(), 0);
        loop {
            let thread = usize::from(free[1] < free[0]);
            let next = arrivals.peek().map_or(u64::MAX, |next| next.0);
            let now: u64 = if queue.is_empty() { next.max(free[thread]) } else { free[thread] };
            if now > 4_000_000 {
                times.sort_unstable();
                return times;
            }
            while let Some(&Reverse(asked)) = arrivals.peek().filter(|next| next.0 <= now) {
                arrivals.pop();
                queue.push_back((asked, true));
            }
            let (asked, is_client) = queue.pop_front().expect("somebody has come by now");
            free[thread] = now;
            if !is_client {
                pressure.note_lag(us(now - asked), at(now));
                continue;
            }
            let measured = pressure.0.asked.load(Relaxed);
            let is_allowed = pressure.allows(at(now));
            if pressure.0.asked.load(Relaxed) != measured {
                queue.push_back((now, false));
            }
            if is_allowed {
                count += 1;
                pressure.note_service(us(search_us(count)));
                free[thread] += 16 + search_us(count);
                arrivals.push(Reverse(free[thread]));
                times.extend((now > 2_000_000).then_some(free[thread] - asked));
            } else {
                free[thread] += 12;
                arrivals.push(Reverse(free[thread] + micros(brake.pause(at(now)))));
            }
        }
    }

    #[test]
    fn however_many_ask_what_is_accepted_is_brief_and_nearly_all_that_can_be() {
        let most = crowd(8).len();
        // Beyond 5,000, all that are refused at one time come back at one time.
        for (client_count, p99_max) in [(256, 2000), (4096, 2000), (8192, 6000)] {
            let times = crowd(client_count);
            let p99 = times[times.len() * 99 / 100];
            assert!(p99 < p99_max, "{client_count} clients: {p99} us");
            assert!(times.len() * 10 > most * 9, "{client_count} clients: {} of {most}", times.len());
        }
    }

    #[test]
    fn a_few_are_never_refused() {
        let times = crowd(16);
        assert!(times.len() as u64 > 2_000_000 / 60 * 2 * 9 / 10, "{}", times.len());
    }
}
