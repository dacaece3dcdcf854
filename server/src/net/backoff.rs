//! How long to wait before the next try to connect.

use std::time::Duration;

/// Counts failures in a row: the wait doubles with each, and chance spreads it, so that a thousand clients of a node
/// that was away do not come back in one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Backoff {
    failure_count: u32,
}

impl Backoff {
    /// The wait after one more failure: from half to one and a half of a second, doubled for each failure before, at most
    /// five minutes and a half of them. `chance` is any number.
    pub(super) fn fail(&mut self, chance: u32) -> Duration {
        let wait = (FIRST_WAIT * 2_u32.pow(self.failure_count.min(16))).min(WAIT_MAX);
        self.failure_count = self.failure_count.saturating_add(1);
        wait / 2 + wait.mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }

    /// All is well again.
    pub(super) fn succeed(&mut self) {
        self.failure_count = 0;
    }
}

const FIRST_WAIT: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let (mut least, mut most) = (Backoff::default(), Backoff::default());
        let waits: Vec<Duration> = (0..4).map(|_| least.fail(0)).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000].map(Duration::from_millis));
        assert_eq!(most.fail(u32::MAX), Duration::from_millis(1500));
        for _ in 0..100 {
            most.fail(7);
        }
        assert_eq!(most.fail(u32::MAX), Duration::from_secs(450));
        most.succeed();
        assert_eq!(most.fail(0), Duration::from_millis(500));
    }
}
