//! Gossip that another program kept, checked as if peers had told it.
//!
//! ```text
//! engine::import::read_store_records --> batch: parse, what is news, signatures on all threads --> funding --> view, log
//! ```
//! Nothing of the file is believed but the amounts, and these only where nobody is asked for funding outputs: capacities
//! are not signed.

mod counts;
mod error;
mod funding;
mod gossip_store;

pub use counts::{ImportCounts, Reason};
pub use error::ImportError;
pub use gossip_store::{Importer, Moment};
