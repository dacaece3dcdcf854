//! The readers between a file and a parser: one counts what is read, one bounds what zstd makes of it.
//!
//! Parsers see plain `std::io` errors. What really went wrong is left in the [`Meter`], because a parser may turn an
//! input error into its own, which names less.

use std::cell::Cell;
use std::io::{self, Read};

use super::detect::PREFIX_SIZE;

/// What passed through the readers of one import, and what stopped them.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Bytes of the file.
    pub(super) bytes_in: Cell<u64>,
    /// Bytes after decompression.
    pub(super) bytes_out: Cell<u64>,
    /// The first failure.
    pub(super) fault: Cell<Option<Fault>>,
}

/// Why reading stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The input itself failed.
    Io(io::ErrorKind),
    /// Not a sound zstd stream.
    Zstd,
    /// More data than is accepted.
    TooLarge,
}

impl Meter {
    fn record(&self, fault: Fault) {
        if self.fault.get().is_none() {
            self.fault.set(Some(fault));
        }
    }
}

/// Counts the bytes of the file and reports the progress.
pub(super) struct Metered<'a, R> {
    inner: R,
    meter: &'a Meter,
    progress: &'a mut dyn FnMut(u64),
}

impl<'a, R> Metered<'a, R> {
    pub(super) fn new(inner: R, meter: &'a Meter, progress: &'a mut dyn FnMut(u64)) -> Self {
        Metered { inner, meter, progress }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.meter.record(Fault::Io(error.kind()));
            }
        })?;
        let total = self.meter.bytes_in.get().saturating_add(count as u64);
        self.meter.bytes_in.set(total);
        (self.progress)(total);
        if total > INPUT_SIZE_MAX {
            self.meter.record(Fault::TooLarge);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(count)
    }
}

/// Stops a decompressor that makes too much of its input.
pub(super) struct Bounded<'a, R> {
    inner: R,
    meter: &'a Meter,
}

impl<'a, R> Bounded<'a, R> {
    pub(super) fn new(inner: R, meter: &'a Meter) -> Self {
        Bounded { inner, meter }
    }
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.meter.record(Fault::Zstd);
            }
        })?;
        let total = self.meter.bytes_out.get().saturating_add(count as u64);
        self.meter.bytes_out.set(total);
        let expanded = self.meter.bytes_in.get().saturating_mul(EXPANSION_MAX).saturating_add(EXPANSION_FREE);
        if total > expanded.min(INPUT_SIZE_MAX) {
            self.meter.record(Fault::TooLarge);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(count)
    }
}

/// Reads the beginning of a file, as much of it as [`super::detect`] wants.
pub(super) fn read_prefix(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut prefix = vec![0; PREFIX_SIZE];
    let count = read_full(input, &mut prefix)?;
    prefix.truncate(count);
    Ok(prefix)
}

/// Fills `buffer`, or as much of it as there is input left for; returns how much.
pub(super) fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Bytes of one import, before and after decompression: 8 GiB, a hundred times the largest form of today's graph.
pub const INPUT_SIZE_MAX: u64 = 8 << 30;
/// Bytes that one byte of zstd may become. Graphs shrink 7- to 30-fold; a bomb grows more than 10,000-fold.
pub const EXPANSION_MAX: u64 = 200;
/// Bytes that are free of [`EXPANSION_MAX`], because a short file may honestly repeat itself.
const EXPANSION_FREE: u64 = 16 << 20;
/// Log2 of zstd's window and so of its memory: 128 MiB, which the `--long` option of the tool does not exceed.
pub(super) const WINDOW_LOG_MAX: u32 = 27;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_counts_each_byte_once() {
        let (meter, mut seen) = (Meter::default(), Vec::new());
        let mut progress = |bytes| seen.push(bytes);
        let mut input = Metered::new(&[1u8; 700][..], &meter, &mut progress);
        assert_eq!(read_prefix(&mut input).expect("a slice").len(), PREFIX_SIZE);
        assert_eq!(read_prefix(&mut input).expect("a slice").len(), 700 - PREFIX_SIZE);
        assert_eq!(meter.bytes_in.get(), 700);
        assert_eq!(seen.last(), Some(&700));
    }

    #[test]
    fn a_stream_that_swells_is_stopped() {
        let meter = Meter::default();
        let mut bomb = Bounded::new(io::repeat(0), &meter);
        let error = io::copy(&mut bomb, &mut io::sink()).expect_err("endless");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(meter.fault.get(), Some(Fault::TooLarge));
    }
}
