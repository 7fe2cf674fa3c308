//! A command as a harness: it is its own only benchmark.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::domain::{BuiltBench, Launch, SampleSet};
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::harness::{Capabilities, Counting, Harness};
use crate::measure::homes::Homes;
use crate::measure::invocation::Invocation;
use crate::measure::listing::{ListedBenchmark, Listing};
use crate::measure::options::LaunchOptions;
use crate::measure::whole::{self as launch, Ended};
use crate::support::scratch::Scratch;

/// The most launches that make one set of samples.
pub(super) const MOST_LAUNCHES: u32 = 25;

/// Whole commands.
#[derive(Debug, Clone, Copy)]
pub struct Command;

impl Harness for Command {
    fn capabilities(&self, bench: &BuiltBench) -> Capabilities {
        Capabilities::from_outside(bench, cfg!(unix))
    }

    fn is_whole_process(&self) -> bool {
        true
    }

    fn counting(&self) -> Counting {
        Counting::Process
    }

    fn invocation(&self, bench: &BuiltBench, _: &ListedBenchmark, folder: &Path) -> Invocation {
        invocation(bench, folder)
    }

    fn list(&self, bench: &BuiltBench, _: &Path, _: Duration) -> Result<Listing, LaunchFailure> {
        let name = launch::command(bench)?.name.clone();
        Ok(Listing { version: [0; 3], benchmarks: vec![ListedBenchmark::new(name.clone(), name, 0)] })
    }

    /// Launches one after the other, until the time for a measurement is spent. The first is not counted.
    fn launch(
        &self,
        bench: &BuiltBench,
        _: &Listing,
        _: &ListedBenchmark,
        options: &LaunchOptions,
        scratch: &Path,
    ) -> Result<Launch, LaunchFailure> {
        let command = launch::command(bench)?;
        let start = Instant::now();
        let mut totals = Vec::new();
        let once = |at: usize| {
            let folder = scratch.join(format!("{at:02}"));
            let invocation = invocation(bench, &folder);
            launch::prepare(command, &invocation, options.time_limit)?;
            launch::once(command, &invocation, options.time_limit).map(|ended| ended.nanoseconds())
        };
        let first = once(0)?;
        for at in 1..=launches(first, options.measurement) {
            totals.push(once(at)?);
        }
        let samples = SampleSet::timed(&vec![1.0; totals.len()], &totals).map_err(FailureKind::Nonsense)?;
        Ok(Launch { samples, cpu: None, seconds: start.elapsed().as_secs_f64() })
    }
}

/// How a command is started.
pub(super) fn invocation(bench: &BuiltBench, folder: &Path) -> Invocation {
    let invocation = Invocation::of(bench).temporary_below(folder);
    let Some(command) = bench.unit.command() else { return invocation };
    let variables = command.env.iter();
    let invocation = variables.fold(invocation, |invocation, (name, value)| invocation.env(name, value));
    invocation.args(&command.args)
}

/// One launch, in a tree as it was built.
///
/// # Errors
/// The tree could not be put back to what it was; the command could not be prepared or did not end well.
pub(super) fn afresh(
    homes: &RefCell<dyn Homes>,
    bench: &BuiltBench,
    limit: Duration,
) -> Result<Ended, LaunchFailure> {
    let home = &bench.home;
    let entered = {
        let mut homes = homes.borrow_mut();
        homes.refresh(home).and_then(|()| homes.enter(home))
    };
    entered.map_err(FailureKind::Home)?;
    let command = launch::command(bench)?;
    // Its path always has the same length: the environment's size moves the stack.
    let folder = Scratch::new().map_err(FailureKind::Unstartable)?;
    let invocation = invocation(bench, folder.path());
    launch::prepare(command, &invocation, limit)?;
    launch::once(command, &invocation, limit)
}

/// How many launches fill a measurement, when one takes so many nanoseconds.
pub(super) fn launches(nanoseconds: f64, measurement: Duration) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cut to the range of the integer, and what is no number becomes 0"
    )]
    let fitting = (measurement.as_nanos() as f64 / nanoseconds) as u32;
    fitting.clamp(1, MOST_LAUNCHES) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_commands_are_launched_often_and_long_ones_once() {
        let measurement = Duration::from_millis(50);
        assert_eq!(launches(1e6, measurement), 25);
        assert_eq!(launches(1e7, measurement), 5);
        assert_eq!(launches(3e9, measurement), 1);
        assert_eq!([0.0, f64::NAN].map(|none| launches(none, measurement)), [25, 1]);
    }
}
