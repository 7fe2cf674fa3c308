//! From a source tree to executables, through Cargo.
//!
//! Both sides are built at the same absolute path, one after the other, each with a target folder of its own; the
//! caller puts a side's folder there. Executables are copied out and kept by everything that decided what they are,
//! so a revision is built once. See `docs/method.md`, "Fair builds".

mod argv;
mod binary;
mod cache;
mod cargo;
mod carried;
mod config;
mod digest;
mod environment;
mod error;
mod execution;
mod inventory;
pub mod library_copy;
pub mod lines;
mod linked;
mod lock_file;
mod messages;
mod native;
pub mod preload;
mod profile;
pub mod relink;
mod request;
mod seed;
mod surroundings;
mod toolchain;
pub mod traps;
mod units;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::domain::{
    BenchTarget, BuildFingerprint, BuiltBench, CrateOrigin, CrateSource, Digest, Execution, Instrument, Note,
    Progress, Variables, Variant,
};

use cache::{Entry, Inputs, Kept};
use config::CargoConfig;
use messages::{Executable, Messages};
use surroundings::Around;
use toolchain::Toolchain;

pub use binary::output_of_binary;
pub use carried::unchanged;
pub use error::BuildError;
pub use request::{BuildRequest, Patch, Seed};
pub(crate) use surroundings::{TreeFiles, apart, data_of, otherwise, sources_of, variables_of};
pub use toolchain::{toolchain, tools};

/// Where a build's executables came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Cargo was run.
    Built,
    /// They were kept from an earlier build.
    Kept,
}

/// The executables of one source tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// One for every bench of the request, in its order, but for those that were refused.
    pub benches: Vec<BuiltBench>,
    /// Benches, as `package::target`, that cannot have their allocations counted, and why. Empty unless they were built for
    /// that.
    pub refused: Vec<(String, String)>,
    /// What decided what they are, summed up.
    pub key: Option<Digest>,
    /// Where they came from.
    pub origin: Origin,
    /// What the reader should know, that is no error.
    pub notes: Vec<Note>,
}

/// Why a bench cannot have its allocations counted.
const OWN_ALLOCATOR: &str = "it has a global allocator of its own, which an executable can have only one of";

/// A bench as messages name it.
fn label(bench: &BenchTarget) -> String {
    format!("{}::{}", bench.package, bench.target)
}

/// What is known before Cargo runs.
struct Plan {
    config: CargoConfig,
    toolchain: Toolchain,
    target: String,
    profile: String,
    rustflags: Vec<String>,
    /// The CPU at hand, where flags ask for it.
    native: Option<String>,
    execution: Execution,
    environment: Variables,
}

/// Builds the benches of one source tree, or finds them among those that were kept.
///
/// # Errors
/// A compiler or configuration that cannot be used, a target that nothing here can run, a build that fails, files that
/// cannot be written.
pub fn build(request: &BuildRequest<'_>, progress: &dyn Progress) -> Result<Built, BuildError> {
    let notes = notes(request);
    if request.benches.is_empty() {
        return Ok(Built {
            benches: Vec::new(),
            refused: Vec::new(),
            key: None,
            origin: Origin::Kept,
            notes,
        });
    }
    let plan = Plan::new(request)?;
    let entry = Entry::new(request.artifacts, &plan.inputs(request));
    let key = entry.key(request.workspace);
    let is_whole = |kept: &Vec<Kept>| {
        surroundings::is_there(kept.iter().flat_map(|bench| &bench.surroundings.made), request.target_dir)
    };
    if let Some(kept) = entry.load(request.records).filter(is_whole) {
        tracing::debug!(side = %request.side, variant = ?request.variant, entry = %entry.folder().display(), "executables are kept");
        return Ok(Built { key: Some(key), ..plan.built(request, &kept, Origin::Kept, notes) });
    }
    plan.prepare(request.target_dir, progress)?;
    if let Some(from) =
        request.seed.filter(|from| seed::is_unused(request.target_dir) && plan.may_start_from(*from))
    {
        let constant: BTreeSet<&str> = request.patches.iter().map(|patch| patch.name.as_str()).collect();
        let packages =
            seed::Packages { local: request.local, unchanged: request.unchanged, constant: &constant };
        seed::seed(from, request.target_dir, &packages, profile::folder(&plan.profile))?;
    }
    tracing::debug!(
        side = %request.side,
        variant = ?request.variant,
        tree = request.tree.as_str(),
        target = plan.target,
        profile = plan.profile,
        rustflags = ?plan.rustflags,
        benches = request.benches.len(),
        "no executables are kept: builds"
    );
    let mut environment = plan.environment.clone();
    let watched = relink::watch(request, &plan.config, &plan.target, &plan.rustflags, &mut environment);
    let lock = lock_file::LockFile::keep(request.workspace);
    let messages = cargo::compile(request, &environment, progress)?;
    drop(lock);
    let mut kept = plan.collect(request, &messages)?;
    if request.variant == Variant::Timed {
        for bench in &mut kept {
            bench.link = Some(relink::source(watched.as_ref(), &bench.executable));
        }
    }
    let kept = entry.store(kept, request.records)?;
    Ok(Built { key: Some(key), ..plan.built(request, &kept, Origin::Built, notes) })
}

