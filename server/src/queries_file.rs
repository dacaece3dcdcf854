//! Rows of queries: `src,dst,amount_msat`, from a file or the input stream. Further columns are ignored, and a row that
//! is wrong is told, not fatal.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use primitives::{Msat, NodeId};

use crate::exit::Failure;
use crate::flag_values;

/// A payment that a row asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) payer: NodeId,
    pub(crate) payee: NodeId,
    pub(crate) amount: Msat,
}

/// One row, or what is wrong with it.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its line in the file.
    pub(crate) line: u64,
    pub(crate) payment: Result<Payment, String>,
}

/// Rows, one after the other.
pub(crate) struct Rows {
    reader: csv::Reader<LineGuard<Box<dyn Read + Send>>>,
    places: [usize; COLUMNS.len()],
    record: ByteRecord,
    /// Whether `record` holds a row that was not given out.
    is_begun: bool,
    is_over: bool,
}

/// Opens a file of queries, `-` is the input stream.
pub(crate) fn open(path: &Path) -> Result<Rows, Failure> {
    let input: Box<dyn Read + Send> = match path == Path::new("-") {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).map_err(Failure::file("open", path))?),
    };
    rows(input).map_err(|fault| match fault {
        Fault::Read(error) => Failure::file("read", path)(error),
        Fault::Header => Failure::Content {
            path: path.to_owned(),
            message: "the first line names no columns src, dst and amount_msat, and is no query".to_owned(),
            hint: "begin the file with the line src,dst,amount_msat",
        },
    })
}

/// Reads all rows, which must all be queries.
pub(crate) fn read_all(path: &Path) -> Result<Vec<Payment>, Failure> {
    let payments = open(path)?.map(|row| {
        let line = row.line;
        row.payment.map_err(|message| Failure::Content {
            path: path.to_owned(),
            message: format!("line {line}: {message}"),
            hint: "each row is src,dst,amount_msat",
        })
    });
    payments.collect()
}

/// Why there are no rows.
#[derive(Debug)]
enum Fault {
    Read(io::Error),
    Header,
}

fn rows(input: Box<dyn Read + Send>) -> Result<Rows, Fault> {
    let guard = LineGuard { inner: input, line_size: 0 };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).quoting(false).from_reader(guard);
    let mut record = ByteRecord::new();
    let is_some = reader.read_byte_record(&mut record).map_err(|error| Fault::Read(error.into()))?;
    let place_of = |name: &str| record.iter().position(|field| text(field) == name);
    let [src, dst, amount] = COLUMNS.map(place_of);
    if let (Some(src), Some(dst), Some(amount)) = (src, dst, amount) {
        let places = [src, dst, amount];
        return Ok(Rows { reader, places, record, is_begun: false, is_over: false });
    }
    let places = [0, 1, 2];
    if is_some && payment(&record, places).is_err() {
        return Err(Fault::Header);
    }
    Ok(Rows { reader, places, record, is_begun: is_some, is_over: !is_some })
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.is_over {
            return None;
        }
        let line_before = self.reader.position().line();
        if !std::mem::take(&mut self.is_begun) {
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    // Nothing can be read behind it.
                    self.is_over = true;
                    let payment = Err(format!("reading failed, the rest is left out: {error}"));
                    return Some(Row { line: line_before, payment });
                }
            }
        }
        let line = self.record.position().map_or(line_before, csv::Position::line);
        Some(Row { line, payment: payment(&self.record, self.places) })
    }
}

fn payment(record: &ByteRecord, places: [usize; COLUMNS.len()]) -> Result<Payment, String> {
    let field = |at: usize| {
        let field = record.get(places[at]).map(text).filter(|field| !field.is_empty());
        field.ok_or_else(|| format!("{} is missing", COLUMNS[at]))
    };
    let named = |at: usize| move |error: String| format!("{}: {error}", COLUMNS[at]);
    Ok(Payment {
        payer: flag_values::node_id(&field(0)?).map_err(named(0))?,
        payee: flag_values::node_id(&field(1)?).map_err(named(1))?,
        amount: flag_values::amount(&field(2)?).map_err(named(2))?,
    })
}

fn text(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field);
    let text = text.trim_start_matches('\u{feff}');
    text.trim_matches(|c: char| c.is_whitespace() || c == '"').to_owned()
}

/// Refuses lines that no query has, because a record is held whole.
struct LineGuard<R> {
    inner: R,
    line_size: usize,
}

impl<R: Read> Read for LineGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let read = &buffer[..count];
        self.line_size = match read.iter().rposition(|&byte| byte == b'\n') {
            Some(end) => count - end,
            None => self.line_size.saturating_add(count),
        };
        if self.line_size > LINE_SIZE_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than 1 MiB"));
        }
        Ok(count)
    }
}

/// What a row says, in our order.
const COLUMNS: [&str; 3] = ["src", "dst", "amount_msat"];

/// A row needs 150 bytes; other programs may add columns of their own.
const LINE_SIZE_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Row> {
        rows(Box::new(io::Cursor::new(text.to_owned().into_bytes()))).expect("a header").collect()
    }

    #[test]
    fn columns_are_found_by_name_or_place() {
        let (a, b) = ("02".repeat(33), "03".repeat(33));
        for file in [
            format!("src,dst,amount_msat\n{a},{b},5\n"),
            format!("\u{feff}amount_msat,fee,\"dst\",src\r\n5,1,{b},{a}\r\n"),
            format!("{a},{b},5,more"),
        ] {
            let rows = read(&file);
            let payment = rows[0].payment.clone().expect(&file);
            assert_eq!((payment.payer.to_string(), payment.payee.to_string()), (a.clone(), b.clone()));
            assert_eq!((payment.amount, rows.len()), (Msat::from_msat(5), 1), "{file}");
        }
        assert!(matches!(rows(Box::new(&b"payer,payee\n"[..])), Err(Fault::Header)));
        assert_eq!(read("").len(), 0);
    }

    #[test]
    fn wrong_rows_are_told_with_their_line() {
        let (a, b) = ("02".repeat(33), "03".repeat(33));
        let rows = read(&format!("src,dst,amount_msat\n{a},{b},-5\n\n{a}\n{a},{b},5\n\u{0},,\n"));
        let told: Vec<_> = rows.iter().map(|row| (row.line, row.payment.is_ok())).collect();
        assert_eq!(told, [(2, false), (4, false), (5, true), (6, false)]);
    }

    #[test]
    fn endless_lines_are_refused() {
        let mut rows = rows(Box::new(io::repeat(b'0')));
        assert!(matches!(&mut rows, Err(Fault::Read(_))), "the header itself");
        let file = io::Cursor::new(b"src,dst,amount_msat\n".to_vec()).chain(io::repeat(b'0'));
        let rows: Vec<_> = super::rows(Box::new(file)).expect("a header").collect();
        assert!(rows.len() == 1 && rows[0].payment.is_err());
    }
}
