//! By which name a server without keys may be asked, and from which pages.
//!
//! Such a server answers whoever reaches the loopback, and a browser on the same machine does: a page from anywhere can
//! have its own name resolved to 127.0.0.1 once it is loaded (DNS rebinding), and then reads and writes here as if it
//! were this server's. The browser names the page's host in each request, which tells. A page can also send a form to
//! the loopback, whose answer it cannot read, but which may change something: there the browser says where the page is
//! from. With keys there is no such danger, because the page has none.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, Version};

use super::problem::Problem;

/// Refuses a request of HTTP/1.1 that does not say once which host it is for (RFC 9112, section 3.2).
pub(super) fn check_host_header(request: &Request) -> Result<(), Problem> {
    if request.version() != Version::HTTP_11 {
        return Ok(());
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if may_be_host(host) => Ok(()),
        _ => Err(bad_host()),
    }
}

/// What has no host, as a URI without authority, says so with an empty field.
fn may_be_host(host: &HeaderValue) -> bool {
    let authority = |text: &str| text.parse::<Authority>().is_ok() && !text.contains('@');
    host.is_empty() || host.to_str().is_ok_and(authority)
}

/// Lets in what is asked of a loopback name or address, or of one of `names`. What names no host comes from no browser.
pub(super) fn check_host(request: &Request, names: &[String]) -> Result<(), Problem> {
    match asked_host(request.headers(), request.uri()) {
        Some(host) if !is_own(host, names) => Err(misdirected()),
        _ => Ok(()),
    }
}

/// Refuses what a page from elsewhere sends. Who is no browser says nothing of a page, and is let in.
pub(super) fn check_origin(parts: &Parts) -> Result<(), Problem> {
    let text = |name| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_own = match (text(SEC_FETCH_SITE), text(ORIGIN.as_str())) {
        // No page can forge it; where a proxy changes the host, it alone is right.
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == asked_host(&parts.headers, &parts.uri)
        }
        (None, None) => true,
    };
    if is_own { Ok(()) } else { Err(cross_site()) }
}

fn asked_host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let header = headers.get(HOST).map(|host| host.to_str().unwrap_or_default());
    header.or_else(|| uri.authority().map(|authority| authority.as_str()))
}

/// `host` may have a port.
fn is_own(host: &str, names: &[String]) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(address, _)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if let Ok(address) = name.parse::<IpAddr>() {
        return address.is_loopback();
    }
    // Names below localhost are the loopback's wherever names are resolved (RFC 6761, section 6.3).
    let last = name.rsplit('.').next().unwrap_or(name);
    last.eq_ignore_ascii_case("localhost") || names.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn bad_host() -> Problem {
    let (status, title) = (StatusCode::BAD_REQUEST, "The request names no host");
    Problem::new(
        status,
        "bad_host",
        title,
        "a request of HTTP/1.1 has one header Host, with a name or an address",
    )
    .with_field("host")
    .with_hint("send the host and port of the address that you ask, once")
}

fn misdirected() -> Problem {
    Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "misdirected",
        "The request is for another host",
        "a server without keys answers to localhost and loopback addresses only",
    )
    .with_field("host")
    .with_hint("ask it as localhost, list the name under hosts in the configuration, or configure keys")
}

fn cross_site() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "The page is not the server's",
        "a server without keys takes no changes from pages of others",
    )
    .with_field("origin")
    .with_hint("ask from no browser, or configure keys")
}

/// Where the page is from that a browser asks for (Fetch Metadata Request Headers, W3C).
const SEC_FETCH_SITE: &str = "sec-fetch-site";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_and_addresses_are_its_own() {
        for host in [
            "localhost",
            "localhost:7420",
            "LocalHost.",
            "a.localhost:1",
            "127.0.0.1:80",
            "127.9.9.9",
            "[::1]:7420",
            "[::1]",
        ] {
            assert!(is_own(host, &[]), "{host}");
        }
    }

    #[test]
    fn others_are_not() {
        for host in [
            "",
            ":",
            "evil.example",
            "evil.example:7420",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "notlocalhost",
            "10.0.0.1",
            "0.0.0.0:7420",
            "[::]:7420",
            "[::1",
            "[",
        ] {
            assert!(!is_own(host, &["router.example".to_owned()]), "{host}");
        }
        assert!(is_own("Router.example:7420", &["router.example".to_owned()]));
    }
}
