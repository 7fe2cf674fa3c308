//! Which benchmarks a change reaches, whichever way it takes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::counts::{check, metric};
use super::{Ran, benchmark};
use crate::sandbox::Sandbox;
use crate::skip::valgrind;

/// A crate whose parts are reached in different ways.
const LIB: &str = r#"
pub static NUMBERS: [u64; 4] = [1, 2, 3, 4];
static PRIVATE: [u64; 4] = [5, 6, 7, 8];
static STEPS: [fn(u64) -> u64; 2] = [one_step, two_steps];
static FAR: &[&[u64]] = &[&PRIVATE, &NUMBERS];

pub struct Ring { value: u64, next: Option<&'static Ring> }
static HEAD: Ring = Ring { value: 1, next: Some(&TAIL) };
static TAIL: Ring = Ring { value: 2, next: Some(&HEAD) };
#[inline(never)]
fn after(ring: &Ring) -> u64 { ring.value + std::hint::black_box(ring).next.map_or(0, |next| next.value) }
#[inline(never)]
pub fn by_head() -> u64 { after(&HEAD) }
#[inline(never)]
pub fn by_tail() -> u64 { after(&TAIL) }

#[inline(never)]
pub fn one_step(x: u64) -> u64 { x.wrapping_mul(3) }
#[inline(never)]
pub fn two_steps(x: u64) -> u64 { x.wrapping_mul(3).wrapping_mul(5) }

#[inline(always)]
pub fn inlined(x: u64) -> u64 { x ^ 17 }

pub trait Walk { fn walk(&self, x: u64) -> u64; }
pub struct Left;
pub struct Right;
impl Walk for Left { fn walk(&self, x: u64) -> u64 { x.rotate_left(3) } }
impl Walk for Right { fn walk(&self, x: u64) -> u64 { x.rotate_right(3) } }

#[inline(never)]
pub fn by_pointer(x: u64) -> u64 { STEPS[(x % 2) as usize](x) }
#[inline(never)]
pub fn by_vtable(walk: &dyn Walk, x: u64) -> u64 { walk.walk(x) }
#[inline(never)]
pub fn walker() -> Box<dyn Walk> { Box::new(Left) }
pub fn generic<T: Into<u64> + Copy>(x: T) -> u64 { x.into() + 1 }
#[inline(never)]
pub fn by_private(x: u64) -> u64 { PRIVATE[(x % 4) as usize] }
#[inline(never)]
pub fn by_reference(x: u64) -> u64 { FAR[1][(x % 4) as usize] }
#[inline(never)]
pub fn written(x: u64) -> String { format!("{x} is a number") }
#[inline(never)]
pub fn steady(x: u64) -> u64 { x.wrapping_mul(7) }
"#;

const BENCH: &str = r#"
use criterion::{black_box, criterion_group, criterion_main, Criterion};
use gauge::*;

#[inline(never)]
fn of_other_crate(x: u64) -> u64 { NUMBERS[(x % 4) as usize] }
#[inline(never)]
fn with_inlined(x: u64) -> u64 { inlined(x) + 1 }

fn benches(c: &mut Criterion) {
    let x = black_box(7);
    c.bench_function("pointer", |b| b.iter(|| by_pointer(black_box(x))));
    c.bench_function("vtable", |b| { let walk = walker(); b.iter(|| by_vtable(&*walk, black_box(x))) });
    c.bench_function("generic", |b| b.iter(|| generic(black_box(7_u32))));
    c.bench_function("inlined", |b| b.iter(|| with_inlined(black_box(x))));
    c.bench_function("private", |b| b.iter(|| by_private(black_box(x))));
    c.bench_function("other crate", |b| b.iter(|| of_other_crate(black_box(x))));
    c.bench_function("reference", |b| b.iter(|| by_reference(black_box(x))));
    c.bench_function("text", |b| b.iter(|| written(black_box(x))));
    c.bench_function("head", |b| b.iter(|| by_head()));
    c.bench_function("tail", |b| b.iter(|| by_tail()));
    c.bench_function("steady", |b| b.iter(|| steady(black_box(x))));
}

criterion_group!(all, benches);
criterion_main!(all);
"#;

type Change = (&'static str, &'static str, &'static [&'static str]);

