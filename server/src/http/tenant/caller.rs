//! Who asks: what a handler takes to be sure that it may answer.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::account::{Account, Scope};
use super::key::presented_key;
use crate::http::host::check_origin;
use crate::http::problem::Problem;

/// Whoever may read.
#[derive(Debug, Clone)]
pub struct Caller {
    account: Arc<Account>,
    began: Instant,
}

/// Whoever may write.
#[derive(Debug, Clone)]
pub struct Writer(pub Caller);

/// Whoever runs the server.
#[derive(Debug, Clone)]
pub struct Admin(pub Caller);

impl Caller {
    /// Whoever an account belongs to, whose request began then.
    pub fn new(account: Arc<Account>, began: Instant) -> Self {
        Caller { account, began }
    }

    /// When the request began that it asks with.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Whether the budget of work has something left.
    ///
    /// # Errors
    /// 429, with the time after which it has.
    pub fn check_work(&self) -> Result<(), Problem> {
        self.account.check_work(Instant::now()).map_err(|wait| too_many("work", wait))
    }

    /// Takes the requests that lines of a batch are, and waits for the budgets as long as `wait_max` each.
    ///
    /// # Errors
    /// 429, where one of them needs longer.
    pub async fn take_lines(&self, count: usize, wait_max: Duration) -> Result<(), Problem> {
        wait_for("requests", wait_max, |now| self.take_requests(count, now)).await?;
        wait_for("work", wait_max, |now| self.account.check_work(now)).await
    }

    fn of(parts: &Parts, scope: Scope) -> Result<Self, Problem> {
        let nobody = || if presented_key(&parts.headers).is_some() { unknown() } else { missing() };
        let caller = parts.extensions.get::<Caller>().ok_or_else(nobody)?;
        if caller.scopes.has(scope) {
            return Ok(caller.clone());
        }
        let detail = "the key does not allow this";
        Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "The key does not suffice", detail)
            .with_hint("ask whoever runs the server for another scope"))
    }
}

impl Deref for Caller {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.account
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Caller::of(parts, Scope::Read)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = Caller::of(parts, Scope::Write)?;
        if caller.is_open {
            check_origin(parts)?;
        }
        Ok(Writer(caller))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Caller::of(parts, Scope::Admin).map(Admin)
    }
}

/// Tries again when a budget has something left.
async fn wait_for(
    what: &str,
    wait_max: Duration,
    take: impl Fn(Instant) -> Result<(), Duration>,
) -> Result<(), Problem> {
    while let Err(wait) = take(Instant::now()) {
        if wait > wait_max {
            return Err(too_many(what, wait));
        }
        tokio::time::sleep(wait).await;
    }
    Ok(())
}

/// There is no key.
fn missing() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "no_key", "A key is needed", "the request has no key")
        .with_hint("send it as Authorization: Bearer KEY")
}

/// Nobody knows the key.
pub(in crate::http) fn unknown() -> Problem {
    let title = "The key is not known";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", title, "nobody here has the request's key")
        .with_hint("ask whoever runs the server for one, and send it as Authorization: Bearer KEY")
}

/// A budget is used up.
pub(in crate::http) fn too_many(what: &str, wait: Duration) -> Problem {
    let secs = u32::try_from(wait.as_secs().saturating_add(1)).unwrap_or(u32::MAX);
    let detail = format!("the key's budget of {what} is used up");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "budget", "The budget is used up", detail)
        .with_hint("wait as long as Retry-After says, or ask whoever runs the server for a larger budget")
        .with_retry_after(secs)
}
