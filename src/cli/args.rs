//! Arguments as the user types them. clap's types never leave `cli/`; [`super::settings`] resolves them.

#![expect(clippy::doc_markdown, reason = "doc comments of arguments are help texts, shown as they stand")]
#![expect(clippy::struct_excessive_bools, reason = "a flag is given or not")]

mod axes;
mod bisect;
pub(crate) mod exchange;
mod project;
pub(crate) mod publish;
mod site;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

pub(crate) use axes::AxisArgs;
pub(crate) use project::{ProjectArgs, StoreArgs};
pub(crate) use site::SiteArgs;

use super::metric_parser::MetricParser;
use super::values::{self, Limits, RunChoice};
use crate::domain::{Acceptance, CommitId, Layout, Metric, Partition, ReachUse, ReportKind};
use crate::measure::counter::InstructionSource;
use crate::pipeline::request::AcceptFrom;
use crate::report::Format;

/// What stands before a flag's name in its environment twin.
const ENV_PREFIX: &str = "PERFGUARD_";

/// Paragraphs are one line each: clap wraps them to the terminal.
const AFTER_HELP: &str = "\
Every flag has an environment twin: --no-builtin is PERFGUARD_NO_BUILTIN=1. Flags beat the environment, the environment \
beats perfguard.toml, and that beats the defaults.

Exit codes:
  0    the gate passed, or the command did what was asked
  100  at least one confirmed regression, broken claim or exceeded limit
  102  `--require-verdict` was given, and a benchmark has no verdict or nothing was compared
  101  something failed: a build, a benchmark, git, the store or a file
  2    invalid usage: a bad flag, configuration, revision or benchmark name

`cargo perfguard check` compares the work tree with the commit where the branch left the default branch.";

const CHECK_HELP: &str = "\
Examples:
  cargo perfguard check                            against the merge-base with the default branch
  cargo perfguard check parser                     only benchmarks with `parser` in their full names
  cargo perfguard check 'app::parse::*' --no-builtin --threshold 3%
  cargo perfguard check --baseline v1.2.0 --require-verdict --format json --output perf.json
  cargo perfguard check --aa-test                  test first whether this machine is fit

Exit codes: 0 passed; 100 regressed; 102 a required verdict is missing; 101 something failed; 2 invalid usage.";

const RUN_HELP: &str = "\
Examples:
  cargo perfguard run                              measure the work tree and store the results
  cargo perfguard run --commits HEAD~20..HEAD      measure past commits, except those that are stored

After five runs of a commit, its stored results can clear most benchmarks of a later `check` without measuring pairs.";

const COMPARE_HELP: &str = "\
Examples:
  cargo perfguard compare main                     the work tree against main
  cargo perfguard compare v1.0.0 v1.1.0 -- parser  two tags, only benchmarks with `parser` in their names
  cargo perfguard compare HEAD --candidate-toolchain nightly
  cargo perfguard compare HEAD --candidate-rustflags '-C target-cpu=native' -- simd
  cargo perfguard compare HEAD --baseline-lockfile old/Cargo.lock
                                                   one commit, built in two ways

Exit codes: 0 passed; 100 regressed; 102 a required verdict is missing; 101 something failed; 2 invalid usage.";

const REPORT_HELP: &str = "\
Examples:
  cargo perfguard report                           the stored results of this workspace, by architecture
  cargo perfguard report --format markdown --output PERFORMANCE.md
  cargo perfguard report --run last --threshold 2% the last run, judged again by another threshold

Results are stored by `cargo perfguard run` and `check`. Files that `baseline export` wrote to baselines/ are shown beside \
them. With --run the exit code is that of the gate.";

const EXPLAIN_HELP: &str = "\
Examples:
  cargo perfguard explain parser::parse::json      the work tree against the merge-base with the default branch
  cargo perfguard explain json/large v1.2.0        any part of a name that means one benchmark; against a tag
  cargo perfguard explain json/large v1.2.0 v1.3.0 --flamegraph difference.svg

Instructions are counted under Valgrind, twice on each side. Counts repeat exactly, so even a small difference is real. \
Differences besides the code (toolchain, flags, features, dependencies) come first, and the last sentence says where to \
look.

BASE and CANDIDATE are any revisions that git understands. Both sides are built with symbols and line tables, so that \
inlined functions can be told apart; the code itself is the same as without.

