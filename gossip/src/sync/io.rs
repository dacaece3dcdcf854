//! What goes into the core and what comes out.

use primitives::wire::WireError;
use primitives::{BlockHeight, GraphDelta, Msat, ShortChannelId};

use crate::admit::PeerId;
use crate::funding::{FundingAnswer, FundingQuestion};
use crate::record::Record;
use crate::verify::{CheckedPiece, ParseError, SignatureError, VerifyPiece};
use crate::view::MessageKey;

/// Something happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// A peer has said `init` and is interested in our chain.
    PeerConnected {
        /// Its name, never used before.
        peer: PeerId,
        /// Whether we opened the connection: a peer that we chose may take more of us.
        is_outbound: bool,
        /// Whether it offers `gossip_queries` (BOLT 9): it is worth asking.
        has_queries: bool,
    },
    /// A connection ended.
    PeerDisconnected {
        /// Which.
        peer: PeerId,
    },
    /// A peer sent a message, type included. Types that are not gossip's are ignored.
    Message {
        /// Who.
        peer: PeerId,
        /// What.
        message: &'a [u8],
    },
    /// What was sent to a peer has left, so that there is room for more.
    Writable {
        /// Which.
        peer: PeerId,
    },
    /// The answer to an [`Output::Verify`]; they may overtake one another.
    Verified(CheckedPiece),
    /// The answer to [`Output::CheckFunding`]: what [`FundingQuestion::judge`] made of it is asked of the core.
    FundingAnswered {
        /// The channel.
        short_channel_id: ShortChannelId,
        /// What the chain says. Proofs are judged before: they come as an unspent output or as missing.
        answer: FundingAnswer,
    },
    /// The answer to [`Output::Read`]: those of the messages that are in the log.
    Read {
        /// For whom.
        peer: PeerId,
        /// The messages, in the order of the names.
        messages: Vec<Box<[u8]>>,
    },
    /// The chain has a new tip.
    Block {
        /// Its height.
        height: BlockHeight,
    },
    /// A channel's funding output was spent in a block; `None` where that block was reorganised away.
    FundingSpent {
        /// The channel.
        short_channel_id: ShortChannelId,
        /// The block.
        spent_at: Option<BlockHeight>,
    },
    /// Nothing but time passed.
    Tick,
}

/// Something is to be done.
#[derive(Debug)]
pub enum Output {
    /// Send a message; [`Input::Writable`] follows when it has left.
    Send {
        /// To whom.
        peer: PeerId,
        /// The message with its type.
        message: Vec<u8>,
    },
    /// End a connection; [`Input::PeerDisconnected`] need not follow.
    Disconnect {
        /// Which.
        peer: PeerId,
        /// Why.
        reason: DisconnectReason,
    },
    /// Read no more from a peer for now.
    PauseReading {
        /// Which.
        peer: PeerId,
    },
    /// Read on.
    ResumeReading {
        /// Which.
        peer: PeerId,
    },
    /// Check signatures with [`VerifyPiece::run`]. At most [`PIECES_PER_THREAD`](super::PIECES_PER_THREAD) for each thread
    /// are under way.
    Verify(VerifyPiece),
    /// Look for a funding output.
    CheckFunding(FundingQuestion),
    /// Read messages from the log for a peer.
    Read {
        /// For whom.
        peer: PeerId,
        /// Their names.
        keys: Vec<MessageKey>,
    },
    /// Append to the log, in order.
    Store(Stored),
    /// Change the graph, in order.
    Delta(GraphDelta),
}

/// A record that owns its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// A channel came.
    Channel {
        /// What the chain says, where it was asked.
        capacity: Option<Msat>,
        /// The message.
        message: Box<[u8]>,
    },
    /// A direction was updated.
    Update(Box<[u8]>),
    /// A node announced itself.
    Node(Box<[u8]>),
    /// A channel left.
    Removed(ShortChannelId),
    /// A channel's funding output was spent.
    Spent {
        /// The channel.
        short_channel_id: ShortChannelId,
        /// The block; `None` where another branch of the chain has it unspent.
        spent_at: Option<BlockHeight>,
    },
}

impl Stored {
    /// The record.
    pub const fn record(&self) -> Record<'_> {
        match self {
            Stored::Channel { capacity, message } => Record::Channel { capacity: *capacity, message },
            Stored::Update(message) => Record::Update { message },
            Stored::Node(message) => Record::Node { message },
            Stored::Removed(short_channel_id) => Record::Removed { short_channel_id: *short_channel_id },
            Stored::Spent { short_channel_id, spent_at } => {
                Record::Spent { short_channel_id: *short_channel_id, spent_at: *spent_at }
            }
        }
    }
}

/// Why a peer is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// There are enough.
    #[error("there are enough peers")]
    TooManyPeers,
    /// A broken query or answer.
    #[error("{0}")]
    Wire(WireError),
    /// Broken gossip.
    #[error("{0}")]
    Parse(ParseError),
    /// A wrong signature.
    #[error("{0}")]
    Signature(SignatureError),
    /// A second query before the first one of its kind was answered, an answer to no query, or one that goes back.
    #[error("a query or an answer out of turn")]
    OutOfTurn,
    /// An answer that does not go on.
    #[error("no answer for {} seconds", super::limits::ANSWER_SECS_MAX)]
    Silence,
    /// Too much that is good for nothing.
    #[error("too many useless messages")]
    Waste,
}
