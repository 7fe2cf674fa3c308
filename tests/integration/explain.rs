//! `explain`: the pipeline with a counter of known figures, and the program with a real one.

use std::io;
use std::path::Path;
use std::process::Output;

use perfguard::build::relink;
use perfguard::discover::{Filter, Reading, Selection};
use perfguard::domain::{
    Account, AllocationCount, BuiltBench, CargoFlags, FunctionCost, InstructionCount, Launch, Layout, Pair,
    Profile, Sample, Schedule, Side, Sides, Silent,
};
use perfguard::measure::coordinator::Coordinator;
use perfguard::measure::counter::{CountOptions, Counter, Uncounted};
use perfguard::measure::machine;
use perfguard::measure::runner::{LaunchFailure, LaunchOptions, ListedBenchmark, Runner};
use perfguard::pipeline::PipelineError;
use perfguard::pipeline::explain::{ExplainRequest, explain};
use perfguard::pipeline::request::{Project, Scope, Subject, Suite};
use perfguard::source::{records_of, tree_place};
use perfguard::support::current::BuildSite;
use perfguard::support::room::Room;

use crate::fixture;
use crate::sandbox::Sandbox;
use crate::skip::valgrind;

const WORK: &str = "gauge::work::gauge/work";

/// Counts by reading the side's own source: five instructions for each round.
struct Reader;

impl Counter for Reader {
    fn is_alone(&self, _: &BuiltBench) -> bool {
        false
    }

    fn instruction_counter(&self, _: &BuiltBench, _: &CountOptions) -> Option<String> {
        unreachable!("nothing that is explained is looked up")
    }

    fn once(&self, _: &BuiltBench, _: &ListedBenchmark, _: &CountOptions) -> Result<(), Uncounted> {
        unreachable!("nothing is explained by a launch that only runs")
    }

    fn instructions(
        &self,
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        _: &CountOptions,
    ) -> Result<InstructionCount, Uncounted> {
        if wanted.id == "gauge/steady" {
            let reason = "valgrind is not installed".to_owned();
            return Err(Uncounted::Unavailable { reason, remedy: Some("apt install valgrind".to_owned()) });
        }
        let code = std::fs::read_to_string(bench.home.join("src/src/lib.rs")).unwrap();
        let rounds = code.split("ROUNDS: u64 = ").nth(1).unwrap().split(';').next().unwrap();
        let own = rounds.parse::<u64>().unwrap() * 5;
        let function = FunctionCost {
            name: "gauge::work".into(),
            object: Some("work".into()),
            file: Some(bench.home.join("src/src/lib.rs").to_string_lossy().into_owned()),
            line: Some(8),
            own,
            inclusive: own,
            called: 1,
            lines: Vec::new(),
        };
        Ok(InstructionCount {
            sample: Sample::new(1, own as f64).unwrap(),
            profile: Profile { total: own, functions: vec![function], ..Profile::default() },
            code: None,
            counter: "reader 1".into(),
            set_up: false,
            threads: 1,
            seconds: 0.0,
        })
    }

    fn allocations(
        &self,
        _: &BuiltBench,
        _: &ListedBenchmark,
        _: &CountOptions,
    ) -> Result<AllocationCount, Uncounted> {
        Err(Uncounted::Uncountable("nobody asked".into()))
    }
}

/// Lists for real, and counts by reading.
struct ReadingRunner(Coordinator);

impl Runner for ReadingRunner {
    fn list(&mut self, bench: &BuiltBench) -> Result<Vec<ListedBenchmark>, LaunchFailure> {
        self.0.list(bench)
    }

    fn schedule(&mut self, benches: Sides<&BuiltBench>, ids: Sides<&str>) -> Schedule {
        self.0.schedule(benches, ids)
    }

    fn launch(
        &mut self,
        bench: &BuiltBench,
        id: &str,
        options: &LaunchOptions,
    ) -> Result<Launch, LaunchFailure> {
        self.0.launch(bench, id, options)
    }

    fn pair(
        &mut self,
        benches: Sides<&BuiltBench>,
        ids: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        self.0.pair(benches, ids, index, first, options)
    }

    fn counting(&mut self, _: &Path) -> io::Result<&dyn Counter> {
        Ok(&Reader)
    }
}

