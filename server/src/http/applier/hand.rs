//! The thread that applies changes, and the way to it.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use engine::reserve::{ReservationId, ReservedHtlc};
use engine::snapshot::GraphWriter;
use primitives::{GraphDelta, UnixTime};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::change::{Applied, Change, ChangeError, Effect};
use super::feed::{Feed, Sequenced};
use super::journal::{Journal, StateError};
use super::record::Record;
use super::tenant_book::{TenantBook, TenantView};
use super::tenant_idx::TenantIdx;
use super::tenants::Tenants;
use crate::clock::{run_number, unix_now};

/// The way to the applier. Clones lead to the same one.
#[derive(Debug, Clone)]
pub struct Applier {
    commands: Sender<Command>,
    feed: Feed,
    seq: Arc<AtomicU64>,
    newest_update: Arc<AtomicU32>,
}

/// The applier's thread; it ends when the last [`Applier`] is dropped.
#[derive(Debug)]
pub struct ApplierThread {
    thread: JoinHandle<()>,
}

/// Why there is no applier.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplierError {
    /// The system refuses the thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
    /// What was kept cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

enum Command {
    Apply(Change, Asker),
    /// Up to the first that is refused.
    InTurn(Vec<(Change, Asker)>),
    Look(TenantIdx, Box<dyn FnOnce(&TenantBook) + Send>),
    Tenant(String, oneshot::Sender<Result<(TenantIdx, TenantView), ChangeError>>),
    /// Looks for the newest policy. The sender is dropped then.
    Recount(Sender<Infallible>),
}

impl Applier {
    /// Starts the thread for a graph, with what tenants had where a folder keeps it.
    ///
    /// # Errors
    /// See [`ApplierError`].
    pub fn start(
        writer: GraphWriter,
        entry_count_max: usize,
        state: Option<&Path>,
    ) -> Result<(Applier, ApplierThread), ApplierError> {
        Applier::start_merging(writer, entry_count_max, state, MERGE_AFTER)
    }

    /// The same where channels that were opened are in the next generation after so long.
    fn start_merging(
        writer: GraphWriter,
        entry_count_max: usize,
        state: Option<&Path>,
        merge_after: Duration,
    ) -> Result<(Applier, ApplierThread), ApplierError> {
        let (commands, received) = bounded(COMMAND_COUNT_MAX);
        let newest = newest_update(&writer);
        let applier = Applier {
            commands,
            feed: Feed::new(run_number()),
            seq: Arc::default(),
            newest_update: Arc::new(AtomicU32::new(newest.to_secs())),
        };
        let mut tenants = Tenants::new(entry_count_max);
        let journal = state.map(|folder| Journal::open(folder, |record| tenants.restore(record)));
        let journal = journal.transpose()?;
        tenants.finish_restoring(writer.snapshot());
        let hand = Hand {
            writer,
            tenants,
            journal,
            feed: applier.feed.clone(),
            seq: Arc::clone(&applier.seq),
            newest_update: Arc::clone(&applier.newest_update),
            merged: Instant::now(),
            merge_after,
        };
        let thread = thread::Builder::new().name("applier".to_owned()).spawn(move || hand.work(&received))?;
        Ok((applier, ApplierThread { thread }))
    }

