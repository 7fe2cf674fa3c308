//! Recipes for Criterion and its forks.
//!
//! The hook sits in `analysis::common`, just before Criterion would sample: there a benchmark is about to be run for
//! real (not listed, tested or profiled), and a way to run it is at hand as a method of `Routine`. Waiting for a
//! turn between two calls of `Routine::bench` is outside everything Criterion times: `Bencher`'s own clock, a custom
//! `Measurement`, `iter_custom`, and the warm-up. `WallTime::start` would be inside all of them, would leave out the set-up
//! of a sample, and `iter_custom` and custom measurements never call it.

use super::edit::{Replacement, Versions, relied_upon};

/// A copied dependency is not exempt from lints as one from the registry is, so the copy has to ask for it.
const NO_LINTS: Replacement = Replacement {
    file: "src/lib.rs",
    old: "\n#![warn(bare_trait_objects)]\n",
    new: "\n#![allow(warnings, future_incompatible)]\n",
};

/// The same for the first releases.
const NO_LINTS_AT_FIRST: Replacement = Replacement { old: "\n#![deny(warnings)]\n", ..NO_LINTS };

const MODULE_LINE: Replacement = Replacement {
    file: "src/lib.rs",
    old: "\nmod routine;\n",
    new: "\nmod routine;\nmod perfguard_counts;\nmod perfguard_turns;\n",
};

/// The method the hook calls must be what it was in every version read.
const BENCH: Replacement = relied_upon(
    "src/routine.rs",
    "    fn bench(&mut self, m: &M, iters: &[u64], parameter: &T) -> Vec<f64>;\n",
);
/// Without its line's end, which is that of Windows in two releases.
const UNIT: Replacement = relied_upon(
    "src/measurement.rs",
    "    fn scale_for_machines(&self, values: &mut [f64]) -> &'static str;",
);

/// Who takes turns is told by variables what to do. Parsing the arguments, once for every group of benchmarks, would be half of
/// what a short launch executes, and more than half of what Valgrind has to translate.
const NO_ARGUMENTS: Replacement = Replacement {
    file: "src/lib.rs",
    old: "    pub fn configure_from_args(mut self) -> Criterion<M> {",
    new: "    pub fn configure_from_args(mut self) -> Criterion<M> { if crate::perfguard_turns::is_told_by_variables() { return \
          self.without_plots(); }",
};

/// Counting begins after the clock was read …
const BEGIN: Replacement = Replacement {
    file: "src/measurement.rs",
    old: "        Instant::now()",
    new: "        let start = Instant::now(); crate::perfguard_counts::begin(); start",
};
/// … and is finished before it is read again.
const FINISH: Replacement = Replacement {
    file: "src/measurement.rs",
    old: "        i.elapsed()",
    new: "        crate::perfguard_counts::finish(); i.elapsed()",
};

/// The hook, for a place in `analysis::common`.
macro_rules! hook {
    ($before:literal) => {
        Replacement {
            file: "src/analysis/mod.rs",
            old: $before,
            new: concat!(
                r#"
    let unit = criterion.measurement.formatter().scale_for_machines(&mut [1.0]);
    if crate::perfguard_turns::drive(id.id(), unit, &mut |iterations| {
        routine.bench(&criterion.measurement, &[iterations], parameter)[0]
    }) {
        return;
    }
"#,
                $before
            ),
        }
    };
}

/// The hook of every Criterion since 0.3.3, and of all forks of later ones.
const NEWEST_HOOK: Replacement = hook!("\n    let (sampling_mode, iters, times);\n");

/// What is replaced in a library whose arguments clap parses, by what releases differ in.
const fn edits(lints: Replacement, hook: Replacement) -> [Replacement; 8] {
    [lints, MODULE_LINE, NO_ARGUMENTS, BENCH, UNIT, BEGIN, FINISH, hook]
}

const NEWEST: &[Replacement] = &edits(NO_LINTS, NEWEST_HOOK);

/// criterion2: a fork of Criterion 0.5 with fewer dependencies, whose arguments are parsed by a smaller one.
pub(super) const CRITERION2: &[Versions] =
    &[((0, 5, 1)..(3, 1, 0), &[NO_LINTS, MODULE_LINE, BENCH, UNIT, BEGIN, FINISH, NEWEST_HOOK])];

/// `CodSpeed`'s fork of Criterion 0.5, which `codspeed-criterion-compat` hands on.
pub(super) const CODSPEED: &[Versions] = &[((2, 9, 0)..(7, 0, 0), NEWEST)];

/// Criterion itself.
pub(super) const CRITERION: &[Versions] = &[
    ((0, 3, 0)..(0, 3, 1), &edits(NO_LINTS_AT_FIRST, hook!("\n    let (iters, times) = routine.sample(\n"))),
    ((0, 3, 1)..(0, 3, 3), &edits(NO_LINTS_AT_FIRST, hook!("\n    let (iters, times);\n"))),
    ((0, 3, 3)..(0, 9, 0), NEWEST),
];
