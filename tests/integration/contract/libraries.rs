//! Everything that can be measured, in one package and one report: forks of Criterion, divan, `#[bench]` and a command.

use serde_json::Value;

use super::counts::metric;
use super::{Ran, benchmark, names_of, ran_with};
use crate::clock;
use crate::sandbox::Sandbox;
use crate::skip::valgrind;

const BY_CODSPEED: &str = "libraries::by-codspeed::group/short";
const BY_CRITERION2: &str = "libraries::by-criterion2::group/short (.*)";
const BY_DIVAN: &str = "libraries::by-divan::short";
const BY_ARGUMENT: &str = "libraries::by-divan::by_argument::a b";
const COLLECTED: &str = "libraries::by-divan::collected::BTreeSet<u64>";
const TOGETHER: &str = "libraries::by-divan::inner::together::t=2";

const BY_LIBTEST: &str = "libraries::by-libtest::short";
const COMMAND: &str = "libraries::command::short";

const CHECK: [&str; 6] = ["check", "--no-builtin", "--baseline", "HEAD", "--format", "json"];

/// With `#[bench]`, whichever compiler there is.
fn ran(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    ran_with(sandbox, arguments, &[("RUSTC_BOOTSTRAP", "1")])
}

#[test]
fn benches_of_every_kind_are_measured_side_by_side() {
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
            BY_LIBTEST,
            COMMAND,
        ],
        "{}",
        listed.stderr
    );
    let told = listed.stdout.clone() + &listed.stderr;
    assert!(told.contains("`criterion` and `divan`"), "a target with two libraries is told: {told}");

    sandbox.edit("src/lib.rs", "ROUNDS: u64 = 2", "ROUNDS: u64 = 4");
    counted(&sandbox);
    alike(&sandbox);
    clock::timed(|| timed(&sandbox));
    changed(&sandbox);
}

/// A bench that another library measures than before is compared with nothing.
fn changed(sandbox: &Sandbox) {
    let divan = "#[divan::bench]\nfn short() -> u64 {\n    libraries::mix(500)\n}\n\nfn main() {\n    divan::main();\n}\n";
    sandbox.write("benches/by-criterion2.rs", &divan.replace("short", "named"));
    sandbox.commit("another library");
    sandbox.edit("benches/by-codspeed.rs", "use criterion::", "use criterion_two::");
    let criterion = "use criterion_two::{criterion_group, criterion_main, Criterion};\n\nfn benches(criterion: &mut Criterion) {\n    \
                     criterion.bench_function(\"named\", |bencher| bencher.iter(|| libraries::mix(500)));\n}\n\n\
                     criterion_group!(all, benches);\ncriterion_main!(all);\n";
    sandbox.write("benches/by-criterion2.rs", criterion);
    let found = ran(sandbox, &[&CHECK[..], &["--", "by-codspeed", "by-criterion2"]].concat());
    assert_eq!(found.code, 0, "{}", found.stderr);
    let document = found.json();
    let now = "criterion2 3.0.5";
    let before = [
        (BY_CODSPEED, "codspeed-criterion-compat-walltime 6.0.0"),
        ("libraries::by-criterion2::named", "divan 0.1.21"),
    ];
    for (name, before) in before {
        let time = metric(&document, name, "wall-time");
        assert_eq!(
            (&time["verdict"], &time["reason_code"]),
            (&"not-comparable".into(), &"builds-differ".into()),
            "{time}"
        );
        let reason = time["reason"].as_str().unwrap();
        assert!(reason.contains(before) && reason.contains(now), "{reason}");
    }
}

/// Filters, thresholds and the error of the run know no kinds.
fn alike(sandbox: &Sandbox) {
    let options = ["--metrics", "wall-time", "--budget", "1ms", "-vv", "--", "*short*", "!*criterion2*"];
    let found = ran(sandbox, &[&CHECK[..], &options].concat());
    let document = found.json();
    assert_eq!(names_of(&document), [BY_CODSPEED, BY_DIVAN, BY_LIBTEST, COMMAND], "{document}");
    for (name, limit) in [(BY_CODSPEED, "5%"), (BY_DIVAN, "5%"), (BY_LIBTEST, "900%"), (COMMAND, "800%")] {
        let time = metric(&document, name, "wall-time");
        assert_eq!((&time["limit"], &time["pairs"]), (&limit.into(), &1.into()), "{time}");
    }
    let divided = found.stderr.lines().find(|line| line.contains("the error is divided")).unwrap();
    assert!(divided.trim_end().ends_with("tests=4"), "{divided}");
}

/// Twice the work is seen in instructions, and nothing in allocations.
fn counted(sandbox: &Sandbox) {
    let metrics = if valgrind() { "instructions,allocations" } else { "allocations" };
    let filters =
        [BY_CODSPEED, BY_CRITERION2, BY_DIVAN, BY_ARGUMENT, COLLECTED, TOGETHER, BY_LIBTEST, COMMAND];
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
    if valgrind() {
        let instructions = |name| metric(&document, name, "instructions");
        assert_eq!(instructions(BY_LIBTEST)["verdict"], "regressed", "{document}");
        let command = instructions(COMMAND);
        assert_eq!((&command["verdict"], &command["limit"]), (&"unchanged".into(), &"700%".into()));
        assert!(command["change"].as_f64().unwrap() > 0.5, "{command}");
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
    let found = measured(sandbox, "20s", &["*::group/short*", BY_DIVAN]);
    assert_eq!(found.code, 100);
    let document = found.json();
    for name in [BY_CODSPEED, BY_CRITERION2, BY_DIVAN] {
        assert_eq!(longer(&document, name)["verdict"], "regressed", "{document}");
    }
    // What runs on several threads has launches one after the other. Beside other tests its few pairs say nothing of its time.
    let document = measured(sandbox, "2s", &[TOGETHER]).json();
    let together = metric(&document, TOGETHER, "wall-time");
    assert_eq!(together["method"], "paired", "{together}");
    assert!(together["pairs"].as_u64().unwrap() >= 1 && together["change"].is_f64(), "{together}");
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
