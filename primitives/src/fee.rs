//! What a node charges for forwarding.
//!
//! Amounts grow backwards from the payee: a node that forwards `amount` on an outgoing channel wants to receive
//! `amount + Fee::of(amount)` (BOLT 7, HTLC fees). An [`InboundFee`] (bLIP-18) belongs to the channel that the HTLC
//! arrives on and is added to it; the sum of both never falls below zero.

use crate::Msat;

/// The fee a node charges for an HTLC that leaves on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Fee {
    /// Charged for any HTLC, in msat.
    pub fee_base_msat: u32,
    /// Charged per million of the amount that is forwarded.
    pub fee_proportional_millionths: u32,
}

impl Fee {
    /// `fee_base_msat + amount * fee_proportional_millionths / 1000000`, rounded down (BOLT 7, HTLC fees);
    /// `None` where the result exceeds 64 bits.
    pub const fn of(self, amount: Msat) -> Option<Msat> {
        // floor(a*p/m) = (a/m)*p + floor((a%m)*p/m) exactly, and the second product stays below 2^52.
        let (millions, rest) = (amount.to_msat() / MILLION, amount.to_msat() % MILLION);
        let ppm = self.fee_proportional_millionths as u64;
        let Some(whole) = millions.checked_mul(ppm) else { return None };
        let Some(fee) = whole.checked_add(rest * ppm / MILLION) else { return None };
        match fee.checked_add(self.fee_base_msat as u64) {
            Some(fee) => Some(Msat::from_msat(fee)),
            None => None,
        }
    }
}

/// The fee a node adds for an HTLC that arrives on a channel (bLIP-18); negative ones are discounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct InboundFee {
    /// Charged for any HTLC, in msat.
    pub base_msat: i32,
    /// Charged per million of the amount that is forwarded plus the outbound fee. A discount of more than a million takes no
    /// more than a million does.
    pub proportional_millionths: i32,
}

impl InboundFee {
    /// No inbound fee.
    pub const ZERO: InboundFee = InboundFee { base_msat: 0, proportional_millionths: 0 };

    /// Whether nothing is added or taken.
    pub const fn is_zero(self) -> bool {
        self.base_msat == 0 && self.proportional_millionths == 0
    }

    /// What must arrive where `forwarded` leaves and the outbound fee is `outbound`, both parts together never
    /// charging less than nothing. The proportional part is taken of `forwarded + outbound` and rounded towards
    /// zero, as LND does. A discount beyond the whole amount counts as the whole amount: else less would have to arrive the
    /// more is forwarded. Where a base fee is charged beside it, that asks for more than the node does, and whoever pays more
    /// than is asked is forwarded all the same. So what must arrive never falls as either amount grows. `None` above 64 bits.
    pub const fn received(self, forwarded: Msat, outbound: Msat) -> Option<Msat> {
        let Some(before) = forwarded.checked_add(outbound) else { return None };
        // As in `Fee::of`: both parts have one sign, so both are rounded towards zero.
        let (millions, rest) = (before.to_msat() / MILLION, before.to_msat() % MILLION);
        let rate = self.proportional_millionths as i64;
        let rate = if rate < -(MILLION as i64) { -(MILLION as i64) } else { rate };
        let share = millions as i128 * rate as i128 + (rest as i64 * rate / MILLION as i64) as i128;
        let received = before.to_msat() as i128 + share + self.base_msat as i128;
        let floor = forwarded.to_msat() as i128;
        let received = if received < floor { floor } else { received };
        if received > u64::MAX as i128 { None } else { Some(Msat::from_msat(received as u64)) }
    }
}

/// Parts in a million, the unit of proportional fees.
const MILLION: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn fee(base: u32, ppm: u32, amount: u64) -> Option<u64> {
        let fee = Fee { fee_base_msat: base, fee_proportional_millionths: ppm };
        fee.of(Msat::from_msat(amount)).map(Msat::to_msat)
    }

    #[test]
    fn an_inbound_fee_is_the_plain_formula_s() {
        for before in [0, 1, 999_999, 1_000_001, 123_456_789_012, 1 << 45, u64::MAX / 3, u64::MAX] {
            for rate in [i32::MIN, -999_999, -7, 333_333, i32::MAX] {
                for base in [i32::MIN, -1000, 0, 1, i32::MAX] {
                    let inbound = InboundFee { base_msat: base, proportional_millionths: rate };
                    let counted = i128::from(rate.max(-1_000_000));
                    let plain =
                        i128::from(before) + i128::from(before) * counted / 1_000_000 + i128::from(base);
                    let forwarded = before / 2;
                    let found =
                        inbound.received(Msat::from_msat(forwarded), Msat::from_msat(before - forwarded));
                    let plain = u64::try_from(plain.max(forwarded.into())).ok();
                    assert_eq!(found.map(Msat::to_msat), plain, "{before} {inbound:?}");
                }
            }
        }
    }

    #[test]
    fn what_must_arrive_never_falls_as_amounts_grow() {
        let msat = Msat::from_msat;
        for rate in [i32::MIN, -2_000_000, -1_000_001, -1_000_000, -999_999, -333_333, 0, 7] {
            for base in [-5000, -1, 0, 5000] {
                let inbound = InboundFee { base_msat: base, proportional_millionths: rate };
                let mut before = [Msat::ZERO; 2];
                for amount in 0..4000 {
                    let found = [(amount, 1000), (1000, amount)].map(|(forwarded, outbound)| {
                        inbound.received(msat(forwarded), msat(outbound)).unwrap()
                    });
                    let has_fallen = found.iter().zip(before).any(|(&found, before)| found < before);
                    assert!(!has_fallen, "{amount} {inbound:?}");
                    before = found;
                }
            }
        }
        let beyond = InboundFee { base_msat: 5000, proportional_millionths: -2_000_000 };
        assert_eq!(beyond.received(msat(1000), msat(0)), Some(msat(5000)));
        assert_eq!(beyond.received(msat(1000), msat(1000)), Some(msat(5000)));
        assert_eq!(beyond.received(msat(6000), msat(0)), Some(msat(6000)));
    }

    #[test]
    fn fee_rounds_down() {
        assert_eq!(fee(1000, 1, 999_999), Some(1000));
        assert_eq!(fee(1000, 1, 1_000_000), Some(1001));
        // BOLT 7, HTLC fees: the worked example of 4,999,999 sat over B to C and D.
        assert_eq!(fee(200, 2000, 4_999_999), Some(10_199));
    }

    #[test]
    fn fee_of_extremes_is_exact_or_none() {
        assert_eq!(fee(u32::MAX, u32::MAX, u64::MAX), None);
        let wide = (u64::MAX as u128 / 5000 * 4_999 / 1_000_000 + 7) as u64;
        assert_eq!(fee(7, 4_999, u64::MAX / 5000), Some(wide));
    }

    #[test]
    fn inbound_discount_never_pays_the_payer() {
        let discount = InboundFee { base_msat: -500, proportional_millionths: -2000 };
        let msat = Msat::from_msat;
        assert_eq!(discount.received(msat(1_000_000), msat(1000)), Some(msat(1_000_000)));
        assert_eq!(discount.received(msat(1_000_000), msat(5000)), Some(msat(1_005_000 - 2010 - 500)));
        assert_eq!(InboundFee::ZERO.received(msat(7), msat(3)), Some(msat(10)));
    }
}
