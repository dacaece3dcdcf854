//! Keys as clients present them, and as they are kept.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::hex::FromHex as _;

/// SHA-256 of a key: all that is kept of it. Keys are found by their hash, so that the time a look-up takes tells
/// nothing of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash([u8; 32]);

/// Text that is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 has 64 hexadecimal digits")]
pub struct KeyHashError;

impl KeyHash {
    /// Of a key in the clear.
    pub fn of(key: &[u8]) -> Self {
        KeyHash(sha256::Hash::hash(key).to_byte_array())
    }
}

impl FromStr for KeyHash {
    type Err = KeyHashError;

    fn from_str(text: &str) -> Result<Self, KeyHashError> {
        text.parse::<sha256::Hash>().map(|hash| KeyHash(hash.to_byte_array())).map_err(|_| KeyHashError)
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        sha256::Hash::from_byte_array(self.0).fmt(f)
    }
}

/// The key of a request, in any header that a known client puts it in: `Authorization: Bearer`, Core Lightning's `Rune`,
/// and LND's `Grpc-Metadata-macaroon`, which is hexadecimal.
pub fn presented_key(headers: &HeaderMap) -> Option<Cow<'_, [u8]>> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let (scheme, key) = value.as_bytes().split_at_checked(BEARER.len())?;
        return scheme.eq_ignore_ascii_case(BEARER).then(|| Cow::Borrowed(key.trim_ascii()));
    }
    if let Some(rune) = headers.get("rune") {
        return Some(Cow::Borrowed(rune.as_bytes()));
    }
    let macaroon = headers.get("grpc-metadata-macaroon")?;
    Vec::from_hex(macaroon.to_str().ok()?).ok().map(Cow::Owned)
}

const BEARER: &[u8] = b"Bearer ";

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn every_client_is_understood() {
        let with = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
        };
        for (name, value) in [
            ("authorization", "Bearer abc"),
            ("authorization", "bearer  abc"),
            ("rune", "abc"),
            ("grpc-metadata-macaroon", "616263"),
        ] {
            assert_eq!(presented_key(&with(name, value)).as_deref(), Some(&b"abc"[..]), "{name}");
        }
        for (name, value) in [
            ("authorization", "Basic abc"),
            ("authorization", "Bear"),
            ("grpc-metadata-macaroon", "61626"),
            ("grpc-metadata-macaroon", "6g"),
            ("cookie", "abc"),
        ] {
            assert_eq!(presented_key(&with(name, value)), None, "{name}: {value}");
        }
    }

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = KeyHash::of(b"abc");
        assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!("ba78".parse::<KeyHash>(), Err(KeyHashError));
    }
}
