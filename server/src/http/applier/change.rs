//! What can be changed, what comes of it, and why it may be refused.

use engine::belief::{Advice, Outcome};
use engine::layer::{BiasStep, Constraint, CreatedChannel, Inform, LayerError, PolicyChange, Side};
use engine::reserve::{Htlc, ReservationId, ReserveError};
use primitives::{GraphDelta, Msat, NodeId, ShortChannelId, ShortChannelIdDir, UnixTime};

use super::tenant_idx::TenantIdx;

/// One change of the served state.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Of the graph. Deltas that do not fit are counted and passed over, as gossip's are, and told to nobody.
    Graph(Vec<GraphDelta>),
    /// Of a tenant's layer.
    Layer {
        /// Whose.
        tenant: TenantIdx,
        /// Its name.
        name: String,
        /// What happens to it.
        edit: LayerEdit,
    },
    /// Sets amounts aside for a payment of a tenant.
    Reserve {
        /// Whose.
        tenant: TenantIdx,
        /// The HTLCs, the payer's first.
        path: Vec<Htlc>,
    },
    /// Releases them.
    Release {
        /// Whose.
        tenant: TenantIdx,
        /// What [`Effect::Reserved`] told.
        id: ReservationId,
    },
    /// Learns from an attempt of a tenant.
    Learn {
        /// Whose.
        tenant: TenantIdx,
        /// What happened.
        attempt: Attempt,
    },
}

/// Deltas of one change of the graph, so that no event is too large.
pub const DELTAS_TOGETHER: usize = 1000;

/// What happens to a layer; see [`engine::layer::Layer`] for the meaning of each.
#[derive(Debug, Clone, PartialEq)]
pub enum LayerEdit {
    /// It begins, empty.
    Create {
        /// Whether it is to be kept across restarts.
        persistent: bool,
    },
    /// It ends.
    Remove,
    /// A channel that only it knows.
    CreateChannel {
        /// The name.
        short_channel_id: ShortChannelId,
        /// Ends and size.
        channel: CreatedChannel,
    },
    /// Fields of a direction's policy.
    UpdateChannel(ShortChannelIdDir, PolicyChange),
    /// Those fields are the graph's again.
    RemoveChannelUpdate(ShortChannelIdDir),
    /// An attempt with this amount ended so.
    InformChannel(ShortChannelIdDir, Msat, Inform),
    /// A preference for a direction.
    BiasChannel(ShortChannelIdDir, BiasStep, Option<String>),
    /// A preference for a node's channels.
    BiasNode(NodeId, Side, BiasStep, Option<String>),
    /// None of a node's channels may be used.
    DisableNode(NodeId),
    /// A direction may not be used.
    DisableChannel(ShortChannelIdDir),
    /// Constraints that are older are forgotten.
    Age(UnixTime),
}

/// An attempt to pay, or a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The HTLCs, the payer's first.
    pub path: Vec<Htlc>,
    /// How it ended.
    pub outcome: Outcome,
    /// When it ended.
    pub at: UnixTime,
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// Its number.
    pub seq: u64,
    /// The graph's version that shows it.
    pub graph_version: u64,
    /// What came of it.
    pub effect: Effect,
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Nothing to tell.
    Done,
    /// Deltas of the graph were applied, others refused.
    Graph {
        /// How many fitted.
        applied: u64,
        /// How many did not.
        refused: u64,
    },
    /// A direction's constraint after [`LayerEdit::InformChannel`].
    Constraint(Constraint),
    /// A bias after a step.
    Bias(i8),
    /// So many entries were forgotten, or one was or was not.
    Removed(usize),
    /// The name of a new reservation.
    Reserved(ReservationId),
    /// What to do about a failed attempt beyond believing it.
    Advice(Advice),
}

/// Why a change was refused; then nothing changed, but for [`ChangeError::NotKept`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// By the layers.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// By the reservations.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
    /// The tenant's layers have as many entries as they may.
    #[error("the layers have as many entries as they may; remove some")]
    TooManyEntries,
    /// There are as many tenants as there may be.
    #[error("there are as many tenants as there may be")]
    TooManyTenants,
    /// It was made, and the file system refuses to keep it.
    #[error("the change counts until the server ends, for it could not be written to the disk")]
    NotKept,
    /// More changes wait than may.
    #[error("more changes wait than may")]
    Full,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopped,
}
