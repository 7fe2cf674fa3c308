//! What is said about a report. Pure.

use thiserror::Error;

use crate::domain::{CommitId, Exit, Partition, Report, ReportKind, Trouble};
use crate::forge::event::RunNumber;
use crate::judge::{Gate, GatePolicy};
use crate::report::comment::{self, Annotation, Badge, Conclusion, Frame};

/// What is published, and by what rules.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// What tells the comments of several workflows apart: letters, digits, `.`, `_` and `-`.
    pub key: String,
    /// The name of the check run.
    pub check_name: String,
    /// What the trusted job demands of the report.
    pub gate: GatePolicy,
    /// The run that measured.
    pub number: RunNumber,
    /// The address of that run, for people.
    pub run: Option<String>,
}

/// Why there is nothing to publish but that.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Unpublishable {
    /// There is no report, or what is there is none.
    #[error("{0}")]
    Unreadable(String),
    /// It is about something else than a comparison.
    #[error("the report is one of `{0}`, and only those of `check` and `compare` are published")]
    Kind(ReportKind),
    /// It is about a part of the work.
    #[error("the report is about {0} of a run alone: put the parts together with `cargo perfguard merge`")]
    Part(Partition),
    /// The run that measured came to nothing.
    #[error("the run that measured was not completed")]
    Broken(Vec<Trouble>),
    /// It does not say what was measured.
    #[error("the report does not say which commit was measured")]
    NoCandidate,
    /// It is about another commit.
    #[error("the report is about {found}, which is neither {head} nor a merge of it")]
    OtherCommit {
        /// What it is about.
        found: CommitId,
        /// What the event is about.
        head: CommitId,
    },
}

/// What is to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// How the check run ends.
    pub conclusion: Conclusion,
    /// The check run's heading.
    pub title: String,
    /// The comment, and the text of the check run, with the marker on the first line.
    pub body: String,
    /// What the check run shows in the files.
    pub annotations: Vec<Annotation>,
    /// The badge.
    pub badge: Badge,
    /// Whether there was a whole report to publish.
    pub exit: Exit,
}

impl PublishRequest {
    /// How the marker of every run's comment begins.
    fn prefix(&self) -> String {
        format!("<!-- perfguard:{} ", self.key)
    }

    /// The marker of this run's comment.
    fn marker(&self) -> String {
        let RunNumber { run, attempt } = self.number;
        format!("{}{run} {attempt} -->", self.prefix())
    }

    /// Which run a text is about; `None` where it is none of ours.
    pub fn run_of(&self, text: &str) -> Option<RunNumber> {
        let marker = text.strip_prefix(&self.prefix())?.lines().next()?.trim_end().strip_suffix(" -->")?;
        let (run, attempt) = marker.split_once(' ')?;
        Some(RunNumber { run: run.parse().ok()?, attempt: attempt.parse().ok()? })
    }

    /// What is said about a report, or about why there is none.
    pub fn message(&self, report: Result<Report, Unpublishable>) -> Message {
        let frame = Frame { first: self.marker(), run: self.run.clone() };
        match report.and_then(comparison) {
            Ok(mut report) => {
                let gate = Gate::decide(&report.benchmarks, &report.claims, &report.troubles, self.gate);
                // The job that measured may have demanded more, but never less.
                let exit = Exit::of_code(report.exit_code).unwrap_or(Exit::Incomplete).or_worse(gate.exit);
                report.exit_code = exit.code();
                Message {
                    conclusion: comment::conclusion(&report),
                    title: comment::title(&report),
                    body: comment::body(&frame, &report),
                    annotations: comment::annotations(&report),
                    badge: comment::badge(&report),
                    exit: match exit {
                        Exit::Usage | Exit::Incomplete => Exit::Incomplete,
                        Exit::Passed | Exit::Failed | Exit::Unsettled => Exit::Passed,
                    },
                }
            }
            Err(why) => {
                let troubles = if let Unpublishable::Broken(troubles) = &why { &troubles[..] } else { &[] };
                Message {
                    conclusion: Conclusion::Failure,
                    title: "did not run".to_owned(),
                    body: comment::did_not_run(&frame, &why.to_string(), troubles),
                    annotations: Vec::new(),
                    badge: Badge::DID_NOT_RUN,
                    exit: Exit::Incomplete,
                }
            }
        }
    }
}

