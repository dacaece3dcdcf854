//! What an attempt to pay teaches.
//!
//! | outcome | hops that carried | the hop that failed | advice |
//! |---|---|---|---|
//! | settled | all; the amounts move to the other side | | none |
//! | reached the payee, who refused | all | | the payee's answer |
//! | reached the payee otherwise than the onion says | all but the last | | the last channel |
//! | `temporary_channel_failure` | those before | held less than it was asked for | none; the channel, if nobody announced it |
//! | policy, disabled, permanent | those before | nothing of its liquidity | the channel |
//! | onion unreadable behind a node | those before | nothing of its liquidity | the channel |
//! | onion unreadable to the payer's peer | | nothing of its liquidity | the peer |
//! | of a node | those before | nothing of its liquidity | the node |
//! | an error that nobody's HMAC fits | unknown: nothing is learnt | | anybody on the route |
//!
//! A hop carried an HTLC where the node behind it answered: that node had it, so the channel held it. A permanent
//! failure is no statement on liquidity: taken as an upper bound of zero, it would promise the whole capacity to the
//! other direction.
//!
//! A node is accused by its own word or by the payer's. By another's only the channel between them is: else anybody
//! could have its neighbours left out.

use primitives::failure_code::FailureCode;
use primitives::{Direction, Msat, ShortChannelIdDir, UnixTime};

use super::Beliefs;
use super::blame::{Blame, Permanence};
use super::bounds::Floor;
use super::decay::Evidence;
use super::paid::Paid;
use crate::graph::ChannelIdx;

/// One hop of an attempt, or of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptedHop {
    /// The channel, of the beliefs' generation. A number beyond it teaches nothing.
    pub channel: ChannelIdx,
    /// Which way along it.
    pub direction: Direction,
    /// What the HTLC carried.
    pub amount: Msat,
    /// What other HTLCs of ours held in the same direction at that time: the channel had to have both. Of the hop that
    /// failed those that may have been there, of the others those that surely were: so both bounds are true.
    pub in_flight: Msat,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The payee took the payment.
    Settled,
    /// All hops hold the HTLC, or held it until the payee refused it: a probe that arrived.
    Reached,
    /// A node on the route failed it.
    Failed {
        /// Its place: 0 is the payer, the number of hops is the payee. A greater one teaches nothing.
        erring_node: usize,
        /// What it said.
        code: FailureCode,
    },
    /// An error came back that no node's HMAC fits.
    Unreadable,
}

impl Outcome {
    /// The hop that the erring node would have sent over, if there is one.
    pub fn failed_hop(self) -> Option<usize> {
        match self {
            Outcome::Failed { erring_node, .. } => Some(erring_node),
            Outcome::Settled | Outcome::Reached | Outcome::Unreadable => None,
        }
    }
}

/// What to do about a failure beyond believing it. Hops and nodes are places on the route: hop `i` leads from node `i`
/// to node `i + 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Ask again: the beliefs know what happened.
    Believe,
    /// Apply the enclosed `channel_update` of this hop, then ask again; accuse the channel if that changes nothing.
    Reprice {
        /// The hop.
        hop: usize,
    },
    /// Leave this hop's direction out.
    AvoidChannel {
        /// The hop.
        hop: usize,
        /// For how long.
        permanence: Permanence,
    },
    /// Leave this node out.
    AvoidNode {
        /// The node.
        node: usize,
        /// For how long.
        permanence: Permanence,
    },
    /// Ask for a route with an earlier expiry.
    ShortenExpiry,
    /// Try another blinded path of the payee.
    AvoidBlindedPath,
    /// The payee has spoken: permanent ends the payment, temporary leaves it to the payer.
    Payee(Permanence),
    /// Nobody can be blamed: any node of the route but the payer may have garbled the error, or sent none.
    AvoidRoute,
}

impl Beliefs {
    /// A hop of an attempt by its channel's name. Of a channel that is not in the table nothing is learnt. O(log m).
    pub fn attempted_hop(&self, channel: ShortChannelIdDir, amount: Msat, in_flight: Msat) -> AttemptedHop {
        let ShortChannelIdDir { short_channel_id, direction } = channel;
        let channel = self.channel(short_channel_id).unwrap_or(ChannelIdx::from_u32(u32::MAX));
        AttemptedHop { channel, direction, amount, in_flight }
    }

    /// Learns from an attempt along `hops`, the payer's own channel first, that ended at `now`. O(hops), no
    /// allocation.
    pub fn learn(&self, hops: &[AttemptedHop], outcome: Outcome, now: UnixTime) -> Advice {
        match outcome {
            Outcome::Settled => {
                for hop in hops {
                    self.learn_settled(hop, now);
                }
                Advice::Believe
            }
            Outcome::Reached => {
                self.learn_carried(hops, now);
                Advice::Believe
            }
            Outcome::Failed { erring_node, code } => self.learn_failure(hops, erring_node, code, now),
            Outcome::Unreadable => Advice::AvoidRoute,
        }
    }

