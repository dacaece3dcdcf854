//! Routing as a service over HTTP.
//!
//! ```text
//! listen      sockets, limits on connections          TCP -> requests
//! arrival     when each request came
//! tenant      keys, scopes, budgets                   who asks
//! native      the API of our own                      requests -> questions
//! page        the page at `/`                         requests -> files of the binary
//! lnd, cln    the APIs of other nodes                 the same, with what they share in facade, listed in facades
//! app         what all handlers share
//! work        threads that search, and their queues   questions -> answers
//! applier     the one ordered hand that changes what is served: graph, layers, reservations, beliefs
//! gossip      its way to the applier, and what is told of it
//! problem     what is told where there is no answer
//! ```
//! A facade for the clients of another node is a folder with a `router()` of its own, beside `native`: it translates and
//! knows no rule of routing.
//!
//! Handlers wait for nothing but the socket, a search or the applier. A search of few steps runs where it was asked,
//! all others on the threads of `work`, whose queues are bounded; what finds no room there is refused at once.

pub mod applier;
pub mod cln;
pub mod lnd;
pub mod native;
pub mod tenant;
pub mod work;

mod app;
mod arrival;
mod body;
mod by_name;
mod config;
mod document_details;
mod facade;
mod facades;
mod front;
mod gossip;
mod gossip_report;
mod guard;
mod guests;
mod health;
mod host;
mod leftover;
mod listen;
mod media_type;
mod metrics;
mod neighbours;
mod page;
mod parameters;
mod problem;
mod pulse;
mod reference;
mod refusal;
mod reload;
mod room;
mod runtime;
mod scrape;
mod settings;
mod stages;
mod timed;
mod timings;
mod tls;
mod unfound;
mod untaken;
mod wording;

pub use app::{App, Stopped, stack};
pub use body::{JsonBody, PathText, bad_path, read_json};
pub use config::{ConfigError, ConfigFile, LogFormat, TlsFiles};
pub use gossip::{GossipFeed, GossipInfo, GossipWatch};
pub use gossip_report::report_gossip;
pub use listen::{Server, StartError};
pub use metrics::Metrics;
pub use problem::Problem;
pub use refusal::{plan_problem, route_problem};
pub use reload::difference;
pub use runtime::start_runtime;
pub use settings::{ADDRESS_CONNECTION_COUNT_MAX, Limits, Settings};
pub use tenant::Accounts;
pub use tls::{TlsError, read_tls};
