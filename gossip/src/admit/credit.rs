//! What a peer may still cost us for nothing.

use primitives::UnixTime;

/// A token bucket: so much at once, and so much more each second. Who has none left is refused, or goes into debt, as the
/// caller likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    /// Less than zero in debt.
    tokens: i64,
    burst: u32,
    per_second: u32,
    counted_at: UnixTime,
}

impl Credit {
    /// A full bucket.
    pub const fn new(burst: u32, per_second: u32, now: UnixTime) -> Self {
        Credit { tokens: burst as i64, burst, per_second, counted_at: now }
    }

    /// The same bucket with no more than `tokens` in it.
    pub fn holding(self, tokens: u32) -> Self {
        Credit { tokens: self.tokens.min(tokens.into()), ..self }
    }

    /// Takes `cost` away; `false`, and nothing is taken, where less is left. A clock that goes back earns nothing.
    pub fn spend(&mut self, cost: u32, now: UnixTime) -> bool {
        self.earn(now);
        let is_enough = self.tokens >= i64::from(cost);
        if is_enough {
            self.tokens -= i64::from(cost);
        }
        is_enough
    }

    /// Takes `cost` away, whatever is left: it was caused already.
    pub fn owe(&mut self, cost: u32, now: UnixTime) {
        self.earn(now);
        self.tokens = self.tokens.saturating_sub(cost.into());
    }

    /// Puts back what was taken for something that turned out to be worth it.
    pub fn give_back(&mut self, cost: u32) {
        self.tokens = self.tokens.saturating_add(cost.into()).min(self.burst.into());
    }

    /// What is earned in a second from now on.
    pub fn set_rate(&mut self, per_second: u32, now: UnixTime) {
        self.earn(now);
        self.per_second = per_second;
    }

    /// Whether more was taken than was there.
    pub fn is_in_debt(&self, now: UnixTime) -> bool {
        self.tokens < 0 && now < self.paid_at()
    }

    /// When time has paid the debt.
    pub fn paid_at(&self) -> UnixTime {
        let secs = self.tokens.min(0).unsigned_abs().div_ceil(self.per_second.max(1).into());
        let secs = u32::try_from(secs).unwrap_or(u32::MAX);
        UnixTime::from_secs(self.counted_at.to_secs().saturating_add(secs))
    }

    fn earn(&mut self, now: UnixTime) {
        let passed = now.to_secs().saturating_sub(self.counted_at.to_secs());
        let earned = i64::from(passed) * i64::from(self.per_second);
        self.tokens = self.tokens.saturating_add(earned).min(self.burst.into());
        self.counted_at = self.counted_at.max(now);
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
        // Nor does it owe anything then.
        assert!(!credit.is_in_debt(at(5)));
    }

    #[test]
    fn debts_are_paid_by_time_or_given_back() {
        let at = UnixTime::from_secs;
        let mut credit = Credit::new(10, 2, at(100)).holding(4);
        credit.owe(4, at(100));
        assert!(!credit.is_in_debt(at(100)));
        credit.owe(5, at(100));
        assert_eq!((credit.is_in_debt(at(102)), credit.paid_at()), (true, at(103)));
        assert!(!credit.is_in_debt(at(103)) && !credit.spend(2, at(103)) && credit.spend(1, at(103)));
        credit.owe(u32::MAX, at(103));
        credit.give_back(u32::MAX);
        assert!(!credit.is_in_debt(at(103)));
        credit.give_back(u32::MAX);
        assert!(!credit.spend(11, at(103)) && credit.spend(10, at(103)));
        // A lower rate holds from now on, not for the time before.
        credit.set_rate(1, at(105));
        assert!(credit.spend(6, at(107)) && !credit.spend(1, at(107)));
    }
}
