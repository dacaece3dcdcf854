//! A flag by which another thread ends a query early.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

/// Ends the queries that carry it: a search that sees the flag ends as one whose work has run out, within some
/// microseconds; the flow of a plan ends with its next path. Clones are handles to the same flag; the default has none
/// and never ends anything. Not here: clocks, which belong to whoever raises the flag.
#[derive(Debug, Clone, Default)]
pub struct Stop(Option<Arc<AtomicBool>>);

impl Stop {
    /// A flag that is down.
    pub fn new() -> Self {
        Stop(Some(Arc::default()))
    }

    /// Raises or lowers the flag; nothing where there is none.
    pub fn set(&self, is_raised: bool) {
        if let Some(flag) = &self.0 {
            flag.store(is_raised, Relaxed);
        }
    }

    /// Whether the flag is raised. A load.
    #[inline(always)]
    pub fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|flag| flag.load(Relaxed))
    }
}

/// The same flag, or none in both.
impl PartialEq for Stop {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_equal_to_its_clones_only() {
        let (one, two) = (Stop::new(), Stop::new());
        let same = one.clone();
        one.set(true);
        assert!(same.is_set() && !two.is_set());
        assert!(one == same && one != two && one != Stop::default() && Stop::default() == Stop::default());
        Stop::default().set(true);
        assert!(!Stop::default().is_set());
    }
}
