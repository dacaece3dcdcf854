//! How far behind the runtime is: how long requests wait before anybody looks at them.
//!
//! A connection's task is woken when its socket becomes readable, and runs when a thread has come to it. The tasks between
//! are the queue of a busy server, and it has no bound of its own: with 500 connections that ask at once, the last one waits
//! for 500 searches. So each request tells how long it has waited (see `arrival`), and where that is too long it is refused
//! before anything else is done for it.
//!
//! Whether the queue stands or only sways is seen by its length, not by the least wait (as `patience` does it alone): the
//! runtime runs the task that was woken last first, so that somebody has not waited at all however long the queue is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::patience::{Patience, micros};

/// How long requests wait for a thread of the runtime, and which of them have waited too long. Clones measure the same.
#[derive(Debug, Clone)]
pub struct Pressure(Arc<Gauge>);

#[derive(Debug)]
struct Gauge {
    began: Instant,
    patience: Patience,
    /// Requests that are served at a time.
    thread_count: usize,
    /// Requests that wait.
    waiting: AtomicUsize,
    /// What they have waited in the mean, in ns. Threads that note something at the same time may lose a note.
    mean_wait: AtomicU64,
    /// When the last one was let in, in us since `began`.
    admitted: AtomicU64,
}

impl Pressure {
    /// Of a runtime that rests.
    pub(in crate::http) fn new(patience: Patience, thread_count: usize, now: Instant) -> Self {
        let [mean_wait, admitted] = [const { AtomicU64::new(0) }; 2];
        let waiting = AtomicUsize::new(0);
        Pressure(Arc::new(Gauge { began: now, patience, thread_count, waiting, mean_wait, admitted }))
    }

    /// One more request waits.
    pub(in crate::http) fn enter(&self) {
        self.0.waiting.fetch_add(1, Relaxed);
    }

    /// One that had entered waits no longer.
    pub(in crate::http) fn leave(&self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }

    /// Whether a request is served that has waited for so long, and has left the others now.
    pub(in crate::http) fn admits(&self, wait: Duration, now: Instant) -> bool {
        let gauge = &*self.0;
        let mean = gauge.mean_wait.load(Relaxed);
        let ns = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
        let mean = mean - mean / MEAN_OF + ns / MEAN_OF;
        gauge.mean_wait.store(mean, Relaxed);
        let is_behind = gauge.waiting.load(Relaxed) > gauge.thread_count;
        gauge.patience.note_wait(Duration::from_nanos(if is_behind { mean } else { 0 }), now);
        let since = micros(now.saturating_duration_since(gauge.began));
        // Where refusals alone kept the server behind, nobody would be served any more.
        let is_due = since.saturating_sub(gauge.admitted.load(Relaxed)) > STARVED_US;
        let is_admitted = gauge.patience.allows(wait, now) || is_due;
        if is_admitted {
            gauge.admitted.store(since, Relaxed);
        }
        is_admitted
    }

    /// Notes that more is refused than can be told at once: those who wait to hear it would all come back if they were
    /// let in.
    pub(in crate::http) fn note_excess(&self, now: Instant) {
        self.0.patience.go_on(now);
    }

    /// Notes how long a search took that ran in place.
    pub(in crate::http) fn note_service(&self, took: Duration) {
        self.0.patience.note_service(took);
    }

    /// Requests that wait for a thread of the runtime.
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Relaxed)
    }
}

