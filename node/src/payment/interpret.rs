//! From what came back for an HTLC to what is believed of the channels that it took.
//!
//! | what came back | what is learnt |
//! |---|---|
//! | a failure of a hop | as `engine` has it for the hop and its code |
//! | a failure of a hop that is no message | the HTLC got there, and the node is to be left out for now |
//! | a failure of nobody | the HTLC got as far as attribution data are sound, nothing of what is behind |
//! | an onion that the payer's own peer could not read | nothing of liquidity |
//! | the preimage | the payment's amounts moved |

use engine::belief::{Advice, AttemptedHop, Beliefs, FailureCode, Outcome};
use engine::route::Hop;
use onion::attribution::{Attribution, AttributionData};
use onion::failure::{FailurePacket, FailureReport, FailureSource};
use onion::failure_code::Failure;
use onion::route::OutgoingOnion;
use primitives::failure_code::NODE;
use primitives::{Msat, UnixTime};

/// An HTLC as its payer remembers it until it is settled.
#[derive(Debug, Clone, Copy)]
pub struct SentHtlc<'a> {
    /// The route.
    pub hops: &'a [Hop],
    /// The packet that was sent along it, with the secrets to read what comes back.
    pub onion: &'a OutgoingOnion,
    /// The routes of the payer's other HTLCs that were on the way at the same time, such as the payment's other parts.
    pub others: &'a [&'a [Hop]],
}

/// What a failure said, and what is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// Who failed and why, hold times, and who may have changed what came back.
    pub report: FailureReport,
    /// What to do beyond believing it.
    pub advice: Advice,
}

impl SentHtlc<'_> {
    /// Reads the failure that came back and learns from it. O(hops * HTLCs).
    pub fn failed(&self, beliefs: &Beliefs, packet: FailurePacket, now: UnixTime) -> Lesson {
        let report = packet.read(self.onion.failure_secrets());
        let outcome = outcome_of(&report);
        let hops = self.attempted(beliefs, outcome);
        if let (Outcome::Unreadable, Some(attribution)) = (outcome, &report.attribution) {
            // Whose hold times are authentic has had the HTLC.
            let reached = attribution.hold_times.len().min(hops.len());
            beliefs.learn(&hops[..reached], Outcome::Reached, now);
        }
        let advice = beliefs.learn(&hops, outcome, now);
        Lesson { report, advice }
    }

    /// Learns from `update_fail_malformed_htlc` of the payer's own peer; see [`Failure::from_malformed`].
    pub fn malformed(&self, beliefs: &Beliefs, failure: &Failure, now: UnixTime) -> Advice {
        // It is said of the peer by the payer itself, as it is of any other node by the one before it.
        let outcome = Outcome::Failed { erring_node: 0, code: failure.code() };
        beliefs.learn(&self.attempted(beliefs, outcome), outcome, now)
    }

    /// Learns that the payee took the HTLC, and reads the hold times that came with the preimage.
    pub fn settled(
        &self,
        beliefs: &Beliefs,
        attribution_data: Option<AttributionData>,
        now: UnixTime,
    ) -> Option<Attribution> {
        beliefs.learn(&self.attempted(beliefs, Outcome::Settled), Outcome::Settled, now);
        attribution_data.map(|data| data.read_success(self.onion.failure_secrets()))
    }

    /// Other HTLCs were surely in the payer's own channel. Whether they had got further is not known: they are taken to be
    /// where this one was refused, and not to be where it was carried.
    fn attempted(&self, beliefs: &Beliefs, outcome: Outcome) -> Vec<AttemptedHop> {
        let hops = self.hops.iter().enumerate().map(|(place, hop)| {
            let counts = place == 0 || outcome.failed_hop() == Some(place);
            let in_flight = if counts { self.in_flight(hop) } else { Msat::ZERO };
            beliefs.attempted_hop(hop.channel(), hop.amount, in_flight)
        });
        hops.collect()
    }

    /// What the other HTLCs held where `hop` is.
    fn in_flight(&self, hop: &Hop) -> Msat {
        let others = self.others.iter().flat_map(|hops| hops.iter());
        let same = others.filter(|other| other.channel() == hop.channel());
        same.fold(Msat::ZERO, |sum, other| sum.saturating_add(other.amount))
    }
}

/// What a failure means to the beliefs.
pub fn outcome_of(report: &FailureReport) -> Outcome {
    match &report.source {
        // The node that the first HTLC leads to is hop 0 of the onion and node 1 of the route.
        FailureSource::Hop { at, message } => {
            Outcome::Failed { erring_node: at + 1, code: message.failure.code() }
        }
        FailureSource::Unreadable { at } => {
            Outcome::Failed { erring_node: at + 1, code: FailureCode::from_u16(NODE) }
        }
        FailureSource::Unknown => Outcome::Unreadable,
    }
}
