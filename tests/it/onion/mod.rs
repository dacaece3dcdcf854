//! Onions: the vectors of BOLT 4, properties, LDK at the other end.

mod allocations;
mod codecs;
mod hex;
mod ldk;
mod ldk_blinded;
mod ldk_failures;
mod ldk_faults;
mod ldk_messages;
mod ldk_network;
mod ldk_payments;
mod ldk_trampolines;
mod messages;
mod packets;
mod refusals;
pub(crate) mod slow;
mod tampering;
mod trampolines;
mod vectors;
mod wiped;
