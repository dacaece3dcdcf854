//! Records as bytes from outside.

use primitives::UnixTime;

use super::journal::Damage;
use super::record::Record;
use super::tenants::Tenants;

/// Restores records, as JSON, and writes what they make anew. Writing that anew changes nothing more.
///
/// # Errors
/// Where they are no records, or do not fit each other.
pub fn rewrite_records(json: &[u8]) -> Result<Vec<u8>, Damage> {
    let records: Vec<Record> = serde_json::from_slice(json)?;
    let mut tenants = Tenants::new(usize::MAX);
    records.into_iter().try_for_each(|record| tenants.restore(record))?;
    let rewritten: Vec<Record> = tenants.records(UnixTime::default()).collect();
    Ok(serde_json::to_vec(&rewritten)?)
}