/// What decides what the benches of a request are, summed up, and whether some of them can be left out of their build.
///
/// # Errors
/// A compiler or configuration that cannot be used, a target that nothing here can run.
pub fn key(request: &BuildRequest<'_>) -> Result<(Digest, bool), BuildError> {
    let plan = Plan::new(request)?;
    let key = Entry::new(request.artifacts, &plan.inputs(request)).key(request.workspace);
    Ok((key, argv::are_one(request.benches)))
}

/// What differs from what was asked for.
fn notes(request: &BuildRequest<'_>) -> Vec<Note> {
    let locked = request.flags.locked || request.flags.frozen;
    let names: Vec<String> = request.patches.iter().map(|patch| patch.name.clone()).collect();
    if locked && !names.is_empty() { vec![Note::Copied(names)] } else { Vec::new() }
}

impl Plan {
    fn new(request: &BuildRequest<'_>) -> Result<Self, BuildError> {
        let environment = environment::of_cargo(request.environment, request.target_dir);
        let mut environment = environment;
        let config = CargoConfig::load(request.workspace, &environment, &request.flags.config)?;
        let toolchain = Toolchain::read(request.workspace, &config, &environment)?;
        let target = toolchain.target(&config, request.flags)?;
        let layout = request.layout.possible(relink::is_drawable(&target));
        let rustflags = environment::with_layout(layout, config.rustflags(&target), &mut environment);
        let native = Self::native(request, &config, &rustflags, &environment)?;
        Ok(Self {
            execution: execution::execution(&config, &target, &toolchain.host)?,
            rustflags,
            native,
            profile: profile::of(request.flags),
            config,
            toolchain,
            target,
            environment,
        })
    }

    /// The CPU at hand, if anything that decides what compilers are told asks for it.
    fn native(
        request: &BuildRequest<'_>,
        config: &CargoConfig,
        rustflags: &[String],
        environment: &Variables,
    ) -> Result<Option<String>, BuildError> {
        let manifest = fs::read_to_string(request.workspace.join("Cargo.toml")).unwrap_or_default();
        let (settings, decisive) = (config.text(), environment::decisive(environment));
        let texts = rustflags.iter().chain(decisive.values()).chain([&manifest, &settings]);
        let asked = native::is_asked(texts.map(String::as_str));
        asked.then(|| native::cpu(request.workspace, config, environment)).transpose()
    }

    /// Makes sure that what is in a target folder is whole, and was compiled for no other CPU than the one that flags ask for.
    fn prepare(&self, target_dir: &Path, progress: &dyn Progress) -> Result<(), BuildError> {
        inventory::heal(target_dir, progress)?;
        self.native.as_ref().map_or(Ok(()), |cpu| native::claim(target_dir, cpu))
    }

    /// Whether what was compiled elsewhere is whole, and for the same CPU. Of the user's own target folder nobody knows.
    fn may_start_from(&self, seed: Seed<'_>) -> bool {
        let same_cpu = self.native.as_ref().is_none_or(|cpu| match seed {
            Seed::Tree(target) => native::is_for(target, cpu),
            Seed::Own { .. } => false,
        });
        same_cpu && inventory::is_whole(seed)
    }

