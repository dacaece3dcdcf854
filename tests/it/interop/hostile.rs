//! A peer that breaks rules over a real socket: it is left, and nothing changes.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use node::peer::{Connection, Event, Introduction};
use primitives::wire::{QueryChannelRange, WireMessage as _};
use primitives::{Direction, UnixTime};
use tests::signed::{Author, Signer};

use super::ours::{CHAIN, OurNode, PATIENCE, Told, ends, messages, scid, until};

/// A client without manners: it does what the test says.
pub(super) struct Client {
    socket: TcpStream,
    pub(super) connection: Connection,
    heard: Vec<String>,
}

impl Client {
    pub(super) fn new(to: PublicKey, address: SocketAddr) -> Self {
        let secp = Secp256k1::new();
        let key = |byte| SecretKey::from_slice(&[byte; 32]).unwrap();
        let hello = Introduction { chain_hash: CHAIN, remote_addr: None };
        let connection = Connection::connect(&secp, key(3), &to, key(4), &hello);
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Client { socket, connection, heard: Vec::new() };
        while !client.connection.is_ready() {
            assert!(client.turn(), "an honest beginning");
        }
        client
    }

    pub(super) fn flush(&mut self) {
        let output = self.connection.output().to_vec();
        // Where the other side has gone, the next read says so.
        let _ = self.socket.write_all(&output);
        self.connection.written(output.len());
    }

    fn has_failed_to_flush(&mut self) -> bool {
        let output = self.connection.output().to_vec();
        self.connection.written(output.len());
        self.socket.write_all(&output).is_err()
    }

    /// Writes, and reads once; `false` where the other side has closed.
    fn turn(&mut self) -> bool {
        self.flush();
        let mut buffer = [0; 4096];
        let count = match self.socket.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the other side keeps the connection: {:?}", self.heard)
            }
            // What it left unread it says in this way.
            Err(_) => 0,
        };
        self.connection.receive(&buffer[..count]);
        let secp = Secp256k1::new();
        while let Some(event) = self.connection.next_event(&secp).unwrap() {
            if let Event::Warning(warning) = event {
                self.heard.push(warning.to_string());
            }
        }
        count > 0
    }

    fn until_closed(mut self) -> Vec<String> {
        while self.turn() {}
        self.heard
    }
}

fn now() -> UnixTime {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    UnixTime::from_secs(now as u32)
}

#[test]
fn corrupted_messages_end_the_connection_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ours = OurNode::start(&folder.path().join("gossip.log"), vec![]);
    let client = || Client::new(ours.public_key(), ours.address());
    let signer = Signer::new(CHAIN);

    // Somebody honest stays connected all the while.
    let mut honest = client();
    let known = messages(&signer, 3);
    for message in &known {
        honest.connection.send(message).unwrap();
    }
    honest.flush();
    until("the honest messages are taken", || {
        let told = ours.recorder.told();
        told.channels.len() == 3
            && told.nodes.len() == 6
            && told.channels.values().flatten().all(Option::is_some)
    });
    let before: Told = ours.recorder.told();

    let mut lies = Vec::new();
    // Each signature of an announcement, and a byte that they cover.
    let channel = signer.channel(scid(7), ends(7));
    for at in [10, 70, 140, 200, 400] {
        let mut lie = channel.clone();
        lie[at] ^= 1;
        lies.push(lie);
    }
    let mut cut = channel;
    cut.truncate(300);
    lies.push(cut);
    for lie in lies {
        let mut liar = client();
        liar.connection.send(&lie).unwrap();
        let heard = liar.until_closed();
        assert_eq!(heard.len(), 1, "it is told why: {heard:?}");
    }

    // Bytes that are changed on the way, by one who cannot encrypt: no word for him.
    let mut changed = client();
    changed.connection.send(&known[0]).unwrap();
    let mut bytes = changed.connection.output().to_vec();
    changed.connection.written(bytes.len());
    bytes[20] ^= 1;
    changed.socket.write_all(&bytes).unwrap();
    assert_eq!(changed.until_closed(), Vec::<String>::new());

    // A stranger that speaks something else.
    let mut stranger = TcpStream::connect(ours.address()).unwrap();
    stranger.set_read_timeout(Some(PATIENCE)).unwrap();
    stranger.write_all(&[b'G'; 200]).unwrap();
    // The system may say that the other side left bytes unread.
    assert!(stranger.read(&mut [0; 10]).map_or(true, |count| count == 0));

    assert_eq!(ours.recorder.told(), before);
    until("the honest peer is still there, alone", || ours.node.status().peers.len() == 1);
    let news = signer.update(scid(1), ends(1), Direction::NodeOneToTwo, now(), 77);
    honest.connection.send(&news).unwrap();
    honest.flush();
    until("and is heard", || ours.recorder.told().channels[&scid(1)][0] == Some(77));
    ours.node.stop().unwrap();
}

