//! Arguments as the user types them. clap's types never leave `cli/`; [`super::settings`] resolves them.

#![expect(clippy::doc_markdown, reason = "doc comments of arguments are help texts, shown as they stand")]
#![expect(clippy::struct_excessive_bools, reason = "a flag is given or not")]

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

use crate::domain::Layout;
use crate::measure::counter::InstructionSource;

/// What stands before a flag's name in its environment twin.
const ENV_PREFIX: &str = "PERFGUARD_";

/// Paragraphs are one line each: clap wraps them to the terminal.
const AFTER_HELP: &str = "\
Every flag has an environment twin: --no-harness is PERFGUARD_NO_HARNESS=1. Flags beat the environment, the environment \
beats perfguard.toml, and that beats the defaults.

Exit codes:
  0    passed, or done
  100  at least one confirmed regression, and nothing else
  102  a verdict was required and is missing
  101  could not complete: build, bench, git, store or file trouble
  2    asked for what cannot be: usage, configuration, unknown revision or benchmark

Start with `cargo perfguard check`: it compares your work tree with the point where your branch left the main one.";

const CHECK_HELP: &str = "\
Examples:
  cargo perfguard check                            against the merge-base with the default branch
  cargo perfguard check parser                     only benchmarks with `parser` in their full names
  cargo perfguard check 'app::parse::*' --no-harness --threshold 3%
  cargo perfguard check --baseline v1.2.0 --require-verdict --format json --output perf.json
  cargo perfguard check --null-control             ask first whether this machine is fit; see `doctor --help`

Exit codes: 0 passed; 100 regressed; 102 a required verdict is missing; 101 could not complete; 2 wrong usage.";

const RUN_HELP: &str = "\
Examples:
  cargo perfguard run                              measure the work tree and store the figures
  cargo perfguard run --commits HEAD~20..HEAD      fill in history; what is stored already is skipped

After five runs of a commit its stored figures can clear most benchmarks of a later `check` without any pairs.";

const COMPARE_HELP: &str = "\
Examples:
  cargo perfguard compare main                     the work tree against main
  cargo perfguard compare v1.0.0 v1.1.0 -- parser  two tags, only benchmarks with `parser` in their names

Exit codes: 0 passed; 100 regressed; 102 a required verdict is missing; 101 could not complete; 2 wrong usage.";

const REPORT_HELP: &str = "\
Examples:
  cargo perfguard report                           what this workspace's store holds, by architecture
  cargo perfguard report --format markdown --output PERFORMANCE.md

Figures come from `cargo perfguard run` and `check`.";

const EXPLAIN_HELP: &str = "\
Examples:
  cargo perfguard explain parser::parse::json      the work tree against the merge-base with the default branch
  cargo perfguard explain json/large v1.2.0        any part of a name that means one benchmark; against a tag
  cargo perfguard explain json/large v1.2.0 v1.3.0 --flamegraph difference.svg

It counts instructions under valgrind, twice on each side: they repeat exactly, so even a small difference is real. The \
last sentence says where to look. What differs besides the code (toolchain, flags, features, dependencies) is named \
first.

BASE and CANDIDATE are any names of a commit that git understands. Of functions that were inlined into others the line \
table tells, so both sides are built with symbols and line tables; the code is the same as without.

Exit codes: 0 explained; 101 could not complete (valgrind is missing, a build failed); 2 no or several such benchmarks.";

const LIST_HELP: &str = "\
Examples:
  cargo perfguard list                             every full name, one a line
  cargo perfguard list --no-harness --format json  the workspace's own benches, for programs";

const DOCTOR_HELP: &str = "\
Examples:
  cargo perfguard doctor                           everything, with three of your benchmarks against themselves
  cargo perfguard doctor --quick                   only look: nothing is measured
  cargo perfguard doctor parser --benchmarks 5     five benchmarks with `parser` in their full names
  cargo perfguard doctor --budget 60s              how small a threshold six times the time would allow

