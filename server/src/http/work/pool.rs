//! The threads that search, and the queues before them.
//!
//! ```text
//! handlers --quick--> queue --.
//! handlers --heavy--> queue --+--> threads --> oneshot --> handlers
//! ```
//! The quick queue goes first, but one job in some of the heavy one in any case. A job whose client has left is not
//! begun, nor is one that has waited too long (see `patience`). Streams wait for room.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::atomic::AtomicCell;
use crossbeam::channel::{Receiver, Sender, TrySendError, bounded, select_biased};
use engine::snapshot::ChannelGraph;
use engine::stop::Stop;
use tokio::sync::{Semaphore, oneshot};

use super::patience::Patience;
use super::worker::{Work, Worker};

/// Which queue a job waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// One route, or one node: microseconds to milliseconds.
    Quick,
    /// All else: plans, alternatives, reach, pieces of a batch.
    Heavy,
}

/// Why a job was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The queue is full, or the job waited in it for too long.
    #[error("more is asked than can be answered in time")]
    Busy,
    /// The job panicked.
    #[error("the search failed")]
    Failed,
}

/// How many searches may wait, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// Searches in each queue.
    pub queue_size: usize,
    /// How long each may wait at least, in a queue that never empties.
    pub wait_min: Duration,
    /// How long each may wait in a queue that empties now and then.
    pub wait_max: Duration,
}

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// Threads that search.
pub struct Pool {
    quick: Sender<Job>,
    heavy: Sender<Job>,
    /// For jobs of few steps, which run where they were asked: a place for each thread that asks, whose caches hold what
    /// it left there.
    here: Box<[AtomicCell<Option<Box<Worker>>>]>,
    graph: ChannelGraph,
    quick_patience: Arc<Patience>,
    heavy_patience: Arc<Patience>,
    thread_count: usize,
    /// Of pieces of streams that wait in the heavy queue.
    patient: Semaphore,
}

impl Pool {
    /// Starts `thread_count` threads, or one for each processor. They end when the pool is dropped.
    ///
    /// # Errors
    /// Where the system refuses a thread.
    pub fn start(graph: &ChannelGraph, thread_count: usize, waits: Waits) -> std::io::Result<Self> {
        let (quick, quick_jobs) = bounded(waits.queue_size);
        let (heavy, heavy_jobs) = bounded(waits.queue_size);
        let count = match thread_count {
            0 => thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        for at in 0..count {
            let (quick, heavy, graph) = (quick_jobs.clone(), heavy_jobs.clone(), graph.clone());
            thread::Builder::new()
                .name(format!("search-{at}"))
                .spawn(move || serve(&Queues { quick, heavy }, &graph))?;
        }
        let patience = || Arc::new(Patience::new(waits.wait_min, waits.wait_max, Instant::now()));
        Ok(Pool {
            quick,
            heavy,
            here: (0..HERE_PER_THREAD * count).map(|_| AtomicCell::default()).collect(),
            graph: graph.clone(),
            quick_patience: patience(),
            heavy_patience: patience(),
            thread_count: count,
            patient: Semaphore::new(PATIENT_PER_THREAD * count),
        })
    }

    /// Runs a job on the caller's thread, and tells its work. For jobs of some ten microseconds.
    pub fn run_here<T>(&self, job: impl FnOnce(&mut Worker) -> T) -> (T, Work) {
        let (before, after) = self.here.split_at(PLACE.with(|place| *place) % self.here.len());
        let places = || after.iter().chain(before);
        let worker = places().find_map(AtomicCell::take);
        let mut worker = worker.unwrap_or_else(|| Box::new(Worker::new(&self.graph)));
        worker.begin(Stop::default());
        let result = job(&mut worker);
        let work = worker.take_work();
        // Who finds another worker in its place moves that one on; where all places are taken, the last one is dropped.
        let _ = places().try_fold(worker, |worker, place| place.swap(Some(worker)));
        (result, work)
    }

    /// Runs a job on one of the threads. What it searches ends early where `stop` is raised.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        stop: Stop,
        job: impl FnOnce(&mut Worker) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (queue, patience) = match lane {
            Lane::Quick => (&self.quick, &self.quick_patience),
            Lane::Heavy => (&self.heavy, &self.heavy_patience),
        };
        let (job, answer) = prepare(Some(Arc::clone(patience)), stop, job);
        match queue.try_send(job) {
            Ok(()) => answer.await.unwrap_or(Err(Refused::Failed)),
            Err(TrySendError::Full(_)) => Err(Refused::Busy),
            Err(TrySendError::Disconnected(_)) => Err(Refused::Failed),
        }
    }

