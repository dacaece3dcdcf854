//! What a key stands for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::budgets::{Budgets, Rates};
use super::key::KeyHash;
use crate::http::applier::{TenantIdx, TenantView};

/// What a key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Routes, plans, reach and the graph.
    Read,
    /// Layers, reservations and feedback of its tenant.
    Write,
    /// Metrics, and changes of what all see.
    Admin,
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

/// What a key stands for: one for each key, or one for all where there are none.
#[derive(Debug)]
pub struct Account {
    /// Its name, for logs and metrics.
    pub name: String,
    /// Its key; none where it is everybody's.
    pub(super) key: Option<KeyHash>,
    /// Whose layers, reservations and beliefs it uses.
    pub tenant: TenantIdx,
    /// The readers' side of these.
    pub view: TenantView,
    /// What it allows.
    pub scopes: Scopes,
    /// Whether it is everybody's, because there are no keys.
    pub is_open: bool,
    /// What it may use up, with all other accounts of its key; everybody's has no bound.
    pub(super) budget: Option<Budget>,
}

/// The budgets of an account's key.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) budgets: Arc<Budgets>,
    /// How fast they fill from when the account counts.
    pub(super) rates: Rates,
}

impl Scopes {
    /// All of them.
    pub const ALL: Scopes = Scopes(7);

    /// Whether it is among them.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & Scopes::bit(scope) != 0
    }

    fn bit(scope: Scope) -> u8 {
        match scope {
            Scope::Read => 1,
            Scope::Write => 2,
            Scope::Admin => 4,
        }
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Scopes(scopes.into_iter().fold(0, |bits, scope| bits | Scopes::bit(scope)))
    }
}

impl Account {
    /// Takes so many requests from the budget, into debt where some are left.
    ///
    /// # Errors
    /// The time after which there is one.
    pub fn take_requests(&self, count: usize, now: Instant) -> Result<(), Duration> {
        self.budgets().map_or(Ok(()), |budgets| budgets.requests.take(count as f64, now))
    }

    /// Whether there is work left in the budget.
    ///
    /// # Errors
    /// The time after which there is.
    pub fn check_work(&self, now: Instant) -> Result<(), Duration> {
        self.budgets().map_or(Ok(()), |budgets| budgets.work.take(0.0, now))
    }

    /// Takes work from the budget that was done.
    pub fn charge_work(&self, steps: u64, now: Instant) {
        if let Some(budgets) = self.budgets() {
            budgets.work.charge(steps as f64, now);
        }
    }

    fn budgets(&self) -> Option<&Budgets> {
        self.budget.as_ref().map(|budget| &*budget.budgets)
    }
}
