//! Core Lightning's `gossip_store` or a capture, a batch of messages at a time.
//!
//! In a batch channels go first, so that updates and nodes find them; among themselves all keep the order of the file.

use std::collections::BTreeMap;
use std::io::Read;

use bitcoin::secp256k1::{Secp256k1, VerifyOnly};
use engine::import::{Format, StoreRecord, detect, read_store_records};
use gossip::funding::{FundingAnswer, FundingQuestion};
use gossip::record::{Record, Restored};
use gossip::sync::{Gossip, Stored};
use gossip::verify::{Candidate, ChannelFact, KeyRing, Subject, Verified, VerifiedGossip, VerifyJob};
use gossip::view::Standing;
use primitives::{ChainHash, Msat, ShortChannelId, UnixTime};

use super::capture::{CAPTURE_MAGIC, read_capture};
use super::counts::{ImportCounts, Reason};
use super::error::ImportError;
use super::funding::FundingDesk;
use crate::chain::ChainConfig;
use crate::store::GossipLog;

/// When an import takes place, and what it imports was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The clock: what is stale by now is not taken.
    pub now: UnixTime,
    /// When the file was written last, as far as is known; what is in it may show that it was later. Peers are asked for
    /// what came since.
    pub written_at: UnixTime,
}

/// Takes messages of a file into a view and its log.
pub struct Importer<'a> {
    gossip: &'a mut Gossip,
    log: &'a mut GossipLog,
    chain_hash: ChainHash,
    desk: Option<FundingDesk>,
    moment: Moment,
    secp: Secp256k1<VerifyOnly>,
    ring: KeyRing,
    channels: Vec<(Candidate, Option<Msat>)>,
    others: Vec<Candidate>,
    stored: Vec<Stored>,
    /// Channels that were taken, of which the file may take back some.
    taken: BTreeMap<ShortChannelId, FundingQuestion>,
    counts: ImportCounts,
}

impl<'a> Importer<'a> {
    /// Will import into that view, and the log that holds all of it. Without `chain` funding outputs are believed unseen, and
    /// capacities are those of the file, where it has any.
    ///
    /// # Errors
    /// Where the system gives no threads.
    pub fn new(
        gossip: &'a mut Gossip,
        log: &'a mut GossipLog,
        chain: Option<ChainConfig>,
        moment: Moment,
    ) -> Result<Self, ImportError> {
        let moment = Moment { written_at: moment.written_at.min(moment.now), ..moment };
        Ok(Importer {
            chain_hash: log.chain_hash(),
            gossip,
            log,
            desk: chain.map(FundingDesk::open).transpose()?,
            moment,
            secp: Secp256k1::verification_only(),
            ring: KeyRing::default(),
            channels: Vec::new(),
            others: Vec::new(),
            stored: Vec::new(),
            taken: BTreeMap::new(),
            counts: ImportCounts::default(),
        })
    }

