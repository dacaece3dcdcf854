//! One socket and its connection: moves bytes, keeps time, and carries messages to the core and from it.

use std::sync::Arc;
use std::time::Duration;

use gossip::admit::PeerId;
use node::peer::{Connection, Event, OUTPUT_BYTES_MAX};
use primitives::NodeId;
use primitives::wire::WireMessage as _;
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use super::batch::Batch;
use super::end_reason::{EndReason, SETUP_MAX};
use super::hub::{CoreEvent, Hub};
use super::link::{LinkEnd, News, Order, link};
use super::status::Notice;

/// A conversation under way.
pub(super) struct Conversation {
    hub: Arc<Hub>,
    connection: Connection,
    peer: PeerId,
    node_id: Option<NodeId>,
    link: Option<LinkEnd>,
    room: Arc<Semaphore>,
    times: Times,
    /// Why we leave once the output is written.
    closing: Option<EndReason>,
    /// Whether the core waits to hear that all it sent has left.
    owes_writable: bool,
}

/// When what happened last.
struct Times {
    began: Instant,
    heard: Instant,
    /// When the socket took some of our bytes.
    wrote: Instant,
    /// When the peer was asked for a sign of life that has not come yet.
    pinged: Option<Instant>,
    /// Since when the output has not become less.
    stuck: Option<Instant>,
}

/// How a conversation went.
pub(super) struct Ended {
    pub(super) node_id: Option<NodeId>,
    pub(super) reason: EndReason,
    /// How long messages could be sent, where they could.
    pub(super) lasted: Option<Duration>,
}

impl Conversation {
    pub(super) fn new(hub: Arc<Hub>, connection: Connection) -> Self {
        let (peer, now) = (hub.next_peer(), Instant::now());
        let times = Times { began: now, heard: now, wrote: now, pinged: None, stuck: None };
        let room = Arc::new(Semaphore::new(BATCH_BYTES_MAX));
        let (node_id, link, closing) = (None, None, None);
        Conversation { hub, connection, peer, node_id, link, room, times, closing, owes_writable: false }
    }

    /// Talks until somebody ends it. Dropping the future ends the connection at once.
    pub(super) async fn run(self, mut socket: TcpStream) -> Ended {
        // Questions and answers are short, and must not wait for one another.
        let _ = socket.set_nodelay(true);
        narrow(&socket);
        let (reader, writer) = socket.split();
        self.run_over(reader, writer).await
    }

    /// The same over both halves of any stream.
    async fn run_over(
        mut self,
        mut reader: impl AsyncRead + Unpin,
        mut writer: impl AsyncWrite + Unpin,
    ) -> Ended {
        let reason = self.talk(&mut reader, &mut writer).await;
        // What is left are last words: the peer may read them or not.
        let _ = tokio::time::timeout(LAST_WORDS_MAX, writer.write_all(self.connection.output())).await;
        let _ = tokio::time::timeout(LAST_WORDS_MAX, writer.shutdown()).await;
        let lasted = self.link.as_ref().map(|_| self.times.began.elapsed());
        if self.link.is_some() {
            self.hub.board.disconnected(self.peer);
            let _ = self.hub.core.send(CoreEvent::Disconnected { peer: self.peer }).await;
        }
        Ended { node_id: self.node_id, reason, lasted }
    }

