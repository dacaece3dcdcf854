//! What is known of every channel of one snapshot beside its policies: what each node owns in it, and what it charges.
//!
//! ```text
//! sides[arc]   the share of the arc's tail: balance, penalty at that balance, schedule     both of a channel are neighbours
//! ```
//! An arc carries what its tail owns; its fee is the tail's schedule on the way out and the head's, which is that of the
//! reversed arc, on the way in. Schedules may be shared. The fees of the snapshot's policies play no part, their limits on
//! HTLCs do. A channel that was told nothing of carries nothing and charges nothing.

use std::sync::Arc;

use primitives::{Direction, Msat, ShortChannelId, ShortChannelIdDir};

use super::mediate::Share;
use super::schedule::{AMOUNT_MAX, FeeSchedule};
use crate::graph::ChannelIdx;
use crate::snapshot::Snapshot;

/// Balances and schedules of a snapshot's channels.
#[derive(Debug, Clone)]
pub struct ImbalanceTable {
    snapshot: Arc<Snapshot>,
    sides: Vec<Side>,
}

#[derive(Debug, Clone)]
struct Side {
    balance: u64,
    penalty: i64,
    schedule: Arc<FeeSchedule>,
}

impl ImbalanceTable {
    /// All channels empty and free. O(channels).
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        let side = Side { balance: 0, penalty: 0, schedule: Arc::new(FeeSchedule::free()) };
        let sides = vec![side; snapshot.channel_count() * 2];
        ImbalanceTable { snapshot, sides }
    }

    /// The graph that it is about.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Tells what both nodes own in a channel, that of `node_id_1` first. O(log).
    ///
    /// # Errors
    /// Where the channel is unknown, or together they own more than the channel, or than a schedule knows.
    pub fn set_balances(
        &mut self,
        short_channel_id: ShortChannelId,
        balances: [Msat; 2],
    ) -> Result<(), TableError> {
        let channel = self.channel(short_channel_id)?;
        let [one, two] = self.arcs(channel);
        let schedules = [&self.sides[one].schedule, &self.sides[two].schedule];
        self.check(channel, balances, schedules)?;
        for (side, balance) in self.sides[one..=two].iter_mut().zip(balances) {
            side.balance = balance.to_msat();
            side.penalty = side.schedule.penalty(side.balance);
        }
        Ok(())
    }

    /// Tells what the node that an arc leaves charges on its channel. O(log).
    ///
    /// # Errors
    /// Where the channel is unknown, or the schedule does not know balances that occur in it.
    pub fn set_schedule(
        &mut self,
        arc: ShortChannelIdDir,
        schedule: Arc<FeeSchedule>,
    ) -> Result<(), TableError> {
        let channel = self.channel(arc.short_channel_id)?;
        let balances = self.balances_at(channel);
        self.check(channel, balances, [&schedule, &schedule])?;
        let side = &mut self.sides[channel.arc(arc.direction).to_usize()];
        side.penalty = schedule.penalty(side.balance);
        side.schedule = schedule;
        Ok(())
    }

    /// What both nodes own in a channel.
    ///
    /// # Errors
    /// Where the channel is unknown.
    pub fn balances(&self, short_channel_id: ShortChannelId) -> Result<[Msat; 2], TableError> {
        Ok(self.balances_at(self.channel(short_channel_id)?))
    }

    /// Moves what a payment moved over an arc. O(log).
    ///
    /// # Errors
    /// Where the channel is unknown or its tail does not own as much.
    pub fn move_balance(&mut self, arc: ShortChannelIdDir, amount: Msat) -> Result<(), TableError> {
        let ShortChannelIdDir { short_channel_id, direction } = arc;
        let mut balances = self.balances(short_channel_id)?;
        let [from, to] = [direction.as_usize(), direction.reversed().as_usize()];
        let balance = balances[from];
        balances[from] = balance.checked_sub(amount).ok_or(TableError::TooLittle { balance, amount })?;
        balances[to] = balances[to].saturating_add(amount);
        self.set_balances(short_channel_id, balances)
    }

    /// The same knowledge of a newer snapshot's channels; what has closed is forgotten. O(channels log).
    ///
    /// Where a channel's capacity is told differently there and does not hold its balances, it is empty and free.
    #[must_use]
    pub fn carried_to(&self, snapshot: Arc<Snapshot>) -> ImbalanceTable {
        let mut table = ImbalanceTable::new(snapshot);
        for channel in self.snapshot.channels() {
            let short_channel_id = self.snapshot.short_channel_id(channel);
            if table.set_balances(short_channel_id, self.balances_at(channel)).is_err() {
                continue;
            }
            for direction in Direction::BOTH {
                let schedule = Arc::clone(&self.sides[channel.arc(direction).to_usize()].schedule);
                table
                    .set_schedule(ShortChannelIdDir { short_channel_id, direction }, schedule)
                    .expect("a schedule knows the balances that it knew before");
            }
        }
        table
    }

    /// What an arc can carry.
    #[inline(always)]
    pub(super) fn balance(&self, arc: u32) -> u64 {
        self.sides[arc as usize].balance
    }

    /// The share of an arc's tail in its channel.
    #[inline(always)]
    pub(super) fn share(&self, arc: u32) -> Share<'_> {
        let side = &self.sides[arc as usize];
        Share { balance: side.balance, schedule: &side.schedule, penalty: side.penalty }
    }

    fn channel(&self, short_channel_id: ShortChannelId) -> Result<ChannelIdx, TableError> {
        self.snapshot.channel(short_channel_id).ok_or(TableError::UnknownChannel { short_channel_id })
    }

    fn arcs(&self, channel: ChannelIdx) -> [usize; 2] {
        Direction::BOTH.map(|direction| channel.arc(direction).to_usize())
    }

    fn balances_at(&self, channel: ChannelIdx) -> [Msat; 2] {
        self.arcs(channel).map(|arc| Msat::from_msat(self.sides[arc].balance))
    }

    fn check(
        &self,
        channel: ChannelIdx,
        balances: [Msat; 2],
        schedules: [&Arc<FeeSchedule>; 2],
    ) -> Result<(), TableError> {
        let balance = balances[0].saturating_add(balances[1]);
        let known = schedules.map(|schedule| schedule.balance_max());
        let capacity = self.snapshot.capacity(channel).unwrap_or(AMOUNT_MAX);
        let max = known[0].min(known[1]).min(capacity).min(AMOUNT_MAX);
        if balance > max { Err(TableError::TooMuch { balance, max }) } else { Ok(()) }
    }
}

/// Why something cannot be told of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The snapshot has no such channel.
    #[error("channel {short_channel_id} is not in the graph")]
    UnknownChannel {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// Both nodes would own more than the channel holds, or more than a schedule has a penalty for.
    #[error("both balances are {balance} together, more than {max}")]
    TooMuch {
        /// Their sum.
        balance: Msat,
        /// The most that it can be.
        max: Msat,
    },
    /// A payment is larger than the balance.
    #[error("{amount} is more than the balance of {balance}")]
    TooLittle {
        /// What is there.
        balance: Msat,
        /// What is to be moved.
        amount: Msat,
    },
}
