//! Rows of queries: `src,dst,amount_msat`, from a file or the input stream. Further columns are ignored, and a row that
//! is wrong is told, not fatal. What cannot be read ends them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

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
    /// Bytes from the file's beginning to its end.
    pub(crate) end: u64,
    pub(crate) payment: Result<Payment, String>,
}

/// Rows, one after the other, until nothing more can be read.
pub(crate) struct Rows {
    input: BufReader<Box<dyn Read + Send>>,
    path: PathBuf,
    /// Bytes of the file; `None` of a stream.
    size: Option<u64>,
    /// Where the columns stand.
    places: [usize; COLUMNS.len()],
    /// The last line that was read.
    text: Vec<u8>,
    /// Its number.
    line: u64,
    /// Bytes up to its end.
    end: u64,
    /// Whether it is a row that was not given out.
    is_begun: bool,
    is_over: bool,
}

/// Opens a file of queries, `-` is the input stream.
pub(crate) fn open(path: &Path) -> Result<Rows, Failure> {
    let (input, size): (Box<dyn Read + Send>, _) = if path == Path::new("-") {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(path).map_err(Failure::file("open", path))?;
        let metadata = file.metadata().ok().filter(|metadata| metadata.is_file());
        (Box::new(file), metadata.map(|metadata| metadata.len()))
    };
    let rows = rows(input, path).map_err(|fault| match fault {
        Fault::Read(error) => Failure::file("read", path)(error),
        Fault::Header => Failure::Content {
            path: path.to_owned(),
            message: "the first line names no columns src, dst and amount_msat, and is no query".to_owned(),
            hint: "begin the file with the line src,dst,amount_msat",
        },
        Fault::Twice(name) => Failure::Content {
            path: path.to_owned(),
            message: format!("the first line names the column {name} twice"),
            hint: "leave one of them out, or give it another name",
        },
    });
    Ok(Rows { size, ..rows? })
}

/// Reads all rows, which must all be queries.
pub(crate) fn read_all(path: &Path) -> Result<Vec<Payment>, Failure> {
    let payments = open(path)?.map(|row| {
        let row = row?;
        let line = row.line;
        let fault = |message| format!("{}: line {line}: {message}", path.display());
        row.payment.map_err(|message| Failure::usage(fault(message), "each row is src,dst,amount_msat"))
    });
    payments.collect()
}

