//! The reference: the API's document as JSON, and as a page for people that needs nothing but itself.

use std::fmt::Write;

use axum::Router;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::routing::get;
use bytes::Bytes;
use serde_json::Value;

use super::app::App;
use super::document_details::write_details;
use super::native;

/// `/api/openapi.json` and `/api/reference`.
pub(super) fn router() -> Router<App> {
    let mut document = serde_json::to_value(native::document()).expect("the document has a JSON form");
    write_details(&mut document);
    let text = Bytes::from(document.to_string());
    let page = Bytes::from(page(&document));
    let json = move || async move { ([(CONTENT_TYPE, "application/json")], text) };
    let policy = (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'");
    let html = move || async move { ([policy, (CONTENT_TYPE, "text/html; charset=utf-8")], page) };
    Router::new().route("/api/openapi.json", get(json)).route("/api/reference", get(html))
}

/// The page. What the document says is escaped.
fn page(document: &Value) -> String {
    let mut out = String::with_capacity(1 << 16);
    out.push_str(HEAD);
    let tags = document["tags"].as_array().map_or(&[][..], Vec::as_slice);
    out.push_str("<nav><ul>");
    for name in tags.iter().filter_map(|tag| tag["name"].as_str()).chain(["schemas", "problems"]) {
        push(&mut out, format_args!("<li><a href=\"#{name}\">{name}</a>"));
    }
    out.push_str("</ul></nav><main>");
    push(&mut out, format_args!("<h1>{}</h1><p>{}</p>", "Fulgurite", text(&document["info"]["description"])));
    for tag in tags {
        let name = text(&tag["name"]);
        push(&mut out, format_args!("<h2 id=\"{name}\">{name}</h2><p>{}</p>", text(&tag["description"])));
        operations(&mut out, document, &tag["name"]);
    }
    out.push_str("<h2 id=\"schemas\">schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        push(&mut out, format_args!("<section id=\"schema-{0}\"><h3>{0}</h3>", escape(name)));
        fields(&mut out, schema);
        out.push_str("</section>");
    }
    out.push_str("<h2 id=\"problems\">problems</h2><p>Each is a document of the schema Problem.</p><dl>");
    for (code, meaning) in PROBLEMS {
        push(&mut out, format_args!("<dt id=\"{code}\"><code>{code}</code><dd>{}", escape(meaning)));
    }
    out.push_str("</dl></main>");
    out
}

fn operations(out: &mut String, document: &Value, tag: &Value) {
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if !operation["tags"].as_array().is_some_and(|tags| tags.contains(tag)) {
                continue;
            }
            let id = text(&operation["operationId"]);
            push(out, format_args!("<section id=\"{id}\"><h3>{}</h3>", text(&operation["summary"])));
            push(out, format_args!("<p><code>{} {}</code>", method.to_uppercase(), escape(path)));
            push(out, format_args!("<p>{}", text(&operation["description"])));
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
                push(
                    out,
                    format_args!(
                        "<p><code>{name}</code> in the {place}: {}",
                        text(&parameter["description"])
                    ),
                );
            }
            contents(out, "body", &operation["requestBody"]);
            for (status, response) in operation["responses"].as_object().into_iter().flatten() {
                contents(out, status, response);
            }
            out.push_str("</section>");
        }
    }
}

fn contents(out: &mut String, what: &str, body: &Value) {
    for (kind, content) in body["content"].as_object().into_iter().flatten() {
        let schema = kind_of(&content["schema"]);
        push(out, format_args!("<p><b>{}</b>: {schema} <small>{}</small>", escape(what), escape(kind)));
        push(out, format_args!(" {}", text(&body["description"])));
    }
}

