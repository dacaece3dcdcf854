//! Gossip that parses and makes sense, but whose signatures nobody has checked yet.

use bitcoin::hashes::{Hash, sha256d};
use primitives::wire::{
    Address, AddressError, ChannelAnnouncement, ChannelUpdate, MESSAGE_SIZE_MAX, NodeAnnouncement, WireError,
    WireMessage, message_type,
};
use primitives::{ChainHash, Direction, Features, NodeId, ShortChannelId, UnixTime};

use super::fact::{ChannelFact, NodeFact, Revision, UpdateFact};

/// A gossip message that passed all checks which need nothing but its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub(super) subject: Subject,
    pub(super) message: Box<[u8]>,
    pub(super) digest: Digest,
}

/// What a candidate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A channel exists.
    Channel(ChannelFact),
    /// A direction has a policy.
    Update(UpdateFact),
    /// A node exists.
    Node(NodeFact),
}

impl Candidate {
    /// Reads a gossip message; `None` where it is of another type. Costs one hash of the message.
    ///
    /// # Errors
    /// Where the message is broken or says what cannot be.
    pub fn parse(message: &[u8], chain: ChainHash) -> Option<Result<Self, ParseError>> {
        Some(Subject::read(message, chain)?.map(|(subject, digest)| {
            let digest = digest.unwrap_or_else(|| signed_hash(message, ChannelAnnouncement::SIGNED_FROM));
            Candidate { subject, message: message.into(), digest }
        }))
    }

    /// What it says.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The whole message with its type.
    pub const fn message(&self) -> &[u8] {
        &self.message
    }

    /// Bytes of memory that it takes, for budgets.
    pub fn size(&self) -> usize {
        let features = match &self.subject {
            Subject::Channel(channel) => channel.features.as_be_bytes().len(),
            Subject::Node(node) => node.features.as_be_bytes().len(),
            Subject::Update(_) => 0,
        };
        self.message.len() + features + size_of::<Candidate>()
    }
}

impl Subject {
    /// Reads what a gossip message says; `None` where it is of another type. The hash of what is signed comes along where
    /// it is part of what is said: one channel has one announcement, so that its hash tells nothing apart.
    ///
    /// # Errors
    /// As [`Candidate::parse`].
    pub(super) fn read(
        message: &[u8],
        chain: ChainHash,
    ) -> Option<Result<(Self, Option<Digest>), ParseError>> {
        let read = match message_type(message)? {
            ChannelAnnouncement::TYPE => channel,
            ChannelUpdate::TYPE => update,
            NodeAnnouncement::TYPE => node,
            _ => return None,
        };
        if message.len() > MESSAGE_KEPT_MAX {
            return Some(Err(ParseError::TooLong { size: message.len() }));
        }
        Some(read(message, chain))
    }

    /// The channel direction of an update.
    pub const fn arc(&self) -> Option<(ShortChannelId, Direction)> {
        match self {
            Subject::Update(update) => Some((update.short_channel_id, update.direction)),
            Subject::Channel(_) | Subject::Node(_) => None,
        }
    }

    /// The node of a node announcement.
    pub const fn node_id(&self) -> Option<NodeId> {
        match self {
            Subject::Node(node) => Some(node.node_id),
            Subject::Channel(_) | Subject::Update(_) => None,
        }
    }
}

/// Double SHA-256 of what is signed.
type Digest = [u8; 32];

fn channel(message: &[u8], chain: ChainHash) -> Result<(Subject, Option<Digest>), ParseError> {
    let announced = ChannelAnnouncement::decode(&message[TYPE_SIZE..])?;
    on_chain(announced.chain_hash, chain)?;
    if announced.node_id_1 >= announced.node_id_2 {
        return Err(ParseError::NodeOrder { short_channel_id: announced.short_channel_id });
    }
    let fact = ChannelFact {
        short_channel_id: announced.short_channel_id,
        node_id_1: announced.node_id_1,
        node_id_2: announced.node_id_2,
        bitcoin_key_1: announced.bitcoin_key_1,
        bitcoin_key_2: announced.bitcoin_key_2,
        features: Features::from_be_bytes(announced.features),
    };
    Ok((Subject::Channel(fact), None))
}

