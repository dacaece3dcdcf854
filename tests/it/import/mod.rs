//! Graph files of others, and files that only pretend to be ones.

mod csv;
mod gossip_store;
mod graphs;
mod hostile;
mod lnd_json;
mod rgs;
