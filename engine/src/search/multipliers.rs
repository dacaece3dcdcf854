//! Which tolls on hops and blocks to try next, so that the cheapest route with tolls is within the limits.
//!
//! Every route that was found is a *cut*: with tolls (h, b) the cheapest route of all costs, beyond what the limits
//! allow in tolls, at most cost + h * (hops - allowed hops) + b * (blocks - allowed blocks). The least of all cuts is
//! concave in the tolls; its maximum is where the next search may learn most (Kelley, "The cutting-plane method for
//! solving convex programs", 1960; with one limit it is what Handler and Zang do in "A dual algorithm for the
//! constrained shortest path problem", 1980). Tolls only decide where a search looks, so floats will do.

use crate::cost::{TOLL_PARTS, Tolls};

/// The tolls to try, from the routes found so far.
#[derive(Debug, Clone)]
pub(super) struct Multipliers {
    /// Hops and blocks that a route may take; `None` where that is not limited.
    allowed: [Option<u64>; 2],
    /// Tolls are sought up to these.
    tolls_max: [f64; 2],
    /// How often each of these has grown.
    growths: [u32; 2],
    /// A fee that is usual for the payment's amount.
    usual: f64,
    /// No route costs as much.
    cost_end: f64,
    cuts: [Cut; CUT_COUNT_MAX],
    cut_count: usize,
    /// Where the cuts are highest, and how high.
    tolls: [f64; 2],
    height: f64,
}

/// What a route says of all tolls.
#[derive(Debug, Clone, Copy, Default)]
struct Cut {
    cost: f64,
    /// Hops and blocks beyond the limits; negative within them, zero where there is no limit.
    over: [f64; 2],
}

/// A route, as far as tolls are concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weighed {
    /// Its cost without tolls, in msat.
    pub(super) cost: u64,
    pub(super) hops: u64,
    pub(super) blocks: u64,
}

impl Multipliers {
    /// For routes of so many hops and blocks for a payment of `amount`, none of which costs `cost_end` or more. As long
    /// as no route is known, there is no toll.
    pub(super) fn new(hops: Option<u64>, blocks: Option<u64>, amount: u64, cost_end: u64) -> Self {
        Multipliers {
            allowed: [hops, blocks],
            tolls_max: [0.0; 2],
            growths: [0; 2],
            usual: (amount as f64 * USUAL_RATE).max(1.0),
            cost_end: cost_end as f64,
            cuts: [Cut::default(); CUT_COUNT_MAX],
            cut_count: 0,
            tolls: [0.0; 2],
            height: 0.0,
        }
    }

    /// The tolls to try next.
    pub(super) fn tolls(&self) -> Tolls {
        Tolls { hop: self.tolls[0].ceil() as u64, block: (self.tolls[1] * TOLL_PARTS as f64).ceil() as u64 }
    }

    /// What a route within the limits pays in these tolls at most; `None` beyond 64 bits.
    pub(super) fn most(&self, tolls: Tolls) -> Option<u64> {
        tolls.most(self.allowed[0].unwrap_or(0), self.allowed[1].unwrap_or(0))
    }

    /// Adds a route that the last tolls led to, and looks for better ones; `false` where there is nothing more to learn.
    pub(super) fn add(&mut self, route: Weighed) -> bool {
        let over = |used: u64, allowed: Option<u64>| allowed.map_or(0.0, |max| used as f64 - max as f64);
        let over = [over(route.hops, self.allowed[0]), over(route.blocks, self.allowed[1])];
        let cut = Cut { cost: route.cost as f64, over };
        let is_first = self.cut_count == 0;
        // Where the tolls were highest already, a route that costs no less there ends the ascent.
        let is_news = is_first || cut.height(self.tolls) < self.height - 1.0 - self.height.abs() * PRECISION;
        let can_grow = self.grow(&cut, route, is_news);
        if self.cut_count == CUT_COUNT_MAX || !is_news && !can_grow {
            return false;
        }
        self.cuts[self.cut_count] = cut;
        self.cut_count += 1;
        let former = self.tolls;
        self.ascend();
        is_first || self.tolls != former
    }

    /// Makes room for higher tolls where a route breaks a limit in spite of the highest, or says nothing new while the
    /// highest are asked for; says whether it did.
    fn grow(&mut self, cut: &Cut, route: Weighed, is_news: bool) -> bool {
        let used = [route.hops, route.blocks];
        let mut has_grown = false;
        for kind in [0, 1] {
            let is_tight = self.tolls[kind] >= self.tolls_max[kind] * (1.0 - PRECISION);
            // The highest point lies at the edge only where it would be higher beyond.
            let wants_more = cut.over[kind] > 0.0 || !is_news && self.growths[kind] > 0;
            if self.allowed[kind].is_none() || !wants_more || !is_tight {
                continue;
            }
            self.tolls_max[kind] = match self.growths[kind] {
                0 => self.usual.max(cut.cost) / used[kind].max(1) as f64,
                1 => self.tolls_max[kind] * GROWTH,
                // From here on, one hop or block costs more than any route: what still takes too many proves that all do.
                2 => self.tolls_max[kind].max(self.cost_end * (1.0 + PRECISION)),
                _ => continue,
            };
            self.growths[kind] += 1;
            has_grown = true;
        }
        has_grown
    }

