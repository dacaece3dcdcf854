//! The project's CSV: one row per direction of a channel, columns found by their names in the header.
//!
//! Node features have no column, nor do nodes without channels, so a CSV holds less than a builder. A channel of which
//! no policy is known has one row whose `dir` and all columns behind it are empty. Values are bare: no quotes, which
//! also means that no stray quote can swallow the rest of a file.

use std::io::{self, Read, Write};

use ::csv::{ByteRecord, ErrorKind, ReaderBuilder};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, NodeId, ShortChannelId,
    UnixTime,
};

use crate::graph::{BuildError, ChannelDraft, GraphBuilder};

/// What a CSV tells beside its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CsvNotes {
    /// The last line, from 1, where no line break ends it: the file may be cut within it.
    pub unended_line: Option<u64>,
}

/// Reads a whole CSV. Rows of a channel may stand anywhere; O(rows).
///
/// # Errors
/// The first row that does not parse, repeats a direction, or contradicts an earlier row of its channel.
pub fn read_csv(input: impl Read) -> Result<(GraphBuilder, CsvNotes), CsvError> {
    let guard = LineGuard { inner: input, line: 1, line_size: 0 };
    let mut reader = ReaderBuilder::new().quoting(false).from_reader(guard);
    let places = column_places(reader.byte_headers().map_err(CsvError::from_csv)?)?;
    let mut graph = GraphBuilder::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(CsvError::from_csv)? {
        let line = record.position().map_or(0, ::csv::Position::line);
        let row = Row { record: &record, places: &places, line };
        add_row(&mut graph, &row)?;
    }
    Ok((graph, CsvNotes { unended_line: reader.get_ref().unended_line() }))
}

/// Writes all channels of a builder, in its order, in the form that [`read_csv`] reads. Capacities are whole satoshi,
/// rounded down; nodes without channels and all features are left out.
///
/// # Errors
/// As `out`.
pub fn write_csv(graph: &GraphBuilder, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "{}", COLUMNS.join(","))?;
    for channel in graph.channels() {
        if channel.policies == [None; 2] {
            write_channel(graph, channel, &mut out)?;
            writeln!(out, ",,,,,,,,,,")?;
        }
        for direction in Direction::BOTH {
            let Some(policy) = channel.policies[direction.as_usize()] else { continue };
            write_channel(graph, channel, &mut out)?;
            writeln!(
                out,
                ",{},{},{},{},{},{},{},{},{},{}",
                direction.as_usize(),
                policy.fee.fee_base_msat,
                policy.fee.fee_proportional_millionths,
                policy.cltv_expiry_delta.to_blocks(),
                policy.htlc_minimum_msat.to_msat(),
                policy.htlc_maximum_msat.to_msat(),
                u8::from(policy.disabled),
                policy.last_update.to_secs(),
                policy.inbound_fee.base_msat,
                policy.inbound_fee.proportional_millionths,
            )?;
        }
    }
    Ok(())
}

fn write_channel(graph: &GraphBuilder, channel: &ChannelDraft, out: &mut impl Write) -> io::Result<()> {
    let [node_id_1, node_id_2] = channel.nodes.map(|place| graph.nodes()[place as usize]);
    write!(out, "{},{node_id_1},{node_id_2},", channel.short_channel_id)?;
    match channel.capacity {
        Some(capacity) => write!(out, "{}", capacity.to_sat_floor()),
        None => Ok(()),
    }
}

/// The columns by their names, in the order in which they are written.
const COLUMNS: [&str; 14] = [
    "scid",
    "node1",
    "node2",
    "capacity_sat",
    "dir",
    "base_msat",
    "ppm",
    "cltv",
    "htlc_min",
    "htlc_max",
    "disabled",
    "last_update",
    "inbound_base_msat",
    "inbound_ppm",
];
/// How many of [`COLUMNS`] must be there: inbound fees came later and default to none.
const COLUMN_COUNT_MIN: usize = 12;

/// A column, as its place in [`COLUMNS`].
#[derive(Clone, Copy)]
enum Column {
    Scid,
    Node1,
    Node2,
    CapacitySat,
    Dir,
    BaseMsat,
    Ppm,
    Cltv,
    HtlcMin,
    HtlcMax,
    Disabled,
    LastUpdate,
    InboundBaseMsat,
    InboundPpm,
}

