//! The body of a batch: its lines are the same however it is cut into pieces, each is read as a query, and none is longer
//! than it may be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::http::native::Lines;
use server::http::read_json;
use server::json::QueryJson;

fuzz_target!(|bytes: &[u8]| {
    let [piece_size, line_size_max, text @ ..] = bytes else { return };
    let (piece_size, line_size_max) = (usize::from(*piece_size) + 1, 4 * (usize::from(*line_size_max) + 1));
    let expected = expected(text, line_size_max);
    let mut lines = Lines::new(line_size_max);
    let mut pieces = text.chunks(piece_size);
    let mut count = 0;
    loop {
        while lines.is_waiting() {
            match pieces.next() {
                Some(piece) => lines.take(piece),
                None => lines.end(),
            }
        }
        let Some(chunk) = lines.next_chunk() else { break };
        assert_eq!(chunk.first_line, count as u64 + 1);
        assert!((1..=64).contains(&chunk.lines.len()));
        for line in &chunk.lines {
            let line = line.as_deref().ok();
            assert_eq!(line, expected[count]);
            if let Some(text) = line {
                let _ = read_json::<QueryJson>(text).map(|query| query.to_query());
            }
            count += 1;
        }
    }
    assert_eq!(count, expected.len());
});

/// The lines of a text that are not empty, up to the first that is too long; that one is `None`.
fn expected(text: &[u8], line_size_max: usize) -> Vec<Option<&[u8]>> {
    let mut lines = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        if line.len() > line_size_max {
            lines.push(None);
            break;
        }
        if !line.trim_ascii().is_empty() {
            lines.push(Some(line));
        }
    }
    lines
}
