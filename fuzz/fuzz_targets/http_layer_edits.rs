//! The body of changes of a layer, over HTTP.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::http::native::LayerEditJson;
use server::http::read_json;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = read_json::<Vec<LayerEditJson>>(bytes) else { return };
    let written = serde_json::to_vec(&value).expect("it has a JSON form");
    read_json::<Vec<LayerEditJson>>(&written).expect("just written");
});
