//! The proof that signatures were checked.

/// A fact whose signatures were checked, and the message that says it.
///
/// Its fields are private, and one with its message is made by the check alone: whoever holds one need not ask again. One without
/// (`M` is `()`) is what a log tells, whose word is taken for it: see [`Record::restore`](crate::record::Record::restore),
/// the one other door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<F, M = Box<[u8]>> {
    fact: F,
    message: M,
}

impl<F, M> Verified<F, M> {
    /// Only a job that has just checked every signature calls this, and without a message the log that one such filled.
    pub(super) fn new(fact: F, message: M) -> Self {
        Verified { fact, message }
    }

    /// What was signed.
    pub const fn fact(&self) -> &F {
        &self.fact
    }

    /// Both parts.
    pub fn into_parts(self) -> (F, M) {
        (self.fact, self.message)
    }
}

impl<F> Verified<F> {
    /// The whole message with its type, as it is stored and relayed.
    pub const fn message(&self) -> &[u8] {
        &self.message
    }
}
