//! All tenants by number and by name, and what is kept of them.

use std::sync::Arc;

use engine::layer::read_layers;
use engine::reserve::ReservationId;
use engine::snapshot::Snapshot;
use primitives::UnixTime;

use super::change::{Change, ChangeError, Effect, LayerEdit};
use super::journal::Damage;
use super::kept;
use super::layer_edit_json::LayerEditJson;
use super::record::Record;
use super::tenant_book::{TenantBook, TenantView};
use super::tenant_idx::TenantIdx;
use crate::json::HtlcJson;

/// All tenants there are or were.
#[derive(Debug)]
pub(super) struct Tenants {
    tenants: Vec<Tenant>,
    entry_count_max: usize,
}

#[derive(Debug)]
struct Tenant {
    name: String,
    view: TenantView,
    book: TenantBook,
}

impl Tenants {
    pub(super) fn new(entry_count_max: usize) -> Self {
        Tenants { tenants: Vec::new(), entry_count_max }
    }

    /// The tenant of that name, a new one where there is none yet.
    pub(super) fn by_name(&mut self, name: &str) -> Result<(TenantIdx, TenantView), ChangeError> {
        let known = self.tenants.iter().position(|tenant| tenant.name == name);
        let place = known.unwrap_or(self.tenants.len());
        let idx = u16::try_from(place).ok().filter(|_| place < TENANT_COUNT_MAX);
        let idx = TenantIdx::from_u16(idx.ok_or(ChangeError::TooManyTenants)?);
        if known.is_none() {
            let (view, book) = TenantBook::new(self.entry_count_max);
            self.tenants.push(Tenant { name: name.to_owned(), view, book });
        }
        Ok((idx, self.tenants[place].view.clone()))
    }

    pub(super) fn book(&self, tenant: TenantIdx) -> &TenantBook {
        &self.tenants.get(tenant.to_usize()).expect(KNOWN).book
    }

    pub(super) fn book_mut(&mut self, tenant: TenantIdx) -> &mut TenantBook {
        &mut self.tenants.get_mut(tenant.to_usize()).expect(KNOWN).book
    }

    /// Shows readers what changed, and follows the graph.
    pub(super) fn publish(&mut self, snapshot: &Arc<Snapshot>) {
        for Tenant { book, .. } in &mut self.tenants {
            book.renumber(snapshot);
            book.publish();
        }
    }

    /// Whether a change of a layer that is there concerns one that is kept.
    pub(super) fn is_of_kept_layer(&self, change: &Change) -> bool {
        let Change::Layer { tenant, name, .. } = change else { return false };
        self.book(*tenant).is_kept(name)
    }

    /// What is to be kept of a change that was made; `was_kept` is what [`Tenants::is_of_kept_layer`] said before it.
    pub(super) fn record(
        &self,
        change: &Change,
        effect: &Effect,
        at: UnixTime,
        was_kept: bool,
    ) -> Option<Record> {
        let name = |tenant: &TenantIdx| self.tenants[tenant.to_usize()].name.clone();
        Some(match (change, effect) {
            (Change::Graph(_), _) => return None,
            (Change::Layer { tenant, name: layer, edit }, _) => {
                let (tenant, layer) = (name(tenant), layer.clone());
                match (edit, LayerEditJson::from_edit(edit)) {
                    (LayerEdit::Create { persistent: true }, _) => Record::LayerBegun { tenant, layer },
                    (LayerEdit::Remove, _) if was_kept => Record::LayerEnded { tenant, layer },
                    (_, Some(edit)) if was_kept => {
                        Record::LayerEdited { tenant, layer, at: at.to_secs(), edit }
                    }
                    _ => return None,
                }
            }
            (Change::Reserve { tenant, path }, Effect::Reserved(id)) => Record::Reserved {
                tenant: name(tenant),
                id: id.to_u64(),
                at: at.to_secs(),
                path: path.iter().map(HtlcJson::new).collect(),
            },
            (Change::Reserve { .. }, _) => return None,
            (Change::Release { tenant, id }, _) => Record::Released { tenant: name(tenant), id: id.to_u64() },
            (Change::Learn { tenant, attempt }, _) => {
                let channels = kept::learnt_by(self.book(*tenant), attempt);
                if channels.is_empty() {
                    return None;
                }
                Record::Learnt { tenant: name(tenant), channels }
            }
        })
    }

    /// Makes a change that was kept.
    pub(super) fn restore(&mut self, record: Record) -> Result<(), Damage> {
        let (tenant, _) = self.by_name(record.tenant())?;
        let book = self.book_mut(tenant);
        match record {
            Record::LayerBegun { layer, .. } => {
                book.edit_unbounded(&layer, &LayerEdit::Create { persistent: true }, UnixTime::default())?;
            }
            Record::LayerEnded { layer, .. } => {
                book.edit_unbounded(&layer, &LayerEdit::Remove, UnixTime::default())?;
            }
            Record::LayerEdited { layer, at, edit, .. } => {
                book.edit_unbounded(&layer, &edit.into_edit(), UnixTime::from_secs(at))?;
            }
            Record::Layers { document, .. } => {
                let document = serde_json::to_vec(&document)?;
                for layer in read_layers(document.as_slice())? {
                    book.add_layer(layer)?;
                }
            }
            Record::Reserved { id, at, path, .. } => {
                let path: Vec<_> = path.into_iter().map(HtlcJson::to_htlc).collect();
                let id = ReservationId::from_u64(id);
                book.reservations_mut().restore(id, &path, UnixTime::from_secs(at))?;
            }
            Record::Released { id, .. } => {
                book.reservations_mut().unreserve(ReservationId::from_u64(id))?;
            }
            Record::NextReservation { id, .. } => {
                book.reservations_mut().skip_to(ReservationId::from_u64(id));
            }
            Record::Learnt { channels, .. } => {
                channels.iter().for_each(|known| book.remember(known.channel(), known.to_known()));
            }
        }
        Ok(())
    }

    /// After the last record: believes what was learnt, of channels that the graph has.
    pub(super) fn finish_restoring(&mut self, snapshot: &Arc<Snapshot>) {
        self.tenants.iter_mut().for_each(|tenant| tenant.book.believe_remembered(snapshot));
        self.publish(snapshot);
    }

    /// Records that make the same state from nothing.
    pub(super) fn records(&self, now: UnixTime) -> impl Iterator<Item = Record> {
        self.tenants.iter().flat_map(move |tenant| kept::records(&tenant.name, &tenant.book, now))
    }
}

/// Tenants: each may have a table of beliefs, some megabytes.
const TENANT_COUNT_MAX: usize = 4096;
const KNOWN: &str = "numbers are told of tenants that there are";
