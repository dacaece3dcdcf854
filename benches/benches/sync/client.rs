//! A peer that says what it is told to, as fast as its socket takes it.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use node::peer::{Connection, Event, Introduction};
use primitives::wire::{QueryChannelRange, ReplyChannelRange, ShortIds, WireMessage, message_type};
use server::net::SyncNode;

use super::world::CHAIN;

/// Where a node is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    key: PublicKey,
    at: SocketAddr,
}

impl Target {
    pub(super) fn of<F>(node: &SyncNode<F>) -> Self {
        let key = node.node_id().to_public_key().expect("a point");
        Target { key, at: node.listens_at().expect("it listens") }
    }
}

/// A connection to a node.
pub(super) struct Client {
    socket: TcpStream,
    connection: Connection,
}

impl Client {
    /// Connects, and says that it knows no channels when it is asked.
    ///
    /// # Errors
    /// Where the node has no room for it, or ends.
    pub(super) fn connect(to: Target) -> io::Result<Self> {
        let secp = Secp256k1::new();
        let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("a key");
        let hello = Introduction { chain_hash: CHAIN, remote_addr: None };
        let connection = Connection::connect(&secp, key(3), &to.key, key(4), &hello);
        let socket = TcpStream::connect(to.at)?;
        // Or the first short message behind another one waits 40 ms for the other side's acknowledgement of that.
        socket.set_nodelay(true)?;
        let mut client = Client { socket, connection };
        while !client.hear(&secp)? {}
        client.flush()?;
        Ok(client)
    }

    /// Reads once; `true` where it was asked which channels it knows, and has answered.
    fn hear(&mut self, secp: &Secp256k1<bitcoin::secp256k1::All>) -> io::Result<bool> {
        self.flush()?;
        let mut buffer = [0; 4096];
        let count = self.socket.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.connection.receive(&buffer[..count]);
        let mut is_asked = false;
        while let Some(event) = self.connection.next_event(secp).expect("the node keeps the rules") {
            is_asked |= matches!(event, Event::Message(message)
                if message_type(message) == Some(QueryChannelRange::TYPE));
        }
        if is_asked {
            let none = ShortIds::pack([]);
            let reply = ReplyChannelRange {
                chain_hash: CHAIN,
                first_blocknum: 0,
                number_of_blocks: u32::MAX,
                sync_complete: true,
                short_channel_ids: ShortIds::from_packed(&none).expect("an empty list"),
                timestamps: None,
                checksums: None,
            };
            self.say(&reply.to_bytes());
        }
        Ok(is_asked)
    }

    /// Encrypts a message; [`Client::flush`] sends it.
    pub(super) fn say(&mut self, message: &[u8]) {
        self.connection.send(message).expect("the handshake is over");
    }

    /// Sends what was said; waits where the node does not read.
    ///
    /// # Errors
    /// Where the node has left.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let size = self.connection.output().len();
        let written = self.socket.write_all(self.connection.output());
        self.connection.written(size);
        written
    }

    /// Sends some of what was said; returns how many bytes are left. Waits for a moment where the node does not read.
    ///
    /// # Errors
    /// Where the node has left.
    pub(super) fn push(&mut self) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(PATIENCE))?;
        match self.socket.write(self.connection.output()) {
            Ok(count) => self.connection.written(count),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        Ok(self.connection.output().len())
    }
}

/// How long a peer that floods waits for the node to read, before it looks whether it shall go on.
const PATIENCE: Duration = Duration::from_millis(20);
