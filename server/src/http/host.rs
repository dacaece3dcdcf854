//! By which name a server without keys may be asked.
//!
//! Such a server answers whoever reaches the loopback, and a browser on the same machine does: a page from anywhere can
//! have its own name resolved to 127.0.0.1 once it is loaded (DNS rebinding), and then reads and writes here as if it
//! were this server's. The browser names the page's host in each request, which tells. With keys there is no such
//! danger, because the page has none.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::HOST;

use super::problem::Problem;

/// Lets in what is asked of a loopback name or address, or of one of `names`. What names no host comes from no browser.
pub(super) fn check_host(request: &Request, names: &[String]) -> Result<(), Problem> {
    let header = request.headers().get(HOST).map(|host| host.to_str().unwrap_or_default());
    match header.or_else(|| request.uri().authority().map(|authority| authority.as_str())) {
        Some(host) if !is_own(host, names) => Err(misdirected()),
        _ => Ok(()),
    }
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
