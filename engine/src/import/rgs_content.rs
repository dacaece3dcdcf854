//! What a rapid gossip sync snapshot says, whole and well formed.

use primitives::{CltvExpiryDelta, Direction, Features, Msat, NodeId, ShortChannelId, UnixTime};

/// A snapshot, whole and well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RgsSnapshot {
    pub(super) version: u8,
    pub(super) chain_hash: [u8; 32],
    pub(super) latest_seen: UnixTime,
    pub(super) nodes: Vec<SnapshotNode>,
    pub(super) channels: Vec<SnapshotChannel>,
    pub(super) updates: Vec<SnapshotUpdate>,
}

/// A node that the snapshot names, and its features where it tells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SnapshotNode {
    pub(super) node_id: NodeId,
    pub(super) features: Option<Features>,
}

/// A channel, its nodes as places in the snapshot's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SnapshotChannel {
    pub(super) short_channel_id: ShortChannelId,
    pub(super) nodes: [u32; 2],
    pub(super) capacity: Option<Msat>,
    pub(super) features: Features,
}

/// One direction's new policy, or its differences from the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SnapshotUpdate {
    pub(super) short_channel_id: ShortChannelId,
    pub(super) direction: Direction,
    pub(super) disabled: bool,
    pub(super) is_incremental: bool,
    /// Values that the update tells; what it leaves out is the snapshot's default, or the policy's before.
    pub(super) cltv_expiry_delta: Option<CltvExpiryDelta>,
    pub(super) htlc_minimum_msat: Option<Msat>,
    pub(super) fee_base_msat: Option<u32>,
    pub(super) fee_proportional_millionths: Option<u32>,
    pub(super) htlc_maximum_msat: Option<Msat>,
}
