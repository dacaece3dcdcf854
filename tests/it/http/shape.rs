//! The shape of JSON: which fields there are, and of which type each is.

use serde_json::Value;

/// Fails unless `value` has just the fields of `shape`, each of the type that it names there. A type is a text, with `|`
/// between choices; an array has one shape for all of its items, a `*` stands for any name.
pub(crate) fn assert_shape(value: &Value, shape: &Value) {
    if let Err(problem) = check(value, shape) {
        panic!("{problem}\n{value:#}");
    }
}

fn check(value: &Value, shape: &Value) -> Result<(), String> {
    match (value, shape) {
        (value, Value::String(names)) => {
            let fits = names.split('|').any(|name| has_type(value, name));
            fits.then_some(()).ok_or_else(|| format!("{value} is no {names}"))
        }
        (Value::Array(items), Value::Array(shapes)) => {
            items.iter().try_for_each(|item| check(item, &shapes[0]))
        }
        (Value::Object(fields), Value::Object(shapes)) => {
            for (name, value) in fields {
                let shape = shapes.get(name).or_else(|| shapes.get("*"));
                let shape = shape.or_else(|| shapes.get(&format!("{name}?")));
                let shape = shape.ok_or_else(|| format!("nobody knows the field {name}"))?;
                check(value, shape).map_err(|problem| format!("{name}: {problem}"))?;
            }
            let missing = shapes
                .keys()
                .find(|name| !fields.contains_key(*name) && *name != "*" && !name.ends_with('?'));
            missing.map_or(Ok(()), |name| Err(format!("the field {name} is missing")))
        }
        _ => Err(format!("{value} is not like {shape}")),
    }
}

fn has_type(value: &Value, name: &str) -> bool {
    let text = value.as_str();
    let is = |check: fn(u8) -> bool| text.is_some_and(|text| text.bytes().all(check));
    match name {
        "null" => value.is_null(),
        "bool" => value.is_boolean(),
        "text" => value.is_string(),
        "int" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        // Numbers of 64 bits, which JavaScript cannot hold, are texts.
        "int64" => text.is_some_and(|text| text.parse::<i64>().is_ok()),
        "uint64" => text.is_some_and(|text| text.parse::<u64>().is_ok()),
        "node" => text.is_some_and(|text| text.len() == 66) && is(|byte| byte.is_ascii_hexdigit()),
        "node64" => text.is_some_and(|text| text.len() == 44),
        "hex" => is(|byte| byte.is_ascii_hexdigit()),
        "scid" => text.is_some_and(|text| text.split('x').count() == 3),
        "scid_dir" => text.is_some_and(|text| text.ends_with("/0") || text.ends_with("/1")),
        "empty" => {
            value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(|it| it.is_empty())
        }
        other => panic!("no type {other}"),
    }
}
