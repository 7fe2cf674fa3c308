//! Arguments as typed, configuration as read, and the environment become requests: flags beat the environment (clap has
//! merged the two), that beats the file, and that beats the defaults.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{
    AxisArgs, BisectArgs, BuildArgs, CheckArgs, ClaimsArgs, CompareArgs, ConfirmArg, DoctorArgs, ExplainArgs,
    JudgingArgs, ListArgs, MeasuringArgs, ProjectArgs, RunArgs, StoreArgs,
};
use super::config::{self, BuiltinChoice, Config};
use super::error::CliError;
use super::values::{self, Limits};
use crate::discover::{Filter, Located, Reading, Selection, locate, nearest};
use crate::domain::{
    BenchmarkName, CargoFlags, Coloring, Confirm, Features, HistoryCheck, Identical, Insistence, Layout,
    MachineFacts, MachineKey, Metric, Partition, ReachUse, ReportKind, Sides, Variables, without_leftovers,
};
use crate::judge::{
    BenchmarkRule, GatePolicy, Inconclusive, Missing, Policy, TargetSelector, VerdictRequirement,
};
use crate::measure::counter::InstructionSource;
use crate::measure::{fitness, machine};
use crate::pipeline::PipelineError;
use crate::pipeline::axes::{SideSettings, axes};
use crate::pipeline::bisect::BisectRequest;
use crate::pipeline::claims::ClaimsRequest;
use crate::pipeline::doctor::DoctorRequest;
use crate::pipeline::explain::ExplainRequest;
use crate::pipeline::list::ListRequest;
use crate::pipeline::request::{
    AcceptFrom, Accepting, ClaimGate, CompareRequest, Judging, Measuring, Project, RunRequest, RunSubject,
    Scope, Subject, Suite, SuiteClaims, SuiteWhen,
};
use crate::source::{Repository, records_of, require_untracked, suite_names, tree_place};
use crate::store::{BaselineFile, Problem, Store, StoreError};
use crate::support::area;
use crate::support::room::Room;

/// Paired time per benchmark when nobody says otherwise.
const BUDGET: Duration = Duration::from_secs(10);

/// Paired time per claim: most are decided by ten pairs of short launches.
const CLAIM_BUDGET: Duration = Duration::from_secs(5);

/// The folder of committed baseline files, at the workspace root.
const BASELINES: &str = "baselines";

/// What a store consists of: the file, and what lies beside it while it is open.
const STORE_FILES: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// What is measured by default.
const METRICS: [Metric; 3] = [Metric::WallTime, Metric::Instructions, Metric::Allocations];

/// Where we are: the user's workspace and what its configuration says.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) located: Located,
    pub(crate) config: Config,
    pub(crate) project: Project,
}

impl Place {
    /// Finds the workspace and reads its configuration.
    pub(crate) fn find(arguments: &ProjectArgs) -> Result<Self, CliError> {
        let start = std::env::current_dir().map_err(CliError::NoFolder)?;
        let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
        let located = locate(&cargo, &start, arguments.manifest_path.as_deref())?;
        let metadata = located.metadata.as_ref().map(|(table, value)| (*table, value));
        let config = config::load(&located.root, metadata, &located.packages)?;
        let target = match &arguments.target_dir {
            Some(folder) => start.join(folder),
            None => located.target_directory.clone(),
        };
        tracing::debug!(
            root = %located.root.display(),
            target = %target.display(),
            cargo = %cargo.display(),
            ?config,
            "found the workspace"
        );
        let environment: Variables = without_leftovers(&std::env::vars_os().collect());
        let area = area::below(&target, &located.root);
        let trees = tree_place(&area, &located.root, &environment);
        let room = Room::new(config.kept.unwrap_or(Room::DEFAULT));
        let records = records_of(&area, &located.root, &environment);
        let project = Project { root: located.root.clone(), area, trees, cargo, environment, records, room };
        Ok(Self { located, config, project })
    }

