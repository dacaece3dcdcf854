//! Bounds what a JSON parser collects before anybody sees it: the bytes of one string, and the depth of nesting in
//! what is skipped. Both would otherwise grow with a file that may swell to gigabytes.

use std::io::{self, Read};

/// Passes bytes on while the strings and the nesting in them stay within their limits.
pub(crate) struct JsonGuard<R> {
    inner: R,
    state: State,
    string_size: usize,
    depth: usize,
}

enum State {
    Outside,
    InString,
    /// Behind a backslash in a string.
    Escaped,
}

impl<R> JsonGuard<R> {
    pub(crate) fn new(inner: R) -> Self {
        JsonGuard { inner, state: State::Outside, string_size: 0, depth: 0 }
    }

    fn take(&mut self, byte: u8) -> Result<(), JsonLimit> {
        self.state = match (&self.state, byte) {
            (State::Outside, b'"') => {
                self.string_size = 0;
                State::InString
            }
            (State::Outside, b'[' | b'{') => {
                self.depth += 1;
                State::Outside
            }
            (State::Outside, b']' | b'}') => {
                self.depth = self.depth.saturating_sub(1);
                State::Outside
            }
            (State::Outside, _) | (State::InString, b'"') => State::Outside,
            (State::InString, b'\\') => State::Escaped,
            (State::InString | State::Escaped, _) => State::InString,
        };
        self.string_size += 1;
        match self.state {
            State::Outside if self.depth > JSON_DEPTH_MAX => Err(JsonLimit::Depth),
            State::InString | State::Escaped if self.string_size > JSON_STRING_SIZE_MAX => {
                Err(JsonLimit::String)
            }
            State::Outside | State::InString | State::Escaped => Ok(()),
        }
    }
}

impl<R: Read> Read for JsonGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        for &byte in &buffer[..count] {
            self.take(byte).map_err(|limit| io::Error::new(io::ErrorKind::InvalidData, limit))?;
        }
        Ok(count)
    }
}

/// Bytes in one string, escapes included; the longest that LND writes are custom records of a few KiB.
pub const JSON_STRING_SIZE_MAX: usize = 64 << 10;
/// Arrays and objects within one another; LND nests five.
pub const JSON_DEPTH_MAX: usize = 64;

/// The limit that a document exceeds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum JsonLimit {
    #[error("a string has at most {JSON_STRING_SIZE_MAX} bytes")]
    String,
    #[error("arrays and objects nest at most {JSON_DEPTH_MAX} deep")]
    Depth,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Option<String> {
        io::copy(&mut JsonGuard::new(text.as_bytes()), &mut io::sink()).err().map(|error| error.to_string())
    }

    #[test]
    fn long_strings_are_stopped_whatever_they_escape() {
        let limit = Some("a string has at most 65536 bytes".to_owned());
        assert_eq!(error(&format!("{{\"{}", "\\\"".repeat(40_000))), limit);
        assert_eq!(error(&format!("[\"{}\"]", "x".repeat(70_000))), limit);
        assert_eq!(error(&"[\"x\\\\\", 1, \"[[[\"],".repeat(40_000)), None);
    }

    #[test]
    fn deep_nesting_is_stopped_and_breadth_is_not() {
        assert_eq!(error(&"[{".repeat(40)).as_deref(), Some("arrays and objects nest at most 64 deep"));
        assert_eq!(error(&"[{}]".repeat(40_000)), None);
    }
}
