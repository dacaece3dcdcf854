//! From bytes of a stranger to facts that their owners have signed.
//!
//! Checks go from cheap to dear: [`Candidate::parse`] looks at the bytes alone, the view then knows what is a duplicate
//! or stale, and only what is left has its signatures checked, piece by [`VerifyPiece`], each on one thread. A [`Verified`]
//! with its message cannot be made in any other way; the log gives back facts without one.

mod candidate;
mod fact;
mod job;
mod keys;
mod piece;
mod verified;

pub use candidate::{Candidate, MESSAGE_KEPT_MAX, ParseError, Subject};
pub use fact::{ChannelFact, NodeFact, Revision, UpdateFact};
pub use job::{SignatureError, SignatureField, VerifiedGossip, VerifyJob};
pub use keys::{KEY_COUNT_MAX, KeyRing};
pub use piece::{CheckedPiece, VerifyPiece};
pub use verified::Verified;
