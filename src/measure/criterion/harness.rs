//! Criterion as a harness.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::wire::Message;
use super::{Reported, Version, files, naming};
use crate::domain::library::Family;
use crate::domain::{BuiltBench, Launch, SampleSet};
use crate::measure::excess::{Excess, LONGEST_ID, MOST_BENCHMARKS};
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::harness::{Capabilities, Harness, forking, taking_turns};
use crate::measure::invocation::Invocation;
use crate::measure::launch::{Finished, converse};
use crate::measure::listing::{ListedBenchmark, Listing, name_all};
use crate::measure::options::LaunchOptions;

/// The unit of Criterion's wall time.
const NANOSECONDS: &str = "ns";

/// What to do where no copy can be made.
const REMEDY: &str = "use a release of Criterion between 0.3 and 0.8, of criterion2 or of codspeed-criterion-compat from crates.io";

/// Criterion 0.3 to 0.8, its releases and forks.
#[derive(Debug, Clone, Copy)]
pub struct Criterion;

impl Harness for Criterion {
    fn capabilities(&self, bench: &BuiltBench) -> Capabilities {
        Capabilities::of_copied(bench, REMEDY)
    }

    /// There is no filter: the copied Criterion skips every other benchmark by its full id, which holds in every version,
    /// whatever characters the id has and however long it is.
    fn invocation(&self, bench: &BuiltBench, wanted: &ListedBenchmark, folder: &Path) -> Invocation {
        taking_turns(unfiltered(bench), wanted, folder)
    }

    fn forking(&self, bench: &BuiltBench, folder: &Path) -> Option<Invocation> {
        Some(forking(unfiltered(bench), folder))
    }

    fn list(&self, bench: &BuiltBench, scratch: &Path, limit: Duration) -> Result<Listing, LaunchFailure> {
        let stated = Version::of_instrument(&bench.fingerprint.instrument);
        if stated.is_none_or(Version::connects) {
            let arguments = ["--bench", naming::NOTHING];
            let finished = start(bench, arguments, scratch, limit, |message| match message {
                Message::Beginning(_) => Err(FailureKind::Unfiltered),
                _ => Ok(()),
            })?;
            if let Some(version) = finished.version {
                let benchmarks = naming::listed(finished.transcript.skipped);
                return Ok(Listing { version: version.numbers(), benchmarks });
            }
        }
        let mut finished = start(bench, files::listing_arguments(), scratch, limit, |_| Ok(()))?;
        let titles = files::titles(&finished.output.text());
        if let Some(excess) = excess_of(&titles) {
            return Err(FailureKind::from(excess).into());
        }
        if titles.is_empty() && stated.is_none() {
            let output_tail = finished.output.tail();
            return Err(LaunchFailure { kind: FailureKind::NotOf(Family::Criterion), output_tail });
        }
        // Without a statement the least is assumed of it.
        let version = stated.filter(|version| !version.connects()).unwrap_or(Version::new(0, 3, 0));
        Ok(Listing { version: version.numbers(), benchmarks: name_all(titles) })
    }

    fn launch(
        &self,
        bench: &BuiltBench,
        listing: &Listing,
        wanted: &ListedBenchmark,
        options: &LaunchOptions,
        scratch: &Path,
    ) -> Result<Launch, LaunchFailure> {
        let version = Version::from(listing.version);
        let (mut finished, reported) = if version.connects() {
            over_connection(bench, version, wanted, options, scratch)?
        } else {
            over_files(bench, version, wanted, options, scratch)?
        };
        let seconds = finished.elapsed.as_secs_f64();
        match samples(reported) {
            Ok(samples) => Ok(Launch { samples, cpu: None, seconds }),
            Err(kind) => Err(LaunchFailure { kind, output_tail: finished.output.tail() }),
        }
    }
}

/// An invocation of every benchmark.
fn unfiltered(bench: &BuiltBench) -> Invocation {
    // The newest criterion2 does not know `--noplot`. Nothing is plotted of samples on request.
    let plain = bench.fingerprint.instrument.library == naming::PLAIN;
    let arguments: &[&str] = if plain { &["--bench"] } else { &["--bench", "--noplot"] };
    Invocation::of(bench).args(arguments.iter().copied())
}

/// What there is too much of in a listing.
fn excess_of(titles: &[String]) -> Option<Excess> {
    if titles.len() > MOST_BENCHMARKS {
        Some(Excess::Benchmarks)
    } else {
        titles.iter().any(|title| title.len() > LONGEST_ID).then_some(Excess::Id)
    }
}

/// Starts an executable with arguments.
fn start<A: Into<OsString>>(
    bench: &BuiltBench,
    arguments: impl IntoIterator<Item = A>,
    scratch: &Path,
    limit: Duration,
    watch: impl FnMut(&Message) -> Result<(), FailureKind>,
) -> Result<Finished, LaunchFailure> {
    let invocation = Invocation::of(bench).files_below(scratch).args(arguments);
    converse(&invocation, limit, watch)
}

/// One launch that measures one benchmark, over the connection.
fn over_connection(
    bench: &BuiltBench,
    version: Version,
    wanted: &ListedBenchmark,
    options: &LaunchOptions,
    scratch: &Path,
) -> Result<(Finished, Option<Reported>), LaunchFailure> {
    let mut arguments = vec!["--bench".into()];
    arguments.extend(version.timing(options));
    arguments
        .extend(naming::filter(&bench.fingerprint.instrument, wanted.raw()).into_iter().map(OsString::from));
    let mut finished = start(bench, arguments, scratch, options.time_limit, |message| match message {
        Message::Beginning(id) if id != wanted.raw() => Err(FailureKind::Unfiltered),
        _ => Ok(()),
    })?;
    let mut alike = finished.transcript.reported.drain(..).filter(|reported| reported.id == wanted.raw());
    let reported = alike.nth(wanted.occurrence());
    drop(alike);
    Ok((finished, reported))
}

/// One launch that measures one benchmark, by way of files.
fn over_files(
    bench: &BuiltBench,
    version: Version,
    wanted: &ListedBenchmark,
    options: &LaunchOptions,
    scratch: &Path,
) -> Result<(Finished, Option<Reported>), LaunchFailure> {
    let folder = tempfile::tempdir_in(scratch).map_err(FailureKind::Unstartable)?;
    let invocation = Invocation::of(bench)
        .files_below(folder.path())
        .env("CARGO_TARGET_DIR", folder.path())
        .args(files::arguments(version, wanted.raw(), options));
    let mut finished = converse(&invocation, options.time_limit, |_| Ok(()))?;
    match files::measured(folder.path(), wanted.raw()) {
        Ok(reported) => Ok((finished, reported)),
        Err(error) => {
            let output_tail = finished.output.tail();
            Err(LaunchFailure { kind: error.into(), output_tail })
        }
    }
}

/// The samples that were reported, if they are timed.
///
/// # Errors
/// Nothing was reported, it is not time, or it is nonsense.
pub fn samples(reported: Option<Reported>) -> Result<SampleSet, FailureKind> {
    let reported = reported.ok_or(FailureKind::Silent)?;
    if reported.unit != NANOSECONDS {
        return Err(FailureKind::ForeignUnit(reported.unit));
    }
    Ok(SampleSet::timed(&reported.iterations, &reported.totals)?)
}
