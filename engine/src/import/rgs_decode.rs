//! The bytes of a rapid gossip sync snapshot. All numbers are big-endian, `big` is BOLT 1's BigSize, `blob` has two
//! bytes of length before it; the layout with its flags is drawn in `docs/formats.md`.

use std::fmt;
use std::io::{self, Read};

use primitives::codec::decode_bigsize;
use primitives::{CltvExpiryDelta, Direction, Features, Msat, NodeId, ShortChannelId, UnixTime};

use super::rgs_content::{RgsSnapshot, SnapshotChannel, SnapshotNode, SnapshotUpdate};
use super::source::read_full;
use crate::graph::BuildError;

pub(super) fn decode(input: impl Read) -> Result<RgsSnapshot, RgsError> {
    let mut input = Input { inner: input, offset: 0, part: RgsPart::Header };
    let magic: [u8; 3] = input.take()?;
    if magic != *b"LDK" {
        return Err(input.wrong("the magic bytes LDK"));
    }
    let [version] = input.take()?;
    if !(1..=2).contains(&version) {
        return Err(input.wrong("version 1 or 2"));
    }
    let chain_hash = input.take()?;
    let latest_seen = UnixTime::from_secs(u32::from_be_bytes(input.take()?));
    let nodes = decode_nodes(&mut input, version)?;
    let channels = decode_channels(&mut input, version, &nodes)?;
    let updates = decode_updates(&mut input, version)?;
    input.part = RgsPart::End;
    input.expect_end()?;
    Ok(RgsSnapshot { version, chain_hash, latest_seen, nodes, channels, updates })
}

fn decode_nodes(input: &mut Input<impl Read>, version: u8) -> Result<Vec<SnapshotNode>, RgsError> {
    let mut default_features = Vec::new();
    if version >= 2 {
        let [count] = input.take()?;
        for nth in 0..count {
            input.part = RgsPart::DefaultFeatures { nth: nth.into() };
            default_features.push(input.features()?);
        }
    }
    input.part = RgsPart::NodeCount;
    let count = input.count(RGS_NODE_COUNT_MAX)?;
    let mut nodes = Vec::new();
    for nth in 0..count {
        input.part = RgsPart::Node { nth };
        nodes.push(if version >= 2 {
            decode_node(input, &default_features)?
        } else {
            SnapshotNode { node_id: node_id(input, 0xff)?.0, features: None }
        });
    }
    Ok(nodes)
}

/// Reads a key; the bits of its first byte outside `parity` are returned beside it.
fn node_id(input: &mut Input<impl Read>, parity: u8) -> Result<(NodeId, u8), RgsError> {
    let mut key: [u8; 33] = input.take()?;
    let flags = key[0] & !parity;
    key[0] &= parity;
    let node_id = NodeId::from_bytes(key).map_err(|_| input.wrong("a node id that begins with 02 or 03"))?;
    Ok((node_id, flags))
}

/// Version 2 keeps flags in the upper six bits of a key's first byte.
fn decode_node(
    input: &mut Input<impl Read>,
    default_features: &[Features],
) -> Result<SnapshotNode, RgsError> {
    let (node_id, flags) = node_id(input, NODE_PARITY)?;
    if flags & NODE_HAS_ADDRESSES != 0 {
        let [count] = input.take()?;
        for _ in 0..count {
            let [size] = input.take()?;
            input.skip(size.into())?;
        }
    }
    let features = match flags >> NODE_FEATURES_SHIFT & NODE_FEATURES_EXPLICIT {
        0 => None,
        NODE_FEATURES_EXPLICIT => Some(input.features()?),
        nth => match default_features.get(usize::from(nth) - 1) {
            Some(features) => Some(features.clone()),
            None => return Err(input.wrong("the place of a feature vector that the header lists")),
        },
    };
    if flags & NODE_HAS_MORE != 0 {
        let size = input.blob_size()?;
        input.skip(size)?;
    }
    Ok(SnapshotNode { node_id, features })
}

