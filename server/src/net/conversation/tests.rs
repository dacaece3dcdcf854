//! What a conversation does by the clock, on one that waits for nobody: peers that fall silent at each of its stages.

use bitcoin::secp256k1::{Secp256k1, SecretKey};
use node::peer::Introduction;
use primitives::ChainHash;
use primitives::wire::{ErrorMessage, Ping, Warning, WireMessage};
use tokio::io::{DuplexStream, duplex, split};
use tokio::sync::mpsc;

use super::*;
use crate::net::entropy::Entropy;
use crate::net::link::Link;
use crate::net::status::Board;

const CHAIN: ChainHash = ChainHash::REGTEST;
const STREAM_SIZE: usize = 4096;

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).expect("a key")
}

/// A conversation with somebody who has connected to us, and what the core hears of it.
fn conversation() -> (Conversation, mpsc::Receiver<CoreEvent>) {
    let (core, events) = mpsc::channel(64);
    let entropy = Entropy::new([5; 32]);
    let hub = Arc::new(Hub::new(core, Arc::new(Board::new(None)), entropy, key(9), CHAIN));
    let from = "10.0.0.7:4000".parse().expect("an address");
    (Conversation::new(Arc::clone(&hub), hub.accept(from)), events)
}

/// A conversation with a peer that the test plays.
struct Played {
    events: mpsc::Receiver<CoreEvent>,
    ended: tokio::task::JoinHandle<Ended>,
    began: Instant,
    socket: DuplexStream,
    connection: Connection,
}

impl Played {
    fn new() -> Self {
        let (conversation, events) = conversation();
        let (near, socket) = duplex(STREAM_SIZE);
        let ended = tokio::spawn(async move {
            let (reader, writer) = split(near);
            conversation.run_over(reader, writer).await
        });
        let secp = Secp256k1::new();
        let hello = Introduction { chain_hash: CHAIN, remote_addr: None };
        let connection = Connection::connect(&secp, key(3), &key(9).public_key(&secp), key(4), &hello);
        Played { events, ended, began: Instant::now(), socket, connection }
    }

    async fn write(&mut self, count: usize) {
        self.socket.write_all(&self.connection.output()[..count]).await.expect("it reads");
        self.connection.written(count);
    }

    /// Reads once; `None` where the other side has left. Pongs stay in the output.
    async fn read(&mut self) -> Option<()> {
        let mut buffer = [0; STREAM_SIZE];
        let count = self.socket.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        self.connection.receive(&buffer[..count]);
        Some(())
    }

    /// The next event in what was read.
    fn event(&mut self) -> Option<String> {
        let event = self.connection.next_event(&Secp256k1::new()).expect("it keeps the rules")?;
        Some(match event {
            Event::Ready(init) => init.seen_at().map_or_else(String::new, |at| at.to_string()),
            event => format!("{event:?}"),
        })
    }

    /// Shakes hands and says `init`.
    async fn introduce(&mut self) -> Link {
        while !self.connection.is_ready() {
            self.write(self.connection.output().len()).await;
            self.read().await.expect("it stays");
            while self.event().is_some() {}
        }
        match self.events.recv().await {
            Some(CoreEvent::Connected { link, .. }) => link,
            event => panic!("{event:?}"),
        }
    }

