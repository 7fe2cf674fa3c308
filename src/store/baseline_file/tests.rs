use crate::domain::{ClaimOutcome, Claimed, Measurement, Metric, Provenance};
use crate::store::Store;
use crate::store::tests::{add, begin, build, commit, facts, key, measurement};

use super::text::{rounded, stable};
use super::*;

/// A store with two metrics, two builds and a claim.
fn store() -> Store {
    let mut store = Store::in_memory().unwrap();
    for (time, value) in [(1, 1_234.567_89), (2, 1240.0), (3, 1236.0)] {
        add(&mut store, time, key('a'), value);
    }
    let mut counted = key('a');
    counted.metric = Metric::Instructions;
    counted.build.instrument = "callgrind".parse().unwrap();
    add(&mut store, 4, counted, 123_456_789.0);
    let run = begin(&mut store, "m", 5);
    let claim = ClaimOutcome {
        verdict: ClaimVerdict::Confirmed,
        ratio: Some(3.123_456_7),
        interval: Some((3.0, f64::INFINITY)),
        ..ClaimOutcome::undecided("strings/\"concat\"", Claimed::AtLeast(1.5), Vec::new())
    };
    store.record_claim(run, &key('a').revision, &build(), &claim).unwrap();
    store
}

fn exported() -> BaselineFile {
    store().export(&facts("m").key, "x86_64", None).unwrap().unwrap()
}

fn problem(text: &str) -> (usize, BaselineProblem) {
    let error = BaselineFile::parse(text).unwrap_err();
    assert!(error.hint().is_some());
    (error.line(), error.problem().clone())
}

/// The text with one piece changed, and the line the piece is on.
fn changed(from: &str, to: &str) -> (usize, String) {
    let text = exported().to_text();
    let place = text.find(from).unwrap_or_else(|| panic!("no {from} in\n{text}"));
    (1 + text[..place].matches('\n').count(), text.replacen(from, to, 1))
}

#[test]
fn the_text_is_what_a_reviewer_sees() {
    insta::assert_snapshot!(exported().to_text());
    assert_eq!(exported().file_name(), "x86_64-amd-epyc-7763-64-core-62c66a7a5dd7.toml");
}

#[test]
fn the_files_that_are_committed_here_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("baselines");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    // One of them was written when interleaved samples were called turns.
    assert!(texts.iter().any(|text| text.contains(" + turns\"")));
    for text in texts {
        let read = BaselineFile::parse(&text).unwrap();
        assert!(
            read.results.values().any(|result| result.build.instrument.interleaved)
                || !read.claims.is_empty()
        );
        assert_eq!(BaselineFile::parse(&read.to_text()).unwrap(), read);
    }
}

#[test]
fn reading_and_writing_again_changes_no_byte() {
    let text = exported().to_text();
    let read = BaselineFile::parse(&text).unwrap();
    assert_eq!(read.to_text(), text);
    assert_eq!(read.machine, facts("m"));
    assert_eq!(read.results.len(), 2);
    let exact = &read.results[&(key('a').benchmark, Metric::Instructions)];
    assert!((exact.value - 123_456_789.0).abs() < f64::EPSILON);
    assert_eq!(exported().to_text(), text);
}

#[test]
fn only_the_architecture_and_commit_asked_for_are_exported() {
    let store = store();
    let key = facts("m").key;
    assert_eq!(store.exportable().unwrap(), [(key.clone(), "x86_64".to_owned())]);
    assert_eq!(store.export(&key, "aarch64", None).unwrap(), None);
    assert_eq!(store.export(&key, "x86_64", Some(&commit('b'))).unwrap(), None);
    assert!(store.export(&key, "x86_64", Some(&commit('a'))).unwrap().is_some());
    let error = exported().require_arch("aarch64").unwrap_err();
    assert_eq!(exported().to_text().lines().nth(error.line() - 1), Some("arch = \"x86_64\""));
    exported().require_arch("x86_64").unwrap();
}

