//! What is kept of a change, as JSON, and what becomes of it after a restart.
//!
//! A record tells what came of a change rather than what was asked where that depends on the graph: what was learnt
//! of channels, not the attempts. So the same records make the same state, whichever graph is served then.

use engine::belief::{Bounds, Evidence, Floor, Paid};
use primitives::{Msat, ShortChannelId, UnixTime};
use serde::{Deserialize, Serialize};

use super::layer_edit_json::LayerEditJson;
use super::tenant_book::Known;
use crate::json::{HtlcJson, ScidText, Text};

/// A change of one tenant's state. Fields are only ever added, and optional then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kept", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Record {
    /// A layer began.
    LayerBegun { tenant: String, layer: String },
    /// It ended.
    LayerEnded { tenant: String, layer: String },
    /// It changed.
    LayerEdited { tenant: String, layer: String, at: u32, edit: LayerEditJson },
    /// A whole layer, in the form of `engine::layer::write_layers`.
    Layers { tenant: String, document: serde_json::Value },
    /// Amounts were set aside.
    Reserved { tenant: String, id: u64, at: u32, path: Vec<HtlcJson> },
    /// They were released.
    Released { tenant: String, id: u64 },
    /// All ids below were given.
    NextReservation { tenant: String, id: u64 },
    /// What is known of channels, the newest word of each.
    Learnt { tenant: String, channels: Vec<BoundsJson> },
}

/// What is known of a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BoundsJson {
    channel: ScidText,
    /// Of node 1's and of node 2's side.
    floors: [FloorJson; 2],
    /// What was paid from node 1 to node 2, and back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paid: Option<[PaidJson; 2]>,
}

/// What a side holds at least.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FloorJson {
    msat: u64,
    at: u32,
    /// Whether an HTLC the other way was refused, rather than one carried.
    refused: bool,
    /// Whether one the other way was settled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    received: bool,
}

/// The most that a direction paid, and when it paid last.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PaidJson {
    msat: u64,
    at: u32,
}

impl Record {
    /// Whose state it concerns.
    pub(super) fn tenant(&self) -> &str {
        match self {
            Record::LayerBegun { tenant, .. }
            | Record::LayerEnded { tenant, .. }
            | Record::LayerEdited { tenant, .. }
            | Record::Layers { tenant, .. }
            | Record::Reserved { tenant, .. }
            | Record::Released { tenant, .. }
            | Record::NextReservation { tenant, .. }
            | Record::Learnt { tenant, .. } => tenant,
        }
    }
}

impl BoundsJson {
    pub(super) fn new(channel: ShortChannelId, Known { bounds, paid }: Known) -> Self {
        let floors = bounds.floors.map(|floor| FloorJson {
            msat: floor.amount.to_msat(),
            at: floor.learnt.to_secs(),
            refused: floor.evidence == Evidence::Refused,
            received: floor.evidence == Evidence::Received,
        });
        let is_paid = paid != [Paid::default(); 2];
        let to_json = |paid: Paid| PaidJson { msat: paid.amount.to_msat(), at: paid.at.to_secs() };
        BoundsJson { channel: Text(channel), floors, paid: is_paid.then(|| paid.map(to_json)) }
    }

    pub(super) fn channel(&self) -> ShortChannelId {
        self.channel.0
    }

    pub(super) fn to_known(&self) -> Known {
        let floors = self.floors.map(|floor| Floor {
            amount: Msat::from_msat(floor.msat),
            learnt: UnixTime::from_secs(floor.at),
            evidence: match (floor.refused, floor.received) {
                (true, _) => Evidence::Refused,
                (false, true) => Evidence::Received,
                (false, false) => Evidence::Carried,
            },
        });
        let of_json =
            |paid: PaidJson| Paid { amount: Msat::from_msat(paid.msat), at: UnixTime::from_secs(paid.at) };
        let paid = self.paid.map(|paid| paid.map(of_json)).unwrap_or_default();
        Known { bounds: Bounds { floors }, paid }
    }
}
