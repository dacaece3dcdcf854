//! The proof that signatures were checked.

/// A fact whose signatures were checked, and the message that says it: `()` where the message lies in the log already.
///
/// Its fields are private and there is no constructor outside of this module: whoever holds one need not ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<F, M = Box<[u8]>> {
    fact: F,
    message: M,
}

impl<F, M> Verified<F, M> {
    /// Only a job that has just checked every signature calls this, and the log that one such filled.
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
