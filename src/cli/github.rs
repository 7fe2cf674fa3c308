//! What GitHub's runner gets beside the output: annotations, and the step's summary. Nothing of it outside of GitHub.
//!
//! The runner reads commands from both streams of a step. Everything that is relayed (Cargo's lines, what a bench said before
//! it failed) stands between `::stop-commands::TOKEN` and `::TOKEN::`, where none is obeyed. The token is drawn anew for
//! each run, and written to the log alone.

use std::cell::RefCell;
use std::collections::hash_map::RandomState;
use std::fs::OpenOptions;
use std::hash::BuildHasher as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::args::Command;
use super::console::Console;
use crate::domain::Report;
use crate::report::{github, summary};

/// GitHub drops a summary above 1 MiB, with everything that other steps of the job said, in bytes.
const LONGEST_SUMMARY: u64 = 900_000;

/// A step of GitHub's that this run is.
#[derive(Debug)]
pub(crate) struct Step {
    token: String,
    /// Where the step's summary is collected.
    summary: Option<PathBuf>,
    /// What is said when nothing more is relayed.
    annotations: RefCell<String>,
}

impl Step {
    /// Stops the runner from obeying what is relayed, where this is a step of GitHub's and the command judges.
    pub(crate) fn begin(command: &Command) -> Option<Self> {
        let wanted = match command {
            Command::Check(check) => !check.list && !check.ci.no_annotations,
            Command::Compare(compare) => !compare.ci.no_annotations,
            Command::Merge(merge) => !merge.ci.no_annotations,
            _ => false,
        };
        if !wanted || std::env::var_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
            return None;
        }
        let summary = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
        let token = token();
        Console::command(&format!("::stop-commands::{token}"));
        Some(Self { token, summary: summary.map(PathBuf::from), annotations: RefCell::default() })
    }

    /// Takes what was found: the summary is written, annotations follow at the end.
    pub(crate) fn found(&self, console: Console, report: &Report) {
        self.annotations.borrow_mut().push_str(&github::annotations(report));
        let Some(path) = &self.summary else { return };
        if let Err(error) = append(path, report) {
            console.warning(format_args!("the step's summary cannot be written: {error}"));
        }
    }

    /// Lets the runner obey again, and says what it is to show. Nothing is relayed afterwards.
    pub(crate) fn end(self) {
        Console::command(&format!("::{}::", self.token));
        for annotation in self.annotations.borrow().lines() {
            Console::command(annotation);
        }
    }
}

/// Adds the report to the summary, as much of it as there is room for.
fn append(path: &Path, report: &Report) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let room = LONGEST_SUMMARY.saturating_sub(file.metadata()?.len());
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    // A line feed before and behind it: others write to it, too.
    let text = summary::within(report, room.saturating_sub(2));
    if text.is_empty() {
        return Ok(());
    }
    file.write_all(format!("\n{text}\n").as_bytes())
}

/// 128 bits that nobody can guess: the standard library's keys come from the system's source of randomness.
fn token() -> String {
    let half = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ReportKind;

    #[test]
    fn no_token_comes_twice() {
        let tokens: std::collections::BTreeSet<String> = (0..100).map(|_| token()).collect();
        assert_eq!(tokens.len(), 100);
        assert!(tokens.iter().all(|token| token.len() == 32));
    }

    #[test]
    fn a_summary_leaves_what_others_wrote_and_stays_below_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.md");
        let report = Report::new(ReportKind::Check);
        append(&path, &report).unwrap();
        std::fs::write(&path, "# Before\n").unwrap();
        append(&path, &report).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("# Before\n\n") && text.contains("perfguard: nothing was compared"),
            "{text}"
        );
        let full = "x".repeat(usize::try_from(LONGEST_SUMMARY).unwrap());
        std::fs::write(&path, &full).unwrap();
        append(&path, &report).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), full);
        assert!(append(folder.path(), &report).is_err());
    }
}
