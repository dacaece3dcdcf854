//! Channels that leave the view: stale ones after two weeks, closed ones after a delay.

use primitives::{BlockHeight, GraphDelta, ShortChannelId, UnixTime};

use super::entry::ChannelEntry;
use super::limits::{CLOSE_DELAY_BLOCKS, STALE_SECS};
use super::network::NetworkView;

impl NetworkView {
    /// Removes channels of which one direction has not been updated for two weeks; one that never was counts from
    /// when the channel was first seen. O(channels), so it is called every few minutes.
    pub fn prune(&mut self, now: UnixTime) -> Vec<GraphDelta> {
        let oldest = now.to_secs().saturating_sub(STALE_SECS);
        let is_stale = |entry: &ChannelEntry| {
            entry.updates.iter().any(|update| {
                let latest = update.map_or(entry.seen_at, |update| update.revision.timestamp);
                latest.to_secs() < oldest
            })
        };
        self.remove_where(is_stale)
    }

    /// A new tip of the chain: removes channels whose funding output was spent [`CLOSE_DELAY_BLOCKS`] ago.
    /// O(channels).
    pub fn advance(&mut self, height: BlockHeight) -> Vec<GraphDelta> {
        self.height = height;
        let is_over = |entry: &ChannelEntry| {
            entry
                .spent_at
                .is_some_and(|spent| height.to_u32() >= spent.to_u32().saturating_add(CLOSE_DELAY_BLOCKS))
        };
        self.remove_where(is_over)
    }

    /// A block spent a channel's funding output, or the block that did was reorganised away. Whoever finds the output gone
    /// knows that some block did, not which, so the earliest that was told holds. Returns whether this is news.
    pub fn set_spent(&mut self, short_channel_id: ShortChannelId, spent_at: Option<BlockHeight>) -> bool {
        let Some(entry) = self.channels.get_mut(&short_channel_id) else { return false };
        let earliest = spent_at.map(|told| entry.spent_at.map_or(told, |known| known.min(told)));
        std::mem::replace(&mut entry.spent_at, earliest) != earliest
    }

    fn remove_where(&mut self, is_over: impl Fn(&ChannelEntry) -> bool) -> Vec<GraphDelta> {
        let over: Vec<ShortChannelId> =
            self.channels.iter().filter(|(_, entry)| is_over(entry)).map(|(id, _)| *id).collect();
        over.into_iter().filter_map(|id| self.remove(id)).collect()
    }
}
