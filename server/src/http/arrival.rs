//! When a request arrived: from then on it waits for a thread.
//!
//! ```text
//! socket readable --wake--> task in the runtime's queue --poll--> bytes read --> head parsed --> handler
//!                   |                                                                              |
//!                   '--- noted by the waker that the socket has ----- told with the request -------'
//! ```
//! What lies in the socket before the runtime looks at it is not seen; the runtime looks often (see `runtime`).
//!
//! A request has waited since the wake that its last bytes were read after, however long those before them dripped. Among
//! those who wait is only what may be a request: a connection that is in the middle of a head or a body, or whose bytes have
//! come to nothing, is not. Else some hundred clients that send byte by byte would look like a crowd.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::Version;
use futures_util::task::AtomicWaker;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};

use super::untaken::Untaken;
use super::work::Pressure;

/// When what one connection reads became readable. From its wake to its read it is among those who wait, where that may be
/// a request.
#[derive(Debug)]
pub(super) struct Arrival {
    pressure: Pressure,
    /// All times are in ns since then, from 1 on; 0 is none.
    began: Instant,
    /// The connection's task.
    task: AtomicWaker,
    /// When the task was woken that has not read since, twice, and one more where it is among those who wait.
    woken: AtomicU64,
    /// Reads since the last request, or its answer, that brought no other one.
    fruitless_count: AtomicU32,
    /// Whether it speaks HTTP/2.
    is_shared: AtomicBool,
    /// When what was read last had become readable; none where nobody was woken for it.
    readable: AtomicU64,
    /// When the last request was answered.
    answered: AtomicU64,
}

/// Reads of a connection, with a waker that notes when it is called.
#[derive(Debug)]
pub(super) struct Reads {
    arrival: Arc<Arrival>,
    waker: Waker,
    /// Whether the last read had to wait.
    is_waiting: bool,
}

/// When one request arrived.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    arrival: Arc<Arrival>,
    at: Instant,
    /// Of HTTP/2, where one task reads a request and another one answers it: among those who wait until the latter begins.
    waits: Option<Arc<Waits>>,
}

#[derive(Debug)]
struct Waits(Pressure);

/// Tells the requests of one connection when they arrived, and those of HTTP/2 where their answers are noted.
#[derive(Debug)]
pub(super) struct Door {
    service: TowerToHyperService<Router>,
    arrival: Arc<Arrival>,
    untaken: Arc<Untaken>,
}

impl Arrival {
    /// Of a connection that has come at `now`, and waits from then on.
    pub(super) fn new(pressure: Pressure, now: Instant) -> Arc<Self> {
        pressure.enter();
        let [readable, answered] = [const { AtomicU64::new(0) }; 2];
        Arc::new(Arrival {
            pressure,
            began: now,
            task: AtomicWaker::new(),
            woken: AtomicU64::new(1 << 1 | 1),
            fruitless_count: AtomicU32::new(0),
            is_shared: AtomicBool::new(false),
            readable,
            answered,
        })
    }

    /// Its reads.
    pub(super) fn reads(self: &Arc<Self>) -> Reads {
        Reads { arrival: Arc::clone(self), waker: Waker::from(Arc::clone(self)), is_waiting: false }
    }

    fn note_wake(&self, now: Instant) {
        if self.woken.load(Relaxed) != 0 {
            return;
        }
        let waits = self.may_bring_a_request();
        if waits {
            self.pressure.enter();
        }
        let woken = self.nanos(now) << 1 | u64::from(waits);
        if self.woken.compare_exchange(0, woken, Relaxed, Relaxed).is_err() && waits {
            self.pressure.leave();
        }
    }

    /// Takes the time of the last wake.
    fn take_wake(&self) -> Option<u64> {
        let woken = self.woken.swap(0, Relaxed);
        if woken & 1 == 1 {
            self.pressure.leave();
        }
        Some(woken >> 1).filter(|&at| at != 0)
    }

    /// Whether what comes next may be a request, by what came before it.
    fn may_bring_a_request(&self) -> bool {
        let most = if self.is_shared.load(Relaxed) { FRUITLESS_COUNT_MAX } else { 1 };
        self.fruitless_count.load(Relaxed) < most
    }

    /// The arrival of a request that has been read. Over HTTP/1.1, one that was sent before the last answer waited for
    /// that, which is its client's doing.
    fn of(self: &Arc<Self>, version: Version) -> Arrived {
        let (readable, answered) = (self.readable.load(Relaxed), self.answered.load(Relaxed));
        let is_shared = version == Version::HTTP_2;
        self.is_shared.store(is_shared, Relaxed);
        self.fruitless_count.store(0, Relaxed);
        let at = if is_shared { readable } else { readable.max(answered) };
        let waits = is_shared.then(|| {
            self.pressure.enter();
            Arc::new(Waits(self.pressure.clone()))
        });
        let at = if readable == 0 { Instant::now() } else { self.began + Duration::from_nanos(at) };
        Arrived { arrival: Arc::clone(self), at, waits }
    }

    fn nanos(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.began).as_nanos();
        u64::try_from(since).map_or(NANOS_MAX, |nanos| nanos.clamp(1, NANOS_MAX))
    }
}

impl Wake for Arrival {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.note_wake(Instant::now());
        self.task.wake();
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let _ = self.take_wake();
    }
}

impl Reads {
    /// Reads. Where that waits, the task in `cx` is woken by way of the waker that notes it.
    pub(super) fn poll<T>(
        &mut self,
        cx: &Context<'_>,
        read: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let arrival = &self.arrival;
        arrival.task.register(cx.waker());
        let (woken, had_waited) = (arrival.take_wake(), self.is_waiting);
        if woken.is_some() || had_waited {
            arrival.readable.store(woken.unwrap_or(0), Relaxed);
        }
        let result = read(&mut Context::from_waker(&self.waker));
        self.is_waiting = result.is_pending();
        // A new connection is looked at before its first bytes are there. Later, a wake with nothing to read is a part of a
        // record of TLS.
        let has_come = match result.is_ready() {
            true => woken.is_some() || had_waited,
            false => woken.is_some() && had_waited,
        };
        if has_come {
            arrival.fruitless_count.fetch_add(1, Relaxed);
        }
        result
    }
}

impl Arrived {
    /// How long the request has waited that is begun now.
    pub(super) fn begin(&mut self, now: Instant) -> Duration {
        self.waits = None;
        now.saturating_duration_since(self.at)
    }

    /// Notes that it is answered.
    pub(super) fn end(self, now: Instant) {
        // What came meanwhile was its body.
        self.arrival.fruitless_count.store(0, Relaxed);
        self.arrival.answered.store(self.arrival.nanos(now), Relaxed);
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Door {
    pub(super) fn new(service: Router, arrival: Arc<Arrival>, untaken: Arc<Untaken>) -> Self {
        Door { service: TowerToHyperService::new(service), arrival, untaken }
    }
}

impl Service<Request<Incoming>> for Door {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = TowerToHyperServiceFuture<Router, Request<Incoming>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let arrived = self.arrival.of(request.version());
        request.extensions_mut().insert(arrived);
        if request.version() == Version::HTTP_2 {
            request.extensions_mut().insert(Arc::clone(&self.untaken));
        }
        self.service.call(request)
    }
}

/// Reads of HTTP/2 that may bring no request between two of them: a client that asks one thing at a time sends a window and
/// an acknowledgement or two.
const FRUITLESS_COUNT_MAX: u32 = 4;
/// Of times: there is room for a bit beside them.
const NANOS_MAX: u64 = u64::MAX >> 1;

#[cfg(test)]
mod tests;
