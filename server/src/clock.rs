//! The time of day, as gossip and beliefs count it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use primitives::UnixTime;

/// Now, in whole seconds; 0 for a clock before 1970.
pub fn unix_now() -> UnixTime {
    let secs = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    UnixTime::from_secs(u32::try_from(secs).unwrap_or(u32::MAX))
}

/// A number that no other run of this server has: the nanosecond in which it began.
pub(crate) fn run_number() -> u64 {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// How long it is until that second begins; nothing where it has begun.
pub(crate) fn until(time: UnixTime) -> Duration {
    let begins_at = UNIX_EPOCH + Duration::from_secs(time.to_secs().into());
    begins_at.duration_since(SystemTime::now()).unwrap_or_default()
}
