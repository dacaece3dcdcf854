//! Any bytes as parameters of Core Lightning's clients, and what is read as a query.
#![no_main]

use libfuzzer_sys::fuzz_target;
use primitives::NodeId;
use server::http::cln::{
    BiasNodeParams, GetrouteParams, GetroutesParams, InformChannelParams, PathParams, UpdateChannelParams, read_params,
};

fuzz_target!(|bytes: &[u8]| {
    let source = NodeId::from_bytes([2; 33]).expect("a node's id");
    if let Ok(params) = read_params::<GetroutesParams>(bytes) {
        let _ = params.to_query();
    }
    if let Ok(params) = read_params::<GetrouteParams>(bytes) {
        let _ = params.to_query(source);
    }
    if let Ok(params) = read_params::<PathParams>(bytes) {
        let _ = params.htlcs();
    }
    let _ = read_params::<InformChannelParams>(bytes);
    let _ = read_params::<UpdateChannelParams>(bytes);
    let _ = read_params::<BiasNodeParams>(bytes);
});
