//! The REST interface of Core Lightning (`clnrest`), under `/cln`, for clients that know it: `getroutes` and the layers
//! and reservations of askrene, `getroute`, `listchannels` and `listnodes`, answered by our engine in its words.
//!
//! Every method is a POST to `/v1/` and its name; its parameters are an object, or an array in the order of the manual.
//! A success is 201, an error `{code, message}` with the codes of `lightning-cli`. docs/http-facades.md says what differs.
//!
//! ```text
//! params, amount   parameters as lightningd reads them: scid reads channels
//! error            why there is no answer
//! getroutes        payments in parts      getroute      single routes
//! listchannels     the graph's channels   listnodes     its nodes
//! layers           layers as a whole      layer_edits   what is in them
//! reservations     what is in flight
//! ```

mod amount;
mod error;
mod getroute;
mod getroutes;
mod layer_edits;
mod layers;
mod listchannels;
mod listnodes;
mod params;
mod reservations;
mod router;
mod scid;

pub use error::ClnError;
pub use getroute::GetrouteParams;
pub use getroutes::GetroutesParams;
pub use layer_edits::{
    AgeParams, BiasChannelParams, BiasNodeParams, CreateChannelParams, DisableNodeParams,
    InformChannelParams, RemoveChannelUpdateParams, UpdateChannelParams,
};
pub use layers::{CreateLayerParams, ListlayersParams, RemoveLayerParams};
pub use listchannels::ListchannelsParams;
pub use listnodes::ListnodesParams;
pub use params::{Params, read_params};
pub use reservations::{ListreservationsParams, PathParams};
pub use router::router;
