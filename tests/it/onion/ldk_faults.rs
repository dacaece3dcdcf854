//! Routes at fault, over nodes of LDK: whatever code they answer with, we read it where it was made, with all its data.

use lightning::events::Event;
use lightning::ln::functional_test_utils::{
    create_chanmon_cfgs, create_network, create_node_cfgs, create_node_chanmgrs,
};
use lightning::routing::router::RouteHop as LdkHop;
use onion::failure::FailureSource;
use onion::failure_code::Failure;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::ldk_failures::{read, secrets};
use super::ldk_network::{Network, draw_route, open_row};

/// Payments with every fault.
const COUNT: usize = 40;

/// What is wrong with a route of two channels, at whom, and whether an answer fits.
struct Fault {
    name: &'static str,
    at: usize,
    spoil: fn(&mut [LdkHop]),
    fits: fn(&Failure) -> bool,
}

const FAULTS: [Fault; 7] = [
    Fault {
        name: "a fee that is too low",
        at: 0,
        spoil: |hops| hops[0].fee_msat = 1,
        fits: |failure| matches!(failure, Failure::FeeInsufficient { htlc_msat, .. } if htlc_msat.to_msat() == 100_001),
    },
    Fault {
        name: "too few blocks between two hops",
        at: 0,
        spoil: |hops| hops[0].cltv_expiry_delta = 2,
        fits: |failure| matches!(failure, Failure::IncorrectCltvExpiry { .. }),
    },
    Fault {
        name: "an expiry that is too near",
        at: 0,
        spoil: |hops| hops[1].cltv_expiry_delta = 1,
        fits: |failure| matches!(failure, Failure::ExpiryTooSoon { .. }),
    },
    Fault {
        name: "an expiry that is too far",
        at: 0,
        spoil: |hops| hops[1].cltv_expiry_delta = 3_000,
        fits: |failure| matches!(failure, Failure::ExpiryTooFar),
    },
    Fault {
        name: "a channel that is not there",
        at: 0,
        spoil: |hops| hops[1].short_channel_id += 1 << 40,
        fits: |failure| matches!(failure, Failure::UnknownNextPeer),
    },
    Fault {
        name: "more than the second channel has",
        at: 0,
        spoil: |hops| hops[1].fee_msat = 500_000_000,
        fits: |failure| matches!(failure, Failure::TemporaryChannelFailure { .. }),
    },
    Fault {
        name: "a payment that nobody asked for",
        at: 1,
        spoil: |_| (),
        fits: |failure| {
            let amount = match failure {
                Failure::IncorrectOrUnknownPaymentDetails { htlc_msat, .. } => htlc_msat.to_msat(),
                _ => 0,
            };
            amount == 100_000
        },
    },
];

#[test]
fn we_read_whatever_ldk_fails_with() {
    let chanmon_cfgs = create_chanmon_cfgs(3);
    let node_cfgs = create_node_cfgs(3, &chanmon_cfgs);
    let managers = create_node_chanmgrs(3, &node_cfgs, &[None, None, None]);
    let nodes = create_network(3, &node_cfgs, &managers);
    let real = open_row(&nodes, [10_000_000, 1_000_000]);
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let mut network = Network::new(&nodes);
    let keys = [network.secret(1), network.secret(2)];
    for fault in FAULTS.iter().cycle().take(COUNT * FAULTS.len()) {
        let (hash, mut hops) = (rng.random(), draw_route(&real, &[], &mut rng));
        (fault.spoil)(&mut hops);
        network.send(hops, hash, rng.random(), rng.random());
        network.carry();
        let passage = network.passage(&hash);
        let shared = secrets(&passage.sent, &hash, &keys);
        let report = read(passage.settled.last().expect("an answer"), &shared);
        let FailureSource::Hop { at, message } = report.source else { panic!("{}: unreadable", fault.name) };
        assert!(at == fault.at && (fault.fits)(&message.failure), "{}: {at} {message:?}", fault.name);
        assert_eq!(report.attribution.expect("LDK attributes").broken_at, None, "{}", fault.name);
        let code = network.events.drain(..).find_map(|event| match event {
            Event::PaymentPathFailed { error_code, .. } => error_code,
            _ => None,
        });
        assert_eq!(code, Some(message.failure.code().to_u16()), "{}", fault.name);
    }
}
