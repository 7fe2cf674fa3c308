//! Parts put together, from hand-made reports.

use super::*;
use crate::domain::fixtures::{machine, revision};
use crate::domain::{
    Acceptance, AcceptanceSource, AcceptanceUse, BenchmarkName, Limit, Metric, MetricOutcome, Reason, Verdict,
};

fn machine_facts(key: &str) -> MachineFacts {
    MachineFacts { key: MachineKey::new(key), ..machine() }
}

fn outcome(id: &str, verdict: Verdict) -> BenchmarkOutcome {
    let limit = Limit::default_for(Metric::WallTime);
    let mut found = BenchmarkOutcome::new(BenchmarkName::new("p", "t", id), "x86_64");
    found.add(MetricOutcome::without_figures(Metric::WallTime, limit, verdict, Reason::Stored));
    found
}

fn part(index: u32, exit_code: u8, benchmarks: Vec<BenchmarkOutcome>) -> (String, Report) {
    let judged_by =
        JudgedBy { version: "1.0.0".to_owned(), configuration: "abc".to_owned(), verdict_required: false };
    let report = Report {
        exit_code,
        baseline: Some(revision('a')),
        candidate: Some(revision('b')),
        machine: Some(machine_facts("one")),
        partition: Some(Partition { kind: PartitionKind::Hash, index, count: 3 }),
        judged_by: Some(judged_by),
        benchmarks,
        seconds: f64::from(index),
        ..Report::new(ReportKind::Check)
    };
    (format!("shard-{index}.json"), report)
}

fn three() -> Vec<(String, Report)> {
    vec![
        part(2, 0, vec![outcome("b", Verdict::Unchanged)]),
        part(1, 100, vec![outcome("c", Verdict::Regressed), outcome("a", Verdict::Unchanged)]),
        part(3, 0, Vec::new()),
    ]
}

fn names(report: &Report) -> Vec<&str> {
    report.benchmarks.iter().map(|benchmark| benchmark.name.id()).collect()
}

#[test]
fn the_whole_has_every_benchmark_and_the_worst_end() {
    let whole = merge(three()).unwrap();
    assert_eq!(names(&whole), ["a", "b", "c"]);
    assert_eq!((whole.exit_code, whole.partition), (100, None));
    assert!((whole.seconds - 3.0).abs() < f64::EPSILON, "parts run side by side");
    assert!(whole.troubles.is_empty() && whole.notes.is_empty() && whole.machines.is_empty());
    assert_eq!(whole.machine, Some(machine_facts("one")));
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    let mut turned = three();
    turned.reverse();
    assert_eq!(merge(turned).unwrap(), merge(three()).unwrap());
}

#[test]
fn a_missing_part_is_an_error_and_regressions_are_still_shown() {
    let mut two = three();
    two.remove(0);
    let whole = merge(two).unwrap();
    let lost = Partition { kind: PartitionKind::Hash, index: 2, count: 3 };
    assert_eq!((whole.exit_code, &whole.troubles[..]), (101, &[Trouble::Missing(lost)][..]));
    assert_eq!(names(&whole), ["a", "c"]);
}

#[test]
fn of_a_repeated_part_the_last_one_counts_and_the_others_are_told() {
    let mut again = three();
    again.push(part(1, 0, vec![outcome("c", Verdict::Unchanged), outcome("a", Verdict::Unchanged)]));
    let whole = merge(again).unwrap();
    assert_eq!(whole.exit_code, 0);
    let part = Partition { kind: PartitionKind::Hash, index: 1, count: 3 };
    assert_eq!(whole.notes, [Note::Repeated { part, earlier: vec![100] }]);
}

#[test]
fn machines_that_differ_are_named_beside_each_benchmark() {
    let mut parts = three();
    parts[0].1.machine = Some(machine_facts("two"));
    let whole = merge(parts).unwrap();
    assert_eq!((whole.machine, whole.machines.len()), (None, 2));
    let keys: Vec<_> = whole.benchmarks.iter().map(|one| one.machine.clone().unwrap()).collect();
    assert_eq!(keys, ["one", "two", "one"].map(MachineKey::new));
}

#[test]
fn what_does_not_belong_together_is_refused() {
    type Change = fn(&mut Report);
    let changes: [(Change, &str); 6] = [
        (|report| report.candidate = Some(revision('c')), "commits"),
        (|report| report.judged_by.as_mut().unwrap().version = "2.0.0".to_owned(), "version"),
        (|report| report.judged_by.as_mut().unwrap().configuration = "abd".to_owned(), "configuration"),
        (|report| report.partition.as_mut().unwrap().count = 4, "dealt"),
        (|report| report.partition.as_mut().unwrap().kind = PartitionKind::Target, "dealt"),
        (|report| report.kind = ReportKind::Compare, "command"),
    ];
    for (change, word) in changes {
        let mut parts = three();
        change(&mut parts[1].1);
        let error = merge(parts).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("shard-1.json"), "{error}");
    }
    let mut parts = three();
    parts[2].1.partition = None;
    assert_eq!(merge(parts), Err(MergeError::Whole("shard-3.json".to_owned())));
    assert_eq!(merge(Vec::new()), Err(MergeError::Nothing));
}

#[test]
fn parts_without_a_verdict_pass_and_a_whole_without_any_does_not() {
    let empty = |required: bool| {
        let mut parts: Vec<_> = (1..=3).map(|index| part(index, 0, Vec::new())).collect();
        for (_, report) in &mut parts {
            report.judged_by.as_mut().unwrap().verdict_required = required;
        }
        merge(parts).unwrap().exit_code
    };
    assert_eq!((empty(false), empty(true)), (0, 102));
}

#[test]
fn an_acceptance_that_one_part_has_a_use_for_is_no_note() {
    let acceptance = |file: &str| Acceptance {
        source: AcceptanceSource::of_name(file),
        benchmarks: vec!["p::t::*".to_owned()],
        up_to: BTreeMap::from([(Metric::WallTime, Limit::default_for(Metric::WallTime))]),
        arch: Vec::new(),
        reason: String::new(),
    };
    let mut parts = three();
    for ((_, report), came_to) in
        parts.iter_mut().zip([AcceptanceUse::Unneeded, AcceptanceUse::Used, AcceptanceUse::Unmatched])
    {
        let used = AcceptanceOutcome { acceptance: acceptance("used.toml"), came_to };
        let idle =
            AcceptanceOutcome { acceptance: acceptance("idle.toml"), came_to: AcceptanceUse::Unmatched };
        report.acceptances = vec![used, idle];
    }
    let whole = merge(parts).unwrap();
    let came_to: Vec<AcceptanceUse> = whole.acceptances.iter().map(|one| one.came_to).collect();
    assert_eq!(came_to, [AcceptanceUse::Used, AcceptanceUse::Unmatched]);
    assert_eq!(whole.notes, [Note::UnusedAcceptance { file: "idle.toml".to_owned(), matched: false }]);
}