Exit codes: 0 explained; 101 something failed (Valgrind is missing, a build failed); 2 no benchmark or several match.";

const LIST_HELP: &str = "\
Examples:
  cargo perfguard list                             every full name, one per line
  cargo perfguard list 'app::parse::*'             builds the bench target `parse` of `app` and nothing else
  cargo perfguard list --no-builtin --format json  the workspace's own benches, for programs

Only an executable knows the names of its benchmarks, so bench targets are built, as far as they may have what FILTER means: \
for a part of a name that is all of them. The built-in suite's names are known, and nothing of it is built.";

const DOCTOR_HELP: &str = "\
Examples:
  cargo perfguard doctor                           all findings, and three benchmarks measured against themselves
  cargo perfguard doctor --quick                   all findings, without measuring
  cargo perfguard doctor parser --benchmarks 5     five benchmarks with `parser` in their full names
  cargo perfguard doctor --budget 60s              the smallest threshold with six times the time

Each finding is fit, caution (it costs time or precision, but no verdict is wrong), unfit (results mean little) or \
unknown. A build that is measured against itself did not change, so any change that its interval does not rule out is \
noise. The largest such change is the smallest threshold that this machine supports; put it, or more, into [thresholds] \
in perfguard.toml. `check --aa-test` does the same test during a check.

Exit codes: 0 done, fit or not (--format json: `fitness`); 101 something failed; 2 invalid usage.";

const HISTORY_HELP: &str = "\
Examples:
  cargo perfguard history json/large               any part of a name that means one benchmark
  cargo perfguard history json/large --metric instructions
  cargo perfguard history json/large --format csv  every stored figure, for a spreadsheet

Past commits are measured by `cargo perfguard run --commits A..B`.";

const CLAIMS_HELP: &str = "\
Examples:
  cargo perfguard claims                           every claim of the guide, and yours in perfguard.toml
  cargo perfguard claims strings                   only claims with `strings` in their names
  cargo perfguard claims --no-builtin              only your own

A claim is a [[claim]] in perfguard.toml: a benchmark that must be faster than another, by how much.

Exit codes: 0 no binding claim is refuted; 100 one is; 101 something failed; 2 invalid usage.";

const MERGE_HELP: &str = "\
Examples:
  cargo perfguard check --partition target:1/4 --format json --output part-1.json
  cargo perfguard merge part-*.json --format markdown

Each part takes as large a share of the accepted error as if all were of its size, so the whole fails by mistake with a \
probability of at most 1 %, whatever the sizes. Nothing is judged again. Of a part that is given more than once the last \
file counts, and the report says what the others came to.

Exit codes: that of the worst part; 101 a part is missing or was not completed; 2 the reports do not belong together.";

const INIT_HELP: &str = "\
Examples:
  cargo perfguard init                             perfguard.toml and .github/workflows/perfguard.yml
  cargo perfguard init --publish                   a workflow that comments on pull requests, too
  cargo perfguard init --pin 0123abcd…             with the action of this commit of cargo-perfguard

A commit is what a workflow should be pinned to: a tag can be moved. Without --pin the workflow builds the tag of this \
version, which exists once that is released.";

const BASELINE_HELP: &str = "\
Examples:
  cargo perfguard baseline list                    what is committed and what is stored
  cargo perfguard baseline export                  this machine's results, as a file to commit
  cargo perfguard baseline import arm-server.toml  a file that another machine exported
  cargo perfguard baseline accept 'parser::*' --reason 'bounds checks'
                                                   accept what the last check found, for this change alone
  cargo perfguard baseline prune --older-than 30d  forget old results, but keep the newest ten";

