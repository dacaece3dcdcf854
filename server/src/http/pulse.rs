//! Answers and their times, second by second.
//!
//! A ring of seconds, each with a histogram of logarithmic buckets: counting is a clock read and one addition without a
//! lock, and a minute of it is read in microseconds. The first request of a second empties what the ring held there a
//! turn ago; requests that end in those nanoseconds may get lost, which nobody sees in a chart.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde::Serialize;
use utoipa::ToSchema;

/// Where answers are counted.
#[derive(Debug)]
pub(super) struct Pulse {
    started: Instant,
    ring: Box<[Slot]>,
}

#[derive(Debug)]
struct Slot {
    /// Which second it holds, from 1 on.
    second: AtomicU64,
    refused: AtomicU32,
    buckets: [AtomicU32; BUCKET_COUNT],
}

/// Answers of a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub(super) struct Beat {
    /// How many requests were answered, those that were refused included.
    pub(super) answered: u64,
    /// How many were told to come back later (429 and 503).
    pub(super) refused: u64,
    /// Half of them took no longer, to an eighth; absent where there were none. Counted from a request's head to its
    /// answer's head.
    pub(super) p50_us: Option<u64>,
    /// 99 in 100 took no longer.
    pub(super) p99_us: Option<u64>,
}

impl Default for Pulse {
    fn default() -> Self {
        Pulse { started: Instant::now(), ring: (0..RING_SIZE).map(|_| Slot::default()).collect() }
    }
}

impl Pulse {
    /// Counts an answer that ends now.
    pub(super) fn count(&self, took: Duration, is_refused: bool) {
        self.count_in(self.second(), took, is_refused);
    }

    /// The last minute's full seconds, the newest last, and all of them together.
    pub(super) fn last_minute(&self) -> (Vec<Beat>, Beat) {
        self.minute_before(self.second())
    }

    /// How long it has been counting.
    pub(super) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    fn second(&self) -> u64 {
        self.started.elapsed().as_secs() + 1
    }

    fn slot(&self, second: u64) -> &Slot {
        &self.ring[(second % RING_SIZE as u64) as usize]
    }

    fn count_in(&self, second: u64, took: Duration, is_refused: bool) {
        let slot = self.slot(second);
        slot.begin(second);
        if is_refused {
            slot.refused.fetch_add(1, Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        slot.buckets[bucket(micros)].fetch_add(1, Relaxed);
    }

    fn minute_before(&self, end: u64) -> (Vec<Beat>, Beat) {
        let (mut all, mut all_refused) = ([0; BUCKET_COUNT], 0);
        let seconds = (end.saturating_sub(SECOND_COUNT).max(1)..end).map(|second| {
            let slot = self.slot(second);
            if slot.second.load(Relaxed) != second {
                return Beat::default();
            }
            let buckets = slot.buckets.each_ref().map(|count| u64::from(count.load(Relaxed)));
            let refused = u64::from(slot.refused.load(Relaxed));
            all.iter_mut().zip(buckets).for_each(|(all, count)| *all += count);
            all_refused += refused;
            Beat::of(&buckets, refused)
        });
        let seconds = seconds.collect();
        (seconds, Beat::of(&all, all_refused))
    }
}

impl Default for Slot {
    fn default() -> Self {
        Slot {
            second: AtomicU64::new(0),
            refused: AtomicU32::new(0),
            buckets: [const { AtomicU32::new(0) }; BUCKET_COUNT],
        }
    }
}

impl Slot {
    /// Empties it where it holds an earlier second.
    fn begin(&self, second: u64) {
        let held = self.second.load(Relaxed);
        if held < second && self.second.compare_exchange(held, second, Relaxed, Relaxed).is_ok() {
            self.refused.store(0, Relaxed);
            self.buckets.iter().for_each(|count| count.store(0, Relaxed));
        }
    }
}

impl Beat {
    fn of(buckets: &[u64; BUCKET_COUNT], refused: u64) -> Self {
        let answered: u64 = buckets.iter().sum();
        let within = |percent: u64| {
            let rank = (answered * percent).div_ceil(100).max(1);
            let mut passed = 0;
            let place = buckets.iter().position(|count| {
                passed += count;
                passed >= rank
            });
            place.map(bucket_max)
        };
        Beat { answered, refused, p50_us: within(50), p99_us: within(99) }
    }
}

/// The bucket of a number: eight of equal width for each doubling.
fn bucket(value: u64) -> usize {
    let width_log = value.max(1).ilog2().saturating_sub(3);
    let place = 8 * u64::from(width_log) + (value >> width_log);
    usize::try_from(place).map_or(BUCKET_COUNT - 1, |place| place.min(BUCKET_COUNT - 1))
}

/// The largest number in a bucket.
fn bucket_max(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let width_log = (bucket / 8).saturating_sub(1);
    ((bucket - 8 * width_log + 1) << width_log) - 1
}

/// Seconds that are told.
const SECOND_COUNT: u64 = 60;
/// Seconds that are kept: those, the running one, and some that a slow reader may be behind.
const RING_SIZE: usize = 64;
/// Up to a minute: 2^26 microseconds.
const BUCKET_COUNT: usize = 8 * (26 - 3) + 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_an_eighth_wide() {
        let steps = std::iter::successors(Some(0_u64), |value| Some(value + 1 + value / 100));
        for value in steps.take_while(|&value| value < 1 << 26) {
            let max = bucket_max(bucket(value));
            assert!(max >= value && max - value <= value / 8, "{value} in the bucket up to {max}");
            assert_eq!(bucket(max), bucket(value));
            assert!(bucket(max + 1) == bucket(value) + 1 || max + 1 == 1 << 26);
        }
    }

    #[test]
    fn what_takes_very_long_is_counted_too() {
        assert_eq!(bucket(u64::MAX), BUCKET_COUNT - 1);
        assert_eq!(bucket((1 << 26) - 1), BUCKET_COUNT - 1);
    }

    #[test]
    fn seconds_are_told_apart() {
        let pulse = Pulse::default();
        let micros = Duration::from_micros;
        for _ in 0..99 {
            pulse.count_in(7, micros(5), false);
        }
        pulse.count_in(7, micros(1000), true);
        pulse.count_in(9, micros(2000), false);
        let (seconds, all) = pulse.minute_before(10);
        assert_eq!(seconds.len(), 9);
        assert_eq!(seconds[6], Beat { answered: 100, refused: 1, p50_us: Some(5), p99_us: Some(5) });
        assert_eq!(seconds[7], Beat::default());
        assert_eq!((seconds[8].answered, all.answered, all.refused), (1, 101, 1));
        assert!(all.p99_us.is_some_and(|p99| (1000..1125).contains(&p99)), "{all:?}");
    }

    #[test]
    fn a_turn_of_the_ring_forgets() {
        let pulse = Pulse::default();
        pulse.count_in(3, Duration::from_micros(1), false);
        pulse.count_in(3 + RING_SIZE as u64, Duration::from_micros(1), false);
        assert_eq!(pulse.minute_before(4).1.answered, 0, "the slot holds a later second");
        assert_eq!(pulse.minute_before(4 + RING_SIZE as u64).1.answered, 1);
    }
}