    /// The same for a command that builds, which may be told how much to keep.
    pub(crate) fn to_build(arguments: &BuildArgs) -> Result<Self, CliError> {
        let mut place = Self::find(&arguments.project)?;
        if let Some(bytes) = arguments.kept {
            place.project.room = Room { bytes, ..place.project.room };
        }
        Ok(place)
    }

    /// Opens the store to write to it. Outside a git repository nothing is made: there is no commit to store for.
    pub(crate) fn store(&self, arguments: &StoreArgs) -> Result<Store, CliError> {
        Repository::discover(&self.project.root).map_err(PipelineError::from)?;
        Ok(Store::open(&self.store_path(arguments)?)?)
    }

    /// Opens the store to read it; `None` when nothing was ever stored at the usual place.
    pub(crate) fn stored(&self, arguments: &StoreArgs) -> Result<Option<Store>, CliError> {
        let path = self.store_path(arguments)?;
        if arguments.store.is_none() && matches!(path.try_exists(), Ok(false)) {
            return Ok(None);
        }
        Ok(Some(read_store(&path)?))
    }

    /// The file that keeps results, once it is sure that no commit brought it along.
    ///
    /// # Errors
    /// Git tracks it, or anything else in the folder of ours.
    pub(crate) fn store_path(&self, arguments: &StoreArgs) -> Result<PathBuf, CliError> {
        let root = &self.located.root;
        let refused = |path: &Path| require_untracked(path, root).map_err(PipelineError::from);
        let Some(path) = &arguments.store else {
            let folder = root.join(".perfguard");
            refused(&folder)?;
            return Ok(folder.join("store.db"));
        };
        for suffix in STORE_FILES {
            let mut file = path.clone().into_os_string();
            file.push(suffix);
            refused(Path::new(&file))?;
        }
        Ok(path.clone())
    }

    /// `check`
    pub(crate) fn check(&self, arguments: &CheckArgs, color: Coloring) -> Result<CompareRequest, CliError> {
        let (filter, words) = filter(&arguments.filter.filter, arguments.filter.exact)?;
        let measuring = self.measuring(&arguments.measuring, &arguments.judging)?;
        let claims = self.claim_gate(arguments, measuring.budget)?;
        let scope = self.scope(&arguments.build, (filter, words), arguments.measuring.no_builtin, color)?;
        let scope = if claims.need_suite() { scope.with_suite() } else { scope };
        Ok(CompareRequest {
            kind: ReportKind::Check,
            project: self.project.clone(),
            baseline: arguments.baseline.clone().or_else(|| self.config.baseline.clone()),
            candidate: Subject::WorkTree,
            creep: self.config.creep.clone(),
            from_anchor: arguments.creep,
            axes: Sides::default(),
            scope: self.part(scope, arguments.part.partition),
            claims,
            measuring,
            judging: self.check_judging(arguments)?.of_part(arguments.part.partition),
            machine: machine_facts(&arguments.store),
            seed: seed(),
        })
    }

    /// How a check is judged. With --creep it is held to what may creep, which beats thresholds.
    fn check_judging(&self, arguments: &CheckArgs) -> Result<Judging, CliError> {
        if arguments.creep && self.config.creep.is_none() {
            return Err(CliError::NoCreep);
        }
        self.judging(&arguments.judging, HistoryCheck::Allowed)
    }

    /// How a stored run is judged again.
    pub(crate) fn judging_again(&self, arguments: &JudgingArgs) -> Result<Judging, CliError> {
        self.judging(arguments, HistoryCheck::Allowed)
    }

    /// The folder of committed baseline files.
    pub(crate) fn baselines(&self) -> PathBuf {
        self.located.root.join(BASELINES)
    }

