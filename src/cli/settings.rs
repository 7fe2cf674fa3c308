//! Arguments as typed, configuration as read, and the environment become requests: flags beat the environment (clap has
//! merged the two), that beats the file, and that beats the defaults.

use std::path::PathBuf;
use std::time::Duration;

use super::args::{
    BuildArgs, CheckArgs, ClaimsArgs, CompareArgs, ConfirmArg, DoctorArgs, ExplainArgs, JudgingArgs,
    ListArgs, MeasuringArgs, ProjectArgs, RunArgs, StoreArgs,
};
use super::config::{self, Config};
use super::error::CliError;
use crate::discover::{Filter, Located, Reading, Selection, locate, nearest};
use crate::domain::{
    BenchmarkName, CargoFlags, Coloring, Features, Layout, Limit, MachineFacts, MachineKey, Metric,
    Variables, without_leftovers,
};
use crate::judge::gate::VerdictRequirement;
use crate::judge::{BenchmarkRule, GatePolicy, Inconclusive, Limits, Policy, TargetSelector};
use crate::measure::counter::InstructionSource;
use crate::measure::{fitness, machine};
use crate::pipeline::PipelineError;
use crate::pipeline::claims::ClaimsRequest;
use crate::pipeline::doctor::DoctorRequest;
use crate::pipeline::explain::ExplainRequest;
use crate::pipeline::list::ListRequest;
use crate::pipeline::request::{
    ClaimGate, CompareRequest, Confirm, Harness, HarnessClaims, Insistence, Judging, Measuring, Project,
    RunRequest, RunSubject, Scope, Subject,
};
use crate::source::{Repository, harness_names};
use crate::store::{BaselineFile, Store};

/// Paired time per benchmark when nobody says otherwise.
const BUDGET: Duration = Duration::from_secs(10);

/// Paired time per claim: most are decided by ten pairs of short launches.
const CLAIM_BUDGET: Duration = Duration::from_secs(5);