Every finding is fit, caution (it costs time or precision, no verdict is wrong for it), unfit (what is measured like \
this means little) or unknown. A build that is measured against itself did not change, so the largest change that its \
interval does not rule out is the smallest threshold that can honestly be enforced here; write that, or more, to \
[thresholds] in perfguard.toml. `check --null-control` asks the same question during a check.

Exit codes: 0 done, fit or not (--format json: `fitness`); 101 could not complete; 2 wrong usage.";

/// Guards performance the way tests guard behaviour.
#[derive(Debug, Parser)]
#[command(
    name = "cargo perfguard",
    bin_name = "cargo perfguard",
    version,
    about = "Guards performance the way tests guard behaviour",
    long_about = "Guards performance the way tests guard behaviour: measures the Criterion benches of a Cargo workspace, \
                  unmodified, in many short launches that take turns with the baseline, and fails the build when one got \
                  slower than its threshold allows, and only then.",
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
    /// Say less: no progress, only results and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Say more: every benchmark in tables, cargo's own output
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Colour the output
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value = "auto")]
    pub(crate) color: Color,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The gate: measure the work tree, compare with the baseline, print the table, set the exit code
    Check(CheckArgs),
    /// Measure and store, no judgement
    Run(RunArgs),
    /// Build two revisions and measure them against each other, in turns, now, on this machine
    Compare(CompareArgs),
    /// The baseline report per architecture, from the store; measures nothing
    Report(ReportArgs),
    /// One benchmark over commits, with its change points; measures nothing
    History(HistoryArgs),
    /// Which functions account for one benchmark's difference in instructions
    Explain(ExplainArgs),
    /// What would be measured
    List(ListArgs),
    /// The guide's claims and your own, each confirmed, refuted or undecided on this machine
    Claims(ClaimsArgs),
    /// Is this machine, profile and toolchain fit to measure, and how small a change can it see
    Doctor(DoctorArgs),
    /// Look after stored and committed baselines
    Baseline(BaselineArgs),
    /// Write a starter configuration and workflow, never over what is there
    Init(InitArgs),
    /// Write shell completions to standard output
    Completions(CompletionsArgs),
}

impl Command {
    /// Its name, and how it shows results; `None` for what shows none.
    pub(crate) fn output(&self) -> Option<(&'static str, &OutputArgs)> {
        match self {
            Self::Check(check) => Some(("check", &check.output)),
            Self::Run(run) => Some(("run", &run.output)),
            Self::Compare(compare) => Some(("compare", &compare.output)),
            Self::Report(report) => Some(("report", &report.output)),
            Self::History(history) => Some(("history", &history.output)),
            Self::Explain(explain) => Some(("explain", &explain.output)),
            Self::List(list) => Some(("list", &list.output)),
            Self::Claims(claims) => Some(("claims", &claims.output)),
            Self::Doctor(doctor) => Some(("doctor", &doctor.output)),
            Self::Baseline(_) | Self::Init(_) | Self::Completions(_) => None,
        }
    }
}

/// `check`
#[derive(Debug, Args)]
#[command(after_help = CHECK_HELP)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// The revision to compare with [default: the merge-base with the default branch; on that branch, the first parent]
    #[arg(long, value_name = "REV", help_heading = "Judging")]
    pub(crate) baseline: Option<String>,
    /// Put all of the harness's claims to the test, too
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
    pub(crate) output: OutputArgs,
}

/// `run`
#[derive(Debug, Args)]
#[command(after_help = RUN_HELP)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Measure these commits instead (oldest first), skipping what is stored already for this machine
    #[arg(long, value_name = "A..B")]
    pub(crate) commits: Option<String>,
    #[command(flatten)]
    pub(crate) measuring: MeasuringArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
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
    /// Only benchmarks whose full name matches
    #[arg(last = true, value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// FILTERs are whole names
    #[arg(long)]
    pub(crate) exact: bool,
    #[command(flatten)]
    pub(crate) judging: JudgingArgs,
    #[command(flatten)]
    pub(crate) measuring: MeasuringArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `report`
