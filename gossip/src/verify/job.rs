//! Checks the signatures of many messages at once.
//!
//! One ECDSA verification takes some 30 µs and all else together less than 1 µs, so the messages are spread over rayon's
//! threads in small groups and come back in their order.

use bitcoin::secp256k1::ecdsa::Signature;
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1, VerifyOnly};
use primitives::{ChainHash, NodeId};
use rayon::prelude::*;

use super::candidate::{Candidate, ParseError, Subject};
use super::fact::{ChannelFact, NodeFact, UpdateFact};
use super::keys::KeyRing;
use super::verified::Verified;

/// A candidate whose signers are known.
#[derive(Debug, Clone)]
pub struct VerifyJob {
    candidate: Candidate,
    signer: NodeId,
}

/// A message whose signatures are right; `M` is what is kept of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifiedGossip<M = Box<[u8]>> {
    /// A channel exists, if its funding output does.
    Channel(Verified<ChannelFact, M>),
    /// A direction has a policy.
    Update(Verified<UpdateFact, M>),
    /// A node exists.
    Node(Verified<NodeFact, M>),
}

impl VerifyJob {
    /// A `channel_announcement` or a `node_announcement`, which name their signers; `None` for a `channel_update`.
    pub fn announcement(candidate: Candidate) -> Option<Self> {
        let signer = match &candidate.subject {
            Subject::Channel(channel) => channel.node_id_1,
            Subject::Node(node) => node.node_id,
            Subject::Update(_) => return None,
        };
        Some(VerifyJob { candidate, signer })
    }

    /// A `channel_update` of the channel's node at the direction's tail: `signer`. `None` for other messages.
    pub fn update(candidate: Candidate, signer: NodeId) -> Option<Self> {
        matches!(candidate.subject, Subject::Update(_)).then_some(VerifyJob { candidate, signer })
    }

    /// What is to be checked.
    pub const fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    /// How many signatures it has.
    pub const fn signature_count(&self) -> usize {
        match self.candidate.subject {
            Subject::Channel(_) => 4,
            Subject::Update(_) | Subject::Node(_) => 1,
        }
    }

    /// Checks all jobs on rayon's threads; the results are in the order of the jobs. Keys of nodes that signed rightly
    /// join the ring.
    pub fn run_all(
        secp: &Secp256k1<VerifyOnly>,
        keys: &KeyRing,
        jobs: Vec<VerifyJob>,
    ) -> Vec<Result<VerifiedGossip, SignatureError>> {
        let results: Vec<_> =
            jobs.into_par_iter().with_max_len(GROUP_MAX).map(|job| job.run(secp, keys)).collect();
        let (mut verified, mut learnt) = (Vec::with_capacity(results.len()), Vec::new());
        for result in results {
            verified.push(result.map(|(gossip, points)| {
                learnt.extend(points.into_iter().flatten());
                gossip
            }));
        }
        keys.extend(learnt);
        verified
    }

    /// Checks one on the calling thread; keys that were not on the ring are returned.
    pub(super) fn run(
        self,
        secp: &Secp256k1<VerifyOnly>,
        keys: &KeyRing,
    ) -> Result<(VerifiedGossip, [Learnt; 2]), SignatureError> {
        let Candidate { subject, message, digest } = self.candidate;
        let check = Check { secp, keys, digest: Message::from_digest(digest), payload: &message[2..] };
        Ok(match subject {
            Subject::Channel(fact) => {
                let one = check.node(SignatureField::NodeSignature1, fact.node_id_1)?;
                let two = check.node(SignatureField::NodeSignature2, fact.node_id_2)?;
                check.point(SignatureField::BitcoinSignature1, &fact.bitcoin_key_1)?;
                check.point(SignatureField::BitcoinSignature2, &fact.bitcoin_key_2)?;
                (VerifiedGossip::Channel(Verified::new(fact, message)), [one, two])
            }
            Subject::Update(fact) => {
                let learnt = check.node(SignatureField::Signature, self.signer)?;
                (VerifiedGossip::Update(Verified::new(fact, message)), [learnt, None])
            }
            Subject::Node(fact) => {
                let learnt = check.node(SignatureField::Signature, self.signer)?;
                (VerifiedGossip::Node(Verified::new(fact, message)), [learnt, None])
            }
        })
    }
}

impl VerifiedGossip<()> {
    /// Reads a message of our own log, whose signatures were checked before it was stored there. `None` where it is no
    /// gossip.
    ///
    /// # Errors
    /// As [`Candidate::parse`].
    pub(crate) fn when_stored(message: &[u8], chain: ChainHash) -> Option<Result<Self, ParseError>> {
        Some(Subject::read(message, chain)?.map(|(subject, _)| match subject {
            Subject::Channel(fact) => VerifiedGossip::Channel(Verified::new(fact, ())),
            Subject::Update(fact) => VerifiedGossip::Update(Verified::new(fact, ())),
            Subject::Node(fact) => VerifiedGossip::Node(Verified::new(fact, ())),
        }))
    }
}

/// A key that was not on the ring and signed rightly.
pub(super) type Learnt = Option<(NodeId, PublicKey)>;

/// A message under examination.
struct Check<'a> {
    secp: &'a Secp256k1<VerifyOnly>,
    keys: &'a KeyRing,
    digest: Message,
    payload: &'a [u8],
}

impl Check<'_> {
    /// Checks a node's signature; a key that was not on the ring is returned.
    fn node(&self, field: SignatureField, node_id: NodeId) -> Result<Learnt, SignatureError> {
        if let Some(point) = self.keys.get(node_id) {
            return self.verify(field, &point).map(|()| None);
        }
        let point = node_id.to_public_key().ok_or(SignatureError { field })?;
        self.verify(field, &point).map(|()| Some((node_id, point)))
    }

    fn point(&self, field: SignatureField, key: &[u8; 33]) -> Result<(), SignatureError> {
        let point = PublicKey::from_slice(key).map_err(|_| SignatureError { field })?;
        self.verify(field, &point)
    }

    fn verify(&self, field: SignatureField, point: &PublicKey) -> Result<(), SignatureError> {
        let at = 64 * field.place();
        Signature::from_compact(&self.payload[at..at + 64])
            .and_then(|signature| self.secp.verify_ecdsa(&self.digest, &signature, point))
            .map_err(|_| SignatureError { field })
    }
}

/// Which signature of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureField {
    /// The only one of an update or a node announcement.
    Signature,
    /// `node_signature_1`.
    NodeSignature1,
    /// `node_signature_2`.
    NodeSignature2,
    /// `bitcoin_signature_1`.
    BitcoinSignature1,
    /// `bitcoin_signature_2`.
    BitcoinSignature2,
}

impl SignatureField {
    /// How many signatures stand before it in the payload.
    const fn place(self) -> usize {
        match self {
            SignatureField::Signature | SignatureField::NodeSignature1 => 0,
            SignatureField::NodeSignature2 => 1,
            SignatureField::BitcoinSignature1 => 2,
            SignatureField::BitcoinSignature2 => 3,
        }
    }
}

/// A key is no point, or a signature is not the one of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("wrong {field:?} or key")]
pub struct SignatureError {
    /// Whose signature is wrong.
    pub field: SignatureField,
}

/// Messages that one thread takes at a time: at most 0.2 ms of work, little enough for all threads to end together.
const GROUP_MAX: usize = 2;
