//! Reads channel graphs that others wrote.

mod csv;
mod lnd_json;
mod lnd_json_value;
mod lnd_json_write;

pub use self::csv::{CsvError, LINE_SIZE_MAX, read_csv, write_csv};
pub use self::lnd_json::{LndJsonError, Place, read_lnd_json};
pub use self::lnd_json_write::write_lnd_json;
