//! A field that is refused.

/// A field whose value has the right form and is refused nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct FieldError {
    /// Its path, as `limits.cltv_max`.
    pub field: &'static str,
    /// What is wrong.
    pub problem: &'static str,
    /// What to do.
    pub hint: &'static str,
}
