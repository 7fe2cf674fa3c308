//! A machine that was set up a minute ago: it has the history that all machines share, and no baseline.

use std::fs;

use serde_json::Value;

use super::{Ran, benchmark, ran, ran_with};
use crate::sandbox::Sandbox;
use crate::trees::trees;

const LIB: &str = r"
#[inline(never)]
pub fn one(x: u64) -> u64 { x.wrapping_mul(3) }
#[inline(never)]
pub fn two(x: u64) -> u64 { x.wrapping_mul(5) }
#[inline(never)]
pub fn unrun(x: u64) -> u64 { x.wrapping_mul(7) }
";

/// A bench target that links `unrun` and never runs it.
fn bench(function: &str) -> String {
    format!(
        "use criterion::{{black_box, criterion_group, criterion_main, Criterion}};
         fn benches(c: &mut Criterion) {{
             c.bench_function(\"{function}\", |b| b.iter(|| gauge::{function}(black_box(7))));
             c.bench_function(\"argument\", |b| b.iter(|| if black_box(false) {{ gauge::unrun(1) }} else {{ 1 }}));
         }}
         criterion_group!(all, benches);
         criterion_main!(all);
        "
    )
}

/// A package with two bench targets, each of which runs a function of its own.
fn two_targets() -> Sandbox {
    let gauge = Sandbox::new("gauge");
    gauge.write("src/lib.rs", LIB);
    gauge.mark();
    fs::remove_file(gauge.path("benches/work.rs")).unwrap();
    gauge.write("benches/one.rs", &bench("one"));
    gauge.write("benches/two.rs", &bench("two"));
    let targets = ["one", "two"].map(|name| format!("[[bench]]\nname = \"{name}\"\nharness = false\n\n"));
    gauge.edit("Cargo.toml", "[[bench]]\nname = \"work\"\nharness = false\n\n", &targets.concat());
    gauge.commit("two targets");
    gauge
}

/// Forgets whatever was built here of the baseline. What Cargo compiled of dependencies stays, for others to start from.
fn forget(gauge: &Sandbox) {
    let area = gauge.target().join("perfguard");
    let _ = fs::remove_dir_all(area.join("artifacts"));
    let home = trees(area).join(gauge.git(&["rev-parse", "HEAD~1^{tree}"]));
    let _ = fs::remove_file(home.join("target/.rustc_info.json"));
}

/// `check` on a machine that built nothing. The built-in suite is the same on both sides, and not built either.
fn check(gauge: &Sandbox, more: &[&str]) -> Ran {
    forget(gauge);
    let fixed = ["check", "--metrics", "allocations", "--format", "json"];
    ran_with(gauge, &[&fixed[..], more].concat(), &[("PERFGUARD_LAYOUT", "drawn")])
}

/// Of how many bench targets a report says that they needed no baseline.
fn spared(document: &Value) -> u64 {
    let notes = document["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap());
    let counts = notes
        .filter_map(|note| note.strip_prefix("the baseline of ")?.split(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

fn verdicts(document: &Value) -> Vec<(&str, &str)> {
    let all = document["benchmarks"].as_array().unwrap().iter();
    all.map(|one| (one["name"].as_str().unwrap(), one["verdict"].as_str().unwrap())).collect()
}

const UNCHANGED: [(&str, &str); 4] = [
    ("gauge::one::argument", "unchanged"),
    ("gauge::one::one", "unchanged"),
    ("gauge::two::argument", "unchanged"),
    ("gauge::two::two", "unchanged"),
];

#[test]
fn what_the_history_knows_of_the_baseline_is_not_built_where_the_change_reaches_nothing() {
    let gauge = two_targets();
    let place = gauge.path("../place");
    fs::create_dir(&place).unwrap();
    let measured = ran(&gauge, &["run", "--no-builtin", "--metrics", "allocations", "--push=dir:../place"]);
    assert_eq!(measured.code, 0, "{}", measured.stderr);
    fs::remove_dir_all(gauge.path(".perfguard")).unwrap();

    gauge.edit("src/lib.rs", "x.wrapping_mul(7)", "x.wrapping_mul(9)");
    gauge.commit("what nobody runs");
    let unknown = check(&gauge, &[]);
    let document = unknown.json();
    assert_eq!((spared(&document), verdicts(&document)), (0, UNCHANGED.to_vec()), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("Building the baseline"), "{}", unknown.stderr);
    fs::remove_dir_all(gauge.path(".perfguard")).unwrap();

    let pulled = check(&gauge, &["--pull=dir:../place"]);
    let document = pulled.json();
    assert_eq!((spared(&document), verdicts(&document)), (2, UNCHANGED.to_vec()), "{}", pulled.stderr);
    assert!(!pulled.stderr.contains("Building the baseline"), "{}", pulled.stderr);
    for (name, _) in UNCHANGED {
        let found = &benchmark(&document, name)["reach"];
        assert_eq!((found["run"].as_u64(), found["changed"].as_u64()), (Some(0), Some(1)), "{name}: {found}");
    }
    let judged = ran(&gauge, &["report", "--run", "last", "--format", "json"]);
    assert_eq!(judged.stdout, pulled.stdout, "{}", judged.stderr);

    // One of them runs what is edited next: its baseline is built, and it alone.
    gauge.edit("src/lib.rs", "x.wrapping_mul(5)", "x.wrapping_mul(5).wrapping_mul(11)");
    gauge.commit("slower");
    let slower = check(&gauge, &[]);
    let document = slower.json();
    assert_eq!(spared(&document), 1, "{document:#}");
    assert!(slower.stderr.contains("Building the baseline"), "{}", slower.stderr);
    assert_eq!(verdicts(&document)[..3], UNCHANGED[..3], "{document:#}");
    let reached = benchmark(&document, "gauge::two::two");
    assert_eq!(reached["reach"]["run"].as_u64(), Some(1), "{reached}");
}

#[test]
fn whatever_a_summary_does_not_settle_is_built() {
    let gauge = two_targets();
    gauge.write("benches/words.txt", "one two three");
    gauge.write("benches/gone.txt", "one");
    gauge.edit(
        "benches/two.rs",
        "criterion_group!",
        "fn words() -> String { std::fs::read_to_string(\"benches/words.txt\").unwrap() }\ncriterion_group!",
    );
    gauge.edit("benches/two.rs", "gauge::two(black_box(7))", "gauge::two(words().len() as u64)");
    gauge.commit("a file that is read");
    let first = ran(&gauge, &["run", "--no-builtin", "--metrics", "allocations"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    // Each commit is the baseline of the next, which is checked with what the check before left in the store.
    let next = |message: &str, expected: u64| -> Value {
        gauge.commit(message);
        let ran = check(&gauge, &[]);
        let document = ran.json();
        assert_eq!(spared(&document), expected, "{message}: {document:#}\n{}", ran.stderr);
        document
    };
    gauge.write("README.md", "Prose.");
    assert_eq!(verdicts(&next("documentation", 2)), UNCHANGED);
    // A file that only the baseline has may have been opened there, whoever opens nothing now.
    gauge.git(&["rm", "--quiet", "benches/gone.txt"]);
    next("a file less", 0);
    // Executables are the same, and one of them reads what is not.
    gauge.write("benches/words.txt", "one two three four");
    let document = next("a file", 1);
    let files = |name| benchmark(&document, name)["reach"]["files"].clone();
    assert_eq!(files("gauge::two::two"), serde_json::json!(["benches/words.txt"]));
    assert_eq!(files("gauge::one::one"), serde_json::json!([]));
    gauge.edit(
        "benches/one.rs",
        "criterion_group!",
        "fn more(c: &mut Criterion) { c.bench_function(\"more\", |b| b.iter(|| 1)); }\ncriterion_group!",
    );
    gauge.edit("benches/one.rs", "(all, benches)", "(all, benches, more)");
    let document = next("one more benchmark", 1);
    assert_eq!(benchmark(&document, "gauge::one::more")["verdict"], "new");
}