    /// Finds the highest point of the least cut: where three of the cuts and the edges of the tolls' range meet.
    fn ascend(&mut self) {
        let cuts = &self.cuts[..self.cut_count];
        let (mut tolls, mut height) = ([0.0; 2], f64::NEG_INFINITY);
        let [hop_max, block_max] = self.tolls_max;
        let mut visit = |at: [f64; 2]| {
            let inside = at.iter().zip([hop_max, block_max]).all(|(&toll, max)| (0.0..=max).contains(&toll));
            let least = cuts.iter().map(|cut| cut.height(at)).fold(f64::INFINITY, f64::min);
            // Of points that are equally high, the one with the least tolls leaves the least gap.
            let is_higher = least > height || least == height && at[0] + at[1] < tolls[0] + tolls[1];
            if inside && is_higher {
                (tolls, height) = (at, least);
            }
        };
        for hop in [0.0, hop_max] {
            [0.0, block_max].into_iter().for_each(|block| visit([hop, block]));
        }
        for (at, one) in cuts.iter().enumerate() {
            for (after, two) in cuts[..at].iter().enumerate() {
                let between = one.minus(two);
                for hop in [0.0, hop_max] {
                    visit([hop, -(between.cost + between.over[0] * hop) / between.over[1]]);
                }
                for block in [0.0, block_max] {
                    visit([-(between.cost + between.over[1] * block) / between.over[0], block]);
                }
                for three in &cuts[..after] {
                    visit(between.meets(one.minus(three)));
                }
            }
        }
        (self.tolls, self.height) = (tolls, height);
    }
}

impl Cut {
    fn height(&self, tolls: [f64; 2]) -> f64 {
        self.cost + self.over[0] * tolls[0] + self.over[1] * tolls[1]
    }

    fn minus(&self, other: &Cut) -> Cut {
        let over = [self.over[0] - other.over[0], self.over[1] - other.over[1]];
        Cut { cost: self.cost - other.cost, over }
    }

    /// The tolls at which both are zero; not finite where there are none.
    fn meets(&self, other: Cut) -> [f64; 2] {
        let area = self.over[0] * other.over[1] - self.over[1] * other.over[0];
        let hop = (self.over[1] * other.cost - other.over[1] * self.cost) / area;
        let block = (other.over[0] * self.cost - self.over[0] * other.cost) / area;
        [hop, block]
    }
}

/// Routes that are looked at to find the tolls: more than that cost more than they save.
pub(super) const CUT_COUNT_MAX: usize = 12;
/// A fee of 100 millionths is usual: where the first route is free, tolls start from it.
const USUAL_RATE: f64 = 0.0001;
/// How much higher tolls become at first.
const GROWTH: f64 = 16.0;
/// Of what is compared.
const PRECISION: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed(cost: u64, hops: u64, blocks: u64) -> Weighed {
        Weighed { cost, hops, blocks }
    }

    /// All tolls that few routes can ask for, tried one by one.
    #[test]
    fn the_highest_point_is_found() {
        let mut seed = 1u64;
        let mut below = |end: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % end
        };
        for _ in 0..300 {
            let mut multipliers = Multipliers::new(Some(10), Some(100), 1_000_000, 1 << 40);
            multipliers.tolls_max = [50.0, 5.0];
            for at in 0..6 {
                let over = [below(9) as f64 - 4.0, below(60) as f64 - 30.0];
                multipliers.cuts[at] = Cut { cost: below(200) as f64, over };
            }
            multipliers.cut_count = 6;
            multipliers.ascend();
            for hop in 0..=100 {
                for block in 0..=100 {
                    let at = [f64::from(hop) * 0.5, f64::from(block) * 0.05];
                    let cuts = multipliers.cuts[..6].iter().map(|cut| cut.height(at));
                    let least = cuts.fold(f64::INFINITY, f64::min);
                    assert!(least <= multipliers.height + 1e-6, "{multipliers:?} at {at:?}");
                }
            }
        }
    }

    #[test]
    fn one_limit_leads_to_the_toll_between_two_routes() {
        let mut multipliers = Multipliers::new(Some(4), None, 1_000_000, 1 << 40);
        assert_eq!(multipliers.tolls(), Tolls::default());
        assert!(multipliers.add(weighed(1000, 5, 900)));
        assert!(multipliers.tolls().hop > 0);
        // One hop less for 60 msat, as long as tolls are high.
        while multipliers.cut_count < 2 {
            let is_dear = multipliers.tolls().hop > 60;
            let route = if is_dear { weighed(1060, 4, 10) } else { weighed(1000, 5, 900) };
            assert!(multipliers.add(route));
        }
        assert_eq!(multipliers.tolls(), Tolls { hop: 60, block: 0 });
    }

    #[test]
    fn tolls_grow_beyond_the_cost_of_any_route() {
        let mut multipliers = Multipliers::new(None, Some(40), 1_000_000, 1 << 40);
        while multipliers.add(weighed(1000, 5, 41)) {}
        assert!(multipliers.tolls().block > (1 << 40) * TOLL_PARTS);
    }
}
