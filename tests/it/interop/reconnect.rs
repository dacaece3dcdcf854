//! A peer that goes is asked for again; one that breaks a rule is left alone for a while.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use node::peer::{Connection, ConnectionError, Introduction};
use primitives::NodeId;
use server::net::{EndReason, Notice, PeerAddress, SyncNode};
use tests::signed::Signer;

use super::ours::{CHAIN, OurNode, PATIENCE, Recorder, ends, peer_address, scid};

/// A peer that accepts connections.
struct Peer {
    listener: TcpListener,
    key: SecretKey,
}

impl Peer {
    fn new() -> Self {
        let key = SecretKey::from_slice(&[7; 32]).unwrap();
        Peer { listener: TcpListener::bind("127.0.0.1:0").unwrap(), key }
    }

    fn address(&self) -> PeerAddress {
        peer_address(self.public_key(), self.listener.local_addr().unwrap())
    }

    fn public_key(&self) -> PublicKey {
        self.key.public_key(&Secp256k1::new())
    }

    /// Accepts the next connection and introduces itself.
    fn accept(&self) -> (TcpStream, Connection) {
        let secp = Secp256k1::new();
        let (mut socket, _) = self.listener.accept().unwrap();
        let hello = Introduction { chain_hash: CHAIN, remote_addr: None };
        let ephemeral = SecretKey::from_slice(&[8; 32]).unwrap();
        let mut connection = Connection::accept(&secp, self.key, ephemeral, &hello);
        let mut buffer = [0; 4096];
        while !connection.is_ready() {
            let count = socket.read(&mut buffer).unwrap();
            assert!(count > 0, "an honest beginning");
            connection.receive(&buffer[..count]);
            while connection.next_event(&secp).unwrap().is_some() {}
            flush(&mut socket, &mut connection);
        }
        (socket, connection)
    }
}

fn flush(socket: &mut TcpStream, connection: &mut Connection) {
    let output = connection.output().to_vec();
    socket.write_all(&output).unwrap();
    connection.written(output.len());
}

/// Our node, told of one peer, and its notices.
fn connect(peer: &Peer, folder: &std::path::Path) -> (SyncNode<Recorder>, Receiver<Notice>) {
    let (notices_in, notices) = sync_channel(100);
    let log = folder.join("gossip.log");
    (OurNode::start_noticed(&log, vec![peer.address()], notices_in).node, notices)
}

/// The next end of a connection: whose it was, why, and how long until the next try.
fn ended(notices: &Receiver<Notice>) -> (NodeId, EndReason, Duration) {
    loop {
        if let Notice::Ended { node_id, reason, retry } = notices.recv_timeout(PATIENCE).unwrap() {
            return (node_id.unwrap(), reason, retry.unwrap());
        }
    }
}

#[test]
fn who_goes_is_asked_for_again_and_waits_grow() {
    let folder = tempfile::tempdir().unwrap();
    let peer = Peer::new();
    let (node, notices) = connect(&peer, folder.path());
    for (from, to) in [(500, 1500), (1000, 3000)] {
        drop(peer.accept());
        let (node_id, reason, wait) = ended(&notices);
        // What the peer left unread, its system says with a reset.
        assert!(matches!(reason, EndReason::Closed | EndReason::Io(_)), "{reason:?}");
        assert_eq!(node_id, NodeId::from(peer.public_key()));
        assert!(wait >= Duration::from_millis(from) && wait <= Duration::from_millis(to), "{wait:?}");
    }
    let _again = peer.accept();
    node.stop().unwrap();
}

#[test]
fn who_tells_a_wrong_signature_is_left_alone_for_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let peer = Peer::new();
    let (node, notices) = connect(&peer, folder.path());
    let (mut socket, mut connection) = peer.accept();
    let mut lie = Signer::new(CHAIN).channel(scid(7), ends(7));
    lie[10] ^= 1;
    connection.send(&lie).unwrap();
    flush(&mut socket, &mut connection);
    let (_, reason, wait) = ended(&notices);
    assert!(matches!(reason, EndReason::Left(_)), "{reason:?}");
    assert!(wait >= Duration::from_secs(60), "{wait:?}");
    node.stop().unwrap();
}

#[test]
fn who_breaks_the_transport_is_left_alone_for_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let peer = Peer::new();
    let (node, notices) = connect(&peer, folder.path());
    let (mut socket, _connection) = peer.accept();
    socket.write_all(&[0; 100]).unwrap();
    let (_, reason, wait) = ended(&notices);
    assert!(matches!(reason, EndReason::Connection(ConnectionError::Cipher(_))), "{reason:?}");
    assert!(wait >= Duration::from_secs(60), "{wait:?}");
    node.stop().unwrap();
}