/// Guards performance the way tests guard behaviour.
#[derive(Debug, Parser)]
#[command(
    name = "cargo perfguard",
    bin_name = "cargo perfguard",
    version,
    about = "Guards performance the way tests guard behaviour",
    long_about = "Guards performance the way tests guard behaviour: measures the Criterion benches of a Cargo workspace, \
                  unmodified, in many short launches interleaved with the baseline, and fails the build when one got slower \
                  than its threshold allows, and only then.",
    after_help = AFTER_HELP,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct CommonArgs {
    /// Show only results and errors, no progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Show every benchmark in tables, and Cargo's own output; -vv adds a debug log on standard error
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Colour the output
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value = "auto")]
    pub(crate) color: Color,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `CARGO_TERM_COLOR`, `NO_COLOR` or `CLICOLOR_FORCE` says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure the work tree, compare it with the baseline, and fail when a benchmark regressed
    Check(CheckArgs),
    /// Measure and store, without judging
    Run(RunArgs),
    /// Build two revisions and measure them against each other, now, on this machine
    Compare(Box<CompareArgs>),
    /// Show the stored baselines by architecture; measures nothing
    Report(ReportArgs),
    /// Show one benchmark over commits, with its change points; measures nothing
    History(HistoryArgs),
    /// Write trend pages of everything that is stored; measures nothing
    Site(SiteArgs),
    /// Find the commit that made a benchmark slower, and explain it
    Bisect(Box<BisectArgs>),
    /// Show which functions account for a benchmark's difference in instructions
    Explain(ExplainArgs),
    /// List what would be measured
    List(ListArgs),
    /// Test the guide's claims and your own: confirmed, refuted or undecided on this machine
    Claims(ClaimsArgs),
    /// Check whether this machine, profile and toolchain are fit to measure, and how small a change they can show
    Doctor(DoctorArgs),
    /// Manage stored and committed baselines
    Baseline(BaselineArgs),
    /// Put the reports of several machines together, each of which measured a part of the benchmarks
    Merge(MergeArgs),
    /// Share results between machines: through the git remote, or a folder
    Sync(exchange::SyncArgs),
    /// From a trusted job on GitHub: publish a report as a comment on the pull request and as a check run
    Publish(publish::PublishArgs),
    /// Write a starter configuration and workflow; existing files are kept
    Init(InitArgs),
    /// Write shell completions to standard output
    Completions(CompletionsArgs),
}

impl Command {
    /// Its name, and how it shows results; `None` for what shows none.
    pub(crate) fn output(&self) -> Option<(ReportKind, &OutputArgs)> {
        match self {
            Self::Check(check) => Some((ReportKind::Check, &check.output)),
            Self::Run(run) => Some((ReportKind::Run, &run.output)),
            Self::Compare(compare) => Some((ReportKind::Compare, &compare.output)),
            Self::Report(report) => Some((ReportKind::Report, &report.output)),
            Self::History(history) => Some((ReportKind::History, &history.output)),
            Self::Bisect(bisect) => Some((ReportKind::Bisect, &bisect.output)),
            Self::Explain(explain) => Some((ReportKind::Explain, &explain.output)),
            Self::List(list) => Some((ReportKind::List, &list.output)),
            Self::Claims(claims) => Some((ReportKind::Claims, &claims.output)),
            Self::Doctor(doctor) => Some((ReportKind::Doctor, &doctor.output)),
            Self::Merge(merge) => Some((ReportKind::Check, &merge.output)),
            Self::Baseline(_)
            | Self::Site(_)
            | Self::Sync(_)
            | Self::Publish(_)
            | Self::Init(_)
            | Self::Completions(_) => None,
        }
    }
}

/// `check`
#[derive(Debug, Args)]
#[command(after_help = CHECK_HELP)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) part: PartitionArgs,
    /// Only list what would be measured
    #[arg(long)]
    pub(crate) list: bool,
    /// The revision to compare with [default: the merge-base with the default branch; on that branch, the first parent]
    #[arg(long, value_name = "REV", help_heading = "Judging")]
    pub(crate) baseline: Option<String>,
    /// Compare with the release that `[creep]` names, by the limits that stand there
    #[arg(long, conflicts_with = "baseline", help_heading = "Judging")]
    pub(crate) creep: bool,
    /// Test all claims of the built-in suite, too
    #[arg(long, help_heading = "Judging")]
    pub(crate) claims: bool,
    #[command(flatten)]
    pub(crate) judging: JudgingArgs,
    #[command(flatten)]
    pub(crate) measuring: MeasuringArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) sharing: exchange::SharingArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) ci: CiArgs,
}

/// `run`
#[derive(Debug, Args)]
#[command(after_help = RUN_HELP)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Only list what would be measured
    #[arg(long)]
    pub(crate) list: bool,
    /// Measure these commits instead (oldest first), except those that are stored for this machine
    #[arg(long, value_name = "A..B")]
    pub(crate) commits: Option<String>,
    #[command(flatten)]
    pub(crate) measuring: MeasuringArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) sharing: exchange::SharingArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `compare`
