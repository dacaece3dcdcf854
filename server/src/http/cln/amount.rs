//! Amounts as Core Lightning reads them: msat, bare or with a unit.

use std::fmt;
use std::str::FromStr;

use primitives::Msat;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// An amount: a number of msat, or text as `5`, `5msat`, `5sat`, `0.005sat` or `0.00000000005btc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount(pub(super) Msat);

/// Text that is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount is a whole number of msat, or one with the unit msat, sat or btc, within 64 bits of msat")]
pub(super) struct AmountError;

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let units = [("msat", 0), ("sat", SAT_DIGITS), ("btc", BTC_DIGITS), ("", 0)];
        let unit = units.into_iter().find_map(|(unit, digits)| Some((text.strip_suffix(unit)?, digits)));
        let (number, digits) = unit.expect("the last unit is empty");
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_decimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_decimal(whole) || !is_decimal(fraction) || fraction.len() > digits {
            return Err(AmountError);
        }
        if number.len() > whole.len() && fraction.is_empty() {
            return Err(AmountError);
        }
        let padding = "0".repeat(digits - fraction.len());
        let msat = [whole, fraction, &padding].concat().parse().map_err(|_| AmountError)?;
        Ok(Amount(Msat::from_msat(msat)))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount in msat")
    }

    fn visit_u64<E: Error>(self, msat: u64) -> Result<Amount, E> {
        Ok(Amount(Msat::from_msat(msat)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Digits of a sat behind the point.
const SAT_DIGITS: usize = 3;
/// Digits of a bitcoin behind the point.
const BTC_DIGITS: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_all_units() {
        for (text, msat) in [
            ("0", 0),
            ("5000", 5000),
            ("5000msat", 5000),
            ("5sat", 5000),
            ("5.001sat", 5001),
            ("0.1btc", 10_000_000_000),
            ("0.00000000001btc", 1),
            ("18446744073709551615msat", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Amount(Msat::from_msat(msat))), "{text}");
        }
        for text in [
            "",
            "msat",
            "-1",
            "1.5",
            "1.5msat",
            "1.0001sat",
            "1.sat",
            ".1btc",
            "18446744073709551616",
            "5 sat",
        ] {
            assert_eq!(text.parse::<Amount>(), Err(AmountError), "{text}");
        }
        assert_eq!("999999999999999999999btc".parse::<Amount>(), Err(AmountError));
    }
}
