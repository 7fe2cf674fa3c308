//! Hand-made reports that tests render.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    Acceptance, AcceptanceOutcome, AcceptanceSource, AcceptanceUse, Accepted, AllocationBound, BenchmarkName,
    BenchmarkOutcome, BuildDifference, Cause, ClaimOutcome, ClaimReason, ClaimVerdict, ClaimWeight, Claimed,
    CommitId, CpuIdentity, Creep, Doubt, Failure, JudgedBy, Layout, LayoutFallback, LayoutUse, LayoutsUsed,
    Limit, MachineFacts, MachineKey, Method, Metric, MetricOutcome, NotCounted, Note, Place, Reason, Report,
    ReportKind, Revision, Side, Sides, Stage, StageTime, Toolchain, TopFunction, TreeId, Trouble, UnitKind,
    Verdict, Work, WorkUnit,
};

/// A name of 200 characters.
pub(super) fn long_name() -> BenchmarkName {
    let id = "group/function_with_a_telling_name/".repeat(5) + "value/00";
    let name = BenchmarkName::new("package", "target", id);
    assert_eq!(name.to_string().len(), 200);
    name
}

/// Names that try to break every format.
pub(super) fn nasty_names() -> Vec<BenchmarkName> {
    [
        "pipe|back`tick/star*under_score",
        "quote\"apostrophe'comma,semicolon;",
        "<script>alert(1)</script>&amp;",
        "crab 🦀/família/日本語",
        "tab\tline\nescape\u{1b}[31m",
        "@everyone #1 [link](x) ]]>",
        "=1+1",
    ]
    .map(|id| BenchmarkName::new("nasty", "names", id))
    .to_vec()
}

pub(super) fn commit(digit: char) -> CommitId {
    CommitId::from_hex(&digit.to_string().repeat(40)).unwrap()
}

fn revision(label: &str, digit: char, dirty: bool) -> Revision {
    let tree = TreeId::from_hex(&"f".repeat(40)).unwrap();
    Revision { label: label.to_owned(), commit: commit(digit), dirty, tree }
}

fn machine() -> MachineFacts {
    MachineFacts {
        key: MachineKey::new("amd-epyc-7763-25-1-1-8a1f"),
        arch: "x86_64".into(),
        os: "linux".into(),
        cpu: CpuIdentity {
            vendor: "AuthenticAMD".into(),
            model: "AMD EPYC 7763 64-Core Processor".into(),
            family: "25".into(),
            number: "1".into(),
            stepping: "1".into(),
            features: BTreeSet::from(["avx2".to_owned()]),
        },
        caches: Vec::new(),
        logical_cpus: 2,
        hypervisor: None,
    }
}

/// A report of `check` with nothing in it.
pub(super) fn empty() -> Report {
    Report {
        kind: ReportKind::Check,
        exit_code: 0,
        baseline: Some(revision("origin/main", 'a', false)),
        candidate: Some(revision("work tree", 'b', true)),
        machine: Some(machine()),
        machines: Vec::new(),
        partition: None,
        axes: Vec::new(),
        judged_by: Some(JudgedBy {
            version: "1.2.3".into(),
            configuration: "0123456789abcdef".into(),
            verdict_required: false,
        }),
        layouts: Some(LayoutsUsed {
            asked: Layout::Drawn,
            targets: vec![
                LayoutUse {
                    target: "perfguard-harness::strings".to_owned(),
                    fallback: None,
                    is_aligned: false,
                    drawings: 18,
                    same_functions: 3073,
                    in_place: 3073,
                    edited_functions: 12,
                    edited_in_place: 12,
                    seconds: 2.5,
                },
                LayoutUse {
                    target: "perfguard-harness::simd".to_owned(),
                    fallback: Some(LayoutFallback::NoLinker),
                    is_aligned: false,
                    drawings: 0,
                    same_functions: 0,
                    in_place: 0,
                    edited_functions: 0,
                    edited_in_place: 0,
                    seconds: 0.5,
                },
            ],
        }),
        toolchain: Some(Toolchain {
            rustc: "1.95.0".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            profile: "bench".into(),
        }),
        benchmarks: Vec::new(),
        acceptances: Vec::new(),
        claims: Vec::new(),
        troubles: Vec::new(),
        notes: Vec::new(),
        seconds: 0.0,
        stages: Vec::new(),
    }
}

