//! Values that clients write bare or in a string, as both protobuf's JSON and Core Lightning allow.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

/// A whole number. It is written in a string, as protobuf's JSON has one of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::http) struct Number<T>(pub(in crate::http) T);

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::http) struct Flag(pub(in crate::http) bool);

/// A fraction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::http) struct Fraction(pub(in crate::http) f64);

impl<'de, T: FromStr> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader("a whole number in range", PhantomData::<T>)).map(Number)
    }
}

impl<T: fmt::Display> Serialize for Number<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader("a number", PhantomData::<f64>)).map(Fraction)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader("true or false", PhantomData::<bool>)).map(Flag)
    }
}

/// Reads bare what its text would be read as.
struct Reader<T>(&'static str, PhantomData<T>);

impl<T: FromStr> Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        value.to_string().parse().map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        value.to_string().parse().map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        value.to_string().parse().map_err(|_| E::invalid_value(Unexpected::Float(value), &self))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        value.to_string().parse().map_err(|_| E::invalid_value(Unexpected::Bool(value), &self))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read<T: for<'de> Deserialize<'de>>(value: serde_json::Value) -> Option<T> {
        serde_json::from_value(value).ok()
    }

    #[test]
    fn numbers_are_read_bare_and_in_strings_within_their_range() {
        assert_eq!(read(json!(5)), Some(Number(5_u32)));
        assert_eq!(read(json!("18446744073709551615")), Some(Number(u64::MAX)));
        assert_eq!(read(json!("-3")), Some(Number(-3_i64)));
        for bad in
            [json!("18446744073709551616"), json!(-1), json!(""), json!("1e3"), json!(1.5), json!(true)]
        {
            assert_eq!(read::<Number<u64>>(bad.clone()), None, "{bad}");
        }
        assert_eq!(read(json!("true")), Some(Flag(true)));
        assert_eq!(read::<Flag>(json!(1)), None);
        assert_eq!(read(json!("-0.5")), Some(Fraction(-0.5)));
    }
}
