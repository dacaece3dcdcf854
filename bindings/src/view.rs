//! Looking through a graph.

use std::sync::Arc;

use engine::graph::{ArcIdx, ChannelIdx, NodeIdx};
use engine::snapshot::Snapshot;
use primitives::{Direction, ShortChannelId};

use crate::border::{Out, border, reference};
use crate::failure::Failure;
use crate::graph::{Graph, fg_graph};
use crate::handle::{free, hand_out, hold, kind};
use crate::node_id::fg_node_id;
use crate::status::{FG_NONE, fg_error, fg_status};
use crate::update::{direction_of, fg_channel, fg_policy};

/// The published graph of one moment, whose nodes and channels have fixed numbers, counted from 0. Policies are those
/// in force when they are asked for, as long as no later generation replaces this one.
pub struct fg_view {
    _private: (),
}

struct View(Arc<Snapshot>);

kind!(View, fg_view, 3, "the fg_view");

/// Takes a view of what is published. It keeps the memory of its generation: free it soon, with fg_view_free. Any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_graph_view(
    graph: *const fg_graph,
    view: *mut *mut fg_view,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("view", view, std::ptr::null_mut()) }?;
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        out.put(hand_out(View(graph.router.graph().snapshot())));
        Ok(())
    })
}

/// How many nodes there are; 0 for a bad handle. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_view_node_count(view: *const fg_view) -> usize {
    // SAFETY: the rules of the header.
    unsafe { hold::<View>(view) }.map_or(0, |view| view.0.node_count())
}

/// How many channels there are, closed ones included; 0 for a bad handle. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_view_channel_count(view: *const fg_view) -> usize {
    // SAFETY: the rules of the header.
    unsafe { hold::<View>(view) }.map_or(0, |view| view.0.channel_count())
}

/// Tells the id of a node. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_view_node(
    view: *const fg_view,
    index: usize,
    node_id: *mut fg_node_id,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let view = unsafe { hold::<View>(view) }?;
        let node = checked("nodes", index, view.0.node_count())?;
        let value = view.0.node_id(NodeIdx::from_u32(node)).into();
        // SAFETY: the rules of the header.
        unsafe { Out::new("node_id", node_id, value) }.map(drop)
    })
}

/// Tells of a channel. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_view_channel(
    view: *const fg_view,
    index: usize,
    channel: *mut fg_channel,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let view = unsafe { hold::<View>(view) }?;
        let place = ChannelIdx::from_u32(checked("channels", index, view.0.channel_count())?);
        let arc = place.arc(Direction::NodeOneToTwo);
        let value = fg_channel {
            short_channel_id: view.0.short_channel_id(place).to_u64(),
            capacity_msat: view.0.capacity(place).map_or(FG_NONE, |capacity| capacity.to_msat()),
            node_id_1: view.0.node_id(view.0.tail(arc)).into(),
            node_id_2: view.0.node_id(view.0.head(arc)).into(),
            closed: view.0.is_closed(place).into(),
        };
        // SAFETY: the rules of the header.
        unsafe { Out::new("channel", channel, value) }.map(drop)
    })
}

/// Tells the policy of a channel's direction (0 or 1); FG_UNKNOWN_CHANNEL where it has none. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_view_policy(
    view: *const fg_view,
    index: usize,
    direction: u32,
    policy: *mut fg_policy,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("policy", policy, fg_policy::default()) }?;
        // SAFETY: the rules of the header.
        let view = unsafe { hold::<View>(view) }?;
        let place = ChannelIdx::from_u32(checked("channels", index, view.0.channel_count())?);
        let arc: ArcIdx = place.arc(direction_of(direction)?);
        let contended = |_| Failure::Route(engine::router::RouteError::Contended);
        let read = view.0.read_consistent(|| view.0.policy(arc)).map_err(contended)?;
        let short_channel_id = view.0.short_channel_id(place);
        let unknown = || Failure::Route(engine::router::RouteError::UnknownChannel { short_channel_id });
        out.put(read.ok_or_else(unknown)?.into());
        Ok(())
    })
}

/// Finds a node's number; FG_UNKNOWN_NODE where it is not there. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_view_find_node(
    view: *const fg_view,
    node_id: *const fg_node_id,
    index: *mut usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("index", index, usize::MAX) }?;
        // SAFETY: the rules of the header.
        let view = unsafe { hold::<View>(view) }?;
        // SAFETY: the rules of the header.
        let node_id = unsafe { reference("node_id", node_id) }?.read("node_id", 0)?;
        let unknown = Failure::Route(engine::router::RouteError::UnknownNode { node_id });
        out.put(view.0.node(&node_id).ok_or(unknown)?.to_usize());
        Ok(())
    })
}

/// Finds an open channel's number; FG_UNKNOWN_CHANNEL where it is not there. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_view_find_channel(
    view: *const fg_view,
    short_channel_id: u64,
    index: *mut usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("index", index, usize::MAX) }?;
        // SAFETY: the rules of the header.
        let view = unsafe { hold::<View>(view) }?;
        let short_channel_id = ShortChannelId::from_u64(short_channel_id);
        let unknown = Failure::Route(engine::router::RouteError::UnknownChannel { short_channel_id });
        out.put(view.0.channel(short_channel_id).ok_or(unknown)?.to_usize());
        Ok(())
    })
}

/// Frees a view; null is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_view_free(view: *mut fg_view) -> fg_status {
    // SAFETY: the rules of the header.
    border!(std::ptr::null_mut(), || unsafe { free::<View>(view) })
}

/// A number below a count.
fn checked(what: &'static str, index: usize, count: usize) -> Result<u32, Failure> {
    match u32::try_from(index) {
        Ok(place) if index < count => Ok(place),
        _ => Err(Failure::Index { what, index, count }),
    }
}
