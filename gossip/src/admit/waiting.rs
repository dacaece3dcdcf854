//! Updates and nodes that came before their channel.
//!
//! Nobody can tell yet whether they are signed rightly, so anybody can fill this room: it has a budget of bytes for
//! each peer and for all, and a time after which they leave.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::hashes::{Hash, sha256};
use primitives::{NodeId, ShortChannelId, UnixTime};

use super::peer_id::PeerId;
use crate::verify::Candidate;

/// What they wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Awaited {
    Channel(ShortChannelId),
    Node(NodeId),
}

#[derive(Debug)]
struct Guest {
    peer: PeerId,
    awaited: Awaited,
    candidate: Candidate,
    fingerprint: u64,
    arrived_at: UnixTime,
}

/// A room with a budget. Every operation is O(log guests) for each guest that it touches.
#[derive(Debug, Default)]
pub struct WaitingRoom {
    guests: BTreeMap<u64, Guest>,
    /// What is awaited, by whom. The messages' fingerprints find one that waits already.
    awaited: BTreeSet<(Awaited, u64)>,
    fingerprints: BTreeSet<u64>,
    peer_bytes: BTreeMap<PeerId, usize>,
    bytes: usize,
    next: u64,
}

impl WaitingRoom {
    /// Lets an update wait for its channel. `false` where the peer's budget is spent. One that waits already is not
    /// taken twice; where the room is full, those leave who have waited longest.
    pub fn wait_for_channel(
        &mut self,
        short_channel_id: ShortChannelId,
        peer: PeerId,
        candidate: Candidate,
        now: UnixTime,
    ) -> bool {
        self.wait(Awaited::Channel(short_channel_id), peer, candidate, now)
    }

    /// Lets a node's announcement wait for a channel of the node, likewise.
    pub fn wait_for_node(
        &mut self,
        node_id: NodeId,
        peer: PeerId,
        candidate: Candidate,
        now: UnixTime,
    ) -> bool {
        self.wait(Awaited::Node(node_id), peer, candidate, now)
    }

    /// Who waited for this channel, in order of arrival.
    pub fn channel_came(&mut self, short_channel_id: ShortChannelId) -> Vec<(PeerId, Candidate)> {
        self.take(Awaited::Channel(short_channel_id))
    }

    /// Who waited for a channel of this node, in order of arrival.
    pub fn node_came(&mut self, node_id: NodeId) -> Vec<(PeerId, Candidate)> {
        self.take(Awaited::Node(node_id))
    }

    /// Sends those away who have waited too long.
    pub fn expire(&mut self, now: UnixTime) {
        let oldest = now.to_secs().saturating_sub(WAITING_SECS_MAX);
        while self.guests.first_key_value().is_some_and(|(_, guest)| guest.arrived_at.to_secs() < oldest) {
            self.evict_first();
        }
    }

    /// Bytes that the guests take.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn wait(&mut self, awaited: Awaited, peer: PeerId, candidate: Candidate, now: UnixTime) -> bool {
        let fingerprint = fingerprint(candidate.message());
        if self.fingerprints.contains(&fingerprint) {
            return true;
        }
        let size = guest_size(&candidate);
        let used = self.peer_bytes.get(&peer).copied().unwrap_or(0);
        if used + size > WAITING_PEER_BYTES_MAX {
            return false;
        }
        while self.bytes + size > WAITING_BYTES_MAX {
            self.evict_first();
        }
        *self.peer_bytes.entry(peer).or_default() += size;
        self.bytes += size;
        self.awaited.insert((awaited, self.next));
        self.fingerprints.insert(fingerprint);
        self.guests.insert(self.next, Guest { peer, awaited, candidate, fingerprint, arrived_at: now });
        self.next += 1;
        true
    }

    fn take(&mut self, awaited: Awaited) -> Vec<(PeerId, Candidate)> {
        let numbers: Vec<u64> =
            self.awaited.range((awaited, 0)..=(awaited, u64::MAX)).map(|(_, number)| *number).collect();
        numbers.into_iter().filter_map(|number| self.remove(number)).collect()
    }

    fn evict_first(&mut self) {
        if let Some((&number, _)) = self.guests.first_key_value() {
            self.remove(number);
        }
    }

    fn remove(&mut self, number: u64) -> Option<(PeerId, Candidate)> {
        let guest = self.guests.remove(&number)?;
        self.awaited.remove(&(guest.awaited, number));
        self.fingerprints.remove(&guest.fingerprint);
        let size = guest_size(&guest.candidate);
        self.bytes -= size;
        if let Some(used) = self.peer_bytes.get_mut(&guest.peer) {
            *used -= size;
            if *used == 0 {
                self.peer_bytes.remove(&guest.peer);
            }
        }
        Some((guest.peer, guest.candidate))
    }
}

