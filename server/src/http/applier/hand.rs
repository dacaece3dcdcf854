//! The thread that applies changes, and the way to it.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use engine::snapshot::GraphWriter;
use primitives::{GraphDelta, UnixTime};
use tokio::sync::oneshot;

use super::change::{Applied, Change, ChangeError, Effect};
use super::feed::{Feed, Sequenced};
use super::tenant_book::{TenantBook, TenantView};
use crate::clock::unix_now;
use crate::http::tenant::TenantIdx;

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

enum Command {
    Apply(Change, Asker),
    Look(TenantIdx, Box<dyn FnOnce(&TenantBook) + Send>),
    Tenant(String, oneshot::Sender<Result<(TenantIdx, TenantView), ChangeError>>),
}

impl Applier {
    /// Starts the thread for a graph.
    ///
    /// # Errors
    /// Where the system refuses the thread.
    pub fn start(writer: GraphWriter, entry_count_max: usize) -> std::io::Result<(Applier, ApplierThread)> {
        let (commands, received) = bounded(COMMAND_COUNT_MAX);
        let newest = newest_update(&writer);
        let applier = Applier {
            commands,
            feed: Feed::new(),
            seq: Arc::default(),
            newest_update: Arc::new(AtomicU32::new(newest.to_secs())),
        };
        let hand = Hand {
            writer,
            tenants: Vec::new(),
            entry_count_max,
            feed: applier.feed.clone(),
            seq: Arc::clone(&applier.seq),
            newest_update: Arc::clone(&applier.newest_update),
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

    /// The tenant of that name, a new one where there is none yet.
    ///
    /// # Errors
    /// [`ChangeError::TooManyTenants`], [`ChangeError::Full`] and [`ChangeError::Stopped`].
    pub async fn tenant(&self, name: &str) -> Result<(TenantIdx, TenantView), ChangeError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Tenant(name.to_owned(), reply))?;
        answer.await.unwrap_or(Err(ChangeError::Stopped))
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

    /// The newest policy's time.
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
    tenants: Vec<Tenant>,
    entry_count_max: usize,
    feed: Feed,
    seq: Arc<AtomicU64>,
    newest_update: Arc<AtomicU32>,
}

struct Tenant {
    name: String,
    view: TenantView,
    book: TenantBook,
}

/// Who waits for a change.
enum Asker {
    Task(oneshot::Sender<Result<Applied, ChangeError>>),
    /// Hears that the sender is dropped.
    Thread(Sender<Infallible>),
}

type Reply = (Asker, Change, Result<Effect, ChangeError>);

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

    /// Applies what is at hand, publishes it once, and tells all who asked.
    fn apply_all(&mut self, commands: impl Iterator<Item = Command>) {
        let now = unix_now();
        let mut replies: Vec<Reply> = Vec::new();
        let mut looks = Vec::new();
        for command in commands {
            match command {
                Command::Apply(change, reply) => {
                    let result = self.apply(&change, now);
                    replies.push((reply, change, result));
                }
                Command::Look(tenant, read) => looks.push((tenant, read)),
                Command::Tenant(name, reply) => {
                    let _ = reply.send(self.tenant(name));
                }
            }
        }
        self.publish();
        for (reply, change, result) in replies {
            let told = result.map(|effect| self.note(change, effect, now));
            match reply {
                // Who asked may have left.
                Asker::Task(reply) => drop(reply.send(told)),
                Asker::Thread(reply) => drop(reply),
            }
        }
        for (tenant, read) in looks {
            if let Some(tenant) = self.tenants.get(tenant.to_usize()) {
                read(&tenant.book);
            }
        }
    }

    fn note(&mut self, change: Change, effect: Effect, at: UnixTime) -> Applied {
        let seq = self.seq.load(Relaxed) + 1;
        self.seq.store(seq, Relaxed);
        let applied = Applied { seq, graph_version: self.writer.snapshot().version(), effect };
        self.feed.tell(Sequenced { change, applied: applied.clone(), at });
        applied
    }

    fn apply(&mut self, change: &Change, now: UnixTime) -> Result<Effect, ChangeError> {
        match change {
            Change::Graph(deltas) => Ok(self.apply_deltas(deltas)),
            Change::Layer { tenant, name, edit } => self.book(*tenant).edit(name, edit, now),
            Change::Reserve { tenant, path } => {
                Ok(Effect::Reserved(self.book(*tenant).reservations_mut().reserve(path, now)?))
            }
            Change::Release { tenant, id } => {
                self.book(*tenant).reservations_mut().unreserve(*id)?;
                Ok(Effect::Done)
            }
            Change::Learn { tenant, attempt } => {
                let snapshot = Arc::clone(self.writer.snapshot());
                Ok(self.book(*tenant).learn(&snapshot, attempt))
            }
        }
    }

    fn apply_deltas(&mut self, deltas: &[GraphDelta]) -> Effect {
        let (mut applied, mut refused) = (0, 0);
        for delta in deltas {
            match self.writer.apply(delta) {
                Ok(()) => applied += 1,
                Err(_) => refused += 1,
            }
            if let GraphDelta::PolicyUpdated { policy, .. } = delta {
                self.newest_update.fetch_max(policy.last_update.to_secs(), Relaxed);
            }
        }
        Effect::Graph { applied, refused }
    }

    fn book(&mut self, tenant: TenantIdx) -> &mut TenantBook {
        let tenant = self.tenants.get_mut(tenant.to_usize());
        &mut tenant.expect("numbers are told of tenants that there are").book
    }

    fn tenant(&mut self, name: String) -> Result<(TenantIdx, TenantView), ChangeError> {
        let known = self.tenants.iter().position(|tenant| tenant.name == name);
        let place = known.unwrap_or(self.tenants.len());
        let idx = u16::try_from(place).ok().filter(|_| place < TENANT_COUNT_MAX);
        let idx = TenantIdx::from_u16(idx.ok_or(ChangeError::TooManyTenants)?);
        if known.is_none() {
            let (view, book) = TenantBook::new(self.entry_count_max);
            self.tenants.push(Tenant { name, view, book });
        }
        Ok((idx, self.tenants[place].view.clone()))
    }

    fn publish(&mut self) {
        self.writer.publish();
        let snapshot = self.writer.snapshot();
        for Tenant { book, .. } in &mut self.tenants {
            book.renumber(snapshot);
            book.publish();
        }
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

/// Tenants: each may have a table of beliefs, some megabytes.
const TENANT_COUNT_MAX: usize = 4096;
/// Changes that may wait: each takes microseconds.
const COMMAND_COUNT_MAX: usize = 4096;
/// Changes that are published together.
const TOGETHER_MAX: usize = 256;
/// How often the graph's writer is told of time passing.
const TICK: Duration = Duration::from_millis(250);
