//! What a payment is told, and what it tells.

use primitives::Msat;

use super::part::{PartId, SentPart};
use crate::belief::{FailureCode, Outcome};
use crate::flow::{Cut, PlanError};

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayInput {
    /// The part.
    pub part: PartId,
    /// What came back for it. One that has [reached](Outcome::Reached) the payee is still on the way.
    pub outcome: Outcome,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum PayOutput {
    /// Send this part.
    Send(SentPart),
    /// The payment is over.
    End(PayReport),
}

/// How a payment went.
#[derive(Debug, Clone, PartialEq)]
pub struct PayReport {
    /// How it ended.
    pub end: PayEnd,
    /// What the payee took: all of the amount, unless it broke the rules.
    pub settled: Msat,
    /// What that cost beyond it.
    pub fee: Msat,
    /// How often parts were sent.
    pub attempt_count: u32,
    /// How many parts were sent.
    pub part_count: u32,
}

/// How a payment ended.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PayEnd {
    /// The payee has it.
    #[error("paid")]
    Paid,
    /// By all that is known the channels cannot carry it, whatever the fee: this cut is in the way. What is known are
    /// capacities and the beliefs' upper bounds, which may have faded; a maximum that stands for a capacity is no proof.
    #[error("the channels in the way carry {} at most", .0.capacity)]
    Impossible(Cut),
    /// No plan is left, though none is proven to be impossible: the fee limit, the number of parts, the limits on blocks.
    #[error("no way is left: {0}")]
    NoPlan(PlanError),
    /// The attempts are used up.
    #[error("gave up after {attempt_count_max} attempts")]
    AttemptLimit {
        /// The limit.
        attempt_count_max: u32,
    },
    /// Time is up.
    #[error("gave up at the deadline")]
    Deadline,
    /// The blinded path that begins at the query's payee failed behind it: another path of the payee's is to be tried, in a
    /// payment of its own.
    #[error("the blinded path to the payee failed; try another of its paths")]
    BlindedPath,
    /// The payee does not want it.
    #[error("the payee refused the payment")]
    Refused {
        /// What it said.
        code: FailureCode,
    },
}
