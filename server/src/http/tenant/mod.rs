//! Who asks: keys, what each allows, and how much.

mod account;
mod accounts;
mod bucket;
mod budgets;
mod caller;
mod key;

pub use account::{Account, Scope, Scopes};
pub use accounts::{Accounts, AccountsError, KeySettings};
pub use bucket::{Bucket, Rate};
pub use caller::{Admin, Caller, Writer};
pub use key::{KeyHash, presented_key};

pub(in crate::http) use caller::{too_many, unknown};