fn request(gauge: &Sandbox, benchmark: &str) -> ExplainRequest {
    // Where the program itself would build, so that dependencies that it compiled there serve here.
    let (root, area) = (gauge.root().canonicalize().unwrap(), gauge.target().join("perfguard"));
    let mut environment = perfguard::domain::without_leftovers(&fixture::environment());
    environment.insert("XDG_CACHE_HOME".into(), gauge.cache().into());
    relink::offer(env!("CARGO_BIN_EXE_cargo-perfguard").into());
    ExplainRequest {
        project: Project {
            trees: tree_place(&area, &root, &environment),
            records: records_of(&area, &root, &environment),
            root,
            area,
            cargo: fixture::cargo(),
            environment,
            room: Room::default(),
        },
        benchmark: benchmark.to_owned(),
        baseline: Some("HEAD".to_owned()),
        candidate: Subject::WorkTree,
        scope: Scope {
            selection: Selection::default(),
            flags: CargoFlags::default(),
            filter: Filter::parse(&[benchmark.to_owned()], Reading::Pattern).unwrap(),
            words: vec![benchmark.to_owned()],
            suite: Suite::Off,
            layout: Layout::Default,
            partition: None,
            builds_everything: false,
        },
        launch_timeout: None,
        caches: false,
        machine: machine::facts(),
    }
}

fn runner(request: &ExplainRequest) -> ReadingRunner {
    let site = BuildSite::new(&request.project.trees);
    ReadingRunner(Coordinator::new(move |home: &Path| site.point_at(home).map_err(io::Error::other)).unwrap())
}

#[test]
fn the_function_that_was_changed_is_named_with_its_place() {
    if !valgrind() {
        return;
    }
    let gauge = Sandbox::new("gauge");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1100");
    let request = request(&gauge, WORK);
    let report = explain(&request, &mut runner(&request), &Silent).unwrap();
    let found = report.explanation.unwrap();
    assert_eq!(found.total, Sides { baseline: 5_000.0, candidate: 5_500.0 });
    assert_eq!(found.cause, Account::One(0));
    let place = found.functions[0].place.clone().unwrap();
    assert_eq!((place.file.as_str(), place.line), ("src/lib.rs", Some(8)));
    assert!(report.builds.is_empty() && report.dependencies.is_empty(), "{:?}", report.dependencies);
    assert_eq!(report.stacks.len(), 1);
    assert!(report.revisions.candidate.dirty && !report.revisions.baseline.dirty);
}

#[test]
fn what_cannot_be_counted_is_trouble_with_a_remedy() {
    let gauge = Sandbox::new("gauge");
    gauge.edit("src/lib.rs", "state, 1_000", "state, 1_001");
    let request = request(&gauge, "steady");
    let error = explain(&request, &mut runner(&request), &Silent).unwrap_err();
    assert!(matches!(&error, PipelineError::Uncounted { .. }), "{error}");
    assert_eq!(error.hint().as_deref(), Some("apt install valgrind"));
    assert_eq!(error.fault(), perfguard::pipeline::Fault::Trouble);
}

#[test]
fn names_and_formats_that_make_no_sense_are_refused() {
    let gauge = Sandbox::new("gauge");
    gauge.commit("second");
    let explain = |arguments: &[&str]| -> Output {
        let all = [&["explain"], arguments, &["--no-builtin", "--bench", "work"]].concat();
        gauge.perfguard(&all).output().unwrap()
    };
    for (arguments, words) in [
        (&["gauge/wrok"][..], "`gauge::work::gauge/work`"),
        (&["gauge/"], "`gauge/` matches 2 benchmarks"),
        (&["gauge::work::gauge/wok"], "`gauge::work::gauge/work`"),
        (&[WORK, "no-such-revision"], "no-such-revision"),
        (&[WORK, "--format", "html"], "`explain` cannot be written as html: use table, json, markdown"),
        (&[], "BENCHMARK"),
    ] {
        let output = explain(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    }
    // Nothing has changed, so nothing needs to be counted.
    let output = explain(&[WORK, "--flamegraph", "none.svg"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.starts_with("gauge::work::gauge/work: both executables are identical"), "{stdout}");
    assert!(!gauge.path("none.svg").exists());
}

/// Turns itself on where counting is possible.
#[test]
fn a_slower_function_is_found_by_a_real_count() {
    if !valgrind() {
        return;
    }
    let gauge = Sandbox::new("gauge");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1100");
    let arguments =
        ["explain", WORK, "HEAD", "--no-builtin", "--format", "json", "--flamegraph", "difference.svg"];
    let output = gauge.perfguard(&arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["cause"]["functions"][0], "gauge::work", "{document}");
    let function = &document["functions"][0];
    assert_eq!(function["file"], "src/lib.rs", "{document}");
    assert!(function["share"].as_f64().unwrap() > 0.9, "{document}");
    let change = document["change"].as_f64().unwrap();
    assert!((0.05..0.15).contains(&change), "a tenth more rounds are a tenth more instructions: {document}");
    assert!(document["sentence"].as_str().unwrap().contains("each call costs more"), "{document}");
    assert_eq!(
        (&document["builds"], &document["dependencies"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    let drawn = gauge.read("difference.svg");
    assert!(drawn.contains("gauge::work (") && drawn.contains("<svg"), "the changed function is drawn");
}
