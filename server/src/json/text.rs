//! Values that JSON carries as text.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::PartialSchema;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use primitives::{NodeId, ShortChannelId, ShortChannelIdDir};

/// A value that JSON carries as its `Display` writes it and its `FromStr` reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<T>(pub T);

/// A node's id.
pub type NodeIdText = Text<NodeId>;
/// A channel's name.
pub type ScidText = Text<ShortChannelId>;
/// One direction of a channel.
pub type ScidDirText = Text<ShortChannelIdDir>;

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData)).map(Text)
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// What the document of the API says of a value that is text.
pub trait TextForm {
    /// The name of its form, and a regular expression that all its texts match.
    const FORM: (&'static str, &'static str, &'static str);
}

impl TextForm for NodeId {
    const FORM: (&'static str, &'static str, &'static str) =
        ("NodeId", "A node's compressed public key, 33 bytes in hexadecimal.", "^0[23][0-9a-fA-F]{64}$");
}

impl TextForm for ShortChannelId {
    const FORM: (&'static str, &'static str, &'static str) =
        ("ShortChannelId", "Block, transaction and output of a channel's funding.", SCID);
}

impl TextForm for ShortChannelIdDir {
    const FORM: (&'static str, &'static str, &'static str) =
        ("ShortChannelIdDir", "A channel and a direction: 0 from node_id_1 to node_id_2, 1 back.", SCID_DIR);
}

impl<T: TextForm> PartialSchema for Text<T> {
    fn schema() -> RefOr<Schema> {
        let (_, description, pattern) = T::FORM;
        let schema = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
        schema.description(Some(description)).pattern(Some(pattern)).build().into()
    }
}

impl<T: TextForm> utoipa::ToSchema for Text<T> {
    fn name() -> Cow<'static, str> {
        T::FORM.0.into()
    }
}

/// Numbers of 24, of 16 and of 64 bits, and no others.
macro_rules! number {
    (24) => {
        "([0-9]{1,7}|1[0-5][0-9]{6}|16[0-6][0-9]{5}|167[0-6][0-9]{4}|1677[0-6][0-9]{3}|16777[01][0-9]{2}|1677720[0-9]|\
         1677721[0-5])"
    };
    (16) => {
        "([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
    };
    (64) => {
        "([0-9]{1,19}|1[0-7][0-9]{18}|18[0-3][0-9]{17}|184[0-3][0-9]{16}|1844[0-5][0-9]{15}|18446[0-6][0-9]{14}|\
         184467[0-3][0-9]{13}|1844674[0-3][0-9]{12}|184467440[0-6][0-9]{10})"
    };
}

macro_rules! scid {
    () => {
        concat!("(", number!(64), "|", number!(24), "x", number!(24), "x", number!(16), ")")
    };
}

const SCID: &str = concat!("^", scid!(), "$");
const SCID_DIR: &str = concat!("^", scid!(), "/[01]$");
/// Of a channel, or of one direction of it.
pub(super) const ANY_CHANNEL: &str = concat!("^", scid!(), "(/[01])?$");