#[test]
fn a_file_of_emulated_executables_names_no_processor_and_says_that_times_are_left_out() {
    let mut store = Store::in_memory().unwrap();
    let of = |metric, provenance, value: f64| {
        let mut key = key('a');
        key.build.target = "aarch64-unknown-linux-gnu".into();
        key.metric = metric;
        Measurement { provenance, ..measurement(key, &[value]) }
    };
    let run = begin(&mut store, "m", 1);
    store.record(run, &of(Metric::WallTime, Provenance::Emulated, 8.0)).unwrap();
    store.record(run, &of(Metric::Allocations, Provenance::Native, 3.0)).unwrap();
    let file = store.export(&facts("m").key, "aarch64", None).unwrap().unwrap();
    assert_eq!(file.results.keys().map(|(_, metric)| *metric).collect::<Vec<_>>(), [Metric::Allocations]);
    assert_eq!(file.file_name(), "aarch64-emulated-62c66a7a5dd7.toml");
    let text = file.to_text();
    assert!(
        text.contains("\n# Emulated on this machine: counts are the program's own, times are left out.\n")
    );
    assert_eq!(BaselineFile::parse(&text).unwrap(), file);
    assert!(!exported().to_text().contains("mulated"), "an x86_64 machine runs what is built for it");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let text = exported().to_text();
    for cut in 0..text.trim_end().len() {
        if text.is_char_boundary(cut) {
            BaselineFile::parse(&text[..cut]).unwrap_err();
        }
    }
    let half = &text[..text.len() / 2];
    assert_eq!(problem(half), (half.lines().count(), BaselineProblem::Truncated));
}

#[test]
fn other_formats_are_told_from_nonsense() {
    assert_eq!(problem("format = 2\nwhatever {{"), (1, BaselineProblem::Newer { found: 2 }));
    assert_eq!(problem("# a\n\nname = \"x\"\n"), (3, BaselineProblem::NoFormat));
    assert_eq!(problem(""), (1, BaselineProblem::NoFormat));
}

#[test]
fn edits_that_cannot_be_are_named_with_their_line() {
    let (line, text) = changed("rustc = \"1.95.0\"", "rustc = \"1.96.0\"");
    let (found, what) = problem(&text);
    assert!(matches!(what, BaselineProblem::ChangedBuild(_)) && found < line, "{found} {what}");
    for (from, to, expected) in [
        ("value = 1236", "value = -1", "`value` must be"),
        ("value = 1236", "value = nan", "`value` must be"),
        ("occasions = 3", "occasions = 0", "`occasions` must be"),
        ("launches = 3", "launches = 2", "`launches` must be"),
        ("wall-time =", "time =", "unknown metric `time`"),
        ("\"confirmed\"", "\"maybe\"", "unknown verdict `maybe`"),
        ("[3, inf]", "[3, 2]", "`interval` must be"),
        ("\"aaaaaaaa", "\"aaa", "not a full commit id"),
        ("[benchmark.\"pkg::bench::", "[benchmark.\"pkg/bench/", "not a full benchmark name"),
        ("logical-cpus = 2", "logical-cpus = \"two\"", "string"),
        ("os = ", "oz = ", "oz"),
        ("spread = ", "spread == ", ""),
    ] {
        let (line, text) = changed(from, to);
        let (found, what) = problem(&text);
        assert_eq!(found, line, "{from} → {to}: {what}");
        assert!(what.to_string().contains(expected), "{from} → {to}: {what}");
    }
    let (line, text) = changed("launches = 3, commit", "launches = 3, extra = 1, commit");
    assert_eq!(problem(&text).0, line);
    let (_, text) = changed("build = \"", "build = \"0");
    assert!(matches!(problem(&text).1, BaselineProblem::UnknownBuild(_)));
    let (line, text) = changed("arch = \"x86_64\"", "arch = \"aarch64\"");
    let (found, what) = problem(&text);
    assert!(matches!(what, BaselineProblem::OtherArch { .. }) && found > line, "{found} {what}");
}

proptest::proptest! {
    #[test]
    fn rounding_twice_changes_nothing(value in 0.0..1e300_f64, digits in 1..9_usize) {
        let once = rounded(value, digits);
        proptest::prop_assert_eq!(rounded(once, digits).to_bits(), once.to_bits());
        proptest::prop_assert!((once - value).abs() <= value * 0.5 * 10_f64.powi(1 - i32::try_from(digits).unwrap()) * 1.001);
    }
}

proptest::proptest! {
    // A whole file is written and read for each.
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn every_value_survives_the_text(value in proptest::num::f64::POSITIVE, name in "\\PC{1,20}|[\\x00-\\x7f]{1,20}") {
        let mut file = exported();
        let ((_, metric), result) = file.results.pop_first().unwrap();
        let benchmark = BenchmarkName::new("p", "t", name);
        proptest::prop_assume!(value.is_finite());
        file.results.insert((benchmark.clone(), metric), BaselineResult { value, ..result });
        let read = BaselineFile::parse(&file.to_text()).unwrap();
        proptest::prop_assert_eq!(
            read.results[&(benchmark, metric)].value.to_bits(),
            stable(metric, value).to_bits()
        );
        proptest::prop_assert_eq!(read.to_text(), file.to_text());
    }
}
