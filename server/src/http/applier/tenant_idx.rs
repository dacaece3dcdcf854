//! The number of a tenant.

/// The number of a tenant: all keys with the same tenant share its layers, reservations and beliefs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TenantIdx(u16);

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
