//! Entries of layers, one by one.

use std::ffi::c_char;

use engine::layer::{BiasStep, Inform, PolicyChange};
use primitives::{Msat, ShortChannelId, ShortChannelIdDir, UnixTime};

use crate::border::{border, reference};
use crate::failure::Failure;
use crate::layers::{fg_layers, named};
use crate::node_id::fg_node_id;
use crate::status::{fg_error, fg_status};
use crate::update::{direction_of, fg_channel, fg_policy, msat};

/// How an attempt to send over a channel ended, for a layer.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum fg_inform {
    /// It lacked the liquidity.
    FG_INFORM_CONSTRAINED = 0,
    /// It passed the HTLC on, which failed later.
    FG_INFORM_UNCONSTRAINED = 1,
    /// The payment settled.
    FG_INFORM_SUCCEEDED = 2,
}

/// Adds a channel that only the layer knows; `capacity_msat` must be known. It carries payments in the directions that
/// fg_layers_update_channel gives a policy. This and the edits below make a layer that is not there, cost a copy of the
/// layer, and show in the queries that begin from now on. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_layers_create_channel(
    layers: *const fg_layers,
    layer: *const c_char,
    channel: *const fg_channel,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let (table, layer) = unsafe { named(layers, layer) }?;
        // SAFETY: the rules of the header.
        let channel = unsafe { reference("channel", channel) }?;
        let ends = [channel.node_id_1.read("node_id_1", 0)?, channel.node_id_2.read("node_id_2", 0)?];
        let (what, value, expected) = ("capacity_msat", channel.capacity_msat, "a capacity");
        let capacity = msat(value).ok_or(Failure::Range { what, value, expected })?;
        let short_channel_id = ShortChannelId::from_u64(channel.short_channel_id);
        table.edit(layer, |layer| layer.create_channel(ends, short_channel_id, capacity))
    })
}

/// Replaces the policy of a direction; bLIP-18's fees and `last_update` stay the graph's. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_layers_update_channel(
    layers: *const fg_layers,
    layer: *const c_char,
    short_channel_id: u64,
    direction: u32,
    policy: *const fg_policy,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let (table, layer) = unsafe { named(layers, layer) }?;
        let channel = channel_of(short_channel_id, direction)?;
        // SAFETY: the rules of the header.
        let policy = unsafe { reference("policy", policy) }?;
        let change = PolicyChange {
            enabled: Some(policy.disabled == 0),
            htlc_minimum_msat: Some(Msat::from_msat(policy.htlc_minimum_msat)),
            htlc_maximum_msat: Some(Msat::from_msat(policy.htlc_maximum_msat)),
            fee_base_msat: Some(policy.fee_base_msat),
            fee_proportional_millionths: Some(policy.fee_proportional_millionths),
            cltv_expiry_delta: Some(policy.cltv_expiry_delta),
        };
        table.edit(layer, |layer| layer.update_channel(channel, change))
    })
}

/// Makes a direction dearer (down to -100) or cheaper (up to 100); 0 forgets it. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_layers_bias_channel(
    layers: *const fg_layers,
    layer: *const c_char,
    short_channel_id: u64,
    direction: u32,
    bias: i32,
    now: u32,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let (table, layer) = unsafe { named(layers, layer) }?;
        let channel = channel_of(short_channel_id, direction)?;
        // What has no place in eight bits is beyond 100, too.
        let bias = i8::try_from(bias).unwrap_or(i8::MAX);
        table.edit(layer, |layer| {
            layer.bias_channel(channel, BiasStep::To(bias), None, UnixTime::from_secs(now))
        })
    })
}

/// Notes how an attempt to send an amount over a direction ended, an fg_inform. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_layers_inform_channel(
    layers: *const fg_layers,
    layer: *const c_char,
    short_channel_id: u64,
    direction: u32,
    amount_msat: u64,
    inform: u32,
    now: u32,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let (table, layer) = unsafe { named(layers, layer) }?;
        let channel = channel_of(short_channel_id, direction)?;
        let inform = match inform {
            0 => Inform::Constrained,
            1 => Inform::Unconstrained,
            2 => Inform::Succeeded,
            value => {
                let expected = "an fg_inform";
                return Err(Failure::Range { what: "inform", value: u64::from(value), expected });
            }
        };
        let (amount, now) = (Msat::from_msat(amount_msat), UnixTime::from_secs(now));
        table.edit(layer, |layer| layer.inform_channel(channel, amount, inform, now))
    })
}

/// Disables a direction. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_layers_disable_channel(
    layers: *const fg_layers,
    layer: *const c_char,
    short_channel_id: u64,
    direction: u32,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let (table, layer) = unsafe { named(layers, layer) }?;
        let channel = channel_of(short_channel_id, direction)?;
        table.edit(layer, |layer| layer.disable_channel(channel))
    })
}

/// Disables all channels of a node. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_layers_disable_node(
    layers: *const fg_layers,
    layer: *const c_char,
    node_id: *const fg_node_id,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let (table, layer) = unsafe { named(layers, layer) }?;
        // SAFETY: the rules of the header.
        let node_id = unsafe { reference("node_id", node_id) }?.read("node_id", 0)?;
        table.edit(layer, |layer| layer.disable_node(node_id))
    })
}

pub(crate) fn channel_of(short_channel_id: u64, direction: u32) -> Result<ShortChannelIdDir, Failure> {
    let short_channel_id = ShortChannelId::from_u64(short_channel_id);
    Ok(ShortChannelIdDir { short_channel_id, direction: direction_of(direction)? })
}
