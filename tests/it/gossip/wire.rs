//! What is written is read again, whatever the fields hold; and gossip that was read is written byte for byte.

use primitives::wire::{Alias, WireMessage};
use primitives::wire::{
    AnnouncementSignatures, ChannelAnnouncement, ChannelUpdate, ErrorMessage, GossipTimestampFilter, Init,
    Message, NodeAnnouncement, Ping, Pong, QueryChannelRange, QueryFlags, QueryShortChannelIds,
    ReplyChannelRange, ReplyShortChannelIdsEnd, ShortIds, Warning,
};
use primitives::{ChainHash, CltvExpiryDelta, Msat, NodeId, ShortChannelId, UnixTime};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

/// Bytes for every field that a message could have.
#[derive(Debug, Clone)]
pub(super) struct Content {
    signatures: [[u8; 64]; 4],
    pub(super) hash: [u8; 32],
    keys: [[u8; 33]; 4],
    numbers: [u64; 4],
    small: [u8; 4],
    blobs: [Vec<u8>; 3],
    ids: Vec<u64>,
}

pub(super) fn content() -> impl Strategy<Value = Content> {
    let array64 = || vec(any::<u8>(), 64).prop_map(|bytes| <[u8; 64]>::try_from(bytes).unwrap());
    let key = || {
        (2..4u8, any::<[u8; 32]>()).prop_map(|(first, rest)| {
            let mut key = [first; 33];
            key[1..].copy_from_slice(&rest);
            key
        })
    };
    let signatures = [array64(), array64(), array64(), array64()];
    let keys = [key(), key(), key(), key()];
    let blob = |max| vec(any::<u8>(), 0..max);
    let blobs = [blob(40), blob(300), blob(5000)];
    let ids = btree_set(any::<u64>(), 0..200).prop_map(|ids| ids.into_iter().collect());
    (signatures, any::<[u8; 32]>(), keys, any::<[u64; 4]>(), any::<[u8; 4]>(), blobs, ids).prop_map(
        |(signatures, hash, keys, numbers, small, blobs, ids)| Content {
            signatures,
            hash,
            keys,
            numbers,
            small,
            blobs,
            ids,
        },
    )
}

pub(super) fn gossip(content: &Content) -> [Message<'_>; 3] {
    let [one, two, three, four] = content.signatures;
    let node = |at: usize| NodeId::from_bytes(content.keys[at]).unwrap();
    let chain_hash = ChainHash::from(content.hash);
    let short_channel_id = ShortChannelId::from_u64(content.numbers[0]);
    let timestamp = UnixTime::from_secs(content.numbers[1] as u32);
    let announcement = ChannelAnnouncement {
        node_signature_1: one,
        node_signature_2: two,
        bitcoin_signature_1: three,
        bitcoin_signature_2: four,
        features: &content.blobs[0],
        chain_hash,
        short_channel_id,
        node_id_1: node(0),
        node_id_2: node(1),
        bitcoin_key_1: content.keys[2],
        bitcoin_key_2: content.keys[3],
        extension: &content.blobs[1],
    };
    let update = ChannelUpdate {
        signature: one,
        chain_hash,
        short_channel_id,
        timestamp,
        message_flags: content.small[0] | 1,
        channel_flags: content.small[1],
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(content.numbers[2] as u16),
        htlc_minimum_msat: Msat::from_msat(content.numbers[2]),
        fee_base_msat: content.numbers[3] as u32,
        fee_proportional_millionths: (content.numbers[3] >> 32) as u32,
        htlc_maximum_msat: Some(Msat::from_msat(content.numbers[1])),
        extension: &content.blobs[0],
    };
    let node = NodeAnnouncement {
        signature: two,
        features: &content.blobs[0],
        timestamp,
        node_id: node(2),
        rgb_color: [1, 2, content.small[3]],
        alias: Alias::from_bytes(content.hash),
        address_bytes: &content.blobs[2],
        extension: &content.blobs[1],
    };
    [
        Message::ChannelAnnouncement(announcement),
        Message::ChannelUpdate(update),
        Message::NodeAnnouncement(node),
    ]
}

