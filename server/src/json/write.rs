//! Answers as text, for those that are written a hundred thousand times a second.
//!
//! serde writes a struct field by field, and looks at each character of each name whether it must be escaped, and at those
//! of ids as well. Here names are text beforehand, and ids go straight into the answer. What is written is what serde would
//! have written, which tests compare.

use primitives::{NodeId, ShortChannelId};

use super::text::Text;

/// What is written without serde. The same text as its `Serialize` gives.
pub trait WriteJson {
    /// Appends it.
    fn write_json(&self, out: &mut Vec<u8>);
}

/// Appends fields of a struct by their names, with commas between them.
macro_rules! write_fields {
    ($out:expr, $from:expr, $first:ident $(, $next:ident)*) => {
        $out.extend_from_slice(concat!("\"", stringify!($first), "\":").as_bytes());
        $from.$first.write_json($out);
        $(
            $out.extend_from_slice(concat!(",\"", stringify!($next), "\":").as_bytes());
            $from.$next.write_json($out);
        )*
    };
}

pub(super) use write_fields;

/// What serde writes as briefly as can be: it looks at no character of these.
macro_rules! written_by_serde {
    ($($kind:ty),*) => {
        $(impl WriteJson for $kind {
            fn write_json(&self, out: &mut Vec<u8>) {
                serde_json::to_writer(out, self).expect("numbers and text have a JSON form");
            }
        })*
    };
}

written_by_serde!(u8, u32, u64, usize, bool, f64, &'static str);

impl WriteJson for Text<NodeId> {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(&self.0.to_hex());
        out.push(b'"');
    }
}

impl WriteJson for Text<ShortChannelId> {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        self.0.block().write_json(out);
        out.push(b'x');
        self.0.transaction().write_json(out);
        out.push(b'x');
        u32::from(self.0.output()).write_json(out);
        out.push(b'"');
    }
}

impl<T: WriteJson> WriteJson for [T] {
    fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (at, one) in self.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            one.write_json(out);
        }
        out.push(b']');
    }
}

impl<T: WriteJson> WriteJson for Vec<T> {
    fn write_json(&self, out: &mut Vec<u8>) {
        self.as_slice().write_json(out);
    }
}