    async fn talk(
        &mut self,
        reader: &mut (impl AsyncRead + Unpin),
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> EndReason {
        let mut buffer = vec![0; READ_SIZE];
        loop {
            if let Err(reason) = self.take_events().await {
                return reason;
            }
            if self.connection.output().is_empty() {
                self.times.stuck = None;
                if let Some(reason) = self.closing.take() {
                    return reason;
                }
                self.tell_writable().await;
            } else {
                self.times.stuck.get_or_insert_with(Instant::now);
            }
            let is_paused = self.link.as_ref().is_some_and(|link| *link.pause.borrow());
            let may_read =
                !is_paused && self.closing.is_none() && self.connection.output().len() <= OUTPUT_BYTES_MAX;
            let may_order = self.closing.is_none() && self.connection.output().len() <= OUTPUT_BYTES_MAX;
            let deadline = self.deadline(may_read);
            tokio::select! {
                read = reader.read(&mut buffer), if may_read => match read {
                    Ok(0) => return self.connection.end().map_or_else(EndReason::Connection, |()| EndReason::Closed),
                    Ok(count) => {
                        self.connection.receive(&buffer[..count]);
                        (self.times.heard, self.times.pinged) = (Instant::now(), None);
                    }
                    Err(error) => return EndReason::Io(error.kind()),
                },
                written = writer.write(self.connection.output()), if !self.connection.output().is_empty() => {
                    match written {
                        Ok(count) => self.connection.written(count),
                        Err(error) => return EndReason::Io(error.kind()),
                    }
                    (self.times.wrote, self.times.stuck) = (Instant::now(), None);
                }
                news = hear(&mut self.link, may_order) => match news {
                    News::Order(order) => self.obey(order),
                    // While we did not listen, the peer was not silent.
                    News::Gate => self.times.heard = Instant::now(),
                },
                () = sleep_until(deadline) => {
                    if let Err(reason) = self.on_time(may_read) {
                        return reason;
                    }
                }
            }
        }
    }

    /// Takes all events out of the connection; messages go to the core together, where there is room for them.
    async fn take_events(&mut self) -> Result<(), EndReason> {
        let mut batch = Batch::new(std::time::Instant::now());
        let outcome = loop {
            let (said, queries) = match self.connection.next_event(&self.hub.secp) {
                Ok(None) => break Ok(()),
                Err(error) => break Err(EndReason::Connection(error)),
                Ok(Some(Event::Message(message) | Event::Other(message))) => {
                    batch.push(message);
                    continue;
                }
                Ok(Some(Event::Authenticated { node_id })) => {
                    self.node_id = Some(node_id);
                    continue;
                }
                Ok(Some(Event::Ready(init))) => {
                    let features = init.combined_features();
                    (None, Some(features.has_bit(GOSSIP_QUERIES) || features.has_bit(GOSSIP_QUERIES + 1)))
                }
                Ok(Some(Event::Warning(warning))) => {
                    batch.push(&warning.to_bytes());
                    (Some((warning.to_string(), false)), None)
                }
                Ok(Some(Event::Error(error))) => {
                    batch.push(&error.to_bytes());
                    // One that names a channel is ignored: we have none (BOLT 1).
                    (Some((error.to_string(), error.channel_id == [0; 32])), None)
                }
                Ok(Some(_)) => continue,
            };
            if let Some(has_queries) = queries {
                self.introduce(has_queries).await;
            }
            if let (Some((text, is_error)), Some(node_id)) = (said, self.node_id) {
                self.hub.board.tell(Notice::Said { node_id, text });
                if is_error {
                    break Err(EndReason::PeerError);
                }
            }
        };
        if !batch.is_empty() {
            self.deliver(batch).await;
        }
        outcome
    }

    async fn introduce(&mut self, has_queries: bool) {
        let Some(node_id) = self.node_id else { return };
        let (link, end) = link();
        self.link = Some(end);
        self.hub.board.connected(self.peer, node_id);
        self.hub.board.tell(Notice::Connected { node_id });
        let (peer, is_outbound) = (self.peer, self.connection.is_outbound());
        let _ = self.hub.core.send(CoreEvent::Connected { peer, link, is_outbound, has_queries }).await;
    }

    async fn deliver(&mut self, mut batch: Batch) {
        let size = u32::try_from(batch.size().min(BATCH_BYTES_MAX)).unwrap_or(u32::MAX);
        // Only dropping the semaphore closes it, and it is ours.
        if let Ok(permit) = Arc::clone(&self.room).acquire_many_owned(size).await {
            batch.hold(permit);
        }
        let _ = self.hub.core.send(CoreEvent::Messages { peer: self.peer, batch }).await;
    }

    fn obey(&mut self, order: Option<Order>) {
        let mut next = order;
        // More than one order goes out in one write.
        loop {
            match next {
                Some(Order::Send(message)) => {
                    self.owes_writable = true;
                    // Only a message that is too long is refused, and the core makes none.
                    let _ = self.connection.send(&message);
                }
                Some(Order::Close(reason)) => self.closing = Some(EndReason::Left(reason)),
                None => self.closing = Some(EndReason::Stopped),
            }
            if self.closing.is_some() || self.connection.output().len() > OUTPUT_BYTES_MAX {
                return;
            }
            next = self.link.as_mut().and_then(LinkEnd::try_next);
            if next.is_none() {
                return;
            }
        }
    }

    async fn tell_writable(&mut self) {
        if std::mem::take(&mut self.owes_writable) {
            let _ = self.hub.core.send(CoreEvent::Writable { peer: self.peer }).await;
        }
    }

    /// When to look at the times again.
    fn deadline(&self, may_read: bool) -> Instant {
        let setup = self.link.is_none().then_some(self.times.began + SETUP_MAX);
        let stuck = self.times.stuck.map(|since| since + STUCK_MAX);
        let silence = match self.times.pinged {
            _ if !may_read || self.link.is_none() => None,
            Some(pinged) => Some(self.pong_due_at(pinged)),
            None => Some(self.times.heard + SILENCE_MAX),
        };
        let far = Instant::now() + SILENCE_MAX;
        [setup, stuck, silence].into_iter().flatten().fold(far, Instant::min)
    }

    /// A peer that still takes what it is sent is alive, and reads the ping after all that.
    fn pong_due_at(&self, pinged: Instant) -> Instant {
        pinged.max(self.times.wrote) + PONG_MAX
    }

    fn on_time(&mut self, may_read: bool) -> Result<(), EndReason> {
        let now = Instant::now();
        if self.link.is_none() && now >= self.times.began + SETUP_MAX {
            return Err(EndReason::Setup);
        }
        if self.times.stuck.is_some_and(|since| now >= since + STUCK_MAX) {
            return Err(EndReason::Stuck);
        }
        if may_read && self.link.is_some() {
            match self.times.pinged {
                Some(pinged) if now >= self.pong_due_at(pinged) => return Err(EndReason::Silence),
                None if now >= self.times.heard + SILENCE_MAX => {
                    let _ = self.connection.ping();
                    self.times.pinged = Some(now);
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }
}

/// Keeps what the system holds for us small: what has left should soon be where it goes, so that a question is not
/// answered behind megabytes of news, and a slow peer is known to be slow. A system that refuses is only slower.
fn narrow(socket: &TcpStream) {
    let _ = set_socket_send_buffer_size(socket, SOCKET_BYTES);
    let _ = set_socket_recv_buffer_size(socket, SOCKET_BYTES);
}

/// Waits for ever where there is no link yet.
async fn hear(link: &mut Option<LinkEnd>, may_order: bool) -> News {
    match link {
        Some(link) => link.news(may_order).await,
        None => std::future::pending().await,
    }
}

/// The even bit of `gossip_queries` (BOLT 9).
const GOSSIP_QUERIES: usize = 6;
/// Bytes that are read from a socket at once.
const READ_SIZE: usize = 64 << 10;
/// Bytes that the system holds for each way of a socket: 2.5 MB a second through a tenth of a second of distance. Linux
/// doubles it for its own records.
const SOCKET_BYTES: usize = 256 << 10;
/// Bytes of one peer's messages that wait for the core's thread.
pub(super) const BATCH_BYTES_MAX: usize = 256 << 10;
/// After so long a silence, a peer is asked for a sign of life.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// How long that sign may take.
const PONG_MAX: Duration = Duration::from_secs(30);
/// How long a peer may read nothing of what it asked for.
const STUCK_MAX: Duration = Duration::from_secs(60);
/// How long last words may take.
const LAST_WORDS_MAX: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
