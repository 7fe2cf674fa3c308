//! How long a run is in each of its stages. Stages lie within each other like calls; a second belongs to the innermost one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::domain::{Event, Progress, Stage, StageTime};

/// Takes the time of stages, and tells whoever watches everything.
pub(crate) struct Stopwatch<'a> {
    watcher: &'a dyn Progress,
    clock: RefCell<Clock>,
}

impl fmt::Debug for Stopwatch<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stopwatch").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// A stage, until this is dropped.
pub(crate) struct Within<'a>(&'a dyn Progress);

/// Enters a stage.
pub(crate) fn within(progress: &dyn Progress, stage: Stage) -> Within<'_> {
    progress.event(Event::Entered(stage));
    Within(progress)
}

impl Drop for Within<'_> {
    fn drop(&mut self) {
        self.0.event(Event::Left);
    }
}

impl<'a> Stopwatch<'a> {
    /// Begins now, with the first stage.
    pub(crate) fn start(watcher: &'a dyn Progress) -> Self {
        Self { watcher, clock: RefCell::new(Clock::new(Instant::now())) }
    }

    /// How long each stage took so far, and the whole, both in seconds.
    pub(crate) fn read(&self) -> (Vec<StageTime>, f64) {
        let clock = &mut self.clock.borrow_mut();
        clock.account(Instant::now());
        (clock.stages(), clock.last.saturating_duration_since(clock.start).as_secs_f64())
    }
}

impl Progress for Stopwatch<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Entered(stage) => self.clock.borrow_mut().enter(stage, Instant::now()),
            Event::Left => self.clock.borrow_mut().leave(Instant::now()),
            _ => {}
        }
        self.watcher.event(event);
    }
}

/// The arithmetic of it.
#[derive(Debug)]
struct Clock {
    start: Instant,
    /// Until when time is accounted for.
    last: Instant,
    /// The stages that were entered and not left, the innermost last.
    entered: Vec<Stage>,
    spent: BTreeMap<Stage, Duration>,
}

impl Clock {
    fn new(now: Instant) -> Self {
        Self { start: now, last: now, entered: Vec::new(), spent: BTreeMap::new() }
    }

    fn enter(&mut self, stage: Stage, now: Instant) {
        self.account(now);
        self.entered.push(stage);
    }

    fn leave(&mut self, now: Instant) {
        self.account(now);
        self.entered.pop();
    }

    /// Gives what passed since the last time to the stage it passed in.
    fn account(&mut self, now: Instant) {
        let stage = self.entered.last().copied().unwrap_or(Stage::Preparing);
        *self.spent.entry(stage).or_default() += now.saturating_duration_since(self.last);
        self.last = now;
    }

    fn stages(&self) -> Vec<StageTime> {
        let time = |(&stage, spent): (&Stage, &Duration)| StageTime { stage, seconds: spent.as_secs_f64() };
        self.spent.iter().map(time).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Silent;

    #[test]
    fn a_second_belongs_to_the_innermost_stage() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut clock = Clock::new(start);
        clock.enter(Stage::BaselineBuild, at(1));
        clock.enter(Stage::BenchTargets, at(3));
        clock.leave(at(6));
        clock.leave(at(10));
        clock.enter(Stage::Listing, at(15));
        clock.leave(at(21));
        // Once more than it was entered: no reason to stop a run.
        clock.leave(at(21));
        clock.account(at(22));
        let stages: Vec<(Stage, f64)> =
            clock.stages().into_iter().map(|time| (time.stage, time.seconds)).collect();
        let expected = [
            (Stage::Preparing, 1.0 + 5.0 + 1.0),
            (Stage::BenchTargets, 3.0),
            (Stage::BaselineBuild, 2.0 + 4.0),
            (Stage::Listing, 6.0),
        ];
        assert_eq!(stages, expected);
    }

    #[test]
    fn stages_are_left_where_their_scope_ends() {
        let stopwatch = Stopwatch::start(&Silent);
        {
            let _building = within(&stopwatch, Stage::CandidateBuild);
            drop(within(&stopwatch, Stage::BenchTargets));
            assert_eq!(stopwatch.clock.borrow().entered, [Stage::CandidateBuild]);
        }
        assert!(stopwatch.clock.borrow().entered.is_empty());
        let (stages, whole) = stopwatch.read();
        let names: Vec<Stage> = stages.iter().map(|time| time.stage).collect();
        assert_eq!(names, [Stage::Preparing, Stage::BenchTargets, Stage::CandidateBuild]);
        let sum: f64 = stages.iter().map(|time| time.seconds).sum();
        assert!((sum - whole).abs() < 1e-6, "{sum} {whole}");
    }
}