/// The fields of an object, those of all its parts.
fn fields(out: &mut String, schema: &Value) {
    push(out, format_args!("<p>{}", text(&schema["description"])));
    if let Some(pattern) = schema["pattern"].as_str() {
        push(out, format_args!("<p>text, <code>{}</code>", escape(pattern)));
    }
    for part in ["allOf", "oneOf"].iter().flat_map(|of| schema[of].as_array().into_iter().flatten()) {
        if part["properties"].is_object() {
            fields(out, part);
        } else {
            push(out, format_args!("<p>{}", kind_of(part)));
        }
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    out.push_str("<table>");
    for (name, field) in properties {
        let must = if required.iter().any(|required| required == name) { "required" } else { "" };
        push(
            out,
            format_args!(
                "<tr><th scope=\"row\"><code>{}</code><td>{}<td>{must}<td>{}",
                escape(name),
                kind_of(field),
                text(&field["description"])
            ),
        );
    }
    out.push_str("</table>");
}

/// A schema in a word, with a link where it has a name.
fn kind_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escape(name));
    }
    for of in ["oneOf", "allOf"] {
        if let Some(parts) = schema[of].as_array() {
            return parts.iter().map(kind_of).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return values
            .iter()
            .map(|value| format!("<code>{}</code>", text(value)))
            .collect::<Vec<_>>()
            .join(" or ");
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", kind_of(&schema["items"])),
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        kind => text(kind),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map(escape).unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("text takes any text");
}

/// What `code` may say, and when.
pub(super) const PROBLEMS: &[(&str, &str)] = &[
    ("bad_json", "The body is no JSON, or a field has the wrong form. 400"),
    ("bad_flatbuffers", "The body is no request by schemas/query.fbs. 400"),
    ("bad_body", "The body did not arrive whole. 400"),
    ("bad_path", "A part of the path has the wrong form. 400"),
    ("bad_host", "A request of HTTP/1.1 has no header Host, several, or one that names no host. 400"),
    ("unknown_parameter", "The path takes no such parameter in its query string. 400"),
    ("no_key", "A key is needed, and none was sent. 401"),
    ("unauthorized", "The key is not known. 401"),
    ("forbidden", "The key does not allow this. 403"),
    ("cross_site", "A server without keys takes no change from a page of another origin. 403"),
    ("not_found", "There is no such path, node or channel. 404"),
    ("unknown_node", "A node of the query is not in the graph. 404"),
    ("unknown_channel", "A channel of the query is not in the graph. 404"),
    ("unknown_layer", "There is no layer of that name. 404"),
    ("unknown_reservation", "There is no such reservation, or it was released. 404"),
    ("no_route", "No single path carries the amount; widest_msat tells what one could carry. 404"),
    ("payer_cannot_send", "No channel of the payer can send the amount. 404"),
    ("payee_cannot_receive", "No channel of the payee can receive the amount. 404"),
    ("fee_limit", "Every route or plan costs more than the fee limit. 404"),
    ("route_limits", "Every route has too many blocks, hops or bytes. 404"),
    ("htlc_minimum", "Every route or plan has a channel that wants a larger amount. 404"),
    ("htlc_limit", "Channels take no more HTLCs than are in flight over them. 404"),
    ("cut", "All paths together do not carry the amount. 404"),
    ("no_room_for_fees", "All paths together carry the amount, but not the fees on top. 404"),
    ("too_few_parts", "So few parts, of the least size, do not carry the amount. 404"),
    ("method_not_allowed", "The path takes other methods. 405"),
    ("timeout", "The request did not arrive, or not end, in time. 408"),
    ("layer_exists", "There is a layer of that name already. 409"),
    ("body_too_large", "The body, or a line of a batch, exceeds the limit. 413"),
    ("unsupported_media_type", "The path takes JSON alone, and the body is in FlatBuffers. 415"),
    ("misdirected", "A server without keys is asked by a name that is not its own. 421"),
    ("bad_field", "A value cannot be used. 422"),
    ("bad_query", "The query contradicts itself. 422"),
    ("work_limit", "The search gave up; there may be a route. 422"),
    ("bad_layer", "The change of a layer is refused. 422"),
    ("bad_reservation", "The reservation is refused. 422"),
    ("too_many_entries", "The layers have as many entries as they may. 422"),
    ("too_many_tenants", "There are as many tenants as there may be. 422"),
    ("budget", "A budget of the key is used up; Retry-After tells for how long. 429"),
    ("internal", "The server's own fault. 500"),
    ("not_kept", "The change counts until the server ends: its disk refuses to keep it. 507"),
    ("busy", "More is asked than can be answered in time. 503"),
    ("contended", "The graph changed faster than a route could be priced. 503"),
    ("not_ready", "The server does not answer now. 503"),
    ("stopping", "The server is stopping. 503"),
];

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Fulgurite API</title><style>\
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0;display:flex;flex-wrap:wrap}\
nav{flex:0 0 10rem;padding:1rem}nav ul{list-style:none;margin:0;padding:0;position:sticky;top:1rem}\
main{flex:1 1 30rem;max-width:56rem;padding:0 1rem 4rem}section{border-top:1px solid color-mix(in srgb,currentColor 20%,transparent)}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;font-weight:normal}\
code{font:14px ui-monospace,monospace}:target{outline:2px solid Highlight;outline-offset:4px}</style>";
