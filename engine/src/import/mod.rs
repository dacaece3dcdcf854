//! Reads channel graphs that others wrote: the project's CSV, LND's `describegraph`, Core Lightning's `gossip_store`
//! and LDK's rapid gossip sync snapshots, each plain or compressed with zstd.
//!
//! [`read_graph`] recognises a file by its content and returns a fresh builder only where all of it was read, so that
//! a bad file cannot alter a graph that serves queries already. Every reader streams: it holds the graph and one
//! record, never the file. A file that is wrong, cut short or hostile ends in an error that names the place; it
//! cannot make a reader panic, loop without bound, or allocate by a length that it merely claims.
//!
//! Values are kept exactly as they were told, absurd ones too (fees of 2^32 - 1, `htlc_minimum_msat` above
//! `htlc_maximum_msat`): judging them is the search's business. Signatures are not verified here, that is the gossip
//! layer's; nothing here opens files or reads clocks. The layouts are drawn in `docs/formats.md`.

mod csv;
mod detect;
mod gossip_store;
mod gossip_store_records;
mod json_each;
mod lnd_json;
mod lnd_json_guard;
mod lnd_json_value;
mod lnd_json_write;
mod read;
mod rgs;
mod rgs_content;
mod rgs_decode;
mod source;

pub use self::csv::{CsvError, CsvNotes, LINE_SIZE_MAX, read_csv, write_csv};
pub use self::detect::{DetectError, Format, PREFIX_SIZE, detect};
pub use self::gossip_store::read_gossip_store;
pub use self::gossip_store_records::{GossipStoreError, GossipStoreNotes, StoreRecord, read_store_records};
pub use self::lnd_json::{LndJsonError, Place, read_lnd_json};
pub use self::lnd_json_guard::{JSON_DEPTH_MAX, JSON_STRING_SIZE_MAX};
pub use self::lnd_json_write::write_lnd_json;
pub use self::read::{ImportError, ImportNotes, ImportSummary, Imported, read_graph};
pub use self::rgs::RgsNotes;
pub use self::rgs_content::RgsSnapshot;
pub use self::rgs_decode::{
    RGS_CHANNEL_COUNT_MAX, RGS_NODE_COUNT_MAX, RGS_UPDATE_COUNT_MAX, RgsError, RgsPart,
};
pub use self::source::{EXPANSION_MAX, INPUT_SIZE_MAX};

pub(crate) use self::json_each::Each;
pub(crate) use self::lnd_json_guard::JsonGuard;
