//! An LDK node that knows gossip and nothing else, with `lightning-net-tokio` for its sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bitcoin::Network;
use bitcoin::secp256k1::PublicKey;
use lightning::ln::msgs::{ChannelAnnouncement, ChannelUpdate, NodeAnnouncement, RoutingMessageHandler};
use lightning::ln::peer_handler::{
    ErroringMessageHandler, IgnoringMessageHandler, MessageHandler, PeerManager,
};
use lightning::routing::gossip::{NetworkGraph, P2PGossipSync};
use lightning::routing::utxo::UtxoLookup;
use lightning::sign::{KeysManager, NodeSigner, Recipient};
use lightning::util::logger::{Logger, Record};
use lightning::util::ser::LengthReadable;
use lightning_net_tokio::{SocketDescriptor, connect_outbound, setup_inbound};
use primitives::ShortChannelId;
use primitives::wire::message_type;
use tokio::runtime::Runtime;

use super::ours::Told;

pub(super) struct Quiet;

impl Logger for Quiet {
    fn log(&self, _: Record<'_>) {}
}

type Graph = Arc<NetworkGraph<Arc<Quiet>>>;
type Gossip = Arc<P2PGossipSync<Graph, Arc<dyn UtxoLookup + Send + Sync>, Arc<Quiet>>>;
type Manager = PeerManager<
    SocketDescriptor,
    Arc<ErroringMessageHandler>,
    Gossip,
    Arc<IgnoringMessageHandler>,
    Arc<Quiet>,
    Arc<IgnoringMessageHandler>,
    Arc<KeysManager>,
    Arc<IgnoringMessageHandler>,
>;

pub(super) struct LdkNode {
    graph: Graph,
    gossip: Gossip,
    manager: Arc<Manager>,
    pub(super) node_id: PublicKey,
    runtime: Runtime,
}

impl LdkNode {
    pub(super) fn new() -> Self {
        let (quiet, seed) = (Arc::new(Quiet), [42; 32]);
        let graph: Graph = Arc::new(NetworkGraph::new(Network::Regtest, Arc::clone(&quiet)));
        let gossip: Gossip = Arc::new(P2PGossipSync::new(Arc::clone(&graph), None, Arc::clone(&quiet)));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let keys = Arc::new(KeysManager::new(&seed, now, 0, true));
        let node_id = keys.get_node_id(Recipient::Node).unwrap();
        let ignore = Arc::new(IgnoringMessageHandler {});
        let handlers = MessageHandler {
            chan_handler: Arc::new(ErroringMessageHandler::new()),
            route_handler: Arc::clone(&gossip),
            onion_message_handler: Arc::clone(&ignore),
            custom_message_handler: Arc::clone(&ignore),
            send_only_message_handler: ignore,
        };
        let manager = Arc::new(PeerManager::new(handlers, now as u32, &[7; 32], quiet, keys));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        LdkNode { graph, gossip, manager, node_id, runtime: runtime.unwrap() }
    }

    /// Takes a message as if it had come from somebody.
    pub(super) fn learn(&self, message: &[u8]) {
        let payload = &mut &message[2..];
        let taken = match message_type(message).unwrap() {
            256 => {
                let message = ChannelAnnouncement::read_from_fixed_length_buffer(payload).unwrap();
                self.gossip.handle_channel_announcement(None, &message)
            }
            257 => {
                let message = NodeAnnouncement::read_from_fixed_length_buffer(payload).unwrap();
                self.gossip.handle_node_announcement(None, &message)
            }
            _ => {
                let message = ChannelUpdate::read_from_fixed_length_buffer(payload).unwrap();
                self.gossip.handle_channel_update(None, &message)
            }
        };
        taken.unwrap();
    }

    /// Takes connections on a free port.
    pub(super) fn listen(&self) -> SocketAddr {
        let listener = self.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let manager = Arc::clone(&self.manager);
        self.runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(setup_inbound(Arc::clone(&manager), socket.into_std().unwrap()));
            }
        });
        address
    }

    pub(super) fn connect(&self, node_id: PublicKey, address: SocketAddr) {
        let ended = self.runtime.block_on(connect_outbound(Arc::clone(&self.manager), node_id, address));
        self.runtime.spawn(ended.expect("our node listens"));
    }

    pub(super) fn told(&self) -> Told {
        let graph = self.graph.read_only();
        let mut told = Told::default();
        for (scid, channel) in graph.channels().unordered_iter() {
            let fees = [&channel.one_to_two, &channel.two_to_one]
                .map(|update| update.as_ref().map(|update| update.fees.base_msat));
            told.channels.insert(ShortChannelId::from_u64(*scid), fees);
        }
        let announced = graph.nodes().unordered_iter().filter(|(_, node)| node.announcement_info.is_some());
        told.nodes.extend(announced.map(|(id, _)| id.as_slice().to_vec()));
        told
    }
}
