//! The files of the page.
//!
//! They are asked for anew each time and answered with 304 where they are the same, so that a new server never runs an
//! old page. The policy allows what comes from this server alone: no script or style within the page, no frame around
//! it, no text that turns into HTML.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::http::app::App;

/// All files.
pub(super) fn router() -> Router<App> {
    ASSETS.iter().fold(Router::new(), |router, &(path, kind, text)| {
        let tag = tag(text);
        router.route(path, get(move |asked: HeaderMap| async move { answer(kind, text, &tag, &asked) }))
    })
}

fn answer(kind: &'static str, text: &'static str, tag: &HeaderValue, asked: &HeaderMap) -> Response {
    let is_known = asked.get(IF_NONE_MATCH).is_some_and(|known| knows(known, tag));
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { text.into_response() };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(ETAG, tag.clone());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Whether a list of tags has this one (RFC 9110, 13.1.2: weak ones count).
fn knows(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let is_it = |one: &str| one == "*" || one.trim_start_matches("W/").as_bytes() == tag.as_bytes();
    known.to_str().is_ok_and(|known| known.split(',').any(|one| is_it(one.trim())))
}

/// Differs where the text does.
fn tag(text: &str) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish())).expect("quotes and digits are allowed")
}

macro_rules! asset {
    ($path:literal, $kind:ident, $file:literal) => {
        ($path, $kind, include_str!(concat!("../../../page/", $file)))
    };
}

/// Path, content type and text.
const ASSETS: [(&str, &str, &str); 15] = [
    asset!("/", HTML, "index.html"),
    asset!("/page/style.css", CSS, "style.css"),
    asset!("/page/icon.svg", SVG, "icon.svg"),
    asset!("/page/api.js", JS, "api.js"),
    asset!("/page/chart.js", JS, "chart.js"),
    asset!("/page/combo.js", JS, "combo.js"),
    asset!("/page/dom.js", JS, "dom.js"),
    asset!("/page/figure.js", JS, "figure.js"),
    asset!("/page/finder.js", JS, "finder.js"),
    asset!("/page/format.js", JS, "format.js"),
    asset!("/page/live.js", JS, "live.js"),
    asset!("/page/main.js", JS, "main.js"),
    asset!("/page/path.js", JS, "path.js"),
    asset!("/page/shape.js", JS, "shape.js"),
    asset!("/page/theme.js", JS, "theme.js"),
];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const JS: &str = "text/javascript; charset=utf-8";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small() {
        let size: usize = ASSETS.iter().map(|(_, _, text)| text.len()).sum();
        assert!(size < 60_000, "{size} bytes");
    }

    #[test]
    fn the_page_names_no_other_host() {
        for (path, _, text) in ASSETS {
            let elsewhere = text.replace("http://www.w3.org/", "");
            assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"), "{path}");
        }
    }

    #[test]
    fn tags_are_compared_weakly() {
        let tag = tag("text");
        let text = tag.to_str().unwrap();
        for known in [text.to_owned(), format!("W/{text}"), format!("\"a\", {text}"), "*".to_owned()] {
            assert!(knows(&HeaderValue::try_from(&known).unwrap(), &tag), "{known}");
        }
        assert!(!knows(&HeaderValue::from_static("\"a\", \"b\""), &tag));
    }
}
