//! A server whose graph peers feed: what they tell is routed over, and told of.

use bitcoin::secp256k1::SecretKey;
use engine::graph::GraphBuilder;
use primitives::{Direction, ShortChannelId, UnixTime};
use serde_json::{Value, json};
use server::http::{GossipFeed, GossipWatch, Settings, report_gossip};
use server::net::{Secrets, SyncConfig, SyncNode, open_sync};
use server::store::COMPACTION_SIZE_MIN;
use tests::signed::{Author, Ends, Signer};
use tokio::time::{Duration, Instant, sleep};

use super::hostile::Client;
use super::ours::{CHAIN, PATIENCE};
use crate::http::service::Service;

const PAYER: Author = Author(1);
const ROUTER: Author = Author(2);
const PAYEE: Author = Author(3);

/// A server without a graph, and the node of gossip that feeds it.
async fn fed() -> (Service, SyncNode<GossipFeed>, tempfile::TempDir) {
    let service = Service::of(GraphBuilder::new(), Settings::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let config = SyncConfig {
        chain_hash: CHAIN,
        log: folder.path().join("gossip.log"),
        chain: None,
        peers: vec![],
        listen: Some("127.0.0.1:0".parse().unwrap()),
        proxy: None,
        verify_thread_count: 1,
        compaction_size_min: COMPACTION_SIZE_MIN,
        secrets: Secrets { node_key: SecretKey::from_slice(&[9; 32]).unwrap(), seed: [5; 32] },
    };
    let feed = GossipFeed::new(service.app.applier().clone());
    let (notices_in, notices) = std::sync::mpsc::sync_channel(10);
    let node = open_sync(config).unwrap().start(feed, Some(notices_in)).unwrap();
    service.app.watch_gossip(GossipWatch::new(node.board()));
    tokio::spawn(report_gossip(service.app.clone(), notices));
    (service, node, folder)
}

/// The fee of the route from the payer to the payee, once it is `wanted`.
async fn until_fee_is(service: &Service, signer: &Signer, wanted: u64) {
    let [src, dst] = [PAYER, PAYEE].map(|author| signer.node_id(author).to_string());
    let query = json!({"src": src, "dst": dst, "amount_msat": 100_000});
    let began = Instant::now();
    loop {
        let answer = service.post("/api/v1/routes", &query).await;
        let fee = serde_json::from_str::<Value>(&answer.text).unwrap()["fee_msat"].as_u64();
        if fee == Some(wanted) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{}", answer.text);
        sleep(Duration::from_millis(5)).await;
    }
}

/// Messages in a second, as the server tells it.
async fn rate(service: &Service) -> u64 {
    let info = service.get("/api/v1/graph").await.json();
    info["gossip"]["messages_per_second"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rate_of_messages_is_that_of_the_last_seconds() {
    let (service, node, _folder) = fed().await;
    let mut peer = Client::new(node.node_id().to_public_key().unwrap(), node.listens_at().unwrap());
    // Too old to be news, and no offence.
    let scid = ShortChannelId::from_parts(100, 0, 0).unwrap();
    let ends = Ends { one: PAYER, two: PAYEE };
    let time = UnixTime::from_secs(9);
    let old = Signer::new(CHAIN).update(scid, ends, Direction::NodeOneToTwo, time, 1);
    let began = Instant::now();
    while rate(&service).await == 0 {
        assert!(began.elapsed() < PATIENCE, "messages come");
        for _ in 0..5 {
            peer.connection.send(&old).unwrap();
        }
        peer.flush();
        sleep(Duration::from_millis(20)).await;
    }
    while rate(&service).await > 0 {
        assert!(began.elapsed() < PATIENCE, "none come any more");
        sleep(Duration::from_millis(20)).await;
    }
    service.stop().await;
    tokio::task::spawn_blocking(|| node.stop().unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_peer_tells_is_routed_over() {
    let (service, node, _folder) = fed().await;
    let (signer, ends) = (Signer::new(CHAIN), [(PAYER, ROUTER), (ROUTER, PAYEE)]);
    let scid = |n| ShortChannelId::from_parts(100, n, 0).unwrap();
    let ends = ends.map(|(one, two)| Ends { one, two });
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as u32;
    let update = |n: usize, direction, age, fee| {
        signer.update(scid(n as u32), ends[n], direction, UnixTime::from_secs(now - age), fee)
    };
    let mut peer = Client::new(node.node_id().to_public_key().unwrap(), node.listens_at().unwrap());
    for (n, ends) in ends.into_iter().enumerate() {
        peer.connection.send(&signer.channel(scid(n as u32), ends)).unwrap();
        for direction in Direction::BOTH {
            peer.connection.send(&update(n, direction, 1000, 500)).unwrap();
        }
    }
    peer.flush();
    // The first hop is free; 100 millionths of the amount and the base fee.
    until_fee_is(&service, &signer, 510).await;
    for direction in Direction::BOTH {
        peer.connection.send(&update(1, direction, 10, 77)).unwrap();
    }
    peer.flush();
    until_fee_is(&service, &signer, 87).await;

    // The numbers may be a tenth of a second behind.
    let began = Instant::now();
    let info = loop {
        let info = service.get("/api/v1/graph").await.json();
        if info["gossip"]["verified_count"] == 8 || began.elapsed() > PATIENCE {
            break info;
        }
        sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((&info["channel_count"], &info["policy_count"]), (&json!(2), &json!(4)));
    let gossip = &info["gossip"];
    assert_eq!((&gossip["peer_count"], &gossip["verified_count"]), (&json!(1), &json!(8)));
    assert!(gossip["lag_us"].as_u64().unwrap() > 0 && gossip["log_bytes"].as_u64().unwrap() > 1000);
    let metrics = service.get("/metrics").await.text;
    for line in ["fulgurite_gossip_peers 1", "fulgurite_gossip_verified 8", "fulgurite_gossip_wanted 0"] {
        assert!(metrics.lines().any(|found| found == line), "{line} in {metrics}");
    }
    // Gossip is numbered like all other changes.
    assert!(info["seq"].as_u64().unwrap() >= 2);
    service.stop().await;
    tokio::task::spawn_blocking(|| node.stop().unwrap()).await.unwrap();
}