/// 64 bits of the whole message's hash, signature included: one with a wrong signature must not keep the right one out.
fn fingerprint(message: &[u8]) -> u64 {
    let hash = sha256::Hash::hash(message).to_byte_array();
    u64::from_be_bytes(*hash.first_chunk().expect("a hash has 32 bytes"))
}

/// The message, and what the maps keep beside it.
fn guest_size(candidate: &Candidate) -> usize {
    candidate.size() + 2 * size_of::<Guest>()
}

/// Bytes of all who wait: some 20,000 updates.
pub const WAITING_BYTES_MAX: usize = 16 << 20;
/// Bytes of all who wait and were sent by one peer.
pub const WAITING_PEER_BYTES_MAX: usize = WAITING_BYTES_MAX / 4;
/// How long they wait: a channel's announcement and funding output take seconds.
pub const WAITING_SECS_MAX: u32 = 20 * 60;

#[cfg(test)]
mod tests {
    use primitives::wire::{ChannelUpdate, WireMessage};
    use primitives::{ChainHash, CltvExpiryDelta, Msat};

    use super::*;

    fn update(scid: u64, timestamp: u32) -> Candidate {
        let update = ChannelUpdate {
            signature: [0; 64],
            chain_hash: ChainHash::BITCOIN,
            short_channel_id: ShortChannelId::from_u64(scid),
            timestamp: UnixTime::from_secs(timestamp),
            message_flags: 1,
            channel_flags: 0,
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(9),
            htlc_minimum_msat: Msat::ZERO,
            fee_base_msat: 0,
            fee_proportional_millionths: 0,
            htlc_maximum_msat: Some(Msat::MAX),
            extension: &[0; 2000],
        };
        let parsed = Candidate::parse(&update.to_bytes(), ChainHash::BITCOIN);
        parsed.expect("is gossip").expect("is sound")
    }

    #[test]
    fn who_waited_comes_out_once_and_in_order() {
        let (mut room, now) = (WaitingRoom::default(), UnixTime::from_secs(5000));
        let [one, two] = [1, 2].map(PeerId::from_u64);
        let scid = ShortChannelId::from_u64(7);
        for (peer, timestamp) in [(one, 3), (two, 1), (two, 3)] {
            assert!(room.wait_for_channel(scid, peer, update(7, timestamp), now));
        }
        assert!(room.wait_for_channel(ShortChannelId::from_u64(8), one, update(8, 1), now));
        assert_eq!(room.channel_came(scid), [(one, update(7, 3)), (two, update(7, 1))]);
        assert_eq!(room.channel_came(scid), []);
        room.expire(UnixTime::from_secs(5001 + WAITING_SECS_MAX));
        assert_eq!(
            (room.bytes(), room.guests.len(), room.awaited.len(), room.peer_bytes.len()),
            (0, 0, 0, 0)
        );
    }

    #[test]
    fn nobody_takes_more_than_his_share() {
        let (mut room, now) = (WaitingRoom::default(), UnixTime::from_secs(5000));
        let mut taken = [0; 6];
        for (n, taken) in taken.iter_mut().enumerate() {
            let peer = PeerId::from_u64(n as u64);
            while room.wait_for_channel(ShortChannelId::from_u64(7), peer, update(n as u64, *taken + 1), now)
            {
                *taken += 1;
                assert!(room.bytes() <= WAITING_BYTES_MAX);
                if *taken > 3000 {
                    break;
                }
            }
        }
        assert!(taken[..4].iter().all(|&taken| taken > 1000 && taken < 3000), "{taken:?}");
        // The later peers pushed the first one's guests out.
        assert!(!room.peer_bytes.contains_key(&PeerId::from_u64(0)));
    }
}
