//! Onion routing (BOLT 4): what a payer wraps around a route, what each hop takes off, and how failures find the way back.
//!
//! | to do | call |
//! |---|---|
//! | send a payment over routes | [`route::build_parts`] |
//! | build a packet of any payloads | [`build::build_payment`] |
//! | handle an incoming HTLC | [`relay::open_htlc`], or [`peel::peel_payment`] and [`payload::Payload::decode`] |
//! | fail an HTLC, hand a failure on, read one | [`failure::FailurePacket`] |
//! | say how long an HTLC was held | [`attribution::AttributionData`] |
//! | be paid without being seen | [`blinded::blind_payment_path`] |
//! | send through trampolines, be one | [`trampoline::build_trampoline`], [`trampoline::peel_trampoline`] |
//! | send and receive messages | [`message::build_message`], [`message::peel_message`] |
//!
//! Nothing here draws randomness, reads a clock or keeps state: session keys, heights and hold times are arguments, and
//! replays are known by a
//! [`keys::ReplayTag`] that the node remembers in a [`replay::ReplayLog`]. The curve's context is an argument too, for it is
//! dear to make and cheap to share.
//!
//! Routes come in as plain lists of HTLCs: this crate knows no graph.

pub mod attribution;
pub mod blinded;
pub mod build;
pub mod failure;
pub mod failure_code;
pub mod keys;
pub mod message;
pub mod packet;
pub mod payload;
pub mod peel;
pub mod relay;
pub mod replay;
pub mod route;
pub mod trampoline;
