//! When a request arrived: from then on it waits for a thread.
//!
//! ```text
//! socket readable --wake--> task in the runtime's queue --poll--> bytes read --> head parsed --> handler
//!                   |                                                                              |
//!                   '--- noted by the waker that the socket has ----- told with the request -------'
//! ```
//! What lies in the socket before the runtime looks at it is not seen; the runtime looks often (see `runtime`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
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

/// When what one connection reads became readable. From its wake to its read it is among those who wait.
#[derive(Debug)]
pub(super) struct Arrival {
    pressure: Pressure,
    /// All times are in ns since then, from 1 on; 0 is none.
    began: Instant,
    /// The connection's task.
    task: AtomicWaker,
    /// When the task was woken that has not read since.
    woken: AtomicU64,
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
        let (woken, [readable, answered]) = (AtomicU64::new(1), [const { AtomicU64::new(0) }; 2]);
        Arc::new(Arrival { pressure, began: now, task: AtomicWaker::new(), woken, readable, answered })
    }

    /// Its reads.
    pub(super) fn reads(self: &Arc<Self>) -> Reads {
        Reads { arrival: Arc::clone(self), waker: Waker::from(Arc::clone(self)), is_waiting: false }
    }

    fn note_wake(&self, now: Instant) {
        if self.woken.compare_exchange(0, self.nanos(now), Relaxed, Relaxed).is_ok() {
            self.pressure.enter();
        }
    }

    /// Takes the time of the last wake.
    fn take_wake(&self) -> Option<u64> {
        let woken = Some(self.woken.swap(0, Relaxed)).filter(|&woken| woken != 0);
        woken.inspect(|_| self.pressure.leave())
    }

    /// The arrival of a request that has been read. Over HTTP/1.1, one that was sent before the last answer waited for
    /// that, which is its client's doing.
    fn of(self: &Arc<Self>, version: Version) -> Arrived {
        let (readable, answered) = (self.readable.load(Relaxed), self.answered.load(Relaxed));
        let is_shared = version == Version::HTTP_2;
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
        u64::try_from(since).unwrap_or(u64::MAX).max(1)
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
        let woken = arrival.take_wake();
        if woken.is_some() || self.is_waiting {
            arrival.readable.store(woken.unwrap_or(0), Relaxed);
        }
        let result = read(&mut Context::from_waker(&self.waker));
        self.is_waiting = result.is_pending();
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

#[cfg(test)]
mod tests {
    use super::super::work::Patience;
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A pressure, and a connection that has come at the time that is told.
    fn connection() -> (Pressure, Arc<Arrival>, Reads, Instant) {
        let start = Instant::now();
        let pressure = Pressure::new(Patience::new(ms(1), ms(100), start), 2, start);
        let arrival = Arrival::new(pressure.clone(), start);
        let reads = arrival.reads();
        (pressure, arrival, reads, start)
    }

    fn poll(reads: &mut Reads, result: Poll<()>) {
        let _ = reads.poll(&Context::from_waker(Waker::noop()), |_| result);
    }

    #[test]
    fn a_request_waits_since_the_wake_that_it_was_read_after() {
        let (pressure, arrival, mut reads, start) = connection();
        assert_eq!(pressure.waiting(), 1, "a new connection waits");
        poll(&mut reads, Poll::Ready(()));
        assert_eq!(pressure.waiting(), 0);
        let first = arrival.of(Version::HTTP_11).begin(start + ms(3));
        assert!(first > ms(2) && first <= ms(3), "{first:?}");
        poll(&mut reads, Poll::Pending);
        arrival.note_wake(start + ms(10));
        arrival.note_wake(start + ms(12));
        assert_eq!(pressure.waiting(), 1);
        poll(&mut reads, Poll::Ready(()));
        assert_eq!(arrival.of(Version::HTTP_11).begin(start + ms(15)), ms(5));
        assert_eq!(pressure.waiting(), 0);
    }

    #[test]
    fn nobody_has_waited_for_what_nobody_was_woken_for() {
        let (_, arrival, mut reads, start) = connection();
        poll(&mut reads, Poll::Pending);
        poll(&mut reads, Poll::Ready(()));
        for version in [Version::HTTP_11, Version::HTTP_2] {
            assert_eq!(arrival.of(version).begin(start), Duration::ZERO);
        }
    }

    #[test]
    fn a_request_that_was_sent_before_the_last_answer_has_waited_since_that() {
        let (_, arrival, mut reads, start) = connection();
        poll(&mut reads, Poll::Ready(()));
        let mut first = arrival.of(Version::HTTP_11);
        first.begin(start);
        first.end(start + ms(200));
        assert_eq!(arrival.of(Version::HTTP_11).begin(start + ms(201)), ms(1));
    }

    #[test]
    fn over_http_2_it_waits_until_its_own_task_begins() {
        let (pressure, arrival, mut reads, start) = connection();
        poll(&mut reads, Poll::Ready(()));
        poll(&mut reads, Poll::Pending);
        let mut both = [arrival.of(Version::HTTP_2), arrival.of(Version::HTTP_2)];
        assert_eq!(pressure.waiting(), 2);
        let waits = both.each_mut().map(|arrived| arrived.begin(start + ms(9)));
        assert!(waits.iter().all(|wait| *wait > ms(8)), "{waits:?}");
        assert_eq!(pressure.waiting(), 0);
        drop(arrival.of(Version::HTTP_2));
        assert_eq!(pressure.waiting(), 0, "one that is given up waits no longer");
    }

    #[test]
    fn a_connection_that_ends_waits_no_longer() {
        let (pressure, arrival, mut reads, start) = connection();
        poll(&mut reads, Poll::Pending);
        arrival.note_wake(start);
        drop((arrival, reads));
        assert_eq!(pressure.waiting(), 0);
    }

    #[tokio::test]
    async fn the_task_is_woken_by_way_of_the_note() {
        let (pressure, _arrival, mut reads, _) = connection();
        let mut is_first = true;
        std::future::poll_fn(|cx| {
            reads.poll(cx, |cx| {
                if !std::mem::take(&mut is_first) {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                assert_eq!(pressure.waiting(), 1);
                Poll::Pending
            })
        })
        .await;
        assert_eq!(pressure.waiting(), 0);
    }
}