    /// Makes a change; returns once readers see it.
    ///
    /// # Errors
    /// See [`ChangeError`].
    pub async fn apply(&self, change: Change) -> Result<Applied, ChangeError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Apply(change, Asker::Task(reply)))?;
        answer.await.unwrap_or(Err(ChangeError::Stopped))
    }

    /// Makes changes one after the other, up to the first that is refused; returns what came of those before it, and why
    /// it was. Readers see them together, and the disk hears of them at once.
    pub async fn apply_in_turn(&self, changes: Vec<Change>) -> (Vec<Applied>, Result<(), ChangeError>) {
        let (asked, answers): (Vec<_>, Vec<_>) = changes
            .into_iter()
            .map(|change| {
                let (reply, answer) = oneshot::channel();
                ((change, Asker::Task(reply)), answer)
            })
            .unzip();
        let mut made = Vec::with_capacity(answers.len());
        if let Err(error) = self.send(Command::InTurn(asked)) {
            return (made, Err(error));
        }
        for answer in answers {
            match answer.await.unwrap_or(Err(ChangeError::Stopped)) {
                Ok(applied) => made.push(applied),
                Err(error) => return (made, Err(error)),
            }
        }
        (made, Ok(()))
    }

    /// Makes a change for a thread that may wait: first until there is room for it. Readers see it once the receiver finds
    /// its sender gone.
    ///
    /// # Errors
    /// [`ChangeError::Stopped`].
    pub fn submit(&self, change: Change) -> Result<Receiver<Infallible>, ChangeError> {
        let (reply, done) = bounded(0);
        let command = Command::Apply(change, Asker::Thread(reply));
        self.commands.send(command).map_err(|_| ChangeError::Stopped)?;
        Ok(done)
    }

    /// Looks for the newest policy anew, O(m), for a thread that may wait. Changes alone only make it newer, though its
    /// channel may close.
    ///
    /// # Errors
    /// [`ChangeError::Stopped`].
    pub fn recount_newest_update(&self) -> Result<(), ChangeError> {
        let (reply, done) = bounded(0);
        self.commands.send(Command::Recount(reply)).map_err(|_| ChangeError::Stopped)?;
        let _ = done.recv();
        Ok(())
    }

    /// The tenant of that name, a new one where there is none yet. It comes in its turn, however much others change.
    ///
    /// # Errors
    /// [`ChangeError::TooManyTenants`] and [`ChangeError::Stopped`].
    pub async fn tenant(&self, name: &str) -> Result<(TenantIdx, TenantView), ChangeError> {
        loop {
            let (reply, answer) = oneshot::channel();
            match self.send(Command::Tenant(name.to_owned(), reply)) {
                Err(ChangeError::Full) => sleep(TICK).await,
                Err(error) => return Err(error),
                Ok(()) => return answer.await.unwrap_or(Err(ChangeError::Stopped)),
            }
        }
    }

    /// Reads what only the applier has of a tenant, between two changes.
    ///
    /// # Errors
    /// [`ChangeError::Full`] and [`ChangeError::Stopped`].
    pub async fn look<T: Send + 'static>(
        &self,
        tenant: TenantIdx,
        read: impl FnOnce(&TenantBook) -> T + Send + 'static,
    ) -> Result<T, ChangeError> {
        let (reply, answer) = oneshot::channel();
        let read = Box::new(move |book: &TenantBook| {
            let _ = reply.send(read(book));
        });
        self.send(Command::Look(tenant, read))?;
        answer.await.map_err(|_| ChangeError::Stopped)
    }

    /// What a tenant has in flight, the oldest reservation first. It is read in pieces, between which changes are made:
    /// what is reserved or released meanwhile may be there or not, each as a whole.
    ///
    /// # Errors
    /// [`ChangeError::Full`] and [`ChangeError::Stopped`].
    pub async fn reserved(&self, tenant: TenantIdx, now: UnixTime) -> Result<Vec<ReservedHtlc>, ChangeError> {
        // Whoever reserves faster than this reads is not followed.
        let end = self.look(tenant, |book| book.reservations().next_id()).await?;
        let (mut listed, mut first) = (Vec::new(), ReservationId::from_u64(0));
        while first < end {
            let piece = self
                .look(tenant, move |book| book.reservations().list_from(first, LISTED_TOGETHER, now))
                .await?;
            let Some(last) = piece.last() else { break };
            first = ReservationId::from_u64(last.id.to_u64().saturating_add(1));
            listed.extend(piece);
        }
        Ok(listed)
    }

    fn send(&self, command: Command) -> Result<(), ChangeError> {
        self.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => ChangeError::Full,
            TrySendError::Disconnected(_) => ChangeError::Stopped,
        })
    }

    /// Where changes are heard.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The number of the last change.
    pub fn seq(&self) -> u64 {
        self.seq.load(Relaxed)
    }

    /// The newest policy's time; see [`Applier::recount_newest_update`].
    pub fn newest_update(&self) -> UnixTime {
        UnixTime::from_secs(self.newest_update.load(Relaxed))
    }
}

impl ApplierThread {
    /// Waits until it has ended.
    pub fn join(self) {
        // A panic of its has been told already.
        let _ = self.thread.join();
    }
}

struct Hand {
    writer: GraphWriter,
    tenants: Tenants,
    journal: Option<Journal>,
    feed: Feed,
    seq: Arc<AtomicU64>,
    newest_update: Arc<AtomicU32>,
    /// When there was last no opened channel outside the generation, or a merge of such was begun.
    merged: Instant,
    merge_after: Duration,
}

/// Who waits for a change.
enum Asker {
    Task(oneshot::Sender<Result<Applied, ChangeError>>),
    /// Hears that the sender is dropped.
    Thread(Sender<Infallible>),
}