    /// `claims`
    pub(crate) fn claims(&self, arguments: &ClaimsArgs, color: Coloring) -> Result<ClaimsRequest, CliError> {
        let (filter, words) = filter(&arguments.filter, arguments.exact)?;
        let budget = arguments.budget.unwrap_or(CLAIM_BUDGET);
        Ok(ClaimsRequest {
            project: self.project.clone(),
            scope: self.scope(&arguments.build, (filter, words), arguments.no_builtin, color)?.with_suite(),
            own: self.config.claims.clone(),
            measuring: without_flags(budget),
            policy: Policy::new(),
            machine: machine_facts(&arguments.store),
            seed: seed(),
        })
    }

    /// `doctor`
    pub(crate) fn doctor(&self, arguments: &DoctorArgs, color: Coloring) -> Result<DoctorRequest, CliError> {
        let (filter, words) = filter(&arguments.filter, arguments.exact)?;
        let budget = arguments.budget.or(self.config.budget).unwrap_or(BUDGET);
        Ok(DoctorRequest {
            project: self.project.clone(),
            scope: self.scope(&arguments.build, (filter, words), arguments.no_builtin, color)?.with_suite(),
            measuring: without_flags(budget),
            policy: self.policy(&[])?,
            benchmarks: if arguments.quick { 0 } else { arguments.benchmarks.into() },
            machine: machine_facts(&arguments.store),
            condition: fitness::condition(),
            seed: seed(),
        })
    }

    /// The claims that `check` holds to.
    fn claim_gate(&self, arguments: &CheckArgs, budget: Duration) -> Result<ClaimGate, CliError> {
        let known = BaselineFile::read_folder(&self.baselines())?;
        Ok(ClaimGate {
            own: self.config.claims.clone(),
            suite: if arguments.claims { SuiteClaims::Always } else { SuiteClaims::WhenChanged },
            known: known.into_iter().map(|(_, file)| file).collect(),
            budget: budget.min(CLAIM_BUDGET),
        })
    }

    /// `compare`
    pub(crate) fn compare(
        &self,
        arguments: &CompareArgs,
        color: Coloring,
    ) -> Result<CompareRequest, CliError> {
        let (filter, words) = filter(&arguments.filter, arguments.exact)?;
        let sides = sides(&arguments.axes);
        let on_purpose = !axes(&sides).is_empty();
        Ok(CompareRequest {
            kind: ReportKind::Compare,
            project: self.project.clone(),
            baseline: Some(arguments.base.clone()),
            candidate: match &arguments.candidate {
                Some(candidate) => Subject::Revision(candidate.clone()),
                None if on_purpose => Subject::Revision(arguments.base.clone()),
                None => Subject::WorkTree,
            },
            creep: None,
            from_anchor: false,
            axes: sides,
            scope: self.part(
                self.scope(&arguments.build, (filter, words), arguments.measuring.no_builtin, color)?,
                arguments.part.partition,
            ),
            measuring: self.measuring(&arguments.measuring, &arguments.judging)?,
            judging: self.judging(&arguments.judging, HistoryCheck::Off)?.of_part(arguments.part.partition),
            claims: ClaimGate {
                own: Vec::new(),
                suite: SuiteClaims::Never,
                known: Vec::new(),
                budget: CLAIM_BUDGET,
            },
            machine: machine_facts(&arguments.store),
            seed: seed(),
        })
    }