fn update(message: &[u8], chain: ChainHash) -> Result<(Subject, Option<Digest>), ParseError> {
    let update = ChannelUpdate::decode(&message[TYPE_SIZE..])?;
    on_chain(update.chain_hash, chain)?;
    if update.is_private() {
        return Err(ParseError::Private);
    }
    sound_time(update.timestamp)?;
    let policy = update.policy().ok_or(ParseError::NoMaximum)?;
    let digest = signed_hash(message, ChannelUpdate::SIGNED_FROM);
    let fact = UpdateFact {
        short_channel_id: update.short_channel_id,
        direction: update.direction(),
        policy,
        revision: Revision::new(update.timestamp, &digest),
        checksum: checksum(&message[TYPE_SIZE..]),
    };
    Ok((Subject::Update(fact), Some(digest)))
}

fn node(message: &[u8], _: ChainHash) -> Result<(Subject, Option<Digest>), ParseError> {
    let node = NodeAnnouncement::decode(&message[TYPE_SIZE..])?;
    sound_time(node.timestamp)?;
    let mut hostname_count = 0;
    for address in node.addresses() {
        if matches!(address?, Address::Hostname(..)) {
            hostname_count += 1;
        }
    }
    if hostname_count > 1 {
        return Err(ParseError::Hostnames);
    }
    let digest = signed_hash(message, NodeAnnouncement::SIGNED_FROM);
    let revision = Revision::new(node.timestamp, &digest);
    let features = Features::from_be_bytes(node.features);
    Ok((Subject::Node(NodeFact { node_id: node.node_id, features, revision }), Some(digest)))
}

fn signed_hash(message: &[u8], signed_from: usize) -> Digest {
    sha256d::Hash::hash(&message[TYPE_SIZE + signed_from..]).to_byte_array()
}

fn on_chain(found: ChainHash, expected: ChainHash) -> Result<(), ParseError> {
    if found == expected { Ok(()) } else { Err(ParseError::Chain { found }) }
}

/// BOLT 7, channel_update: the timestamp is greater than zero.
fn sound_time(timestamp: UnixTime) -> Result<(), ParseError> {
    if timestamp.to_secs() == 0 { Err(ParseError::NoTime) } else { Ok(()) }
}

/// CRC-32C of a `channel_update`'s payload without `signature` and `timestamp`.
fn checksum(payload: &[u8]) -> u32 {
    let chain_and_channel = &payload[64..104];
    crc32c::crc32c_append(crc32c::crc32c(chain_and_channel), &payload[108..])
}

const TYPE_SIZE: usize = 2;

/// The longest gossip message that is kept, in bytes. Honest ones have less than 1 KiB; the rest is room for fields
/// to come. Longer ones are allowed (BOLT 7), and nobody must relay them.
pub const MESSAGE_KEPT_MAX: usize = 4096;

const _: () = assert!(MESSAGE_KEPT_MAX <= MESSAGE_SIZE_MAX);

/// Why a gossip message is refused before its signatures are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// It is no message.
    #[error("{0}")]
    Wire(#[from] WireError),
    /// It is longer than what we keep.
    #[error("a message of {size} bytes is longer than the {MESSAGE_KEPT_MAX} that are kept")]
    TooLong {
        /// Its bytes.
        size: usize,
    },
    /// It is of another chain.
    #[error("the message is about the chain {found}")]
    Chain {
        /// Which one.
        found: ChainHash,
    },
    /// The node ids do not ascend.
    #[error("the nodes of channel {short_channel_id} are not in order")]
    NodeOrder {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// `dont_forward` is set.
    #[error("the update is for the channel's peer alone")]
    Private,
    /// The timestamp is zero.
    #[error("the timestamp is zero")]
    NoTime,
    /// There is no `htlc_maximum_msat`.
    #[error("the update has no htlc_maximum_msat")]
    NoMaximum,
    /// An address is broken.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// More than one hostname.
    #[error("a node announces at most one hostname")]
    Hostnames,
}

impl ParseError {
    /// Whether only a broken or hostile peer sends such a message. The others may be of a later version of the protocol,
    /// or relayed by somebody who does not look.
    pub const fn is_breach(&self) -> bool {
        match self {
            ParseError::Wire(_) | ParseError::NodeOrder { .. } => true,
            ParseError::TooLong { .. }
            | ParseError::Chain { .. }
            | ParseError::Private
            | ParseError::NoTime
            | ParseError::NoMaximum
            | ParseError::Address(_)
            | ParseError::Hostnames => false,
        }
    }
}