#[derive(Debug, Args)]
#[command(after_help = COMPARE_HELP)]
pub(crate) struct CompareArgs {
    /// The revision to compare with
    #[arg(value_name = "BASE")]
    pub(crate) base: String,
    /// The revision to judge [default: the work tree]
    #[arg(value_name = "CANDIDATE")]
    pub(crate) candidate: Option<String>,
    /// A filter that was typed without `--` before it
    #[arg(hide = true, value_name = "FILTER", value_parser = values::behind_dashes)]
    pub(crate) misplaced: Option<String>,
    /// Only benchmarks whose full name matches; `!` before it leaves them out
    #[arg(last = true, value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// FILTERs are full names
    #[arg(long)]
    pub(crate) exact: bool,
    #[command(flatten)]
    pub(crate) part: PartitionArgs,
    #[command(flatten)]
    pub(crate) judging: JudgingArgs,
    #[command(flatten)]
    pub(crate) measuring: MeasuringArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) axes: AxisArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) ci: CiArgs,
}

/// `report`
#[derive(Debug, Args)]
#[command(after_help = REPORT_HELP)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Judge a stored run of `check` or `compare` again, without measuring: `last`, or its number
    #[arg(long, value_name = "RUN", value_parser = values::run)]
    pub(crate) run: Option<RunChoice>,
    /// With --run: another threshold, as in `check`
    #[arg(long, value_name = "LIMIT", value_delimiter = ',', value_parser = values::limits, requires = "run")]
    pub(crate) threshold: Vec<Limits>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `explain`