/// Where each of [`COLUMNS`] stands in a row of this file.
type Places = [Option<usize>; COLUMNS.len()];

fn column_places(header: &ByteRecord) -> Result<Places, CsvError> {
    let mut places = [None; COLUMNS.len()];
    for (nth, (place, name)) in places.iter_mut().zip(COLUMNS).enumerate() {
        *place = header.iter().position(|found| found == name.as_bytes());
        if place.is_none() && nth < COLUMN_COUNT_MIN {
            return Err(CsvError::MissingColumn { column: name });
        }
    }
    Ok(places)
}

/// One row with what is needed to name its fields.
struct Row<'a> {
    record: &'a ByteRecord,
    places: &'a Places,
    line: u64,
}

impl Row<'_> {
    /// The bytes of a field; empty where the file has no such column.
    fn bytes(&self, column: Column) -> &[u8] {
        self.places[column as usize].and_then(|place| self.record.get(place)).unwrap_or_default()
    }

    fn fault(&self, column: Column, expected: &'static str) -> CsvError {
        CsvError::Field { line: self.line, column: COLUMNS[column as usize], expected }
    }

    /// Parses a field. A leading `+` is refused, which Rust's own parser would accept.
    fn field<T: std::str::FromStr>(&self, column: Column, expected: &'static str) -> Result<T, CsvError> {
        let text = std::str::from_utf8(self.bytes(column)).ok().filter(|text| !text.starts_with('+'));
        text.and_then(|text| text.parse().ok()).ok_or_else(|| self.fault(column, expected))
    }

    /// Parses a signed field that older files lack.
    fn inbound(&self, column: Column) -> Result<i32, CsvError> {
        if self.bytes(column).is_empty() {
            Ok(0)
        } else {
            self.field(column, "a whole number of 32 bits, signed")
        }
    }

    fn capacity(&self) -> Result<Option<Msat>, CsvError> {
        if self.bytes(Column::CapacitySat).is_empty() {
            return Ok(None);
        }
        let expected = "whole satoshi below 2^64 / 1000, or nothing";
        let capacity = Msat::from_sat(self.field(Column::CapacitySat, expected)?);
        Ok(Some(capacity.ok_or_else(|| self.fault(Column::CapacitySat, expected))?))
    }

    fn policy(&self) -> Result<Option<(Direction, ChannelPolicy)>, CsvError> {
        let direction = match self.bytes(Column::Dir) {
            b"0" => Direction::NodeOneToTwo,
            b"1" => Direction::NodeTwoToOne,
            b"" if self.bytes(Column::BaseMsat).is_empty() => return Ok(None),
            b"" => return Err(self.fault(Column::Dir, "0 or 1, as the row tells a policy")),
            _ => return Err(self.fault(Column::Dir, "0, 1, or nothing where no policy is known")),
        };
        let disabled = match self.bytes(Column::Disabled) {
            b"0" => false,
            b"1" => true,
            _ => return Err(self.fault(Column::Disabled, "0 or 1")),
        };
        let policy = ChannelPolicy {
            fee: Fee {
                fee_base_msat: self.field(Column::BaseMsat, "a whole number of 32 bits")?,
                fee_proportional_millionths: self.field(Column::Ppm, "a whole number of 32 bits")?,
            },
            inbound_fee: InboundFee {
                base_msat: self.inbound(Column::InboundBaseMsat)?,
                proportional_millionths: self.inbound(Column::InboundPpm)?,
            },
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(self.field(Column::Cltv, "0 to 65535 blocks")?),
            htlc_minimum_msat: Msat::from_msat(self.field(Column::HtlcMin, "a whole number of 64 bits")?),
            htlc_maximum_msat: Msat::from_msat(self.field(Column::HtlcMax, "a whole number of 64 bits")?),
            disabled,
            last_update: UnixTime::from_secs(self.field(Column::LastUpdate, "Unix seconds of 32 bits")?),
        };
        Ok(Some((direction, policy)))
    }
}

