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

/// Checks a record and appends the places of its wide values to `places`.
#[inline(always)]
pub(super) fn check(record: Record, wide: &[AtomicU64], places: &mut Vec<u32>) -> Result<(), Offence> {
    if record.flags() & !(DISABLED | CLOSED) == 0 { Ok(()) } else { check_unusual(record, wide, places) }
}

fn check_unusual(record: Record, wide: &[AtomicU64], places: &mut Vec<u32>) -> Result<(), Offence> {
    for field in [WideField::Minimum, WideField::Maximum, WideField::Capacity] {
        if let Some(place) = record.wide_place(field) {
            if place as usize >= wide.len() {
                return Err((Rule::WideInRange, wide.len() as u64, place.into()));
            }
            places.push(place);
        }
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