#[derive(Debug, Args)]
#[command(after_help = REPORT_HELP)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
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
    /// The benchmark: its full name (package::target::criterion-id), or a part of it or glob that means exactly one
    #[arg(value_name = "BENCHMARK")]
    pub(crate) benchmark: String,
    /// The revision to compare with [default: the merge-base with the default branch; on that branch, the first parent]
    #[arg(value_name = "BASE")]
    pub(crate) base: Option<String>,
    /// The revision to explain [default: the work tree]
    #[arg(value_name = "CANDIDATE")]
    pub(crate) candidate: Option<String>,
    /// Draw the difference as a flame graph, too: red is more instructions, blue is fewer
    #[arg(long, value_name = "FILE.svg", help_heading = "Output")]
    pub(crate) flamegraph: Option<PathBuf>,
    /// Count branches and caches besides, in Callgrind's simulation of a processor
    #[arg(long)]
    pub(crate) caches: bool,
    /// Leave out the built-in harness
    #[arg(long)]
    pub(crate) no_harness: bool,
    /// When a launch is given up: `30s`
    #[arg(long, value_name = "DURATION", hide = true, allow_hyphen_values = true)]
    pub(crate) launch_timeout: Option<String>,
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
    /// Leave out the built-in harness
    #[arg(long)]
    pub(crate) no_harness: bool,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `history`
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The benchmark's full name: package::target::criterion-id
    #[arg(value_name = "BENCHMARK")]
    pub(crate) benchmark: String,
    /// Which figure
    #[arg(long, value_name = "METRIC", default_value = "wall-time")]
    pub(crate) metric: String,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `claims`
#[derive(Debug, Args)]
pub(crate) struct ClaimsArgs {
    /// Only claims whose name (group/pattern) matches: a glob, or a part of the name
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// FILTERs are whole names
    #[arg(long)]
    pub(crate) exact: bool,
    /// Paired time per claim, a ceiling: `5s`, `500ms`
    #[arg(long, value_name = "DURATION", help_heading = "Measuring")]
    pub(crate) budget: Option<String>,
    /// Only the configuration's own claims
    #[arg(long, help_heading = "Measuring")]
    pub(crate) no_harness: bool,
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
    /// Only benchmarks whose full name (package::target::criterion-id) matches: a glob, or a part of the name
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// FILTERs are whole names
    #[arg(long)]
    pub(crate) exact: bool,
    /// Measure nothing: only look at the machine and the build
    #[arg(long, help_heading = "Measuring")]
    pub(crate) quick: bool,
    /// How many benchmarks are measured against themselves, spread over all that match
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "Measuring",
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) benchmarks: u16,
    /// Paired time per benchmark, all of which is used: `10s`, `500ms` [default: that of `check`]
    #[arg(long, value_name = "DURATION", help_heading = "Measuring", allow_hyphen_values = true)]
    pub(crate) budget: Option<String>,
    /// Leave out the built-in harness, which stands in where there is no benchmark of your own
    #[arg(long, help_heading = "Measuring")]
    pub(crate) no_harness: bool,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// `init`
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
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
    /// Check a file that another machine exported, and put it under baselines/
    Import(ImportArgs),
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
    /// The files to take
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The architecture they must be of [default: this machine's]
    #[arg(long, value_name = "ARCH")]
    pub(crate) arch: Option<String>,
}

/// `baseline prune`
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Only results older than this: `90d`, `12h`
    #[arg(long, value_name = "AGE", default_value = "90d")]
    pub(crate) older_than: String,
    /// Keep so many of the newest results of each benchmark, however old
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) keep: u32,
}

/// Which benchmarks.
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// Only benchmarks whose full name (package::target::criterion-id) matches: a glob, or a part of the name
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,
    /// FILTERs are whole names
    #[arg(long)]
    pub(crate) exact: bool,
    /// Only list what would be measured
    #[arg(long)]
    pub(crate) list: bool,
}