/// Changes that are made together, each with the benchmarks that it has to reach, alone.
const FIRST: [Change; 4] = [
    ("[one_step, two_steps]", "[two_steps, one_step]", &["pointer"]),
    ("{ x.into() + 1 }", "{ x.into() + 2 }", &["generic"]),
    ("NUMBERS: [u64; 4] = [1, 2", "NUMBERS: [u64; 4] = [1, 9", &["other crate", "reference"]),
    ("{x} is a number", "{x} is a count", &["text"]),
];
const SECOND: [Change; 4] = [
    ("Ring { value: 1,", "Ring { value: 9,", &["head", "tail"]),
    ("Box::new(Left)", "Box::new(Right)", &["vtable"]),
    ("{ x ^ 17 }", "{ x ^ 18 }", &["inlined"]),
    ("PRIVATE: [u64; 4] = [5, 6", "PRIVATE: [u64; 4] = [5, 9", &["private", "reference"]),
];

fn reach<'a>(document: &'a Value, id: &str) -> &'a Value {
    &benchmark(document, &format!("gauge::work::{id}"))["reach"]
}

/// What the benchmarks are that run some of what differs.
fn reached(document: &Value) -> BTreeSet<String> {
    let all = document["benchmarks"].as_array().unwrap().iter();
    let run = all.filter(|one| one["reach"]["run"].as_u64().unwrap_or_else(|| panic!("{one}")) > 0);
    run.map(|one| one["name"].as_str().unwrap().rsplit("::").next().unwrap().to_owned()).collect()
}

fn counted(gauge: &Sandbox, more: &[&str]) -> Ran {
    let metrics = if valgrind() { "instructions,allocations" } else { "allocations" };
    check(gauge, metrics, &[&["--layout", "drawn", "--threshold", "900%"], more].concat())
}

#[test]
fn every_way_to_a_change_is_seen_and_no_other() {
    let gauge = Sandbox::new("gauge");
    gauge.write("src/lib.rs", LIB);
    gauge.write("benches/work.rs", BENCH);
    gauge.commit("second");
    let make = |changes: &[Change]| -> BTreeSet<String> {
        for (from, to, _) in changes {
            gauge.edit("src/lib.rs", from, to);
        }
        changes.iter().flat_map(|(_, _, reached)| *reached).map(|&id| id.to_owned()).collect()
    };
    // Counted all the same: what is said not to be reached does nothing else.
    let expected = make(&FIRST);
    let document = counted(&gauge, &["--reach", "check"]).json();
    assert_eq!(reached(&document), expected, "{document}");
    let functions = reach(&document, "generic")["functions"].as_array().unwrap();
    assert!(functions.contains(&"gauge::generic".into()), "{document}");
    assert!(!document["notes"].to_string().contains("all the same"), "{document}");
    assert_eq!(metric(&document, "gauge::work::steady", "allocations")["reason_code"], Value::Null);

    gauge.commit("third");
    let expected = make(&SECOND);
    let trusted = counted(&gauge, &[]).json();
    assert_eq!(reached(&trusted), expected, "{trusted}");
    let steady = metric(&trusted, "gauge::work::steady", "allocations");
    let seen = (&steady["verdict"], &steady["change"], &steady["reason_code"]);
    assert_eq!(seen, (&"unchanged".into(), &0.0.into(), &"unreached".into()));
    let private = metric(&trusted, "gauge::work::private", "allocations");
    assert_eq!((&private["reason_code"], &private["baseline"]), (&Value::Null, &0.0.into()), "{private}");
    // Stored evidence gives the same report.
    let again =
        gauge.perfguard(&["report", "--run", "last", "--threshold", "900%", "--format", "json"]).output();
    let again: Value = serde_json::from_slice(&again.unwrap().stdout).unwrap();
    assert_eq!(again["benchmarks"], trusted["benchmarks"]);
}

