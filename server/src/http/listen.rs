//! Sockets: accepts, serves, and ends in good order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use engine::graph::Topology;
use engine::snapshot::ChannelGraph;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::app::App;
use super::applier::{Applier, ApplierError};
use super::arrival::{Arrival, Door};
use super::front::front;
use super::guard::Guarded;
use super::guests::Guests;
use super::problem::Problem;
use super::settings::{Limits, Settings};
use super::tenant::{Accounts, AccountsError};
use super::untaken::Untaken;
use super::work::{Pool, Waits};
use super::{facades, health, native, page, reference, scrape};

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The keys are wrong.
    #[error(transparent)]
    Keys(#[from] AccountsError),
    /// The address is open to the world, and there are no keys.
    #[error("{address} is open to others, and there are no keys")]
    Open {
        /// The address.
        address: SocketAddr,
    },
    /// The system refuses a thread.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
    /// What changes cannot be served.
    #[error(transparent)]
    Applier(#[from] ApplierError),
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    app: App,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Serves a graph; requests are answered as soon as [`Server::run`] runs.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn bind(topology: Topology, settings: &Settings) -> Result<Self, StartError> {
        if settings.keys.is_empty() && !settings.listen.ip().is_loopback() {
            return Err(StartError::Open { address: settings.listen });
        }
        let listening = TcpListener::bind(settings.listen).await;
        let failed = |error| StartError::Listen { address: settings.listen, error };
        let listener = listening.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (graph, writer) = ChannelGraph::new(topology);
        let limits = settings.limits.clone();
        let (applier, _) = Applier::start(writer, limits.layer_entry_count_max, settings.state.as_deref())?;
        let accounts = Accounts::open(&settings.keys, &applier).await?;
        let waits = Waits {
            queue_size: limits.queue_size,
            wait_min: limits.queue_wait_min,
            wait_max: limits.queue_wait_max,
        };
        let pool = Pool::start(&graph, settings.search_threads, waits).map_err(StartError::Thread)?;
        let hosts = settings.hosts.clone();
        let app = App::new(graph, applier, accounts, pool, limits, settings.own_node, hosts);
        Ok(Server { app, listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its handlers share; [`App::stop`] ends the server.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Serves until it is stopped, and finishes what has begun.
    pub async fn run(self) {
        let limits = self.app.limits();
        let service = router(&self.app);
        let room = Arc::new(Semaphore::new(limits.connection_count_max));
        let guests = Guests::new(limits.address_connection_count_max);
        let graceful = GracefulShutdown::new();
        let mut stopped = self.app.stopped();
        loop {
            let room = Arc::clone(&room);
            let accepted = tokio::select! {
                accepted = accept(&self.listener, room) => accepted,
                () = stopped.wait() => break,
            };
            let (stream, address, permit) = accepted;
            // Without a word: whoever has that many connections has room for its requests on them.
            let Some(guest) = guests.enter(address.ip()) else { continue };
            let (app, service, watcher) = (self.app.clone(), service.clone(), graceful.watcher());
            let arrival = Arrival::new(app.pressure().clone(), Instant::now());
            tokio::spawn(async move {
                app.metrics().connection_opened();
                connect(stream, arrival, app.clone(), service, watcher).await;
                app.metrics().connection_closed();
                drop((guest, permit));
            });
        }
        drop(self.listener);
        // What has not ended by then is cut off.
        let _ = timeout(self.app.limits().drain_timeout, graceful.shutdown()).await;
    }
}

/// All routes of the server.
fn router(app: &App) -> Router {
    Router::new()
        .merge(health::router())
        .merge(scrape::router())
        .merge(native::router())
        .merge(facades::router())
        .merge(page::router())
        .merge(reference::router())
        .fallback(|| async {
            Problem::not_found("nothing is served at this path", "/api/openapi.json lists all paths")
        })
        .method_not_allowed_fallback(|| async {
            let (status, title) = (StatusCode::METHOD_NOT_ALLOWED, "The method does not fit");
            Problem::new(status, "method_not_allowed", title, "the path takes other methods")
                .with_hint("the header Allow and /api/openapi.json list them")
        })
        // One layer: each is a future of its own on the heap, and clones all that lie in it.
        .layer(from_fn_with_state(app.clone(), front))
        .with_state(app.clone())
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let permit = room.acquire_owned().await.expect("nobody closes the semaphore");
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, address, permit),
            // A connection that ended before it was accepted, or no descriptors: neither ends the server.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Serves one connection, with TLS where the server has a certificate.
async fn connect(stream: TcpStream, arrival: Arc<Arrival>, app: App, service: Router, watcher: Watcher) {
    let limits = app.limits();
    // A socket that refuses this answers a little later.
    let _ = stream.set_nodelay(true);
    let Some(tls) = app.tls() else {
        return serve(stream, arrival, &limits, service, watcher).await;
    };
    drop(arrival);
    let shaking = timeout(limits.head_timeout, TlsAcceptor::from(tls).accept(stream)).await;
    if let Ok(Ok(stream)) = shaking {
        let arrival = Arrival::new(app.pressure().clone(), Instant::now());
        serve(stream, arrival, &limits, service, watcher).await;
    }
}

async fn serve<S>(stream: S, arrival: Arc<Arrival>, limits: &Limits, service: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = Guarded::new(stream, arrival.reads(), limits.head_timeout, limits.write_timeout);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_size_max.max(HEAD_SIZE_MIN));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.head_size_max).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAM_COUNT_MAX)
        .initial_stream_window_size(WINDOW_SIZE)
        .initial_connection_window_size(WINDOW_SIZE)
        .keep_alive_interval(limits.head_timeout)
        .keep_alive_timeout(limits.head_timeout);
    let untaken = Arc::<Untaken>::default();
    let door = Door::new(service, arrival, Arc::clone(&untaken));
    let connection = builder.serve_connection(TokioIo::new(stream), door).into_owned();
    tokio::select! {
        // What goes wrong on a connection is its client's loss.
        _ = watcher.watch(connection) => {}
        () = untaken.wait(limits.write_timeout) => {}
    }
}

/// hyper refuses smaller buffers.
const HEAD_SIZE_MIN: usize = 8192;
/// Requests of one HTTP/2 connection at a time.
const STREAM_COUNT_MAX: u32 = 128;
/// Bytes of bodies on one HTTP/2 connection that nobody has read yet.
const WINDOW_SIZE: u32 = 1 << 18;
/// After an error that may last, as of descriptors that are used up.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
