//! Which Valgrind there is, how it is started, and what its complaints mean.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::{code, launch};
use crate::measure::counter::{CountOptions, Uncounted};
use crate::measure::failure::LaunchFailure;
use crate::measure::invocation::Invocation;
use crate::support::bounded::{self, Links};
use crate::support::process::{self, Stream};

/// How long it may take to say its version.
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// Architectures whose client requests the copied Criterion knows.
const KNOWN: [&str; 2] = ["x86_64", "aarch64"];

/// How much of its log is shown with a failure.
const SHOWN_LINES: usize = 12;

/// A larger log explains nothing.
const LARGEST_LOG: u64 = 4 << 20;

/// A Valgrind that may or may not be there.
#[derive(Debug)]
pub(super) struct Valgrind {
    program: String,
    version: OnceLock<Result<String, String>>,
}

impl Default for Valgrind {
    fn default() -> Self {
        Self::named("valgrind")
    }
}

impl Valgrind {
    pub(super) fn named(program: impl Into<String>) -> Self {
        Self { program: program.into(), version: OnceLock::new() }
    }

    /// The name and version of what counts: `callgrind 3.19`.
    pub(super) fn counter(&self, arch: &str) -> Result<String, Uncounted> {
        if !cfg!(target_os = "linux") {
            return unavailable("instructions are counted on Linux only".to_owned(), None);
        }
        if !KNOWN.contains(&arch) {
            return unavailable(format!("instructions of {arch} are not counted"), None);
        }
        match self.version.get_or_init(|| version(&self.program)) {
            Ok(version) => Ok(format!("callgrind {version}")),
            Err(reason) => unavailable(
                reason.clone(),
                Some("install valgrind, with the system's package manager (`apt install valgrind`)"),
            ),
        }
    }

    /// The invocation under Callgrind of an executable for an architecture; it writes its files to a folder.
    pub(super) fn over(
        &self,
        invocation: Invocation,
        folder: &Path,
        options: &CountOptions,
        arch: &str,
    ) -> Invocation {
        self.callgrind(invocation, folder, (options, arch), &["--instr-atstart=no", "--collect-atstart=yes"])
    }

    /// The invocation under Callgrind, which counts from start to end.
    pub(super) fn over_all(
        &self,
        invocation: Invocation,
        folder: &Path,
        options: &CountOptions,
        arch: &str,
    ) -> Invocation {
        self.callgrind(invocation, folder, (options, arch), &["--instr-atstart=yes", "--collect-atstart=yes"])
    }

    /// The invocation under Callgrind of one `#[bench]` function: what it does is collected, apart for every reading of the
    /// clock.
    pub(super) fn over_function(
        &self,
        invocation: Invocation,
        folder: &Path,
        options: &CountOptions,
        arch: &str,
    ) -> Invocation {
        // Callgrind compares them with names as they are mangled.
        let flags = [
            "--instr-atstart=yes",
            "--collect-atstart=no",
            "--toggle-collect=*FnOnceTQ*5bench7BencherEE9call_once*",
            "--dump-before=*3std4time*7Instant*",
        ];
        self.callgrind(invocation, folder, (options, arch), &flags)
    }

    /// The invocation under DHAT, which tells of the heap in its log.
    pub(super) fn over_heap(&self, invocation: Invocation, folder: &Path) -> Invocation {
        let folder = folder.to_string_lossy().replace('%', "%%");
        let arguments = [
            "--tool=dhat".to_owned(),
            "--sigill-diagnostics=yes".to_owned(),
            "--trace-children=no".to_owned(),
            "--vgdb=no".to_owned(),
            format!("--log-file={folder}/{LOG}"),
            format!("--dhat-out-file={folder}/dhat.%p"),
        ];
        invocation.under(&self.program, arguments).env("VALGRIND_OPTS", "")
    }