/// A report of which nothing but its kind is known.
pub(super) fn bare(kind: ReportKind) -> Report {
    Report { kind, baseline: None, candidate: None, machine: None, toolchain: None, ..empty() }
}

/// A wall time that changed by a fraction, with the interval around it.
pub(super) fn timed(verdict: Verdict, baseline: f64, change: f64, half: f64) -> MetricOutcome {
    MetricOutcome {
        metric: Metric::WallTime,
        verdict,
        method: Some(Method::Paired),
        baseline: Some(baseline),
        candidate: Some(baseline * (1.0 + change)),
        change: Some(change),
        interval: Some((change - half, change + half)),
        confidence: Some(0.999),
        limit: Limit::default_for(Metric::WallTime),
        threshold: Some(0.05),
        pairs: 18,
        drawn_pairs: 18,
        seconds: 9.1,
        slower_in_turns: None,
        reason: None,
        accepted: None,
    }
}

/// A count that repeats exactly.
pub(super) fn counted(metric: Metric, verdict: Verdict, baseline: f64, candidate: f64) -> MetricOutcome {
    let change = candidate / baseline - 1.0;
    MetricOutcome {
        metric,
        verdict,
        method: Some(Method::Exact),
        baseline: Some(baseline),
        candidate: Some(candidate),
        change: Some(change),
        interval: None,
        confidence: None,
        limit: Limit::default_for(metric),
        threshold: Some(Limit::default_for(metric).fraction(baseline)),
        pairs: 0,
        drawn_pairs: 0,
        seconds: 0.4,
        slower_in_turns: None,
        reason: None,
        accepted: None,
    }
}

pub(super) fn bench(id: &str, metrics: Vec<MetricOutcome>) -> BenchmarkOutcome {
    outcome(BenchmarkName::new("parser", "parse", id), metrics)
}

fn outcome(name: BenchmarkName, metrics: Vec<MetricOutcome>) -> BenchmarkOutcome {
    BenchmarkOutcome { metrics, ..BenchmarkOutcome::new(name, "x86_64") }
}

fn without(verdict: Verdict, reason: Reason) -> Vec<MetricOutcome> {
    let limit = Limit::default_for(Metric::WallTime);
    vec![MetricOutcome::without_figures(Metric::WallTime, limit, verdict, reason)]
}

/// A process that crashed.
fn crash() -> Failure {
    Failure {
        message: "the process ended with signal 11".to_owned(),
        output: "thread 'main' panicked at benches/parse.rs:12:\nindex out of bounds".to_owned(),
        unsuitable: false,
    }
}

/// A function that gained.
fn top_function() -> TopFunction {
    TopFunction {
        function: "parser::json::string".to_owned(),
        krate: Some("parser".to_owned()),
        place: Some(Place {
            path: Some("crates/parser/src/json.rs".to_owned()),
            ..Place::new("src/json.rs", Some(12))
        }),
        difference: 1000.0,
    }
}

/// Two builds of different targets.
fn difference() -> BuildDifference {
    let values = Sides { baseline: "x86_64-unknown-linux-gnu", candidate: "x86_64-unknown-linux-musl" };
    BuildDifference { field: "target".to_owned(), values: values.map(str::to_owned) }
}

