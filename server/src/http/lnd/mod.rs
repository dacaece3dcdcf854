//! The REST interface of LND, under `/lnd`, for clients that know it: what they ask about routes, the graph and mission
//! control, answered by our engine in LND's words.
//!
//! The form is that of grpc-gateway: numbers of 64 bits are strings, bytes are base64, enumerations are names, every
//! field is there, and an error is `{code, message, details}`. Requests may also use numbers, base64 for URLs and the
//! names in camel case, as they may there. docs/http-facades.md says what differs.
//!
//! ```text
//! body, form      JSON and query strings as protobuf reads them
//! error           why there is no answer
//! routes          QueryRoutes           routes_request  its question   route_form  its answer
//! build_route     BuildRoute            fee_estimate    EstimateRouteFee
//! graph           DescribeGraph         look_up         GetNodeInfo, GetChanInfo
//! network_info    GetNetworkInfo        graph_form      nodes, channels and policies
//! mission_control QueryMissionControl, QueryProbability, XImportMissionControl
//! ```

mod body;
mod build_route;
mod error;
mod fee_estimate;
mod form;
mod graph;
mod graph_form;
mod look_up;
mod mission_control;
mod network_info;
mod route_form;
mod router;
mod routes;
mod routes_request;

pub use body::{read_body, read_query};
pub use build_route::BuildRouteRequest;
pub use error::LndError;
pub use fee_estimate::RouteFeeRequest;
pub use mission_control::ImportRequest;
pub use router::router;
pub use routes_request::QueryRoutesRequest;