    fn callgrind(
        &self,
        invocation: Invocation,
        folder: &Path,
        (options, arch): (&CountOptions, &str),
        flags: &[&str],
    ) -> Invocation {
        let simulate = if options.caches { "yes" } else { "no" };
        let folder = folder.to_string_lossy().replace('%', "%%");
        // Options that a user's own `.valgrindrc` may have changed are stated, even where they are the default.
        let arguments = [
            "--tool=callgrind".to_owned(),
            "--quiet".to_owned(),
            // Quiet, but not about instructions it does not know.
            "--sigill-diagnostics=yes".to_owned(),
            "--separate-threads=no".to_owned(),
            "--combine-dumps=no".to_owned(),
            format!("--dump-instr={}", if code::is_read(arch) { "yes" } else { "no" }),
            "--dump-line=yes".to_owned(),
            "--demangle=no".to_owned(),
            "--trace-children=no".to_owned(),
            "--vgdb=no".to_owned(),
            format!("--cache-sim={simulate}"),
            format!("--branch-sim={simulate}"),
            format!("--collect-systime={simulate}"),
            format!("--log-file={folder}/{LOG}"),
            // A process that was forked writes to files of its own.
            format!("--callgrind-out-file={folder}/callgrind.%p"),
        ];
        let arguments = arguments.into_iter().chain(flags.iter().map(ToString::to_string));
        invocation.under(&self.program, arguments).env("VALGRIND_OPTS", "")
    }
}

/// Where Valgrind complains.
const LOG: &str = "valgrind.log";

/// A failed launch in Valgrind's own words, where they explain it.
pub(super) fn explained(failure: LaunchFailure, folder: &Path) -> Uncounted {
    let log = bounded::read_text(&folder.join(LOG), LARGEST_LOG, Links::Refuse).unwrap_or_default();
    let said = format!("{log}\n{}", failure.output_tail);
    if let Some(uncounted) = complaint(&said) {
        return uncounted;
    }
    let mut failure = failure;
    let lines: Vec<&str> = log.lines().collect();
    let last = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    for line in last {
        failure.output_tail.push('\n');
        failure.output_tail.push_str(line);
    }
    launch::explained(failure)
}

/// The file with the given number that the process `pid` had written, from 1.
pub(super) fn file(folder: &Path, pid: i32, number: usize) -> PathBuf {
    folder.join(format!("callgrind.{pid}.{number}"))
}

/// What Valgrind wrote to its log.
pub(super) fn log(folder: &Path) -> std::io::Result<String> {
    bounded::read_text(&folder.join(LOG), LARGEST_LOG, Links::Refuse)
}

/// The file that the process `id` wrote at its end.
pub(super) fn file_at_end(folder: &Path, id: u32) -> PathBuf {
    folder.join(format!("callgrind.{id}"))
}

fn unavailable<T>(reason: String, remedy: Option<&str>) -> Result<T, Uncounted> {
    Err(Uncounted::Unavailable { reason, remedy: remedy.map(str::to_owned) })
}

/// Asks for the version, as `3.19`.
fn version(program: &str) -> Result<String, String> {
    let mut command = Command::new(program);
    command.arg("--version");
    let mut answer = String::new();
    let asked = process::run(command, Some(VERSION_LIMIT), |stream, line| {
        if stream == Stream::Stdout && answer.is_empty() {
            line.clone_into(&mut answer);
        }
    });
    match asked {
        Err(_) => Err("valgrind is not installed".to_owned()),
        Ok(_) => short(&answer).ok_or_else(|| format!("valgrind does not tell its version: `{answer}`")),
    }
}

/// `valgrind-3.19.0.GIT` as `3.19`.
fn short(answer: &str) -> Option<String> {
    let mut parts = answer.trim().strip_prefix("valgrind-")?.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let minor: String = minor.chars().take_while(char::is_ascii_digit).collect();
    let numbers = major.parse::<u32>().is_ok() && !minor.is_empty();
    numbers.then(|| format!("{major}.{minor}"))
}