/// One of everything: the report a reader has to find their way in.
pub(super) fn mixed() -> Report {
    let mut undecided = timed(Verdict::Inconclusive, 345.6, 0.021, 0.042);
    undecided.reason = Some(Reason::Undecided { doubt: Doubt::Budget, short_of: None });
    let mut suspect = timed(Verdict::Inconclusive, 100.0, 0.03, 0.05);
    suspect.reason = Some(Reason::Undecided { doubt: Doubt::NotRepeated, short_of: None });
    Report {
        exit_code: 101,
        benchmarks: vec![
            bench("json/small", vec![timed(Verdict::Unchanged, 812.0, 0.001, 0.004)]),
            BenchmarkOutcome {
                causes: vec![Cause::Build(difference()), Cause::Function(top_function())],
                ..bench("json/large", vec![timed(Verdict::Regressed, 1200.0, 0.075, 0.014)])
            },
            bench("json/huge", vec![timed(Verdict::Regressed, 1200.0, 38.96, 0.014)]),
            bench("json/twice", vec![timed(Verdict::Improved, 1200.0, -0.6, 0.014)]),
            bench("toml/suspect", vec![suspect]),
            bench("json/pretty", vec![timed(Verdict::Improved, 2_400_000.0, -0.31, 0.02)]),
            bench("toml/small", vec![undecided]),
            bench("toml/new", without(Verdict::New, Reason::OnlyOn(Side::Candidate))),
            bench("yaml/old", without(Verdict::Missing, Reason::OnlyOn(Side::Baseline))),
            bench("yaml/simd", without(Verdict::NotComparable, Reason::BuildsDiffer(vec![difference()]))),
            bench("yaml/crash", without(Verdict::Failed, Reason::Failed(Side::Candidate, crash()))),
        ],
        troubles: vec![Trouble::Failed {
            benchmark: BenchmarkName::new("parser", "parse", "yaml/crash"),
            unit: UnitKind::Bench,
            side: Some(Side::Candidate),
            failure: crash(),
        }],
        notes: vec![Note::left_out("parser", "old", "it uses libtest")],
        seconds: 127.0,
        stages: vec![
            StageTime { stage: Stage::CandidateBuild, seconds: 25.5 },
            StageTime { stage: Stage::Measuring, seconds: 101.0 },
        ],
        ..empty()
    }
}

/// A small slowdown that carries what crept since a release past its limit.
pub(super) fn crept() -> Report {
    let mut found = timed(Verdict::Regressed, 1534.0, 0.015, 0.004);
    found.reason = Some(Reason::Crept { since: "v1.2.0".into(), change: 0.112, limit: 0.10 });
    let sum = Creep {
        since: "v1.2.0".into(),
        benchmark: BenchmarkName::new("parser", "parse", "json"),
        metric: Metric::WallTime,
        change: 94_000,
        limit: 100_000,
        raised_from: None,
        this_change: Some(15_000),
        known: 28,
        commits: 30,
        largest: vec![(commit('c'), 21_000)],
    };
    Report {
        exit_code: 100,
        benchmarks: vec![BenchmarkOutcome {
            causes: vec![Cause::Function(top_function())],
            ..bench("json", vec![found])
        }],
        notes: vec![Note::Creep(Box::new(sum))],
        ..empty()
    }
}

/// Time, instructions and allocations of three benchmarks; one regressed in allocations only.
pub(super) fn several_metrics() -> Report {
    let three = |id: &str, allocations: MetricOutcome| {
        bench(
            id,
            vec![
                timed(Verdict::Unchanged, 1534.0, 0.006, 0.009),
                counted(Metric::Instructions, Verdict::Unchanged, 1_234_567_890.0, 1_234_567_901.0),
                allocations,
            ],
        )
    };
    let same = counted(Metric::Allocations, Verdict::Unchanged, 12.0, 12.0);
    let mut from_zero = counted(Metric::Allocations, Verdict::Regressed, 0.0, 3.0);
    from_zero.threshold = Some(0.0);
    let both_zero = counted(Metric::Allocations, Verdict::Unchanged, 0.0, 0.0);
    Report {
        exit_code: 100,
        benchmarks: vec![
            three("concat/naive", same),
            three("concat/optimized", from_zero),
            three("hash", both_zero),
        ],
        seconds: 61.0,
        ..empty()
    }
}

