//! Files as Core Lightning's `gossip_store`, version 15.

/// The file of these messages.
pub fn store(messages: &[Vec<u8>]) -> Vec<u8> {
    let records = messages.iter().flat_map(|message| record(message));
    [15].into_iter().chain(records).collect()
}

/// A message of the store itself, such as 4101, a channel's amount, behind its announcement.
pub fn number(kind: u16, number: u64) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &number.to_be_bytes()].concat()
}

/// A complete record.
fn record(message: &[u8]) -> Vec<u8> {
    let len = u16::try_from(message.len()).expect("a message is shorter");
    let crc = crc32c(0, message);
    [&[0x20, 0][..], &len.to_be_bytes(), &crc.to_be_bytes(), &[0; 4], message].concat()
}

/// Castagnoli's checksum, bit by bit.
pub fn crc32c(start: u32, bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0x82f6_3b78 * (crc & 1));
    !bytes.iter().fold(!start, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
