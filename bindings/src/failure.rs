//! Why a call failed, before it is told in C.

use std::ffi::c_char;
use std::io;

use engine::NoRoute;
use engine::belief::exchange::{BeliefsFileError, LayersError, MissionControlError, ScoresError};
use engine::flow::PlanError;
use engine::graph::BuildError;
use engine::import::{CsvError, GossipStoreError, ImportError, LndJsonError, Place, RgsError};
use engine::layer::{LayerError, LayerJsonError};
use engine::reserve::ReserveError;
use engine::router::RouteError;
use engine::snapshot::{ApplyError, SnapshotError};
use gossip::verify::{ParseError, SignatureError};
use onion::route::RouteOnionError;
use primitives::NodeIdError;
use primitives::wire::WireError;

use crate::status::{FG_NONE, fg_error, fg_reason, fg_status};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{what} is null")]
    Null { what: &'static str },
    #[error("{what} is not aligned for its type")]
    Misaligned { what: &'static str },
    #[error("{what}: {count} are more than memory holds")]
    TooMany { what: &'static str, count: usize },
    #[error(
        "{what} has struct_size {size}, of which this library makes nothing; set it by the init function"
    )]
    StructSize { what: &'static str, size: usize },
    #[error("{what} has a field behind those that this library knows, and it is not zero")]
    UnknownField { what: &'static str },
    #[error("{what} is {value}, expected {expected}")]
    Range { what: &'static str, value: u64, expected: &'static str },
    #[error("{what} has {count} entries, there is none at {index}")]
    Index { what: &'static str, index: usize, count: usize },
    #[error("{what} is no handle of its kind, or was freed")]
    Handle { what: &'static str },
    #[error("{what} is in use by another call")]
    Busy { what: &'static str },
    #[error("the graph was left by a panic in the middle of a change and takes no more")]
    Poisoned,
    #[error("{what}[{place}]: {error}")]
    NodeId { what: &'static str, place: usize, error: NodeIdError },
    #[error("{what}: {error}")]
    NodeIdText { what: &'static str, error: NodeIdError },
    #[error("{0}")]
    Io(io::ErrorKind),
    #[error("{0}")]
    Import(#[from] ImportError),
    #[error("{0}")]
    Snapshot(#[from] SnapshotError),
    #[error("{0}")]
    Build(#[from] BuildError),
    #[error("{error}")]
    Message { size: usize, error: WireError },
    #[error("{0}")]
    Gossip(#[from] ParseError),
    #[error("{0}")]
    Signature(#[from] SignatureError),
    #[error("{0}")]
    Apply(#[from] ApplyError),
    #[error("{0}")]
    Route(#[from] RouteError),
    #[error("{0}")]
    Plan(#[from] PlanError),
    #[error("the query was cancelled")]
    Cancelled,
    #[error("{0}")]
    Beliefs(#[from] BeliefsFileError),
    #[error("{0}")]
    MissionControl(#[from] MissionControlError),
    #[error("{0}")]
    Layers(#[from] LayersError),
    #[error("{0}")]
    Scores(#[from] ScoresError),
    #[error("{0}")]
    Layer(#[from] LayerError),
    #[error("{0}")]
    LayerJson(#[from] LayerJsonError),
    #[error("{0}")]
    Reserve(#[from] ReserveError),
    #[error("channel {0} is not among the beliefs")]
    NotBelieved(u64),
    #[error("the records are no stream of custom records")]
    CustomRecords,
    #[error("{0}")]
    Onion(#[from] RouteOnionError),
    #[error("panicked: {message}")]
    Panic { message: String },
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error.kind())
    }
}

impl Failure {
    pub(crate) fn status(&self) -> fg_status {
        match self {
            Failure::Null { .. }
            | Failure::Misaligned { .. }
            | Failure::TooMany { .. }
            | Failure::StructSize { .. }
            | Failure::UnknownField { .. }
            | Failure::Range { .. }
            | Failure::Index { .. }
            | Failure::NodeId { .. }
            | Failure::NodeIdText { .. }
            | Failure::CustomRecords
            | Failure::Layer(LayerError::Unknown | LayerError::Name)
            | Failure::Reserve(ReserveError::UnknownReservation { .. }) => fg_status::FG_BAD_ARGUMENT,
            Failure::Handle { .. } => fg_status::FG_BAD_HANDLE,
            Failure::Busy { .. } => fg_status::FG_BUSY,
            Failure::Io(_) => fg_status::FG_IO,
            Failure::Import(ImportError::Io { .. }) => fg_status::FG_IO,
            Failure::Snapshot(SnapshotError::Unreadable { .. }) => fg_status::FG_IO,
            Failure::Import(_)
            | Failure::Snapshot(_)
            | Failure::Build(_)
            | Failure::Message { .. }
            | Failure::Gossip(_)
            | Failure::LayerJson(_)
            | Failure::Beliefs(_)
            | Failure::MissionControl(_)
            | Failure::Layers(_)
            | Failure::Scores(_) => fg_status::FG_BAD_INPUT,
            Failure::Apply(ApplyError::UnknownChannel { .. }) => fg_status::FG_UNKNOWN_CHANNEL,
            Failure::Apply(_) | Failure::Layer(_) | Failure::Reserve(_) => fg_status::FG_BAD_UPDATE,
            Failure::Signature(_) => fg_status::FG_BAD_SIGNATURE,
            Failure::Route(error) | Failure::Plan(PlanError::Query(error)) => status_of_route(error),
            Failure::Plan(PlanError::WorkLimit { .. }) => fg_status::FG_WORK_LIMIT,
            Failure::Plan(_) => fg_status::FG_NO_ROUTE,
            Failure::Cancelled => fg_status::FG_CANCELLED,
            Failure::NotBelieved(_) => fg_status::FG_UNKNOWN_CHANNEL,
            Failure::Onion(_) => fg_status::FG_BAD_QUERY,
            Failure::Poisoned | Failure::Panic { .. } => fg_status::FG_PANIC,
        }
    }

    fn reason(&self) -> (fg_reason, u64) {
        match self {
            Failure::Route(RouteError::NoRoute(no))
            | Failure::Plan(PlanError::Query(RouteError::NoRoute(no))) => reason_of(no),
            Failure::Plan(PlanError::Cut(cut)) => (fg_reason::FG_REASON_CUT, cut.capacity.to_msat()),
            Failure::Plan(PlanError::NoRoomForFees { missing }) => {
                (fg_reason::FG_REASON_NO_ROOM_FOR_FEES, missing.to_msat())
            }
            Failure::Plan(PlanError::HtlcMinimum { minimum, .. }) => {
                (fg_reason::FG_REASON_HTLC_MINIMUM, minimum.to_msat())
            }
            Failure::Plan(PlanError::RouteLimits { .. }) => (fg_reason::FG_REASON_ROUTE_LIMITS, FG_NONE),
            Failure::Plan(PlanError::TooFewParts { missing, .. }) => {
                (fg_reason::FG_REASON_TOO_FEW_PARTS, missing.to_msat())
            }
            Failure::Plan(PlanError::FeeLimit { needed, .. }) => {
                (fg_reason::FG_REASON_FEE_LIMIT, needed.to_msat())
            }
            _ => (fg_reason::FG_REASON_NONE, FG_NONE),
        }
    }

    fn position(&self) -> u64 {
        let place = match self {
            Failure::NodeId { place, .. } => Some(*place as u64),
            Failure::Index { index, .. } => Some(*index as u64),
            Failure::Message { size, error: WireError::Short { .. } } => Some(*size as u64),
            Failure::LayerJson(error) => Some(error.position().0 as u64),
            Failure::Import(error) => position_in_import(error),
            Failure::Snapshot(error) => position_in_snapshot(error),
            Failure::Beliefs(BeliefsFileError::Record { offset }) => Some(*offset),
            _ => None,
        };
        place.unwrap_or(FG_NONE)
    }

    /// The failure as the caller sees it.
    pub(crate) fn to_error(&self) -> fg_error {
        let (reason, value_msat) = self.reason();
        let mut message = [0; MESSAGE_SIZE];
        let text = self.to_string();
        let mut end = text.len().min(MESSAGE_SIZE - 1);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        for (to, from) in message.iter_mut().zip(text[..end].bytes()) {
            // A nul inside would cut the text.
            *to = if from == 0 { b' ' as c_char } else { from as c_char };
        }
        fg_error { status: self.status(), reason, position: self.position(), value_msat, message }
    }
}

fn status_of_route(error: &RouteError) -> fg_status {
    match error {
        RouteError::UnknownNode { .. } => fg_status::FG_UNKNOWN_NODE,
        RouteError::UnknownChannel { .. } => fg_status::FG_UNKNOWN_CHANNEL,
        RouteError::NoRoute(_) => fg_status::FG_NO_ROUTE,
        RouteError::WorkLimit { .. } => fg_status::FG_WORK_LIMIT,
        RouteError::Contended => fg_status::FG_CONTENDED,
        _ => fg_status::FG_BAD_QUERY,
    }
}

fn reason_of(no: &NoRoute) -> (fg_reason, u64) {
    match no {
        NoRoute::PayerCannotSend { largest } => (fg_reason::FG_REASON_PAYER_CANNOT_SEND, largest.to_msat()),
        NoRoute::BalanceShort { balance, .. } => (fg_reason::FG_REASON_PAYER_CANNOT_SEND, balance.to_msat()),
        NoRoute::PayeeCannotReceive { largest } => {
            (fg_reason::FG_REASON_PAYEE_CANNOT_RECEIVE, largest.to_msat())
        }
        NoRoute::FeeLimit { needed, .. } => (fg_reason::FG_REASON_FEE_LIMIT, needed.to_msat()),
        NoRoute::Limit { .. } | NoRoute::TooStrict { .. } | NoRoute::RouteLimits { .. } => {
            (fg_reason::FG_REASON_ROUTE_LIMITS, FG_NONE)
        }
        NoRoute::HtlcMinimum { minimum } => (fg_reason::FG_REASON_HTLC_MINIMUM, minimum.to_msat()),
        NoRoute::NotConnected | NoRoute::Closed { .. } => (fg_reason::FG_REASON_NOT_CONNECTED, FG_NONE),
        _ => (fg_reason::FG_REASON_NONE, FG_NONE),
    }
}

/// A byte, a line or a record, as the message has it.
fn position_in_import(error: &ImportError) -> Option<u64> {
    match error {
        ImportError::Zstd { byte_count } | ImportError::TooLarge { byte_count, .. } => Some(*byte_count),
        ImportError::Csv(
            CsvError::FieldCount { line, .. }
            | CsvError::Field { line, .. }
            | CsvError::Repeated { line, .. }
            | CsvError::Contradiction { line, .. },
        ) => Some(*line),
        ImportError::LndJson(LndJsonError {
            place: Place::Node { nth } | Place::Edge { nth, .. }, ..
        }) => Some(*nth),
        ImportError::GossipStore(
            GossipStoreError::Io { offset, .. }
            | GossipStoreError::Checksum { offset, .. }
            | GossipStoreError::NoType { offset }
            | GossipStoreError::Message { offset, .. }
            | GossipStoreError::NoAmount { offset, .. }
            | GossipStoreError::Amount { offset, .. }
            | GossipStoreError::Build { offset, .. },
        ) => Some(*offset),
        ImportError::Rgs(
            RgsError::Io { offset, .. } | RgsError::Truncated { offset, .. } | RgsError::Value { offset, .. },
        ) => Some(*offset),
        _ => None,
    }
}

fn position_in_snapshot(error: &SnapshotError) -> Option<u64> {
    match error {
        SnapshotError::DirectoryEnd { end } => Some(*end),
        SnapshotError::Misplaced { offset, .. }
        | SnapshotError::SectionLength { offset, .. }
        | SnapshotError::SectionChecksum { offset, .. }
        | SnapshotError::Content { offset, .. } => Some(*offset),
        _ => None,
    }
}

/// Bytes of `fg_error.message`.
const MESSAGE_SIZE: usize = 232;