#[test]
fn where_nothing_can_be_told_everything_is_counted() {
    let gauge = Sandbox::new("gauge");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1005");
    let steady = "gauge::work::gauge/steady";
    let how = |more: &[&str]| {
        let document = check(&gauge, "allocations", more).json();
        (
            benchmark(&document, steady)["reach"].clone(),
            metric(&document, steady, "allocations")["reason_code"].clone(),
        )
    };
    assert_eq!(how(&["--layout", "default"]), (Value::Null, Value::Null), "nothing was kept to compare");
    assert_eq!(how(&["--layout", "drawn", "--reach", "off"]), (Value::Null, Value::Null));
    // A file that is compiled in is another, and nobody opens it.
    gauge.write("numbers.txt", "1 2 3");
    gauge.edit(
        "benches/work.rs",
        "gauge::work(black_box(7))",
        "gauge::work(black_box(include_str!(\"../numbers.txt\").len() as u64))",
    );
    gauge.commit("with data");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1005", "ROUNDS: u64 = 1006");
    assert_eq!(how(&["--layout", "drawn"]).1, "unreached");
    gauge.write("numbers.txt", "3 2 1");
    assert_eq!(how(&["--layout", "drawn"]).1, "unreached");
    // Any benchmark may ask for a variable.
    gauge.write(".cargo/config.toml", "[env]\nDEPTH = \"2\"\n");
    assert_eq!(how(&["--layout", "drawn"]), (Value::Null, Value::Null));
}

/// `gauge` with a function that tests edit, one that they leave alone, and some more.
fn with_functions(more: &[&str]) -> Sandbox {
    let gauge = Sandbox::new("gauge");
    let functions = ["steady(x: u64) -> u64 { x * 7 }", "edited(x: u64) -> u64 { x * 5 }"];
    let all = functions.iter().chain(more).map(|function| format!("#[inline(never)]\npub fn {function}\n"));
    gauge.write("src/lib.rs", &all.collect::<String>());
    gauge
}

/// Benchmarks that run what differs late, or depend on a file that they never open.
const LATE: &str = r#"
use criterion::{black_box, criterion_group, criterion_main, Criterion};

fn benches(c: &mut Criterion) {
    c.bench_function("edited", |b| b.iter(|| gauge::edited(black_box(7))));
    c.bench_function("late", |b| {
        let mut turns = 0_u64;
        b.iter(|| {
            turns += 1;
            if turns % 5000 == 0 { gauge::edited(black_box(7)) } else { gauge::steady(black_box(7)) }
        })
    });
    c.bench_function("asks", |b| {
        let often = if std::path::Path::new("benches/often").exists() { 500 } else { 1 };
        b.iter(|| (0..often).map(|_| gauge::steady(black_box(7))).sum::<u64>())
    });
    c.bench_function("steady", |b| b.iter(|| gauge::steady(black_box(7))));
}

criterion_group!(all, benches);
criterion_main!(all);
"#;

