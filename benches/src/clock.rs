//! Processor time, mostly of the calling thread.
//!
//! Reading that clock is a system call of some 100 to 300 ns, which matters beside searches of 5 us: the cost of one
//! empty measurement is calibrated once and taken off each. What remains has nanosecond resolution.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A stopwatch for one thread.
#[derive(Debug, Clone, Copy)]
pub struct ThreadClock {
    overhead: Duration,
}

impl ThreadClock {
    /// Measures its own cost: the median of many empty measurements.
    pub fn calibrate() -> Self {
        let bare = ThreadClock { overhead: Duration::ZERO };
        let mut empty: Vec<Duration> = (0..CALIBRATION_ROUNDS).map(|_| bare.time(|| ()).1).collect();
        empty.sort_unstable();
        ThreadClock { overhead: empty[empty.len() / 2] }
    }

    /// What is taken off each measurement.
    pub const fn overhead(&self) -> Duration {
        self.overhead
    }

    /// Runs `work` once and returns its result with the processor time it took.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> (T, Duration) {
        let start = now();
        let result = work();
        let elapsed = now().saturating_sub(start);
        (result, elapsed.saturating_sub(self.overhead))
    }
}

/// Processor time of all threads of this process.
pub fn process_time() -> Duration {
    read(ClockId::ProcessCPUTime)
}

fn now() -> Duration {
    read(ClockId::ThreadCPUTime)
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Empty measurements that are made to learn the clock's own cost.
const CALIBRATION_ROUNDS: usize = 1001;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeping_costs_no_processor_time() {
        let clock = ThreadClock::calibrate();
        let ((), slept) = clock.time(|| std::thread::sleep(Duration::from_millis(30)));
        assert!(slept < Duration::from_millis(15), "{slept:?}");
        let (sum, worked) = clock.time(|| (0..1_000_000u64).fold(0, |sum, n| std::hint::black_box(sum ^ n)));
        assert!(worked > Duration::from_micros(100), "{worked:?} for {sum}");
    }
}
