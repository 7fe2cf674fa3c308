//! The arguments of `publish`.

use std::path::PathBuf;

use clap::Args;

use super::super::values;

const HELP: &str = "\
Examples:
  cargo perfguard publish perfguard.json           in a job of `on: workflow_run`, with GITHUB_TOKEN
  cargo perfguard publish perfguard.json --dry-run show what would be published, and ask nobody
  cargo perfguard publish perfguard.json --require-verdict --badge badge.json

REPORT is what `check`, `compare` or `merge` wrote with `--format json`. It may come from a job that ran the code of a \
stranger: which commit and which pull request it is about is taken from the event that started this job, and the text is \
made here. What the report says of the event's commit is believed.

The job needs `permissions: { contents: read, checks: write, pull-requests: write }`, and `GITHUB_TOKEN`.

Exit codes: 0 published, whatever the verdict: the check run shows it; 101 there is no report, or its run was not \
completed (which is published), or GitHub refused or cannot be reached; 2 invalid usage.";

/// `publish`
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct PublishArgs {
    /// The report as JSON. That it is missing is published, too
    #[arg(value_name = "REPORT.json")]
    pub(crate) report: PathBuf,
    /// Tells the comments of several workflows apart: letters, digits, `.`, `_` and `-`
    #[arg(long, value_name = "KEY", default_value = "default", value_parser = values::comment_key)]
    pub(crate) comment_key: String,
    /// The name of the check run
    #[arg(long, value_name = "NAME", default_value = "perfguard", value_parser = values::check_name)]
    pub(crate) check_name: String,
    /// Write a badge, too, as shields.io reads it from an address
    #[arg(long, value_name = "FILE")]
    pub(crate) badge: Option<PathBuf>,
    /// A benchmark without a verdict fails the check, whatever the job that measured demanded
    #[arg(long)]
    pub(crate) require_verdict: bool,
    /// Show what would be published, and ask nobody
    #[arg(long)]
    pub(crate) dry_run: bool,
}
