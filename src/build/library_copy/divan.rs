//! Recipes for divan and its fork.
//!
//! The hook sits in the loop of a benchmark, where its closures have become a function that runs so many iterations and
//! reads divan's clock before and after. What goes on around that, generating inputs and dropping outputs, stays outside of
//! the timed part, as divan's authors wrote it. Names and skipping hook into the painter of divan's tree, which comes to every
//! benchmark by its full path, arguments, types and numbers of threads included.

use super::edit::{Replacement, Versions};

const LIB: &str = "src/lib.rs";
const MAIN: &str = "src/divan.rs";
const PAINTER: &str = "src/tree_painter.rs";
const CLOCK: &str = "src/time/timestamp/mod.rs";
/// Where the loop is: before 0.1.18, and since.
const BENCH: &str = "src/bench/mod.rs";
const BENCHMARK: &str = "src/benchmark/mod.rs";

/// The readme is not copied. A copied dependency is not exempt from lints, so the copy has to ask for it.
const NO_README: Replacement = Replacement {
    file: LIB,
    old: "#![doc = include_str!(\"../README.md\")]\n",
    new: "#![allow(warnings, future_incompatible)]\n",
};

const MODULE_LINES: Replacement = Replacement {
    file: LIB,
    old: "\nmod tree_painter;\n",
    new: "\nmod tree_painter;\nmod perfguard_counts;\nmod perfguard_divan;\nmod perfguard_turns;\n",
};

const START: Replacement = Replacement {
    file: MAIN,
    old: "    pub(crate) fn run_action(&self, action: Action) {\n",
    new: "    pub(crate) fn run_action(&self, action: Action) {\n        crate::perfguard_divan::begin();\n",
};

const SKIP: Replacement = Replacement {
    file: MAIN,
    old: "let mut bench_context = BenchContext::new(shared_context, options, thread_count);",
    new: "if !crate::perfguard_divan::wants(thread_count.get()) { continue; }
                let mut bench_context = BenchContext::new(shared_context, options, thread_count);",
};

/// Statistics of no samples are none.
const NO_STATISTICS: Replacement = Replacement {
    file: MAIN,
    old: "bench_context.did_run && shared_context.action.is_bench();",
    new: "bench_context.did_run && shared_context.action.is_bench()
                        && !crate::perfguard_divan::takes_turns();",
};

const ENTER: Replacement = Replacement {
    file: PAINTER,
    old: "    pub fn start_parent(&mut self, name: &str, is_last: bool) {\n",
    new: "    pub fn start_parent(&mut self, name: &str, is_last: bool) {
        crate::perfguard_divan::enter(name);\n",
};

const LEAVE: Replacement = Replacement {
    file: PAINTER,
    old: "    pub fn finish_parent(&mut self) {\n",
    new: "    pub fn finish_parent(&mut self) {\n        crate::perfguard_divan::leave();\n",
};

const LEAF: Replacement = Replacement {
    file: PAINTER,
    old: "    pub fn start_leaf(&mut self, name: &str, is_last: bool) {\n",
    new: "    pub fn start_leaf(&mut self, name: &str, is_last: bool) {
        crate::perfguard_divan::leaf(name);\n",
};

/// Counting begins after the clock was read …
const BEGIN: Replacement = Replacement {
    file: CLOCK,
    old: "            TimerKind::Tsc => Self { tsc: TscTimestamp::start() },
        };
        fence::compiler_fence();\n",
    new: "            TimerKind::Tsc => Self { tsc: TscTimestamp::start() },
        };
        crate::perfguard_counts::begin();
        fence::compiler_fence();\n",
};

/// … and is finished before it is read again.
const FINISH: Replacement = Replacement {
    file: CLOCK,
    old: "    pub fn end(timer_kind: TimerKind) -> Self {
        fence::compiler_fence();\n",
    new: "    pub fn end(timer_kind: TimerKind) -> Self {
        fence::compiler_fence();
        crate::perfguard_counts::finish();\n",
};

/// The replacements for a file with the loop, which takes a sample in one way or another, and for what samples are called.
macro_rules! replacements {
    ($file:expr, $sample:literal, $samples:literal) => {
        &[
            NO_README,
            MODULE_LINES,
            START,
            SKIP,
            NO_STATISTICS,
            ENTER,
            LEAVE,
            LEAF,
            BEGIN,
            FINISH,
            Replacement {
                file: $file,
                old: "        let record_sample = self.sample_recorder(gen_input, benched, drop_input);\n",
                new: concat!(
                    "        let record_sample = self.sample_recorder(gen_input, benched, drop_input);
        let timer_of_turns = self.shared_context.timer;
        let most_at_once = crate::perfguard_divan::most::<I, O>();
        let is_driven = crate::perfguard_divan::drive(self.thread_count.get(), most_at_once, &mut |size| {
            let [start, end] = ",
                    $sample,
                    ";
            end.duration_since(start, timer_of_turns).picos
        });
        if is_driven {
            return;
        }\n"
                ),
            },
            Replacement {
                file: $file,
                old: "    pub fn compute_stats(&self) -> Stats {\n",
                new: concat!(
                    "    pub fn compute_stats(&self) -> Stats {
        let mut durations_of_samples = self.samples.",
                    $samples,
                    ".iter().map(|sample| sample.duration.picos);
        crate::perfguard_divan::report(self.samples.sample_size as u32, &mut durations_of_samples);\n"
                ),
            },
        ]
    };
}

/// Since 0.1.16.
const OF_BENCH: &[Replacement] =
    replacements!(BENCH, "record_sample(size as usize, None, &mut |_| {}).0", "time_samples");

/// divan itself.
pub(super) const DIVAN: &[Versions] = &[
    (
        (0, 1, 0)..(0, 1, 6),
        replacements!(
            BENCH,
            "record_sample(size as usize, None, &mut DeferStore::default(), &mut |_| {})",
            "all"
        ),
    ),
    (
        (0, 1, 6)..(0, 1, 16),
        replacements!(
            BENCH,
            "record_sample(size as usize, None, &mut DeferStore::default(), &mut |_| {}).0",
            "time_samples"
        ),
    ),
    ((0, 1, 16)..(0, 1, 18), OF_BENCH),
    (
        (0, 1, 18)..(0, 2, 0),
        replacements!(BENCHMARK, "record_sample(size as usize, None, &mut |_| {}).0", "time_samples"),
    ),
];

/// The fork that `codspeed-divan-compat` hands on: all of its releases began with divan 0.1.17.
pub(super) const CODSPEED: &[Versions] =
    &[((0, 1, 17)..(0, 1, 18), OF_BENCH), ((2, 8, 0)..(7, 0, 0), OF_BENCH)];
