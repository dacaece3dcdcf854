//! Onions for routes and plans.

use std::mem::offset_of;
use std::ptr;
use std::sync::OnceLock;

use bitcoin::secp256k1::{Secp256k1, SignOnly};
use engine::route::Hop;
use onion::failure::{FailurePacket, FailureSource};
use onion::payload::CustomRecords;
use onion::route::{OutgoingOnion, Part, Payment, RouteHop, build_parts};
use primitives::{BlockHeight, Msat};

use crate::border::{Out, border, list, put_structure, reference, structure};
use crate::failure::Failure;
use crate::handle::{free, hand_out, hold, kind};
use crate::plan::{PlanAnswer, fg_plan};
use crate::route::{RouteAnswer, fg_route};
use crate::status::{FG_NONE, fg_error, fg_status};

/// The onion packets of a payment, one for each part, and what it takes to read their failures.
pub struct fg_onions {
    _private: (),
}

/// What a payment's onions tell the payee. fg_payment_init fills in the defaults.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct fg_payment {
    /// sizeof(fg_payment), set by fg_payment_init.
    pub struct_size: usize,
    /// What all parts together deliver; FG_NONE takes what the route or plan delivers.
    pub total_msat: u64,
    pub payment_hash: [u8; 32],
    /// Secret, random, and never used twice: the session keys are made of it.
    pub session_seed: [u8; 32],
    /// The best block.
    pub block_height: u32,
    /// Blocks that every expiry is moved into the future, so that hops cannot count how far the payee is; 0.
    pub shadow_blocks: u32,
    /// 32 bytes from the invoice; null where there is none.
    pub payment_secret: *const u8,
    /// 32 bytes: the preimage of a spontaneous payment; null.
    pub keysend_preimage: *const u8,
    /// payment_metadata from the invoice; null where there is none.
    pub metadata: *const u8,
    pub metadata_size: usize,
    /// Custom records as a TLV stream, types 65,536 and above in rising order; null.
    pub custom_records: *const u8,
    pub custom_records_size: usize,
}

/// A packet for update_add_htlc.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct fg_packet {
    /// onion_routing_packet, which lives as long as the fg_onions.
    pub bytes: *const u8,
    /// 1,366.
    pub size: usize,
    /// What the payer's HTLC carries.
    pub amount_msat: u64,
    /// The channel that it goes through.
    pub short_channel_id: u64,
    /// The block at which it expires.
    pub cltv_expiry: u32,
    /// 0.
    pub reserved: u32,
}

struct Onions(Vec<(u64, OutgoingOnion)>);

kind!(Onions, fg_onions, 8, "the fg_onions");

/// Fills in the defaults, all but hash, seed and block height. `size` is sizeof(fg_payment). Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_payment_init(payment: *mut fg_payment, size: usize) -> fg_status {
    border!(ptr::null_mut(), || {
        if size < LEAST_SIZE {
            return Err(Failure::StructSize { what: "payment", size });
        }
        let all = fg_payment { struct_size: size, ..no_payment() };
        // SAFETY: the rules of the header.
        unsafe { put_structure("payment", payment, size, &all) }
    })
}

/// Builds the onion of a route. Free it with fg_onions_free. Any number of threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_route_onion(
    route: *const fg_route,
    payment: *const fg_payment,
    onions: *mut *mut fg_onions,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("onions", onions, ptr::null_mut()) }?;
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<RouteAnswer>(route) }?;
        let parts = [htlcs(&answer.route.hops)];
        // SAFETY: the rules of the header.
        out.put(unsafe { build(&parts, answer.route.amount, payment) }?);
        Ok(())
    })
}

/// Builds the onions of a plan, one for each part. Free them with fg_onions_free. Any number of threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_plan_onions(
    plan: *const fg_plan,
    payment: *const fg_payment,
    onions: *mut *mut fg_onions,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("onions", onions, ptr::null_mut()) }?;
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<PlanAnswer>(plan) }?;
        let parts: Vec<_> = answer.plan.parts.iter().map(|part| htlcs(&part.hops)).collect();
        // SAFETY: the rules of the header.
        out.put(unsafe { build(&parts, answer.plan.amount, payment) }?);
        Ok(())
    })
}

/// How many packets there are; 0 for a bad handle. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_onions_count(onions: *const fg_onions) -> usize {
    // SAFETY: the rules of the header.
    unsafe { hold::<Onions>(onions) }.map_or(0, |onions| onions.0.len())
}

/// Tells of one packet; the plan's first part has 0. `size` is sizeof(fg_packet). Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_onions_packet(
    onions: *const fg_onions,
    index: usize,
    packet: *mut fg_packet,
    size: usize,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let onions = unsafe { hold::<Onions>(onions) }?;
        let (short_channel_id, onion) = onions.at(index)?;
        let bytes = onion.packet.as_bytes();
        let value = fg_packet {
            bytes: bytes.as_ptr(),
            size: bytes.len(),
            amount_msat: onion.amount.to_msat(),
            short_channel_id: *short_channel_id,
            cltv_expiry: onion.cltv_expiry.to_u32(),
            reserved: 0,
        };
        // SAFETY: the rules of the header.
        unsafe { put_structure("packet", packet, size, &value) }
    })
}