/// The folder of committed baseline files, at the workspace root.
const BASELINES: &str = "baselines";

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
        let environment: Variables = without_leftovers(&std::env::vars_os().collect());
        let project =
            Project { root: located.root.clone(), area: target.join("perfguard"), cargo, environment };
        Ok(Self { located, config, project })
    }

    /// Opens the store to write to it. Outside a git repository nothing is made: there is no commit to store for.
    pub(crate) fn store(&self, arguments: &StoreArgs) -> Result<Store, CliError> {
        Repository::discover(&self.project.root).map_err(PipelineError::from)?;
        Ok(Store::open(&self.store_path(arguments))?)
    }

    /// Opens the store to read it; `None` when nothing was ever stored at the usual place.
    pub(crate) fn stored(&self, arguments: &StoreArgs) -> Result<Option<Store>, CliError> {
        let path = self.store_path(arguments);
        if arguments.store.is_none() && matches!(path.try_exists(), Ok(false)) {
            return Ok(None);
        }
        Ok(Some(Store::open_read_only(&path)?))
    }

    /// The file that keeps results.
    pub(crate) fn store_path(&self, arguments: &StoreArgs) -> PathBuf {
        match &arguments.store {
            Some(path) => path.clone(),
            None => self.located.root.join(".perfguard").join("store.db"),
        }
    }

    /// `check`
    pub(crate) fn check(&self, arguments: &CheckArgs, color: Coloring) -> Result<CompareRequest, CliError> {
        let (filter, words) = filter(&arguments.filter.filter, arguments.filter.exact)?;
        let measuring = self.measuring(&arguments.measuring, &arguments.judging)?;
        Ok(CompareRequest {
            command: "check",
            project: self.project.clone(),
            baseline: arguments.baseline.clone().or_else(|| self.config.baseline.clone()),
            candidate: Subject::WorkTree,
            scope: scope(
                self.config.layout,
                &arguments.build,
                filter,
                words,
                self.harness(arguments.measuring.no_harness)?,
                color,
            )?,
            claims: self.claim_gate(arguments, measuring.budget)?,
            measuring,
            judging: self.judging(&arguments.judging, ScreenChoice::Stored)?,
            machine: machine_facts(&arguments.store),
            seed: seed(),
        })
    }

    /// The folder of committed baseline files.
    pub(crate) fn baselines(&self) -> PathBuf {
        self.located.root.join(BASELINES)
    }

    /// `claims`
    pub(crate) fn claims(&self, arguments: &ClaimsArgs, color: Coloring) -> Result<ClaimsRequest, CliError> {
        let (filter, words) = filter(&arguments.filter, arguments.exact)?;
        let budget = match &arguments.budget {
            Some(text) => {
                config::duration(text).map_err(|reason| CliError::Value { flag: "--budget", reason })?
            }
            None => CLAIM_BUDGET,
        };
        let harness = self.harness(arguments.no_harness)?;
        Ok(ClaimsRequest {
            project: self.project.clone(),
            scope: scope(self.config.layout, &arguments.build, filter, words, harness, color)?,
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
        let budget = match &arguments.budget {
            Some(text) => {
                config::duration(text).map_err(|reason| CliError::Value { flag: "--budget", reason })?
            }
            None => self.config.budget.unwrap_or(BUDGET),
        };
        let harness = self.harness(arguments.no_harness)?;
        Ok(DoctorRequest {
            project: self.project.clone(),
            scope: scope(self.config.layout, &arguments.build, filter, words, harness, color)?,
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
            harness: if arguments.claims { HarnessClaims::Always } else { HarnessClaims::WhenChanged },
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
        Ok(CompareRequest {
            command: "compare",
            project: self.project.clone(),
            baseline: Some(arguments.base.clone()),
            candidate: arguments.candidate.clone().map_or(Subject::WorkTree, Subject::Revision),
            scope: scope(
                self.config.layout,
                &arguments.build,
                filter,
                words,
                self.harness(arguments.measuring.no_harness)?,
                color,
            )?,
            measuring: self.measuring(&arguments.measuring, &arguments.judging)?,
            judging: self.judging(&arguments.judging, ScreenChoice::Never)?,
            claims: ClaimGate {
                own: Vec::new(),
                harness: HarnessClaims::Never,
                known: Vec::new(),
                budget: CLAIM_BUDGET,
            },
            machine: machine_facts(&arguments.store),
            seed: seed(),
        })
    }

    /// `run`
    pub(crate) fn run(&self, arguments: &RunArgs, color: Coloring) -> Result<RunRequest, CliError> {
        let (filter, words) = filter(&arguments.filter.filter, arguments.filter.exact)?;
        Ok(RunRequest {
            project: self.project.clone(),
            what: arguments.commits.clone().map_or(RunSubject::WorkTree, RunSubject::Range),
            scope: scope(
                self.config.layout,
                &arguments.build,
                filter,
                words,
                self.harness(arguments.measuring.no_harness)?,
                color,
            )?,
            measuring: self.measuring(&arguments.measuring, &JudgingArgs::default())?,
            machine: machine_facts(&arguments.store),
        })
    }

    /// `list`, and `--list` of other commands.
    pub(crate) fn list(&self, arguments: &ListArgs, color: Coloring) -> Result<ListRequest, CliError> {
        let (filter, words) = filter(&arguments.filter.filter, arguments.filter.exact)?;
        Ok(ListRequest {
            project: self.project.clone(),
            scope: scope(
                self.config.layout,
                &arguments.build,
                filter,
                words,
                self.harness(arguments.no_harness)?,
                color,
            )?,
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
        let launch_timeout = arguments.launch_timeout.as_deref().map(config::duration).transpose();
        let launch_timeout =
            launch_timeout.map_err(|reason| CliError::Value { flag: "--launch-timeout", reason })?;
        Ok(ExplainRequest {
            project: self.project.clone(),
            benchmark: arguments.benchmark.clone(),
            baseline: arguments.base.clone().or_else(|| self.config.baseline.clone()),
            candidate: arguments.candidate.clone().map_or(Subject::WorkTree, Subject::Revision),
            scope: scope(
                self.config.layout,
                &arguments.build,
                filter,
                words,
                self.harness(arguments.no_harness)?,
                color,
            )?,
            launch_timeout,
            caches: arguments.caches,
            machine: machine::facts(),
        })
    }

    fn harness(&self, off: bool) -> Result<Harness, CliError> {
        if off || self.config.harness_enabled == Some(false) {
            return Ok(Harness::Off);
        }
        let mut select = Vec::new();
        for glob in self.config.harness_select.iter().flatten() {
            // A glob is over `target::id`; the package is ours. Without a wildcard it is a part of the name, as in filters.
            let whole = if glob.contains(['*', '?']) { format!("*{glob}") } else { glob.clone() };
            let alone = Filter::parse(std::slice::from_ref(&whole), Reading::Pattern)?;
            if !harness_names().any(|name| alone.matches(&name)) {
                return Err(nothing_selected(glob));
            }
            select.push(whole);
        }
        Ok(Harness::On { select: Filter::parse(&select, Reading::Pattern)? })
    }

    fn measuring(&self, arguments: &MeasuringArgs, judging: &JudgingArgs) -> Result<Measuring, CliError> {
        let value = |flag, reason| CliError::Value { flag, reason };
        let budget = match &arguments.budget {
            Some(text) => config::duration(text).map_err(|reason| value("--budget", reason))?,
            None => self.config.budget.unwrap_or(BUDGET),
        };
        let asked = match (&arguments.metrics[..], &self.config.metrics) {
            ([], None) => None,
            ([], Some(metrics)) => Some(metrics.clone()),
            (names, _) => Some(config::metrics(names).map_err(|reason| value("--metrics", reason))?),
        };
        let insistence = if asked.is_some() { Insistence::Asked } else { Insistence::Default };
        let metrics = asked.unwrap_or_else(|| METRICS.to_vec());
        let launch_timeout = arguments.launch_timeout.as_deref().map(config::duration).transpose();
        let launch_timeout = launch_timeout.map_err(|reason| value("--launch-timeout", reason))?;
        let instructions_by =
            arguments.instructions_by.map(InstructionSource::from).or(self.config.instructions_by);
        Ok(Measuring {
            metrics,
            insistence,
            budget,
            identical: judging.measure_identical,
            instructions_by: instructions_by.unwrap_or_default(),
            launch_timeout,
        })
    }

    fn judging(&self, arguments: &JudgingArgs, screen: ScreenChoice) -> Result<Judging, CliError> {
        Ok(Judging {
            policy: self.policy(&arguments.threshold)?,
            gate: GatePolicy {
                inconclusive: match self.config.inconclusive_fails {
                    Some(true) => Inconclusive::Fail,
                    Some(false) | None => Inconclusive::Pass,
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
            screen: matches!(screen, ScreenChoice::Stored) && !arguments.measure_identical,
            null_control: arguments.null_control,
        })
    }

    fn policy(&self, thresholds: &[String]) -> Result<Policy, CliError> {
        let mut policy = Policy::new().with_limits(self.config.thresholds.iter().copied().collect());
        for (selector, limits) in &self.config.targets {
            let selector = TargetSelector::parse(selector)?;
            policy = policy.with_target(selector, limits.iter().copied().collect());
        }
        for rule in &self.config.benchmarks {
            policy = policy
                .with_benchmark(BenchmarkRule::new(&rule.glob, rule.thresholds.iter().copied().collect())?);
        }
        Ok(policy.with_overrides(overrides(thresholds)?))
    }
}

/// What takes part, and how Cargo is called.
fn scope(
    layout: Option<Layout>,
    arguments: &BuildArgs,
    filter: Filter,
    words: Vec<String>,
    harness: Harness,
    color: Coloring,
) -> Result<Scope, CliError> {
    if arguments.workspace && !arguments.package.is_empty() {
        return Err(CliError::Conflict("--package and --workspace"));
    }
    Ok(Scope {
        selection: Selection {
            packages: arguments.package.clone(),
            exclude: arguments.exclude.clone(),
            benches: arguments.bench.clone(),
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
        harness,
        layout: arguments.layout.map(Layout::from).or(layout).unwrap_or_default(),
    })
}

/// A pattern of `[harness] select` that means none of the harness's benchmarks.
fn nothing_selected(glob: &str) -> CliError {
    let names: Vec<BenchmarkName> = harness_names().collect();
    let near = nearest(&names, glob.trim_end_matches('*').trim_end_matches(':'));
    let near = near.first().map_or_else(String::new, |name| format!("; there is `{name}`"));
    CliError::Value {
        flag: "`harness.select`",
        reason: format!("`{glob}` matches nothing in the built-in harness{near}"),
    }
}

/// Whether stored baselines may clear a benchmark.
#[derive(Clone, Copy)]
enum ScreenChoice {
    Stored,
    Never,
}

/// `--threshold`: one limit for every relative metric, or `metric=limit`.
fn overrides(thresholds: &[String]) -> Result<Limits, CliError> {
    let mut limits = Limits::new();
    for text in thresholds {
        match text.split_once('=') {
            Some((name, limit)) => {
                let metric: Metric =
                    name.trim().parse().map_err(|error: crate::domain::metric::UnknownMetric| {
                        CliError::Value { flag: "--threshold", reason: error.to_string() }
                    })?;
                limits.insert(metric, Limit::parse(limit.trim(), metric)?);
            }
            None => {
                for metric in Metric::ALL.into_iter().filter(|metric| *metric != Metric::Allocations) {
                    limits.insert(metric, Limit::parse(text, metric)?);
                }
            }
        }
    }
    Ok(limits)
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
        identical: true,
        instructions_by: InstructionSource::default(),
        launch_timeout: None,
    }
}

/// Something that differs from run to run, and is recorded with it.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}
