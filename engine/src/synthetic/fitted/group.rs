//! What the tables of [`super::policy`] consist of.
//!
//! A *stamp* is what a node usually puts on all its channels: base fee, expiry delta and least HTLC. The commonest of
//! each size of node are kept whole, because they go together with a way of choosing the proportional fee; the others
//! are drawn from three independent tables.

/// A common combination.
#[derive(Debug)]
pub(in crate::synthetic) struct Stamp {
    /// Share of the arcs of that size of node, in 1/10,000.
    pub(in crate::synthetic) share: u32,
    /// `fee_base_msat`, `cltv_expiry_delta`, `htlc_minimum_msat`.
    pub(in crate::synthetic) values: [u32; 3],
    /// Quantiles of `fee_proportional_millionths` under this stamp.
    pub(in crate::synthetic) ppm: &'static [i64],
}

/// Shortens the tables.
pub(in crate::synthetic) const fn stamp(share: u32, values: [u32; 3], ppm: &'static [i64]) -> Stamp {
    Stamp { share, values, ppm }
}

/// How nodes of one size behave.
#[derive(Debug)]
pub(in crate::synthetic) struct SizeGroup {
    /// The commonest stamps.
    pub(in crate::synthetic) stamps: &'static [Stamp],
    /// `fee_base_msat` of all other stamps.
    pub(in crate::synthetic) other_base: &'static [i64],
    /// `cltv_expiry_delta` of all other stamps.
    pub(in crate::synthetic) other_cltv: &'static [i64],
    /// `htlc_minimum_msat` of all other stamps.
    pub(in crate::synthetic) other_minimum: &'static [i64],
    /// `fee_proportional_millionths` under all other stamps.
    pub(in crate::synthetic) other_ppm: &'static [i64],
    /// On what share of its channels, in 1/10,000, a node puts its commonest stamp.
    pub(in crate::synthetic) stamp_kept: &'static [i64],
    /// On what share of its channels, in 1/10,000, a node asks its commonest `fee_proportional_millionths`.
    pub(in crate::synthetic) ppm_kept: &'static [i64],
    /// On what share of its channels, in 1/10,000, a node limits HTLCs its commonest way.
    pub(in crate::synthetic) limit_kept: &'static [i64],
    /// Share of arcs that let an HTLC take the whole capacity.
    pub(in crate::synthetic) limit_full: f64,
    /// Share of arcs that limit an HTLC to less than the usual 99 % of the capacity.
    pub(in crate::synthetic) limit_less: f64,
    /// Share of disabled arcs to an offline node.
    pub(in crate::synthetic) disabled_to_offline: f64,
    /// Share of disabled arcs between nodes that are both online, by the size of the head.
    pub(in crate::synthetic) disabled_to_online: f64,
    /// Share of arcs that a node disabled itself before it went offline.
    pub(in crate::synthetic) disabled_from_offline: f64,
}
