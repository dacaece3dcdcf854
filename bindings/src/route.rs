//! Routes, read.

use std::sync::OnceLock;

use engine::answer::{Served, encode_routes};
use engine::route::{Hop, Proof, Route};

use crate::border::{Out, border, out_list, put_structure};
use crate::failure::Failure;
use crate::handle::{free, hold, kind};
use crate::node_id::fg_node_id;
use crate::status::{fg_error, fg_status};

/// A route. It stands for itself: the graph may change, or be freed.
pub struct fg_route {
    _private: (),
}

/// What a route is, beside its hops.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct fg_route_info {
    /// What the payee gets.
    pub amount_msat: u64,
    /// What the payer pays beyond that.
    pub fee_msat: u64,
    /// What was minimised.
    pub cost_msat: u64,
    /// No route within the limits costs less by more than this; 0 where it is the best.
    pub gap_msat: u64,
    /// How likely every hop has the liquidity, where any balance is equally likely.
    pub probability: f64,
    /// The graph's version.
    pub version: u64,
    /// Nodes or labels that were expanded.
    pub settled: u64,
    pub hop_count: usize,
    /// Blocks from now to the expiry of the payer's HTLC, the final delta included.
    pub cltv: u32,
    pub payer: fg_node_id,
}

/// An HTLC on a route. Its layout never changes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct fg_hop {
    pub short_channel_id: u64,
    /// What the HTLC carries.
    pub amount_msat: u64,
    /// What the node that it leads to keeps for forwarding.
    pub fee_msat: u64,
    /// Blocks from now to the HTLC's expiry.
    pub cltv: u32,
    /// 0 from node_id_1 to node_id_2, 1 back.
    pub direction: u32,
    /// The node that it leads to.
    pub node_id: fg_node_id,
}

/// What lies behind an fg_route.
pub(crate) struct RouteAnswer {
    pub(crate) route: Route,
    bytes: OnceLock<Vec<u8>>,
}

kind!(RouteAnswer, fg_route, 4, "the fg_route");

impl RouteAnswer {
    #[inline]
    pub(crate) fn new(route: Route) -> Self {
        RouteAnswer { route, bytes: OnceLock::new() }
    }
}

/// Tells what a route is. `size` is sizeof(fg_route_info). Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_route_get_info(
    route: *const fg_route,
    info: *mut fg_route_info,
    size: usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<RouteAnswer>(route) }?;
        let route = &answer.route;
        let value = fg_route_info {
            amount_msat: route.amount.to_msat(),
            fee_msat: route.fee.to_msat(),
            cost_msat: route.cost,
            gap_msat: match route.proof {
                Proof::Optimal => 0,
                Proof::Bounded { gap } => gap.to_msat(),
            },
            probability: route.probability,
            version: route.version,
            settled: route.counts.settled,
            hop_count: route.hops.len(),
            cltv: route.cltv,
            payer: route.payer.into(),
        };
        // SAFETY: the rules of the header.
        unsafe { put_structure("info", info, size, &value) }
    })
}

/// How many hops there are; 0 for a bad handle. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_route_hop_count(route: *const fg_route) -> usize {
    // SAFETY: the rules of the header.
    unsafe { hold::<RouteAnswer>(route) }.map_or(0, |answer| answer.route.hops.len())
}

/// Tells of one hop; the payer's is 0. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_route_hop(
    route: *const fg_route,
    index: usize,
    hop: *mut fg_hop,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<RouteAnswer>(route) }?;
        // SAFETY: the rules of the header.
        unsafe { put_hop(&answer.route.hops, index, hop) }
    })
}

/// Copies the hops, at most `capacity` of them; `count`, which may be null, is told how many were copied. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_route_hops(
    route: *const fg_route,
    hops: *mut fg_hop,
    capacity: usize,
    count: *mut usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<RouteAnswer>(route) }?;
        // SAFETY: the rules of the header.
        unsafe { put_hops(&answer.route.hops, (hops, capacity, count)) }
    })
}

/// Lends the route as FlatBuffers bytes of schemas/answer.fbs, which live as long as the route. Equal routes have equal
/// bytes. They are made at the first call. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_route_bytes(
    route: *const fg_route,
    bytes: *mut *const u8,
    size: *mut usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<RouteAnswer>(route) }?;
        let encoded = answer.bytes.get_or_init(|| encode_routes([&answer.route], Served::default()));
        // SAFETY: the rules of the header.
        unsafe { lend(encoded, bytes, size) }
    })
}

/// Frees a route; null is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_route_free(route: *mut fg_route) -> fg_status {
    // SAFETY: the rules of the header.
    border!(std::ptr::null_mut(), || unsafe { free::<RouteAnswer>(route) })
}

/// # Safety
/// By the rules of the header, `hop` is null or may be written to.
pub(crate) unsafe fn put_hop(hops: &[Hop], index: usize, hop: *mut fg_hop) -> Result<(), Failure> {
    let count = hops.len();
    let value = hops.get(index).ok_or(Failure::Index { what: "hops", index, count })?;
    // SAFETY: this function's own promise.
    unsafe { Out::new("hop", hop, fg_hop::from(value)) }.map(drop)
}

/// # Safety
/// By the rules of the header, for a list of hops, its capacity and its count.
pub(crate) unsafe fn put_hops(
    hops: &[Hop],
    (places, capacity, count): (*mut fg_hop, usize, *mut usize),
) -> Result<(), Failure> {
    let copied = capacity.min(hops.len());
    let nothing = || fg_hop {
        short_channel_id: 0,
        amount_msat: 0,
        fee_msat: 0,
        cltv: 0,
        direction: 0,
        node_id: fg_node_id { bytes: [0; 33] },
    };
    // SAFETY: this function's own promise, and no more than `capacity` are written.
    let places = unsafe { out_list("hops", places, copied, nothing) }?;
    for (place, hop) in places.iter_mut().zip(hops) {
        *place = hop.into();
    }
    if !count.is_null() {
        // SAFETY: this function's own promise.
        unsafe { Out::new("count", count, copied) }?;
    }
    Ok(())
}

/// # Safety
/// By the rules of the header, both are null or may be written to. The caller keeps `encoded` for as long as it says.
pub(crate) unsafe fn lend(encoded: &[u8], bytes: *mut *const u8, size: *mut usize) -> Result<(), Failure> {
    // SAFETY: this function's own promise.
    unsafe { Out::new("bytes", bytes, encoded.as_ptr()) }?;
    // SAFETY: the same.
    unsafe { Out::new("size", size, encoded.len()) }.map(drop)
}

impl From<&Hop> for fg_hop {
    #[inline]
    fn from(hop: &Hop) -> Self {
        fg_hop {
            short_channel_id: hop.short_channel_id.to_u64(),
            amount_msat: hop.amount.to_msat(),
            fee_msat: hop.fee.to_msat(),
            cltv: hop.cltv,
            direction: hop.direction.as_usize() as u32,
            node_id: hop.node_id.into(),
        }
    }
}
