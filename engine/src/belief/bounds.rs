//! What is known of one channel, and how an observation changes it.
//!
//! A lower bound of one direction is the capacity minus an upper bound of the other. So what is stored are two
//! *floors*: what each side of the channel is known to hold at least.
//!
//! ```text
//! 0          floor of node 1                       capacity - floor of node 2          capacity
//! |---------------|----------- liquidity 1 -> 2 -----------|---------------------------|
//! ```
//! Every observation is one of a floor or moves both; none looks at the direction otherwise. Floors fade towards 0:
//! fading is memoryless, so a floor that a payment moved goes on fading from where it then stands.

use primitives::{Direction, Msat, UnixTime};

use super::decay::{Evidence, HalfLives};

/// What one side of a channel is known to hold at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Floor {
    /// The amount when it was learnt; 0 where nothing is known.
    pub amount: Msat,
    /// When it was learnt.
    pub learnt: UnixTime,
    /// How it was learnt, which decides how fast it fades.
    pub evidence: Evidence,
}

/// What is known of a channel: a floor of each node, `node_id_1` first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// By the direction that the node pays in: [`Direction::NodeOneToTwo`] is the floor of `node_id_1`.
    pub floors: [Floor; 2],
}

impl Floor {
    /// What is left of it at `now`. Never more than its amount; at a time before it was learnt, its amount.
    #[inline]
    pub fn faded(self, half_lives: HalfLives, now: UnixTime) -> Msat {
        half_lives.of(self.evidence).fade(self.amount, self.learnt, now)
    }
}

impl Bounds {
    /// Whether nothing is known, whatever the time.
    pub fn is_unknown(&self) -> bool {
        self.floors.iter().all(|floor| floor.amount == Msat::ZERO)
    }

    /// The least and the greatest liquidity of `direction` at `now`: 0 <= lower <= upper <= `capacity`.
    #[inline]
    pub fn of(
        self,
        direction: Direction,
        capacity: Msat,
        half_lives: HalfLives,
        now: UnixTime,
    ) -> (Msat, Msat) {
        let own = self.floors[direction.as_usize()].faded(half_lives, now);
        let other = self.floors[direction.reversed().as_usize()].faded(half_lives, now);
        // Floors of two moments may contradict each other, and a caller may take the channel for smaller than we do:
        // the one that refuses wins, for believing it costs an alternative and not an attempt.
        let upper = capacity.saturating_sub(other);
        (own.min(upper), upper)
    }

    /// The same in a channel whose capacity is `new` and was taken for `old`: what an HTLC was refused for stays the same
    /// amount, and so does what one side held.
    #[must_use]
    pub(super) fn measured_anew(mut self, old: Msat, new: Msat) -> Bounds {
        for floor in self.floors.iter_mut().filter(|floor| floor.amount != Msat::ZERO) {
            if floor.evidence == Evidence::Refused {
                floor.amount = new.saturating_sub(old.saturating_sub(floor.amount));
            }
        }
        self
    }

    /// An HTLC showed that `direction` held at least `amount`.
    #[must_use]
    pub fn carried(self, direction: Direction, amount: Msat, at: Moment) -> Bounds {
        self.raised(direction, Floor { amount, learnt: at.now, evidence: Evidence::Carried }, at)
    }

    /// An HTLC showed that `direction` held less than `amount`: the other side holds all but that.
    #[must_use]
    pub fn refused(self, direction: Direction, amount: Msat, at: Moment) -> Bounds {
        let most = amount.saturating_sub(Msat::from_msat(1));
        let floor =
            Floor { amount: at.capacity.saturating_sub(most), learnt: at.now, evidence: Evidence::Refused };
        self.raised(direction.reversed(), floor, at)
    }

    /// The balance of `direction` was seen.
    #[must_use]
    pub fn balance(self, direction: Direction, amount: Msat, at: Moment) -> Bounds {
        let amount = amount.min(at.capacity);
        let rest = at.capacity.saturating_sub(amount);
        if self.is_later_than(at.now) {
            return self.carried(direction, amount, at).carried(direction.reversed(), rest, at);
        }
        let floor = |amount| Floor { amount, learnt: at.now, evidence: Evidence::Carried };
        let mut floors = [floor(amount); 2];
        floors[direction.reversed().as_usize()] = floor(rest);
        Bounds { floors }
    }

    /// An HTLC of `amount` was settled along `direction`: it held as much, and now the other side does.
    #[must_use]
    pub fn settled(self, direction: Direction, amount: Msat, at: Moment) -> Bounds {
        if self.is_later_than(at.now) {
            return self.settled_before(direction, amount, at);
        }
        let mut bounds = self.carried(direction, amount, at);
        let amount = amount.min(at.capacity);
        let faded = bounds.floors.map(|floor| floor.faded(at.half_lives, at.now));
        let (own, other) = (direction.as_usize(), direction.reversed().as_usize());
        bounds.floors[own].amount = faded[own].saturating_sub(amount);
        bounds.floors[own].learnt = at.now;
        // Ours was at least `amount`, so theirs was at most the rest, and the sum stays within the capacity.
        let gained = faded[other].min(at.capacity.saturating_sub(amount)).saturating_add(amount);
        if faded[other] < amount || bounds.floors[other].evidence == Evidence::Carried {
            bounds.floors[other].evidence = Evidence::Received;
        }
        bounds.floors[other].amount = gained;
        bounds.floors[other].learnt = at.now;
        bounds
    }

    /// The same where something was learnt later, which has seen the HTLC already.
    fn settled_before(mut self, direction: Direction, amount: Msat, at: Moment) -> Bounds {
        let own = &mut self.floors[direction.as_usize()];
        if own.learnt <= at.now {
            own.amount = own.faded(at.half_lives, at.now).saturating_sub(amount);
            own.learnt = at.now;
        }
        let floor = Floor { amount, learnt: at.now, evidence: Evidence::Received };
        self.raised(direction.reversed(), floor, at)
    }

    /// Whether anything was learnt after that moment.
    #[inline]
    pub(super) fn is_later_than(self, moment: UnixTime) -> bool {
        self.floors.iter().any(|floor| floor.learnt > moment)
    }

    /// Takes `floor`, which is learnt at the moment, for the side that pays in `direction` unless more is known, and cuts the
    /// other side's where the two contradict: what was seen last is true. What comes late is therefore what gives way: a
    /// floor that was learnt after it stays as it is, for HTLCs may have moved between, and leaves the other the rest.
    pub(super) fn raised(mut self, direction: Direction, floor: Floor, at: Moment) -> Bounds {
        let (own, other) = (direction.as_usize(), direction.reversed().as_usize());
        let taken = if self.floors[other].learnt > at.now { self.floors[other].amount } else { Msat::ZERO };
        let amount = floor.amount.min(at.capacity.saturating_sub(taken));
        let known = self.floors[own];
        let is_late = known.learnt > at.now;
        if amount != Msat::ZERO && !is_late && amount >= known.faded(at.half_lives, at.now) {
            self.floors[own] = Floor { amount, ..floor };
        }
        let room = at.capacity.saturating_sub(amount);
        if self.floors[other].faded(at.half_lives, at.now) > room {
            self.floors[other].amount = room;
            self.floors[other].learnt = self.floors[other].learnt.max(at.now);
        }
        self
    }
}

/// The circumstances of an observation.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Of the channel.
    pub capacity: Msat,
    /// How fast floors fade.
    pub half_lives: HalfLives,
    /// When it was made.
    pub now: UnixTime,
}
