//! Any bytes as parameters of Core Lightning's clients, and what is read as a query.
#![no_main]

use libfuzzer_sys::fuzz_target;
use primitives::NodeId;
use server::http::cln::{
    AgeParams, BiasChannelParams, BiasNodeParams, CreateChannelParams, CreateLayerParams, DisableNodeParams,
    GetrouteParams, GetroutesParams, InformChannelParams, ListchannelsParams, ListlayersParams,
    ListnodesParams, ListreservationsParams, PathParams, RemoveChannelUpdateParams, RemoveLayerParams,
    UpdateChannelParams, read_params,
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
    let _ = read_params::<AgeParams>(bytes);
    let _ = read_params::<BiasChannelParams>(bytes);
    let _ = read_params::<BiasNodeParams>(bytes);
    let _ = read_params::<CreateChannelParams>(bytes);
    let _ = read_params::<CreateLayerParams>(bytes);
    let _ = read_params::<DisableNodeParams>(bytes);
    let _ = read_params::<InformChannelParams>(bytes);
    let _ = read_params::<ListchannelsParams>(bytes);
    let _ = read_params::<ListlayersParams>(bytes);
    let _ = read_params::<ListnodesParams>(bytes);
    let _ = read_params::<ListreservationsParams>(bytes);
    let _ = read_params::<RemoveChannelUpdateParams>(bytes);
    let _ = read_params::<RemoveLayerParams>(bytes);
    let _ = read_params::<UpdateChannelParams>(bytes);
});
