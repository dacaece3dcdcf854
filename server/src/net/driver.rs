//! The core's thread: what the sockets, the threads and the chain say goes in; messages, records and changes come out.
//!
//! Nothing here waits but for the disk. What is slow is done elsewhere and comes back as an [`Answer`]; there is a bounded
//! number of checks of signatures and of questions to the chain under way, so answers need no bound of their own. Answers
//! go before messages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bitcoin::secp256k1::{Secp256k1, VerifyOnly};
use gossip::admit::PeerId;
use gossip::record::Record;
use gossip::sync::{DisconnectReason, Gossip, Input, Output, Stored};
use gossip::verify::{CheckedPiece, KeyRing, VerifyPiece};
use gossip::view::MessageKey;
use primitives::{GraphDelta, Msat, ShortChannelId};
use rayon::ThreadPool;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::feed::Feed;
use super::hub::CoreEvent;
use super::link::Link;
use super::status::{Board, Notice, Status};
use crate::chain::{ChainAnswer, ChainQuestion};
use crate::clock::{unix_now, until};
use crate::store::{CompactionStep, DiskWork, GossipLog, LogError};

/// The core with all that it needs.
pub(super) struct Driver<F> {
    pub(super) gossip: Gossip,
    pub(super) log: GossipLog,
    pub(super) feed: F,
    pub(super) board: Arc<Board>,
    pub(super) events: mpsc::Receiver<CoreEvent>,
    pub(super) answers: mpsc::UnboundedReceiver<Answer>,
    pub(super) verifier: Verifier,
    pub(super) chain: Option<mpsc::UnboundedSender<ChainQuestion>>,
    /// Threads that may wait for the disk.
    pub(super) waiters: Handle,
    /// How large a log must be to be compacted.
    pub(super) compaction_size_min: u64,
    /// Records that are not in the log yet.
    pub(super) stored: Vec<Stored>,
    pub(super) links: BTreeMap<PeerId, Link>,
    pub(super) chores: Chores,
    pub(super) counts: Status,
}

/// Something that was asked for comes back.
pub(super) enum Answer {
    Verified {
        piece: CheckedPiece,
        took: Duration,
    },
    Chain(ChainAnswer),
    /// The disk has what a compaction wanted it to have.
    Compacted(Result<(), LogError>),
    /// The disk does not have what was appended, and nobody knows since when.
    Unsynced(LogError),
    Stop,
}

/// How far a compaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compacting {
    /// None is under way.
    Idle,
    /// It goes on with the next step.
    Steps,
    /// It goes on when the disk has what was written.
    Waits,
}

/// Checks signatures on threads of its own, so that queries have the others.
pub(super) struct Verifier {
    pub(super) pool: ThreadPool,
    pub(super) secp: Arc<Secp256k1<VerifyOnly>>,
    pub(super) ring: Arc<KeyRing>,
    pub(super) answers: mpsc::UnboundedSender<Answer>,
}

/// What is done from time to time.
pub(super) struct Chores {
    is_unpublished: bool,
    published_at: Instant,
    publish_every: Duration,
    is_unstored: bool,
    stored_at: Instant,
    is_unsynced: bool,
    synced_at: Instant,
    is_unshown: bool,
    shown_at: Instant,
    compaction: Compacting,
    compact_after: Instant,
    /// How long the messages that came last had waited.
    waited: Duration,
}

