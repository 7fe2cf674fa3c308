//! libtest as a harness: the `#[bench]` functions that `cargo bench` runs with a nightly compiler.
//!
//! A launch gives one number, the median that libtest itself makes of its samples.

use std::path::Path;
use std::time::Duration;

use super::failure::{FailureKind, LaunchFailure};
use super::harness::{Capabilities, Counting, Harness};
use super::invocation::Invocation;
use super::listing::{ListedBenchmark, Listing};
use super::options::LaunchOptions;
use super::whole;
use crate::domain::{BuiltBench, CommandSpec, Launch, SampleSet};

/// What stands behind the name of a benchmark in a list.
const LISTED: [&str; 2] = [": benchmark", ": bench"];

/// libtest, as it comes with the compiler.
#[derive(Debug, Clone, Copy)]
pub struct Libtest;

impl Harness for Libtest {
    fn capabilities(&self, bench: &BuiltBench) -> Capabilities {
        Capabilities::from_outside(bench, false)
    }

    fn counting(&self) -> Counting {
        Counting::BenchFunction
    }

    /// As a test, which runs one iteration.
    fn invocation(&self, bench: &BuiltBench, wanted: &ListedBenchmark, folder: &Path) -> Invocation {
        Invocation::of(bench).temporary_below(folder).args(["--exact", wanted.raw(), "--test-threads=1"])
    }

    fn list(&self, bench: &BuiltBench, scratch: &Path, limit: Duration) -> Result<Listing, LaunchFailure> {
        let invocation = Invocation::of(bench).temporary_below(scratch).args(["--list", "--format=terse"]);
        let mut ended = whole::once(&CommandSpec::default(), &invocation, limit)?;
        let benchmarks = listed(&ended.stdout.text());
        Ok(Listing { version: [0; 3], benchmarks })
    }

    fn launch(
        &self,
        bench: &BuiltBench,
        _: &Listing,
        wanted: &ListedBenchmark,
        options: &LaunchOptions,
        scratch: &Path,
    ) -> Result<Launch, LaunchFailure> {
        let invocation = Invocation::of(bench).temporary_below(scratch);
        let invocation = invocation.args(["--bench", "--exact", wanted.raw()]);
        let mut ended = whole::once(&CommandSpec::default(), &invocation, options.time_limit)?;
        let text = ended.stdout.text();
        let told = told(&text, wanted.raw());
        let samples = told.and_then(|nanoseconds| Ok(SampleSet::timed(&[1.0], &[nanoseconds])?));
        match samples {
            Ok(samples) => Ok(Launch { samples, cpu: None, seconds: ended.lived.as_secs_f64() }),
            Err(kind) => Err(LaunchFailure { kind, output_tail: ended.stdout.tail() }),
        }
    }
}

/// The benchmarks of a list; tests stand in it, too.
fn listed(text: &str) -> Vec<ListedBenchmark> {
    let names = text.lines().filter_map(|line| LISTED.iter().find_map(|end| line.strip_suffix(end)));
    names.map(|name| ListedBenchmark::new(name, name, 0)).collect()
}

/// The nanoseconds that libtest tells of one benchmark: `test a ... bench:       1,234.56 ns/iter (+/- 7.89)`.
fn told(text: &str, name: &str) -> Result<f64, FailureKind> {
    let start = format!("test {name} ");
    let rest = text.lines().find_map(|line| line.trim_start().strip_prefix(&start));
    let rest = rest.ok_or(FailureKind::Silent)?.trim_start().trim_start_matches("... ");
    if rest.starts_with("ignored") {
        return Err(FailureKind::Ignored);
    }
    let number = rest.strip_prefix("bench:").and_then(|rest| rest.split_once("ns/iter"));
    let number = number.map(|(number, _)| number.trim().replace(',', ""));
    number.and_then(|number| number.parse().ok()).ok_or(FailureKind::Silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn benchmarks_are_told_from_tests() {
        let ids = |text: &str| -> Vec<String> { listed(text).into_iter().map(|one| one.id).collect() };
        assert_eq!(
            ids("tests::works: test\ntests::a: benchmark\nb: bench\n\n1 test, 2 benchmarks\n"),
            ["tests::a", "b"]
        );
        assert!(ids("").is_empty());
    }

    #[test]
    fn the_number_of_every_compiler_is_read() {
        let line =
            |rest: &str| told(&format!("\nrunning 1 test\ntest m::a {rest}\n\ntest result: ok."), "m::a");
        let close = |value: f64, expected: f64| (value - expected).abs() < 1e-9;
        assert!(close(line("... bench:       1,234.56 ns/iter (+/- 7.89)").unwrap(), 1234.56));
        assert!(close(line("... bench:         122 ns/iter (+/- 7) = 8 MB/s").unwrap(), 122.0));
        assert!(close(line("  ... bench:           0 ns/iter (+/- 0)").unwrap(), 0.0));
        assert!(matches!(line("  ... ignored").unwrap_err(), FailureKind::Ignored));
        assert!(matches!(line("... FAILED").unwrap_err(), FailureKind::Silent));
        assert!(matches!(told("test m::ab ... bench: 1 ns/iter", "m::a").unwrap_err(), FailureKind::Silent));
    }
}