/// Benches that declare their work: bytes that stayed as many, two units, and what only the candidate declares.
pub(super) fn throughput() -> Report {
    let work = |unit, baseline, candidate| Work { unit, amounts: Sides { baseline, candidate } };
    let some = |amount| work(WorkUnit::Bytes, Some(amount), Some(amount));
    let bytes = BenchmarkOutcome {
        work: vec![some(1 << 20)],
        ..bench("json/large", vec![timed(Verdict::Regressed, 800_000.0, 0.127, 0.014)])
    };
    let both = BenchmarkOutcome {
        work: vec![
            work(WorkUnit::Elements, Some(1000), Some(2000)),
            work(WorkUnit::BytesDecimal, Some(1), Some(2)),
        ],
        ..bench("rows", vec![timed(Verdict::Unchanged, 1000.0, 0.001, 0.004)])
    };
    let fresh = BenchmarkOutcome {
        work: vec![work(WorkUnit::Bits, None, Some(8))],
        metrics: vec![
            timed(Verdict::Unchanged, 1000.0, 0.0, 0.004),
            counted(Metric::Instructions, Verdict::Unchanged, 10.0, 10.0),
        ],
        ..bench("declared now", Vec::new())
    };
    // Without a time there is no rate.
    let none = BenchmarkOutcome {
        work: vec![some(1)],
        ..bench("identical", without(Verdict::Unchanged, Reason::Identical))
    };
    Report { exit_code: 100, benchmarks: vec![bytes, both, fresh, none], seconds: 61.0, ..empty() }
}

/// A gate that passed because a regression is accepted; another acceptance is of no use.
pub(super) fn accepted() -> Report {
    let acceptance = |file: &str, pattern: &str, came_to| AcceptanceOutcome {
        acceptance: Acceptance {
            source: AcceptanceSource::of_name(file),
            benchmarks: vec![pattern.to_owned()],
            up_to: BTreeMap::from([(Metric::WallTime, Limit::relative(0.25).unwrap())]),
            arch: Vec::new(),
            reason: "bounds checks restored (#812) <@everyone> | `x`".to_owned(),
        },
        came_to,
    };
    let used = acceptance("baselines/accepted/checks.toml", "parser::parse::json/*", AcceptanceUse::Used);
    let Acceptance { source, up_to, reason, .. } = &used.acceptance;
    let by =
        Accepted { file: source.name().to_owned(), reason: reason.clone(), up_to: up_to[&Metric::WallTime] };
    let slower = timed(Verdict::Regressed, 1200.0, 0.2, 0.014);
    let slower = MetricOutcome { accepted: Some(by), ..slower };
    let other = "baselines/accepted/other.toml";
    Report {
        benchmarks: vec![
            BenchmarkOutcome {
                causes: vec![Cause::Function(top_function())],
                ..bench("json/large", vec![slower])
            },
            bench("json/small", vec![timed(Verdict::Unchanged, 812.0, 0.001, 0.004)]),
        ],
        acceptances: vec![used, acceptance(other, "parser::parse::yaml/*", AcceptanceUse::Unmatched)],
        notes: vec![Note::UnusedAcceptance { file: other.to_owned(), matched: false }],
        seconds: 61.0,
        ..empty()
    }
}

/// A gate that passed, with many unchanged benchmarks.
pub(super) fn many() -> Report {
    let mut benchmarks: Vec<_> = (0..41)
        .map(|n| {
            bench(&format!("case/{n:02}"), vec![timed(Verdict::Unchanged, 100.0 + f64::from(n), 0.0, 0.01)])
        })
        .collect();
    benchmarks.push(bench("faster", vec![timed(Verdict::Improved, 5000.0, -0.2, 0.01)]));
    for n in 0..7 {
        benchmarks.push(bench(&format!("added/{n}"), without(Verdict::New, Reason::OnlyOn(Side::Candidate))));
    }
    Report { benchmarks, seconds: 300.0, ..empty() }
}

/// Only new benchmarks: there was nothing to compare with.
pub(super) fn only_new() -> Report {
    let new = without(Verdict::New, Reason::OnlyOn(Side::Candidate));
    Report {
        exit_code: 102,
        benchmarks: vec![bench("a", new.clone()), bench("b", new)],
        seconds: 4.0,
        ..empty()
    }
}

