//! Lists in JSON that are seen one entry at a time.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

/// Hands each entry of a list to a function and keeps none; what the function refuses is an error of the document.
pub(crate) struct Each<T, F> {
    sink: F,
    entry: PhantomData<T>,
}

impl<T, F> Each<T, F> {
    pub(crate) fn new(sink: F) -> Self {
        Each { sink, entry: PhantomData }
    }
}

impl<'de, T, E, F> DeserializeSeed<'de> for Each<T, F>
where
    T: Deserialize<'de>,
    E: Display,
    F: FnMut(T) -> Result<(), E>,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T, E, F> Visitor<'de> for Each<T, F>
where
    T: Deserialize<'de>,
    E: Display,
    F: FnMut(T) -> Result<(), E>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(entry) = list.next_element()? {
            (self.sink)(entry).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}