/// Only whole comparisons are published.
fn comparison(report: Report) -> Result<Report, Unpublishable> {
    match report.kind {
        ReportKind::Check | ReportKind::Compare => {}
        other => return Err(Unpublishable::Kind(other)),
    }
    if let Some(part) = report.partition {
        return Err(Unpublishable::Part(part));
    }
    let broken =
        !matches!(Exit::of_code(report.exit_code), Some(Exit::Passed | Exit::Failed | Exit::Unsettled));
    if broken && report.benchmarks.is_empty() && report.claims.is_empty() {
        return Err(Unpublishable::Broken(report.troubles));
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        BenchmarkName, BenchmarkOutcome, Limit, Method, Metric, MetricOutcome, Reason, Verdict,
    };
    use crate::judge::VerdictRequirement;

    fn request() -> PublishRequest {
        PublishRequest {
            key: "default".to_owned(),
            check_name: "perfguard".to_owned(),
            gate: GatePolicy::default(),
            number: RunNumber { run: 7, attempt: 2 },
            run: None,
        }
    }

    fn report(exit_code: u8, verdicts: &[Verdict]) -> Report {
        let limit = Limit::default_for(Metric::WallTime);
        let benchmarks = verdicts.iter().map(|verdict| {
            let outcome = MetricOutcome {
                method: Some(Method::Paired),
                ..MetricOutcome::without_figures(Metric::WallTime, limit, *verdict, Reason::Stored)
            };
            let name = BenchmarkName::new("p", "t", verdict.name());
            BenchmarkOutcome { metrics: vec![outcome], ..BenchmarkOutcome::new(name, "x86_64") }
        });
        Report { exit_code, benchmarks: benchmarks.collect(), ..Report::new(ReportKind::Check) }
    }

    fn ended(request: &PublishRequest, report: Report) -> (Conclusion, u8) {
        let message = request.message(Ok(report));
        (message.conclusion, message.exit.code())
    }

    #[test]
    fn verdicts_and_the_trusted_job_decide_and_a_code_only_makes_it_worse() {
        let plain = request();
        let strict = PublishRequest {
            gate: GatePolicy { verdicts: VerdictRequirement::Every, ..GatePolicy::default() },
            ..request()
        };
        let (green, grey, red) = (Conclusion::Success, Conclusion::Neutral, Conclusion::Failure);
        for (code, verdicts, expected, strictly) in [
            (0, &[Verdict::Unchanged][..], (green, 0), (green, 0)),
            // It says that it passed.
            (0, &[Verdict::Unchanged, Verdict::Regressed], (red, 0), (red, 0)),
            (0, &[Verdict::Failed, Verdict::Unchanged], (red, 101), (red, 101)),
            (0, &[Verdict::Unchanged, Verdict::Inconclusive], (green, 0), (red, 0)),
            (0, &[Verdict::Inconclusive], (grey, 0), (red, 0)),
            (0, &[Verdict::New], (grey, 0), (red, 0)),
            (0, &[], (grey, 0), (red, 0)),
            // Its configuration demands more.
            (100, &[Verdict::Inconclusive, Verdict::Unchanged], (red, 0), (red, 0)),
            (102, &[Verdict::Inconclusive, Verdict::Unchanged], (red, 0), (red, 0)),
            (101, &[Verdict::Regressed, Verdict::Unchanged], (red, 101), (red, 101)),
            (2, &[Verdict::Unchanged], (red, 101), (red, 101)),
            (77, &[Verdict::Unchanged], (red, 101), (red, 101)),
        ] {
            assert_eq!(ended(&plain, report(code, verdicts)), expected, "{code} {verdicts:?}");
            assert_eq!(ended(&strict, report(code, verdicts)), strictly, "{code} {verdicts:?}, strictly");
        }
    }

    #[test]
    fn what_is_no_whole_comparison_did_not_run() {
        let request = request();
        let run = Report { kind: ReportKind::Run, ..report(0, &[Verdict::Unchanged]) };
        let part = Report { partition: "hash:1/4".parse().ok(), ..report(0, &[Verdict::Unchanged]) };
        let broken = Report {
            troubles: vec![Trouble::Ended("the candidate does not build".to_owned(), None)],
            ..report(101, &[])
        };
        let head = CommitId::from_hex(&"a".repeat(40)).unwrap();
        let other = Unpublishable::OtherCommit { found: CommitId::from_hex(&"b".repeat(40)).unwrap(), head };
        for (report, words) in [
            (Ok(run), "one of &#96;run&#96;"),
            (Ok(part), "hash:1/4 of a run alone"),
            (Ok(broken), "the candidate does not build"),
            (Err(Unpublishable::NoCandidate), "which commit"),
            (
                Err(Unpublishable::Unreadable("perfguard.json is missing".to_owned())),
                "perfguard.json is missing",
            ),
            (Err(other), "nor a merge of it"),
        ] {
            let message = request.message(report);
            assert_eq!(
                (message.conclusion, message.exit),
                (Conclusion::Failure, Exit::Incomplete),
                "{words}"
            );
            assert_eq!((message.title.as_str(), message.badge), ("did not run", Badge::DID_NOT_RUN));
            assert!(message.body.starts_with("<!-- perfguard:default 7 2 -->\n"), "{}", message.body);
            assert!(message.body.contains("did not run") && message.body.contains(words), "{}", message.body);
        }
    }

    #[test]
    fn a_marker_tells_key_and_run_and_nothing_else_is_one() {
        let request = request();
        let own = request.message(Ok(report(0, &[Verdict::Unchanged]))).body;
        assert_eq!(request.run_of(&own), Some(request.number));
        assert_eq!(request.run_of(&own.replace('\n', "\r\n")), Some(request.number));
        for other in [
            "",
            "look: <!-- perfguard:default 7 2 -->",
            "<!-- perfguard:other 7 2 -->",
            "<!-- perfguard:default 7 -->",
            "<!-- perfguard:default 7 2 3 -->",
            "<!-- perfguard:default -7 2 -->",
            "<!-- perfguard:default 7 2",
        ] {
            assert_eq!(request.run_of(other), None, "{other}");
        }
    }
}