fn decode_channels(
    input: &mut Input<impl Read>,
    version: u8,
    nodes: &[SnapshotNode],
) -> Result<Vec<SnapshotChannel>, RgsError> {
    input.part = RgsPart::ChannelCount;
    let count = input.count(RGS_CHANNEL_COUNT_MAX)?;
    let (mut channels, mut scid) = (Vec::new(), 0);
    for nth in 0..count {
        input.part = RgsPart::Channel { nth };
        let features = input.features()?;
        scid = input.add_delta(scid)?.0;
        let place_1 = input.bigsize()?;
        let place_2 = input.bigsize()?;
        // From version 2 on the highest bit says that more data follows.
        let has_more = version >= 2 && place_2 & CHANNEL_HAS_MORE != 0;
        let places = [place_1, if has_more { place_2 & !CHANNEL_HAS_MORE } else { place_2 }];
        let node = |place: u64| usize::try_from(place).ok().and_then(|place| nodes.get(place));
        let [Some(node_1), Some(node_2)] = places.map(node) else {
            return Err(input.wrong("places of nodes in the list before"));
        };
        if node_1.node_id >= node_2.node_id {
            return Err(input.wrong("two nodes in ascending order"));
        }
        let nodes =
            places.map(|place| u32::try_from(place).expect("a place in a list of 2^20 nodes at most"));
        let capacity = if has_more { Some(decode_capacity(input)?) } else { None };
        channels.push(SnapshotChannel {
            short_channel_id: ShortChannelId::from_u64(scid),
            nodes,
            capacity,
            features,
        });
    }
    Ok(channels)
}

/// The additional data of a channel: its funding satoshi as a BigSize, then whatever later versions add.
fn decode_capacity(input: &mut Input<impl Read>) -> Result<Msat, RgsError> {
    const EXPECTED: &str = "a funding amount below 2^64 / 1000 satoshi";
    let size = input.blob_size()?;
    let begin = input.offset;
    let satoshis = input.bigsize()?;
    let read = input.offset - begin;
    let rest = size.checked_sub(read).ok_or_else(|| input.wrong(EXPECTED))?;
    input.skip(rest)?;
    Msat::from_sat(satoshis).ok_or_else(|| input.wrong(EXPECTED))
}

/// What an update holds where its flags do not say otherwise.
struct Defaults {
    cltv_expiry_delta: CltvExpiryDelta,
    htlc_minimum_msat: Msat,
    fee_base_msat: u32,
    fee_proportional_millionths: u32,
    htlc_maximum_msat: Msat,
}

fn decode_updates(input: &mut Input<impl Read>, version: u8) -> Result<Vec<SnapshotUpdate>, RgsError> {
    input.part = RgsPart::UpdateCount;
    let count = input.count(RGS_UPDATE_COUNT_MAX)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    input.part = RgsPart::Defaults;
    let defaults = Defaults {
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(u16::from_be_bytes(input.take()?)),
        htlc_minimum_msat: input.msat()?,
        fee_base_msat: u32::from_be_bytes(input.take()?),
        fee_proportional_millionths: u32::from_be_bytes(input.take()?),
        htlc_maximum_msat: input.msat()?,
    };
    let (mut updates, mut scid, mut direction_before) = (Vec::new(), 0, None);
    for nth in 0..count {
        input.part = RgsPart::Update { nth };
        let (sum, delta) = input.add_delta(scid)?;
        scid = sum;
        let [flags] = input.take()?;
        let direction = if flags & 1 == 0 { Direction::NodeOneToTwo } else { Direction::NodeTwoToOne };
        // Version 2 hides data for later versions behind a repeated direction.
        if version >= 2 && delta == 0 && direction_before == Some(direction) {
            let size = input.blob_size()?;
            input.skip(size)?;
            continue;
        }
        direction_before = Some(direction);
        updates.push(decode_update(input, ShortChannelId::from_u64(scid), direction, flags, &defaults)?);
    }
    Ok(updates)
}

