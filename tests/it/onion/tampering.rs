//! Failures and hold times on their way back, with hops that change what they hand on.

use onion::attribution::{ATTRIBUTION_DATA_LEN, AttributionData, HoldTime};
use onion::failure::{FailurePacket, FailureSource};
use onion::failure_code::{ChannelUpdate, Failure, FailureMessage};
use onion::keys::SharedSecret;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::slow::{slow_failure, slow_relay};

/// Secrets of a route, and the hop that fails.
fn route(hop_count_max: usize) -> impl Strategy<Value = (Vec<SharedSecret>, usize)> {
    (vec(any::<[u8; 32]>(), 1..=hop_count_max), any::<usize>()).prop_map(|(secrets, failing)| {
        let failing = failing % secrets.len();
        (secrets.into_iter().map(SharedSecret::from_bytes).collect(), failing)
    })
}

fn held(at: usize) -> HoldTime {
    HoldTime::from_units(1_000 - at as u32)
}

fn message(len: usize) -> FailureMessage {
    let failure = Failure::TemporaryChannelFailure { channel_update: ChannelUpdate(vec![3; len]) };
    FailureMessage { failure, extra: vec![1, 0] }
}

/// The failure of hop `failing` as it reaches the payer; `change` is applied to what hop `at` sends.
fn way_back(
    secrets: &[SharedSecret],
    failing: usize,
    message: &FailureMessage,
    at: usize,
    change: impl Fn(&mut FailurePacket),
) -> FailurePacket {
    let mut packet = FailurePacket::new(&secrets[failing], message, held(failing)).expect("short");
    if at == failing {
        change(&mut packet);
    }
    for hop in (0..failing).rev() {
        packet = packet.relay(&secrets[hop], held(hop));
        if at == hop {
            change(&mut packet);
        }
    }
    packet
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_payer_learns_who_and_how_long((secrets, failing) in route(27), len in 0_usize..400) {
        let message = message(len);
        let report = way_back(&secrets, failing, &message, 99, |_| ()).read(&secrets);
        prop_assert_eq!(report.suspect(), None);
        prop_assert_eq!(report.source, FailureSource::Hop { at: failing, message });
        let attribution = report.attribution.expect("there was data");
        // Hops beyond the twentieth cannot be told apart.
        let expected: Vec<HoldTime> = (0..=failing.min(19)).map(held).collect();
        if failing < 20 {
            prop_assert_eq!(attribution.hold_times, expected);
            prop_assert_eq!(attribution.broken_at, None);
        }
    }

    #[test]
    fn fast_and_slow_failures_are_the_same((secrets, failing) in route(27), len in 0_usize..200) {
        let message = message(len);
        let fast = way_back(&secrets, failing, &message, 99, |_| ());
        let mut slow = slow_failure(secrets[failing].as_bytes(), &message.encode(), 256);
        secrets[..failing].iter().rev().for_each(|secret| slow_relay(secret.as_bytes(), &mut slow));
        prop_assert_eq!(fast.reason, slow);
    }

    #[test]
    fn a_hop_that_changes_a_failure_is_found(
        (secrets, failing) in route(20),
        at in any::<usize>(),
        flip in any::<(usize, u8)>(),
    ) {
        let at = at % (failing + 1);
        let change = |packet: &mut FailurePacket| {
            let place = flip.0 % packet.reason.len();
            packet.reason[place] ^= 1 << (flip.1 % 8);
        };
        let report = way_back(&secrets, failing, &message(90), at, change).read(&secrets);
        prop_assert_eq!(report.suspect(), Some(at));
        prop_assert_eq!(&report.source, &FailureSource::Unknown);
        let expected: Vec<HoldTime> = (0..at).map(held).collect();
        prop_assert_eq!(report.attribution.expect("there was data").hold_times, expected);
    }

    #[test]
    fn changed_attribution_is_found_and_spares_the_failure(
        (secrets, failing) in route(20),
        at in any::<usize>(),
        flip in any::<(usize, u8)>(),
    ) {
        let at = at % (failing + 1);
        let change = |packet: &mut FailurePacket| {
            let mut bytes = *packet.attribution_data.as_ref().expect("always there").as_bytes();
            bytes[flip.0 % ATTRIBUTION_DATA_LEN] ^= 1 << (flip.1 % 8);
            packet.attribution_data = Some(AttributionData::from_bytes(bytes));
        };
        let message = message(90);
        let report = way_back(&secrets, failing, &message, at, change).read(&secrets);
        prop_assert_eq!(report.source, FailureSource::Hop { at: failing, message });
        // Codes for other distances than the true one are never looked at.
        let broken_at = report.attribution.expect("there was data").broken_at;
        prop_assert!(broken_at.is_none_or(|broken_at| broken_at >= at), "{broken_at:?} before {at}");
    }

    #[test]
    fn a_hop_that_drops_attribution_ends_it((secrets, failing) in route(20), at in any::<usize>()) {
        let at = at % (failing + 1);
        let message = message(10);
        let drop = |packet: &mut FailurePacket| packet.attribution_data = None;
        let report = way_back(&secrets, failing, &message, at, drop).read(&secrets);
        prop_assert_eq!(report.source, FailureSource::Hop { at: failing, message });
        match report.attribution {
            // What reaches the payer is what his peer sends.
            None => prop_assert_eq!(at, 0),
            Some(attribution) => prop_assert_eq!(attribution.hold_times.len(), at),
        }
    }

    #[test]
    fn a_failure_that_somebody_made_up_is_nobodys(
        (secrets, _) in route(20),
        reason in vec(any::<u8>(), 0..400),
    ) {
        let report = FailurePacket { reason, attribution_data: None }.read(&secrets);
        prop_assert_eq!(report.suspect(), Some(0));
        prop_assert_eq!(report.source, FailureSource::Unknown);
    }

    #[test]
    fn successes_tell_hold_times_up_to_the_change(
        (secrets, at) in route(20),
        flip in 0_usize..4,
    ) {
        let (mut data, mut changed) = (None, None);
        for (hop, secret) in secrets.iter().enumerate().rev() {
            data = Some(AttributionData::for_success(data, secret, held(hop)));
            changed = Some(AttributionData::for_success(changed, secret, held(hop)));
            if hop == at {
                // The hop's own hold time.
                let mut bytes = *changed.as_ref().expect("just made").as_bytes();
                bytes[flip] ^= 1;
                changed = Some(AttributionData::from_bytes(bytes));
            }
        }
        let attribution = data.expect("a hop").read_success(&secrets);
        prop_assert_eq!(attribution.hold_times, (0..secrets.len()).map(held).collect::<Vec<_>>());
        prop_assert_eq!(attribution.broken_at, None);
        let attribution = changed.expect("a hop").read_success(&secrets);
        prop_assert_eq!(attribution.hold_times, (0..at).map(held).collect::<Vec<_>>());
        prop_assert_eq!(attribution.broken_at, Some(at));
    }
}
