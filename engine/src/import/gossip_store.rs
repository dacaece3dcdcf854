//! A graph from the records of Core Lightning's `gossip_store`.
//!
//! What is decided as Core Lightning does:
//! - A channel that is announced again is replaced. An update or a node of no known channel is left behind by a deletion,
//!   and skipped. The last update of a direction holds: the file is in the order of acceptance.
//! - Signatures are not checked: the node that kept the messages did. Who wants them checked reads the records by
//!   [`read_store_records`].
//! - An update of the old form, without `htlc_maximum_msat`, is skipped (Core Lightning dropped them at version 11).
//! - A dying channel, whose funding output was spent, stays in the graph: the spend may be a splice, and the node
//!   removes the channel itself when the twelve blocks of grace are over. The notes count them.

use std::io::Read;

use primitives::wire::{ChannelAnnouncement, ChannelUpdate, NodeAnnouncement, WireError, WireMessage};
use primitives::{Features, GraphDelta, Msat, ShortChannelId};

use super::gossip_store_records::{GossipStoreError, GossipStoreNotes, StoreRecord, read_store_records};
use crate::graph::{BuildError, GraphBuilder};

/// Reads a whole store. O(bytes); holds one record of at most 64 KiB.
///
/// # Errors
/// Another major version, a minor one below 9, or a fault before the last record.
pub fn read_gossip_store(input: impl Read) -> Result<(GraphBuilder, GossipStoreNotes), GossipStoreError> {
    let mut store = Store { graph: GraphBuilder::new(), orphan_count: 0, old_update_count: 0 };
    let notes = read_store_records(input, |offset, record| store.take(offset, record))?;
    let Store { graph, orphan_count, old_update_count } = store;
    Ok((graph, GossipStoreNotes { orphan_count, old_update_count, ..notes }))
}

/// The store as far as it was read.
struct Store {
    graph: GraphBuilder,
    orphan_count: u64,
    old_update_count: u64,
}

impl Store {
    fn take(&mut self, offset: u64, record: StoreRecord<'_>) -> Result<(), GossipStoreError> {
        match record {
            StoreRecord::Channel { message, capacity } => {
                self.open(offset, decode(offset, message)?, capacity)
            }
            StoreRecord::Update { message } => self.update(offset, &decode(offset, message)?),
            StoreRecord::Node { message } => self.see_node(offset, decode(offset, message)?),
            StoreRecord::Deleted { short_channel_id } => self.delete(offset, short_channel_id),
        }
    }

    fn open(
        &mut self,
        offset: u64,
        announcement: ChannelAnnouncement<'_>,
        capacity: Msat,
    ) -> Result<(), GossipStoreError> {
        self.delete(offset, announcement.short_channel_id)?;
        let opened = GraphDelta::ChannelOpened {
            short_channel_id: announcement.short_channel_id,
            node_id_1: announcement.node_id_1,
            node_id_2: announcement.node_id_2,
            capacity: Some(capacity),
            features: Features::from_be_bytes(announcement.features),
        };
        self.graph.apply(&opened).map_err(build_error(offset))
    }

    fn update(&mut self, offset: u64, update: &ChannelUpdate<'_>) -> Result<(), GossipStoreError> {
        let Some(policy) = update.policy() else {
            self.old_update_count += 1;
            return Ok(());
        };
        if self.graph.channel(update.short_channel_id).is_none() {
            self.orphan_count += 1;
            return Ok(());
        }
        self.graph
            .set_policy(update.short_channel_id, update.direction(), policy)
            .map_err(build_error(offset))
    }

    fn see_node(&mut self, offset: u64, node: NodeAnnouncement<'_>) -> Result<(), GossipStoreError> {
        if self.graph.node_place(node.node_id).is_none() {
            self.orphan_count += 1;
            return Ok(());
        }
        let seen =
            GraphDelta::NodeSeen { node_id: node.node_id, features: Features::from_be_bytes(node.features) };
        self.graph.apply(&seen).map_err(build_error(offset))
    }

    /// The records of a channel that has left are mostly marked deleted already.
    fn delete(&mut self, offset: u64, short_channel_id: ShortChannelId) -> Result<(), GossipStoreError> {
        if self.graph.channel(short_channel_id).is_none() {
            return Ok(());
        }
        self.graph.remove_channel(short_channel_id).map_err(build_error(offset))
    }
}

fn decode<'a, M: WireMessage<'a>>(offset: u64, message: &'a [u8]) -> Result<M, GossipStoreError> {
    let payload = message.get(2..).unwrap_or_default();
    M::decode(payload).map_err(|error: WireError| GossipStoreError::Message { offset, kind: M::TYPE, error })
}

fn build_error(offset: u64) -> impl Fn(BuildError) -> GossipStoreError {
    move |error| GossipStoreError::Build { offset, error }
}

#[cfg(test)]
mod tests;
