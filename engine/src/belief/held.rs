//! What one query believes.

use std::sync::Arc;

use primitives::UnixTime;

use super::{Beliefs, Prior};

/// The beliefs that a query goes by: bounds as they are at one moment, and how likely the amounts between them are.
///
/// What is learnt while the query runs may count for it; each channel that it looks at is seen at some moment.
#[derive(Debug, Clone)]
pub struct HeldBeliefs {
    /// The bounds. Best those of the query's own generation: others are looked up by name, which costs O(log m) an arc.
    pub beliefs: Arc<Beliefs>,
    /// How likely the amounts between the bounds are.
    pub prior: Prior,
    /// The moment that bounds have faded to.
    pub now: UnixTime,
}

impl HeldBeliefs {
    /// The same bounds on top of [`Prior::Uniform`].
    pub fn new(beliefs: Arc<Beliefs>, now: UnixTime) -> Self {
        HeldBeliefs { beliefs, prior: Prior::default(), now }
    }

    /// Whether they say no more than that any amount up to the capacity is equally likely.
    pub(crate) fn is_idle(&self) -> bool {
        self.prior == Prior::Uniform && self.beliefs.is_empty()
    }
}

/// Equal if they are of the same table, whatever it says.
impl PartialEq for HeldBeliefs {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.beliefs, &other.beliefs) && self.prior == other.prior && self.now == other.now
    }
}
