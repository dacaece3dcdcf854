//! Answers rows of queries: in parallel, in their order, while they still arrive.
//!
//! ```text
//! reader thread --rows--> bounded queue --what is there, at most a chunk--> threads --> lines, in order
//! ```
//! A row is answered as soon as the chunk before it is, so a program that writes one row and waits gets its answer;
//! memory is bounded by the queue and one chunk of answers.

use std::io::Write;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use engine::query::RouteQuery;
use engine::router::RouteError;
use engine::snapshot::Snapshot;
use rayon::ThreadPool;
use rayon::prelude::*;
use server::json::RefusalJson;

use crate::exit::{Failure, Outcome, outcome_of};
use crate::queries_file::{Row, Rows};
use crate::query_flags::with_ends;
use crate::threads::Workspaces;
use crate::wanted::{Found, WantedFlags};

/// What became of all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    /// With a route.
    pub(crate) route_count: u64,
    /// Certainly without one.
    pub(crate) no_route_count: u64,
    /// Given up.
    pub(crate) given_up_count: u64,
    /// That make no query, or a wrong one.
    pub(crate) bad_count: u64,
}

/// Writes one line of JSON for each row, and tells after each chunk how many bytes of the rows' file are done. Where rows
/// cannot be read any more, those before are answered all the same.
pub(crate) fn answer(
    snapshot: &Snapshot,
    template: &RouteQuery,
    wanted: WantedFlags,
    rows: Rows,
    pool: &ThreadPool,
    out: &mut impl Write,
    mut on_done: impl FnMut(u64),
) -> Result<Tally, Failure> {
    let (sender, receiver) = sync_channel(CHUNK_ROWS);
    // Not a scoped thread: where the output breaks, nobody waits for a reader that waits for the input.
    thread::spawn(move || {
        let _ = rows.into_iter().try_for_each(|row| sender.send(row));
    });
    let spaces = Workspaces::default();
    let mut tally = Tally::default();
    while let Some(chunk) = next_chunk(&receiver) {
        let mut failure = None;
        let readable = chunk.into_iter().filter_map(|row| row.map_err(|error| failure = Some(error)).ok());
        let rows: Vec<Row> = readable.collect();
        let answers: Vec<Answer> = pool.install(|| {
            let each = rows.par_iter().map_init(
                || spaces.take(),
                |space, row| answer_row(row, template, |query| wanted.find(snapshot, query, space)),
            );
            each.collect()
        });
        for answer in answers {
            tally.add(answer.outcome);
            out.write_all(&answer.line)?;
        }
        out.flush()?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        on_done(rows.last().map_or(0, |row| row.end));
    }
    Ok(tally)
}

/// A line of output.
struct Answer {
    line: Vec<u8>,
    outcome: Outcome,
}

/// Waits for a row, then takes what is there.
fn next_chunk(receiver: &Receiver<Result<Row, Failure>>) -> Option<Vec<Result<Row, Failure>>> {
    let mut chunk = vec![receiver.recv().ok()?];
    chunk.extend(receiver.try_iter().take(CHUNK_ROWS - 1));
    Some(chunk)
}

fn answer_row(
    row: &Row,
    template: &RouteQuery,
    ask: impl FnOnce(&RouteQuery) -> Result<Found, RouteError>,
) -> Answer {
    let payment = match &row.payment {
        Ok(payment) => payment,
        Err(message) => {
            let refusal = RefusalJson::of_row(row.line, message.clone());
            return Answer { line: line(&refusal), outcome: Outcome::BadInput };
        }
    };
    let query = with_ends(template, payment.payer, payment.payee, payment.amount);
    match ask(&query) {
        Ok(found) => Answer { line: line(&found.to_json(&query)), outcome: Outcome::Done },
        Err(error) => {
            let refusal = RefusalJson::new(&query, &error, error.to_string());
            Answer { line: line(&refusal), outcome: outcome_of(&error) }
        }
    }
}

fn line(value: &impl serde::Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("plain structs have a JSON form");
    line.push(b'\n');
    line
}

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Done => &mut self.route_count,
            Outcome::NoRoute => &mut self.no_route_count,
            Outcome::WorkLimit => &mut self.given_up_count,
            Outcome::BadInput => &mut self.bad_count,
        } += 1;
    }

    /// How many rows there were.
    pub(crate) fn row_count(&self) -> u64 {
        self.route_count + self.no_route_count + self.given_up_count + self.bad_count
    }

    /// How the command ends: that there is no route is an answer, too.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Tally { bad_count: 1.., .. } => Outcome::BadInput,
            Tally { given_up_count: 1.., .. } => Outcome::WorkLimit,
            _ => Outcome::Done,
        }
    }
}

/// Rows in a chunk: enough to keep many threads busy, few enough to answer within milliseconds.
const CHUNK_ROWS: usize = 1024;