impl Chores {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Chores {
            is_unpublished: false,
            published_at: now,
            publish_every: PUBLISH_EVERY,
            is_unstored: false,
            stored_at: now,
            is_unsynced: false,
            synced_at: now,
            is_unshown: true,
            shown_at: now - SHOW_EVERY,
            compaction: Compacting::Idle,
            compact_after: now,
            waited: Duration::ZERO,
        }
    }

    /// When something is due, at the latest.
    fn due_at(&self) -> Option<Instant> {
        [
            self.is_unpublished.then(|| self.published_at + self.publish_every),
            self.is_unstored.then(|| self.stored_at + STORE_EVERY),
            self.is_unsynced.then(|| self.synced_at + SYNC_EVERY),
            self.is_unshown.then(|| self.shown_at + SHOW_EVERY),
            (self.compaction == Compacting::Steps).then_some(self.compact_after),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

impl Verifier {
    fn start(&self, piece: VerifyPiece) {
        let (secp, ring, answers) = (Arc::clone(&self.secp), Arc::clone(&self.ring), self.answers.clone());
        let began = Instant::now();
        self.pool.spawn_fifo(move || {
            let piece = piece.run(&secp, &ring);
            // Where nobody wants it any more, the core has stopped.
            let _ = answers.send(Answer::Verified { piece, took: began.elapsed() });
        });
    }
}

impl<F: Feed> Driver<F> {
    /// Works until it is told to stop; gives the feed back.
    pub(super) async fn run(mut self) -> Result<F, LogError> {
        self.append()?;
        loop {
            let deadline = self.deadline();
            tokio::select! {
                biased;
                answer = self.answers.recv() => match answer {
                    None | Some(Answer::Stop) => break,
                    Some(answer) => self.take_answer(answer)?,
                },
                // Without peers and without an address of ours, none ever come.
                Some(event) = self.events.recv() => self.take_event(event)?,
                () = tokio::time::sleep_until(deadline.into()) => self.handle(Input::Tick)?,
            }
            self.do_chores()?;
        }
        self.append()?;
        self.feed.flush();
        self.show();
        self.log.sync()?;
        Ok(self.feed)
    }

    fn take_event(&mut self, event: CoreEvent) -> Result<(), LogError> {
        match event {
            CoreEvent::Connected { peer, link, is_outbound, has_queries } => {
                self.links.insert(peer, link);
                self.handle(Input::PeerConnected { peer, is_outbound, has_queries })
            }
            CoreEvent::Disconnected { peer } => {
                self.links.remove(&peer);
                self.handle(Input::PeerDisconnected { peer })
            }
            CoreEvent::Writable { peer } => self.handle(Input::Writable { peer }),
            CoreEvent::Messages { peer, batch } => {
                self.chores.waited = batch.read_at().elapsed();
                let mut count = 0;
                for message in batch.messages() {
                    count += 1;
                    self.handle(Input::Message { peer, message })?;
                }
                self.counts.message_count += count;
                self.board.came(peer, count);
                Ok(())
            }
        }
    }

    fn take_answer(&mut self, answer: Answer) -> Result<(), LogError> {
        match answer {
            Answer::Verified { piece, took } => {
                self.counts.verified_count += piece.right_count() as u64;
                self.counts.lag = self.chores.waited + took;
                self.handle(Input::Verified(piece))
            }
            Answer::Chain(ChainAnswer::Funding { short_channel_id, answer }) => {
                self.handle(Input::FundingAnswered { short_channel_id, answer })
            }
            Answer::Chain(ChainAnswer::Block { height }) => self.handle(Input::Block { height }),
            Answer::Chain(ChainAnswer::Spent { short_channel_id, spent_at }) => {
                self.handle(Input::FundingSpent { short_channel_id, spent_at })
            }
            Answer::Chain(ChainAnswer::Capacity { short_channel_id, capacity }) => {
                self.correct_capacity(short_channel_id, capacity)
            }
            Answer::Chain(ChainAnswer::Headers(notice)) => {
                self.board.tell(Notice::Headers(notice));
                Ok(())
            }
            Answer::Chain(ChainAnswer::Failed(error)) => {
                self.board.tell(Notice::Chain(error));
                Ok(())
            }
            Answer::Compacted(Err(error)) => {
                self.stop_compaction(error);
                Ok(())
            }
            Answer::Compacted(Ok(())) => {
                if self.chores.compaction == Compacting::Waits {
                    self.chores.compaction = Compacting::Steps;
                }
                Ok(())
            }
            // The system says so once, and calls lost pages clean afterwards: later writes and waits would succeed.
            Answer::Unsynced(error) => Err(error),
            // The loop has looked at this one.
            Answer::Stop => Ok(()),
        }
    }

    fn handle(&mut self, input: Input<'_>) -> Result<(), LogError> {
        let now = unix_now();
        self.gossip.handle(now, input);
        self.chores.is_unshown = true;
        let mut more = self.obey_all()?;
        // An answer from the log may be all that the core waited for.
        while let Some(input) = more.pop() {
            self.gossip.handle(now, input);
            more.extend(self.obey_all()?);
        }
        Ok(())
    }

    /// Does what the core says; returns what it must hear of at once.
    fn obey_all(&mut self) -> Result<Vec<Input<'static>>, LogError> {
        let mut heard = Vec::new();
        while let Some(output) = self.gossip.poll_output() {
            match output {
                Output::Send { peer, message } => {
                    if self.links.get(&peer).is_some_and(|link| !link.send(message)) {
                        self.close(peer, DisconnectReason::Waste);
                        heard.push(Input::PeerDisconnected { peer });
                    }
                }
                Output::Disconnect { peer, reason } => self.close(peer, reason),
                Output::PauseReading { peer } => self.pause(peer, true),
                Output::ResumeReading { peer } => self.pause(peer, false),
                Output::Verify(piece) => self.verifier.start(piece),
                Output::CheckFunding(question) => {
                    if let Some(chain) = &self.chain {
                        // A chain that is gone answers nothing, and the channels come again.
                        let _ = chain.send(ChainQuestion::Funding(question));
                    }
                }
                Output::Read { peer, keys } => {
                    // What was verified a moment ago is not in the log yet.
                    self.append()?;
                    let messages = self.log.read_all(&keys)?;
                    heard.push(Input::Read { peer, messages });
                }
                Output::Store(stored) => {
                    self.stored.push(stored);
                    self.chores.is_unstored = true;
                }
                Output::Delta(delta) => {
                    self.feed.apply(&delta);
                    self.counts.delta_count += 1;
                    self.chores.is_unpublished = true;
                }
            }
        }
        Ok(heard)
    }

    /// In a log, too, a channel's record tells its capacity: it is written again, with all that its removal voids.
    fn correct_capacity(&mut self, id: ShortChannelId, capacity: Msat) -> Result<(), LogError> {
        let changes = self.gossip.correct_capacity(id, capacity);
        if changes.is_empty() {
            return Ok(());
        }
        // What was verified a moment ago is not in the log yet.
        self.append()?;
        for change in changes {
            self.feed.apply(&change);
            self.counts.delta_count += 1;
            let stored = match change {
                GraphDelta::ChannelClosed { short_channel_id } => Some(Stored::Removed(short_channel_id)),
                GraphDelta::ChannelOpened { short_channel_id, capacity, .. } => {
                    let message = self.log.read(MessageKey::Channel(short_channel_id))?;
                    message.map(|message| Stored::Channel { capacity, message })
                }
                GraphDelta::PolicyUpdated { short_channel_id, direction, .. } => {
                    self.log.read(MessageKey::Update(short_channel_id, direction))?.map(Stored::Update)
                }
                GraphDelta::NodeSeen { node_id, .. } => {
                    self.log.read(MessageKey::Node(node_id))?.map(Stored::Node)
                }
            };
            self.stored.extend(stored);
        }
        if let Some(spent_at) = self.gossip.view().channel(id).and_then(|channel| channel.spent_at) {
            self.stored.push(Stored::Spent { short_channel_id: id, spent_at: Some(spent_at) });
        }
        (self.chores.is_unpublished, self.chores.is_unstored) = (true, true);
        Ok(())
    }

    fn close(&mut self, peer: PeerId, reason: DisconnectReason) {
        if let Some(link) = self.links.remove(&peer) {
            link.close(reason);
        }
    }

    fn pause(&self, peer: PeerId, is_paused: bool) {
        if let Some(link) = self.links.get(&peer) {
            link.pause(is_paused);
        }
    }

    fn append(&mut self) -> Result<(), LogError> {
        if self.stored.is_empty() {
            return Ok(());
        }
        let records: Vec<Record<'_>> = self.stored.iter().map(Stored::record).collect();
        self.log.append(&records, unix_now())?;
        self.stored.clear();
        self.chores.is_unstored = false;
        self.chores.is_unsynced = true;
        Ok(())
    }

    fn deadline(&self) -> Instant {
        let core = Instant::now() + until(self.gossip.next_wakeup()).clamp(TICK_MIN, TICK_MAX);
        self.chores.due_at().map_or(core, |due| due.min(core))
    }

    fn do_chores(&mut self) -> Result<(), LogError> {
        let now = Instant::now();
        if self.chores.is_unpublished && now >= self.chores.published_at + self.chores.publish_every {
            self.publish(now);
        }
        if self.chores.is_unstored
            && (self.stored.len() >= STORED_COUNT_MAX || now >= self.chores.stored_at + STORE_EVERY)
        {
            self.append()?;
            self.chores.stored_at = now;
        }
        if self.chores.is_unsynced && now >= self.chores.synced_at + SYNC_EVERY {
            self.sync_later()?;
            (self.chores.is_unsynced, self.chores.synced_at) = (false, now);
        }
        if self.chores.is_unshown && now >= self.chores.shown_at + SHOW_EVERY {
            self.show();
            (self.chores.is_unshown, self.chores.shown_at) = (false, now);
        }
        self.compact(now);
        Ok(())
    }

    fn publish(&mut self, now: Instant) {
        self.feed.publish();
        (self.chores.is_unpublished, self.chores.published_at) = (self.feed.is_behind(), now);
        let is_learning = self.gossip.progress().wanted_count > 0;
        self.chores.publish_every = if is_learning { PUBLISH_LEARNT_EVERY } else { PUBLISH_EVERY };
    }

    /// One step, where the log wants compaction.
    fn compact(&mut self, now: Instant) {
        let is_due = match self.chores.compaction {
            Compacting::Idle => self.log.is_wasteful(self.compaction_size_min),
            Compacting::Steps => true,
            Compacting::Waits => false,
        };
        if now < self.chores.compact_after || !is_due {
            return;
        }
        let view = self.gossip.view();
        let is_wanted = |key| match key {
            MessageKey::Channel(id) | MessageKey::Update(id, _) => view.channel(id).is_some(),
            MessageKey::Node(node_id) => view.node(node_id).is_some(),
        };
        match self.log.compact(COMPACTION_STEP, is_wanted) {
            Ok(CompactionStep::More) => self.chores.compaction = Compacting::Steps,
            Ok(CompactionStep::Sync(work)) => {
                self.wait_for_disk(work);
                self.chores.compaction = Compacting::Waits;
            }
            Ok(CompactionStep::Done(work)) => {
                self.wait_for_disk(work);
                self.chores.compaction = Compacting::Idle;
                // The end of the new file is not on the disk, though the old one's may have been.
                (self.chores.is_unsynced, self.chores.synced_at) = (true, now - SYNC_EVERY);
            }
            Err(error) => self.stop_compaction(error),
        }
    }

    fn sync_later(&self) -> Result<(), LogError> {
        let (sync, answers) = (self.log.sync_later()?, self.verifier.answers.clone());
        self.waiters.spawn_blocking(move || {
            if let Err(error) = sync() {
                // Where nobody wants to know any more, the core has stopped.
                let _ = answers.send(Answer::Unsynced(error));
            }
        });
        Ok(())
    }

    fn wait_for_disk(&self, work: DiskWork) {
        let answers = self.verifier.answers.clone();
        // Where nobody wants to know any more, the core has stopped.
        self.waiters.spawn_blocking(move || drop(answers.send(Answer::Compacted(work()))));
    }

    fn stop_compaction(&mut self, error: LogError) {
        self.log.abandon_compaction();
        self.board.tell(Notice::Compaction(error));
        self.chores.compaction = Compacting::Idle;
        self.chores.compact_after = Instant::now() + COMPACTION_PAUSE;
    }

    fn show(&mut self) {
        let (view, progress) = (self.gossip.view(), self.gossip.progress());
        self.counts.channel_count = view.channel_count();
        self.counts.node_count = view.node_count();
        self.counts.wanted_count = progress.wanted_count;
        self.counts.is_synced = progress.is_synced;
        self.counts.log_bytes = self.log.size();
        self.board.show(self.counts.clone());
    }
}

/// A publication copies the overlay, some third of a millisecond at worst; policies show without one.
const PUBLISH_EVERY: Duration = Duration::from_millis(5);
/// The same while a graph is learnt, when there are always new channels in the overlay.
const PUBLISH_LEARNT_EVERY: Duration = Duration::from_millis(50);
/// How long records wait for others, to be written with one call; who asks for one sooner has them written.
const STORE_EVERY: Duration = Duration::from_millis(10);
/// And how many: some 100 KB.
const STORED_COUNT_MAX: usize = 512;
/// What a failure of the power may take back; peers tell it again.
const SYNC_EVERY: Duration = Duration::from_secs(5);
const SHOW_EVERY: Duration = Duration::from_millis(100);
/// Bytes that are copied between two messages, some 0.2 ms.
const COMPACTION_STEP: u64 = 256 << 10;
/// After a compaction that failed.
const COMPACTION_PAUSE: Duration = Duration::from_secs(600);
/// Between two looks at the clock at most, which somebody may set.
const TICK_MAX: Duration = Duration::from_secs(60);
/// The core counts in whole seconds, so that it need not be asked in the middle of one.
const TICK_MIN: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use std::io;

    use gossip::funding::FundingCheck;
    use gossip::sync::Config;
    use primitives::ChainHash;

    use super::*;

    #[test]
    fn a_disk_that_does_not_have_what_was_written_ends_the_core() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gossip.log");
        let chain_hash = ChainHash::REGTEST;
        let config = Config { chain_hash, funding: FundingCheck::Nobody, verify_thread_count: 1 };
        let (log, _) = GossipLog::open(&path, chain_hash, |_| ()).expect("a new log");
        let (_events_in, events) = mpsc::channel(1);
        let (answers_in, answers) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        let secp = Arc::new(Secp256k1::verification_only());
        let driver = Driver {
            gossip: Gossip::new(config, unix_now()),
            log,
            feed: (),
            board: Arc::new(Board::new(None)),
            events,
            answers,
            verifier: Verifier { pool, secp, ring: Arc::default(), answers: answers_in.clone() },
            chain: None,
            waiters: runtime.handle().clone(),
            compaction_size_min: u64::MAX,
            stored: Vec::new(),
            links: BTreeMap::new(),
            chores: Chores::new(),
            counts: Status::default(),
        };
        let error = LogError::Io { path, error: io::ErrorKind::StorageFull.into() };
        assert!(answers_in.send(Answer::Unsynced(error)).is_ok());
        assert!(answers_in.send(Answer::Stop).is_ok());
        assert!(runtime.block_on(driver.run()).is_err(), "a stop does not make it good");
    }
}
