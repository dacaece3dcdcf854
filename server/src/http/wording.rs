//! What a reader of JSON says is wrong, in words of JSON: serde's own are those of Rust.

use std::borrow::Cow;

/// Says it, and at which line and column.
pub(super) fn in_words(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let (said, place) = match message.strip_suffix(&place) {
        Some(said) => (said, place.as_str()),
        None => (message.as_str(), ""),
    };
    let strip = |words: &str| said.strip_prefix(words);
    let mismatch = strip("invalid type: ").or_else(|| strip("invalid value: "));
    if let Some((found, wanted)) = mismatch.and_then(|rest| rest.rsplit_once(", expected ")) {
        format!("expected {}, found {}{place}", words_of_wanted(wanted), words_of_found(found))
    } else if let Some(rest) = strip("unknown variant ") {
        format!("unknown value {rest}{place}")
    } else if let Some(rest) = strip("EOF while parsing ") {
        format!("the text ends within {rest}{place}")
    } else {
        message
    }
}

fn words_of_wanted(wanted: &str) -> Cow<'_, str> {
    let whole = |least: i64, most: u64| format!("a whole number from {least} to {most}").into();
    match wanted {
        "u8" => whole(0, u8::MAX.into()),
        "u16" => whole(0, u16::MAX.into()),
        "u32" => whole(0, u32::MAX.into()),
        "u64" | "usize" => whole(0, u64::MAX),
        "i8" => whole(i8::MIN.into(), i8::MAX as u64),
        "i16" => whole(i16::MIN.into(), i16::MAX as u64),
        "i32" => whole(i32::MIN.into(), i32::MAX as u64),
        "i64" => whole(i64::MIN, i64::MAX as u64),
        "f32" | "f64" => "a number".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "an array".into(),
        "any value" => "a single value".into(),
        "a string" | "string or map" | "variant identifier" => "text".into(),
        _ if wanted.starts_with("variant index ") => "text".into(),
        _ if wanted.starts_with("struct ") || wanted.starts_with("internally tagged enum ") => {
            "an object".into()
        }
        _ => wanted.into(),
    }
}

fn words_of_found(found: &str) -> Cow<'_, str> {
    match found.split_once(' ') {
        None if found == "map" => "an object".into(),
        None if found == "sequence" => "an array".into(),
        // What was written is not known any more.
        Some(("floating", _)) => "a number with a point, an exponent or too many digits".into(),
        Some(("integer" | "boolean", value)) => value.trim_matches('`').into(),
        Some(("string", value)) => format!("the text {value}").into(),
        _ => found.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Known {
        #[serde(rename = "number")]
        _number: Option<u16>,
        #[serde(rename = "least")]
        _least: Option<i8>,
        #[serde(rename = "large")]
        _large: Option<u64>,
        #[serde(rename = "flag")]
        _flag: Option<bool>,
        #[serde(rename = "names")]
        _names: Option<Vec<String>>,
        #[serde(rename = "side")]
        _side: Option<Side>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Side {
        In,
        Out,
    }

    #[test]
    fn what_is_wrong_is_said_in_words_of_json() {
        for (text, said) in [
            (
                "{\"number\":70000}",
                "expected a whole number from 0 to 65535, found 70000 at line 1 column 15",
            ),
            (
                "{\"number\":\"a, expected b\"}",
                "expected a whole number from 0 to 65535, found the text \"a, expected b\"",
            ),
            ("{\"least\":-129}", "expected a whole number from -128 to 127, found -129"),
            (
                "{\"large\":18446744073709551616}",
                "expected a whole number from 0 to 18446744073709551615, found a number with a point, an exponent or too \
                 many digits",
            ),
            ("{\"flag\":null,\"names\":true}", "expected an array, found true"),
            ("{\"flag\":{}}", "expected true or false, found an object"),
            ("{\"names\":[[]]}", "expected text, found an array"),
            ("{\"side\":\"up\"}", "unknown value `up`, expected `in` or `out`"),
            ("7", "expected an object, found 7"),
            ("{", "the text ends within an object at line 1 column 1"),
            ("{} {}", "trailing characters at line 1 column 4"),
        ] {
            let words = in_words(&serde_json::from_str::<Known>(text).unwrap_err());
            assert!(words.starts_with(said), "{text}: {words}");
        }
    }
}