#[test]
fn what_runs_nothing_that_differs_is_not_timed() {
    let gauge = with_functions(&[]);
    gauge.write("benches/work.rs", LATE);
    gauge.commit("second");
    gauge.edit("src/lib.rs", "x * 5", "x * 3");
    let checked = || {
        let more = ["--layout", "drawn", "--budget", "1s", "--threshold", "wall-time=80%"];
        check(&gauge, "wall-time", &more).json()
    };
    let time = |document: &Value, id: &str| {
        let time = metric(document, &format!("gauge::work::{id}"), "wall-time");
        (time["method"].clone(), time["reason_code"].clone(), time["pairs"].as_u64())
    };
    let document = checked();
    let settled = (Value::from("exact"), Value::from("unreached"), Some(0));
    for id in ["steady", "asks"] {
        assert_eq!(time(&document, id), settled, "{document}");
        assert_eq!(metric(&document, &format!("gauge::work::{id}"), "wall-time")["verdict"], "unchanged");
    }
    for id in ["edited", "late"] {
        assert_eq!(reach(&document, id)["functions"], serde_json::json!(["gauge::edited"]), "{document}");
        assert!(time(&document, id).2 > Some(0), "{document}");
    }
    // Who asks whether a file is there does not open it, so the clock is asked as well.
    gauge.write("benches/often", "");
    let document = checked();
    assert!(time(&document, "steady").2 > Some(0), "{document}");
    let asks = metric(&document, "gauge::work::asks", "wall-time");
    assert_ne!(asks["verdict"], "unchanged", "{document}");
    assert!(time(&document, "asks").2 > Some(0), "{document}");
}

/// Benchmarks that depend on what differs in ways that few do.
const ODD: &str = r#"
use criterion::{black_box, criterion_group, criterion_main, Criterion};

fn benches(c: &mut Criterion) {
    c.bench_function("edited", |b| b.iter(|| gauge::edited(black_box(7))));
    if std::env::var_os("GAUGE_WORKER").is_some() {
        return;
    }
    c.bench_function("starts itself", |b| {
        let own = std::env::current_exe().unwrap();
        let worker = || {
            let mut worker = std::process::Command::new(&own);
            worker.args(["--bench", "--test", "edited"]).env("GAUGE_WORKER", "1").env_remove("CARGO_CRITERION_PORT");
            worker.stdout(std::process::Stdio::null()).status().unwrap()
        };
        assert!(worker().success());
        b.iter(|| gauge::steady(black_box(7)))
    });
    c.bench_function("steady", |b| b.iter(|| gauge::steady(black_box(7))));
}

criterion_group!(all, benches);
criterion_main!(all);
"#;

#[test]
fn who_starts_itself_or_reads_its_own_sources_is_seen() {
    let gauge = with_functions(&[]);
    gauge.write("benches/work.rs", ODD);
    gauge.commit("second");
    gauge.edit("src/lib.rs", "x * 5", "x * 3");
    let document = check(&gauge, "allocations", &["--layout", "drawn"]).json();
    let expected = ["edited", "starts itself"].map(str::to_owned);
    assert_eq!(reached(&document), BTreeSet::from(expected), "{document}");

    // A benchmark that reads what is compiled: of all of its executable nothing is known.
    let reading = ODD.replace(
        "b.iter(|| gauge::steady(black_box(7)))\n    });",
        "b.iter(|| std::fs::read(\"src/lib.rs\").unwrap().len())\n    });",
    );
    assert_ne!(reading, ODD);
    gauge.write("benches/work.rs", &reading);
    gauge.commit("third");
    gauge.edit("src/lib.rs", "x * 3", "x * 9");
    let document = check(&gauge, "allocations", &["--layout", "drawn"]).json();
    assert_eq!(reach(&document, "steady"), &Value::Null, "{document}");
    assert_eq!(metric(&document, "gauge::work::steady", "allocations")["reason_code"], Value::Null);
}

#[test]
fn a_version_that_benches_can_ask_for_is_checked_by_the_clock() {
    let gauge = with_functions(&[]);
    gauge.write("benches/work.rs", LATE);
    gauge.commit("second");
    gauge.edit("Cargo.toml", "version = \"0.1.0\"", "version = \"0.1.1\"");
    gauge.edit(
        "Cargo.lock",
        "name = \"gauge\"\nversion = \"0.1.0\"",
        "name = \"gauge\"\nversion = \"0.1.1\"",
    );
    gauge.edit("src/lib.rs", "x * 5", "x * 3");
    let more = ["--layout", "drawn", "--budget", "1s", "--threshold", "wall-time=80%"];
    let document = check(&gauge, "wall-time", &more).json();
    let steady = metric(&document, "gauge::work::steady", "wall-time");
    assert!(steady["pairs"].as_u64() > Some(0), "{document}");
}

