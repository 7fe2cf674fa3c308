//! Benches of other measuring libraries than Criterion, in one package: found, listed, counted and interleaved.

use serde_json::Value;

use super::counts::metric;
use super::{Ran, benchmark, ran};
use crate::clock;
use crate::sandbox::Sandbox;
use crate::skip::valgrind;

const BY_CODSPEED: &str = "libraries::by-codspeed::group/short";
const BY_CRITERION2: &str = "libraries::by-criterion2::group/short (.*)";
const BY_DIVAN: &str = "libraries::by-divan::short";
const BY_ARGUMENT: &str = "libraries::by-divan::by_argument::a b";
const COLLECTED: &str = "libraries::by-divan::collected::BTreeSet<u64>";
const TOGETHER: &str = "libraries::by-divan::inner::together::t=2";

const CHECK: [&str; 6] = ["check", "--no-builtin", "--baseline", "HEAD", "--format", "json"];

#[test]
fn benches_of_forks_and_of_divan_are_measured_as_criterions_are() {
    let sandbox = Sandbox::new("libraries").keeping("libraries");
    sandbox.mark();
    sandbox.commit("second");
    let listed = ran(&sandbox, &["list", "--no-builtin"]);
    let names: Vec<&str> = listed.stdout.lines().filter(|line| line.starts_with("libraries::")).collect();
    assert_eq!(
        names,
        [
            BY_CODSPEED,
            BY_CRITERION2,
            BY_ARGUMENT,
            "libraries::by-divan::by_argument::c",
            COLLECTED,
            "libraries::by-divan::collected::Vec<u64>",
            "libraries::by-divan::inner::together::t=1",
            TOGETHER,
            BY_DIVAN,
        ],
        "{}",
        listed.stderr
    );
    let told = listed.stdout.clone() + &listed.stderr;
    assert!(told.contains("`criterion` and `divan`"), "a target with two libraries is told: {told}");

    sandbox.edit("src/lib.rs", "ROUNDS: u64 = 2", "ROUNDS: u64 = 4");
    counted(&sandbox);
    clock::timed(|| timed(&sandbox));
}

/// Twice the work is seen in instructions, and nothing in allocations.
fn counted(sandbox: &Sandbox) {
    let metrics = if valgrind() { "instructions,allocations" } else { "allocations" };
    let filters = [BY_CODSPEED, BY_CRITERION2, BY_DIVAN, BY_ARGUMENT, COLLECTED, TOGETHER];
    let found = ran(sandbox, &[&CHECK[..], &["--exact", "--metrics", metrics], &filters].concat());
    let document = found.json();
    for name in [BY_CODSPEED, BY_CRITERION2, BY_DIVAN, BY_ARGUMENT] {
        let allocations = metric(&document, name, "allocations");
        let seen = (&allocations["verdict"], &allocations["baseline"]);
        assert_eq!(seen, (&"unchanged".into(), &0.0.into()), "{name}: {document}\n{}", found.stderr);
        if valgrind() {
            let instructions = metric(&document, name, "instructions");
            assert_eq!(instructions["verdict"], "regressed", "{document}");
            let change = instructions["change"].as_f64().unwrap();
            assert!((0.9..1.1).contains(&change), "{name}: {instructions}");
            let cause = benchmark(&document, name)["causes"][0].clone();
            assert_eq!(cause["function"], "libraries::mix", "{name}: {cause}");
        }
    }
    // Only what is timed is counted: the work is in what makes the inputs.
    let collected = metric(&document, COLLECTED, "allocations");
    assert_eq!((&collected["verdict"], &collected["change"]), (&"unchanged".into(), &0.0.into()));
    assert!(collected["baseline"].as_f64().unwrap() >= 1.0, "{collected}");
    let together = metric(&document, TOGETHER, "allocations");
    assert_eq!(together["verdict"], "not-comparable");
    assert!(together["reason"].as_str().unwrap().contains("2 threads"), "{together}");
}

/// Twice the work takes longer, by samples that are taken in turns.
fn timed(sandbox: &Sandbox) {
    let found = measured(sandbox, "20s", &["*::group/short*", "*::short"]);
    assert_eq!(found.code, 100);
    let document = found.json();
    for name in [BY_CODSPEED, BY_CRITERION2, BY_DIVAN] {
        assert_eq!(longer(&document, name)["verdict"], "regressed", "{document}");
    }
    // What runs on several threads has launches one after the other, which would take long to decide.
    longer(&measured(sandbox, "5s", &[TOGETHER]).json(), TOGETHER);
}

fn measured(sandbox: &Sandbox, budget: &str, filters: &[&str]) -> Ran {
    ran(sandbox, &[&CHECK[..], &["--metrics", "wall-time", "--budget", budget], filters].concat())
}

/// What was found of a benchmark in pairs: about twice the time.
fn longer<'a>(document: &'a Value, name: &str) -> &'a Value {
    let time = metric(document, name, "wall-time");
    assert_eq!(time["method"], "paired", "{document}");
    assert!((0.5..2.0).contains(&time["change"].as_f64().unwrap()), "{name}: {time}");
    time
}
