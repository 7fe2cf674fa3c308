//! Registers benchmarks with Criterion and holds them against the catalog.

use std::fmt::Display;

use criterion::measurement::WallTime;
use criterion::{Bencher, BenchmarkGroup, Criterion};
use perfguard_harness::catalog::of_group;

/// The benchmarks of one group, that is, of one bench target.
pub(crate) struct Suite<'c> {
    criterion: &'c mut Criterion,
    group: &'static str,
    registered: Vec<String>,
}

impl<'c> Suite<'c> {
    /// The suite of the group of this name.
    pub(crate) fn new(criterion: &'c mut Criterion, group: &'static str) -> Self {
        Self { criterion, group, registered: Vec::new() }
    }

    /// Begins a pattern.
    pub(crate) fn pattern(&mut self, name: &'static str) -> PatternBenches<'_> {
        PatternBenches {
            name,
            benches: self.criterion.benchmark_group(name),
            registered: &mut self.registered,
        }
    }

    /// Panics unless the registered benchmarks are exactly those of the catalog, in its order.
    pub(crate) fn finish(self) {
        let expected: Vec<String> = of_group(self.group)
            .flat_map(|pattern| pattern.variants.iter().map(|variant| format!("{}/{variant}", pattern.name)))
            .collect();
        assert_eq!(self.registered, expected, "the benchmarks of {} and the catalog differ", self.group);
    }
}

/// The benchmarks of one pattern.
pub(crate) struct PatternBenches<'s> {
    name: &'static str,
    benches: BenchmarkGroup<'s, WallTime>,
    registered: &'s mut Vec<String>,
}

impl PatternBenches<'_> {
    /// Runs one variant. Criterion passes its result through `black_box`; the caller does so with the inputs.
    pub(crate) fn variant(&mut self, variant: impl Display, routine: impl FnMut(&mut Bencher<'_>)) {
        self.registered.push(format!("{}/{variant}", self.name));
        self.benches.bench_function(variant.to_string(), routine);
    }
}
