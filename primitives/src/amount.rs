//! Amounts of money. Everything in the project counts in millisatoshi, as BOLT 2 and BOLT 4 do.

use std::fmt;
use std::iter::Sum;

/// An amount in millisatoshi (1/1000 satoshi).
///
/// Arithmetic is checked or explicitly saturating; there are no operators, so an overflow cannot pass unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Msat(u64);

impl Msat {
    /// Nothing at all.
    pub const ZERO: Msat = Msat(0);
    /// The largest representable amount; stands for "no upper limit".
    pub const MAX: Msat = Msat(u64::MAX);

    /// Wraps a count of millisatoshi.
    pub const fn from_msat(msat: u64) -> Self {
        Msat(msat)
    }

    /// Converts whole satoshi; `None` above 2^64 - 1 msat.
    pub const fn from_sat(sat: u64) -> Option<Self> {
        match sat.checked_mul(1000) {
            Some(msat) => Some(Msat(msat)),
            None => None,
        }
    }

    /// The count of millisatoshi.
    pub const fn to_msat(self) -> u64 {
        self.0
    }

    /// Whole satoshi, rounded down.
    pub const fn to_sat_floor(self) -> u64 {
        self.0 / 1000
    }

    /// The sum, or `None` on overflow.
    pub const fn checked_add(self, other: Msat) -> Option<Msat> {
        match self.0.checked_add(other.0) {
            Some(msat) => Some(Msat(msat)),
            None => None,
        }
    }

    /// The difference, or `None` where `other` is larger.
    pub const fn checked_sub(self, other: Msat) -> Option<Msat> {
        match self.0.checked_sub(other.0) {
            Some(msat) => Some(Msat(msat)),
            None => None,
        }
    }

    /// The sum, or [`Msat::MAX`] on overflow.
    pub const fn saturating_add(self, other: Msat) -> Msat {
        Msat(self.0.saturating_add(other.0))
    }

    /// The difference, or zero where `other` is larger.
    pub const fn saturating_sub(self, other: Msat) -> Msat {
        Msat(self.0.saturating_sub(other.0))
    }
}

impl Sum for Msat {
    fn sum<I: Iterator<Item = Msat>>(amounts: I) -> Msat {
        amounts.fold(Msat::ZERO, Msat::saturating_add)
    }
}

impl fmt::Display for Msat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} msat", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_never_wraps() {
        assert_eq!(Msat::MAX.checked_add(Msat::from_msat(1)), None);
        assert_eq!(Msat::MAX.saturating_add(Msat::from_msat(1)), Msat::MAX);
        assert_eq!(Msat::ZERO.checked_sub(Msat::from_msat(1)), None);
        assert_eq!(Msat::ZERO.saturating_sub(Msat::from_msat(1)), Msat::ZERO);
        assert_eq!(Msat::from_sat(u64::MAX), None);
        assert_eq!(Msat::from_msat(1999).to_sat_floor(), 1);
    }
}
