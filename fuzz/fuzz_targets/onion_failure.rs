//! Failures and attribution data as peers send them, and failure messages as their makers wrote them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onion::attribution::{ATTRIBUTION_DATA_LEN, AttributionData, HoldTime};
use onion::failure::{FailurePacket, FailureSource};
use onion::failure_code::FailureMessage;
use onion::keys::SharedSecret;

fuzz_target!(|bytes: &[u8]| {
    let secrets: Vec<SharedSecret> = (1..=5).map(|byte| SharedSecret::from_bytes([byte; 32])).collect();
    let (attribution, reason) = match bytes.split_first_chunk::<ATTRIBUTION_DATA_LEN>() {
        Some((data, reason)) => (Some(AttributionData::from_bytes(*data)), reason),
        None => (None, bytes),
    };
    if let Some(data) = attribution.clone() {
        let _ = data.read_success(&secrets);
    }
    let packet = FailurePacket { reason: reason.to_vec(), attribution_data: attribution };
    let report = packet.clone().read(&secrets);
    assert_eq!(report.source, FailureSource::Unknown);
    let _ = packet.clone().read_or_unwrap(&secrets);
    let report = packet.relay(&secrets[0], HoldTime::from_units(1)).read(&secrets);
    assert_eq!(report.source, FailureSource::Unknown);

    let Some(message) = FailureMessage::decode(bytes) else { return };
    let again = message.encode();
    if let Ok(packet) = FailurePacket::new(&secrets[4], &message, HoldTime::from_units(1)) {
        let packet = secrets[..4]
            .iter()
            .rev()
            .fold(packet, |packet, secret| packet.relay(secret, HoldTime::default()));
        let Some(expected) = FailureMessage::decode(&again) else { unreachable!() };
        assert_eq!(packet.read(&secrets).source, FailureSource::Hop { at: 4, message: expected });
    }
});
