//! What the pipeline measures through: listing, single launches and pairs.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::counter::Counter;
pub use super::criterion::ListedBenchmark;
pub use super::failure::LaunchFailure;
use crate::domain::{BuiltBench, Launch, Pair, Schedule, Side, Sides};

/// How long a launch warms up and measures, and when it is given up.
///
/// Values that a benchmark group sets in the code win over the first three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaunchOptions {
    /// Running before any sample counts.
    pub warm_up: Duration,
    /// About how long all samples take together.
    pub measurement: Duration,
    /// How many samples are taken: at least 10, which is Criterion's minimum.
    pub samples: u32,
    /// When the launch is given up.
    pub time_limit: Duration,
}

/// Launches built benches.
pub trait Runner {
    /// The benchmarks of an executable, in the order it runs them. No routine is run.
    ///
    /// # Errors
    /// The executable cannot be started, fails, or is no Criterion bench.
    fn list(&mut self, bench: &BuiltBench) -> Result<Vec<ListedBenchmark>, LaunchFailure>;

    /// How the two launches of a pair will take turns. May list the executables' benchmarks to find out.
    fn schedule(&mut self, benches: Sides<&BuiltBench>, ids: Sides<&str>) -> Schedule;

    /// Measures one benchmark in one launch. `id` is one that [`Runner::list`] gives for the executable.
    ///
    /// # Errors
    /// The launch gave no samples.
    fn launch(
        &mut self,
        bench: &BuiltBench,
        id: &str,
        options: &LaunchOptions,
    ) -> Result<Launch, LaunchFailure>;

    /// Measures one benchmark in one launch of each side, close together in time.
    ///
    /// # Errors
    /// The side whose launch gave no samples, and why.
    fn pair(
        &mut self,
        benches: Sides<&BuiltBench>,
        id: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)>;

    /// Makes a side's home the current one, and hands out what counts there.
    ///
    /// # Errors
    /// The home cannot be made current; [`io::ErrorKind::Unsupported`] where nothing can be counted at all.
    fn counting(&mut self, home: &Path) -> io::Result<&dyn Counter>;
}