    /// Reads a `gossip_store` or a capture to its end, whichever it is; `progress` is told the bytes that were read. Returns
    /// the channels that were taken, too. When this returns, all of it is on the disk. Holds one batch of messages.
    ///
    /// # Errors
    /// Where the file is wrong, the log cannot be written, or the chain gives no answers. What was taken before stays.
    pub fn read(
        mut self,
        mut input: impl Read,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(ImportCounts, Vec<FundingQuestion>), ImportError> {
        let mut magic = Vec::with_capacity(CAPTURE_MAGIC.len());
        let read = input.by_ref().take(CAPTURE_MAGIC.len() as u64).read_to_end(&mut magic);
        read.map_err(|error| ImportError::Read(error.kind()))?;
        if detect(&magic) == Ok(Format::Zstd) {
            return Err(ImportError::Compressed);
        }
        let whole = magic.as_slice().chain(input);
        let read = if magic == CAPTURE_MAGIC {
            self.read_capture(whole, progress)
        } else {
            self.read_gossip_store(whole, progress)
        };
        // What was read before a fault counts.
        self.take_batch()?;
        self.log.sync()?;
        read?;
        Ok((self.counts, self.taken.into_values().collect()))
    }

    fn read_gossip_store(
        &mut self,
        input: impl Read,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), ImportError> {
        let notes = read_store_records(input, |offset, record| {
            match record {
                StoreRecord::Channel { message, capacity } => self.note(message, Some(capacity)),
                StoreRecord::Update { message } | StoreRecord::Node { message } => self.note(message, None),
                StoreRecord::Deleted { short_channel_id } => self.delete(short_channel_id)?,
            }
            self.take_full_batch(offset, progress)
        })?;
        self.counts.torn_at = notes.torn_at;
        Ok(())
    }

    fn read_capture(&mut self, input: impl Read, progress: &mut dyn FnMut(u64)) -> Result<(), ImportError> {
        let notes = read_capture(input, self.chain_hash, |offset, message| {
            self.note(message, None);
            self.take_full_batch(offset, progress)
        })?;
        (self.counts.torn_at, self.counts.torn_bytes) = (notes.torn_at, notes.torn_bytes);
        Ok(())
    }

    /// Puts a message into the batch.
    fn note(&mut self, message: &[u8], capacity: Option<Msat>) {
        let Some(candidate) = self.parse(message) else { return };
        match candidate.subject() {
            Subject::Channel(_) => self.channels.push((candidate, capacity)),
            Subject::Update(_) | Subject::Node(_) => self.others.push(candidate),
        }
    }

    fn take_full_batch(&mut self, offset: u64, progress: &mut dyn FnMut(u64)) -> Result<(), ImportError> {
        if self.channels.len() + self.others.len() < BATCH_COUNT {
            return Ok(());
        }
        progress(offset);
        self.take_batch()
    }

    fn parse(&mut self, message: &[u8]) -> Option<Candidate> {
        match Candidate::parse(message, self.chain_hash)? {
            Ok(candidate) => {
                let signed_at = match candidate.subject() {
                    Subject::Update(update) => update.revision.timestamp,
                    Subject::Node(node) => node.revision.timestamp,
                    Subject::Channel(_) => UnixTime::from_secs(0),
                };
                self.moment.written_at = self.moment.written_at.max(signed_at).min(self.moment.now);
                Some(candidate)
            }
            Err(error) => {
                self.counts.refuse(error.into());
                None
            }
        }
    }

    fn take_batch(&mut self) -> Result<(), ImportError> {
        self.take_channels()?;
        self.take_others();
        let records: Vec<Record<'_>> = self.stored.iter().map(Stored::record).collect();
        self.log.append(&records, self.moment.written_at)?;
        self.stored.clear();
        Ok(())
    }

    fn take_channels(&mut self) -> Result<(), ImportError> {
        let (mut jobs, mut amounts) = (Vec::new(), Vec::new());
        for (candidate, amount) in std::mem::take(&mut self.channels) {
            if let Some(job) = self.job(candidate) {
                jobs.push(job);
                amounts.push(amount);
            }
        }
        let mut channels = Vec::new();
        for (result, amount) in VerifyJob::run_all(&self.secp, &self.ring, jobs).into_iter().zip(amounts) {
            match result {
                Ok(VerifiedGossip::Channel(channel)) => channels.push((channel, amount)),
                // None of these is a channel's.
                Ok(VerifiedGossip::Update(_) | VerifiedGossip::Node(_)) => self.counts.refuse(Reason::Broken),
                Err(_) => self.counts.refuse(Reason::Signature),
            }
        }
        let questions = channels.iter().map(|(channel, _)| FundingQuestion::of(channel.fact())).collect();
        let answers = self.desk.as_ref().map(|desk| desk.ask(questions)).transpose()?;
        for (channel, amount) in channels {
            self.take_channel(channel, amount, answers.as_ref());
        }
        Ok(())
    }

    fn take_channel(
        &mut self,
        channel: Verified<ChannelFact>,
        amount: Option<Msat>,
        answers: Option<&BTreeMap<ShortChannelId, FundingAnswer>>,
    ) {
        let question = FundingQuestion::of(channel.fact());
        let id = question.short_channel_id;
        let capacity = match answers {
            None => Ok(amount),
            Some(answers) => {
                question.judge(answers.get(&id).unwrap_or(&FundingAnswer::Unknown), None).map(Some)
            }
        };
        match capacity {
            Err(error) => self.counts.refuse(error.into()),
            Ok(capacity) => {
                if self.admit(VerifiedGossip::Channel(channel), capacity) {
                    self.taken.insert(id, question);
                }
            }
        }
    }

    fn take_others(&mut self) {
        let others = std::mem::take(&mut self.others);
        let jobs = others.into_iter().filter_map(|candidate| self.job(candidate)).collect();
        for result in VerifyJob::run_all(&self.secp, &self.ring, jobs) {
            match result {
                Ok(gossip) => drop(self.admit(gossip, None)),
                Err(_) => self.counts.refuse(Reason::Signature),
            }
        }
    }

    /// What is worth the check of its signatures.
    fn job(&mut self, candidate: Candidate) -> Option<VerifyJob> {
        let reason = match self.gossip.view().standing(candidate.subject(), self.moment.now) {
            Ok(Standing::News { signer: Some(signer) }) => return VerifyJob::update(candidate, signer),
            Ok(Standing::News { signer: None }) => return VerifyJob::announcement(candidate),
            Ok(Standing::NeedsChannel(_) | Standing::NeedsNode(_)) => Reason::Orphan,
            Err(refusal) => refusal.into(),
        };
        self.counts.refuse(reason);
        None
    }

    fn admit(&mut self, gossip: VerifiedGossip, capacity: Option<Msat>) -> bool {
        match self.gossip.admit(gossip, capacity, self.moment.written_at) {
            Err(refusal) => {
                self.counts.refuse(refusal.into());
                false
            }
            Ok(stored) => {
                let count = match stored {
                    Stored::Channel { .. } => &mut self.counts.channel_count,
                    Stored::Update(_) => &mut self.counts.update_count,
                    Stored::Node(_) => &mut self.counts.node_count,
                    Stored::Removed(_) => &mut self.counts.removed_count,
                    // No message says so.
                    Stored::Spent { .. } => return false,
                };
                *count += 1;
                self.stored.push(stored);
                true
            }
        }
    }

    /// What others told stays, for nobody has signed this.
    fn delete(&mut self, short_channel_id: ShortChannelId) -> Result<(), ImportError> {
        self.take_batch()?;
        if self.taken.remove(&short_channel_id).is_some()
            && let Ok(Some(_)) = self.gossip.restore(&Restored::Removed(short_channel_id))
        {
            self.counts.removed_count += 1;
            self.stored.push(Stored::Removed(short_channel_id));
        }
        Ok(())
    }
}

/// Messages that are checked together: some 4 MB, and at most 32,768 signatures.
const BATCH_COUNT: usize = 8192;
