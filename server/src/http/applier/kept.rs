//! What a tenant has, as records.

use std::collections::BTreeSet;
use std::iter;

use engine::layer::write_layers;
use primitives::UnixTime;

use super::change::Attempt;
use super::record::{BoundsJson, Record};
use super::tenant_book::TenantBook;
use crate::json::HtlcJson;

/// What is known of an attempt's channels after it.
pub(super) fn learnt_by(book: &TenantBook, attempt: &Attempt) -> Vec<BoundsJson> {
    let channels: BTreeSet<_> = attempt.path.iter().map(|htlc| htlc.channel.short_channel_id).collect();
    channels
        .into_iter()
        .filter_map(|channel| Some(BoundsJson::new(channel, book.known_of(channel)?)))
        .collect()
}

/// Records that make the same book from nothing, but for layers that are not kept, and for what was learnt long ago of
/// channels that the graph lacks.
pub(super) fn records(tenant: &str, book: &TenantBook, now: UnixTime) -> impl Iterator<Item = Record> {
    let name = || tenant.to_owned();
    let layers = book.kept_layers().map(move |layer| {
        let mut document = Vec::new();
        write_layers([layer], &mut document).expect("a vector takes all");
        let document = serde_json::from_slice(&document).expect("just written");
        Record::Layers { tenant: name(), document }
    });
    let reserved = book.reservations().iter().map(move |(id, path, made_at)| Record::Reserved {
        tenant: name(),
        id: id.to_u64(),
        at: made_at.to_secs(),
        path: path.iter().map(HtlcJson::new).collect(),
    });
    let next = book.reservations().next_id().to_u64();
    let next = (next > 0).then(|| Record::NextReservation { tenant: name(), id: next });
    let known: Vec<_> = book.known(now).map(|(channel, known)| BoundsJson::new(channel, known)).collect();
    let mut known = known.into_iter();
    let learnt = iter::from_fn(move || {
        let channels: Vec<_> = known.by_ref().take(CHANNELS_TOGETHER).collect();
        (!channels.is_empty()).then(|| Record::Learnt { tenant: name(), channels })
    });
    layers.chain(reserved).chain(next).chain(learnt)
}

/// Channels of one record.
const CHANNELS_TOGETHER: usize = 1000;