    /// `bisect`
    pub(crate) fn bisect(&self, arguments: &BisectArgs, color: Coloring) -> Result<BisectRequest, CliError> {
        let search = &arguments.search;
        let (filter, words) = filter(std::slice::from_ref(&search.benchmark), false)?;
        let metrics =
            search.metric.map_or(vec![Metric::Instructions, Metric::WallTime], |metric| vec![metric]);
        let insistence = if search.metric.is_some() { Insistence::Asked } else { Insistence::Default };
        let budget = search.budget.or(self.config.budget).unwrap_or(BUDGET);
        let measuring = Measuring {
            metrics,
            insistence,
            identical: Identical::Settled,
            reach: self.config.reach.unwrap_or_default(),
            resume: true,
            // Nobody reads that of a probe; the culprit is explained in the end.
            explained: false,
            ..without_flags(budget)
        };
        let claims =
            ClaimGate { own: Vec::new(), suite: SuiteClaims::Never, known: Vec::new(), budget: CLAIM_BUDGET };
        let ends = CompareRequest {
            kind: ReportKind::Compare,
            project: self.project.clone(),
            baseline: Some(search.good.clone()),
            candidate: Subject::Revision(search.bad.clone()),
            creep: None,
            from_anchor: false,
            axes: Sides::default(),
            scope: self.scope(&arguments.build, (filter, words), search.no_builtin, color)?,
            measuring,
            judging: Judging {
                accepting: Accepting { from: AcceptFrom::None, given: Vec::new() },
                ..self.judging(&JudgingArgs::default(), HistoryCheck::Off)?
            },
            claims,
            machine: machine_facts(&search.store),
            seed: seed(),
        };
        Ok(BisectRequest {
            ends,
            benchmark: search.benchmark.clone(),
            good: search.good.clone(),
            bad: search.bad.clone(),
            all_parents: search.all_parents,
        })
    }

    /// `run`
    pub(crate) fn run(&self, arguments: &RunArgs, color: Coloring) -> Result<RunRequest, CliError> {
        let (filter, words) = filter(&arguments.filter.filter, arguments.filter.exact)?;
        Ok(RunRequest {
            project: self.project.clone(),
            what: arguments.commits.clone().map_or(RunSubject::WorkTree, RunSubject::Range),
            scope: self.scope(&arguments.build, (filter, words), arguments.measuring.no_builtin, color)?,
            measuring: self.measuring(&arguments.measuring, &JudgingArgs::default())?,
            machine: machine_facts(&arguments.store),
        })
    }

    /// `list`, and `--list` of other commands.
    pub(crate) fn list(&self, arguments: &ListArgs, color: Coloring) -> Result<ListRequest, CliError> {
        let (filter, words) = filter(&arguments.filter.filter, arguments.filter.exact)?;
        Ok(ListRequest {
            project: self.project.clone(),
            scope: self.part(
                self.scope(&arguments.build, (filter, words), arguments.no_builtin, color)?,
                arguments.part.partition,
            ),
            machine: machine::facts(),
        })
    }

    /// `explain`
    pub(crate) fn explain(
        &self,
        arguments: &ExplainArgs,
        color: Coloring,
    ) -> Result<ExplainRequest, CliError> {
        let (filter, words) = filter(std::slice::from_ref(&arguments.benchmark), false)?;
        Ok(ExplainRequest {
            project: self.project.clone(),
            benchmark: arguments.benchmark.clone(),
            baseline: arguments.base.clone().or_else(|| self.config.baseline.clone()),
            candidate: arguments.candidate.clone().map_or(Subject::WorkTree, Subject::Revision),
            scope: self.scope(&arguments.build, (filter, words), arguments.no_builtin, color)?,
            launch_timeout: arguments.launch_timeout,
            caches: arguments.caches,
            machine: machine::facts(),
        })
    }

    /// A part of what takes part.
    fn part(&self, scope: Scope, partition: Option<Partition>) -> Scope {
        Scope { partition, builds_everything: !self.config.claims.is_empty(), ..scope }
    }

