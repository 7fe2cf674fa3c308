//! Outcomes to pass or fail, and to the code that a process exits with.

use crate::domain::{BenchmarkOutcome, ClaimOutcome, MetricOutcome, Trouble, Verdict};

/// What an inconclusive benchmark means for the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Inconclusive {
    /// It passes.
    #[default]
    Pass,
    /// It fails.
    Fail,
}

/// What it means for the gate that only the baseline has a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// It passes.
    #[default]
    Pass,
    /// It fails.
    Fail,
}

/// Whether every benchmark must end with a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VerdictRequirement {
    /// No.
    #[default]
    None,
    /// Yes: `--require-verdict`.
    Every,
    /// Yes, but there may be none in this part of the work.
    EveryOfPart,
}

/// What the gate goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GatePolicy {
    /// What an inconclusive benchmark means.
    pub inconclusive: Inconclusive,
    /// What a missing benchmark means.
    pub missing: Missing,
    /// Whether every benchmark must end with a verdict.
    pub verdicts: VerdictRequirement,
}

pub use crate::domain::Exit;

/// The gate's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// How the run ends. Errors beat regressions, which beat wanting verdicts; the report shows all of them.
    pub exit: Exit,
    /// Metrics and claims that fail the gate.
    pub failures: usize,
    /// Metrics and claims that were compared, whatever came of it.
    pub compared: usize,
    /// Metrics that ended inconclusive, missing or not comparable.
    pub unsettled: usize,
}

impl Gate {
    /// Decides.
    pub fn decide(
        benchmarks: &[BenchmarkOutcome],
        claims: &[ClaimOutcome],
        troubles: &[Trouble],
        policy: GatePolicy,
    ) -> Self {
        let metrics = || benchmarks.iter().flat_map(|benchmark| &benchmark.metrics);
        let count = |test: fn(&MetricOutcome) -> bool| metrics().filter(|metric| test(metric)).count();
        let inconclusive = count(|metric| metric.verdict == Verdict::Inconclusive);
        let missing = count(|metric| metric.verdict == Verdict::Missing);
        let refuted = claims.iter().filter(|claim| claim.fails()).count();
        let failures = count(MetricOutcome::fails)
            + refuted
            + match policy.inconclusive {
                Inconclusive::Pass => 0,
                Inconclusive::Fail => inconclusive,
            }
            + match policy.missing {
                Missing::Pass => 0,
                Missing::Fail => missing,
            };
        let measured_claims = claims.iter().filter(|claim| claim.was_examined()).count();
        let compared = count(was_compared) + measured_claims;
        let unsettled = inconclusive
            + missing
            + count(|metric| metric.verdict == Verdict::NotComparable)
            // A benchmark without any metric has no verdict either.
            + benchmarks.iter().filter(|benchmark| benchmark.metrics.is_empty()).count();
        let broken = !troubles.is_empty() || count(|metric| metric.verdict == Verdict::Failed) > 0;
        let wanting = match policy.verdicts {
            VerdictRequirement::None => false,
            VerdictRequirement::Every => unsettled > 0 || compared == 0,
            VerdictRequirement::EveryOfPart => unsettled > 0,
        };
        let exit = if broken {
            Exit::Incomplete
        } else if failures > 0 {
            Exit::Failed
        } else if wanting {
            Exit::Unsettled
        } else {
            Exit::Passed
        };
        Self { exit, failures, compared, unsettled }
    }

    /// Whether something fails the gate, whatever the exit code says.
    pub fn failed(&self) -> bool {
        self.failures > 0
    }

    /// Whether nothing at all was compared: no pass, and to be said in words.
    pub fn compared_nothing(&self) -> bool {
        self.compared == 0
    }
}

