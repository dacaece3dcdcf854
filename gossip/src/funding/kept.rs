//! The bytes of a file that keeps headers, so that they need not be asked for again at each start.
//!
//! ```text
//! file  offset  size                                  piece  offset  size
//!            0     8  "FULGHDR1"                                  0     4  count of headers
//!            8     4  height of the first header                  4     4  CRC-32C of the headers
//!           12    32  its hash                                    8  80 n  headers, each the parent of the next
//!           44        pieces
//! ```
//! Integers are big-endian, headers as the network has them. A piece is what [`HeaderChain::connect`] once took: more of
//! the chain, or a branch that replaced its end. Taking all of them again, in their order and with all checks, leads to
//! the same chain; the file is believed no more than a stranger's node.

use bitcoin::BlockHash;
use bitcoin::block::Header;
use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::Hash as _;
use primitives::BlockHeight;

use super::headers::{HEADER_SIZE, HEADERS_SIZE_MAX, HeaderChain, decode_headers};

/// The first bytes of the file of a chain: whoever begins with another header has another file.
pub fn kept_headers_start(chain: &HeaderChain) -> [u8; KEPT_START_SIZE] {
    let first: BlockHeight = chain.first();
    let hash = chain.block_hash(first).unwrap_or(BlockHash::all_zeros());
    let mut bytes = [0; KEPT_START_SIZE];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&first.to_u32().to_be_bytes());
    bytes[12..].copy_from_slice(&hash.to_byte_array());
    bytes
}

/// The first eight bytes of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceHead {
    count: u32,
    checksum: u32,
}

impl PieceHead {
    /// Reads the bytes; `None` where there would be no headers behind them, or more than [`HEADERS_SIZE_MAX`] bytes.
    pub fn read(bytes: [u8; PIECE_HEAD_SIZE]) -> Option<Self> {
        let [a, b, c, d, e, f, g, h] = bytes;
        let (count, checksum) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
        (1..=COUNT_MAX).contains(&count).then_some(PieceHead { count, checksum })
    }

    /// Bytes of the headers that follow.
    pub const fn size(self) -> usize {
        self.count as usize * HEADER_SIZE
    }

    /// Reads the headers; `None` where they are not what was written.
    pub fn open(self, bytes: &[u8]) -> Option<Vec<Header>> {
        let is_whole = bytes.len() == self.size() && crc32c::crc32c(bytes) == self.checksum;
        if is_whole { decode_headers(bytes).ok() } else { None }
    }
}

/// The bytes of a piece; `None` where there are no headers, or more than [`HEADERS_SIZE_MAX`] bytes of them.
pub fn encode_piece(headers: &[Header]) -> Option<Vec<u8>> {
    let count = u32::try_from(headers.len()).ok().filter(|count| (1..=COUNT_MAX).contains(count))?;
    let mut bytes = vec![0; PIECE_HEAD_SIZE];
    bytes.extend(headers.iter().flat_map(serialize));
    let checksum = crc32c::crc32c(&bytes[PIECE_HEAD_SIZE..]);
    bytes[..4].copy_from_slice(&count.to_be_bytes());
    bytes[4..PIECE_HEAD_SIZE].copy_from_slice(&checksum.to_be_bytes());
    Some(bytes)
}

const MAGIC: [u8; 8] = *b"FULGHDR1";
/// Bytes before the first piece.
pub const KEPT_START_SIZE: usize = 44;
/// Bytes before a piece's headers.
pub const PIECE_HEAD_SIZE: usize = 8;
const COUNT_MAX: u32 = (HEADERS_SIZE_MAX / HEADER_SIZE) as u32;

#[cfg(test)]
mod tests {
    use bitcoin::Network;

    use super::*;

    #[test]
    fn pieces_survive_the_round_trip_and_no_other_bytes_are_pieces() {
        let header = bitcoin::constants::genesis_block(Network::Bitcoin).header;
        assert_eq!(encode_piece(&[]), None);
        assert_eq!(encode_piece(&vec![header; COUNT_MAX as usize + 1]), None);
        for count in [1, 3, COUNT_MAX as usize] {
            let headers = vec![header; count];
            let bytes = encode_piece(&headers).expect("not too many");
            let (head, body) = bytes.split_first_chunk().expect("a head");
            let head = PieceHead::read(*head).expect("sound");
            assert_eq!((head.size(), head.open(body)), (body.len(), Some(headers)));
            assert_eq!(head.open(&body[1..]), None);
            let mut turned = body.to_vec();
            turned[40] ^= 1;
            assert_eq!(head.open(&turned), None);
        }
        let head = |count: u32| {
            let [a, b, c, d] = count.to_be_bytes();
            PieceHead::read([a, b, c, d, 0, 0, 0, 0])
        };
        assert_eq!([0, COUNT_MAX + 1, u32::MAX].map(head), [None; 3]);
    }
}
