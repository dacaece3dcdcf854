//! Headers of anybody, and pieces of a file that keeps some: what is read is written the same, and a branch that breaks a
//! rule changes nothing.
#![no_main]

use bitcoin::Network;
use bitcoin::params::Params;
use gossip::funding::{Anchor, HeaderChain, PIECE_HEAD_SIZE, PieceHead, decode_headers, encode_piece};
use libfuzzer_sys::fuzz_target;
use primitives::{BlockHeight, UnixTime};

fuzz_target!(|bytes: &[u8]| {
    let [kind, bytes @ ..] = bytes else { return };
    if let Some((head, rest)) = bytes.split_first_chunk::<PIECE_HEAD_SIZE>()
        && let Some(head) = PieceHead::read(*head)
        && let Some(headers) = rest.get(..head.size()).and_then(|body| head.open(body))
    {
        let piece = encode_piece(&headers).expect("it was one");
        assert_eq!(piece, bytes[..piece.len()]);
    }
    let Ok(headers) = decode_headers(bytes) else { return };
    let again: Vec<u8> = headers.iter().flat_map(bitcoin::consensus::serialize).collect();
    assert_eq!(again, bytes);
    // Periods of eight, with and without the exception of test networks, and any first header.
    let mut params = Params::new(if kind & 1 == 0 { Network::Regtest } else { Network::Testnet4 });
    params.no_pow_retargeting = kind & 2 == 0;
    params.allow_min_difficulty_blocks = kind & 4 == 0;
    params.pow_target_timespan = 8 * params.pow_target_spacing;
    let genesis = bitcoin::constants::genesis_block(Params::new(Network::Regtest)).header;
    let header = if kind & 8 == 0 { genesis } else { headers.first().copied().unwrap_or(genesis) };
    let anchor = Anchor { height: BlockHeight::from_u32(8 * u32::from(*kind)), header };
    let Ok(mut chain) = HeaderChain::new(params, anchor) else { return };
    for branch in headers.chunks(1 + usize::from(kind >> 4)) {
        let before = (chain.tip(), chain.block_hash(chain.tip()));
        match chain.connect(branch, UnixTime::from_secs(u32::MAX)) {
            Ok(Some(fork)) => assert!(chain.tip() >= fork),
            Ok(None) | Err(_) => assert_eq!((chain.tip(), chain.block_hash(chain.tip())), before),
        }
    }
});
