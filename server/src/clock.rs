//! The time of day, as gossip and beliefs count it.

use std::time::{SystemTime, UNIX_EPOCH};

use primitives::UnixTime;

/// Now, in whole seconds; 0 for a clock before 1970.
pub fn unix_now() -> UnixTime {
    let secs = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    UnixTime::from_secs(u32::try_from(secs).unwrap_or(u32::MAX))
}
