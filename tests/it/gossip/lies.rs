//! What a liar tells a node in the simulation.

use primitives::wire::{
    QueryChannelRange, QueryShortChannelIds, ReplyChannelRange, ReplyShortChannelIdsEnd, ShortIds,
    WireMessage as _,
};
use primitives::{Direction, UnixTime};
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use tests::signed::Signer;

use super::sim::{CHAIN, CHANNEL_COUNT, ends, scid};

/// One lie; which one, chance says.
pub(super) fn lie(rng: &mut ChaCha8Rng, now: u32, signer: &Signer) -> Vec<u8> {
    let n = rng.random_range(0..CHANNEL_COUNT);
    let time = UnixTime::from_secs(now + rng.random_range(0..1000));
    let mut update = signer.update(scid(n), ends(n), Direction::NodeOneToTwo, time, 666);
    match rng.random_range(0..8) {
        0 => {
            let at = rng.random_range(66..update.len());
            update[at] ^= 1;
            update
        }
        // Of no output: well signed, or not even that.
        1 => {
            let mut invented = signer.channel(scid(1000 + n), ends(n));
            invented[2 + rng.random_range(0..256)] ^= u8::from(rng.random::<bool>());
            invented
        }
        2 => signer.update(scid(5000 + n), ends(n), Direction::NodeTwoToOne, time, 666),
        3 => signer.update(scid(n), ends(n), Direction::NodeTwoToOne, UnixTime::from_secs(9), 666),
        4 => {
            let mut cut = signer.channel(scid(n), ends(n));
            cut.truncate(rng.random_range(3..cut.len()));
            cut
        }
        5 => ReplyShortChannelIdsEnd { chain_hash: CHAIN, full_information: true }.to_bytes(),
        6 => {
            let invented = ShortIds::pack((0..50).map(|n| scid(9000 + 5 * n)));
            ReplyChannelRange {
                chain_hash: CHAIN,
                first_blocknum: 0,
                number_of_blocks: 1 << 24,
                sync_complete: true,
                short_channel_ids: ShortIds::from_packed(&invented).unwrap(),
                timestamps: None,
                checksums: None,
            }
            .to_bytes()
        }
        _ => {
            let flags = Some(3);
            let query = QueryChannelRange {
                chain_hash: CHAIN,
                first_blocknum: 0,
                number_of_blocks: u32::MAX,
                query_option_flags: flags,
            };
            let packed = ShortIds::pack([scid(n)]);
            let short_channel_ids = ShortIds::from_packed(&packed).unwrap();
            let ids = QueryShortChannelIds { chain_hash: CHAIN, short_channel_ids, query_flags: None };
            if rng.random() { query.to_bytes() } else { ids.to_bytes() }
        }
    }
}