/// Names that try to break every format, and figures that are no numbers.
pub(super) fn nasty() -> Report {
    let mut nonsense = timed(Verdict::Unchanged, f64::NAN, f64::NAN, f64::NAN);
    nonsense.confidence = Some(f64::NAN);
    nonsense.threshold = Some(f64::INFINITY);
    nonsense.seconds = f64::NAN;
    let mut open = timed(Verdict::Regressed, 10.0, 0.5, f64::INFINITY);
    open.interval = Some((0.4, f64::INFINITY));
    open.reason = Some(Reason::AboveCap(12.0));
    let mut benchmarks: Vec<_> = nasty_names()
        .into_iter()
        .map(|name| outcome(name, vec![timed(Verdict::Unchanged, 10.0, 0.0, 0.01)]))
        .collect();
    benchmarks.push(outcome(long_name(), vec![open]));
    benchmarks.push(bench("nonsense", vec![nonsense]));
    Report {
        exit_code: 100,
        benchmarks,
        notes: vec![Note::left_out("<b>note</b>", "|", "with `markup`")],
        seconds: 12.0,
        ..empty()
    }
}

/// What a stranger may call a benchmark, a branch or anything else: everything that any exit could take for more than text.
pub(super) const HOSTILE: &str = "=cmd|' /C calc'!A0\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\u{2066}\u{200b}\u{ad}\u{feff}\u{fffe}\u{ffff}\u{e0041}\
    \u{0}\u{7f}\r\n::error::owned\n##[error]owned\n<script>alert(1)</script>]]>&\"`$(touch owned)`|@all";

/// A report in which every text is hostile.
pub(super) fn hostile() -> Report {
    let text = || HOSTILE.to_owned();
    let name = BenchmarkName::new(HOSTILE, HOSTILE, HOSTILE);
    let mut regressed = timed(Verdict::Regressed, 10.0, 0.5, 0.1);
    regressed.reason =
        Some(Reason::NotCounted(Side::Candidate, NotCounted::Unavailable(text(), Some(text()))));
    let failure = || Failure { message: text(), output: text(), unsuitable: false };
    let mut machine = machine();
    machine.key = MachineKey::new(HOSTILE);
    machine.arch = text();
    machine.os = text();
    machine.cpu.model = text();
    Report {
        exit_code: 100,
        baseline: Some(revision(HOSTILE, 'a', false)),
        candidate: Some(revision(HOSTILE, 'b', true)),
        machine: Some(machine),
        benchmarks: vec![BenchmarkOutcome { arch: text(), ..outcome(name.clone(), vec![regressed]) }],
        claims: vec![ClaimOutcome {
            verdict: ClaimVerdict::Refuted,
            ..ClaimOutcome::undecided(HOSTILE, Claimed::AtLeast(1.5), Vec::new())
        }],
        troubles: vec![
            Trouble::CannotList {
                target: text(),
                unit: UnitKind::Bench,
                side: Some(Side::Candidate),
                failure: failure(),
            },
            Trouble::Failed { benchmark: name, unit: UnitKind::Bench, side: None, failure: failure() },
            Trouble::Revision(revision(HOSTILE, 'c', false), text(), Some(text())),
            Trouble::Ended(text(), Some(text())),
        ],
        notes: vec![Note::left_out(HOSTILE, HOSTILE, HOSTILE)],
        ..empty()
    }
}

