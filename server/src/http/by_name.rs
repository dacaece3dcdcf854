//! Structs are read from objects, by the names of their fields.
//!
//! serde reads a struct from an array as well, by the places of its fields, and a choice of names from an object with one
//! of them. The document of the API knows neither, and who sends them means something else: `"limits": [5]` would be a
//! limit on fees. So they are refused here, at every depth.
//!
//! ```text
//! type to be read <-- ByName: says no to an array --> reader of JSON
//! ```
//! It adds no pass over the text, and copies nothing. Not for types that take whatever comes, as `serde_json::Value`, in
//! which it refuses arrays too, nor for choices that carry more than their name. The fields of a tagged variant are kept
//! by serde before they are read: arrays are refused there as well, but what is a choice there is left to serde.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

/// A reader that takes no array for a struct, nor does what it reads within.
#[derive(Debug)]
pub(in crate::http) struct ByName<R>(pub(in crate::http) R);

/// What is made of a value, and whether of an array.
struct Taker<V> {
    visitor: V,
    takes_array: bool,
}

/// What is made of one of some names.
struct Choice<V> {
    visitor: V,
    names: &'static [&'static str],
}

impl<'de, R: Deserializer<'de>> Deserializer<'de> for ByName<R> {
    type Error = R::Error;

    /// A tagged variant is asked for so, and is a struct.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, R::Error> {
        self.0.deserialize_any(Taker { visitor, takes_array: false })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, R::Error> {
        self.0.deserialize_struct(name, fields, Taker { visitor, takes_array: false })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, R::Error> {
        self.0.deserialize_str(Choice { visitor, names })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, R::Error> {
        self.0.deserialize_option(Taker { visitor, takes_array: false })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, R::Error> {
        self.0.deserialize_newtype_struct(name, Taker { visitor, takes_array: false })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, R::Error> {
        self.0.deserialize_seq(Taker { visitor, takes_array: true })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, R::Error> {
        self.0.deserialize_tuple(len, Taker { visitor, takes_array: true })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, R::Error> {
        self.0.deserialize_tuple_struct(name, len, Taker { visitor, takes_array: true })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, R::Error> {
        self.0.deserialize_ignored_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct map identifier
    }
}

/// Methods of a visitor that hand a plain value on.
macro_rules! hand_on {
    ($($method:ident: $type:ty),*) => {
        $(fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.visitor.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Taker<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    hand_on!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
    hand_on!(visit_str: &str, visit_borrowed_str: &'de str, visit_string: String);

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_some<R: Deserializer<'de>>(self, reader: R) -> Result<V::Value, R::Error> {
        self.visitor.visit_some(ByName(reader))
    }

    fn visit_newtype_struct<R: Deserializer<'de>>(self, reader: R) -> Result<V::Value, R::Error> {
        self.visitor.visit_newtype_struct(ByName(reader))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        if self.takes_array {
            return self.visitor.visit_seq(ByName(items));
        }
        Err(A::Error::invalid_type(Unexpected::Seq, &self.visitor))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(ByName(fields))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Choice<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "one of {}", names.join(" and "))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        self.visitor.visit_enum(StrDeserializer::new(name))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for ByName<S> {
    type Value = S::Value;

    fn deserialize<R: Deserializer<'de>>(self, reader: R) -> Result<S::Value, R::Error> {
        self.0.deserialize(ByName(reader))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for ByName<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(ByName(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for ByName<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(ByName(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        inner: Vec<Inner>,
        single: Option<Inner>,
        #[serde(default)]
        side: Side,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        number: u64,
        pair: Option<(i8, f64)>,
    }

    #[derive(Debug, PartialEq, Default, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Side {
        #[default]
        In,
        Out,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "edit", rename_all = "snake_case")]
    enum Edit {
        Age { cutoff: u32 },
        Nothing,
    }

    fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, String> {
        let mut reader = serde_json::Deserializer::from_str(text);
        T::deserialize(ByName(&mut reader)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_has_names_is_read_as_before() {
        let text = r#"{"inner": [{"number": 1}, {"number": 2, "pair": [-3, 0.5]}], "single": {"number": 4, "pair": null},
                       "side": "out", "passed over": [[{}]]}"#;
        let read_plainly: Outer = serde_json::from_str(text).unwrap();
        assert_eq!(read::<Outer>(text), Ok(read_plainly));
        assert_eq!(read(r#"[{"edit": "nothing"}, {"cutoff": 7, "edit": "age"}]"#), {
            Ok(vec![Edit::Nothing, Edit::Age { cutoff: 7 }])
        });
        let value = serde_json::json!({"number": 5, "pair": [6, 7]});
        assert_eq!(Inner::deserialize(ByName(value)).unwrap(), Inner { number: 5, pair: Some((6, 7.0)) });
    }

    #[test]
    fn arrays_are_no_structs_at_any_depth() {
        for text in [
            "[[], null]",
            r#"{"inner": [[1, null]]}"#,
            r#"{"inner": [], "single": [1, null]}"#,
            "[[[1, null]]]",
        ] {
            assert!(read::<Outer>(text).unwrap_err().starts_with("invalid type: sequence, "), "{text}");
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            assert!(Outer::deserialize(ByName(value)).is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Vec<Edit>>(r#"[["age", 7]]"#).is_ok(), "serde takes it");
        for text in [r#"[["age", 7]]"#, r#"[["age", {"cutoff": 7}]]"#, r#"[{"edit": "age", "cutoff": [7]}]"#]
        {
            assert!(read::<Vec<Edit>>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_choice_is_text() {
        assert_eq!(read::<Side>("\"out\""), Ok(Side::Out));
        for (text, said) in [
            (r#"{"out": null}"#, "invalid type: map, expected one of `in` and `out`"),
            ("7", "invalid type: integer `7`, expected one of `in` and `out`"),
            ("\"up\"", "unknown variant `up`, expected `in` or `out`"),
        ] {
            let error = read::<Side>(text).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
