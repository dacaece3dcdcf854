//! The contenders on graphs small enough to know the answer.

use engine::graph::GraphBuilder;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, NodeId, ShortChannelId,
    UnixTime,
};

use crate::input::{self, Origin};
use crate::ldk::{Ldk, OneSided};
use crate::ours::Ours;
use crate::pet::Pet;
use crate::{Answer, Contender, Mode, NoRoute, Query, Stored};

/// G, 2G and 3G: points for sure.
const ON_CURVE: [&str; 3] = [
    "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
    "02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
];

fn id(text: &str) -> NodeId {
    text.parse().expect("66 digits")
}

fn policy(fee_base_msat: u32, disabled: bool) -> ChannelPolicy {
    ChannelPolicy {
        fee: Fee { fee_base_msat, fee_proportional_millionths: 10_000 },
        inbound_fee: InboundFee::ZERO,
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
        htlc_minimum_msat: Msat::from_msat(1),
        htlc_maximum_msat: Msat::MAX,
        disabled,
        last_update: UnixTime::from_secs(1),
    }
}

/// `ids[0]` - `ids[1]` - `ids[2]`, whose way back is disabled, or unknown where `one_sided`.
fn line(ids: [NodeId; 3], one_sided: bool) -> GraphBuilder {
    let mut draft = GraphBuilder::new();
    for (scid, pair) in (1..).map(ShortChannelId::from_u64).zip(ids.windows(2)) {
        let capacity = Msat::from_sat(100_000);
        let (one, two) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
        draft.add_channel(scid, one, two, capacity, &Features::default()).expect("new");
        let forth = if one == pair[0] { Direction::NodeOneToTwo } else { Direction::NodeTwoToOne };
        draft.set_policy(scid, forth, policy(500, false)).expect("known");
        if !one_sided {
            draft.set_policy(scid, forth.reversed(), policy(0, true)).expect("known");
        }
    }
    draft
}

fn ask<C: Contender>(contender: &C, [payer, _, payee]: [NodeId; 3], msat: u64) -> Result<Answer, NoRoute> {
    let query = Query { payer, payee, amount: Msat::from_msat(msat) };
    contender.route(&mut contender.scratch(), &contender.request(&query, Mode::MinFee)?)
}

#[test]
fn both_peers_price_a_line_exactly() {
    let ids = ON_CURVE.map(id);
    let draft = line(ids, false);
    let (ldk, pet) = (Ldk::build(&draft).expect("builds"), Pet::build(&draft).expect("builds"));
    let expected = Answer { fee_msat: 500 + 1000, hops: 2, cltv: 40, parts: 1 };
    assert_eq!(ask(&ldk, ids, 100_000), Ok(expected));
    assert_eq!(ask(&pet, ids, 100_000), Ok(expected));
    let [a, b, c] = ids;
    assert!(ask(&ldk, [c, b, a], 100_000).is_err() && ask(&pet, [c, b, a], 100_000).is_err());
    // The capacity carries the amount, but not the amount and the fee.
    assert!(ask(&ldk, ids, 99_500_000).is_err() && ask(&pet, ids, 99_500_000).is_err());
}

#[test]
fn ldk_passes_over_one_sided_channels() {
    let ids = ON_CURVE.map(id);
    let draft = line(ids, true);
    assert!(ask(&Ldk::build(&draft).expect("builds"), ids, 100_000).is_err());
    let completed = Ldk::build_with(&draft, OneSided::Complete).expect("builds");
    assert_eq!(ask(&completed, ids, 100_000).map(|answer| answer.fee_msat), Ok(1500));
    let pet = Pet::build(&draft).expect("builds");
    assert_eq!(ask(&pet, ids, 100_000).map(|answer| answer.fee_msat), Ok(1500));
}

#[test]
fn ldk_needs_points_for_every_hop() {
    let [a, _, c] = ON_CURVE.map(id);
    let off = (0u8..)
        .map(|n| id(&format!("02{}{n:02x}", "11".repeat(31))))
        .find(|id| id.to_public_key().is_none())
        .expect("half of them");
    let ldk = Ldk::build(&line([a, off, c], false)).expect("the graph itself takes any bytes");
    assert_eq!(ask(&ldk, [a, off, c], 1000), Err(NoRoute("A PublicKey in NetworkGraph is invalid!")));
    assert!(ask(&ldk, [a, c, off], 1000).is_err());
}

#[test]
fn ldk_reads_what_it_wrote() {
    let ids = ON_CURVE.map(id);
    let ldk = Ldk::build(&line(ids, false)).expect("builds");
    let file = tempfile::NamedTempFile::new().expect("a place for temporary files");
    ldk.write(file.path()).expect("writable");
    let read = Ldk::read(file.path()).expect("its own file");
    assert_eq!(read.counts(), (2, 3));
    assert_eq!(ask(&read, ids, 100_000), ask(&ldk, ids, 100_000));
}

#[test]
fn ours_reads_what_it_wrote() {
    let ids = ON_CURVE.map(id);
    let ours = Ours::build(&line(ids, true)).expect("builds");
    let expected = Answer { fee_msat: 500 + 1000, hops: 2, cltv: 40, parts: 1 };
    assert_eq!(ask(&ours, ids, 100_000), Ok(expected));
    let file = tempfile::NamedTempFile::new().expect("a place for temporary files");
    ours.write(file.path()).expect("writable");
    assert_eq!(ask(&Ours::read(file.path()).expect("its own file"), ids, 100_000), Ok(expected));
    let draft = input::graph(&Origin::File(file.path().into())).expect("a format that is read");
    assert_eq!((draft.nodes().len(), draft.channels().len()), (3, 2));
    std::fs::write(file.path(), "noise").expect("writable");
    assert!(Ours::read(file.path()).is_err() && input::graph(&Origin::File(file.path().into())).is_err());
}

#[test]
fn made_up_graphs_suit_every_contender() {
    let draft = input::graph(&Origin::parse("gen:300").expect("a number")).expect("a valid size");
    assert!(draft.channels().len() == 300 && draft.nodes().iter().all(|id| id.to_public_key().is_some()));
    let queries = input::queries(&Origin::Generated(20), &draft, 10).expect("made");
    assert_eq!(queries.len(), 10);
    assert_eq!(Origin::parse("a.fgs").expect("a name"), Origin::File("a.fgs".into()));
    assert!(Origin::parse("gen:many").is_err());
}
