//! Wall clock and processor time of what takes turns.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use benches::clock::process_time;
use benches::summary::median;

/// What one contender took in each round.
#[derive(Debug, Default)]
pub(super) struct Turns {
    wall: Vec<Duration>,
    processor: Vec<Duration>,
}

impl Turns {
    /// Does `work` once; returns what it took by the wall clock.
    pub(super) fn take(&mut self, work: impl FnOnce()) -> Duration {
        let watch = Watch::start();
        work();
        self.push(watch.read())
    }

    /// Takes note of what was measured elsewhere; returns what it took by the wall clock.
    pub(super) fn push(&mut self, [wall, processor]: [Duration; 2]) -> Duration {
        self.wall.push(wall);
        self.processor.push(processor);
        wall
    }
}

/// Both clocks at one moment.
#[derive(Debug)]
pub(super) struct Watch {
    began: Instant,
    processor: Duration,
}

impl Watch {
    pub(super) fn start() -> Self {
        Watch { processor: process_time(), began: Instant::now() }
    }

    /// What has passed since, by the wall clock and of processor time.
    pub(super) fn read(&self) -> [Duration; 2] {
        [self.began.elapsed(), process_time().saturating_sub(self.processor)]
    }
}

/// Some threads of this process, by their numbers.
#[derive(Debug)]
pub(super) struct Threads(Vec<PathBuf>);

impl Threads {
    /// Those that `work` starts and leaves.
    pub(super) fn of<R>(work: impl FnOnce() -> R) -> (R, Self) {
        let before = threads();
        let result = work();
        let started = threads().into_iter().filter(|thread| !before.contains(thread));
        (result, Threads(started.collect()))
    }

    /// The processor time that they have taken; zero where the system does not tell.
    pub(super) fn time(&self) -> Duration {
        let nanos = |thread: &PathBuf| -> Option<u64> {
            fs::read_to_string(thread.join("schedstat")).ok()?.split_ascii_whitespace().next()?.parse().ok()
        };
        Duration::from_nanos(self.0.iter().filter_map(nanos).sum())
    }
}

fn threads() -> Vec<PathBuf> {
    let folder = fs::read_dir("/proc/self/task").into_iter().flatten();
    folder.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// Prints how much of `ours` the `yardstick` took: 1 is as fast as it.
pub(super) fn print_share(name: &str, yardstick: &Turns, ours: &Turns) {
    let [wall, processor] = shares(yardstick, ours);
    println!("ratio {name}: {wall:.3} by the wall clock, {processor:.3} by processor time");
}

/// Prints how many times as long `ours` took as the `yardstick`.
pub(super) fn print_times(name: &str, yardstick: &Turns, ours: &Turns) {
    let [wall, processor] = shares(ours, yardstick);
    println!("ratio {name}: {wall:.2} times by the wall clock, {processor:.2} times by processor time");
}

/// Medians of the rounds' quotients.
fn shares(over: &Turns, under: &Turns) -> [f64; 2] {
    let share = |over: &[Duration], under: &[Duration]| {
        median(over.iter().zip(under).map(|(over, under)| over.as_secs_f64() / under.as_secs_f64()))
    };
    [share(&over.wall, &under.wall), share(&over.processor, &under.processor)]
}
