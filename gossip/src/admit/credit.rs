//! What a peer may still waste.

use primitives::UnixTime;

/// A token bucket: so much at once, and so much more each second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    tokens: u32,
    burst: u32,
    per_second: u32,
    counted_at: UnixTime,
}

impl Credit {
    /// A full bucket.
    pub const fn new(burst: u32, per_second: u32, now: UnixTime) -> Self {
        Credit { tokens: burst, burst, per_second, counted_at: now }
    }

    /// Takes `cost` away; `false`, and nothing is taken, where less is left. A clock that goes back earns nothing.
    pub fn spend(&mut self, cost: u32, now: UnixTime) -> bool {
        let passed = now.to_secs().saturating_sub(self.counted_at.to_secs());
        self.tokens = self.tokens.saturating_add(passed.saturating_mul(self.per_second)).min(self.burst);
        self.counted_at = self.counted_at.max(now);
        match self.tokens.checked_sub(cost) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_comes_back_with_time_and_has_a_ceiling() {
        let at = UnixTime::from_secs;
        let mut credit = Credit::new(10, 2, at(100));
        assert!(credit.spend(10, at(100)) && !credit.spend(1, at(100)));
        assert!(!credit.spend(3, at(101)) && credit.spend(2, at(101)));
        assert!(!credit.spend(11, at(u32::MAX)) && credit.spend(10, at(u32::MAX)));
        assert!(!credit.spend(1, at(5)));
    }
}