fn decode_update(
    input: &mut Input<impl Read>,
    short_channel_id: ShortChannelId,
    direction: Direction,
    flags: u8,
    defaults: &Defaults,
) -> Result<SnapshotUpdate, RgsError> {
    let mut update = SnapshotUpdate {
        short_channel_id,
        direction,
        disabled: flags & UPDATE_DISABLED != 0,
        is_incremental: flags & UPDATE_INCREMENTAL != 0,
        cltv_expiry_delta: None,
        htlc_minimum_msat: None,
        fee_base_msat: None,
        fee_proportional_millionths: None,
        htlc_maximum_msat: None,
    };
    if !update.is_incremental {
        update.cltv_expiry_delta = Some(defaults.cltv_expiry_delta);
        update.htlc_minimum_msat = Some(defaults.htlc_minimum_msat);
        update.fee_base_msat = Some(defaults.fee_base_msat);
        update.fee_proportional_millionths = Some(defaults.fee_proportional_millionths);
        update.htlc_maximum_msat = Some(defaults.htlc_maximum_msat);
    }
    if flags & UPDATE_HAS_CLTV != 0 {
        update.cltv_expiry_delta = Some(CltvExpiryDelta::from_blocks(u16::from_be_bytes(input.take()?)));
    }
    if flags & UPDATE_HAS_HTLC_MINIMUM != 0 {
        update.htlc_minimum_msat = Some(input.msat()?);
    }
    if flags & UPDATE_HAS_BASE != 0 {
        update.fee_base_msat = Some(u32::from_be_bytes(input.take()?));
    }
    if flags & UPDATE_HAS_PROPORTIONAL != 0 {
        update.fee_proportional_millionths = Some(u32::from_be_bytes(input.take()?));
    }
    if flags & UPDATE_HAS_HTLC_MAXIMUM != 0 {
        update.htlc_maximum_msat = Some(input.msat()?);
    }
    Ok(update)
}

/// The input with the place that errors name.
struct Input<R> {
    inner: R,
    offset: u64,
    part: RgsPart,
}

impl<R: Read> Input<R> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], RgsError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RgsError> {
        let filled = read_full(&mut self.inner, bytes).map_err(|error| self.failed(&error))?;
        self.offset += filled as u64;
        if filled == bytes.len() {
            Ok(())
        } else {
            Err(RgsError::Truncated { offset: self.offset, part: self.part })
        }
    }

    fn skip(&mut self, size: u64) -> Result<(), RgsError> {
        let skipped = io::copy(&mut (&mut self.inner).take(size), &mut io::sink());
        let skipped = skipped.map_err(|error| self.failed(&error))?;
        self.offset += skipped;
        if skipped == size {
            Ok(())
        } else {
            Err(RgsError::Truncated { offset: self.offset, part: self.part })
        }
    }

    fn count(&mut self, max: u32) -> Result<u32, RgsError> {
        let count = u32::from_be_bytes(self.take()?);
        if count <= max { Ok(count) } else { Err(RgsError::TooMany { part: self.part, count, max }) }
    }

    fn msat(&mut self) -> Result<Msat, RgsError> {
        Ok(Msat::from_msat(u64::from_be_bytes(self.take()?)))
    }

    fn features(&mut self) -> Result<Features, RgsError> {
        let size = u16::from_be_bytes(self.take()?);
        let mut bytes = vec![0; size.into()];
        self.fill(&mut bytes)?;
        Ok(Features::from_be_bytes(&bytes))
    }

    fn bigsize(&mut self) -> Result<u64, RgsError> {
        let mut bytes = [0; 9];
        let [first] = self.take()?;
        bytes[0] = first;
        let size = match first {
            0xfd => 3,
            0xfe => 5,
            0xff => 9,
            _ => 1,
        };
        self.fill(&mut bytes[1..size])?;
        match decode_bigsize(&bytes[..size]) {
            Some((value, _)) => Ok(value),
            None => Err(self.wrong("a BigSize in its shortest form")),
        }
    }

    /// The next channel id, told as its distance from the one before, and that distance.
    fn add_delta(&mut self, scid: u64) -> Result<(u64, u64), RgsError> {
        let delta = self.bigsize()?;
        let sum = scid.checked_add(delta).ok_or_else(|| self.wrong("a channel id below 2^64"))?;
        Ok((sum, delta))
    }

    /// The size of a blob: two bytes; 0xffff says that eight more bytes are to be added.
    fn blob_size(&mut self) -> Result<u64, RgsError> {
        match u16::from_be_bytes(self.take()?) {
            u16::MAX => {
                let more = u64::from_be_bytes(self.take()?);
                more.checked_add(u16::MAX.into()).ok_or_else(|| self.wrong("a size below 2^64"))
            }
            size => Ok(size.into()),
        }
    }

    fn expect_end(&mut self) -> Result<(), RgsError> {
        let filled = read_full(&mut self.inner, &mut [0]).map_err(|error| self.failed(&error))?;
        if filled == 0 { Ok(()) } else { Err(self.wrong("the end of the file")) }
    }

    fn wrong(&self, expected: &'static str) -> RgsError {
        RgsError::Value { offset: self.offset, part: self.part, expected }
    }

    fn failed(&self, error: &io::Error) -> RgsError {
        RgsError::Io { offset: self.offset, part: self.part, kind: error.kind() }
    }
}

