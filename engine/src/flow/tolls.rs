//! Tolls on blocks and hops, for the limits of each part.

use crate::cost::Prices;
use crate::search::{Limits, Used};

/// Tolls on top of a query's prices.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tolls {
    on: Overlong,
    /// How often they were raised.
    level: u32,
}

/// Limits that parts have exceeded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Overlong {
    blocks: bool,
    /// The limit on hops, or on the payload that grows with them.
    hops: bool,
}

impl Overlong {
    pub(super) fn is_any(self) -> bool {
        self.blocks || self.hops
    }

    /// Whether what a part has `used` is within the limits; takes down which of them it exceeds.
    pub(super) fn is_within(&mut self, limits: &Limits, used: &Used) -> bool {
        let fits = limits.allow(used);
        if !fits {
            let has_blocks = limits.cltv.is_none_or(|max| used.cltv <= max);
            self.blocks |= !has_blocks;
            self.hops |= has_blocks || !Limits { cltv: None, ..*limits }.allow(used);
        }
        fits
    }
}

impl Tolls {
    /// Raises them, on what was exceeded, too; `false` where they are as high as they get.
    pub(super) fn raise(&mut self, over: Overlong) -> bool {
        self.on.blocks |= over.blocks;
        self.on.hops |= over.hops;
        let is_higher = self.level < LEVEL_MAX;
        self.level += u32::from(is_higher);
        is_higher
    }

    /// The prices with the tolls of a payment of `amount` msat.
    pub(super) fn on(self, prices: Prices, amount: u64, limits: &Limits) -> Prices {
        let Some(doublings) = self.level.checked_sub(1) else { return prices };
        let rate = |is_on: bool, max: Option<u32>| {
            let rate = u128::from(FIRST_BILLIONTHS << doublings) / u128::from(max.unwrap_or(1).max(1));
            if is_on { rate } else { 0 }
        };
        let toll = |rate: u128| u64::try_from(rate).unwrap_or(u64::MAX);
        let hop = rate(self.on.hops, limits.hops) * u128::from(amount) / BILLION;
        let block_toll_billionths = toll(rate(self.on.blocks, limits.cltv));
        Prices { hop_toll: toll(hop), block_toll_billionths, ..prices }
    }
}

/// How often tolls are raised, twofold each time: in the end a part that uses up a limit pays 1.6 times what it delivers.
const LEVEL_MAX: u32 = 15;
/// What it pays at first, in billionths of that: a usual fee.
const FIRST_BILLIONTHS: u64 = 100_000;
const BILLION: u128 = 1_000_000_000;
