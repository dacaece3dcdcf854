//! One connection from its first byte on: handshake, `init`, messages.

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey, Signing};
use primitives::wire::{
    ErrorMessage, Init, PONG_BYTES_MAX, Ping, Pong, Warning, WireError, WireMessage, message_type,
};
use primitives::{ChainHash, NodeId};

use super::features::{missing_dependency, offered_features};
use super::noise::{
    ACT_ONE_SIZE, ACT_THREE_SIZE, ACT_TWO_SIZE, Act, CipherError, HEADER_SIZE, HandshakeError, Initiator,
    Keys, Opener, Responder, ResponderActThree, Sealer, TAG_SIZE,
};

/// What we say of ourselves.
#[derive(Debug, Clone, Copy)]
pub struct Introduction<'a> {
    /// The chain that we are interested in.
    pub chain_hash: ChainHash,
    /// Where we see the peer, as an address descriptor (BOLT 7), where it is worth telling.
    pub remote_addr: Option<&'a [u8]>,
}

/// A connection. After an error it is dead, and so should the socket be once the output has left.
#[derive(Debug)]
pub struct Connection {
    state: State,
    is_outbound: bool,
    /// Our `init`.
    init: Vec<u8>,
    chain_hash: ChainHash,
    input: Vec<u8>,
    /// How much of the input was taken.
    taken: usize,
    output: Vec<u8>,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The handshake is over, and this is who the peer is.
    Authenticated {
        /// Its id, which it has proved to own.
        node_id: NodeId,
    },
    /// The peer has introduced itself: messages may be sent from now on.
    Ready(Init<'a>),
    /// A message of BOLT 7, its type included: gossip or a query. Nobody has looked at its payload.
    Message(&'a [u8]),
    /// A message that asks nothing more of the caller: a ping, which has its pong already, a pong, or one of an unknown odd
    /// type. Who counts what a peer costs counts these, too.
    Other(&'a [u8]),
    /// The peer finds something amiss.
    Warning(Warning<'a>),
    /// A channel, or all of them, have failed for the peer. Where it names a channel, it is to be ignored: we have none (BOLT 1).
    Error(ErrorMessage<'a>),
}

/// Where the connection stands; each state names what it waits for.
#[derive(Debug)]
enum State {
    ActOne(Responder),
    ActTwo(Initiator, NodeId),
    ActThree(ResponderActThree),
    Open { sealer: Sealer, opener: Opener, length: Option<u16>, is_ready: bool },
    Dead,
}

impl Connection {
    /// Connects to `remote`: its first act is in the output. The ephemeral key must be random and fresh.
    pub fn connect<C: Signing>(
        secp: &Secp256k1<C>,
        local: SecretKey,
        remote: &PublicKey,
        ephemeral: SecretKey,
        introduction: &Introduction<'_>,
    ) -> Self {
        let (initiator, act) = Initiator::new(secp, local, remote, ephemeral);
        let mut connection = Connection::new(State::ActTwo(initiator, NodeId::from(*remote)), introduction);
        connection.output.extend_from_slice(&act);
        connection
    }

    /// Is connected to by somebody. The ephemeral key must be random and fresh.
    pub fn accept<C: Signing>(
        secp: &Secp256k1<C>,
        local: SecretKey,
        ephemeral: SecretKey,
        introduction: &Introduction<'_>,
    ) -> Self {
        Connection::new(State::ActOne(Responder::new(secp, local, ephemeral)), introduction)
    }

    fn new(state: State, introduction: &Introduction<'_>) -> Self {
        let features = offered_features();
        let init = Init {
            globalfeatures: &[],
            features: features.as_be_bytes(),
            networks: Some(introduction.chain_hash.as_bytes()),
            remote_addr: introduction.remote_addr,
        };
        let (init, chain_hash) = (init.to_bytes(), introduction.chain_hash);
        let is_outbound = matches!(state, State::ActTwo(..));
        Connection { state, is_outbound, init, chain_hash, input: Vec::new(), taken: 0, output: Vec::new() }
    }

    /// Takes bytes from the socket; [`Connection::next_event`] says what they mean. What was not taken of earlier bytes
    /// stays, so that memory stays bounded where all events are taken before more is given.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.input.drain(..self.taken);
        self.taken = 0;
        self.input.extend_from_slice(bytes);
    }

    /// The next event in the bytes so far; `None` where more bytes are needed, or the peer must first take what waits
    /// in the output. O(bytes of the event).
    ///
    /// # Errors
    /// Where the peer breaks a rule. The connection is dead then; its last words may be in the output.
    pub fn next_event<C: Signing>(
        &mut self,
        secp: &Secp256k1<C>,
    ) -> Result<Option<Event<'_>>, ConnectionError> {
        if self.output.len() > OUTPUT_BYTES_MAX {
            return Ok(None);
        }
        match self.step(secp) {
            Ok(Step::NeedsMore) => Ok(None),
            Ok(Step::Authenticated(node_id)) => Ok(Some(Event::Authenticated { node_id })),
            Ok(Step::Message { start, end }) => match self.judge(start, end) {
                Ok(Some(kind)) => self.event(kind, start, end).map(Some),
                Ok(None) => Ok(None),
                Err(error) => Err(self.die(error)),
            },
            Err(error) => Err(self.die(error)),
        }
    }

    /// Encrypts a message into the output.
    ///
    /// # Errors
    /// Before [`Event::Ready`], after an error, and where the message is too long.
    pub fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        match &mut self.state {
            State::Open { sealer, is_ready: true, .. } => Ok(sealer.seal(message, &mut self.output)?),
            State::Open { .. } | State::ActOne(_) | State::ActTwo(..) | State::ActThree(_) | State::Dead => {
                Err(SendError::NotReady)
            }
        }
    }

    /// Asks for a sign of life: a pong of some bytes.
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub fn ping(&mut self) -> Result<(), SendError> {
        self.send(&Ping { num_pong_bytes: PONG_SIZE, ignored: &[] }.to_bytes())
    }

    /// What is to be written to the socket.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Takes away the first bytes of the output, which were written.
    ///
    /// # Panics
    /// Where there are fewer.
    pub fn written(&mut self, count: usize) {
        self.output.drain(..count);
    }

    /// Whether we have connected to the peer, and not the peer to us.
    pub const fn is_outbound(&self) -> bool {
        self.is_outbound
    }

    /// Whether the peer has introduced itself and is still welcome.
    pub const fn is_ready(&self) -> bool {
        matches!(self.state, State::Open { is_ready: true, .. })
    }

    /// What it means that the socket ended here.
    ///
    /// # Errors
    /// Where it ended within the handshake or a message.
    pub fn end(&self) -> Result<(), ConnectionError> {
        let has_rest = self.taken < self.input.len();
        match self.state {
            State::ActOne(_) => Err(ConnectionError::Cut { act: Act::One }),
            State::ActTwo(..) => Err(ConnectionError::Cut { act: Act::Two }),
            State::ActThree(_) => Err(ConnectionError::Cut { act: Act::Three }),
            State::Open { length: Some(_), .. } => Err(ConnectionError::CutMessage),
            State::Open { .. } if has_rest => Err(ConnectionError::CutMessage),
            State::Open { .. } | State::Dead => Ok(()),
        }
    }

    /// Takes one act or message out of the input.
    fn step<C: Signing>(&mut self, secp: &Secp256k1<C>) -> Result<Step, ConnectionError> {
        if let State::Open { opener, length, .. } = &mut self.state {
            return step_open(opener, length, &mut self.input, &mut self.taken);
        }
        match std::mem::replace(&mut self.state, State::Dead) {
            State::ActOne(responder) => match take::<ACT_ONE_SIZE>(&self.input, &mut self.taken) {
                None => self.state = State::ActOne(responder),
                Some(act) => {
                    let (next, act) = responder.receive(secp, act)?;
                    self.output.extend_from_slice(&act);
                    self.state = State::ActThree(next);
                    return self.step(secp);
                }
            },
            State::ActTwo(initiator, node_id) => match take::<ACT_TWO_SIZE>(&self.input, &mut self.taken) {
                None => self.state = State::ActTwo(initiator, node_id),
                Some(act) => {
                    let (keys, act) = initiator.receive(secp, act)?;
                    self.output.extend_from_slice(&act);
                    self.open(keys)?;
                    return Ok(Step::Authenticated(node_id));
                }
            },
            State::ActThree(responder) => match take::<ACT_THREE_SIZE>(&self.input, &mut self.taken) {
                None => self.state = State::ActThree(responder),
                Some(act) => {
                    let (keys, remote) = responder.receive(act)?;
                    self.open(keys)?;
                    return Ok(Step::Authenticated(NodeId::from(remote)));
                }
            },
            State::Open { .. } | State::Dead => {}
        }
        Ok(Step::NeedsMore)
    }

    /// The handshake is over: `init` is the first message (BOLT 1).
    fn open(&mut self, Keys { mut sealer, opener, .. }: Keys) -> Result<(), ConnectionError> {
        sealer.seal(&self.init, &mut self.output)?;
        self.state = State::Open { sealer, opener, length: None, is_ready: false };
        Ok(())
    }

    /// Does what BOLT 1 demands of a message; `None` where the connection is dead.
    fn judge(&mut self, start: usize, end: usize) -> Result<Option<Kind>, ConnectionError> {
        let message = &self.input[start..end];
        let Some(message_type) = message_type(message) else {
            return Err(ConnectionError::Wire(WireError::Size { size: message.len() }));
        };
        let State::Open { sealer, is_ready, .. } = &mut self.state else { return Ok(None) };
        let payload = &message[2..];
        match message_type {
            Init::TYPE if *is_ready => Err(ConnectionError::SecondInit),
            Init::TYPE => {
                let init = Init::decode(payload)?;
                let features = init.combined_features();
                if let Some(bit) = features.unknown_demand() {
                    return Err(ConnectionError::Feature { bit });
                }
                if let Some((bit, needs)) = missing_dependency(&features) {
                    return Err(ConnectionError::Dependency { bit, needs });
                }
                if !init.serves(self.chain_hash) {
                    return Err(ConnectionError::Chain);
                }
                *is_ready = true;
                Ok(Some(Kind::Init))
            }
            // Both may come first, where the peer will have none of us.
            Warning::TYPE => Ok(Some(Kind::Warning)),
            ErrorMessage::TYPE => Ok(Some(Kind::Error)),
            _ if !*is_ready => Err(ConnectionError::NoInit),
            Ping::TYPE => {
                if let Some(count) = Ping::decode(payload)?.pong_bytes() {
                    let pong = Pong { ignored: &ZEROS[..count.into()] }.to_bytes();
                    sealer.seal(&pong, &mut self.output)?;
                }
                Ok(Some(Kind::Other))
            }
            GOSSIP_FIRST..=GOSSIP_LAST if message_type != NOT_GOSSIP => Ok(Some(Kind::Gossip)),
            _ if message_type % 2 == 0 => Err(ConnectionError::MessageType { message_type }),
            _ => Ok(Some(Kind::Other)),
        }
    }

    /// What a message that passed [`Connection::judge`] is to the caller.
    fn event(&self, kind: Kind, start: usize, end: usize) -> Result<Event<'_>, ConnectionError> {
        let message = &self.input[start..end];
        Ok(match kind {
            Kind::Init => Event::Ready(Init::decode(&message[2..])?),
            Kind::Warning => Event::Warning(Warning::decode(&message[2..])?),
            Kind::Error => Event::Error(ErrorMessage::decode(&message[2..])?),
            Kind::Other => Event::Other(message),
            Kind::Gossip => Event::Message(message),
        })
    }

    /// Says why, where the peer understands us already.
    fn die(&mut self, error: ConnectionError) -> ConnectionError {
        let is_told = !matches!(error, ConnectionError::Cipher(_));
        if let State::Open { sealer, .. } = &mut self.state
            && is_told
        {
            let text = error.to_string();
            let warning = Warning { channel_id: [0; 32], data: text.as_bytes() };
            let _ = sealer.seal(&warning.to_bytes(), &mut self.output);
        }
        self.state = State::Dead;
        error
    }
}

/// What was taken out of the input.
enum Step {
    NeedsMore,
    Authenticated(NodeId),
    Message { start: usize, end: usize },
}

/// Decrypts the next message in place.
fn step_open(
    opener: &mut Opener,
    length: &mut Option<u16>,
    input: &mut [u8],
    taken: &mut usize,
) -> Result<Step, ConnectionError> {
    let size = match *length {
        Some(size) => size,
        None => match take::<HEADER_SIZE>(input, taken) {
            None => return Ok(Step::NeedsMore),
            Some(header) => *length.insert(opener.open_length(header)?),
        },
    };
    let (start, size) = (*taken, usize::from(size));
    let Some(sealed) = input[start..].get_mut(..size + TAG_SIZE) else { return Ok(Step::NeedsMore) };
    opener.open_message(sealed)?;
    *length = None;
    *taken += size + TAG_SIZE;
    Ok(Step::Message { start, end: start + size })
}

fn take<'a, const N: usize>(input: &'a [u8], taken: &mut usize) -> Option<&'a [u8; N]> {
    let bytes = input[*taken..].first_chunk()?;
    *taken += N;
    Some(bytes)
}

