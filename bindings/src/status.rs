//! How a call ended, in C.

use std::ffi::c_char;

/// How a call ended.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum fg_status {
    /// As it should.
    FG_OK = 0,
    /// There is no such route or plan; this is certain. `fg_error.reason` says what closes the way.
    FG_NO_ROUTE = 1,
    /// The work ran out; there may be one.
    FG_WORK_LIMIT = 2,
    /// The query's fg_cancel was set.
    FG_CANCELLED = 3,
    /// A node that is not in the graph.
    FG_UNKNOWN_NODE = 4,
    /// A channel that is not in the graph.
    FG_UNKNOWN_CHANNEL = 5,
    /// A query that contradicts itself.
    FG_BAD_QUERY = 6,
    /// The graph changed faster than it could be read; try again.
    FG_CONTENDED = 7,
    /// A null pointer, a size or a number out of range.
    FG_BAD_ARGUMENT = 8,
    /// A handle that was freed, or is of another kind.
    FG_BAD_HANDLE = 9,
    /// A handle cannot be freed while another call uses it.
    FG_BUSY = 10,
    /// Bytes or a file that are not what they should be.
    FG_BAD_INPUT = 11,
    /// The operating system refused.
    FG_IO = 12,
    /// A change that does not fit what it would change, which stays as it was.
    FG_BAD_UPDATE = 13,
    /// A mistake in this library, which was caught. Free what took part in it.
    FG_PANIC = 14,
    /// Gossip that its author did not sign.
    FG_BAD_SIGNATURE = 15,
}

/// What closes the way, for FG_NO_ROUTE.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum fg_reason {
    /// It says nothing more.
    FG_REASON_NONE = 0,
    /// No channel of the payer takes the amount; value_msat: the largest HTLC that one takes.
    FG_REASON_PAYER_CANNOT_SEND = 1,
    /// No channel of the payee takes the amount; value_msat: the largest HTLC that one takes.
    FG_REASON_PAYEE_CANNOT_RECEIVE = 2,
    /// The fee limit; value_msat: a fee that suffices; its message tells whether less may.
    FG_REASON_FEE_LIMIT = 3,
    /// The limits on blocks, hops or onion size.
    FG_REASON_ROUTE_LIMITS = 4,
    /// Minima; value_msat: what the amount, or a part, would have to be raised to.
    FG_REASON_HTLC_MINIMUM = 5,
    /// No single path has the capacity.
    FG_REASON_NOT_CONNECTED = 6,
    /// No set of parts has the capacity; value_msat: the most that they carry.
    FG_REASON_CUT = 7,
    /// The channels are full before fees; value_msat: what finds no place.
    FG_REASON_NO_ROOM_FOR_FEES = 8,
    /// So few parts do not carry the amount; value_msat: what finds no place.
    FG_REASON_TOO_FEW_PARTS = 9,
}

/// What went wrong. The caller's own memory; every function takes null where nobody wants to know. After FG_OK only
/// `status` is written. Its layout never changes.
#[repr(C)]
pub struct fg_error {
    /// As it is returned, too.
    pub status: fg_status,
    pub reason: fg_reason,
    /// A byte of the input, a line of it or a place in a list, whichever the message speaks of; FG_NONE where there is
    /// none.
    pub position: u64,
    /// What the reason tells of; FG_NONE where it tells of nothing.
    pub value_msat: u64,
    /// UTF-8 and always terminated; cut where it is too long.
    pub message: [c_char; 232],
}

/// No limit, no value, no place.
pub const FG_NONE: u64 = 0xffff_ffff_ffff_ffff;
/// The same in 32 bits.
pub const FG_NONE_32: u32 = 0xffff_ffff;
