//! Running a linker on what was kept.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::domain::LayoutFallback;
use crate::support::process;

use super::arguments::{self, Kind};
use super::capture::Capture;

/// When a linker is given up: it takes tenths of a second, and with link-time optimization of its own some more.
const LIMIT: Duration = Duration::from_mins(2);

/// How many lines of a linker's complaints are shown.
const LINES: usize = 3;

/// Links as the build did, to `output`. Gives every object and archive that was taken, by the linker's own word: a driver finds
/// some that nobody names, such as a C library that is linked statically.
pub(super) fn as_before(capture: &Capture, output: &Path) -> Result<Vec<PathBuf>, LayoutFallback> {
    let mut arguments = capture.arguments(output);
    arguments.extend(Kind::of(&capture.linker()).flag("--trace"));
    let mut taken = Vec::new();
    run(capture, &capture.linker(), &arguments, |line| {
        let file = arguments::traced(line).map(|path| capture.folder().join(path));
        if let Some(file) = file.filter(|file| !taken.contains(file) && file.is_file()) {
            taken.push(file);
        }
    })?;
    Ok(taken)
}

/// How to link in an order: rust-lld, whichever linker the build used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ordered<'a> {
    capture: &'a Capture,
    kind: Kind,
    program: PathBuf,
    tools: PathBuf,
}

impl<'a> Ordered<'a> {
    /// Finds rust-lld beside the compiler whose library is linked.
    pub(super) fn new(capture: &'a Capture) -> Result<Self, LayoutFallback> {
        let kind = Kind::of(&capture.linker());
        let rustlib =
            arguments::rustlib(&capture.arguments(Path::new(""))).ok_or(LayoutFallback::NoLinker)?;
        let hosts = std::fs::read_dir(rustlib).map_err(|_| LayoutFallback::NoLinker)?;
        let tools = hosts
            .flatten()
            .map(|host| host.path().join("bin"))
            .find(|tools| tools.join("gcc-ld/ld.lld").is_file() && tools.join("rust-lld").is_file())
            .ok_or(LayoutFallback::NoLinker)?;
        let program = match kind {
            Kind::Driver => capture.linker(),
            Kind::Linker => tools.join("rust-lld"),
        };
        Ok(Self { capture, kind, program, tools })
    }

    /// Links to `output` with the linker's own `flags`, and one more object.
    pub(super) fn link(
        &self,
        flags: &[String],
        besides: Option<&Path>,
        output: &Path,
    ) -> Result<(), LayoutFallback> {
        let mut given = arguments::neutral(self.kind, self.capture.arguments(output));
        match self.kind {
            Kind::Driver => given
                .extend(["-fuse-ld=lld".to_owned(), format!("-B{}", self.tools.join("gcc-ld").display())]),
            Kind::Linker => {
                if let Some(at) = given.iter().position(|argument| argument == "-flavor") {
                    given.drain(at..(at + 2).min(given.len()));
                }
                given.splice(0..0, ["-flavor".to_owned(), "gnu".to_owned()]);
            }
        }
        given.extend(besides.map(|object| object.display().to_string()));
        given.extend(flags.iter().flat_map(|flag| self.kind.flag(flag)));
        run(self.capture, &self.program, &given, |_| ())
    }
}

fn run(
    capture: &Capture,
    program: &Path,
    arguments: &[String],
    mut on_line: impl FnMut(&str),
) -> Result<(), LayoutFallback> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(capture.folder()).envs(capture.variables());
    let finished = process::run(command, Some(LIMIT), |_, line| on_line(line))
        .map_err(|error| LayoutFallback::Linker(format!("failed to {error}")))?;
    if finished.status.success() {
        return Ok(());
    }
    let complaints = finished.stderr.text();
    let lines: Vec<&str> = complaints.lines().filter(|line| line.contains("error")).take(LINES).collect();
    let told = if lines.is_empty() { finished.status.to_string() } else { lines.join("; ") };
    Err(LayoutFallback::Linker(told))
}
