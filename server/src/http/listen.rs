//! Sockets: accepts, serves, and ends in good order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use engine::graph::Topology;
use engine::snapshot::ChannelGraph;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower_http::catch_panic::CatchPanicLayer;

use super::app::App;
use super::applier::Applier;
use super::problem::Problem;
use super::settings::{Limits, Settings};
use super::{cln, health, lnd, native};

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
    /// The system refuses a thread.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    app: App,
    listener: TcpListener,
    address: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Server {
    /// Serves a graph; requests are answered as soon as [`Server::run`] runs.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn bind(topology: Topology, settings: &Settings) -> Result<Self, StartError> {
        let listening = TcpListener::bind(settings.listen).await;
        let failed = |error| StartError::Listen { address: settings.listen, error };
        let listener = listening.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (graph, writer) = ChannelGraph::new(topology);
        let (applier, tenants, _thread) =
            Applier::start(writer, 1, settings.limits.layer_entry_count_max).map_err(StartError::Thread)?;
        let app = App::new(graph, applier, tenants, settings).map_err(StartError::Thread)?;
        Ok(Server { app, listener, address, stop: watch::Sender::new(false) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its handlers share.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Ends the server when it is sent `true`.
    pub fn stopper(&self) -> watch::Sender<bool> {
        self.stop.clone()
    }

    /// Serves until it is stopped, and finishes what has begun.
    pub async fn run(self) {
        let limits = self.app.limits().clone();
        let service = router(&self.app);
        let room = Arc::new(Semaphore::new(limits.connection_count_max));
        let graceful = GracefulShutdown::new();
        let mut stopped = self.stop.subscribe();
        loop {
            let room = Arc::clone(&room);
            let accepted = tokio::select! {
                accepted = accept(&self.listener, room) => accepted,
                _ = stopped.wait_for(|&is_stopped| is_stopped) => break,
            };
            let (stream, permit) = accepted;
            let connection = connect(stream, &service, &limits, &graceful);
            tokio::spawn(async move {
                connection.await;
                drop(permit);
            });
        }
        self.app.stop();
        drop(self.listener);
        // What has not ended by then is cut off.
        let _ = tokio::time::timeout(limits.drain_timeout, graceful.shutdown()).await;
    }
}

/// All routes of the server.
fn router(app: &App) -> Router {
    Router::new()
        .merge(health::router())
        .merge(native::router())
        .merge(lnd::router())
        .merge(cln::router())
        .fallback(|| async { Problem::not_found("nothing is served at this path") })
        .layer(DefaultBodyLimit::max(app.limits().body_size_max))
        .layer(CatchPanicLayer::custom(|_| axum::response::IntoResponse::into_response(Problem::internal())))
        .with_state(app.clone())
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: Arc<Semaphore>,
) -> (TcpStream, tokio::sync::OwnedSemaphorePermit) {
    let permit = room.acquire_owned().await.expect("nobody closes the semaphore");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            // A connection that ended before it was accepted, or no descriptors: neither ends the server.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Serves one connection.
fn connect(
    stream: TcpStream,
    service: &Router,
    limits: &Limits,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + use<> {
    let _ = stream.set_nodelay(true);
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
        .keep_alive_interval(limits.head_timeout)
        .keep_alive_timeout(limits.head_timeout);
    let service = TowerToHyperService::new(service.clone());
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let connection = graceful.watch(connection);
    async move {
        // What goes wrong on a connection is its client's loss.
        let _ = connection.await;
    }
}

/// hyper refuses smaller buffers.
const HEAD_SIZE_MIN: usize = 8192;
/// Requests of one HTTP/2 connection at a time.
const STREAM_COUNT_MAX: u32 = 128;
/// After an error that may last, as of descriptors that are used up.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