fn add_row(graph: &mut GraphBuilder, row: &Row<'_>) -> Result<(), CsvError> {
    let line = row.line;
    let short_channel_id: ShortChannelId = row.field(Column::Scid, "BLOCKxTRANSACTIONxOUTPUT")?;
    let node_id_1: NodeId = row.field(Column::Node1, "66 hexadecimal digits that begin with 02 or 03")?;
    let node_id_2: NodeId = row.field(Column::Node2, "66 hexadecimal digits that begin with 02 or 03")?;
    let (capacity, policy) = (row.capacity()?, row.policy()?);
    let build = |error| CsvError::Build { line, error };
    match graph.channel(short_channel_id) {
        None => graph
            .add_channel(short_channel_id, node_id_1, node_id_2, capacity, &Features::default())
            .map_err(build)?,
        Some(known) => {
            let nodes = known.nodes.map(|place| graph.nodes()[place as usize]);
            if nodes != [node_id_1, node_id_2] || known.capacity != capacity {
                return Err(CsvError::Contradiction { line, short_channel_id });
            }
            if policy.is_none_or(|(direction, _)| known.policies[direction.as_usize()].is_some()) {
                return Err(CsvError::Repeated { line, short_channel_id });
            }
        }
    }
    match policy {
        Some((direction, policy)) => graph.set_policy(short_channel_id, direction, policy).map_err(build),
        None => Ok(()),
    }
}

/// Refuses a line that is longer than any row can be, before a parser collects it.
struct LineGuard<R> {
    inner: R,
    /// The line that is being read, from 1.
    line: u64,
    line_size: usize,
}

impl<R> LineGuard<R> {
    /// The line that no line break has ended yet, if any of it was read.
    fn unended_line(&self) -> Option<u64> {
        (self.line_size > 0).then_some(self.line)
    }
}

impl<R: Read> Read for LineGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        for piece in buffer[..count].split_inclusive(|&byte| byte == b'\n') {
            self.line_size += piece.len();
            if self.line_size > LINE_SIZE_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if piece.last() == Some(&b'\n') {
                (self.line, self.line_size) = (self.line + 1, 0);
            }
        }
        Ok(count)
    }
}

/// Bytes in one line of a CSV; a full row has some 300.
pub const LINE_SIZE_MAX: usize = 4096;

