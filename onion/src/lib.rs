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
//!
//! ```
//! use bitcoin::secp256k1::{Secp256k1, SecretKey};
//! use onion::payload::CustomRecords;
//! use onion::relay::{IncomingHtlc, Instruction, open_htlc};
//! use onion::route::{Part, Payment, RouteHop, build_parts};
//! use primitives::{BlockHeight, Msat, NodeId};
//!
//! let secp = Secp256k1::new();
//! let payee = SecretKey::from_slice(&[7; 32])?;
//! let hops = [RouteHop {
//!     node_id: NodeId::from(payee.public_key(&secp)),
//!     short_channel_id: "800000x1x0".parse()?,
//!     amount: Msat::from_msat(21_000),
//!     cltv: 40,
//! }];
//! let payment = Payment {
//!     payment_hash: [1; 32],
//!     total_msat: Msat::from_msat(21_000),
//!     block_height: BlockHeight::from_u32(840_000),
//!     shadow_blocks: 0,
//!     payment_secret: Some([2; 32]),
//!     payment_metadata: None,
//!     keysend_preimage: None,
//!     custom: CustomRecords::EMPTY,
//! };
//! // The seed must be fresh and random.
//! let onions = build_parts(&secp, &[3; 32], &[Part { hops: &hops, tail: None }], &payment)?;
//!
//! let htlc = IncomingHtlc {
//!     packet: onions[0].packet.clone(),
//!     payment_hash: [1; 32],
//!     amount: onions[0].amount,
//!     cltv_expiry: onions[0].cltv_expiry,
//!     path_key: None,
//! };
//! let opened = open_htlc(&secp, &payee, &htlc)?;
//! assert_eq!(opened.instruction, Instruction::Receive { path_id: None, is_blinded: false });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
