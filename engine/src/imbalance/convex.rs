//! Convex fees as arcs of a minimum-cost flow ([`ExplicitNetwork`](crate::flow::ExplicitNetwork)).
//!
//! In a flow, an arc charges for all that it carries what its tail takes on the way out and its head on the way in,
//!
//! ```text
//! c(x) = (q_out + q_in) x + P_out(x_out - x) - P_out(x_out) + P_in(x_in + x) - P_in(x_in)
//! ```
//! which is convex where both penalties are, because a function turned round stays convex. It is told in pieces with the
//! penalties' own corners, none left out. An arc of a network has five pieces; a fee with more becomes several parallel
//! arcs of rising slopes, which a cheapest flow fills in order.
//!
//! **Exactness.** A piece's slope is the cost of a unit in millionths of a msat, rounded down; a unit in which a corner lies
//! is a piece of its own, told as the difference of rounded penalties less 1, but no less than the slope before. Real
//! marginal costs of a convex function never fall, so neither do their floors, and the told ones lie between: the pieces
//! are convex, as the solver's certificate wants it, never dearer than the fee, and cheaper by less than 4 millionths of
//! a msat for each unit. Flat fees (a fixed charge), fees on fees and caps are no part of it.

use primitives::{Direction, Msat, ShortChannelIdDir};

use super::mediate::Share;
use super::schedule::Corner;
use super::table::{ImbalanceTable, TableError};
use crate::flow::{ExplicitArc, PIECE_COUNT, SLOPE_MAX};

/// What becomes of units that a channel pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewards {
    /// They are an error: the solver knows no negative costs, and with them its flow could go in circles for money.
    Refused,
    /// They cost nothing. The flow's cost is then no lower bound any more.
    Ignored,
}

/// An arc's fees as parallel arcs between the snapshot's numbers of its nodes; a unit of flow is `unit`, a unit of cost a
/// millionth of a msat. O(corners).
///
/// Carries no more than the tail's balance and the policy's `htlc_maximum_msat`; nothing where the policy is disabled.
///
/// # Errors
/// Where the channel is unknown, a penalty is not convex (see [`FeeSchedule::convexified`](super::FeeSchedule::convexified)),
/// a unit is zero, would be paid for, or is too dear.
pub fn convex_arcs(
    table: &ImbalanceTable,
    ShortChannelIdDir { short_channel_id, direction }: ShortChannelIdDir,
    unit: Msat,
    rewards: Rewards,
) -> Result<Vec<ExplicitArc>, ConvexError> {
    let snapshot = table.snapshot();
    let channel =
        snapshot.channel(short_channel_id).ok_or(TableError::UnknownChannel { short_channel_id })?;
    let arc = channel.arc(direction);
    let (outgoing, incoming) = (table.share(arc.to_u32()), table.share(arc.reversed().to_u32()));
    for (share, direction) in [(outgoing, direction), (incoming, direction.reversed())] {
        if !share.schedule.is_convex() {
            return Err(ConvexError::NotConvex { direction });
        }
    }
    if unit == Msat::ZERO {
        return Err(ConvexError::NoUnit);
    }
    let policy = snapshot.policy(arc).filter(|policy| !policy.disabled);
    let most = policy.map_or(0, |policy| policy.htlc_maximum_msat.to_msat().min(outgoing.balance));
    let unit = unit.to_msat();
    let units = most / unit;
    let linear =
        i128::from(unit) * i128::from(outgoing.schedule.proportional() + incoming.schedule.proportional());
    let pieces = sum(Walk::down(outgoing, unit, units), Walk::up(incoming, unit, units), linear);
    let pieces = pieces.into_iter().map(|(units, slope)| Ok((units, cost(slope, rewards)?)));
    let pieces = pieces.collect::<Result<Vec<_>, ConvexError>>()?;
    let (tail, head) = (snapshot.tail(arc).to_u32(), snapshot.head(arc).to_u32());
    Ok(pieces.chunks(PIECE_COUNT).map(|pieces| ExplicitArc { tail, head, pieces: pieces.to_vec() }).collect())
}

fn cost(slope: i128, rewards: Rewards) -> Result<u64, ConvexError> {
    if slope < 0 && rewards == Rewards::Refused {
        return Err(ConvexError::Rewarded);
    }
    u64::try_from(slope.max(0)).ok().filter(|&cost| cost <= SLOPE_MAX).ok_or(ConvexError::TooDear)
}