    fn learn_failure(&self, hops: &[AttemptedHop], node: usize, code: FailureCode, now: UnixTime) -> Advice {
        let Some((before, behind)) = hops.split_at_checked(node) else {
            return Advice::AvoidRoute;
        };
        let Some(failed) = behind.first() else {
            return self.learn_from_payee(hops, code, now);
        };
        self.learn_carried(before, now);
        match Blame::of(code) {
            Blame::Liquidity if self.learn_refused(failed, now) => Advice::Believe,
            // The table has no place for what is left there.
            Blame::Liquidity => Advice::AvoidChannel { hop: node, permanence: Permanence::Temporary },
            Blame::Policy => Advice::Reprice { hop: node },
            Blame::Onion(permanence) if node == 0 => Advice::AvoidNode { node: 1, permanence },
            Blame::Channel(permanence) | Blame::Onion(permanence) => {
                Advice::AvoidChannel { hop: node, permanence }
            }
            Blame::Node(permanence) => Advice::AvoidNode { node, permanence },
            Blame::BlindedPath => Advice::AvoidBlindedPath,
            // Only a payee may say so; a forwarder that does is broken.
            Blame::Payee(_) | Blame::LastChannel => {
                Advice::AvoidNode { node, permanence: Permanence::Permanent }
            }
            Blame::Expiry => Advice::ShortenExpiry,
        }
    }

    /// A payee's word on itself or on the payment; it forwards over no channel.
    fn learn_from_payee(&self, hops: &[AttemptedHop], code: FailureCode, now: UnixTime) -> Advice {
        let (node, blame) = (hops.len(), Blame::of(code));
        let carried = match hops {
            [before @ .., _] if blame == Blame::LastChannel => before,
            all => all,
        };
        self.learn_carried(carried, now);
        match blame {
            Blame::Payee(permanence) | Blame::Node(permanence) => Advice::Payee(permanence),
            // Where nobody is between, the payer knows that it sent what the onion says.
            Blame::LastChannel if node > 1 => {
                Advice::AvoidChannel { hop: node - 1, permanence: Permanence::Temporary }
            }
            Blame::LastChannel => Advice::Payee(Permanence::Temporary),
            Blame::BlindedPath => Advice::AvoidBlindedPath,
            Blame::Expiry => Advice::ShortenExpiry,
            Blame::Liquidity | Blame::Policy | Blame::Channel(_) | Blame::Onion(_) => {
                Advice::AvoidNode { node, permanence: Permanence::Permanent }
            }
        }
    }

    fn learn_carried(&self, hops: &[AttemptedHop], now: UnixTime) {
        for hop in hops {
            let held = hop.amount.saturating_add(hop.in_flight);
            self.update(hop.channel, now, |bounds, at| bounds.carried(hop.direction, held, at));
        }
    }

    /// `false` where nothing is learnt: the channel is not in the table, or was taken for smaller than what was asked.
    fn learn_refused(&self, hop: &AttemptedHop, now: UnixTime) -> bool {
        let asked = hop.amount.saturating_add(hop.in_flight);
        if self.capacity(hop.channel).is_some_and(|capacity| asked > capacity) {
            return false;
        }
        self.learn_lacking(hop.channel, hop.direction, asked, now)
    }

    fn learn_settled(&self, hop: &AttemptedHop, now: UnixTime) {
        let held = hop.amount.saturating_add(hop.in_flight);
        self.learn_moved(hop.channel, hop.direction, MovedHtlc { held, amount: hop.amount }, now);
    }

    /// An HTLC was settled along `direction`. `false` beyond the generation.
    pub(super) fn learn_moved(
        &self,
        channel: ChannelIdx,
        direction: Direction,
        MovedHtlc { held, amount }: MovedHtlc,
        now: UnixTime,
    ) -> bool {
        let back = direction.reversed();
        let mut former = Floor::default();
        let is_learnt = self.update(channel, now, |bounds, at| {
            former = bounds.floors[back.as_usize()];
            // What was learnt later has seen the HTLC go: what was there before counts no more.
            let before = if bounds.is_later_than(now) { bounds } else { bounds.carried(direction, held, at) };
            before.settled(direction, amount, at)
        });
        if former.evidence == Evidence::Carried {
            // From now on the floor holds what was received, too.
            self.note_paid(channel, back, Paid { amount: former.amount, at: former.learnt });
        }
        self.note_paid(channel, direction, Paid { amount, at: now });
        is_learnt
    }

    /// An HTLC of `amount` was refused along `direction`. `false` beyond the generation.
    pub(super) fn learn_lacking(
        &self,
        channel: ChannelIdx,
        direction: Direction,
        amount: Msat,
        now: UnixTime,
    ) -> bool {
        self.lower_paid(channel, direction, amount, now);
        self.update(channel, now, |bounds, at| bounds.refused(direction, amount, at))
    }
}

/// An HTLC that was settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct MovedHtlc {
    /// What the channel held at least before.
    pub(super) held: Msat,
    /// What went to the other side.
    pub(super) amount: Msat,
}
