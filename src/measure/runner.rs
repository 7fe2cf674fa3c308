//! What the pipeline measures through: listing, single launches and pairs.

use std::io;
use std::path::Path;

pub use super::counter::Counter;
pub use super::failure::LaunchFailure;
pub use super::listing::ListedBenchmark;
pub use super::options::LaunchOptions;
use crate::domain::{BuiltBench, Launch, Note, OutputComparison, Pair, Schedule, Side, Sides};

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

    /// Whether both sides of one command print the same, each launched untimed.
    fn outputs(&mut self, _: Sides<&BuiltBench>, _: &LaunchOptions) -> OutputComparison {
        OutputComparison::Unasked
    }

    /// What a reader should know of how launches went, told once.
    fn notes(&mut self) -> Vec<Note> {
        Vec::new()
    }

    /// Makes a source tree's home the current one, and hands out who counts there. Its launches may run side by side
    /// until another home is asked for.
    ///
    /// # Errors
    /// The home cannot be made current.
    fn counting(&mut self, home: &Path) -> io::Result<&dyn Counter>;
}
