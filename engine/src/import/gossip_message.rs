//! One gossip message (BOLT 7) as a change of the graph.
//!
//! Signatures are not verified, the chain is not asked, and whether an update is newer than the last one is not known
//! here: whoever hands a message over has seen to that.

use primitives::{GraphDelta, Msat};

use super::bolt7::{Bolt7Error, ChannelAnnouncement, ChannelUpdate, NodeAnnouncement};

/// Reads a message, its two bytes of type included. `capacity` is that of the funding output, which a
/// `channel_announcement` does not carry. `None` for a message of another type, and for a `channel_update` of the old
/// form without `htlc_maximum_msat`. O(bytes).
///
/// # Errors
/// [`Bolt7Error`].
pub fn decode_gossip_message(
    message: &[u8],
    capacity: Option<Msat>,
) -> Result<Option<GraphDelta>, Bolt7Error> {
    let (kind, fields) = message.split_first_chunk().ok_or(Bolt7Error::Short { field: "type" })?;
    Ok(match u16::from_be_bytes(*kind) {
        CHANNEL_ANNOUNCEMENT => {
            let announced = ChannelAnnouncement::decode(fields)?;
            Some(GraphDelta::ChannelOpened {
                short_channel_id: announced.short_channel_id,
                node_id_1: announced.node_id_1,
                node_id_2: announced.node_id_2,
                capacity,
                features: announced.features,
            })
        }
        NODE_ANNOUNCEMENT => {
            let NodeAnnouncement { features, node_id } = NodeAnnouncement::decode(fields)?;
            Some(GraphDelta::NodeSeen { node_id, features })
        }
        CHANNEL_UPDATE => {
            let ChannelUpdate { short_channel_id, direction, policy } = ChannelUpdate::decode(fields)?;
            policy.map(|policy| GraphDelta::PolicyUpdated { short_channel_id, direction, policy })
        }
        _ => None,
    })
}

/// Types of BOLT 7.
pub(super) const CHANNEL_ANNOUNCEMENT: u16 = 256;
pub(super) const NODE_ANNOUNCEMENT: u16 = 257;
pub(super) const CHANNEL_UPDATE: u16 = 258;

#[cfg(test)]
mod tests {
    use primitives::{Direction, ShortChannelId};

    use super::*;

    #[test]
    fn messages_become_deltas_and_every_cut_is_an_error() {
        let mut message = CHANNEL_ANNOUNCEMENT.to_be_bytes().to_vec();
        message.extend([0; 4 * 64]);
        message.extend([0, 0]);
        message.extend([0; 32]);
        message.extend(9u64.to_be_bytes());
        message.extend([[2; 33], [3; 33], [2; 33], [3; 33]].concat());
        let capacity = Msat::from_sat(5);
        let delta = decode_gossip_message(&message, capacity).unwrap().unwrap();
        let GraphDelta::ChannelOpened { short_channel_id, capacity: told, .. } = delta else {
            panic!("opens")
        };
        assert_eq!((short_channel_id, told), (ShortChannelId::from_u64(9), capacity));
        let whole = message.len() - 66;
        assert!((0..whole).all(|size| decode_gossip_message(&message[..size], None).is_err()));

        let mut message = CHANNEL_UPDATE.to_be_bytes().to_vec();
        message.extend([0; 64 + 32]);
        message.extend(7u64.to_be_bytes());
        message.extend([0, 0, 0, 1, 1, 1, 0, 40]);
        message.extend([0; 8 + 4 + 4 + 8]);
        let delta = decode_gossip_message(&message, None).unwrap().unwrap();
        let GraphDelta::PolicyUpdated { direction, .. } = delta else { panic!("reprices") };
        assert_eq!(direction, Direction::NodeTwoToOne);
        assert!((0..message.len()).all(|size| decode_gossip_message(&message[..size], None).is_err()));
        // Without the flag that htlc_maximum_msat is there, it is of the old form; unknown types are skipped.
        message[2 + 64 + 32 + 8 + 4] = 0;
        assert_eq!(decode_gossip_message(&message, None), Ok(None));
        assert_eq!(decode_gossip_message(&[1, 10], None), Ok(None));
    }
}