#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_HELP)]
pub(crate) struct ExplainArgs {
    /// The benchmark: its full name (package::target::criterion-id), or a part of it or a glob that matches exactly one
    #[arg(value_name = "BENCHMARK")]
    pub(crate) benchmark: String,
    /// The revision to compare with [default: the merge-base with the default branch; on that branch, the first parent]
    #[arg(value_name = "BASE")]
    pub(crate) base: Option<String>,
    /// The revision to explain [default: the work tree]
    #[arg(value_name = "CANDIDATE")]
    pub(crate) candidate: Option<String>,
    /// Write the difference as a flame graph, too: red is more instructions, blue is fewer
    #[arg(long, value_name = "FILE.svg", help_heading = "Output")]
    pub(crate) flamegraph: Option<PathBuf>,
    /// Count branches and cache misses, too, in Callgrind's simulation of a processor
    #[arg(long)]
    pub(crate) caches: bool,
    /// Leave out the built-in suite
    #[arg(long, alias = "no-harness")]
    pub(crate) no_builtin: bool,
    /// When a launch is stopped: `30s`
    #[arg(long, value_name = "DURATION", value_parser = values::duration, hide = true, allow_hyphen_values = true)]
    pub(crate) launch_timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `bisect`
#[derive(Debug, Args)]
#[command(after_help = bisect::BISECT_HELP)]
pub(crate) struct BisectArgs {
    #[command(flatten)]
    pub(crate) search: bisect::SearchArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `list`
#[derive(Debug, Args)]
#[command(after_help = LIST_HELP)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) part: PartitionArgs,
    /// Leave out the built-in suite
    #[arg(long, alias = "no-harness")]
    pub(crate) no_builtin: bool,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `history`
#[derive(Debug, Args)]
#[command(after_help = HISTORY_HELP)]
pub(crate) struct HistoryArgs {
    /// The benchmark: its full name (package::target::criterion-id), or a part of it or a glob that matches exactly one
    #[arg(value_name = "BENCHMARK")]
    pub(crate) benchmark: String,
    /// Which metric
    #[arg(long, value_name = "METRIC", default_value = "wall-time", value_parser = MetricParser)]
    pub(crate) metric: Metric,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `claims`
#[derive(Debug, Args)]
#[command(after_help = CLAIMS_HELP)]
pub(crate) struct ClaimsArgs {
    /// Only claims whose name (group/pattern) matches: a glob, or a part of the name; `!` before it leaves them out
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// FILTERs are full names
    #[arg(long)]
    pub(crate) exact: bool,
    /// The most paired time per claim: `5s`, `500ms`
    #[arg(long, value_name = "DURATION", value_parser = values::duration, help_heading = "Measuring")]
    pub(crate) budget: Option<Duration>,
    /// Only the configuration's own claims
    #[arg(long, alias = "no-harness", help_heading = "Measuring")]
    pub(crate) no_builtin: bool,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `doctor`
#[derive(Debug, Args)]
#[command(after_help = DOCTOR_HELP)]
pub(crate) struct DoctorArgs {
    /// Only benchmarks whose full name (package::target::criterion-id) matches: a glob, or a part of the name; `!` before
    /// it leaves them out
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// FILTERs are full names
    #[arg(long)]
    pub(crate) exact: bool,
    /// Look at the machine and the build without measuring
    #[arg(long, help_heading = "Measuring")]
    pub(crate) quick: bool,
    /// How many benchmarks are measured against themselves, spread over all that match
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "Measuring",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) benchmarks: u16,
    /// Paired time per benchmark; all of it is used: `10s`, `500ms` [default: that of `check`]
    #[arg(long, value_name = "DURATION", value_parser = values::duration, help_heading = "Measuring", allow_hyphen_values = true)]
    pub(crate) budget: Option<Duration>,
    /// Leave out the built-in suite, which is used where the workspace has no benchmark
    #[arg(long, alias = "no-harness", help_heading = "Measuring")]
    pub(crate) no_builtin: bool,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `merge`
#[derive(Debug, Args)]
#[command(after_help = MERGE_HELP)]
pub(crate) struct MergeArgs {
    /// The reports of the parts, as `check --partition` wrote them with `--format json`
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) ci: CiArgs,
}

/// `init`
#[derive(Debug, Args)]
#[command(after_help = INIT_HELP)]
pub(crate) struct InitArgs {
    /// Write a second workflow, too, which publishes reports as a comment and a check run: .github/workflows/perfguard-publish.yml
    #[arg(long)]
    pub(crate) publish: bool,
    /// The commit of cargo-perfguard that the workflows use: 40 digits
    #[arg(long, value_name = "COMMIT", value_parser = values::commit)]
    pub(crate) pin: Option<CommitId>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

/// `completions`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// `baseline`
#[derive(Debug, Args)]
#[command(after_help = BASELINE_HELP)]
pub(crate) struct BaselineArgs {
    #[command(subcommand)]
    pub(crate) command: BaselineCommand,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// What to do with baselines.
#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// The committed files, and what is stored
    List,
    /// Write what is stored of this machine as a reviewable file: baselines/ARCH-CPU.toml
    Export(ExportArgs),
    /// Check files that other machines exported, and copy them to baselines/
    Import(ImportArgs),
    /// Accept what regressed in the last check, for this change alone: writes a file to baselines/accepted/ to commit with it
    Accept(AcceptArgs),
    /// Remove old results from the store
    Prune(PruneArgs),
}

/// `baseline export`
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The folder to write to [default: baselines at the workspace root]
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// Every machine in the store, not only this one
    #[arg(long)]
    pub(crate) all: bool,
}

/// `baseline import`
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The files to import
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The architecture they must be of [default: this machine's]
    #[arg(long, value_name = "ARCH")]
    pub(crate) arch: Option<String>,
}

/// `baseline accept`
#[derive(Debug, Args)]
pub(crate) struct AcceptArgs {
    /// Which benchmarks: a glob over full names (package::target::criterion-id), or a part of a name
    #[arg(value_name = "PATTERN")]
    pub(crate) pattern: String,
    /// PATTERN is a full name
    #[arg(long)]
    pub(crate) exact: bool,
    /// Why the slowdown is worth it, for reviewers and reports
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

/// `baseline prune`
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Only results older than this: `90d`, `12h`
    #[arg(long, value_name = "AGE", default_value = "90d", value_parser = values::age)]
    pub(crate) older_than: Duration,
    /// Keep this many of the newest results of each benchmark, however old
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) keep: u32,
}

/// Which benchmarks.
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// Only benchmarks whose full name (package::target::criterion-id) matches: a glob, or a part of the name; `!` before
    /// it leaves them out
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// FILTERs are full names
    #[arg(long)]
    pub(crate) exact: bool,
}

/// Which part of the work.
#[derive(Debug, Args)]
pub(crate) struct PartitionArgs {
    /// Only one part of the benchmarks, of several that machines share: whole bench targets (`target:1/4`, which builds
    /// less), or single benchmarks (`hash:1/4`). `cargo perfguard merge` puts the reports together
    #[arg(long, value_name = "PART", value_parser = values::partition)]
    pub(crate) partition: Option<Partition>,
}

/// How to judge.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Judging")]
pub(crate) struct JudgingArgs {
    /// The largest accepted worsening: `5%` for every relative metric, or `wall-time=3%`; repeatable
    // `-5%` must reach the words that say what is wrong with it.
    #[arg(long, value_name = "LIMIT", value_delimiter = ',', value_parser = values::limits,
          allow_hyphen_values = true)]
    pub(crate) threshold: Vec<Limits>,
    /// Which results are measured again, with fresh launches, before they count [default: suspects]
    #[arg(long, value_name = "WHEN", value_enum)]
    pub(crate) confirm: Option<ConfirmArg>,
    /// Exit with 102 when a benchmark ends without a verdict, or nothing was compared
    #[arg(long)]
    pub(crate) require_verdict: bool,
    /// Measure pairs even where both executables are identical, to see this machine's noise
    #[arg(long)]
    pub(crate) measure_identical: bool,
    /// What becomes of benchmarks that run none of the functions that differ [default: trust]
    #[arg(long, value_name = "USE", value_enum)]
    pub(crate) reach: Option<ReachArg>,
    /// First measure up to three baseline executables against themselves. If one seems to have changed, this machine is
    /// unfit, and every result by the clock is inconclusive
    #[arg(long, alias = "null-control")]
    pub(crate) aa_test: bool,
    /// Accept a slowdown of benchmarks, whatever files say: a full name or a glob, and how much worse it may get. All
    /// metrics that the limit fits, or one: `NAME=25%`, `NAME=wall-time=25%`; repeatable, in the environment one a line
    #[arg(long, value_name = "NAME=LIMIT", value_delimiter = '\n', value_parser = values::acceptance)]
    pub(crate) accept: Vec<Acceptance>,
    /// Which acceptances count [default: files]
    #[arg(long, value_name = "SOURCE", value_enum)]
    pub(crate) accept_from: Option<AcceptFromArg>,
}

