//! What counts as too much: thresholds by metric, target and benchmark.
//!
//! Each metric's limit is looked up on its own. From the weakest to the strongest: the default of the metric;
//! `[thresholds]`; `[target.ARCH.thresholds]`; `[target.'cfg(…)'.thresholds]`; `[target.TRIPLE.thresholds]`;
//! `[[benchmark]]` entries that match, later ones over earlier ones; `--threshold`. Among target tables of one kind,
//! and within one `[[benchmark]]` entry, the same order holds: later over earlier, and a target's own over the general.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};
use thiserror::Error;

use super::target::{TargetInfo, TargetSelector};
use crate::domain::{BenchmarkName, Limit, Metric};
use crate::stats::ErrorBudget;

/// Limits by metric; metrics that are not named keep what they have.
pub type Limits = BTreeMap<Metric, Limit>;

/// Why a policy cannot be.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PolicyError {
    /// The pattern of a `[[benchmark]]` entry is neither a glob nor a full name.
    #[error("invalid pattern `{pattern}`: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The error of a run must be a probability between 0 and ½.
    #[error("invalid error of a run {0}: it must be above 0 and below 0.5")]
    Alpha(f64),
}

/// Limits for some targets.
#[derive(Debug, Clone, Default)]
struct TargetLimits {
    general: Limits,
    targets: Vec<(TargetSelector, Limits)>,
}

impl TargetLimits {
    fn lookup(&self, metric: Metric, target: &TargetInfo) -> Option<Limit> {
        let specific = self
            .targets
            .iter()
            .filter(|(selector, _)| selector.matches(target))
            .filter_map(|(selector, limits)| limits.get(&metric).map(|limit| (selector.rank(), limit)))
            // The last of equal ranks wins.
            .max_by_key(|(rank, _)| *rank)
            .map(|(_, limit)| limit);
        specific.or_else(|| self.general.get(&metric)).copied()
    }
}

/// One `[[benchmark]]` entry: limits for the benchmarks whose full names match.
#[derive(Debug, Clone)]
pub struct BenchmarkRule {
    pattern: NamePattern,
    limits: TargetLimits,
}

impl BenchmarkRule {
    /// A pattern over full names and the limits of what it matches.
    ///
    /// # Errors
    /// Neither a glob nor a full name.
    pub fn new(pattern: &str, limits: Limits) -> Result<Self, PolicyError> {
        let limits = TargetLimits { general: limits, targets: Vec::new() };
        Ok(Self { pattern: NamePattern::new(pattern)?, limits })
    }

    /// Adds limits that hold on some targets only.
    #[must_use]
    pub fn for_target(mut self, selector: TargetSelector, limits: Limits) -> Self {
        self.limits.targets.push((selector, limits));
        self
    }

    /// Whether the entry is about a benchmark.
    pub fn matches(&self, name: &BenchmarkName) -> bool {
        self.pattern.matches(&name.to_string())
    }
}

/// A glob over full names (`*` also crosses `/` and `::`). A name matches itself, whatever wildcards it seems to hold.
#[derive(Debug, Clone)]
pub(super) struct NamePattern {
    text: String,
    /// `None` for a name that is no glob.
    glob: Option<GlobMatcher>,
}

impl NamePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Neither a glob nor a full name.
    pub(super) fn new(text: &str) -> Result<Self, PolicyError> {
        let is_full = text.splitn(3, "::").filter(|part| !part.is_empty()).count() == 3;
        let glob = match GlobBuilder::new(text).build() {
            Ok(glob) => Some(glob.compile_matcher()),
            Err(_) if is_full => None,
            Err(error) => {
                let reason = error.kind().to_string();
                return Err(PolicyError::Pattern { pattern: text.to_owned(), reason });
            }
        };
        Ok(Self { text: text.to_owned(), glob })
    }

    /// Whether it is about a name.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.text == name || self.glob.as_ref().is_some_and(|glob| glob.is_match(name))
    }
}

/// Everything a judgement depends on besides the measurements.
#[derive(Debug, Clone)]
pub struct Policy {
    limits: TargetLimits,
    benchmarks: Vec<BenchmarkRule>,
    overrides: Limits,
    alpha: f64,
    minimum_runs: usize,
    source: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            limits: TargetLimits::default(),
            benchmarks: Vec::new(),
            overrides: Limits::new(),
            alpha: 0.01,
            minimum_runs: Self::MINIMUM_RUNS,
            source: String::new(),
        }
    }
}

impl Policy {
    /// With fewer stored runs of one key, a stored baseline never decides.
    pub const MINIMUM_RUNS: usize = 5;