/// What came of the changes that are published together.
#[derive(Default)]
struct Made {
    replies: Vec<(Asker, Change, Result<Effect, ChangeError>)>,
    /// What is to be kept of them.
    records: Vec<Record>,
}

impl Hand {
    fn work(mut self, commands: &Receiver<Command>) {
        loop {
            match commands.recv_timeout(TICK) {
                Ok(first) => {
                    let rest = commands.try_iter().take(TOGETHER_MAX - 1);
                    self.apply_all(std::iter::once(first).chain(rest));
                }
                Err(RecvTimeoutError::Timeout) => self.publish(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Applies what is at hand, keeps it, publishes it once, and tells all who asked.
    fn apply_all(&mut self, commands: impl Iterator<Item = Command>) {
        let now = unix_now();
        let (mut made, mut looks, mut recounts) = (Made::default(), Vec::new(), Vec::new());
        for command in commands {
            match command {
                Command::Apply(change, asker) => {
                    self.make(change, asker, now, &mut made);
                }
                Command::InTurn(changes) => {
                    for (change, asker) in changes {
                        if !self.make(change, asker, now, &mut made) {
                            // Whoever asked for those behind it hears nothing of them.
                            break;
                        }
                    }
                }
                Command::Look(tenant, read) => looks.push((tenant, read)),
                Command::Tenant(name, reply) => {
                    let _ = reply.send(self.tenants.by_name(&name));
                }
                Command::Recount(reply) => recounts.push(reply),
            }
        }
        let is_kept = self.keep(&made.records);
        self.publish();
        if !recounts.is_empty() {
            self.newest_update.store(newest_update(&self.writer).to_secs(), Relaxed);
        }
        self.tidy(now);
        for (asker, change, result) in made.replies {
            let is_lost = !is_kept && !matches!(change, Change::Graph(_));
            let told = result.map(|effect| self.note(change, effect, now));
            let told = told.and_then(|applied| if is_lost { Err(ChangeError::NotKept) } else { Ok(applied) });
            match asker {
                // Who asked may have left.
                Asker::Task(reply) => drop(reply.send(told)),
                Asker::Thread(reply) => drop(reply),
            }
        }
        for (tenant, read) in looks {
            read(self.tenants.book(tenant));
        }
    }

    /// Makes one change; tells whether it was not refused.
    fn make(&mut self, mut change: Change, asker: Asker, now: UnixTime, made: &mut Made) -> bool {
        let was_kept = self.tenants.is_of_kept_layer(&change);
        let result = self.apply(&mut change, now);
        if let (Ok(effect), Some(_)) = (&result, &self.journal) {
            made.records.extend(self.tenants.record(&change, effect, now, was_kept));
        }
        let is_made = result.is_ok();
        made.replies.push((asker, change, result));
        is_made
    }

    /// Whether the records are on the disk, or none need be.
    fn keep(&mut self, records: &[Record]) -> bool {
        let Some(journal) = self.journal.as_mut().filter(|_| !records.is_empty()) else { return true };
        let kept = match journal.is_torn() {
            true => journal.rewrite(self.tenants.records(unix_now())),
            false => journal.append(records),
        };
        kept.inspect_err(|error| tracing::error!("a change is not kept: {error}")).is_ok()
    }

    /// Writes the journal anew where that is due.
    fn tidy(&mut self, now: UnixTime) {
        if let Some(journal) = self.journal.as_mut().filter(|journal| journal.is_long()) {
            let written = journal.rewrite(self.tenants.records(now));
            // The former file goes on, or the next change writes it once more.
            let _ = written.inspect_err(|error| tracing::error!("the state is not written anew: {error}"));
        }
    }

    fn note(&mut self, change: Change, effect: Effect, at: UnixTime) -> Applied {
        let seq = self.seq.load(Relaxed) + 1;
        self.seq.store(seq, Relaxed);
        let applied = Applied { seq, graph_version: self.writer.snapshot().version(), effect };
        self.feed.tell(Sequenced { change, applied: applied.clone(), at });
        applied
    }

    /// Applies a change, and leaves of one of the graph what fitted.
    fn apply(&mut self, change: &mut Change, now: UnixTime) -> Result<Effect, ChangeError> {
        match change {
            Change::Graph(deltas) => Ok(self.apply_deltas(deltas)),
            Change::Layer { tenant, name, edit } => self.tenants.book_mut(*tenant).edit(name, edit, now),
            Change::Reserve { tenant, path } => {
                Ok(Effect::Reserved(self.tenants.book_mut(*tenant).reservations_mut().reserve(path, now)?))
            }
            Change::Release { tenant, id } => {
                self.tenants.book_mut(*tenant).reservations_mut().unreserve(*id)?;
                Ok(Effect::Done)
            }
            Change::Learn { tenant, attempt } => {
                let snapshot = Arc::clone(self.writer.snapshot());
                Ok(self.tenants.book_mut(*tenant).learn(&snapshot, attempt))
            }
        }
    }

    fn apply_deltas(&mut self, deltas: &mut Vec<GraphDelta>) -> Effect {
        let count = deltas.len();
        deltas.retain(|delta| {
            let is_applied = self.writer.apply(delta).is_ok();
            if let (true, GraphDelta::PolicyUpdated { policy, .. }) = (is_applied, delta) {
                self.newest_update.fetch_max(policy.last_update.to_secs(), Relaxed);
            }
            is_applied
        });
        let refused = count - deltas.len();
        Effect::Graph { applied: deltas.len() as u64, refused: refused as u64 }
    }

    /// Publishes. Reports teach nothing of channels outside the generation, so these do not stay there for long.
    fn publish(&mut self) {
        if self.writer.opened_count() == 0 {
            self.merged = Instant::now();
        } else if self.merged.elapsed() >= self.merge_after {
            self.writer.begin_merge();
            self.merged = Instant::now();
        }
        self.writer.publish();
        self.tenants.publish(self.writer.snapshot());
    }
}

/// O(m).
fn newest_update(writer: &GraphWriter) -> UnixTime {
    let snapshot = writer.snapshot();
    let arcs = snapshot
        .channels()
        .flat_map(|channel| primitives::Direction::BOTH.map(|direction| channel.arc(direction)));
    arcs.filter_map(|arc| snapshot.policy(arc)).map(|policy| policy.last_update).max().unwrap_or_default()
}

/// Changes that may wait: each takes microseconds.
const COMMAND_COUNT_MAX: usize = 4096;
/// Changes that are published together.
const TOGETHER_MAX: usize = 256;
/// Reservations that are read together: tens of microseconds of the applier's time.
const LISTED_TOGETHER: usize = 256;
/// How long a channel that was opened may wait for the next generation. Mainnet's takes some milliseconds to build, a
/// graph of millions of channels a second or two, all beside what is served.
const MERGE_AFTER: Duration = Duration::from_secs(600);
/// How often the graph's writer is told of time passing.
const TICK: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use engine::belief::{Advice, FailureCode, Outcome};
    use engine::graph::{GraphBuilder, Topology};
    use engine::reserve::Htlc;
    use engine::snapshot::ChannelGraph;
    use primitives::{Direction, Features, Msat, NodeId, ShortChannelId, ShortChannelIdDir};

    use super::super::Attempt;
    use super::*;

    fn node(number: u8) -> NodeId {
        let mut bytes = [number; 33];
        bytes[0] = 2;
        NodeId::from_bytes(bytes).expect("prefix 2")
    }

    fn opened(channel: u64) -> GraphDelta {
        GraphDelta::ChannelOpened {
            short_channel_id: ShortChannelId::from_u64(channel),
            node_id_1: node(1),
            node_id_2: node(2),
            capacity: Some(Msat::from_msat(1_000_000)),
            features: Features::default(),
        }
    }

    #[tokio::test]
    async fn reports_teach_of_a_channel_that_was_opened_while_served() {
        let mut builder = GraphBuilder::new();
        builder.apply(&opened(1)).expect("new");
        let (_graph, writer) = ChannelGraph::new(Topology::build(builder).expect("small"));
        let (applier, _thread) = Applier::start_merging(writer, 1, None, Duration::ZERO).expect("a thread");
        applier.apply(Change::Graph(vec![opened(2)])).await.expect("room");
        let (tenant, _) = applier.tenant("a").await.expect("room");
        let channel = ShortChannelIdDir {
            short_channel_id: ShortChannelId::from_u64(2),
            direction: Direction::NodeOneToTwo,
        };
        let code = FailureCode::TemporaryChannelFailure;
        let attempt = Attempt {
            path: vec![Htlc { channel, amount: Msat::from_msat(5000) }],
            outcome: Outcome::Failed { erring_node: 0, code },
            at: UnixTime::from_secs(1),
        };
        let began = Instant::now();
        loop {
            let learn = Change::Learn { tenant, attempt: attempt.clone() };
            let learnt = applier.apply(learn).await.expect("room").effect;
            if matches!(learnt, Effect::Advice(Advice::Believe)) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{learnt:?}");
            sleep(TICK).await;
        }
    }
}
