//! What a process under Callgrind counts.
//!
//! Instrumentation is off until the iterations begin and off again when they end, so that start-up and set-up run as
//! fast as Valgrind can; and it is on or off for all threads at once, so that what other threads do meanwhile is counted.

use std::fs;
use std::path::Path;
use std::time::Instant;

use rustix::process::Pid;

use super::plan::Counted;
use super::steady::{CounterSource, Steady, steady};
use super::valgrind;
use super::{code, launch};
use crate::domain::{BuiltBench, InstructionCount};
use crate::measure::callgrind::{self, Dump};
use crate::measure::counter::{CountOptions, InstructionSource, Uncounted};
use crate::measure::excess::LARGEST_DUMP;
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::interleaved::bench_process::BenchProcess;
use crate::support::bounded::{self, Links};

/// Counts what a process under Callgrind does that stands at its benchmark. It writes its files to `folder`.
pub(super) fn of_process(
    process: &mut BenchProcess,
    folder: &Path,
    bench: &BuiltBench,
    counter: String,
    begun: Instant,
) -> Result<InstructionCount, Uncounted> {
    let mut launch = Launch { process, folder, files: 0, threads: 1 };
    let Steady { iterations, total, set_up, detail: dump } = steady(&mut launch)?;
    debug_assert_eq!(dump.instructions(), total);
    let threads = launch.threads;
    let sample = launch::sample(iterations, total)?;
    let code = code::executed(&dump, arch(bench));
    let seconds = begun.elapsed().as_secs_f64();
    Ok(InstructionCount { sample, profile: dump.profile(), code, counter, set_up, threads, seconds })
}

/// Refuses another source than Callgrind for `what`, which it alone can count.
pub(super) fn require_callgrind(options: &CountOptions, what: &str) -> Result<(), Uncounted> {
    if options.source == InstructionSource::Callgrind {
        return Ok(());
    }
    Err(Uncounted::Unavailable {
        reason: format!("{what} is counted by Callgrind alone"),
        remedy: Some("count with `--instructions-by callgrind`".to_owned()),
    })
}

/// What one dump says of one run of whatever is counted, which began when `begun` says.
pub(super) fn of_dump(
    text: &str,
    bench: &BuiltBench,
    counter: String,
    begun: Instant,
) -> Result<InstructionCount, Uncounted> {
    let dump = callgrind::parse(text).map_err(|error| unread(&error))?;
    Ok(InstructionCount {
        sample: launch::sample(1, dump.instructions())?,
        profile: dump.profile(),
        code: code::executed(&dump, arch(bench)),
        counter,
        set_up: false,
        threads: started(&dump).saturating_add(1),
        seconds: begun.elapsed().as_secs_f64(),
    })
}

/// The architecture an executable is for: this machine's, when nothing else is said.
pub(super) fn arch(bench: &BuiltBench) -> &str {
    let arch = bench.fingerprint.arch();
    if arch.is_empty() { std::env::consts::ARCH } else { arch }
}

/// A process that counts.
struct Launch<'a> {
    process: &'a mut BenchProcess,
    folder: &'a Path,
    /// How many files Callgrind has written so far.
    files: usize,
    /// How many threads there were, at least.
    threads: u32,
}

impl CounterSource for Launch<'_> {
    type Detail = Dump;

    fn count(&mut self, iterations: u64) -> Result<(Counted, Dump), Uncounted> {
        let answer = self.process.count(iterations).map_err(|failure| self.explained(failure))?;
        self.files += 1;
        let pid = self.process.pid().map_or(0, Pid::as_raw_pid);
        // A library that speaks to Callgrind itself has it write more: CodSpeed's does, the first time it is used. Ours is last.
        while valgrind::file(self.folder, pid, self.files + 1).exists() {
            self.files += 1;
        }
        let path = valgrind::file(self.folder, pid, self.files);
        let text = bounded::read_text(&path, LARGEST_DUMP, Links::Refuse).map_err(|error| unread(&error))?;
        let dump = callgrind::parse(&text).map_err(|error| unread(&error))?;
        // Caches are small, and profiles of large programs are not.
        let _ = fs::remove_file(path);
        let spans = answer.first().copied().unwrap_or(0);
        Ok((Counted { spans, total: dump.instructions() }, dump))
    }

    fn sample(&mut self, iterations: u64) -> Result<f64, Uncounted> {
        let batch = self.process.sample(iterations).map_err(|failure| self.explained(failure))?;
        Ok(batch.per_iteration())
    }

    fn settled(&mut self, dump: &Dump) {
        self.threads = launch::threads(self.process).saturating_add(started(dump));
    }

    fn difference(many: &Dump, one: &Dump) -> Dump {
        many.minus(one)
    }
}

impl Launch<'_> {
    fn explained(&self, failure: LaunchFailure) -> Uncounted {
        valgrind::explained(failure, self.folder)
    }
}

/// How many threads were started while something was counted. They may be gone by now.
pub(super) fn started(dump: &Dump) -> u32 {
    let count = dump.called(|name| name.starts_with("pthread_create"));
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What Callgrind wrote is of no use.
pub(super) fn unread(error: &dyn std::fmt::Display) -> Uncounted {
    let kind = FailureKind::Uncounted(error.to_string());
    Uncounted::Failed(kind.into())
}