fn setup(content: &Content) -> [Message<'_>; 8] {
    let channel_id = content.hash;
    let data = &content.blobs[2];
    let init = Init {
        globalfeatures: &content.blobs[0],
        features: &content.blobs[1],
        networks: (content.small[0] > 99).then_some(&content.hash),
        remote_addr: (content.small[1] > 99).then_some(&content.blobs[0]),
    };
    let signatures = AnnouncementSignatures {
        channel_id,
        short_channel_id: ShortChannelId::from_u64(content.numbers[0]),
        node_signature: content.signatures[0],
        bitcoin_signature: content.signatures[1],
    };
    let filter = GossipTimestampFilter {
        chain_hash: ChainHash::from(content.hash),
        first_timestamp: UnixTime::from_secs(content.numbers[0] as u32),
        timestamp_range: content.numbers[1] as u32,
    };
    [
        Message::Init(init),
        Message::Warning(Warning { channel_id, data }),
        Message::Error(ErrorMessage { channel_id, data }),
        Message::Ping(Ping { num_pong_bytes: content.numbers[0] as u16, ignored: data }),
        Message::Pong(Pong { ignored: data }),
        Message::AnnouncementSignatures(signatures),
        Message::GossipTimestampFilter(filter),
        Message::Unknown { message_type: 40_001, payload: data },
    ]
}

fn round_trip(message: &Message<'_>) {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    assert_eq!(Message::decode(&bytes), Ok(*message));
}

proptest! {
    #[test]
    fn what_is_written_is_read(content in content()) {
        for message in gossip(&content).iter().chain(&setup(&content)) {
            round_trip(message);
        }
    }

    #[test]
    fn queries_are_read_as_they_were_written(content in content()) {
        let chain_hash = ChainHash::from(content.hash);
        let packed = ShortIds::pack(content.ids.iter().map(|&id| ShortChannelId::from_u64(id)));
        let short_channel_ids = ShortIds::from_packed(&packed).unwrap();
        let flags: Vec<u8> = content.ids.iter().map(|id| (id % 32) as u8).collect();
        let query_flags = (content.small[0] > 99).then(|| QueryFlags::from_packed(&flags).unwrap());
        round_trip(&Message::QueryShortChannelIds(QueryShortChannelIds { chain_hash, short_channel_ids, query_flags }));
        round_trip(&Message::ReplyShortChannelIdsEnd(ReplyShortChannelIdsEnd { chain_hash, full_information: content.small[1] > 99 }));
        let (first_blocknum, number_of_blocks) = (content.numbers[0] as u32, content.numbers[1] as u32);
        let query_option_flags = (content.small[2] > 99).then_some(content.numbers[2]);
        round_trip(&Message::QueryChannelRange(QueryChannelRange { chain_hash, first_blocknum, number_of_blocks, query_option_flags }));
        let pairs: Vec<u8> = content.ids.iter().flat_map(|id| ReplyChannelRange::pack_pair([*id as u32, (id >> 32) as u32])).collect();
        let reply = ReplyChannelRange {
            chain_hash,
            first_blocknum,
            number_of_blocks,
            sync_complete: content.small[3] > 99,
            short_channel_ids,
            timestamps: (content.small[0] > 99).then_some(&pairs),
            checksums: (content.small[1] > 99).then_some(&pairs),
        };
        round_trip(&Message::ReplyChannelRange(reply));
        for (entry, id) in reply.entries().zip(&content.ids) {
            prop_assert_eq!(entry.checksums, reply.checksums.map(|_| [*id as u32, (id >> 32) as u32]));
        }
    }

    #[test]
    fn gossip_is_written_byte_for_byte(content in content(), cut in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>()) {
        for message in gossip(&content) {
            let mut bytes = Vec::new();
            message.encode(&mut bytes);
            bytes.truncate(2 + cut.index(bytes.len() - 1));
            let at = flip.index(bytes.len());
            bytes[at] ^= 1 << (at % 8);
            if let Ok(message) = Message::decode(&bytes) {
                let mut again = Vec::new();
                message.encode(&mut again);
                if matches!(bytes[..2], [1, 0..=2]) {
                    prop_assert_eq!(&again, &bytes);
                }
            }
        }
    }
}

#[test]
fn sizes_are_those_of_a_transport() {
    for bytes in [&[][..], &[1], &[0; 65_536]] {
        assert!(Message::decode(bytes).is_err());
    }
    assert!(Message::decode(&[0x9c; 65_535]).is_ok());
    let ping = Ping { num_pong_bytes: 65_532, ignored: &[] };
    assert_eq!((ping.pong_bytes(), ping.to_bytes()), (None, vec![0, 18, 0xff, 0xfc, 0, 0]));
}
