//! Whether a stored record is one that the engine would have made.
//!
//! A policy has one packed form, so a record is unpacked, packed again and compared: that covers unknown flags, wide
//! values that are missing or needless, and what goes with an unknown capacity or an unannounced policy. The common
//! record has no such flag and is always in its form.

use std::sync::atomic::AtomicU64;

use primitives::{ChannelPolicy, CltvExpiryDelta, Fee, InboundFee, Msat, UnixTime};

use super::error::Rule;
use crate::graph::{CLOSED, DISABLED, Record, UNANNOUNCED, Wide, WideField};

/// A rule that a record breaks, what it asks for and what there is.
pub(super) type Offence = (Rule, u64, u64);

/// Whether a record must be checked.
#[inline(always)]
pub(super) fn is_unusual(record: Record) -> bool {
    record.flags() & !(DISABLED | CLOSED) != 0
}

/// The places of a record's wide values.
#[inline(always)]
pub(super) fn wide_places(record: Record) -> impl Iterator<Item = u32> {
    FIELDS.into_iter().filter_map(move |field| record.wide_place(field))
}

/// Checks an unusual record.
pub(super) fn check(record: Record, wide: &[AtomicU64]) -> Result<(), Offence> {
    if let Some(place) = wide_places(record).find(|&place| place as usize >= wide.len()) {
        return Err((Rule::WideInRange, wide.len() as u64, place.into()));
    }
    let capacity = record.capacity(wide);
    let packed = if record.flags() & UNANNOUNCED != 0 {
        Record::unannounced(capacity, &mut OwnPlaces(record))
    } else {
        Record::pack(&policy(record, wide), capacity, &mut OwnPlaces(record))
    };
    match packed.map(|packed| packed.with_flag(record.flags() & CLOSED).words()) {
        Some(packed) if packed == record.words() => Ok(()),
        packed => {
            let words = packed.unwrap_or_default().into_iter().zip(record.words());
            let (expected, found) = words.into_iter().find(|(a, b)| a != b).unwrap_or_default();
            Err((Rule::RecordPacked, expected, found))
        }
    }
}

fn policy(record: Record, wide: &[AtomicU64]) -> ChannelPolicy {
    ChannelPolicy {
        fee: Fee {
            fee_base_msat: record.fee_base_msat() as u32,
            fee_proportional_millionths: record.fee_ppm() as u32,
        },
        inbound_fee: InboundFee::ZERO,
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(record.cltv() as u16),
        htlc_minimum_msat: Msat::from_msat(record.htlc_minimum_msat(wide)),
        htlc_maximum_msat: Msat::from_msat(record.htlc_maximum_msat(wide)),
        disabled: record.flags() & DISABLED != 0,
        last_update: UnixTime::default(),
    }
}

/// Gives every field the place that it has in the record already.
struct OwnPlaces(Record);

impl Wide for OwnPlaces {
    fn place(&mut self, field: WideField, _: u64) -> Option<u32> {
        self.0.wide_place(field)
    }
}

const FIELDS: [WideField; 3] = [WideField::Minimum, WideField::Maximum, WideField::Capacity];
