//! The numbers of admission, each with its reason.

/// Two weeks: a channel of which one direction has no younger update is pruned (BOLT 7, Pruning the Network View).
pub const STALE_SECS: u32 = 14 * 24 * 60 * 60;
/// One day: a timestamp further ahead of the clock is no slip of a clock.
pub const FUTURE_SECS_MAX: u32 = 24 * 60 * 60;
/// Blocks between the spending of a funding output and the end of its channel, so that a splice can be announced
/// (BOLT 7, channel_announcement).
pub const CLOSE_DELAY_BLOCKS: u32 = 72;
/// Channels in the view: twenty times mainnet in 2026. Each was paid for on the chain where funding is checked.
pub const CHANNEL_COUNT_MAX: usize = 1 << 20;
/// Bytes of the features of all of them and of all nodes; those of mainnet have less than one of these 64 MiB.
pub const FEATURE_BYTES_MAX: usize = 64 << 20;
/// Channels that are barred because their owners signed two announcements; the oldest are forgotten.
pub(super) const BARRED_COUNT_MAX: usize = 1 << 14;
/// Updates of one direction, or announcements of one node, that may come at once.
pub const UPDATE_BURST: u8 = 10;
/// Seconds until a direction or a node may have one more. An honest direction has some 0.6 a day.
pub const UPDATE_INTERVAL_SECS: u32 = 60;
