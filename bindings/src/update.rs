//! What changes a graph.

use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, InboundFee, Msat, ShortChannelId,
    UnixTime,
};

use crate::border::{Out, border, reference};
use crate::failure::Failure;
use crate::graph::{Graph, fg_graph};
use crate::handle::hold;
use crate::node_id::fg_node_id;
use crate::status::{FG_NONE, fg_error, fg_status};

/// What a node asks of HTLCs over one direction of a channel: a channel_update of BOLT 7, and bLIP-18's inbound fee.
/// Its layout never changes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct fg_policy {
    pub htlc_minimum_msat: u64,
    pub htlc_maximum_msat: u64,
    pub fee_base_msat: u32,
    pub fee_proportional_millionths: u32,
    pub inbound_base_msat: i32,
    pub inbound_proportional_millionths: i32,
    /// `timestamp`: seconds since 1970.
    pub last_update: u32,
    pub cltv_expiry_delta: u16,
    /// 1 where the direction is disabled.
    pub disabled: u16,
}

/// A channel. Its layout never changes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct fg_channel {
    pub short_channel_id: u64,
    /// FG_NONE where it is not known.
    pub capacity_msat: u64,
    /// The lesser node id.
    pub node_id_1: fg_node_id,
    pub node_id_2: fg_node_id,
    /// 1 where the channel is closed; told, never read.
    pub closed: u16,
}

/// Opens a channel, which carries nothing before it has a policy. Queries see it with the next fg_graph_publish.
/// Any thread; waits for other changes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_open_channel(
    graph: *const fg_graph,
    channel: *const fg_channel,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        // SAFETY: the rules of the header.
        let channel = unsafe { reference("channel", channel) }?;
        let delta = GraphDelta::ChannelOpened {
            short_channel_id: ShortChannelId::from_u64(channel.short_channel_id),
            node_id_1: channel.node_id_1.read("node_id_1", 0)?,
            node_id_2: channel.node_id_2.read("node_id_2", 0)?,
            capacity: msat(channel.capacity_msat),
            features: Features::default(),
        };
        Ok(graph.writer()?.apply(&delta)?)
    })
}

/// Closes a channel. Queries see it at once where the channel is as old as the graph's generation, else with the next
/// fg_graph_publish. Any thread; waits for other changes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_close_channel(
    graph: *const fg_graph,
    short_channel_id: u64,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        let short_channel_id = ShortChannelId::from_u64(short_channel_id);
        Ok(graph.writer()?.apply(&GraphDelta::ChannelClosed { short_channel_id })?)
    })
}

/// Replaces the policy of a direction (0: from node_id_1, 1: from node_id_2), whatever its age. Queries see it at once
/// where the channel is as old as the graph's generation, else with the next fg_graph_publish. Any thread; waits for
/// other changes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_set_policy(
    graph: *const fg_graph,
    short_channel_id: u64,
    direction: u32,
    policy: *const fg_policy,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        // SAFETY: the rules of the header.
        let policy = unsafe { reference("policy", policy) }?;
        let delta = GraphDelta::PolicyUpdated {
            short_channel_id: ShortChannelId::from_u64(short_channel_id),
            direction: direction_of(direction)?,
            policy: (*policy).into(),
        };
        Ok(graph.writer()?.apply(&delta)?)
    })
}

/// Shows all changes to the queries that begin from now on, and does what the graph needs done from time to time: call
/// it after each batch of changes, or some times a second. `version`, which may be null, is told the newest version.
/// Any thread; waits for other changes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_publish(
    graph: *const fg_graph,
    version: *mut u64,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        let newest = graph.writer()?.publish();
        if !version.is_null() {
            // SAFETY: the rules of the header.
            unsafe { Out::new("version", version, newest) }?;
        }
        Ok(())
    })
}

pub(crate) fn msat(value: u64) -> Option<Msat> {
    (value != FG_NONE).then_some(Msat::from_msat(value))
}

pub(crate) fn direction_of(direction: u32) -> Result<Direction, Failure> {
    match direction {
        0 => Ok(Direction::NodeOneToTwo),
        1 => Ok(Direction::NodeTwoToOne),
        _ => Err(Failure::Range { what: "direction", value: u64::from(direction), expected: "0 or 1" }),
    }
}

impl From<fg_policy> for ChannelPolicy {
    #[inline]
    fn from(policy: fg_policy) -> Self {
        ChannelPolicy {
            fee: Fee {
                fee_base_msat: policy.fee_base_msat,
                fee_proportional_millionths: policy.fee_proportional_millionths,
            },
            inbound_fee: InboundFee {
                base_msat: policy.inbound_base_msat,
                proportional_millionths: policy.inbound_proportional_millionths,
            },
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(policy.cltv_expiry_delta),
            htlc_minimum_msat: Msat::from_msat(policy.htlc_minimum_msat),
            htlc_maximum_msat: Msat::from_msat(policy.htlc_maximum_msat),
            disabled: policy.disabled != 0,
            last_update: UnixTime::from_secs(policy.last_update),
        }
    }
}

impl From<ChannelPolicy> for fg_policy {
    fn from(policy: ChannelPolicy) -> Self {
        fg_policy {
            htlc_minimum_msat: policy.htlc_minimum_msat.to_msat(),
            htlc_maximum_msat: policy.htlc_maximum_msat.to_msat(),
            fee_base_msat: policy.fee.fee_base_msat,
            fee_proportional_millionths: policy.fee.fee_proportional_millionths,
            inbound_base_msat: policy.inbound_fee.base_msat,
            inbound_proportional_millionths: policy.inbound_fee.proportional_millionths,
            last_update: policy.last_update.to_secs(),
            cltv_expiry_delta: policy.cltv_expiry_delta.to_blocks(),
            disabled: policy.disabled.into(),
        }
    }
}