/// A program of the package, and benchmarks of which each opens something else.
const TOOL: &str = "fn main() { println!(\"{}\", gauge::by_tool()); }\n";
const OPENING: &str = r#"
use criterion::{black_box, criterion_group, criterion_main, Criterion};

fn benches(c: &mut Criterion) {
    let tool = env!("CARGO_BIN_EXE_tool");
    c.bench_function("reads", |b| {
        let text = std::fs::read_to_string("benches/rounds.txt").unwrap();
        b.iter(|| gauge::steady(black_box(text.len() as u64)))
    });
    c.bench_function("starts", |b| {
        let output = std::process::Command::new(tool).output().unwrap();
        b.iter(|| gauge::steady(black_box(output.stdout.len() as u64)))
    });
    c.bench_function("starts by a script", |b| {
        let output = std::process::Command::new("sh").args(["tool.sh", tool]).output().unwrap();
        b.iter(|| gauge::steady(black_box(output.stdout.len() as u64)))
    });
    c.bench_function("lists", |b| {
        let files = std::fs::read_dir("benches").unwrap().count();
        b.iter(|| gauge::steady(black_box(files as u64)))
    });
    c.bench_function("edited", |b| b.iter(|| gauge::edited(black_box(7))));
    c.bench_function("opens nothing", |b| b.iter(|| gauge::steady(black_box(7))));
}

criterion_group!(all, benches);
criterion_main!(all);
"#;

#[test]
fn files_and_programs_that_differ_concern_those_who_open_them() {
    let gauge = with_functions(&["by_tool() -> u64 { 1 }"]);
    gauge.write("src/bin/tool.rs", TOOL);
    gauge.write("tool.sh", "exec \"$1\"\n");
    gauge.write("benches/work.rs", OPENING);
    gauge.write("benches/rounds.txt", "1");
    gauge.commit("second");
    let opened = |document: &Value| -> Vec<(String, String)> {
        let all = document["benchmarks"].as_array().unwrap().iter();
        let text = |one: &Value, key: &str| {
            let names = one["reach"][key].as_array().unwrap_or_else(|| panic!("{one}")).iter();
            names.map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(" ")
        };
        let all = all.map(|one| {
            let id = one["name"].as_str().unwrap().rsplit("::").next().unwrap().to_owned();
            (id, [text(one, "functions"), text(one, "files")].concat())
        });
        let mut all: Vec<_> = all.filter(|(_, met)| !met.is_empty()).collect();
        all.sort();
        all
    };
    let expect = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter().map(|&(id, met)| (id.to_owned(), met.to_owned())).collect()
    };
    // The program changes with the library, as it always does.
    gauge.edit("src/lib.rs", "x * 5", "x * 3");
    gauge.edit("src/lib.rs", "{ 1 }", "{ 2 }");
    let document = counted(&gauge, &[]).json();
    let tool = "target/release/tool";
    let expected = [("edited", "gauge::edited"), ("starts", tool), ("starts by a script", tool)];
    assert_eq!(opened(&document), expect(&expected), "{document}");
    let quiet = metric(&document, "gauge::work::opens nothing", "allocations");
    assert_eq!(quiet["reason_code"], "unreached", "{document}");
    let started = metric(&document, "gauge::work::starts", "allocations");
    assert_eq!(started["reason_code"], Value::Null, "{document}");

    // Equal executables, and other files.
    gauge.commit("third");
    gauge.write("benches/rounds.txt", "22");
    gauge.write("benches/more.txt", "more");
    let document = counted(&gauge, &[]).json();
    let expected = [("lists", "benches"), ("reads", "benches/rounds.txt")];
    assert_eq!(opened(&document), expect(&expected), "{document}");
}
