//! Where routes meet onions: `engine` knows no packet and `onion` knows no route, and this crate knows both. And how
//! nodes talk: [`peer`] is an encrypted connection without its socket.
//!
//! It decides and does nothing else: session seeds, block heights and times are arguments, and HTLCs are sent by somebody
//! else.
//!
//! ```
//! use bitcoin::secp256k1::{Secp256k1, SecretKey};
//! use engine::belief::{Advice, Beliefs, HalfLives};
//! use engine::graph::{GraphBuilder, Topology};
//! use engine::query::RouteQuery;
//! use engine::router::{RouteWorkspace, route};
//! use engine::snapshot::Snapshot;
//! use node::payment::{SentHtlc, aim_route, wrap_route};
//! use onion::attribution::HoldTime;
//! use onion::failure::FailurePacket;
//! use onion::failure_code::{Failure, FailureMessage};
//! use onion::payload::CustomRecords;
//! use onion::route::Payment;
//! use primitives::*;
//!
//! // Node 0 knows a channel to node 1, which knows one to node 2.
//! let secp = Secp256k1::new();
//! let keys = [1, 2, 3].map(|byte| SecretKey::from_slice(&[byte; 32]).unwrap());
//! let ids = keys.map(|key| NodeId::from(key.public_key(&secp)));
//! let mut graph = GraphBuilder::new();
//! for at in 0..2 {
//!     let short_channel_id = ShortChannelId::from_u64(1 + at as u64);
//!     graph.apply(&GraphDelta::ChannelOpened {
//!         short_channel_id,
//!         node_id_1: ids[at].min(ids[at + 1]),
//!         node_id_2: ids[at].max(ids[at + 1]),
//!         capacity: Msat::from_sat(1_000_000),
//!         features: Features::default(),
//!     })?;
//!     for direction in Direction::BOTH {
//!         let policy = ChannelPolicy {
//!             fee: Fee { fee_base_msat: 1_000, fee_proportional_millionths: 100 },
//!             inbound_fee: InboundFee::ZERO,
//!             cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
//!             htlc_minimum_msat: Msat::from_msat(1),
//!             htlc_maximum_msat: Msat::from_msat(900_000_000),
//!             disabled: false,
//!             last_update: UnixTime::from_secs(1),
//!         };
//!         graph.apply(&GraphDelta::PolicyUpdated { short_channel_id, direction, policy })?;
//!     }
//! }
//! let snapshot = Snapshot::from_topology(Topology::build(graph)?);
//! let beliefs = Beliefs::new(&snapshot, HalfLives::default());
//!
//! let payment = Payment {
//!     payment_hash: [1; 32],
//!     total_msat: Msat::from_msat(50_000_000),
//!     block_height: BlockHeight::from_u32(840_000),
//!     shadow_blocks: 0,
//!     payment_secret: Some([2; 32]),
//!     payment_metadata: None,
//!     keysend_preimage: None,
//!     custom: CustomRecords::EMPTY,
//! };
//! let mut query = RouteQuery::new(ids[0], ids[2], payment.total_msat);
//! aim_route(&mut query, &payment, None)?;
//! let route = route(&snapshot, &query, &mut RouteWorkspace::default())?;
//! // The seed must be fresh and random.
//! let onion = wrap_route(&secp, &[3; 32], &route, None, &payment)?;
//!
//! // Node 1 finds its channel empty, and says so.
//! let failure = Failure::TemporaryChannelFailure { channel_update: Default::default() };
//! let secret = &onion.failure_secrets()[0];
//! let packet = FailurePacket::new(secret, &FailureMessage::from(failure), HoldTime::from_millis(300))?;
//!
//! let htlc = SentHtlc { hops: &route.hops, onion: &onion, others: &[] };
//! let now = UnixTime::from_secs(1_750_000_000);
//! assert_eq!(htlc.failed(&beliefs, packet, now).advice, Advice::Believe);
//! let empty = beliefs.channel(ShortChannelId::from_u64(2)).unwrap();
//! let capacity = beliefs.capacity(empty).unwrap();
//! let (_, most) = beliefs.view(now).bounds(empty.to_u32(), route.hops[1].direction, capacity);
//! assert!(most < payment.total_msat);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod payment;
pub mod peer;