    /// How it ended, and after how many seconds.
    async fn end(self) -> (EndReason, u64) {
        let Played { ended, began, socket, .. } = self;
        let ended = ended.await.expect("it does not panic");
        let secs = began.elapsed().as_secs();
        drop(socket);
        (ended.reason, secs)
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_shake_hands_is_left_after_half_a_minute() {
    assert_eq!(Played::new().end().await, (EndReason::Setup, 30));
    // Half an act is none.
    let mut played = Played::new();
    played.write(20).await;
    assert_eq!(played.end().await, (EndReason::Setup, 30));
}

#[tokio::test(start_paused = true)]
async fn who_shakes_hands_and_says_no_init_is_left_as_well() {
    let mut played = Played::new();
    played.write(50).await;
    played.read().await.expect("act two");
    assert!(played.event().is_some_and(|event| event.starts_with("Authenticated")));
    // Act three has 66 bytes; `init` follows it.
    played.write(66).await;
    assert_eq!(played.end().await, (EndReason::Setup, 30));
}

#[tokio::test(start_paused = true)]
async fn who_answers_no_ping_is_left() {
    let mut played = Played::new();
    let _link = played.introduce().await;
    let (reason, secs) = played.end().await;
    assert_eq!(reason, EndReason::Silence);
    assert!((89..=91).contains(&secs), "{secs}");
}

#[tokio::test(start_paused = true)]
async fn who_answers_pings_may_be_silent_for_ever() {
    let mut played = Played::new();
    let _link = played.introduce().await;
    for _ in 0..20 {
        played.read().await.expect("a ping");
        while played.event().is_some() {}
        let size = played.connection.output().len();
        assert!(size > 0, "a pong");
        played.write(size).await;
    }
    assert!(played.began.elapsed().as_secs() >= 20 * 60);
    played.socket.shutdown().await.expect("it is open");
    assert_eq!(played.end().await.0, EndReason::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_means_nothing_is_told_to_who_counts_what_a_peer_costs() {
    let mut played = Played::new();
    let _link = played.introduce().await;
    let ping = Ping { num_pong_bytes: 7, ignored: &[] }.to_bytes();
    let warning = Warning { channel_id: [0; 32], data: b"hm" }.to_bytes();
    // No channel is ours, so that an error of one means nothing either (BOLT 1).
    let error = ErrorMessage { channel_id: [7; 32], data: b"hm" }.to_bytes();
    let said = [ping, vec![0, 19, 0, 0], vec![0, 33, 1], warning, error];
    for message in &said {
        played.connection.send(message).expect("ready");
    }
    played.write(played.connection.output().len()).await;
    match played.events.recv().await {
        Some(CoreEvent::Messages { batch, .. }) => assert!(batch.messages().eq(&said)),
        event => panic!("{event:?}"),
    }
    // That of all channels ends the connection.
    let error = ErrorMessage { channel_id: [0; 32], data: b"hm" }.to_bytes();
    played.connection.send(&error).expect("ready");
    played.write(played.connection.output().len()).await;
    assert_eq!(played.end().await.0, EndReason::PeerError);
}

#[tokio::test(start_paused = true)]
async fn who_is_busy_reading_has_time_for_a_pong() {
    let mut played = Played::new();
    let link = played.introduce().await;
    // More than a stream holds, read slowly: the ping is behind it.
    for _ in 0..40 {
        assert!(link.send(vec![1; STREAM_SIZE / 2]));
    }
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        played.read().await.expect("it stays");
    }
    assert!(played.began.elapsed() > SILENCE_MAX + 2 * PONG_MAX);
    let (reason, _) = played.end().await;
    assert!(matches!(reason, EndReason::Stuck | EndReason::Silence), "{reason:?}");
}

#[tokio::test(start_paused = true)]
async fn who_reads_nothing_is_left_after_a_minute() {
    let mut played = Played::new();
    let link = played.introduce().await;
    for _ in 0..4 {
        assert!(link.send(vec![1; STREAM_SIZE]));
    }
    let (reason, secs) = played.end().await;
    assert_eq!(reason, EndReason::Stuck);
    // Last words have some seconds.
    assert!((60..=64).contains(&secs), "{secs}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_is_told_where_it_comes_from() {
    let mut played = Played::new();
    let mut seen = None;
    while seen.is_none() {
        played.write(played.connection.output().len()).await;
        played.read().await.expect("it stays");
        while let Some(event) = played.event() {
            if event.contains(':') && !event.contains("Authenticated") {
                seen = Some(event);
            }
        }
    }
    assert_eq!(seen.as_deref(), Some("10.0.0.7:4000"));
}

#[tokio::test]
async fn what_is_written_to_a_socket_waits_for_no_more() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let near = std::net::TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
    near.set_nonblocking(true).expect("a socket");
    // Options are the socket's, not the handle's.
    let watched = near.try_clone().expect("a second handle");
    assert!(!watched.nodelay().expect("an option"));
    // Who leaves at once ends the conversation.
    drop(listener.accept().expect("it has connected"));
    let (conversation, _events) = conversation();
    conversation.run(TcpStream::from_std(near).expect("inside of a runtime")).await;
    assert!(watched.nodelay().expect("an option"));
}
