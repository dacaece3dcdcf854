//! How often something may happen.

use std::time::{Duration, Instant};

/// Lets strangers in: some at once, then one after another.
///
/// A handshake costs both sides the same, so that who comes again and again, whatever he is left for, could take as much of
/// us as he has. Whom we chose ourselves does not come this way.
#[derive(Debug)]
pub(super) struct Pace {
    /// When all who came would have come one after another.
    free_at: Instant,
}

impl Pace {
    pub(super) const fn new(now: Instant) -> Self {
        Pace { free_at: now }
    }

    /// How long who comes at `now` must wait.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        self.free_at = self.free_at.max(now) + GAP;
        self.free_at.duration_since(now).saturating_sub(GAP * AT_ONCE)
    }
}

/// Ten in a second, some 10 ms of work.
const GAP: Duration = Duration::from_millis(100);
const AT_ONCE: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_comes_in_one_by_one() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let waits: Vec<Duration> = (0..AT_ONCE + 2).map(|_| pace.wait(start)).collect();
        assert!(waits[..AT_ONCE as usize].iter().all(Duration::is_zero));
        assert_eq!(waits[AT_ONCE as usize..], [GAP, 2 * GAP]);
        // Two have waited, so three gaps later there is room for one.
        let later = start + 3 * GAP;
        assert_eq!([pace.wait(later), pace.wait(later)], [Duration::ZERO, GAP]);
        let much_later = start + 1000 * GAP;
        assert!((0..AT_ONCE).all(|_| pace.wait(much_later).is_zero()));
        assert_eq!(pace.wait(much_later), GAP);
    }
}
