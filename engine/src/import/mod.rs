//! Reads channel graphs that others wrote.

mod csv;

pub use self::csv::{CsvError, LINE_SIZE_MAX, read_csv, write_csv};
