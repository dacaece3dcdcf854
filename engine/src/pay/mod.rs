//! Pays: plans, attempts, learns and plans anew what failed, until the payee has it all, the budget is used up or it is
//! proven that it cannot be done.
//!
//! ```text
//!  PayInput (settled, failed) --> Payment --> PayOutput (send this part, done, failed)
//!            time -->                |  ^
//!                         Beliefs <--+  +-- plans (flow)
//! ```
//! [`Payment`] is a state machine without a socket or a clock: time is an argument, outcomes are inputs, what is to be done
//! are outputs. Whoever drives it feeds all inputs that are at hand before it asks for outputs, so that one plan makes up
//! for all of them.
//!
//! Invariants, whatever the inputs:
//! - What is on the way and what is settled are together never more than the amount, their fees never more than the limit.
//! - No more parts are on the way at a time than the query allows; where there are several, none is below its minimum.
//! - Once a part is settled nothing is sent any more: the payee has shown what the payer pays for.
//! - An end is told only when no part is on the way, and nothing follows it.
//!
//! ```text
//! payment   the state machine
//! part      a part that was sent
//! budget    what a payment may take
//! event     inputs, outputs and ends
//! lesson    what a failed part forbids its successors
//! rest      the query for what is missing, beside what is on the way
//! ```
//! `htlc_maximum_msat` limits what a channel carries in all, as long as there is a plan that way, else each part alone.
//!
//! What is unlikely to get through at once is sent in stages (`flow::first_stage`), each as an attempt, where that leaves a part
//! for the rest.
//!
//! Not here: onions, keys and invoices; several payments at once, whose HTLCs their owner reserves against each other.

mod budget;
mod event;
mod lesson;
mod part;
mod payment;
mod rest;
mod world;

pub use budget::{PayBudget, pay_weights};
pub use event::{PayEnd, PayInput, PayOutput, PayReport};
pub use part::{PartId, SentPart};
pub use payment::Payment;
pub use world::PayWorld;
