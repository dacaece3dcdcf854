//! The name that a node gives itself: 32 bytes that anybody may fill with anything.

use std::fmt;

/// `alias` of a `node_announcement`. Its bytes are kept as they came; only showing it makes it harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Alias([u8; 32]);

impl Alias {
    /// Takes the field.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Alias(bytes)
    }

    /// The field.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Alias {
    /// Writes the text before the zeros at the end. What is no UTF-8, and every character that moves a cursor, hides
    /// or turns text around, becomes U+FFFD. Quotes and angle brackets stay: whoever writes HTML or SQL escapes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let text = String::from_utf8_lossy(&self.0[..size]);
        let shown: String = text.chars().map(|c| if is_hostile(c) { '\u{fffd}' } else { c }).collect();
        f.pad(&shown)
    }
}

/// Controls, line and paragraph separators, invisible characters, marks and overrides of direction, and tags.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &[u8]) -> String {
        let mut bytes = [0; 32];
        bytes[..text.len()].copy_from_slice(text);
        Alias::from_bytes(bytes).to_string()
    }

    #[test]
    fn names_are_shown_without_their_tricks() {
        assert_eq!(shown("SLEEPY⚡dragon".as_bytes()), "SLEEPY⚡dragon");
        assert_eq!(shown(b"\x1b[2Jgone\r\n"), "\u{fffd}[2Jgone\u{fffd}\u{fffd}");
        assert_eq!(shown("a\u{202e}b\u{200b}c".as_bytes()), "a\u{fffd}b\u{fffd}c");
        assert_eq!(shown(b"in\0side"), "in\u{fffd}side");
        assert_eq!(shown(&[0xff; 32]), "\u{fffd}".repeat(32));
        assert_eq!(shown(b""), "");
    }
}
