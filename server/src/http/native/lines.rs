//! The lines of a batch, however the pieces are cut in which its body comes.

use std::collections::VecDeque;

use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};

use crate::http::body::too_large;
use crate::http::problem::Problem;

/// Lines that are read while the rest of them still comes. Holds no more than what came at once, and one line.
#[derive(Debug)]
pub struct Lines {
    rest: BytesMut,
    ready: VecDeque<Result<Bytes, Problem>>,
    next_line: u64,
    line_size_max: usize,
    is_over: bool,
}

/// Some lines that came together, 64 at most.
#[derive(Debug)]
pub struct Chunk {
    /// The number of the first one, from 1; empty lines have none.
    pub first_line: u64,
    /// Their text. Only the last line of all may be refused.
    pub lines: Vec<Result<Bytes, Problem>>,
}

impl Lines {
    /// No lines yet, of which each may have so many bytes, its end included.
    pub fn new(line_size_max: usize) -> Self {
        Lines { rest: BytesMut::new(), ready: VecDeque::new(), next_line: 1, line_size_max, is_over: false }
    }

    /// Whether no line is there, and more may come.
    pub fn is_waiting(&self) -> bool {
        self.ready.is_empty() && !self.is_over
    }

    /// Takes a piece of the body. A line that is too long is refused, and ends the batch.
    pub fn take(&mut self, bytes: &[u8]) {
        let mut pieces = bytes.split_inclusive(|&byte| byte == b'\n');
        while let Some(piece) = pieces.next().filter(|_| !self.is_over) {
            self.rest.extend_from_slice(&piece[..piece.len().min(self.line_size_max + 1)]);
            if self.rest.len() > self.line_size_max {
                let hint = "write one query a line, and shorter lists in it";
                self.refuse(too_large("the line", self.line_size_max, hint));
            } else if piece.ends_with(b"\n") {
                self.push();
            }
        }
    }

    /// The body ends here: what came last is a line, even where no end of line came.
    pub fn end(&mut self) {
        if !self.is_over {
            self.push();
            self.is_over = true;
        }
    }

    /// The body ends before its end, with a line that is refused for this.
    pub(super) fn fail(
        &mut self,
        (status, code): (StatusCode, &'static str),
        detail: &str,
        hint: &'static str,
    ) {
        let title = "The body cannot be read";
        self.refuse(Problem::new(status, code, title, detail).with_hint(hint));
    }

    fn refuse(&mut self, problem: Problem) {
        self.ready.push_back(Err(problem));
        self.is_over = true;
    }

    /// Of the lines that are there, as many as may be answered together; none where none is there.
    pub fn next_chunk(&mut self) -> Option<Chunk> {
        // As many lines as one of the largest size takes room, so that long ones do not add up.
        let sizes = self.ready.iter().map(|line| line.as_ref().map_or(0, Bytes::len));
        let ends = sizes.scan(0, |end, size| {
            *end += size;
            Some(*end)
        });
        let fitting = ends.take(CHUNK_LINES).take_while(|&end| end <= self.line_size_max).count();
        let count = fitting.max(1).min(self.ready.len());
        if count == 0 {
            return None;
        }
        let first_line = self.next_line;
        self.next_line += count as u64;
        Some(Chunk { first_line, lines: self.ready.drain(..count).collect() })
    }

    fn push(&mut self) {
        let line = self.rest.split().freeze();
        // Empty lines keep a connection alive, and are not answered.
        if !line.trim_ascii().is_empty() {
            self.ready.push_back(Ok(line));
        }
    }
}

/// Lines that one thread answers together: a millisecond of searches.
const CHUNK_LINES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as they come out, `None` for one that was refused.
    fn split(text: &[u8], piece: usize, line_size_max: usize) -> Vec<(u64, Option<Bytes>)> {
        let mut lines = Lines::new(line_size_max);
        let mut out = Vec::new();
        let mut pieces = text.chunks(piece);
        loop {
            while lines.is_waiting() {
                match pieces.next() {
                    Some(piece) => lines.take(piece),
                    None => lines.end(),
                }
            }
            let Some(chunk) = lines.next_chunk() else { return out };
            assert!((1..=CHUNK_LINES).contains(&chunk.lines.len()));
            out.extend((chunk.first_line..).zip(chunk.lines.into_iter().map(Result::ok)));
        }
    }

    #[test]
    fn lines_are_those_of_the_text_however_it_comes() {
        let text = b"one\n\n  \ntwo two\r\nthree\n4";
        for piece in 1..text.len() + 1 {
            let lines = split(text, piece, 100);
            let trimmed: Vec<_> =
                lines.iter().map(|(at, line)| (*at, line.as_deref().map(<[u8]>::trim_ascii))).collect();
            let expected: [(u64, Option<&[u8]>); 4] =
                [(1, Some(b"one")), (2, Some(b"two two")), (3, Some(b"three")), (4, Some(b"4"))];
            assert_eq!(trimmed, expected, "pieces of {piece}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_ends_the_batch() {
        let text = b"short\nmuch too long for the limit\nshort\n";
        for piece in 1..text.len() + 1 {
            let lines = split(text, piece, 10);
            assert_eq!(lines.len(), 2, "pieces of {piece}");
            assert_eq!(lines[1], (2, None));
        }
        assert_eq!(split(b"0123456789\n", 3, 11).len(), 1);
    }

    #[test]
    fn many_lines_make_many_chunks() {
        let text = b"a\n".repeat(2 * CHUNK_LINES + 1);
        let lines = split(&text, text.len(), 10);
        assert_eq!(lines.len(), 2 * CHUNK_LINES + 1);
        assert!(lines.iter().zip(1..).all(|((at, _), line)| *at == line));
    }
}