/// `--accept-from`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AcceptFromArg {
    /// Files in baselines/accepted/ that the change adds, and --accept, which beats them
    Files,
    /// Only --accept
    Flags,
    /// None
    None,
}

impl From<AcceptFromArg> for AcceptFrom {
    fn from(from: AcceptFromArg) -> Self {
        match from {
            AcceptFromArg::Files => Self::Files,
            AcceptFromArg::Flags => Self::Flags,
            AcceptFromArg::None => Self::None,
        }
    }
}

/// `--confirm`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConfirmArg {
    /// None
    Never,
    /// Regressions
    Suspects,
    /// Regressions and improvements
    Always,
}

/// `--reach`, and the same in the configuration
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReachArg {
    /// They are unchanged, without being counted or measured
    Trust,
    /// They are counted and checked by the clock all the same, and told where counts say otherwise
    Check,
    /// Nobody looks which benchmarks a change reaches
    Off,
}

impl From<ReachArg> for ReachUse {
    fn from(reach: ReachArg) -> Self {
        match reach {
            ReachArg::Trust => Self::Trust,
            ReachArg::Check => Self::Check,
            ReachArg::Off => Self::Off,
        }
    }
}

/// `--instructions-by`, and the same in the configuration
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CounterArg {
    /// Valgrind: exact, with the functions that account for it; the default
    Callgrind,
    /// The processor: fast and nearly exact, where the machine and the kernel allow it
    Hardware,
}

impl From<CounterArg> for InstructionSource {
    fn from(counter: CounterArg) -> Self {
        match counter {
            CounterArg::Callgrind => Self::Callgrind,
            CounterArg::Hardware => Self::Hardware,
        }
    }
}