/// How to judge.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Judging")]
pub(crate) struct JudgingArgs {
    /// The largest accepted worsening: `5%` for every relative metric, or `wall-time=3%`; repeatable
    // `-5%` must reach the words that say what is wrong with it.
    #[arg(long, value_name = "LIMIT", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) threshold: Vec<String>,
    /// What is measured again, with fresh launches, before it counts
    #[arg(long, value_name = "WHEN", value_enum)]
    pub(crate) confirm: Option<ConfirmArg>,
    /// Exit with 102 when a benchmark ends without a verdict, or nothing was compared
    #[arg(long)]
    pub(crate) require_verdict: bool,
    /// Measure pairs even where both executables are identical (to see this machine's noise)
    #[arg(long)]
    pub(crate) measure_identical: bool,
    /// First measure up to three baseline executables against themselves: when one seems changed, this machine is
    /// unfit, and everything timed is inconclusive
    #[arg(long)]
    pub(crate) null_control: bool,
}

/// `--confirm`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConfirmArg {
    /// Nothing: one finding is enough
    Never,
    /// What looks regressed
    Suspects,
    /// What looks regressed or improved
    Always,
}

/// `--instructions-by`, and the same in the configuration
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CounterArg {
    /// Valgrind: exact, and knows the functions; the default
    Callgrind,
    /// The processor, where it and the kernel let programs: at full speed, nearly exact
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
    /// Which figures to take, separated by commas: wall-time, instructions, allocations, allocated-bytes, peak-bytes
    /// [default: the first three; those that cannot be counted are left out, with a note]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) metrics: Vec<String>,
    /// What counts instructions
    #[arg(long, value_name = "COUNTER", value_enum)]
    pub(crate) instructions_by: Option<CounterArg>,
    /// Paired time per benchmark, a ceiling: `10s`, `500ms`
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) budget: Option<String>,
    /// Leave out the built-in harness
    #[arg(long)]
    pub(crate) no_harness: bool,
    /// When a launch is given up: `30s`. By default after several times the time it should take
    #[arg(long, value_name = "DURATION", hide = true, allow_hyphen_values = true)]
    pub(crate) launch_timeout: Option<String>,
    /// Accepted for users of Criterion; there are never plots
    #[arg(long, hide = true)]
    pub(crate) noplot: bool,
}

/// Where the project is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Project")]
pub(crate) struct ProjectArgs {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Folder for everything that is built
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) target_dir: Option<PathBuf>,
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
    #[arg(long, visible_alias = "all")]
    pub(crate) workspace: bool,
    /// Not these packages
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
    /// How many jobs Cargo runs at once
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

/// Where results are kept.
#[derive(Debug, Args)]
#[command(next_help_heading = "Store")]
pub(crate) struct StoreArgs {
    /// The SQLite file that keeps every result [default: .perfguard/store.db at the workspace root]
    #[arg(long, value_name = "PATH")]
    pub(crate) store: Option<PathBuf>,
    /// Go by this machine key instead of this machine's own
    #[arg(long, value_name = "KEY")]
    pub(crate) machine: Option<String>,
}

/// How to show results.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// How to write results
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub(crate) format: FormatArg,
    /// Write results to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `--format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// For people
    Table,
    /// One document, schema 1
    Json,
    /// For a pull request's comment
    Markdown,
    /// One self-contained page
    Html,
    /// For CI servers
    Junit,
    /// For spreadsheets
    Csv,
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
    let matches = command().try_get_matches_from(words)?;
    Arguments::from_arg_matches(&matches)
}

/// Gives every flag of a command and its subcommands its environment twin.
///
/// A variable that is set but empty counts as unset: CI systems pass absent inputs as empty text.
fn with_environment(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| {
        let Some(long) = arg.get_long() else { return arg };
        if matches!(long, "help" | "version") {
            return arg;
        }
        let variable = format!("{ENV_PREFIX}{}", long.to_ascii_uppercase().replace('-', "_"));
        if std::env::var_os(&variable).is_none_or(|value| value.is_empty()) {
            return arg;
        }
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
