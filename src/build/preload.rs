//! Libraries that are preloaded into executables that are timed, too, but never while they are: one counts allocations
//! (interposing the C library's `malloc` is what heaptrack and jemalloc's profilers do), one sees which of some functions are
//! run. Each is compiled when it is needed for the first time in a run.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{File, Object};

use super::BuildError;
use super::config::CargoConfig;
use super::toolchain;
use crate::domain::{BuiltBench, CargoFlags, Execution, Variables};
use crate::support::process::{self, ProcessError};
use crate::support::scratch::Scratch;

/// Which library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// It counts allocations.
    Allocations,
    /// It sees which functions are run.
    Traps,
}

impl Library {
    fn source(self) -> &'static str {
        match self {
            Self::Allocations => include_str!("preload/perfguard_allocations.rs.in"),
            Self::Traps => include_str!("preload/perfguard_traps.rs.in"),
        }
    }

    /// The name of its crate.
    fn name(self) -> &'static str {
        match self {
            Self::Allocations => "perfguard_allocations",
            Self::Traps => "perfguard_traps",
        }
    }
}

/// The variable that the C library's loader reads.
const VARIABLE: &str = "LD_PRELOAD";

/// What a name must not hold: it would end there.
const ENDS: [char; 2] = [' ', ':'];

/// The compiled library. Its file goes with it.
#[derive(Debug)]
pub struct Preload {
    library: Library,
    folder: Scratch,
    /// What the user has preloaded.
    before: Option<String>,
}

/// Why there is no such library.
#[derive(Debug, thiserror::Error)]
pub enum PreloadError {
    /// The folder for temporary files has a name that cannot be preloaded from.
    #[error("nothing can be preloaded from `{}`: a name ends at a space or a colon", .0.display())]
    Place(PathBuf),
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The compiler could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Cargo's configuration cannot be used.
    #[error(transparent)]
    Config(#[from] BuildError),
    /// The compiler refused it.
    #[error("it does not compile: {0}")]
    Compiler(String),
}

impl Preload {
    /// Compiles a library with the compiler that Cargo would use in a workspace: a fifth of a second.
    ///
    /// # Errors
    /// It does not compile, or lies where nothing can be preloaded from.
    pub fn compile(
        library: Library,
        workspace: &Path,
        environment: &Variables,
        flags: &CargoFlags,
    ) -> Result<Self, PreloadError> {
        let folder = Scratch::new()?;
        if folder.path().to_string_lossy().contains(ENDS) {
            return Err(PreloadError::Place(folder.path().to_owned()));
        }
        let config = CargoConfig::load(workspace, environment, &flags.config)?;
        let source = folder.path().join(library.name()).with_extension("rs");
        fs::write(&source, library.source())?;
        let mut command = Command::new(toolchain::program(&config));
        command.args(["--edition=2021", "--crate-type=cdylib", "-Copt-level=2", "-Cpanic=abort"]);
        // It has nothing to set up, and needs nothing but the C library that is there already.
        command.args(["-Clink-arg=-nostartfiles", "-o"]).arg(file(&folder, library)).arg(&source);
        command.current_dir(workspace).env_clear().envs(environment);
        let finished = process::run(command, None, |_, _| ())?;
        if !finished.status.success() {
            return Err(PreloadError::Compiler(finished.stderr.text().trim().to_owned()));
        }
        let before = environment.get(OsStr::new(VARIABLE)).and_then(|value| value.to_str());
        let before = before.filter(|names| !names.is_empty()).map(str::to_owned);
        Ok(Self { library, folder, before })
    }

    /// An executable that is started with the library, before whatever else is preloaded.
    pub fn loaded_into(&self, bench: &BuiltBench) -> BuiltBench {
        let mut bench = bench.clone();
        let before = bench.environment.get(VARIABLE).or(self.before.as_ref());
        let ours = file(&self.folder, self.library).display().to_string();
        let names = before.map_or_else(|| ours.clone(), |names| format!("{ours}:{names}"));
        bench.environment.insert(VARIABLE.to_owned(), names);
        bench
    }
}

fn file(folder: &Scratch, library: Library) -> PathBuf {
    folder.path().join(format!("lib{}.so", library.name()))
}

/// Whether an executable heeds what is preloaded: it runs here as it is, and the loader of the GNU C library starts it. One that is
/// linked statically has no loader.
pub fn heeds(bench: &BuiltBench) -> bool {
    let of_gnu = |triple: &str| triple.contains("-linux-gnu");
    let fingerprint = &bench.fingerprint;
    let starts =
        bench.execution == Execution::Native && of_gnu(&fingerprint.target) && of_gnu(&fingerprint.host);
    starts
        && fs::read(&bench.executable).is_ok_and(|bytes| {
            File::parse(&*bytes).is_ok_and(|file| file.section_by_name(".interp").is_some())
        })
}