    fn inputs<'a>(&'a self, request: &'a BuildRequest<'_>) -> Inputs<'a> {
        let mut benches: Vec<[String; 3]> = request
            .benches
            .iter()
            .map(|bench| {
                [
                    bench.package_id.clone(),
                    format!("{}{}", bench.target, bench.unit.compiled()),
                    bench.library.instrument(false).to_string(),
                ]
            })
            .collect();
        benches.sort();
        benches.dedup();
        Inputs {
            tree: request.tree.as_str(),
            workspace: request.workspace,
            cargo: request.cargo,
            compiler: &self.toolchain.answer,
            target: &self.target,
            profile: &self.profile,
            features: request.features,
            rustflags: &self.rustflags,
            native: self.native.as_deref(),
            configuration: digest::of_text(&self.config.text()),
            environment: digest::of_text(&format!("{:?}", environment::decisive(request.environment))),
            benches,
            beside: request.beside.iter().map(|bench| bench.package_id.as_str()).collect(),
            patches: request
                .patches
                .iter()
                .map(|patch| [patch.name.as_str(), patch.digest.as_str()])
                .collect(),
            variant: request.variant,
        }
    }

    /// Finds the executable of every bench among Cargo's messages.
    fn collect(&self, request: &BuildRequest<'_>, messages: &Messages) -> Result<Vec<Kept>, BuildError> {
        let path = request.workspace.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(BuildError::file("read", &path))?;
        let manifest: toml::Table = text.parse().map_err(|source| BuildError::Toml {
            origin: format!("`{}`", path.display()),
            source: Box::new(source),
        })?;
        let dynamic = self.rustflags.iter().any(|flag| flag.contains("prefer-dynamic"));
        let standard = dynamic
            .then(|| Toolchain::libraries(request.workspace, &self.config, &self.environment, &self.target))
            .flatten();
        let libraries =
            environment::library_path(messages, request.target_dir, standard, request.environment);
        let configured = self.config.run_variables();
        let around = Around::new(request, messages)?;
        let mut kept: Vec<Kept> = Vec::new();
        for bench in request.benches {
            if kept.iter().any(|kept| kept.compiled() == bench.compiled()) {
                continue;
            }
            let unit = bench.unit.compiled();
            let made = |one: &&Executable| {
                one.package_id == bench.package_id
                    && one.unit == unit
                    && (!unit.is_empty() || one.target == bench.target)
            };
            // The last that was told: benches have their package's programs built, too, with what they depend on.
            let executable = match messages.executables.iter().rfind(made) {
                Some(executable) => executable,
                // Cargo failed by its allocator, and by nothing else.
                None if request.variant == Variant::Allocations => continue,
                None => {
                    let bench = label(bench);
                    return Err(BuildError::NoExecutable { side: request.side, bench });
                }
            };
            kept.push(Kept {
                capture: None,
                surroundings: around.of_bench(bench, &executable.path, &configured)?,
                package: bench.package.clone(),
                target: bench.target.clone(),
                unit,
                executable: linked::linked(&executable.path),
                digest: digest::of_file(&executable.path)
                    .map_err(BuildError::file("read", &executable.path))?,
                variables: environment::of_bench(
                    bench,
                    request.cargo,
                    &configured,
                    messages,
                    libraries.as_deref(),
                ),
                fingerprint: self.fingerprint(request, bench, executable, &manifest),
                link: None,
            });
        }
        Ok(kept)
    }

    fn fingerprint(
        &self,
        request: &BuildRequest<'_>,
        bench: &BenchTarget,
        executable: &Executable,
        manifest: &toml::Table,
    ) -> BuildFingerprint {
        BuildFingerprint {
            rustc: self.toolchain.version.clone(),
            host: self.toolchain.host.clone(),
            target: self.target.clone(),
            profile: self.profile.clone(),
            settings: profile::settings(&self.profile, manifest, &self.config, &executable.settings),
            features: request.features.to_string(),
            rustflags: self.rustflags.join(" "),
            instrument: instrument(&bench.library, request.patches),
        }
    }

    /// What a build yields, from what was kept of it.
    fn built(&self, request: &BuildRequest<'_>, kept: &[Kept], origin: Origin, notes: Vec<Note>) -> Built {
        let benches = self.place(request, kept);
        let missing = |bench: &&BenchTarget| {
            let of = (bench.package.as_str(), bench.target.as_str(), bench.unit.part());
            benches.iter().all(|built| built.identity() != of)
        };
        let refused = request.benches.iter().filter(missing);
        let refused = refused.map(|bench| (label(bench), OWN_ALLOCATOR.to_owned())).collect();
        Built { benches, refused, key: None, origin, notes }
    }

    /// Says where kept executables are run, in the order of the request.
    fn place(&self, request: &BuildRequest<'_>, kept: &[Kept]) -> Vec<BuiltBench> {
        let placed = request.benches.iter().filter_map(|bench| {
            let kept = kept.iter().find(|kept| kept.compiled() == bench.compiled())?;
            let mut fingerprint = kept.fingerprint.clone();
            if let Some(command) = bench.unit.command() {
                // Figures of other arguments are another series.
                fingerprint.settings = format!("{} command={}", fingerprint.settings, command.mark());
            }
            Some(BuiltBench {
                package: kept.package.clone(),
                target: kept.target.clone(),
                executable: kept.executable.clone(),
                digest: kept.digest.clone(),
                surroundings: kept.surroundings.clone(),
                home: request.home.to_owned(),
                working_dir: at_home(&bench.manifest_dir, request),
                environment: kept.variables.clone(),
                fingerprint,
                execution: self.execution.clone(),
                unit: bench.unit.clone(),
            })
        });
        placed.collect()
    }
}

/// The measuring library a bench is linked to, and whether it is the copy whose samples take turns.
fn instrument(library: &CrateSource, patches: &[Patch]) -> Instrument {
    let is_copy = library.origin == CrateOrigin::CratesIo
        && patches.iter().any(|patch| patch.name == library.name && patch.version == library.version);
    library.instrument(is_copy)
}

/// Where a folder below the common build folder is when the source tree is at home. A folder elsewhere stays.
fn at_home(folder: &Path, request: &BuildRequest<'_>) -> PathBuf {
    let common = request.target_dir.parent().unwrap_or(request.target_dir);
    let resolved = common.canonicalize().unwrap_or_else(|_| common.to_owned());
    let below = folder.strip_prefix(common).or_else(|_| folder.strip_prefix(&resolved));
    below.map_or_else(|_| folder.to_owned(), |below| request.home.join(below))
}