/// Why there are no rows.
#[derive(Debug)]
enum Fault {
    Read(io::Error),
    Header,
    Twice(&'static str),
}

fn rows(input: Box<dyn Read + Send>, path: &Path) -> Result<Rows, Fault> {
    let (input, path, places) = (BufReader::new(input), path.to_owned(), [0, 1, 2]);
    let (text, line, end) = (Vec::new(), 0, 0);
    let mut rows = Rows { input, path, size: None, places, text, line, end, is_begun: false, is_over: false };
    if !rows.read_line().map_err(Fault::Read)? {
        rows.is_over = true;
        return Ok(rows);
    }
    let text = String::from_utf8_lossy(&rows.text);
    let text = text.trim_start_matches('\u{feff}');
    let place_of = |name: &str| text.split(',').position(|field| trimmed(field) == name);
    let is_twice = |name: &&str| text.split(',').filter(|field| trimmed(field) == *name).count() > 1;
    if let Some(name) = COLUMNS.into_iter().find(is_twice) {
        return Err(Fault::Twice(name));
    }
    let [src, dst, amount] = COLUMNS.map(place_of);
    if let (Some(src), Some(dst), Some(amount)) = (src, dst, amount) {
        rows.places = [src, dst, amount];
    } else if payment(text, places).is_ok() {
        rows.is_begun = true;
    } else {
        return Err(Fault::Header);
    }
    Ok(rows)
}

impl Rows {
    /// Bytes of the file, where that is known.
    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Reads the next line that is not blank; false at the end.
    fn read_line(&mut self) -> io::Result<bool> {
        loop {
            self.text.clear();
            let size = (&mut self.input).take(LINE_SIZE_MAX + 1).read_until(b'\n', &mut self.text)? as u64;
            if size > LINE_SIZE_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than 1 MiB"));
            }
            if size == 0 {
                return Ok(false);
            }
            self.line += 1;
            self.end += size;
            if !self.text.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Row, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        if !std::mem::take(&mut self.is_begun) {
            match self.read_line() {
                Ok(true) => {}
                Ok(false) => {
                    self.is_over = true;
                    return None;
                }
                Err(error) => {
                    // Nothing can be read behind it.
                    self.is_over = true;
                    let told = io::Error::new(error.kind(), format!("line {}: {error}", self.line + 1));
                    return Some(Err(Failure::file("read", &self.path)(told)));
                }
            }
        }
        let text = String::from_utf8_lossy(&self.text);
        Some(Ok(Row { line: self.line, end: self.end, payment: payment(&text, self.places) }))
    }
}

fn payment(text: &str, places: [usize; COLUMNS.len()]) -> Result<Payment, String> {
    let field = |at: usize| {
        let field = text.split(',').nth(places[at]).map(trimmed).filter(|field| !field.is_empty());
        field.ok_or_else(|| format!("{} is missing", COLUMNS[at]))
    };
    let named = |at: usize| move |error: String| format!("{}: {error}", COLUMNS[at]);
    Ok(Payment {
        payer: flag_values::node_id(field(0)?).map_err(named(0))?,
        payee: flag_values::node_id(field(1)?).map_err(named(1))?,
        amount: flag_values::amount(field(2)?).map_err(named(2))?,
    })
}

/// No column of ours holds a comma, so quotes are decoration.
fn trimmed(field: &str) -> &str {
    field.trim_matches(|c: char| c.is_whitespace() || c == '"')
}

/// What a row says, in our order.
const COLUMNS: [&str; 3] = ["src", "dst", "amount_msat"];

/// A line is held whole. A row needs 150 bytes; other programs may add columns of their own.
const LINE_SIZE_MAX: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(input: impl Read + Send + 'static) -> Result<Rows, Fault> {
        super::rows(Box::new(input), Path::new("q.csv"))
    }

    fn read(text: &str) -> Vec<Row> {
        let rows = rows(io::Cursor::new(text.to_owned().into_bytes())).expect("a header");
        rows.collect::<Result<_, _>>().expect("readable")
    }

    /// Fails whenever it is read.
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
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
        assert!(matches!(rows(&b"payer,payee\n"[..]), Err(Fault::Header)));
        assert!(matches!(rows(&b"src,\"src\",dst,amount_msat\n"[..]), Err(Fault::Twice("src"))));
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
    fn rows_end_where_the_next_begins() {
        let (a, b) = ("02".repeat(33), "03".repeat(33));
        let (head, row) = ("src,dst,amount_msat\n", format!("{a},{b},5\n"));
        let ends: Vec<_> = read(&format!("{head}{row}\n{row}")).iter().map(|row| row.end as usize).collect();
        let first = head.len() + row.len();
        assert_eq!(ends, [first, first + 1 + row.len()]);
    }

    #[test]
    fn rows_before_one_that_cannot_be_read_are_given_out() {
        let row = format!("{},{},5\n", "02".repeat(33), "03".repeat(33));
        let file = io::Cursor::new(format!("src,dst,amount_msat\n{row}{row}").into_bytes()).chain(Broken);
        let mut rows = rows(file).expect("a header");
        assert!(rows.by_ref().take(2).all(|row| row.is_ok_and(|row| row.payment.is_ok())));
        let failure = rows.next().expect("a failure").expect_err("nothing to read");
        assert!(matches!(failure, Failure::File { .. }), "{failure}");
        assert_eq!(failure.to_string(), "cannot read q.csv: line 4: the disk is gone");
        assert!(rows.next().is_none());
    }

    #[test]
    fn endless_lines_are_refused() {
        assert!(matches!(rows(io::repeat(b'0')), Err(Fault::Read(_))), "the header itself");
        let file = io::Cursor::new(b"src,dst,amount_msat\n".to_vec()).chain(io::repeat(b'0'));
        let rows: Vec<_> = rows(file).expect("a header").collect();
        assert!(rows.len() == 1 && rows[0].is_err());
    }
}
