//! Ways to peers: out, again and again with a pause that grows, and in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_socks::tcp::Socks5Stream;

use super::address::PeerAddress;
use super::backoff::Backoff;
use super::conversation::{Conversation, Ended};
use super::end_reason::{CONNECT_MAX, EndReason};
use super::hub::Hub;
use super::pace::Pace;
use super::status::Notice;

/// Keeps up a conversation with a peer for ever.
pub(super) async fn keep_connected(hub: Arc<Hub>, to: PeerAddress, proxy: Option<SocketAddr>) {
    let mut backoff = Backoff::default();
    loop {
        let ended = match timeout(CONNECT_MAX, open(&to, proxy)).await {
            Ok(Ok(socket)) => Conversation::new(Arc::clone(&hub), hub.connect(&to)).run(socket).await,
            Ok(Err(reason)) => Ended { node_id: None, reason, lasted: None },
            Err(_) => Ended { node_id: None, reason: EndReason::ConnectTimeout, lasted: None },
        };
        if ended.lasted.is_some_and(|lasted| lasted > STABLE_MIN) {
            backoff.succeed();
        }
        let mut wait = backoff.fail(hub.entropy.number());
        if matches!(ended.reason, EndReason::Left(_) | EndReason::Connection(_)) {
            // Who broke a rule will do so again.
            wait = wait.max(BREACH_WAIT);
        }
        let (node_id, reason) = (Some(to.node_id()), ended.reason);
        hub.board.tell(Notice::Ended { node_id, reason, retry: Some(wait) });
        sleep(wait).await;
    }
}

async fn open(to: &PeerAddress, proxy: Option<SocketAddr>) -> Result<TcpStream, EndReason> {
    match proxy {
        None => TcpStream::connect(to.target()).await.map_err(|error| EndReason::Connect(error.kind())),
        // The proxy resolves the name, which may be one that only it knows.
        Some(proxy) => match Socks5Stream::connect(proxy, to.target()).await {
            Ok(stream) => Ok(stream.into_inner()),
            Err(tokio_socks::Error::Io(error)) => Err(EndReason::Connect(error.kind())),
            Err(_) => Err(EndReason::Proxy),
        },
    }
}

/// Talks with everybody who comes, as long as there is room, and at a pace that leaves us time for others.
pub(super) async fn listen(hub: Arc<Hub>, listener: TcpListener) {
    let (room, mut pace) = (Arc::new(Semaphore::new(INBOUND_COUNT_MAX)), Pace::new(Instant::now()));
    loop {
        // Nobody closes the semaphore.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((socket, from)) = listener.accept().await else {
            // Out of files, most likely: some conversation will end.
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        sleep(pace.wait(Instant::now())).await;
        let hub = Arc::clone(&hub);
        tokio::spawn(async move {
            let Ended { node_id, reason, .. } =
                Conversation::new(Arc::clone(&hub), hub.accept(from)).run(socket).await;
            hub.board.tell(Notice::Ended { node_id, reason, retry: None });
            drop(permit);
        });
    }
}

/// A conversation that lasted so long was none that failed.
const STABLE_MIN: Duration = Duration::from_secs(60);
/// How long a peer that broke a rule is left alone at least.
const BREACH_WAIT: Duration = Duration::from_secs(60);
/// Connections that others opened, at once: half of what the core takes, so that those we chose always have room.
const INBOUND_COUNT_MAX: usize = gossip::sync::PEER_COUNT_MAX / 2;
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