    /// The same for a piece of a stream: waits for room in the heavy queue, of which streams take a part only.
    ///
    /// # Errors
    /// [`Refused::Failed`].
    pub async fn run_patiently<T: Send + 'static>(
        &self,
        stop: Stop,
        job: impl FnOnce(&mut Worker) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let _room = self.patient.acquire().await.expect("nobody closes the semaphore");
        let (mut job, answer) = prepare(None, stop, job);
        loop {
            match self.heavy.try_send(job) {
                Ok(()) => return answer.await.unwrap_or(Err(Refused::Failed)),
                Err(TrySendError::Full(refused)) => job = refused,
                Err(TrySendError::Disconnected(_)) => return Err(Refused::Failed),
            }
            tokio::time::sleep(PATIENCE).await;
        }
    }

    /// How many threads search.
    pub fn thread_count(&self) -> usize {
        self.thread_count
    }

    /// Jobs that wait, quick ones and heavy ones.
    pub fn waiting(&self) -> [usize; 2] {
        [self.quick.len(), self.heavy.len()]
    }
}

/// A job as it waits, and where its answer comes.
fn prepare<T: Send + 'static>(
    patience: Option<Arc<Patience>>,
    stop: Stop,
    job: impl FnOnce(&mut Worker) -> T + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, Refused>>) {
    let (reply, answer) = oneshot::channel();
    let asked = Instant::now();
    let job = Box::new(move |worker: &mut Worker| {
        if reply.is_closed() {
            return;
        }
        let began = Instant::now();
        if let Some(patience) = &patience {
            let waited = began.saturating_duration_since(asked);
            patience.note_wait(waited, began);
            if !patience.allows(waited, began) {
                patience.go_on(began);
                let _ = reply.send(Err(Refused::Busy));
                return;
            }
        }
        worker.begin(stop);
        let found = job(worker);
        if let Some(patience) = &patience {
            patience.note_service(began.elapsed());
        }
        // A client that has left meanwhile misses nothing.
        let _ = reply.send(Ok(found));
    });
    (job, answer)
}

struct Queues {
    quick: Receiver<Job>,
    heavy: Receiver<Job>,
}

impl Queues {
    /// Waits for the next job, the `turn`th one. An idle thread lets go of former generations of the graph. `None` once
    /// nobody can ask any more.
    fn next(&self, turn: u64, worker: &mut Worker) -> Option<Job> {
        let [first, second] = match turn % HEAVY_TURN {
            0 => [&self.heavy, &self.quick],
            _ => [&self.quick, &self.heavy],
        };
        loop {
            select_biased! {
                recv(first) -> job => return job.ok(),
                recv(second) -> job => return job.ok(),
                default(IDLE) => drop(worker.snapshot()),
            }
        }
    }
}

fn serve(queues: &Queues, graph: &ChannelGraph) {
    let mut worker = Worker::new(graph);
    let mut turn = 0_u64;
    while let Some(job) = queues.next(turn, &mut worker) {
        turn = turn.wrapping_add(1);
        // A job that panics loses its reply, which tells its client, and what it left of the workspace.
        if catch_unwind(AssertUnwindSafe(|| job(&mut worker))).is_err() {
            worker = Worker::new(graph);
        }
    }
}

thread_local! {
    /// Numbers the threads that ask.
    static PLACE: usize = NEXT_PLACE.fetch_add(1, Relaxed);
}

static NEXT_PLACE: AtomicUsize = AtomicUsize::new(0);
/// Threads of the runtime for each that searches, so that few share a place.
const HERE_PER_THREAD: usize = 4;
/// One job in so many is taken from the heavy queue first, so that it never starves.
const HEAVY_TURN: u64 = 8;
/// How often an idle thread looks up.
const IDLE: Duration = Duration::from_secs(1);
/// Pieces of streams that wait for each thread.
const PATIENT_PER_THREAD: usize = 2;
/// How long a piece waits before it looks for room again.
const PATIENCE: Duration = Duration::from_millis(5);
