//! All accounts, by key.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::account::{Account, Budget, Scope, Scopes};
use super::bucket::Rate;
use super::budgets::{Budgets, Rates};
use super::key::KeyHash;
use crate::http::applier::{Applier, ChangeError};

/// A key as the operator configures it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeySettings {
    /// Its name, for logs and metrics; no two have the same.
    pub name: String,
    /// Its hash.
    pub hash: KeyHash,
    /// Whose layers, reservations and beliefs it uses.
    pub tenant: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// Requests a second; none is no limit.
    pub requests: Option<Rate>,
    /// Steps of work a second, which are settled nodes and scanned entries; none is no limit.
    pub work: Option<Rate>,
}

/// All accounts. Made anew when the keys change.
#[derive(Debug)]
pub struct Accounts {
    by_key: HashMap<KeyHash, Arc<Account>>,
    /// Everybody's, where there are no keys.
    open: Option<Arc<Account>>,
}

/// Why keys are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountsError {
    /// Two keys have one name or one hash.
    #[error("key {at} has the name or the secret of another one")]
    Duplicate {
        /// Its place among the keys.
        at: usize,
    },
    /// There are more than [`KEY_COUNT_MAX`].
    #[error("there are more than {KEY_COUNT_MAX} keys")]
    TooMany,
    /// The applier takes no more tenants.
    #[error(transparent)]
    Tenant(#[from] ChangeError),
}

impl Accounts {
    /// The accounts of these keys; without any, everybody may do all. Tenants that are known go on.
    ///
    /// # Errors
    /// See [`AccountsError`].
    pub async fn open(keys: &[KeySettings], applier: &Applier) -> Result<Self, AccountsError> {
        let none = Accounts { by_key: HashMap::new(), open: None };
        none.reopen(keys, applier).await
    }

    /// The same where some keys may be known already: they go on with their budgets, and with the rates of these once
    /// [`Accounts::take_effect`] is called.
    ///
    /// # Errors
    /// See [`AccountsError`].
    pub async fn reopen(&self, keys: &[KeySettings], applier: &Applier) -> Result<Self, AccountsError> {
        if keys.len() > KEY_COUNT_MAX {
            return Err(AccountsError::TooMany);
        }
        if keys.is_empty() {
            let (tenant, view) = applier.tenant(EVERYBODY).await?;
            let name = EVERYBODY.to_owned();
            let scopes = Scopes::ALL;
            let open = Account { name, key: None, tenant, view, scopes, is_open: true, budget: None };
            return Ok(Accounts { by_key: HashMap::new(), open: Some(Arc::new(open)) });
        }
        let now = Instant::now();
        let (mut by_key, mut names) = (HashMap::new(), HashSet::new());
        for (at, key) in keys.iter().enumerate() {
            let (tenant, view) = applier.tenant(&key.tenant).await?;
            let rates = Rates { requests: key.requests, work: key.work };
            let former = self.by_key.get(&key.hash).and_then(|former| former.budget.as_ref());
            let budgets = former.map(|former| Arc::clone(&former.budgets));
            let budgets = budgets.unwrap_or_else(|| Arc::new(Budgets::new(rates, now)));
            let account = Account {
                name: key.name.clone(),
                key: Some(key.hash),
                tenant,
                view,
                scopes: key.scopes.iter().copied().collect(),
                is_open: false,
                budget: Some(Budget { budgets, rates }),
            };
            if !names.insert(&key.name) || by_key.insert(key.hash, Arc::new(account)).is_some() {
                return Err(AccountsError::Duplicate { at });
            }
        }
        Ok(Accounts { by_key, open: None })
    }

    /// Fills the budgets at the rates of these accounts from now on, for streams that began with former accounts, too.
    pub fn take_effect(&self, now: Instant) {
        for Budget { budgets, rates } in self.by_key.values().filter_map(|account| account.budget.as_ref()) {
            budgets.set_rates(*rates, now);
        }
    }

    /// Whose key it is.
    pub fn find(&self, key: Option<&[u8]>) -> Option<&Arc<Account>> {
        match (&self.open, key) {
            (Some(open), _) => Some(open),
            (None, Some(key)) => self.by_key.get(&KeyHash::of(key)),
            (None, None) => None,
        }
    }

    /// Whether an account of these or former accounts may still read, and the same as before.
    pub fn still_lets_read(&self, account: &Account) -> bool {
        let current = match &account.key {
            Some(key) => self.by_key.get(key),
            None => self.open.as_ref(),
        };
        current.is_some_and(|current| current.tenant == account.tenant && current.scopes.has(Scope::Read))
    }

    /// Whether anybody may ask.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

/// Keys: each may have a table of beliefs, some megabytes.
pub(super) const KEY_COUNT_MAX: usize = 4096;
/// The tenant where there are no keys.
const EVERYBODY: &str = "everybody";
