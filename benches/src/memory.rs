//! Resident memory of this process, as the kernel counts it.

use std::fs;

/// Bytes of this process that are in memory; `None` where the system does not tell (it does on Linux).
pub fn resident_bytes() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touched_memory_is_resident() {
        let Some(before) = resident_bytes() else { return };
        let block = vec![1u8; 64 << 20];
        let after = resident_bytes().expect("it told before");
        assert!(after - before > 60 << 20, "{before} {after}, {}", block.len());
    }
}