/// The guide's claims, by section.
pub(super) fn ledger() -> Report {
    let claim = |section: &str, name: &str, claimed, verdict, ratio| ClaimOutcome {
        section: Some(section.to_owned()),
        statement: Some(format!("what the guide says of {name}")),
        verdict,
        ratio,
        interval: ratio.map(|ratio| (ratio * 0.99, ratio * 1.01)),
        weight: ClaimWeight::Informative,
        ..ClaimOutcome::undecided(name, claimed, Vec::new())
    };
    let counted = Sides { baseline: None, candidate: Some(3.0) };
    let concat = claim(
        "String Handling",
        "strings/concat/plus",
        Claimed::Allocations(AllocationBound::Exactly(3)),
        ClaimVerdict::Confirmed,
        None,
    );
    let both = Sides { baseline: Some(2.0), candidate: Some(1.0) };
    let spilled = claim(
        "String Handling",
        "strings/small_vec/spilled",
        Claimed::Allocations(AllocationBound::FewerThan(BenchmarkName::new("p", "t", "b"))),
        ClaimVerdict::Confirmed,
        None,
    );
    Report {
        exit_code: 0,
        baseline: None,
        claims: vec![
            claim(
                "String Handling",
                "strings/concat",
                Claimed::AtLeast(1.1),
                ClaimVerdict::Confirmed,
                Some(3.1),
            ),
            ClaimOutcome { allocations: Some(counted), ..concat },
            ClaimOutcome { allocations: Some(both), ..spilled },
            ClaimOutcome {
                reasons: vec![ClaimReason::DoesNotHold(Some(1.0))],
                ..claim(
                    "Best Practices",
                    "ownership/bounds",
                    Claimed::AtLeast(1.1),
                    ClaimVerdict::Refuted,
                    Some(1.0),
                )
            },
            claim(
                "Best Practices",
                "abstraction/enum_layout",
                Claimed::Layout(16),
                ClaimVerdict::Confirmed,
                None,
            ),
            claim(
                "Best Practices",
                "ownership/bounds/iterator",
                Claimed::EqualWithin(0.02),
                ClaimVerdict::Undecided,
                Some(1.01),
            ),
        ],
        seconds: 200.0,
        ..bare(ReportKind::Claims)
    }
}

/// Claims of every verdict.
pub(super) fn claims() -> Report {
    let claim = |name: &str, verdict, ratio, interval, reasons: Vec<ClaimReason>| ClaimOutcome {
        verdict,
        ratio,
        interval,
        ..ClaimOutcome::undecided(name, Claimed::AtLeast(1.5), reasons)
    };
    Report {
        exit_code: 100,
        baseline: None,
        claims: vec![
            claim("strings/concat", ClaimVerdict::Confirmed, Some(3.1), Some((3.0, 3.2)), Vec::new()),
            claim("simd beats scalar", ClaimVerdict::Refuted, Some(1.2), Some((1.1, 1.3)), Vec::new()),
            claim("maps/hasher", ClaimVerdict::Undecided, None, None, vec![ClaimReason::Undecided(9)]),
        ],
        seconds: 33.0,
        ..bare(ReportKind::Claims)
    }
}

/// Figures of one side.
pub(super) fn run() -> Report {
    let mut report = several_metrics();
    report.kind = ReportKind::Run;
    report.exit_code = 0;
    report.baseline = None;
    for outcome in report.benchmarks.iter_mut().flat_map(|benchmark| &mut benchmark.metrics) {
        let limit = outcome.limit;
        let value = outcome.candidate;
        *outcome = MetricOutcome::without_figures(outcome.metric, limit, Verdict::New, Reason::Stored);
        outcome.candidate = value;
        outcome.seconds = 2.0;
    }
    report
}

/// Names alone.
pub(super) fn list() -> Report {
    Report { benchmarks: vec![bench("b", Vec::new()), bench("a", Vec::new())], ..bare(ReportKind::List) }
}

/// A build that broke before anything was measured.
pub(super) fn broken() -> Report {
    Report {
        exit_code: 101,
        troubles: vec![Trouble::Ended(
            "the baseline does not build: cargo exited with code 101".to_owned(),
            None,
        )],
        seconds: 3.0,
        ..empty()
    }
}

/// Every report, by name.
pub(super) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("empty", empty()),
        ("bare", bare(ReportKind::Check)),
        ("mixed", mixed()),
        ("several_metrics", several_metrics()),
        ("accepted", accepted()),
        ("throughput", throughput()),
        ("many", many()),
        ("only_new", only_new()),
        ("nasty", nasty()),
        ("claims", claims()),
        ("ledger", ledger()),
        ("run", run()),
        ("list", list()),
        ("broken", broken()),
    ]
}