/// Nodes in one snapshot, some eighty times today's: a compressed file cannot make us hold more.
pub const RGS_NODE_COUNT_MAX: u32 = 1 << 20;
/// Channels in one snapshot.
pub const RGS_CHANNEL_COUNT_MAX: u32 = 1 << 22;
/// Updates in one snapshot.
pub const RGS_UPDATE_COUNT_MAX: u32 = 1 << 23;

const NODE_PARITY: u8 = 0b0000_0011;
const NODE_HAS_ADDRESSES: u8 = 0b0000_0100;
const NODE_FEATURES_SHIFT: u32 = 3;
const NODE_FEATURES_EXPLICIT: u8 = 7;
const NODE_HAS_MORE: u8 = 0b1000_0000;
const CHANNEL_HAS_MORE: u64 = 1 << 63;
const UPDATE_DISABLED: u8 = 0b0000_0010;
const UPDATE_HAS_HTLC_MAXIMUM: u8 = 0b0000_0100;
const UPDATE_HAS_PROPORTIONAL: u8 = 0b0000_1000;
const UPDATE_HAS_BASE: u8 = 0b0001_0000;
const UPDATE_HAS_HTLC_MINIMUM: u8 = 0b0010_0000;
const UPDATE_HAS_CLTV: u8 = 0b0100_0000;
const UPDATE_INCREMENTAL: u8 = 0b1000_0000;

/// A part of a snapshot, for errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RgsPart {
    /// Magic, version, chain and time.
    Header,
    /// One of the feature vectors that nodes refer to.
    DefaultFeatures {
        /// Which, from 0.
        nth: u32,
    },
    /// How many nodes follow.
    NodeCount,
    /// A node.
    Node {
        /// Which, from 0.
        nth: u32,
    },
    /// How many channels follow.
    ChannelCount,
    /// A channel.
    Channel {
        /// Which, from 0.
        nth: u32,
    },
    /// How many updates follow.
    UpdateCount,
    /// The values that updates may leave out.
    Defaults,
    /// An update.
    Update {
        /// Which, from 0.
        nth: u32,
    },
    /// Behind the last update.
    End,
}

impl fmt::Display for RgsPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RgsPart::Header => f.write_str("header"),
            RgsPart::DefaultFeatures { nth } => write!(f, "default features {nth}"),
            RgsPart::NodeCount => f.write_str("count of nodes"),
            RgsPart::Node { nth } => write!(f, "node {nth}"),
            RgsPart::ChannelCount => f.write_str("count of channels"),
            RgsPart::Channel { nth } => write!(f, "channel {nth}"),
            RgsPart::UpdateCount => f.write_str("count of updates"),
            RgsPart::Defaults => f.write_str("default values of updates"),
            RgsPart::Update { nth } => write!(f, "update {nth}"),
            RgsPart::End => f.write_str("end"),
        }
    }
}

/// Why a snapshot was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RgsError {
    /// The input failed.
    #[error("{part}, byte {offset}: reading failed: {kind}")]
    Io {
        /// Bytes read before.
        offset: u64,
        /// What was being read.
        part: RgsPart,
        /// What failed.
        kind: io::ErrorKind,
    },
    /// The file ends too early.
    #[error("{part}: the file ends inside it, at byte {offset}")]
    Truncated {
        /// Bytes in the file.
        offset: u64,
        /// What was being read.
        part: RgsPart,
    },
    /// A value that may not stand there.
    #[error("{part}, before byte {offset}: expected {expected}")]
    Value {
        /// Bytes read, the wrong ones included.
        offset: u64,
        /// What was being read.
        part: RgsPart,
        /// What would have been right.
        expected: &'static str,
    },
    /// A count beyond the limit.
    #[error("{part}: {count} is more than the limit of {max}")]
    TooMany {
        /// What is counted.
        part: RgsPart,
        /// How many are claimed.
        count: u32,
        /// The limit.
        max: u32,
    },
    /// The graph has no room.
    #[error(transparent)]
    Build(#[from] BuildError),
}
