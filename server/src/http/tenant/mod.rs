//! Who asks: keys, what each may do, and how much.

mod caller;

pub use caller::{Caller, Scope, TenantIdx};