/// Waits that the mean looks back at.
const MEAN_OF: u64 = 64;
/// However late it comes, a request is let in when none was for so long: a hundredth of what the server could do.
const STARVED_US: u64 = 5000;

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::{BTreeSet, BinaryHeap, VecDeque};

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

    /// What a model of a crowd saw after its first two seconds.
    struct Seen {
        /// How long it took until each answer, in us, sorted.
        times: Vec<u64>,
        /// Answers of the client that had the fewest.
        least: usize,
        refused: u64,
    }

    impl Seen {
        fn p99(&self) -> u64 {
            self.times[self.times.len() * 99 / 100]
        }
    }

    /// A model of two threads and of clients that ask again a pause after they are answered or refused, which depends on
    /// the time, for `end_us`. As the runtime does it, the sockets are looked at after every eighth task, and the one seen
    /// last is served first.
    fn crowd(client_count: usize, pause_us: impl Fn(u64) -> u64, end_us: u64) -> Seen {
        let start = Instant::now();
        let (us, at) = (Duration::from_micros, |us| start + Duration::from_micros(us));
        let patience = Patience::new(us(750), us(100_000), start);
        let (pressure, brake) = (Pressure::new(patience, 2, start), Brake::new(2, start));
        let mut arrivals: BinaryHeap<_> =
            (0..client_count).map(|client| Reverse((client as u64, client))).collect();
        // Refusals that wait, by when they are told.
        let mut held = BTreeSet::new();
        let (mut queue, mut free, mut turn, mut count) = (VecDeque::new(), [0, 0], 0_u64, 0);
        let mut seen = Seen { times: Vec::new(), least: 0, refused: 0 };
        let mut answers = vec![0; client_count];
        loop {
            let thread = usize::from(free[1] < free[0]);
            let next = arrivals.peek().map_or(u64::MAX, |next| next.0.0);
            let next = held.first().map_or(next, |&(due, _)| next.min(due));
            let now: u64 = if queue.is_empty() { next.max(free[thread]) } else { free[thread] };
            if now > end_us {
                seen.times.sort_unstable();
                seen.least = answers.into_iter().min().expect("there are clients");
                return seen;
            }
            while let Some(&(due, client)) = held.first().filter(|first| first.0 <= now) {
                held.pop_first();
                arrivals.push(Reverse((due + pause_us(due), client)));
            }
            turn += 1;
            if queue.is_empty() || turn % 8 == 0 {
                let before = queue.len();
                while let Some(&Reverse((asked, client))) = arrivals.peek().filter(|next| next.0.0 <= now) {
                    arrivals.pop();
                    pressure.enter();
                    queue.push_back((now, asked, client));
                }
                let latest = if queue.len() > before { queue.pop_back() } else { None };
                latest.into_iter().for_each(|latest| queue.push_front(latest));
            }
            // Nobody where a refusal has been told, and its client pauses.
            let Some((woken, asked, client)) = queue.pop_front() else { continue };
            pressure.leave();
            let (now, is_measured) = (now.max(woken), now > 2_000_000);
            if pressure.admits(us(now - woken), at(now)) {
                count += 1;
                pressure.note_service(us(search_us(count)));
                free[thread] = now + 16 + search_us(count);
                arrivals.push(Reverse((free[thread] + pause_us(now), client)));
                if is_measured {
                    seen.times.push(free[thread] - asked);
                    answers[client] += 1;
                }
                if pressure.waiting() == 0
                    && let Some((_, client)) = held.pop_last()
                {
                    arrivals.push(Reverse((free[thread] + pause_us(now), client)));
                }
            } else {
                free[thread] = now + 12;
                let wait = brake.pause(at(now));
                if !wait.is_zero() {
                    pressure.note_excess(at(now));
                }
                seen.refused += u64::from(is_measured);
                held.insert((free[thread] + micros(wait), client));
            }
        }
    }

    #[test]
    fn however_many_ask_what_is_served_is_brief_and_nearly_all_that_can_be() {
        let most = crowd(8, |_| 0, 4_000_000).times.len();
        for client_count in [256, 512, 4096, 8192] {
            let seen = crowd(client_count, |_| 0, 4_000_000);
            assert!(seen.p99() < 1200, "{client_count} clients: {} us", seen.p99());
            let share = seen.times.len() as f64 / most as f64;
            assert!(share > 0.9, "{client_count} clients: {share}");
        }
    }

    #[test]
    fn nobody_is_refused_for_ever() {
        for client_count in [256, 512, 4096] {
            let seen = crowd(client_count, |_| 0, 12_000_000);
            assert!(seen.least > 0 && seen.refused > 0, "{client_count} clients: {}", seen.least);
        }
    }

    #[test]
    fn whoever_asks_for_less_than_can_be_done_is_never_refused() {
        // Few who ask flat out; many of whom each asks now and then, 70 % of what can be done, and all of them at once.
        for (client_count, pause_us) in [(16, 0), (512, 19_000), (2048, 77_000)] {
            let seen = crowd(client_count, |_| pause_us, 4_000_000);
            assert_eq!(seen.refused, 0, "{client_count} clients: {} answers", seen.times.len());
        }
    }

    #[test]
    fn an_overload_that_is_over_is_forgotten() {
        let seen = crowd(512, |now| if now < 500_000 { 0 } else { 19_000 }, 4_000_000);
        assert_eq!(seen.refused, 0, "{} answers", seen.times.len());
    }
}
