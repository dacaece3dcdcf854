//! Who asks.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// The number of a tenant: all keys with the same name share its layers, reservations and beliefs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TenantIdx(u16);

/// What a key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Routes, plans, reach and the graph.
    Read,
    /// Layers, reservations and feedback of its tenant.
    Write,
    /// Metrics, and changes of what all see.
    Admin,
}

/// Who asks: put into a request before its handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caller {
    /// Whose layers, reservations and beliefs count.
    pub tenant: TenantIdx,
}

impl TenantIdx {
    /// The tenant with this place.
    pub const fn from_u16(idx: u16) -> Self {
        TenantIdx(idx)
    }

    /// Its place.
    pub const fn to_usize(self) -> usize {
        self.0 as usize
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Caller>().copied().unwrap_or_default())
    }
}
