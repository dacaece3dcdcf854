//! Amounts in flight.

use std::ptr;
use std::sync::{Mutex, MutexGuard};

use engine::reserve::{Htlc, ReservationBook, ReservationId, Reservations};
use engine::route::Hop;
use primitives::{ShortChannelIdDir, UnixTime};

use crate::border::{Out, border};
use crate::failure::Failure;
use crate::handle::{free, hand_out, hold, kind};
use crate::layer_edit::channel_of;
use crate::route::{RouteAnswer, fg_route};
use crate::status::{FG_NONE, fg_error, fg_status};

/// What payments that are under way hold of channels. Queries that carry it leave that alone.
pub struct fg_reservations {
    _private: (),
}

/// What lies behind an fg_reservations.
pub(crate) struct ReservationTable {
    pub(crate) reservations: Reservations,
    book: Mutex<ReservationBook>,
}

kind!(ReservationTable, fg_reservations, 10, "the fg_reservations");

impl ReservationTable {
    fn book(&self) -> Result<MutexGuard<'_, ReservationBook>, Failure> {
        self.book.lock().map_err(|_| Failure::Poisoned)
    }

    pub(crate) fn reserve(&self, hops: &[Hop], now: u32) -> Result<u64, Failure> {
        let htlcs = hops.iter().map(|hop| Htlc {
            channel: ShortChannelIdDir { short_channel_id: hop.short_channel_id, direction: hop.direction },
            amount: hop.amount,
        });
        let id = self.book()?.reserve(&htlcs.collect::<Vec<_>>(), UnixTime::from_secs(now))?;
        Ok(id.to_u64())
    }
}

/// Makes a book in which nothing is in flight. Free it with fg_reservations_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reservations_new(
    reservations: *mut *mut fg_reservations,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("reservations", reservations, ptr::null_mut()) }?;
        let (reservations, book) = ReservationBook::new();
        out.put(hand_out(ReservationTable { reservations, book: Mutex::new(book) }));
        Ok(())
    })
}

/// Reserves what the HTLCs of a route carry, from `now`, in seconds since 1970; `id` is told what releases it. Queries
/// that begin from now on see it. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reservations_add_route(
    reservations: *const fg_reservations,
    route: *const fg_route,
    now: u32,
    id: *mut u64,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("id", id, FG_NONE) }?;
        // SAFETY: the rules of the header.
        let table = unsafe { hold::<ReservationTable>(reservations) }?;
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<RouteAnswer>(route) }?;
        out.put(table.reserve(&answer.route.hops, now)?);
        Ok(())
    })
}

/// Releases what was reserved, once. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reservations_release(
    reservations: *const fg_reservations,
    id: u64,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let table = unsafe { hold::<ReservationTable>(reservations) }?;
        Ok(table.book()?.unreserve(ReservationId::from_u64(id))?)
    })
}

/// Tells what is in flight over a direction (0 or 1) of a channel, and in how many HTLCs. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reservations_get(
    reservations: *const fg_reservations,
    short_channel_id: u64,
    direction: u32,
    amount_msat: *mut u64,
    htlc_count: *mut u32,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let table = unsafe { hold::<ReservationTable>(reservations) }?;
        let reserved = table.reservations.reserved(channel_of(short_channel_id, direction)?);
        // SAFETY: the rules of the header.
        unsafe { Out::new("amount_msat", amount_msat, reserved.msat) }?;
        // SAFETY: the rules of the header.
        unsafe { Out::new("htlc_count", htlc_count, reserved.htlc_count) }.map(drop)
    })
}

/// Frees the book; null is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reservations_free(reservations: *mut fg_reservations) -> fg_status {
    // SAFETY: the rules of the header.
    border!(ptr::null_mut(), || unsafe { free::<ReservationTable>(reservations) })
}
