//! A progress bar for what takes long: on a terminal only, and only after two seconds.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that stays hidden until the work proves long. Cleared when dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
    is_pending: bool,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes of a file.
    Bytes,
    /// Channels of a graph.
    Channels,
    /// Nodes of a graph.
    Nodes,
    /// Queries.
    Queries,
    /// Payments.
    Payments,
}

impl Progress {
    /// A bar of `length` units; without a length it only counts.
    pub(crate) fn new(unit: Unit, length: Option<u64>, verb: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        let template = match unit {
            Unit::Bytes => "{msg} {wide_bar} {bytes}/{total_bytes} {eta}",
            Unit::Channels => "{msg} {wide_bar} {human_pos}/{human_len} channels {eta}",
            Unit::Nodes => "{msg} {wide_bar} {human_pos}/{human_len} nodes {eta}",
            Unit::Payments => "{msg} {wide_bar} {human_pos}/{human_len} payments {eta}",
            Unit::Queries => "{msg} {wide_bar} {human_pos}/{human_len} queries {eta}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(verb);
        Progress { bar, started: Instant::now(), is_pending: stderr().is_terminal() }
    }

    /// Tells how far the work is.
    pub(crate) fn set(&mut self, position: u64) {
        if self.is_pending && self.started.elapsed() > PATIENCE {
            self.is_pending = false;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(position);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// What is done by then needs no bar.
const PATIENCE: Duration = Duration::from_secs(2);
