//! LDK's rapid gossip sync snapshots, versions 1 and 2: what they say, and how it enters a graph.
//!
//! A snapshot is read as a whole before any of it is applied, so that one which is cut short changes nothing; it is
//! the one format that can also bring a graph up to date ([`RgsSnapshot::apply`] on a builder that is not empty).
//!
//! The rules are LDK's: updates carry no timestamps of their own, all count as a week older than the snapshot, so
//! that gossip from peers wins over them; an update no newer than what is known is left out, so the first of two for
//! one direction holds; a channel that is known stays as it is; an update that only lists differences needs the
//! policy that it differs from. Version 1 knows no capacities and no features of nodes; inbound fees are in neither.

use std::io::Read;

use primitives::{ChannelPolicy, CltvExpiryDelta, Fee, GraphDelta, InboundFee, Msat, UnixTime};

use super::rgs_content::{RgsSnapshot, SnapshotUpdate};
use super::rgs_decode::{RgsError, decode};
use crate::graph::{BuildError, CHANNEL_COUNT_MAX, GraphBuilder, NODE_COUNT_MAX};

/// What a snapshot brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RgsNotes {
    /// 1 or 2.
    pub version: u8,
    /// Hash of the chain's first block, in the order of its bytes.
    pub chain_hash: [u8; 32],
    /// When the server made it; ask it for what is new since then.
    pub latest_seen: UnixTime,
    /// Channels that were known already and stayed as they were.
    pub duplicate_count: u64,
    /// Updates that were no newer than the policy that is known.
    pub stale_count: u64,
    /// Updates of unknown channels, or of an unknown policy where only differences were told.
    pub orphan_count: u64,
}

impl RgsSnapshot {
    /// Reads a snapshot to its end. O(bytes); memory grows with what was read, not with the counts it claims.
    ///
    /// # Errors
    /// Where it is no snapshot, is cut short, exceeds the limits, or bytes follow it.
    pub fn decode(input: impl Read) -> Result<Self, RgsError> {
        decode(input)
    }

    /// Applies the snapshot to a graph, empty or older. O(nodes + channels + updates).
    ///
    /// # Errors
    /// Where the graph could become too large; it is unchanged then.
    pub fn apply(&self, graph: &mut GraphBuilder) -> Result<RgsNotes, RgsError> {
        self.check_room(graph)?;
        let mut notes = RgsNotes {
            version: self.version,
            chain_hash: self.chain_hash,
            latest_seen: self.latest_seen,
            duplicate_count: 0,
            stale_count: 0,
            orphan_count: 0,
        };
        for channel in &self.channels {
            if graph.channel(channel.short_channel_id).is_some() {
                notes.duplicate_count += 1;
                continue;
            }
            let [node_id_1, node_id_2] = channel.nodes.map(|place| self.nodes[place as usize].node_id);
            graph.add_channel(
                channel.short_channel_id,
                node_id_1,
                node_id_2,
                channel.capacity,
                &channel.features,
            )?;
        }
        for node in &self.nodes {
            // As in LDK: a node without channels is none.
            if let (Some(features), Some(_)) = (&node.features, graph.node_place(node.node_id)) {
                graph.apply(&GraphDelta::NodeSeen { node_id: node.node_id, features: features.clone() })?;
            }
        }
        for update in &self.updates {
            let Some(channel) = graph.channel(update.short_channel_id) else {
                notes.orphan_count += 1;
                continue;
            };
            let known = channel.policies[update.direction.as_usize()];
            if known.is_some_and(|known| known.last_update >= self.backdated()) {
                notes.stale_count += 1;
                continue;
            }
            match update.policy(known.as_ref(), self.backdated()) {
                Some(policy) => graph.set_policy(update.short_channel_id, update.direction, policy)?,
                None => notes.orphan_count += 1,
            }
        }
        Ok(notes)
    }

    /// The hash of the chain's first block.
    pub fn chain_hash(&self) -> &[u8; 32] {
        &self.chain_hash
    }

    /// When the server made it.
    pub fn latest_seen(&self) -> UnixTime {
        self.latest_seen
    }

    /// The time that all of its updates get: LDK dates them back by a week.
    fn backdated(&self) -> UnixTime {
        UnixTime::from_secs(self.latest_seen.to_secs().saturating_sub(BACKDATED_BY_SECS))
    }

    /// Checks what [`GraphBuilder`] would otherwise refuse half-way.
    fn check_room(&self, graph: &GraphBuilder) -> Result<(), RgsError> {
        for (known, new, max) in [
            (graph.nodes().len(), self.nodes.len(), NODE_COUNT_MAX),
            (graph.channels().len(), self.channels.len(), CHANNEL_COUNT_MAX),
        ] {
            if known.saturating_add(new) > max {
                return Err(BuildError::TooLarge { max }.into());
            }
        }
        Ok(())
    }
}

impl SnapshotUpdate {
    /// The whole policy; `None` where the policy before is needed and not known.
    fn policy(&self, known: Option<&ChannelPolicy>, last_update: UnixTime) -> Option<ChannelPolicy> {
        let before = match (self.is_incremental, known) {
            (true, None) => return None,
            (true, Some(known)) => *known,
            (false, _) => ChannelPolicy {
                fee: Fee::default(),
                inbound_fee: InboundFee::ZERO,
                cltv_expiry_delta: CltvExpiryDelta::default(),
                htlc_minimum_msat: Msat::ZERO,
                htlc_maximum_msat: Msat::ZERO,
                disabled: false,
                last_update,
            },
        };
        Some(ChannelPolicy {
            fee: Fee {
                fee_base_msat: self.fee_base_msat.unwrap_or(before.fee.fee_base_msat),
                fee_proportional_millionths: self
                    .fee_proportional_millionths
                    .unwrap_or(before.fee.fee_proportional_millionths),
            },
            inbound_fee: before.inbound_fee,
            cltv_expiry_delta: self.cltv_expiry_delta.unwrap_or(before.cltv_expiry_delta),
            htlc_minimum_msat: self.htlc_minimum_msat.unwrap_or(before.htlc_minimum_msat),
            htlc_maximum_msat: self.htlc_maximum_msat.unwrap_or(before.htlc_maximum_msat),
            disabled: self.disabled,
            last_update,
        })
    }
}

/// A week.
const BACKDATED_BY_SECS: u32 = 7 * 24 * 3600;

#[cfg(test)]
mod tests;
