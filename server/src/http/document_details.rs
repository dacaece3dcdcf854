//! What the API's document must say, and its types cannot: the greatest whole number that fits beside the least, that
//! variants take no fields that nobody knows, that FlatBuffers are bytes, and that a batch may be empty.
//!
//! The formats of unsigned numbers are registered names that few tools know, and those of signed ones are too small.
//! So a bound is written out; a client that is made from the document then takes all that may come, and sends nothing
//! that is refused.

use serde_json::{Value, json};

use super::native::FLATBUFFERS;

/// Adds all of it.
pub(super) fn write_details(document: &mut Value) {
    write_bounds(document);
    let edits = document.pointer_mut("/components/schemas/LayerEditJson/oneOf").and_then(Value::as_array_mut);
    for variant in edits.into_iter().flatten().filter_map(Value::as_object_mut) {
        variant.insert("additionalProperties".to_owned(), false.into());
    }
    if let Some(body) = document.pointer_mut("/paths/~1api~1v1~1batch/post/requestBody") {
        body["required"] = false.into();
    }
    write_binary(document);
}

/// Bytes are no array of numbers.
fn write_binary(document: &mut Value) {
    match document {
        Value::Object(fields) => {
            if let Some(content) = fields.get_mut(FLATBUFFERS) {
                content["schema"] = json!({"type": "string", "format": "binary"});
            }
            fields.values_mut().for_each(write_binary);
        }
        Value::Array(items) => items.iter_mut().for_each(write_binary),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Adds the bounds that the formats imply, where there are none yet.
fn write_bounds(document: &mut Value) {
    match document {
        Value::Object(fields) => {
            let range = fields.get("format").and_then(Value::as_str).and_then(range_of);
            let is_schema = fields.contains_key("type");
            if let Some((format, least, most)) = range.filter(|_| is_schema) {
                fields.insert("format".to_owned(), format.into());
                fields.entry("minimum").or_insert(least.into());
                fields.entry("maximum").or_insert(most.into());
            }
            fields.values_mut().for_each(write_bounds);
        }
        Value::Array(items) => items.iter_mut().for_each(write_bounds),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The name in the registry of formats, and the range, of what our types are called by.
fn range_of(format: &str) -> Option<(&'static str, i64, u64)> {
    Some(match format {
        "u-int8" => ("uint8", 0, u8::MAX.into()),
        "u-int16" => ("uint16", 0, u16::MAX.into()),
        "u-int32" => ("uint32", 0, u32::MAX.into()),
        "u-int64" => ("uint64", 0, u64::MAX),
        "int8" => ("int8", i8::MIN.into(), i8::MAX as u64),
        "int16" => ("int16", i16::MIN.into(), i16::MAX as u64),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_type_unless_others_are_said() {
        let mut document = json!({"a": [
            {"type": "integer", "format": "u-int16"},
            {"type": ["integer", "null"], "format": "u-int64", "minimum": 1},
            {"type": "integer", "format": "int8", "minimum": -100, "maximum": 100},
            {"format": "u-int8"},
        ]});
        write_bounds(&mut document);
        let bounds = |at: usize| [&document["a"][at]["minimum"], &document["a"][at]["maximum"]];
        assert_eq!((bounds(0), &document["a"][0]["format"]), ([&json!(0), &json!(65_535)], &json!("uint16")));
        assert_eq!(bounds(1), [&json!(1), &json!(u64::MAX)]);
        assert_eq!(bounds(2), [&json!(-100), &json!(100)]);
        assert_eq!(bounds(3), [&Value::Null, &Value::Null]);
    }
}
