//! What a channel's largest HTLC limits.

/// What a channel's `htlc_maximum_msat` limits. By BOLT 7 it is each HTLC; many nodes tell by it what they can forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaximumRule {
    /// All parts over the channel together.
    #[default]
    Together,
    /// Each part alone; together they keep within so many times as much, and within the capacity.
    Times(u32),
    /// Each part alone; together they keep within the capacity.
    Each,
}