/// Units and what each costs.
type SlopePiece = (u64, i128);

/// One penalty along its balance, piece by piece.
struct Walk<'a> {
    share: Share<'a>,
    is_up: bool,
    unit: u64,
    sent: u64,
    units: u64,
    slope: i128,
}

impl<'a> Walk<'a> {
    fn up(share: Share<'a>, unit: u64, units: u64) -> Self {
        Walk { share, is_up: true, unit, sent: 0, units, slope: i128::MIN }
    }

    fn down(share: Share<'a>, unit: u64, units: u64) -> Self {
        Walk { is_up: false, ..Walk::up(share, unit, units) }
    }

    /// The balance after `sent` units.
    fn balance(&self, sent: u64) -> u64 {
        let moved = sent * self.unit;
        if self.is_up { self.share.balance + moved } else { self.share.balance - moved }
    }

    /// The line that the next msat goes along: its corner, its width, and how far it goes on.
    fn line(&self) -> Option<(Corner, u64, u64)> {
        let (corners, balance) = (self.share.schedule.corners(), self.balance(self.sent));
        let after = match self.is_up {
            true => corners.partition_point(|corner| corner.balance <= balance),
            false => corners.partition_point(|corner| corner.balance < balance),
        };
        let (corner, next) = (*corners.get(after.checked_sub(1)?)?, corners.get(after)?);
        let length = if self.is_up { next.balance - balance } else { balance - corner.balance };
        Some((corner, next.balance - corner.balance, length))
    }

    /// What each whole unit along a line costs, rounded down.
    fn whole_unit(&self, corner: Corner, width: u64) -> i128 {
        let (unit, width) = (i128::from(self.unit), i128::from(width));
        let rise = i128::from(corner.slope) * width + i128::from(corner.rest);
        (if self.is_up { unit * rise } else { -unit * rise }).div_euclid(width)
    }

    /// What the next unit costs across a corner, or a little less.
    fn split_unit(&self) -> i128 {
        let penalty = |sent| i128::from(self.share.schedule.penalty(self.balance(sent)));
        (penalty(self.sent + 1) - penalty(self.sent) - 1).max(self.slope)
    }
}

impl Iterator for Walk<'_> {
    type Item = SlopePiece;

    fn next(&mut self) -> Option<SlopePiece> {
        let left = self.units - self.sent;
        if left == 0 {
            return None;
        }
        let (count, slope) = match self.line() {
            None => (left, 0),
            Some((corner, width, length)) if length >= self.unit => {
                (left.min(length / self.unit), self.whole_unit(corner, width))
            }
            Some(_) => (1, self.split_unit()),
        };
        self.sent += count;
        self.slope = slope;
        Some((count, slope))
    }
}

/// Both penalties and the proportional part, cut where either is; neighbours of one slope are one piece.
fn sum<'a>(one: Walk<'a>, two: Walk<'a>, linear: i128) -> Vec<SlopePiece> {
    let mut pieces: Vec<SlopePiece> = Vec::new();
    let (mut one, mut two) = (one.peekable(), two.peekable());
    while let (Some(a), Some(b)) = (one.peek_mut(), two.peek_mut()) {
        let units = a.0.min(b.0);
        let slope = a.1 + b.1 + linear;
        (a.0, b.0) = (a.0 - units, b.0 - units);
        let (is_one_over, is_two_over) = (a.0 == 0, b.0 == 0);
        match pieces.last_mut() {
            Some(last) if last.1 == slope => last.0 += units,
            _ => pieces.push((units, slope)),
        }
        if is_one_over {
            one.next();
        }
        if is_two_over {
            two.next();
        }
    }
    pieces
}

/// Why fees are no arcs of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConvexError {
    /// The channel is not in the table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A penalty is not convex.
    #[error("the penalty of the node that {direction:?} leaves is not convex")]
    NotConvex {
        /// Whose penalty.
        direction: Direction,
    },
    /// A unit of flow is nothing.
    #[error("a unit of flow is at least 1 msat")]
    NoUnit,
    /// A unit would be paid for.
    #[error("the channel pays for being rebalanced")]
    Rewarded,
    /// A unit costs more than [`SLOPE_MAX`] millionths of a msat.
    #[error("a unit of flow costs too much; take a smaller one")]
    TooDear,
}
