//! Counts of times in classes, without a lock: on a busy server every request of every thread adds to them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// A histogram of times as Prometheus has it: each class twice as wide as the one before, from 25 us to 13 s. Clones count
/// together.
#[derive(Debug, Clone, Default)]
pub(super) struct Timings(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// The last one counts what is longer.
    classes: [AtomicU64; CLASS_COUNT + 1],
    sum_ns: AtomicU64,
}

impl Timings {
    /// Counts a time.
    pub(super) fn observe(&self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let class = ns.div_ceil(FIRST_NS).max(1).next_power_of_two().ilog2() as usize;
        self.0.classes[class.min(CLASS_COUNT)].fetch_add(1, Relaxed);
        self.0.sum_ns.fetch_add(ns, Relaxed);
    }
}

impl TypedMetric for Timings {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Timings {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let mut first = FIRST_NS;
        let mut classes = Vec::with_capacity(CLASS_COUNT + 1);
        for (at, count) in self.0.classes.iter().enumerate() {
            let upper = if at == CLASS_COUNT { f64::INFINITY } else { first as f64 / 1e9 };
            classes.push((upper, count.load(Relaxed)));
            first *= 2;
        }
        let count = classes.iter().map(|class| class.1).sum();
        let sum = self.0.sum_ns.load(Relaxed) as f64 / 1e9;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &classes, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

/// Upper bound of the first class.
const FIRST_NS: u64 = 25_000;
/// Classes with an upper bound.
const CLASS_COUNT: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_class_that_ends_with_it() {
        let timings = Timings::default();
        let bounds = [
            (0, 0),
            (1, 0),
            (25, 0),
            (26, 1),
            (50, 1),
            (51, 2),
            (100, 2),
            (13_107_200, 19),
            (14_000_000, 20),
        ];
        for (us, class) in bounds {
            let before = timings.0.classes[class].load(Relaxed);
            timings.observe(Duration::from_micros(us));
            assert_eq!(timings.0.classes[class].load(Relaxed), before + 1, "{us}");
        }
        timings.observe(Duration::MAX);
        assert_eq!(timings.0.classes.iter().map(|class| class.load(Relaxed)).sum::<u64>(), 10);
    }
}
