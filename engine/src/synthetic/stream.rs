//! Independent random streams, so that chunks can be drawn in any order and on any thread.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a stream is used for; the number is part of the output's definition.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Stubs = 1,
    Parallels = 2,
    ChannelOrder = 3,
    Habits = 4,
    NodeOrder = 5,
    Keys = 6,
    ShortChannelIds = 7,
    Policies = 8,
    Queries = 9,
    Balances = 10,
    Payments = 11,
}

/// The stream of one chunk. ChaCha with 8 rounds has 2^64 streams a seed, so none overlap.
pub(super) fn stream(seed: u64, purpose: Purpose, chunk: u32) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((purpose as u64) << 32 | u64::from(chunk));
    rng
}