/// Why a CSV was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The input failed; `InvalidData` where a line exceeds [`LINE_SIZE_MAX`].
    #[error("the input failed ({kind}); a line has at most {LINE_SIZE_MAX} bytes")]
    Io {
        /// What failed.
        kind: io::ErrorKind,
    },
    /// The header lacks a column.
    #[error("line 1: the header has no column `{column}`")]
    MissingColumn {
        /// The column that is needed.
        column: &'static str,
    },
    /// A row is longer or shorter than the header.
    #[error("line {line}: expected {expected} fields as in the header, found {found}")]
    FieldCount {
        /// The line, from 1.
        line: u64,
        /// Fields in the header.
        expected: u64,
        /// Fields in the row.
        found: u64,
    },
    /// A field does not hold what its column promises.
    #[error("line {line}, column `{column}`: expected {expected}")]
    Field {
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: &'static str,
        /// What would have been right.
        expected: &'static str,
    },
    /// A direction that an earlier row described already, or a row without one for a channel that is known.
    #[error("line {line}: channel {short_channel_id} has this direction in an earlier row already")]
    Repeated {
        /// The line, from 1.
        line: u64,
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// Other nodes or another capacity than in an earlier row.
    #[error("line {line}: an earlier row gives channel {short_channel_id} other nodes or another capacity")]
    Contradiction {
        /// The line, from 1.
        line: u64,
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// The row does not fit the graph.
    #[error("line {line}: {error}")]
    Build {
        /// The line, from 1.
        line: u64,
        /// Why not.
        error: BuildError,
    },
}

impl CsvError {
    fn from_csv(error: ::csv::Error) -> Self {
        match error.kind() {
            ErrorKind::Io(error) => CsvError::Io { kind: error.kind() },
            ErrorKind::UnequalLengths { pos, expected_len, len } => CsvError::FieldCount {
                line: pos.as_ref().map_or(0, ::csv::Position::line),
                expected: *expected_len,
                found: *len,
            },
            // Byte records have no other errors; the enum is not ours.
            _ => CsvError::Io { kind: io::ErrorKind::InvalidData },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: &[&str]) -> String {
        let (one, two) = ("02".repeat(33), "03".repeat(33));
        let rows: String =
            rows.iter().map(|row| row.replace("N1", &one).replace("N2", &two) + "\n").collect();
        COLUMNS.join(",") + "\n" + &rows
    }

    fn error(rows: &[&str]) -> String {
        read_csv(file(rows).as_bytes()).expect_err("wrong").to_string()
    }

    #[test]
    fn absurd_values_are_kept_exactly() {
        let text = file(&["1x2x3,N1,N2,5,1,4294967295,4294967295,65535,9,0,1,4294967295,-2147483648,-1"]);
        let (graph, _) = read_csv(text.as_bytes()).expect("well formed");
        let channel = graph.channel("1x2x3".parse().expect("valid")).expect("read");
        let policy = channel.policies[1].expect("read");
        assert_eq!(policy.fee, Fee { fee_base_msat: u32::MAX, fee_proportional_millionths: u32::MAX });
        assert_eq!((policy.htlc_minimum_msat, policy.htlc_maximum_msat), (Msat::from_msat(9), Msat::ZERO));
        let mut written = Vec::new();
        write_csv(&graph, &mut written).expect("a vector");
        assert_eq!(written, text.as_bytes());
    }

    #[test]
    fn channel_without_policy_has_a_row() {
        let text = file(&["1x2x3,N1,N2,,,,,,,,,,,", "4x5x6,N1,N2,7,0,1,2,3,4,5,0,6,0,0"]);
        let (graph, _) = read_csv(text.as_bytes()).expect("well formed");
        assert_eq!(graph.channels()[0].capacity, None);
        let mut written = Vec::new();
        write_csv(&graph, &mut written).expect("a vector");
        assert_eq!(written, text.as_bytes());
    }

    #[test]
    fn a_policy_has_a_direction() {
        let error = error(&["1x2x3,N1,N2,7,,1,2,3,4,5,0,6,0,0"]);
        assert!(error.contains("line 2") && error.contains("dir") && error.contains("0 or 1"), "{error}");
    }

    #[test]
    fn columns_go_by_name_and_inbound_fees_may_lack() {
        let (one, two) = ("02".repeat(33), "03".repeat(33));
        let text = format!(
            "scid,note,node2,node1,capacity_sat,dir,base_msat,ppm,cltv,htlc_min,htlc_max,disabled,last_update\r\n\
             9,x,{two},{one},10,0,1,2,3,4,5,0,6\r\n"
        );
        let (graph, _) = read_csv(text.as_bytes()).expect("well formed");
        assert_eq!(graph.channels()[0].policies[0].expect("read").inbound_fee, InboundFee::ZERO);
    }

    #[test]
    fn errors_name_line_column_and_expectation() {
        let good = "1x2x3,N1,N2,5,1,1,1,1,1,1,1,1,0,0";
        let second = |row| error(&[good, row]);
        assert_eq!(
            second("7x7x7,N1,N2,5,1,4294967296,1,1,1,1,1,1,0,0"),
            "line 3, column `base_msat`: expected a whole number of 32 bits"
        );
        assert!(
            second("7x7x7,N1,N2,5,2,1,1,1,1,1,1,1,0,0").starts_with("line 3, column `dir`: expected 0, 1")
        );
        assert!(second("7x7x7,N1,N2,+5,1,1,1,1,1,1,1,1,0,0").contains("column `capacity_sat`"));
        assert!(second("7x7x7,N1,zz,5,1,1,1,1,1,1,1,1,0,0").contains("column `node2`: expected 66"));
        assert_eq!(second("1x2x3,N1,N2"), "line 3: expected 14 fields as in the header, found 3");
        assert!(second(good).contains("line 3: channel 1x2x3 has this direction"));
        assert!(second("1x2x3,N1,N2,6,0,1,1,1,1,1,1,1,0,0").contains("another capacity"));
        assert!(second("7x7x7,N2,N1,5,1,1,1,1,1,1,1,1,0,0").contains("node_id_1 must be less"));
        assert_eq!(
            read_csv(&b"scid,node1\n"[..]).expect_err("wrong").to_string(),
            "line 1: the header has no column `node2`"
        );
    }

    #[test]
    fn a_line_without_end_is_refused_early() {
        let endless = COLUMNS.join(",").into_bytes();
        let input = endless.as_slice().chain(io::repeat(b'7'));
        assert_eq!(read_csv(input).err(), Some(CsvError::Io { kind: io::ErrorKind::InvalidData }));
    }
}
