//! Amounts in flight: what payments that are under way hold of every direction of a channel, so that later queries leave
//! it to them.
//!
//! ```text
//! ReservationBook --reserve, unreserve--> table, in place <-- get -- queries
//! ```
//! One writer, any number of readers, no lock. A query that counts reservations takes from each arc what is in flight
//! there: from the largest HTLC that fits, from what the channel may hold at most and from what it is known to hold; an
//! arc with [`HTLC_COUNT_MAX`] HTLCs takes no more. Balances that a query gives of the payer's own channels are taken
//! as they are, because a channel's spendable balance has its HTLCs taken out already.
//!
//! # What a reader sees, and when
//!
//! A reservation is visible to every query that begins after [`ReservationBook::reserve`] returned; to one that has begun,
//! it may be. Of the two numbers of an arc (amount, count) a query may for some nanoseconds see one before and one
//! after a change. A route that is returned was priced with what was in flight on each of its hops during the query.
//! That two queries find the same liquidity free before either reserves it is for their callers to see: the second
//! reservation is not refused, as the true balance is unknown anyhow.
//!
//! Not here: what a failed or settled payment teaches about a channel (layers, beliefs).

mod book;
mod table;

pub use book::{
    HTLC_COUNT_MAX, Htlc, RESERVATION_COUNT_MAX, RESERVATION_HTLC_COUNT_MAX, ReservationBook, ReservationId,
    Reservations, ReserveError, ReservedHtlc,
};
pub use table::Reserved;

pub(crate) use table::ReservedTable;
