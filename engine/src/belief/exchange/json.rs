//! What both JSON forms share: numbers that may be strings, and single fields.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Unexpected, Visitor,
};

/// A whole number, bare, in a string, or in a string that ends in `msat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Whole(pub(super) u64);

/// Looks into one field of an object and skips the others.
pub(super) struct InField<S> {
    pub(super) name: &'static str,
    pub(super) seed: S,
}

impl<'de, S: DeserializeSeed<'de, Value = ()>> DeserializeSeed<'de> for InField<S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, S: DeserializeSeed<'de, Value = ()>> Visitor<'de> for InField<S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `{}`", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seed = Some(self.seed);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key != self.name {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let once = seed.take().ok_or_else(|| A::Error::duplicate_field(self.name))?;
            map.next_value_seed(once)?;
        }
        if seed.is_some() { Err(A::Error::missing_field(self.name)) } else { Ok(()) }
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of 64 bits")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Whole, E> {
        Ok(Whole(value))
    }

    /// Less than nothing is nothing: the zero time of Go lies long before 1970.
    fn visit_i64<E: Error>(self, value: i64) -> Result<Whole, E> {
        Ok(Whole(u64::try_from(value).unwrap_or(0)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Whole, E> {
        if let Ok(value) = text.parse::<i64>() {
            return self.visit_i64(value);
        }
        let digits = text.strip_suffix("msat").unwrap_or(text);
        digits.parse().map(Whole).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}
