//! Any bytes as Core Lightning's layers, or as the arguments of `askrene-inform-channel`.
#![no_main]

use engine::belief::exchange::{read_inform_channel, read_layers};
use libfuzzer_sys::fuzz_target;
use primitives::UnixTime;

fuzz_target!(|bytes: &[u8]| {
    let _ = read_layers(bytes, UnixTime::from_secs(1), |_, _| ());
    let _ = read_inform_channel(bytes, UnixTime::from_secs(1));
});
