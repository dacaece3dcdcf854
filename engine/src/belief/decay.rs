//! How a bound fades: by half in each half-life, in integers, the same on every machine.

use primitives::{Msat, UnixTime};

use super::exp::{FRACTION_BITS, exp2_neg};

/// What an HTLC told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Evidence {
    /// It was carried, or the balance was seen: a lower bound of the direction it went.
    #[default]
    Carried,
    /// It was refused: an upper bound of the direction it went.
    Refused,
    /// It was settled the other way: a lower bound of the direction that has the money now, which nobody has seen to pay.
    Received,
}

/// The time in which half of a floor is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HalfLife(u32);

/// A half-life for each kind of evidence: a lower bound of the direction that an HTLC was carried in, an upper bound
/// of the direction that it was refused in. Seen from the other direction it is the same fact and fades alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HalfLives {
    /// Of lower bounds: HTLCs that were carried or received, balances that were seen.
    pub carried: HalfLife,
    /// Of upper bounds: HTLCs that were refused.
    pub refused: HalfLife,
}

impl Evidence {
    /// In the lowest two bits.
    #[inline]
    pub(super) const fn to_bits(self) -> u32 {
        match self {
            Evidence::Carried => 0,
            Evidence::Refused => 1,
            Evidence::Received => 2,
        }
    }

    /// From the lowest two bits, whatever the others are; what nobody writes is [`Evidence::Carried`].
    #[inline]
    pub(super) const fn from_bits(bits: u32) -> Self {
        match bits & 3 {
            1 => Evidence::Refused,
            2 => Evidence::Received,
            _ => Evidence::Carried,
        }
    }
}

impl HalfLife {
    /// Nothing is ever forgotten.
    pub const NEVER: HalfLife = HalfLife(0);

    /// Of so many seconds; 0 is [`HalfLife::NEVER`].
    pub const fn from_secs(secs: u32) -> Self {
        HalfLife(secs)
    }

    /// In seconds; 0 where nothing is forgotten.
    pub const fn to_secs(self) -> u32 {
        self.0
    }

    /// What is left at `now` of `amount`, learnt at `learnt`: amount * 2^(-(now - learnt) / half-life), rounded down,
    /// never rising with time. All of it where `now` is not after `learnt`.
    #[inline]
    pub fn fade(self, amount: Msat, learnt: UnixTime, now: UnixTime) -> Msat {
        let elapsed = now.to_secs().saturating_sub(learnt.to_secs());
        if self.0 == 0 || elapsed == 0 || amount == Msat::ZERO {
            return amount;
        }
        // 2^32 seconds in units of 2^-31 half-lives fit 63 bits.
        let exponent = (u64::from(elapsed) << 31) / u64::from(self.0);
        let part = exp2_neg(exponent << (FRACTION_BITS - 31).min(exponent.leading_zeros()));
        Msat::from_msat(((u128::from(amount.to_msat()) * u128::from(part)) >> 62) as u64)
    }
}

impl HalfLives {
    /// Nothing is ever forgotten.
    pub const NEVER: HalfLives = HalfLives { carried: HalfLife::NEVER, refused: HalfLife::NEVER };

    /// The one that applies to a piece of evidence.
    #[inline]
    pub const fn of(self, evidence: Evidence) -> HalfLife {
        match evidence {
            Evidence::Carried | Evidence::Received => self.carried,
            Evidence::Refused => self.refused,
        }
    }
}

/// A day for what was carried; six hours for what was refused, which others' payments and rebalancing undo.
impl Default for HalfLives {
    fn default() -> Self {
        HalfLives { carried: HalfLife::from_secs(24 * 3600), refused: HalfLife::from_secs(6 * 3600) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_halves_in_each_half_life_and_never_rises() {
        let amount = Msat::from_msat(2_100_000_000_000_000_000);
        let half_life = HalfLife::from_secs(3600);
        let begin = UnixTime::from_secs(1_000_000);
        let mut last = amount;
        for elapsed in 0..200_000 {
            let left = half_life.fade(amount, begin, UnixTime::from_secs(1_000_000 + elapsed));
            assert!(left <= last, "rises after {elapsed} s");
            let exact = amount.to_msat() as f64 * (-f64::from(elapsed) / 3600.0).exp2();
            assert!(
                (left.to_msat() as f64 - exact).abs() <= exact * 1e-8 + 2.0,
                "{elapsed}: {left:?}, {exact}"
            );
            last = left;
        }
        let hour = half_life.fade(amount, begin, UnixTime::from_secs(1_003_600));
        assert_eq!(hour.to_msat(), amount.to_msat() / 2);
        assert_eq!(half_life.fade(amount, begin, UnixTime::from_secs(u32::MAX)), Msat::ZERO);
        assert_eq!(half_life.fade(amount, begin, UnixTime::from_secs(0)), amount);
        assert_eq!(HalfLife::NEVER.fade(amount, begin, UnixTime::from_secs(u32::MAX)), amount);
        let one = HalfLife::from_secs(1);
        assert_eq!(one.fade(amount, UnixTime::from_secs(0), UnixTime::from_secs(u32::MAX)), Msat::ZERO);
    }
}