/// What Valgrind complains of that is no fault of the benchmark.
fn complaint(said: &str) -> Option<Uncounted> {
    if said.contains("failed to start tool") {
        return unavailable::<()>(
            "this valgrind comes without callgrind".to_owned(),
            Some("install the whole of valgrind"),
        )
        .err();
    }
    let unknown = ["nrecognised instruction", "nhandled instruction"].iter().any(|text| said.contains(text));
    if !unknown {
        return None;
    }
    let bytes =
        said.lines().find_map(|line| line.split_once("nhandled instruction bytes: ")).map(|(_, rest)| rest);
    let bytes = bytes.map(|bytes| bytes.split_whitespace().take(6).collect::<Vec<_>>().join(" "));
    // The first byte of every AVX-512 instruction.
    let family = bytes.as_ref().is_some_and(|bytes| bytes.to_ascii_lowercase().starts_with("0x62"));
    let family = if family { " (AVX-512)" } else { "" };
    let named = bytes.map_or_else(String::new, |bytes| format!(": {bytes}{family}"));
    unavailable::<()>(
        format!("this valgrind does not know an instruction the benchmark uses{named}"),
        Some("build without `-C target-cpu=native` or the target feature, or install a newer valgrind"),
    )
    .err()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::domain::Execution;
    use crate::measure::counter::InstructionSource;
    use crate::measure::failure::FailureKind;
    use crate::measure::invocation::tests::bench;

    #[test]
    fn versions_are_cut_to_what_counts() {
        assert_eq!(short("valgrind-3.19.0").unwrap(), "3.19");
        assert_eq!(short("valgrind-3.25.1.GIT-lcbuild\n").unwrap(), "3.25");
        assert_eq!(short("valgrind-3.27GIT").unwrap(), "3.27");
        assert_eq!(short("bash: not found"), None);
    }

    #[test]
    fn code_is_dumped_for_the_executable_s_architecture_whatever_this_program_s_is() {
        let is_dumped = |arch: &str| {
            let bench = bench("/x", Execution::Native);
            let options = CountOptions {
                time_limit: Duration::from_secs(1),
                source: InstructionSource::Callgrind,
                caches: false,
            };
            let over = Valgrind::default().over(Invocation::of(&bench), Path::new("/f"), &options, arch);
            over.arguments().iter().any(|word| word == "--dump-instr=yes")
        };
        assert!(is_dumped("x86_64"));
        assert!(!is_dumped("aarch64"));
    }

    #[test]
    fn a_missing_valgrind_is_told_with_what_to_do() {
        let missing = Valgrind::named("/nowhere/valgrind");
        match missing.counter("x86_64").unwrap_err() {
            Uncounted::Unavailable { reason, remedy } if cfg!(target_os = "linux") => {
                assert_eq!(reason, "valgrind is not installed");
                assert!(remedy.unwrap().starts_with("install valgrind"));
            }
            Uncounted::Unavailable { .. } => {}
            other => panic!("{other:?}"),
        }
        assert!(matches!(missing.counter("riscv64").unwrap_err(), Uncounted::Unavailable { .. }));
    }

    #[test]
    fn an_instruction_it_does_not_know_is_named() {
        let said = "vex amd64->IR: unhandled instruction bytes: 0x62 0xF1 0x7C 0x48 0x10 0x7 0xC5\n\
                    ==7== valgrind: Unrecognised instruction at address 0x1091a4.";
        match complaint(said).unwrap() {
            Uncounted::Unavailable { reason, remedy } => {
                assert!(reason.ends_with("uses: 0x62 0xF1 0x7C 0x48 0x10 0x7 (AVX-512)"), "{reason}");
                assert!(remedy.unwrap().contains("target-cpu"));
            }
            other => panic!("{other:?}"),
        }
        assert!(complaint("thread 'main' panicked").is_none());
        assert!(complaint("valgrind: failed to start tool 'callgrind'").is_some());
    }

    #[test]
    fn other_complaints_come_with_the_failure() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(LOG), "==7== the 'impossible' happened").unwrap();
        let failure = LaunchFailure { kind: FailureKind::Exited(1), output_tail: "last words".into() };
        match explained(failure, folder.path()) {
            Uncounted::Failed(failure) => {
                assert_eq!(failure.output_tail, "last words\n==7== the 'impossible' happened");
            }
            other => panic!("{other:?}"),
        }
    }
}
