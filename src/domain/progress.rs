//! What long work tells whoever watches.

use super::name::BenchmarkName;
use super::side::Side;
use super::stage::Stage;

/// Something worth showing while it happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// What is done from now on, in words: `Extracting the baseline`.
    Task(&'a str),
    /// A stage was entered, within the one that it was entered from.
    Entered(Stage),
    /// The stage that was entered last was left.
    Left,
    /// Another run holds the workspace; this one waits.
    Waiting(&'a str),
    /// Cargo said something about a build (one line, as it printed it).
    BuildOutput {
        /// Whose build, when there are two.
        side: Side,
        /// The line.
        line: &'a str,
    },
    /// Cargo says how far it is.
    Building {
        /// Whose build.
        side: Side,
        /// How many units are finished, up-to-date ones included.
        done: usize,
        /// How many there are.
        total: usize,
        /// What is compiled now.
        names: &'a str,
    },
    /// A crate was compiled.
    Compiled {
        /// Whose build.
        side: Side,
        /// The crate.
        name: &'a str,
        /// How many are finished.
        done: usize,
    },
    /// Measuring begins.
    Measuring {
        /// How many benchmarks there are.
        benchmarks: usize,
    },
    /// One benchmark is being looked at.
    Benchmark {
        /// Which one.
        name: &'a BenchmarkName,
        /// How many benchmarks are settled.
        settled: usize,
        /// How many there are.
        total: usize,
        /// Pairs or launches so far.
        launches: u32,
        /// What the figures say so far, in words.
        state: &'a str,
    },
    /// Something the reader should know, that is no error.
    Warning(&'a str),
    /// Measuring is over.
    Measured,
}

/// Who is told.
pub trait Progress {
    /// Takes an event. Must not fail and must not take long.
    fn event(&self, event: Event<'_>);
}

/// Nobody is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: Event<'_>) {}
}
