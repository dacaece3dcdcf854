//! Where the funding outputs lie in the chain.
//!
//! Channels are numbered by age. Heights follow the fitted curve, so that channels of one block are neighbours; within
//! a block the transaction index grows with each channel. Both together make ids unique and rising by construction.

use std::ops::Range;

use primitives::ShortChannelId;
use rand::Rng;

use super::fitted::shape::{FUNDING_BLOCK, FUNDING_TRANSACTION};
use super::quantile;

/// The ids of the channels `range` of `channel_count`, oldest first.
pub(super) fn short_channel_ids(
    channel_count: u32,
    range: Range<u32>,
    rng: &mut impl Rng,
) -> Vec<ShortChannelId> {
    let mut ids = Vec::with_capacity(range.len());
    let mut block = channels_of_block(channel_count, range.start);
    for channel in range {
        if channel >= block.end {
            block = channels_of_block(channel_count, channel);
        }
        let place = channel - block.start;
        let share = (f64::from(place) + rng.random::<f64>()) / block.len() as f64;
        // The quantile never falls from one place to the next, so adding the place makes it rise.
        let transaction = quantile::at(&FUNDING_TRANSACTION, share) as u32 + place;
        let id = ShortChannelId::from_parts(height(channel_count, channel), transaction, output(rng))
            .expect("heights and indices of the tables fit 24 bits");
        ids.push(id);
    }
    ids
}

/// All channels in the block of this one. A block holds 0 to about 100.
fn channels_of_block(channel_count: u32, channel: u32) -> Range<u32> {
    let block = height(channel_count, channel);
    let (mut start, mut end) = (channel, channel + 1);
    while start > 0 && height(channel_count, start - 1) == block {
        start -= 1;
    }
    while end < channel_count && height(channel_count, end) == block {
        end += 1;
    }
    start..end
}

fn height(channel_count: u32, channel: u32) -> u32 {
    quantile::at_ends(&FUNDING_BLOCK, (f64::from(channel) + 0.5) / f64::from(channel_count)) as u32
}

/// Most funding transactions have a funding output and change, in either order; batches have more.
fn output(rng: &mut impl Rng) -> u16 {
    match rng.random::<f64>() {
        u if u < 0.517 => 1,
        u if u < 0.864 => 0,
        u => (2.0 - (8.0 * (1.0 - u)).ln() * 2.5) as u16,
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn ids_rise_across_chunks_at_every_size() {
        for channel_count in [1, 1000, 300_000] {
            let mut last = None;
            for start in (0..channel_count).step_by(777) {
                let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(u64::from(start));
                let range = start..(start + 777).min(channel_count);
                for id in short_channel_ids(channel_count, range, &mut rng) {
                    assert!(last < Some(id), "{id}");
                    assert!((514_000..=921_000).contains(&id.block()));
                    last = Some(id);
                }
            }
        }
    }
}