/// Reads the `reason` of an update_fail_htlc that came back for a packet: which node erred (1 is the first behind the
/// payer, as fg_beliefs_learn has it; FG_NONE where nobody can be told) and its failure code (0 where it is not to be
/// read). Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_onions_read_failure(
    onions: *const fg_onions,
    index: usize,
    reason: *const u8,
    size: usize,
    erring_node: *mut u64,
    failure_code: *mut u32,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let node = unsafe { Out::new("erring_node", erring_node, FG_NONE) }?;
        // SAFETY: the rules of the header.
        let code = unsafe { Out::new("failure_code", failure_code, 0) }?;
        // SAFETY: the rules of the header.
        let onions = unsafe { hold::<Onions>(onions) }?;
        // SAFETY: the rules of the header.
        let reason = unsafe { list("reason", reason, size) }?.to_vec();
        let secrets = onions.at(index)?.1.failure_secrets();
        match (FailurePacket { reason, attribution_data: None }).read(secrets).source {
            FailureSource::Hop { at, message } => {
                node.put(at as u64 + 1);
                code.put(u32::from(message.failure.code().to_u16()));
            }
            FailureSource::Unreadable { at } => node.put(at as u64 + 1),
            FailureSource::Unknown => {}
        }
        Ok(())
    })
}

/// Frees onions; null is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_onions_free(onions: *mut fg_onions) -> fg_status {
    // SAFETY: the rules of the header.
    border!(ptr::null_mut(), || unsafe { free::<Onions>(onions) })
}

impl Onions {
    fn at(&self, index: usize) -> Result<&(u64, OutgoingOnion), Failure> {
        self.0.get(index).ok_or(Failure::Index { what: "onions", index, count: self.0.len() })
    }
}

fn htlcs(hops: &[Hop]) -> Vec<RouteHop> {
    let htlc = |hop: &Hop| RouteHop {
        node_id: hop.node_id,
        short_channel_id: hop.short_channel_id,
        amount: hop.amount,
        cltv: hop.cltv,
    };
    hops.iter().map(htlc).collect()
}

/// # Safety
/// By the rules of the header, `payment` is null or an fg_payment.
unsafe fn build(
    parts: &[Vec<RouteHop>],
    delivered: Msat,
    payment: *const fg_payment,
) -> Result<*mut fg_onions, Failure> {
    // SAFETY: the size comes first in every version; this function's own promise.
    let size = *unsafe { reference("payment", payment.cast::<usize>()) }?;
    // SAFETY: the same; an fg_payment is integers and pointers.
    let payment = unsafe { structure("payment", payment, size, LEAST_SIZE, no_payment()) }?;
    // SAFETY: the same, for what the payment points to.
    let read = unsafe { read(&payment, delivered) }?;
    let of = |hops| Part { hops, tail: None };
    let wanted: Vec<Part<'_>> = parts.iter().map(|hops| of(&hops[..])).collect();
    let built = build_parts(curve(), &payment.session_seed, &wanted, &read)?;
    let first = parts.iter().map(|hops| hops.first().map_or(0, |hop| hop.short_channel_id.to_u64()));
    Ok(hand_out(Onions(first.zip(built).collect())))
}

/// # Safety
/// By the rules of the header, the pointers of `payment` are null or lead to what their fields say.
unsafe fn read(payment: &fg_payment, delivered: Msat) -> Result<Payment<'_>, Failure> {
    let optional = |what, place: *const u8| match place.is_null() {
        true => Ok(None),
        // SAFETY: this function's own promise, for 32 bytes.
        false => unsafe { reference(what, place.cast::<[u8; 32]>()) }.map(|bytes| Some(*bytes)),
    };
    // SAFETY: this function's own promise.
    let metadata = unsafe { list("metadata", payment.metadata, payment.metadata_size) }?;
    // SAFETY: the same.
    let custom = unsafe { list("custom_records", payment.custom_records, payment.custom_records_size) }?;
    Ok(Payment {
        payment_hash: payment.payment_hash,
        total_msat: crate::update::msat(payment.total_msat).unwrap_or(delivered),
        block_height: BlockHeight::from_u32(payment.block_height),
        shadow_blocks: payment.shadow_blocks,
        payment_secret: optional("payment_secret", payment.payment_secret)?,
        payment_metadata: (!payment.metadata.is_null()).then_some(metadata),
        keysend_preimage: optional("keysend_preimage", payment.keysend_preimage)?,
        custom: CustomRecords::from_stream(custom).map_err(|_| Failure::CustomRecords)?,
    })
}

fn no_payment() -> fg_payment {
    fg_payment {
        struct_size: size_of::<fg_payment>(),
        total_msat: FG_NONE,
        payment_hash: [0; 32],
        session_seed: [0; 32],
        block_height: 0,
        shadow_blocks: 0,
        payment_secret: ptr::null(),
        keysend_preimage: ptr::null(),
        metadata: ptr::null(),
        metadata_size: 0,
        custom_records: ptr::null(),
        custom_records_size: 0,
    }
}

/// The curve's context is dear to make and cheap to share.
fn curve() -> &'static Secp256k1<SignOnly> {
    static CURVE: OnceLock<Secp256k1<SignOnly>> = OnceLock::new();
    CURVE.get_or_init(Secp256k1::signing_only)
}

/// The size of the first version of `fg_payment`.
const LEAST_SIZE: usize = offset_of!(fg_payment, custom_records_size) + size_of::<usize>();