/// Where no chain has confirmed a channel, it may be its nodes that are wrong, and not the update.
#[test]
fn a_wrong_update_of_an_unconfirmed_channel_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ours = OurNode::start(&folder.path().join("gossip.log"), vec![]);
    let (mut client, signer) = (Client::new(ours.public_key(), ours.address()), Signer::new(CHAIN));
    let update = |fee| signer.update(scid(0), ends(0), Direction::NodeOneToTwo, now(), fee);
    let mut wrong = update(666);
    wrong[125] ^= 1;
    for message in [signer.channel(scid(0), ends(0)), wrong, update(77)] {
        client.connection.send(&message).unwrap();
    }
    client.flush();
    until("what comes after it is heard", || {
        ours.recorder.told().channels.get(&scid(0)).is_some_and(|told| told[0] == Some(77))
    });
    ours.node.stop().unwrap();
}

#[test]
fn whoever_floods_is_left_and_others_are_heard() {
    let folder = tempfile::tempdir().unwrap();
    let ours = OurNode::start(&folder.path().join("gossip.log"), vec![]);
    let (client, signer) = (|| Client::new(ours.public_key(), ours.address()), Signer::new(CHAIN));
    let mut honest = client();
    for message in messages(&signer, 2) {
        honest.connection.send(&message).unwrap();
    }
    honest.flush();
    until("the honest messages are taken", || ours.recorder.told().nodes.len() == 4);

    let time = UnixTime::from_secs;
    let mut large = signer.node(Author(1), time(1_700_000_000));
    large.resize(65_535, 0);
    let zero = signer.update(scid(1), ends(1), Direction::NodeOneToTwo, time(0), 1);
    let old = signer.update(scid(1), ends(1), Direction::NodeTwoToOne, time(9), 1);
    for (what, message) in [("64 KB", large), ("zero timestamps", zero)] {
        let mut flooder = client();
        let is_left = (0..10_000).any(|_| {
            flooder.connection.send(&message).unwrap();
            flooder.has_failed_to_flush()
        });
        // What was sent may still be on its way.
        if !is_left {
            flooder.until_closed();
        }
        until(what, || ours.node.status().peers.len() == 1);
    }
    // Old ones are no offence: others need not prune what we prune.
    let mut late = client();
    (0..200).for_each(|_| late.connection.send(&old).unwrap());
    late.connection.send(&signer.update(scid(1), ends(1), Direction::NodeTwoToOne, now(), 55)).unwrap();
    late.flush();
    until("who told old ones is heard", || ours.recorder.told().channels[&scid(1)][1] == Some(55));
    drop(late);
    until("who told old ones has gone", || ours.node.status().peers.len() == 1);
    // Questions without waiting for their answers.
    let mut asker = client();
    let query = QueryChannelRange {
        chain_hash: CHAIN,
        first_blocknum: 0,
        number_of_blocks: u32::MAX,
        query_option_flags: Some(3),
    };
    for _ in 0..200 {
        asker.connection.send(&query.to_bytes()).unwrap();
    }
    asker.flush();
    asker.until_closed();

    let news = signer.update(scid(1), ends(1), Direction::NodeOneToTwo, now(), 77);
    honest.connection.send(&news).unwrap();
    honest.flush();
    until("the honest peer is heard", || ours.recorder.told().channels[&scid(1)][0] == Some(77));
    assert_eq!(ours.recorder.told().channels.len(), 2);
    ours.node.stop().unwrap();
}
