//! The reader of layers; what it accepts is written and read again to the same layers.
#![no_main]

use engine::layer::{read_layers, write_layers};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(layers) = read_layers(bytes) else { return };
    let mut written = Vec::new();
    write_layers(&layers, &mut written).expect("a vector");
    assert_eq!(read_layers(&written[..]).expect("just written"), layers);
});