    /// What takes part, and how Cargo is called.
    fn scope(
        &self,
        arguments: &BuildArgs,
        (filter, words): (Filter, Vec<String>),
        no_builtin: bool,
        color: Coloring,
    ) -> Result<Scope, CliError> {
        Ok(Scope {
            selection: Selection {
                packages: arguments.package.clone(),
                exclude: arguments.exclude.clone(),
                benches: arguments.bench.clone(),
                commands: self.config.commands.clone(),
                features: Features {
                    list: arguments.features.clone(),
                    all: arguments.all_features,
                    no_default: arguments.no_default_features,
                },
            },
            flags: CargoFlags {
                locked: arguments.locked,
                offline: arguments.offline,
                frozen: arguments.frozen,
                profile: arguments.profile.clone(),
                target: arguments.target.clone(),
                jobs: arguments.jobs.clone(),
                config: Vec::new(),
                color,
            },
            filter,
            words,
            suite: if no_builtin { Suite::Off } else { builtin(&self.config)? },
            layout: arguments.layout.map(Layout::from).or(self.config.layout).unwrap_or_default(),
            partition: None,
            builds_everything: false,
        })
    }

    fn measuring(&self, arguments: &MeasuringArgs, judging: &JudgingArgs) -> Result<Measuring, CliError> {
        let budget = arguments.budget.or(self.config.budget).unwrap_or(BUDGET);
        let asked = match (&arguments.metrics[..], &self.config.metrics) {
            ([], None) => None,
            ([], Some(metrics)) => Some(metrics.clone()),
            (metrics, _) => Some(values::metrics(metrics).map_err(CliError::Metrics)?),
        };
        let insistence = if asked.is_some() { Insistence::Asked } else { Insistence::Default };
        let metrics = asked.unwrap_or_else(|| METRICS.to_vec());
        let instructions_by =
            arguments.instructions_by.map(InstructionSource::from).or(self.config.instructions_by);
        Ok(Measuring {
            metrics,
            insistence,
            budget,
            identical: if judging.measure_identical { Identical::Measured } else { Identical::Settled },
            reach: judging.reach.map(ReachUse::from).or(self.config.reach).unwrap_or_default(),
            instructions_by: instructions_by.unwrap_or_default(),
            launch_timeout: arguments.launch_timeout,
            resume: false,
            explained: true,
        })
    }

    fn judging(&self, arguments: &JudgingArgs, history: HistoryCheck) -> Result<Judging, CliError> {
        Ok(Judging {
            policy: self.policy(&arguments.threshold)?,
            gate: GatePolicy {
                inconclusive: match self.config.inconclusive_fails {
                    Some(true) => Inconclusive::Fail,
                    Some(false) | None => Inconclusive::Pass,
                },
                missing: match self.config.missing_fails {
                    Some(true) => Missing::Fail,
                    Some(false) | None => Missing::Pass,
                },
                verdicts: if arguments.require_verdict {
                    VerdictRequirement::Every
                } else {
                    VerdictRequirement::None
                },
            },
            confirm: match arguments.confirm {
                Some(ConfirmArg::Never) => Confirm::Never,
                Some(ConfirmArg::Suspects) | None => Confirm::Suspects,
                Some(ConfirmArg::Always) => Confirm::Always,
            },
            history: if arguments.measure_identical { HistoryCheck::Off } else { history },
            aa_test: arguments.aa_test,
            accepting: Accepting {
                from: arguments.accept_from.map(AcceptFrom::from).unwrap_or_default(),
                given: arguments.accept.clone(),
            },
        })
    }

    fn policy(&self, thresholds: &[Limits]) -> Result<Policy, CliError> {
        policy(&self.config, thresholds)
    }
}

/// What is judged by: the flags' limits before the configuration's.
pub(crate) fn policy(config: &Config, thresholds: &[Limits]) -> Result<Policy, CliError> {
    let mut policy = Policy::new().with_limits(config.thresholds.iter().copied().collect());
    for (selector, limits) in &config.targets {
        let selector = TargetSelector::parse(selector)?;
        policy = policy.with_target(selector, limits.iter().copied().collect());
    }
    for rule in &config.benchmarks {
        policy =
            policy.with_benchmark(BenchmarkRule::new(&rule.glob, rule.thresholds.iter().copied().collect())?);
    }
    let policy =
        policy.with_overrides(thresholds.iter().flat_map(|Limits(limits)| limits).copied().collect());
    Ok(policy.made_from(format!("{config:?} {thresholds:?}")))
}

