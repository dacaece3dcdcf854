//! How high the chain is, as far as a graph tells.

use engine::graph::ChannelIdx;
use engine::snapshot::Snapshot;

/// The block of the newest channel: what is known of the chain's height where no chain is followed. On mainnet some
/// channel opens every few blocks, so it is late by a few. 0 for an empty graph. O(1).
pub(in crate::http) fn newest_block(snapshot: &Snapshot) -> u32 {
    // Channels are numbered by name, first those of the generation, then those that opened since.
    let ends = [snapshot.topology().channel_count(), snapshot.channel_count()];
    let last = ends.into_iter().filter_map(|end| end.checked_sub(1));
    let blocks = last.map(|place| {
        let place = u32::try_from(place).expect("channels are numbered with 32 bits");
        snapshot.short_channel_id(ChannelIdx::from_u32(place)).block()
    });
    blocks.max().unwrap_or(0)
}
