//! What a search of one query stands on.

use super::hops::Hops;
use super::weight::{Uses, World};

/// The graph with all that a search of one query asks of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Graph<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) hops: &'a Hops,
    pub(super) uses: &'a Uses,
}

impl Graph<'_> {
    /// What the hops of a node weigh at least.
    #[inline(always)]
    pub(super) fn hops_weight(&self, node: u32) -> u64 {
        self.world.hop() * u64::from(self.hops.at(node))
    }
}