    /// The defaults of every metric, an error of 1 % for the run.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limits for every architecture.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits.general.extend(limits);
        self
    }

    /// Adds the limits of a `[target.…]` table.
    #[must_use]
    pub fn with_target(mut self, selector: TargetSelector, limits: Limits) -> Self {
        self.limits.targets.push((selector, limits));
        self
    }

    /// Adds a `[[benchmark]]` entry; later ones win.
    #[must_use]
    pub fn with_benchmark(mut self, rule: BenchmarkRule) -> Self {
        self.benchmarks.push(rule);
        self
    }

    /// Sets limits that beat everything else, as flags do.
    #[must_use]
    pub fn with_overrides(mut self, limits: Limits) -> Self {
        self.overrides.extend(limits);
        self
    }

    /// Sets the probability with which a run in which nothing got slower may fail.
    ///
    /// # Errors
    /// Not above 0 and below ½.
    pub fn with_alpha(mut self, alpha: f64) -> Result<Self, PolicyError> {
        ErrorBudget::new(alpha, 1).ok_or(PolicyError::Alpha(alpha))?;
        self.alpha = alpha;
        Ok(self)
    }

    /// Sets how many stored runs it takes for a stored baseline to decide; never fewer than
    /// [`Policy::MINIMUM_RUNS`].
    #[must_use]
    pub fn with_minimum_runs(mut self, count: usize) -> Self {
        self.minimum_runs = count.max(Self::MINIMUM_RUNS);
        self
    }

    /// The limit of a metric of a benchmark on a target.
    pub fn limit(&self, name: &BenchmarkName, metric: Metric, target: &TargetInfo) -> Limit {
        let of_benchmark = || {
            let mut matching = self.benchmarks.iter().rev().filter(|rule| rule.matches(name));
            matching.find_map(|rule| rule.limits.lookup(metric, target))
        };
        self.overrides
            .get(&metric)
            .copied()
            .or_else(of_benchmark)
            .or_else(|| self.limits.lookup(metric, target))
            .unwrap_or_else(|| Limit::default_for(metric))
    }

    /// The probability with which a run in which nothing got slower may fail.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// The run's error, divided among as many tests as its limits make (see [`tests_of`]).
    pub fn error_budget(&self, tests: usize) -> ErrorBudget {
        ErrorBudget::new(self.alpha, tests.max(1)).unwrap_or_else(|| unreachable!("alpha was checked"))
    }

    /// What it was made from, on one line: two of one source judge alike.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Says what it was made from.
    #[must_use]
    pub fn made_from(mut self, source: String) -> Self {
        self.source = source;
        self
    }

    /// How many stored runs it takes for a stored baseline to decide.
    pub fn minimum_runs(&self) -> usize {
        self.minimum_runs
    }
}

/// How many tests a limit makes: a cap on the value is one of its own.
pub fn tests_of(limit: &Limit) -> usize {
    1 + usize::from(limit.cap().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_matches_itself_whatever_wildcards_it_seems_to_hold() {
        for name in ["p::t::a[1]", "p::t::{y} $1 .* \\d", "p::t::open [", "p::t::{", "p::t::a::b?"] {
            let pattern = NamePattern::new(name).unwrap();
            assert!(pattern.matches(name) && !pattern.matches("p::t::other"), "{name}");
        }
        let glob = NamePattern::new("p::*[12]").unwrap();
        assert!(glob.matches("p::t::x/1") && !glob.matches("p::t::x/3"));
        for text in ["a[", "t::a[", "p::::[", "{"] {
            assert!(NamePattern::new(text).is_err(), "{text}");
        }
    }

    fn limits(text: &str) -> Limits {
        Limits::from([(Metric::WallTime, Limit::parse(text, Metric::WallTime).unwrap())])
    }

    fn selector(text: &str) -> TargetSelector {
        TargetSelector::parse(text).unwrap()
    }

    fn found(policy: &Policy, name: &str, triple: &str) -> String {
        let target = TargetInfo::from_triple(triple);
        policy.limit(&name.parse().unwrap(), Metric::WallTime, &target).display(Metric::WallTime)
    }

    const ARM: &str = "aarch64-unknown-linux-gnu";
    const INTEL: &str = "x86_64-unknown-linux-gnu";

    #[test]
    fn the_most_specific_target_wins_whatever_the_order() {
        let policy = Policy::new()
            .with_target(selector(ARM), limits("9%"))
            .with_target(selector("cfg(unix)"), limits("8%"))
            .with_target(selector("aarch64"), limits("7%"))
            .with_limits(limits("6%"));
        assert_eq!(found(&policy, "a::b::c", ARM), "9%");
        assert_eq!(found(&policy, "a::b::c", "aarch64-apple-darwin"), "8%");
        assert_eq!(found(&policy, "a::b::c", "aarch64-pc-windows-msvc"), "7%");
        assert_eq!(found(&policy, "a::b::c", "x86_64-pc-windows-msvc"), "6%");
        assert_eq!(found(&Policy::new(), "a::b::c", INTEL), "5%");
    }

    #[test]
    fn benchmark_entries_beat_targets_and_later_ones_win_per_metric() {
        let instructions =
            Limits::from([(Metric::Instructions, Limit::parse("2%", Metric::Instructions).unwrap())]);
        let policy = Policy::new()
            .with_target(selector("x86_64"), limits("8%"))
            .with_benchmark(BenchmarkRule::new("parser::*", limits("3%")).unwrap())
            .with_benchmark(
                BenchmarkRule::new("*::fast/*", limits("2%"))
                    .unwrap()
                    .for_target(selector("aarch64"), limits("4%")),
            )
            .with_benchmark(BenchmarkRule::new("parser::**", instructions).unwrap());
        assert_eq!(found(&policy, "other::b::c", INTEL), "8%");
        assert_eq!(found(&policy, "parser::b::slow/1", INTEL), "3%");
        assert_eq!(found(&policy, "parser::b::fast/1", INTEL), "2%");
        assert_eq!(found(&policy, "parser::b::fast/1", ARM), "4%");
        let policy = policy.with_overrides(limits("1%"));
        assert_eq!(found(&policy, "parser::b::fast/1", ARM), "1%");
    }

    #[test]
    fn impossible_policies_are_refused() {
        assert!(BenchmarkRule::new("a[", Limits::new()).unwrap_err().to_string().contains("`a[`"));
        assert!(Policy::new().with_alpha(0.7).is_err());
        assert!(Policy::new().with_alpha(f64::NAN).is_err());
        assert_eq!(Policy::new().with_minimum_runs(1).minimum_runs(), 5);
    }

    #[test]
    fn a_cap_is_a_test_of_its_own() {
        assert_eq!(tests_of(&limits("5%")[&Metric::WallTime]), 1);
        assert_eq!(tests_of(&limits("5% | 1us")[&Metric::WallTime]), 2);
    }
}