/// How to measure.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
pub(crate) struct MeasuringArgs {
    /// What to measure, separated by commas [default: wall-time, instructions and allocations; what cannot be counted here
    /// is left out, with a note]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = MetricParser)]
    pub(crate) metrics: Vec<Metric>,
    /// What counts instructions
    #[arg(long, value_name = "COUNTER", value_enum)]
    pub(crate) instructions_by: Option<CounterArg>,
    /// The most paired time per benchmark: `10s`, `500ms`
    #[arg(long, value_name = "DURATION", value_parser = values::duration, allow_hyphen_values = true)]
    pub(crate) budget: Option<Duration>,
    /// Leave out the built-in suite
    #[arg(long, alias = "no-harness")]
    pub(crate) no_builtin: bool,
    /// When a launch is stopped: `30s`. By default after several times the time it should take
    #[arg(long, value_name = "DURATION", value_parser = values::duration, hide = true, allow_hyphen_values = true)]
    pub(crate) launch_timeout: Option<Duration>,
    /// Accepted for users of Criterion; no plots are drawn
    #[arg(long, hide = true)]
    pub(crate) noplot: bool,
}

/// How to build: Cargo's own flags.
#[derive(Debug, Args)]
#[command(next_help_heading = "Building (Cargo's own flags)")]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// Only these packages
    #[arg(long, short, value_name = "SPEC")]
    pub(crate) package: Vec<String>,
    /// All packages of the workspace (the default)
    #[arg(long, visible_alias = "all", conflicts_with = "package")]
    pub(crate) workspace: bool,
    /// Exclude these packages
    #[arg(long, value_name = "SPEC")]
    pub(crate) exclude: Vec<String>,
    /// Only these bench targets
    #[arg(long, value_name = "NAME")]
    pub(crate) bench: Vec<String>,
    /// Features to activate, separated by spaces or commas
    #[arg(long, short = 'F', value_name = "FEATURES")]
    pub(crate) features: Vec<String>,
    /// Activate all features
    #[arg(long)]
    pub(crate) all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long)]
    pub(crate) no_default_features: bool,
    /// Build with this profile [default: bench]
    #[arg(long, value_name = "PROFILE-NAME")]
    pub(crate) profile: Option<String>,
    /// Build for this target triple
    #[arg(long, value_name = "TRIPLE")]
    pub(crate) target: Option<String>,
    /// Number of parallel jobs of Cargo
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<String>,
    /// Cargo.lock must be up to date
    #[arg(long)]
    pub(crate) locked: bool,
    /// Do not use the network
    #[arg(long)]
    pub(crate) offline: bool,
    /// --locked and --offline
    #[arg(long)]
    pub(crate) frozen: bool,
    /// How much may be kept between runs, trees and executables [default: 10GB]
    #[arg(long, value_name = "SIZE", value_parser = values::size, help_heading = "Project")]
    pub(crate) kept: Option<u64>,
    /// Where functions lie in the executables of a pair [default: drawn]
    #[arg(long, value_name = "LAYOUT", value_enum, help_heading = "Measuring")]
    pub(crate) layout: Option<LayoutArg>,
}

/// `--layout`, and the same in the configuration
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LayoutArg {
    /// For every pair in one random order, the same functions of both sides at the same addresses
    Drawn,
    /// Every function at a multiple of 64 bytes, by a flag of the compiler
    Aligned,
    /// As compiler and linker make them
    Default,
}

impl From<LayoutArg> for Layout {
    fn from(layout: LayoutArg) -> Self {
        match layout {
            LayoutArg::Drawn => Self::Drawn,
            LayoutArg::Aligned => Self::Aligned,
            LayoutArg::Default => Self::Default,
        }
    }
}

/// How to show results.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// How to write results
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = values::format())]
    pub(crate) format: Format,
    /// Write results to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What CI systems get besides.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct CiArgs {
    /// In GitHub Actions: write no annotations and no step summary
    #[arg(long)]
    pub(crate) no_annotations: bool,
}

/// The whole command line as clap sees it, with an environment twin for every flag.
pub(crate) fn command() -> clap::Command {
    with_environment(Arguments::command())
}

/// Reads the command line.
///
/// Cargo starts `cargo-perfguard perfguard …`; started by its own name, the first word may be missing.
pub(crate) fn parse(mut words: Vec<std::ffi::OsString>) -> Result<Arguments, clap::Error> {
    if words.get(1).is_some_and(|word| word == "perfguard") {
        words.remove(1);
    }
    let mut command = command();
    if let Some((new, old)) = both_twins(&command) {
        let message = format!("{new} cannot be used with {old}, which is its former name");
        return Err(command.error(ErrorKind::ArgumentConflict, message));
    }
    let matches = command.try_get_matches_from(words)?;
    Arguments::from_arg_matches(&matches)
}

