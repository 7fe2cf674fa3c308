//! divan as a harness. Everything goes through its copy: a divan that cannot be copied is not measured.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::told;
use crate::domain::library::Family;
use crate::domain::{BuiltBench, Instrument, Launch};
use crate::measure::excess::LARGEST_FILE;
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::harness::{Capabilities, Harness, of_one, taking_turns};
use crate::measure::invocation::Invocation;
use crate::measure::launch::converse;
use crate::measure::listing::{ListedBenchmark, Listing};
use crate::measure::options::LaunchOptions;
use crate::support::bounded::{self, Links};

/// The file in a launch's folder that gets the list of benchmarks.
const LIST: &str = "list";
/// The file in a launch's folder that gets the samples.
const SAMPLES: &str = "samples";

/// What to do where no copy can be made.
const REMEDY: &str = "use a release of divan 0.1 or codspeed-divan-compat from crates.io";

/// divan 0.1 and its fork.
#[derive(Debug, Clone, Copy)]
pub struct Divan;

impl Harness for Divan {
    fn capabilities(&self, bench: &BuiltBench) -> Capabilities {
        Capabilities::of_copied(bench, REMEDY)
    }

    /// There is no filter: the copied divan skips every other benchmark by its full name.
    fn invocation(&self, bench: &BuiltBench, wanted: &ListedBenchmark, folder: &Path) -> Invocation {
        taking_turns(Invocation::of(bench).args(["--bench"]), wanted, folder)
    }

    fn list(&self, bench: &BuiltBench, scratch: &Path, limit: Duration) -> Result<Listing, LaunchFailure> {
        let list = scratch.join(LIST);
        let invocation =
            Invocation::of(bench).args(["--bench"]).files_below(scratch).env("PERFGUARD_LIST", &list);
        let mut finished = converse(&invocation, limit, |_| Ok(()))?;
        if !list.exists() {
            let output_tail = finished.output.tail();
            return Err(LaunchFailure { kind: FailureKind::NotOf(Family::Divan), output_tail });
        }
        let text = read(&list)?;
        let version = version(&bench.fingerprint.instrument);
        Ok(Listing { version, benchmarks: told::benchmarks(&text, &bench.target)? })
    }

    fn launch(
        &self,
        bench: &BuiltBench,
        _: &Listing,
        wanted: &ListedBenchmark,
        options: &LaunchOptions,
        scratch: &Path,
    ) -> Result<Launch, LaunchFailure> {
        let folder = tempfile::tempdir_in(scratch).map_err(FailureKind::Unstartable)?;
        let file = folder.path().join(SAMPLES);
        let invocation = Invocation::of(bench)
            .args(arguments(options))
            .files_below(folder.path())
            .env("PERFGUARD_SAMPLES", &file);
        let mut finished = converse(&of_one(invocation, wanted), options.time_limit, |_| Ok(()))?;
        if !file.exists() {
            return Err(LaunchFailure { kind: FailureKind::Silent, output_tail: finished.output.tail() });
        }
        let samples = told::samples(&read(&file)?, options.warm_up, options.samples)?;
        Ok(Launch { samples, cpu: None, seconds: finished.elapsed.as_secs_f64() })
    }
}

/// What makes divan sample for as long as a launch is to take. It knows no warm-up: what it takes at first is left out
/// later. Flags win over what a benchmark's attributes say.
fn arguments(options: &LaunchOptions) -> Vec<OsString> {
    let seconds = (options.warm_up + options.measurement).max(Duration::from_millis(1)).as_secs_f64();
    ["--bench", "--min-time", &format!("{seconds}"), "--max-time", &format!("{seconds}")]
        .map(OsString::from)
        .to_vec()
}

/// The three numbers of a version; zeros where it has others.
fn version(instrument: &Instrument) -> [u8; 3] {
    let mut numbers = instrument.version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

fn read(path: &Path) -> Result<String, LaunchFailure> {
    let read = bounded::read_text(path, LARGEST_FILE, Links::Refuse);
    Ok(read.map_err(|error| FailureKind::Untold(error.to_string()))?)
}
