//! Gossip that another program kept, checked as if peers had told it.
//!
//! ```text
//! engine::import::read_store_records --+
//!                                      +--> batch: parse, what is news, signatures on all threads --> funding --> view, log
//! read_capture ------------------------+
//! ```
//! Nothing of the file is believed but the amounts, and these only where nobody is asked for funding outputs: capacities
//! are not signed.

mod capture;
mod counts;
mod error;
mod funding;
mod importer;

pub use capture::{CAPTURE_MAGIC, CaptureError, CaptureNotes, read_capture};
pub use counts::{ImportCounts, Reason};
pub use error::ImportError;
pub use importer::{Importer, Moment};
