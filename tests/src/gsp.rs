//! Captures of raw gossip: `GSP\x01`, then messages that each have their length before them, big-endian CompactSize.

use primitives::codec::decode_bigsize;
use primitives::wire::{MESSAGE_SIZE_MAX, message_type};

/// The messages of a capture. Where a frame makes no sense, bytes are passed over until one does.
///
/// # Panics
/// Where the capture does not begin as one.
pub fn messages(capture: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = capture.strip_prefix(b"GSP\x01").expect("a capture begins with its magic");
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            if let Some((message, behind)) = frame(rest) {
                rest = behind;
                return Some(message);
            }
            rest = &rest[1..];
        }
        None
    })
}

/// A whole frame with gossip in it.
fn frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = decode_bigsize(bytes)?;
    let size = usize::try_from(size).ok().filter(|&size| size <= MESSAGE_SIZE_MAX)?;
    let (message, rest) = rest.split_at_checked(size)?;
    matches!(message_type(message), Some(256..=258)).then_some((message, rest))
}
