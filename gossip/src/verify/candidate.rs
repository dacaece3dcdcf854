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
    pub(super) digest: [u8; 32],
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
        let parse = match message_type(message)? {
            ChannelAnnouncement::TYPE => channel,
            ChannelUpdate::TYPE => update,
            NodeAnnouncement::TYPE => node,
            _ => return None,
        };
        if message.len() > MESSAGE_KEPT_MAX {
            return Some(Err(ParseError::TooLong { size: message.len() }));
        }
        Some(parse(message, chain))
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
    pub const fn size(&self) -> usize {
        self.message.len() + size_of::<Candidate>()
    }
}

fn channel(message: &[u8], chain: ChainHash) -> Result<Candidate, ParseError> {
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
    Ok(candidate(message, ChannelAnnouncement::SIGNED_FROM, |_| Subject::Channel(fact)))
}

fn update(message: &[u8], chain: ChainHash) -> Result<Candidate, ParseError> {
    let update = ChannelUpdate::decode(&message[TYPE_SIZE..])?;
    on_chain(update.chain_hash, chain)?;
    if update.is_private() {
        return Err(ParseError::Private);
    }
    sound_time(update.timestamp)?;
    let policy = update.policy().ok_or(ParseError::NoMaximum)?;
    let checksum = checksum(&message[TYPE_SIZE..]);
    Ok(candidate(message, ChannelUpdate::SIGNED_FROM, |digest| {
        Subject::Update(UpdateFact {
            short_channel_id: update.short_channel_id,
            direction: update.direction(),
            policy,
            revision: Revision { timestamp: update.timestamp, digest },
            checksum,
        })
    }))
}

fn node(message: &[u8], _: ChainHash) -> Result<Candidate, ParseError> {
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
    let features = Features::from_be_bytes(node.features);
    Ok(candidate(message, NodeAnnouncement::SIGNED_FROM, |digest| {
        let revision = Revision { timestamp: node.timestamp, digest };
        Subject::Node(NodeFact { node_id: node.node_id, features, revision })
    }))
}

fn candidate(message: &[u8], signed_from: usize, subject: impl FnOnce(u64) -> Subject) -> Candidate {
    let digest = sha256d::Hash::hash(&message[TYPE_SIZE + signed_from..]).to_byte_array();
    let short = u64::from_be_bytes(*digest.first_chunk().expect("a hash has 32 bytes"));
    Candidate { subject: subject(short), message: message.into(), digest }
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

impl Subject {
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