/// What each side of a comparison is built with besides.
fn sides(given: &AxisArgs) -> Sides<SideSettings> {
    Sides {
        baseline: SideSettings {
            toolchain: given.baseline_toolchain.clone(),
            rustflags: given.baseline_rustflags.clone(),
            features: given.baseline_features.clone(),
            no_default_features: given.baseline_no_default_features,
            profile: given.baseline_profile.clone(),
            lockfile: given.baseline_lockfile.clone(),
            env: given.baseline_env.clone(),
            config: given.baseline_config.clone(),
        },
        candidate: SideSettings {
            toolchain: given.candidate_toolchain.clone(),
            rustflags: given.candidate_rustflags.clone(),
            features: given.candidate_features.clone(),
            no_default_features: given.candidate_no_default_features,
            profile: given.candidate_profile.clone(),
            lockfile: given.candidate_lockfile.clone(),
            env: given.candidate_env.clone(),
            config: given.candidate_config.clone(),
        },
    }
}

/// Opens a store to read it. One of an older version is brought up to date first: only writing can.
pub(crate) fn read_store(path: &Path) -> Result<Store, StoreError> {
    match Store::open_read_only(path) {
        Err(error) if matches!(error.problem(), Problem::Older { found: 1.., .. }) => Store::open(path),
        opened => opened,
    }
}

/// Which of the built-in suite's benchmarks the configuration selects.
pub(crate) fn builtin(config: &Config) -> Result<Suite, CliError> {
    let when = match config.builtin {
        BuiltinChoice::Never => return Ok(Suite::Off),
        BuiltinChoice::Always => SuiteWhen::Always,
        BuiltinChoice::Auto => SuiteWhen::CanDiffer,
    };
    let mut select = Vec::new();
    for glob in config.builtin_select.iter().flatten() {
        // A glob is over `target::id`; the package is ours. Without a wildcard it is a part of the name, as in filters.
        let whole = if glob.contains(['*', '?']) { format!("*{glob}") } else { glob.clone() };
        let alone = Filter::parse(std::slice::from_ref(&whole), Reading::Pattern)?;
        if !suite_names().any(|name| alone.matches(&name)) {
            return Err(nothing_selected(glob));
        }
        select.push(whole);
    }
    Ok(Suite::On { select: Filter::parse(&select, Reading::Pattern)?, when })
}

/// A pattern of `[builtin] select` that means none of the built-in suite's benchmarks.
fn nothing_selected(glob: &str) -> CliError {
    let names: Vec<BenchmarkName> = suite_names().collect();
    let near = nearest(&names, glob.trim_end_matches('*').trim_end_matches(':')).into_iter().next();
    CliError::NothingSelected { glob: glob.to_owned(), near }
}

pub(crate) fn filter(words: &[String], exact: bool) -> Result<(Filter, Vec<String>), CliError> {
    let reading = if exact { Reading::Exact } else { Reading::Pattern };
    Ok((Filter::parse(words, reading)?, words.to_vec()))
}

pub(crate) fn machine_facts(arguments: &StoreArgs) -> MachineFacts {
    let facts = machine::facts();
    match &arguments.machine {
        Some(key) => MachineFacts { key: MachineKey::new(key), ..facts },
        None => facts,
    }
}

/// How commands measure that leave the user no choice but the budget.
fn without_flags(budget: Duration) -> Measuring {
    Measuring {
        metrics: METRICS.to_vec(),
        insistence: Insistence::Default,
        budget,
        identical: Identical::Measured,
        reach: ReachUse::Off,
        instructions_by: InstructionSource::default(),
        launch_timeout: None,
        resume: false,
        explained: true,
    }
}

/// Something that differs from run to run, and is recorded with it.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}
