//! Query strings of our own API: a parameter that the path does not have is refused, as a field of a body is that nobody
//! knows. A misspelt one would change nothing, and nobody would notice.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::{MatchedPath, Query, Request};
use axum::http::StatusCode;
use serde_json::Value;

use super::native;
use super::problem::Problem;

/// Lets in a request whose query string has no names but those that the API's document has for its path. Of paths that
/// the document does not have, it says nothing.
///
/// # Errors
/// Names the first one that is unknown.
pub(super) fn check_parameters(request: &Request) -> Result<(), Problem> {
    if request.uri().query().is_none() {
        return Ok(());
    }
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let Some(known) = KNOWN.get(path) else { return Ok(()) };
    // What cannot be read as pairs is left to whoever reads the values.
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()) else { return Ok(()) };
    match pairs.into_iter().find(|(name, _)| !known.contains(name)) {
        Some((name, _)) => Err(unknown(name, known)),
        None => Ok(()),
    }
}

fn unknown(name: String, known: &[String]) -> Problem {
    let (status, title) = (StatusCode::BAD_REQUEST, "The parameter is unknown");
    let hint = match known {
        [] => "leave it out; the path takes no parameters".to_owned(),
        known => format!("leave it out; the path takes {}", known.join(" and ")),
    };
    Problem::new(status, "unknown_parameter", title, format!("the path takes no parameter `{name}`"))
        .with_field(name)
        .with_hint(hint)
}

/// The parameters of each path in the document.
static KNOWN: LazyLock<HashMap<String, Vec<String>>> = LazyLock::new(|| {
    let document = serde_json::to_value(native::document()).expect("the document has a JSON form");
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.map(|(path, methods)| (path.clone(), names_in(methods))).collect()
});

fn names_in(methods: &Value) -> Vec<String> {
    let operations = methods.as_object().into_iter().flatten().map(|(_, operation)| operation);
    let parameters =
        operations.flat_map(|operation| operation["parameters"].as_array().into_iter().flatten());
    let of_query = parameters.filter(|parameter| parameter["in"] == "query");
    of_query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_tells_the_parameters() {
        let of = |path: &str| KNOWN[path].iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(of("/api/v1/graph/nodes/{node_id}"), ["channels"]);
        assert_eq!(of("/api/v1/graph/suggestions"), ["prefix"]);
        assert_eq!(of("/api/v1/graph/example"), ["seed"]);
        let with_some = KNOWN.values().filter(|names| !names.is_empty()).count();
        assert_eq!((with_some, KNOWN.contains_key("/api/v1/routes")), (4, true));
    }
}
