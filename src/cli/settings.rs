//! Arguments as typed, configuration as read, and the environment become requests: flags beat the environment (clap has
//! merged the two), that beats the file, and that beats the defaults.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{
    BuildArgs, CheckArgs, ClaimsArgs, CompareArgs, ConfirmArg, FilterArgs, JudgingArgs, ListArgs,
    MeasuringArgs, ProjectArgs, RunArgs, StoreArgs,
};
use super::config::{self, Config};
use super::error::CliError;
use crate::discover::{Filter, Located, Reading, Selection, locate};
use crate::domain::{
    CargoFlags, Coloring, Features, Limit, MachineFacts, MachineKey, Metric, Variables, without_leftovers,
};
use crate::judge::gate::VerdictRequirement;
use crate::judge::{BenchmarkRule, GatePolicy, Inconclusive, Limits, Policy, TargetSelector};
use crate::measure::machine;
use crate::pipeline::claims::ClaimsRequest;
use crate::pipeline::list::ListRequest;
use crate::pipeline::request::{
    ClaimGate, CompareRequest, Confirm, Harness, HarnessClaims, Judging, Measuring, Project, RunRequest,
    RunSubject, Scope, Subject,
};
use crate::store::BaselineFile;

/// Paired time per benchmark when nobody says otherwise.
const BUDGET: Duration = Duration::from_secs(10);

/// Paired time per claim: most are decided by ten pairs of short launches.
const CLAIM_BUDGET: Duration = Duration::from_secs(5);

/// The folder of committed baseline files, at the workspace root.
const BASELINES: &str = "baselines";

/// What can be measured, by default all of it.
const METRICS: [Metric; 1] = [Metric::WallTime];

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

    /// The file that keeps results.
    pub(crate) fn store(&self, arguments: &StoreArgs) -> PathBuf {
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
            scope: self.scope(
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
            scope: self.scope(&arguments.build, filter, words, harness, color)?,
            own: self.config.claims.clone(),
            measuring: Measuring { metrics: METRICS.to_vec(), budget, identical: true },
            policy: Policy::new(),
            machine: machine_facts(&arguments.store),
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
            scope: self.scope(
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
            scope: self.scope(
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
        self.list_with(&arguments.filter, &arguments.build, arguments.no_harness, color)
    }

    /// What another command would measure.
    pub(crate) fn list_with(
        &self,
        filters: &FilterArgs,
        build: &BuildArgs,
        no_harness: bool,
        color: Coloring,
    ) -> Result<ListRequest, CliError> {
        let (filter, words) = filter(&filters.filter, filters.exact)?;
        Ok(ListRequest {
            project: self.project.clone(),
            scope: self.scope(build, filter, words, self.harness(no_harness)?, color)?,
            machine: machine::facts(),
        })
    }

    fn scope(
        &self,
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
        })
    }

    fn harness(&self, off: bool) -> Result<Harness, CliError> {
        if off || self.config.harness_enabled == Some(false) {
            return Ok(Harness::Off);
        }
        // A pattern is over `target::id`; the package is ours.
        let select: Vec<String> =
            self.config.harness_select.iter().flatten().map(|glob| format!("*{glob}")).collect();
        Ok(Harness::On { select: Filter::parse(&select, Reading::Pattern)? })
    }

    fn measuring(&self, arguments: &MeasuringArgs, judging: &JudgingArgs) -> Result<Measuring, CliError> {
        let value = |flag, reason| CliError::Value { flag, reason };
        let budget = match &arguments.budget {
            Some(text) => config::duration(text).map_err(|reason| value("--budget", reason))?,
            None => self.config.budget.unwrap_or(BUDGET),
        };
        let metrics = if arguments.metrics.is_empty() {
            self.config.metrics.clone().unwrap_or_else(|| METRICS.to_vec())
        } else {
            config::metrics(&arguments.metrics).map_err(|reason| value("--metrics", reason))?
        };
        Ok(Measuring { metrics, budget, identical: judging.measure_identical })
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

/// Whether stored baselines may clear a benchmark.
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

/// Something that differs from run to run, and is recorded with it.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// A path as the user typed it, made absolute.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
