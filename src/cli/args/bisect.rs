//! `bisect`

use std::time::Duration;

use clap::Args;

use super::super::metric_parser::MetricParser;
use super::super::values;
use super::project::StoreArgs;
use crate::domain::Metric;

pub(super) const BISECT_HELP: &str = "\
Examples:
  cargo perfguard bisect json/large v1.2.0 HEAD    any part of a name that means one benchmark
  cargo perfguard bisect json/large v1.2.0 HEAD --metric wall-time
  cargo perfguard bisect json/large v1.2.0 HEAD --all-parents
                                                   look into what a merge brought in

First the two ends are compared: without a proven slowdown there is nothing to look for. Then the line of first parents is \
halved, each commit compared with GOOD. A commit that does not build, or that cannot be told, is no evidence: its neighbour \
is asked. The suspect is compared with the commit before it, and explained. What was built and counted is kept, so a search \
that was broken off goes on where it was.

Exit codes: 0 found; 102 no slowdown is proven, or no part of it; 101 something failed; 2 invalid usage.";

/// What is looked for.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// The benchmark: its full name (package::target::criterion-id), or a part of it or a glob that matches exactly one
    #[arg(value_name = "BENCHMARK")]
    pub(crate) benchmark: String,
    /// A commit that is fast
    #[arg(value_name = "GOOD")]
    pub(crate) good: String,
    /// A later commit that is slow
    #[arg(value_name = "BAD")]
    pub(crate) bad: String,
    /// By which metric [default: instructions where they show it, otherwise wall-time]
    #[arg(long, value_name = "METRIC", value_parser = MetricParser)]
    pub(crate) metric: Option<Metric>,
    /// Where a merge brought it in, look among the commits that were merged
    #[arg(long)]
    pub(crate) all_parents: bool,
    /// The most paired time for each commit: `10s`, `500ms`
    #[arg(long, value_name = "DURATION", value_parser = values::duration, help_heading = "Measuring",
          allow_hyphen_values = true)]
    pub(crate) budget: Option<Duration>,
    /// Leave out the built-in suite
    #[arg(long, alias = "no-harness", help_heading = "Measuring")]
    pub(crate) no_builtin: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