/// A message that the caller is told of.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Init,
    Warning,
    Error,
    Other,
    Gossip,
}

/// The types of BOLT 7: gossip and its queries.
const GOSSIP_FIRST: u16 = 256;
const GOSSIP_LAST: u16 = 265;
/// The one type between them that means nothing.
const NOT_GOSSIP: u16 = 260;
/// Bytes of output above which no more of the input is looked at: a peer that asks for pongs and does not read them
/// makes us hold this much and two more messages.
pub const OUTPUT_BYTES_MAX: usize = 256 << 10;
/// Bytes of the pongs that we ask for; any number would do.
const PONG_SIZE: u16 = 8;
static ZEROS: [u8; PONG_BYTES_MAX as usize] = [0; PONG_BYTES_MAX as usize];

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The handshake failed.
    #[error("{0}")]
    Handshake(#[from] HandshakeError),
    /// A message was not encrypted by the peer.
    #[error("{0}")]
    Cipher(#[from] CipherError),
    /// The socket ended within the handshake.
    #[error("the connection ended within {act} of the handshake")]
    Cut {
        /// The act that did not come.
        act: Act,
    },
    /// The socket ended within a message.
    #[error("the connection ended within a message")]
    CutMessage,
    /// A setup or control message is broken, or has no type.
    #[error("{0}")]
    Wire(#[from] WireError),
    /// The first message is not `init`.
    #[error("the first message is not init")]
    NoInit,
    /// `init` came twice.
    #[error("init came twice")]
    SecondInit,
    /// The peer demands what we do not know.
    #[error("feature bit {bit} is demanded, which we do not know")]
    Feature {
        /// The bit.
        bit: usize,
    },
    /// The peer offers what cannot be without something else, which it does not offer.
    #[error("feature bit {bit} needs feature bit {needs}")]
    Dependency {
        /// The even bit of what is offered.
        bit: usize,
        /// The even bit of what is not.
        needs: usize,
    },
    /// The peer has no interest in our chain.
    #[error("the peer is on another chain")]
    Chain,
    /// A message that must be understood.
    #[error("a message of type {message_type}, which is even and which we do not know")]
    MessageType {
        /// Its type.
        message_type: u16,
    },
}

/// Why a message is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The peer has not introduced itself yet, or the connection is over.
    #[error("the connection is not ready for messages")]
    NotReady,
    /// It is too long.
    #[error("{0}")]
    Cipher(#[from] CipherError),
}

#[cfg(test)]
mod tests;