/// The environment twin of a flag.
fn twin(long: &str) -> String {
    format!("{ENV_PREFIX}{}", long.to_ascii_uppercase().replace('-', "_"))
}

/// The twins of a flag that are set, its own before those of former names.
///
/// A variable that is set but empty counts as unset: CI systems pass absent inputs as empty text.
fn set_twins(arg: &clap::Arg) -> Vec<String> {
    let Some(long) = arg.get_long().filter(|long| !matches!(*long, "help" | "version")) else {
        return Vec::new();
    };
    let visible = arg.get_visible_aliases().unwrap_or_default();
    let former = arg.get_all_aliases().unwrap_or_default().into_iter().filter(|name| !visible.contains(name));
    [long]
        .into_iter()
        .chain(former)
        .map(twin)
        .filter(|variable| std::env::var_os(variable).is_some_and(|value| !value.is_empty()))
        .collect()
}

/// Two variables that are set and mean one flag.
fn both_twins(command: &clap::Command) -> Option<(String, String)> {
    let here = command.get_arguments().find_map(|arg| {
        let mut set = set_twins(arg).into_iter();
        set.next().zip(set.next())
    });
    here.or_else(|| command.get_subcommands().find_map(both_twins))
}

/// Gives every flag of a command and its subcommands its environment twin.
fn with_environment(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| {
        let Some(variable) = set_twins(&arg).into_iter().next() else { return arg };
        let arg = if matches!(arg.get_action(), ArgAction::SetTrue) {
            arg.value_parser(FalseyValueParser::new())
        } else {
            arg
        };
        arg.env(variable).hide_env(true)
    });
    command.mut_subcommands(with_environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &[&str]) -> Result<Arguments, clap::Error> {
        parse(words.iter().map(Into::into).collect())
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    /// Every flag of a command and its subcommands, with its twin's name.
    fn twins(command: &clap::Command) -> Vec<(String, Option<String>)> {
        let flags = command.get_arguments().filter_map(|arg| {
            let long = arg.get_long().filter(|long| !matches!(*long, "help" | "version"))?;
            let name = format!("PERFGUARD_{}", long.to_ascii_uppercase().replace('-', "_"));
            Some((name, arg.get_env().map(|found| found.to_string_lossy().into_owned())))
        });
        flags.chain(command.get_subcommands().flat_map(twins)).collect()
    }

    #[test]
    fn every_flag_has_an_environment_twin() {
        const INSIDE: &str = "TEST_WITH_EVERY_TWIN_SET";
        if std::env::var_os(INSIDE).is_some() {
            for (name, found) in twins(&command()) {
                assert_eq!(found.as_deref(), Some(name.as_str()));
            }
            return;
        }
        // The environment of this process is shared by all tests, so it is set for another.
        let names: Vec<String> = twins(&Arguments::command()).into_iter().map(|(name, _)| name).collect();
        assert!(names.len() > 50, "{names:?}");
        let run = |value: &str| {
            std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "cli::args::tests::every_flag_has_an_environment_twin"])
                .env(INSIDE, "1")
                .envs(names.iter().map(|name| (name, value)))
                .output()
                .unwrap()
        };
        let (set, empty) = (run("1"), run(""));
        assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stdout));
        assert!(String::from_utf8_lossy(&set.stdout).contains("1 passed"));
        assert!(!empty.status.success(), "a variable that is empty counts as unset");
    }

    #[test]
    fn both_ways_to_start_are_the_same() {
        for words in [&["cargo-perfguard", "perfguard", "check", "x"][..], &["cargo-perfguard", "check", "x"]]
        {
            let arguments = parse_words(words).unwrap();
            assert!(matches!(arguments.command, Command::Check(check) if check.filter.filter == ["x"]));
        }
    }

    #[test]
    fn compare_takes_filters_behind_two_dashes() {
        let arguments = parse_words(&["c", "compare", "main", "--", "a*", "b"]).unwrap();
        let Command::Compare(compare) = arguments.command else { panic!("not compare") };
        assert_eq!((compare.base.as_str(), compare.candidate), ("main", None));
        assert_eq!(compare.filter, ["a*", "b"]);
    }

    #[test]
    fn common_flags_may_stand_anywhere() {
        let arguments = parse_words(&["c", "-v", "check", "-v", "--color", "never"]).unwrap();
        assert_eq!(arguments.common.color, Color::Never);
    }
}
