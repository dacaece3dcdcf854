//! Wall clock and processor time of what takes turns.

use std::time::{Duration, Instant};

use benches::summary::median;
use rustix::time::{ClockId, clock_gettime};

/// What one contender took in each round.
#[derive(Debug, Default)]
pub(super) struct Turns {
    wall: Vec<Duration>,
    processor: Vec<Duration>,
}

impl Turns {
    /// Does `work` once; returns what it took by the wall clock.
    pub(super) fn take(&mut self, work: impl FnOnce()) -> Duration {
        let (before, began) = (processor(), Instant::now());
        work();
        let wall = began.elapsed();
        self.wall.push(wall);
        self.processor.push(processor().saturating_sub(before));
        wall
    }
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

/// Processor time of all threads of this process.
fn processor() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
