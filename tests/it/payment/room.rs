//! The router finds a route wherever the packet fits, and only there.

use engine::onion_size::{PAYLOAD_BYTES_MAX, final_payload_size, forward_payload_size};
use engine::query::RouteLimits;
use engine::router::RouteError;
use engine::{NoRoute, Resource};
use node::payment::{PaidPath, aim_route, wrap_route};
use onion::build::BuildError;
use onion::packet::{HopPayload as _, PAYMENT_PAYLOADS_LEN};
use onion::payload::{CustomRecords, Forward, Payload, encode_custom_records};
use onion::route::{Payment, RouteOnionError, end_len};
use primitives::{BlockHeight, Msat, ShortChannelId};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

use super::world::{HEIGHT, SEED, World, payment};

/// Records of an application, of any size that a packet may have.
fn stream(len: usize) -> Vec<u8> {
    encode_custom_records(&[(65_537, &vec![7; len])]).expect("custom")
}

/// With ever longer records, and at the last byte.
fn check(world: &World, end: Option<PaidPath<'_>>, first: usize) {
    let fits = |len: &usize| finds_what_fits(world, end, first, *len);
    let last = (0..1_300).step_by(50).take_while(fits).last().expect("nothing more to tell");
    let most = (last..last + 50).take_while(fits).last().expect("as before");
    assert!((1..20).all(|more| !finds_what_fits(world, end, first, most + more)));
}

/// Whether a packet fits, after the router has said the same.
fn finds_what_fits(world: &World, end: Option<PaidPath<'_>>, first: usize, len: usize) -> bool {
    let stream = stream(len);
    let custom = CustomRecords::from_stream(&stream).expect("custom");
    let payment = Payment { custom, ..payment(55_000_000, end) };
    let mut query = world.query(first);
    aim_route(&mut query, &payment, end).expect("in range");
    let found = world.route(&query);
    // The same without a limit on bytes.
    query.limits = RouteLimits { end_payload_size: Some(0), ..query.limits };
    let route = world.route(&query).expect("a row is a route");
    match wrap_route(&world.secp, &SEED, &route, end, &payment) {
        Ok(_) => {
            assert_eq!(found.expect("it fits").hops, route.hops);
            true
        }
        Err(RouteOnionError::Build(BuildError::TooLong { needed, .. })) => {
            let resource = Resource::PayloadBytes;
            match found {
                Err(RouteError::NoRoute(NoRoute::Limit { resource: told, needed: size, .. })) => {
                    assert_eq!((told, size as usize), (resource, needed));
                }
                Err(RouteError::NoRoute(NoRoute::TooStrict { resource: told, least, .. })) => {
                    assert_eq!(told, resource);
                    assert!(least as usize <= needed, "{least} of {needed}");
                }
                found => panic!("{needed} bytes do not fit: {found:?}"),
            }
            false
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn to_a_payee() {
    check(&World::row(9), None, 8);
    check(&World::row(2), None, 1);
}

#[test]
fn to_a_blinded_path() {
    for (first, dummy_count) in [(2, 0), (4, 2), (7, 0), (7, 3)] {
        let world = World::row(8);
        let (path, payinfo) = world.hide(first, dummy_count);
        check(&world, Some(PaidPath { path: &path, payinfo: &payinfo }), first);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_router_counts_the_bytes_that_hops_take(
        amount in any::<u64>(),
        shift in 0_u32..64,
        height in 65_536_u32..1 << 24,
        scid in any::<u64>(),
        metadata in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..400)),
        value in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let amount = Msat::from_msat(amount >> shift);
        let forward = Payload::Forward(Forward {
            amt_to_forward: amount,
            outgoing_cltv_value: BlockHeight::from_u32(height),
            short_channel_id: ShortChannelId::from_u64(scid),
            custom: CustomRecords::EMPTY,
        });
        prop_assert_eq!(forward.framed_len(), forward_payload_size(amount.to_msat()) as usize);
        prop_assert_eq!(PAYLOAD_BYTES_MAX as usize, PAYMENT_PAYLOADS_LEN);
        // A plain payee, as the router counts it by itself.
        let stream = encode_custom_records(&[(65_537, &value)]).expect("custom");
        let records = metadata.as_ref().map_or(0, |bytes| primitives::codec::tlv_record_len(16, bytes.len()));
        let payment = Payment {
            total_msat: amount,
            payment_metadata: metadata.as_deref(),
            custom: CustomRecords::from_stream(&stream).expect("custom"),
            ..payment(0, None)
        };
        let counted = final_payload_size(amount.to_msat(), (records + stream.len()) as u32);
        prop_assert_eq!(end_len(&payment, amount, height - HEIGHT.min(height), None), Ok(counted as usize));
    }
}