/// Whether both sides were looked at.
fn was_compared(metric: &MetricOutcome) -> bool {
    metric.verdict.is_decided() || (metric.verdict == Verdict::Inconclusive && metric.method.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Accepted, BenchmarkName, ClaimVerdict, ClaimWeight, Claimed, Limit, Method, Metric, Reason,
    };

    fn benchmark(verdicts: &[Verdict]) -> BenchmarkOutcome {
        let limit = Limit::default_for(Metric::WallTime);
        let metrics = verdicts.iter().map(|&verdict| MetricOutcome {
            method: Some(Method::Paired),
            ..MetricOutcome::without_figures(Metric::WallTime, limit, verdict, Reason::Stored)
        });
        let name = BenchmarkName::new("a", "b", "c");
        BenchmarkOutcome { metrics: metrics.collect(), ..BenchmarkOutcome::new(name, "x86_64") }
    }

    fn claim(verdict: ClaimVerdict) -> ClaimOutcome {
        let outcome = ClaimOutcome::undecided("group/pattern", Claimed::AtLeast(1.5), Vec::new());
        ClaimOutcome { verdict, ratio: Some(1.0), ..outcome }
    }

    const STRICT: GatePolicy = GatePolicy {
        inconclusive: Inconclusive::Pass,
        missing: Missing::Pass,
        verdicts: VerdictRequirement::Every,
    };
    const HARSH: GatePolicy = GatePolicy {
        inconclusive: Inconclusive::Fail,
        missing: Missing::Fail,
        verdicts: VerdictRequirement::None,
    };

    fn code(verdicts: &[Verdict], policy: GatePolicy) -> u8 {
        Gate::decide(&[benchmark(verdicts)], &[], &[], policy).exit.code()
    }

    #[test]
    fn every_verdict_has_its_code() {
        let plain = GatePolicy::default();
        for (verdict, by_default, required, harsh) in [
            (Verdict::Unchanged, 0, 0, 0),
            (Verdict::Improved, 0, 0, 0),
            (Verdict::New, 0, 102, 0),
            (Verdict::Missing, 0, 102, 100),
            (Verdict::NotComparable, 0, 102, 0),
            (Verdict::Inconclusive, 0, 102, 100),
            (Verdict::Failed, 101, 101, 101),
            (Verdict::Regressed, 100, 100, 100),
        ] {
            let codes = (code(&[verdict], plain), code(&[verdict], STRICT), code(&[verdict], HARSH));
            assert_eq!(codes, (by_default, required, harsh), "{verdict}");
        }
        // What is new beside what was compared wants no verdict.
        assert_eq!(code(&[Verdict::New, Verdict::Unchanged], STRICT), 0);
        // A metric that could not be compared is not hidden by a better-known one.
        assert_eq!(code(&[Verdict::Improved, Verdict::Missing], STRICT), 102);
    }

    #[test]
    fn an_accepted_regression_fails_nothing_and_counts_as_compared() {
        let mut accepted = benchmark(&[Verdict::Regressed]);
        accepted.metrics[0].accepted = Some(Accepted {
            file: "a.toml".to_owned(),
            reason: "bounds checks".to_owned(),
            up_to: Limit::default_for(Metric::WallTime),
        });
        let gate = |all: &[BenchmarkOutcome]| Gate::decide(all, &[], &[], STRICT);
        assert_eq!(gate(std::slice::from_ref(&accepted)).exit, Exit::Passed);
        assert!(!gate(std::slice::from_ref(&accepted)).compared_nothing());
        assert_eq!(gate(&[accepted, benchmark(&[Verdict::Regressed])]).exit, Exit::Failed);
    }

    #[test]
    fn errors_beat_regressions_and_both_are_told() {
        let gate = Gate::decide(&[benchmark(&[Verdict::Regressed])], &[], &[Trouble::Interrupted], STRICT);
        assert_eq!(gate.exit.code(), 101);
        assert!(gate.failed());
        assert_eq!(code(&[Verdict::Regressed, Verdict::Inconclusive], STRICT), 100);
        assert_eq!(code(&[Verdict::Regressed, Verdict::Failed], STRICT), 101);
    }

    #[test]
    fn nothing_compared_is_told_and_is_no_verdict() {
        let gate = Gate::decide(&[], &[], &[], GatePolicy::default());
        assert!(gate.compared_nothing());
        assert_eq!(gate.exit, Exit::Passed);
        assert_eq!(Gate::decide(&[], &[], &[], STRICT).exit, Exit::Unsettled);
        assert!(Gate::decide(&[benchmark(&[Verdict::New])], &[], &[], STRICT).compared_nothing());
        assert_eq!(Gate::decide(&[benchmark(&[])], &[], &[], STRICT).exit, Exit::Unsettled);
    }

    #[test]
    fn only_a_refuted_claim_fails() {
        let exit = |verdict| Gate::decide(&[], &[claim(verdict)], &[], GatePolicy::default()).exit;
        assert_eq!(exit(ClaimVerdict::Confirmed), Exit::Passed);
        assert_eq!(exit(ClaimVerdict::Undecided), Exit::Passed);
        assert_eq!(exit(ClaimVerdict::Refuted), Exit::Failed);
        let told = ClaimOutcome { weight: ClaimWeight::Informative, ..claim(ClaimVerdict::Refuted) };
        assert_eq!(Gate::decide(&[], &[told], &[], GatePolicy::default()).exit, Exit::Passed);
    }
}
