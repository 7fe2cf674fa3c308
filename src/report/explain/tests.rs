use crate::domain::{
    Account, AllocatingCaller, BenchmarkName, BuildDifference, DependencyDifference, EventDifference,
    Evidence, ExplainReport, Explanation, FunctionDifference, Inlined, Occurrence, Others, Place, Side,
    Sides, Spent, StackCost,
};

use super::super::{fixtures, text};
use super::words::{brief, sentence};
use super::*;

/// A function of `fib` with its own instructions and calls on both sides.
fn function(name: &str, own: (f64, f64), called: (f64, f64)) -> FunctionDifference {
    let spent = |own: f64, called: f64| Spent { own, inclusive: own * 2.0, called };
    FunctionDifference {
        name: name.into(),
        was: None,
        krate: Some("fib".into()),
        place: Some(Place::new("src/lib.rs", Some(12))),
        occurrence: Occurrence::Both,
        spent: Sides { baseline: spent(own.0, called.0), candidate: spent(own.1, called.1) },
        called_by: None,
        inlined: Vec::new(),
    }
}

fn explanation(functions: Vec<FunctionDifference>, cause: Account) -> Explanation {
    let others = Others { functions: 42, own: 31.0 };
    let own: f64 = functions.iter().map(FunctionDifference::own).sum();
    Explanation {
        total: Sides { baseline: 1_000.0, candidate: 1_000.0 + own + others.own },
        functions,
        others,
        allocating: Vec::new(),
        nameless: Sides::default(),
        cause,
    }
}

fn report(explanation: Option<Explanation>) -> ExplainReport {
    let other = fixtures::mixed();
    ExplainReport {
        benchmark: BenchmarkName::new("fib", "work", "grow/10"),
        revisions: Sides { baseline: other.baseline.unwrap(), candidate: other.candidate.unwrap() },
        machine: other.machine.unwrap(),
        toolchain: other.toolchain,
        counter: explanation.is_some().then(|| "callgrind 3.19".to_owned()),
        builds: Vec::new(),
        dependencies: Vec::new(),
        varies: Sides::default(),
        explanation,
        events: Vec::new(),
        stacks: Vec::new(),
        notes: Vec::new(),
        seconds: 12.0,
    }
}

fn one() -> ExplainReport {
    let grow = function("fib::grow", (500.0, 1_500.0), (5.0, 10.0));
    report(Some(explanation(
        vec![FunctionDifference { called_by: Some("fib::main".into()), ..grow }],
        Account::One(0),
    )))
}

fn dependency(name: &str, before: &[&str], after: &[&str]) -> DependencyDifference {
    let list = |versions: &[&str]| versions.iter().map(|&version| version.to_owned()).collect();
    DependencyDifference {
        name: name.into(),
        versions: Sides { baseline: list(before), candidate: list(after) },
    }
}

fn build(field: &str, baseline: &str, candidate: &str) -> BuildDifference {
    BuildDifference {
        field: field.into(),
        values: Sides { baseline: baseline.into(), candidate: candidate.into() },
    }
}

/// Everything that there can be, and names that try to break the table.
fn full() -> ExplainReport {
    let long = format!("fib::deep::<{}>::call", vec!["alloc::vec::Vec<fib::Leaf>"; 80].join(", "));
    assert!(long.len() > 2_000);
    let new = FunctionDifference {
        occurrence: Occurrence::New,
        was: None,
        ..function("<T as fib::Walk>::walk|`x`", (0.0, 220.5), (0.0, 3.0))
    };
    let gone = FunctionDifference {
        occurrence: Occurrence::Gone,
        place: None,
        ..function("fib::old\u{1b}[31m", (180.0, 0.0), (1.0, 0.0))
    };
    let inlined = Inlined {
        name: "fib::helper".into(),
        apart_in: Side::Baseline,
        own: 80.0,
        evidence: Evidence::Lines,
    };
    let host = FunctionDifference {
        was: Some("fib::before::host".into()),
        inlined: vec![inlined],
        ..function("fib::host", (300.0, 350.0), (1.5, 1.5))
    };
    let found = vec![function(&long, (500.0, 1_500.0), (5.0, 5.0)), new, gone, host];
    let mut explained = explanation(found, Account::One(0));
    explained.total.candidate += 5.0;
    explained.allocating =
        vec![AllocatingCaller { name: "fib::grow".into(), calls: Sides { baseline: 1.0, candidate: 4.5 } }];
    ExplainReport {
        builds: vec![
            build("rustc", "1.95.0", "1.96.0"),
            build("settings", "lto=false strip=none", "strip=none lto=fat"),
        ],
        dependencies: vec![
            dependency("hashbrown", &["0.15.2"], &["0.16.0"]),
            dependency("fresh", &[], &["1.0.0"]),
            dependency("left", &["2.0.0", "3.0.0"], &[]),
        ],
        varies: Sides { baseline: 0.0, candidate: 12.0 },
        notes: vec![crate::domain::Note::Sequential(
            "criterion 0.8.2".parse().unwrap(),
            "it is a fork".into(),
        )],
        ..report(Some(explained))
    }
}

fn shown(report: &ExplainReport, format: Format, width: Option<u16>) -> String {
    render(report, format, &Style { width, ..Style::default() }).unwrap()
}

#[test]
fn it_looks_as_it_should() {
    for (what, report) in [("one", one()), ("full", full()), ("identical", report(None))] {
        for width in [None, Some(80), Some(120)] {
            let name = width.map_or("free".to_owned(), |width| width.to_string());
            insta::assert_snapshot!(format!("{what}_table_{name}"), shown(&report, Format::Table, width));
        }
        for format in [Format::Json, Format::Markdown] {
            insta::assert_snapshot!(format!("{what}_{format}"), shown(&report, format, None));
        }
    }
}

#[test]
fn it_keeps_to_its_width() {
    for report in [one(), full(), report(None)] {
        for width in [60, 80, 100, 120] {
            for line in shown(&report, Format::Table, Some(width)).lines() {
                assert!(text::width(line) <= usize::from(width), "{width}: {line}");
            }
        }
    }
}

#[test]
fn names_command_neither_terminals_nor_comments_and_are_whole_in_json() {
    let full = full();
    assert!(!shown(&full, Format::Table, None).contains('\u{1b}'));
    assert!(!shown(&full, Format::Markdown, None).contains("<T as"));
    let document: serde_json::Value = serde_json::from_str(&shown(&full, Format::Json, None)).unwrap();
    let name = document["functions"][0]["name"].as_str().unwrap();
    assert_eq!(name, full.explanation.as_ref().unwrap().functions[0].name);
    assert!(document["verdict"].is_null() && document["command"] == "explain");
}

#[test]
fn formats_that_make_no_sense_are_refused() {
    for format in [Format::Html, Format::Junit, Format::Csv] {
        let error = render(&one(), format, &Style::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`explain` cannot be written as {format}: use table, json, markdown")
        );
    }
}

#[test]
fn the_last_sentence_says_where_to_look() {
    assert_eq!(
        sentence(&one()),
        "`fib::grow` (src/lib.rs:12) executes 1 000 more instructions in each iteration, 97 % of the difference; it is \
         called 10 times instead of 5, more often by `fib::main`."
    );
    let only =
        |function: FunctionDifference| sentence(&report(Some(explanation(vec![function], Account::One(0)))));
    assert_eq!(
        only(function("fib::grow", (500.0, 1_000.0), (5.0, 10.0))),
        "`fib::grow` (src/lib.rs:12) executes 500 more instructions in each iteration, 94 % of the difference; it is \
         called 10 times instead of 5, and each call costs what it did."
    );
    assert_eq!(
        only(function("fib::grow", (500.0, 400.0), (5.0, 5.0))),
        "`fib::grow` (src/lib.rs:12) executes 100 fewer instructions in each iteration, more than the whole \
         difference (-69); it is called as often as before, so each call costs less."
    );
    let new = FunctionDifference {
        occurrence: Occurrence::New,
        place: None,
        ..function("fib::extra", (0.0, 700.0), (0.0, 1.0))
    };
    assert_eq!(
        only(new),
        "`fib::extra` is new: it executes 700 instructions in each iteration, 96 % of the difference."
    );
    let inlined = Inlined {
        name: "fib::helper".into(),
        apart_in: Side::Baseline,
        own: 80.0,
        evidence: Evidence::Lines,
    };
    let host =
        FunctionDifference { inlined: vec![inlined], ..function("fib::host", (300.0, 650.0), (1.0, 1.0)) };
    assert!(only(host).ends_with(
        "so each call costs more; `fib::helper` is inlined into it now, and counted on both sides."
    ));
}

#[test]
fn other_shapes_have_sentences_of_their_own() {
    let two = || {
        vec![function("fib::f", (0.0, 1_000.0), (1.0, 1.0)), function("fib::g", (1_000.0, 20.0), (1.0, 1.0))]
    };
    let told = |cause: Account| sentence(&report(Some(explanation(two(), cause))));
    assert_eq!(
        told(Account::Moved { to: 0, from: 1 }),
        "Work moved from `fib::g` (src/lib.rs:12) (-980) to `fib::f` (src/lib.rs:12) (+1 000), and the sum hardly \
         changed."
    );
    assert!(told(Account::Several(vec![0, 1])).contains("`fib::f` (src/lib.rs:12) (+1 000) and `fib::g`"));
    assert!(
        told(Account::Spread)
            .starts_with("The difference is spread over 44 functions, and none stands out; the")
    );
    assert_eq!(
        told(Account::Within(0)),
        "`fib::f` (src/lib.rs:12) with all that it calls executes 2 000 more instructions in each iteration, more than \
         the whole difference (+51); most of it in itself (+1 000)."
    );
    assert!(told(Account::Nameless).contains("strip = false"));
    assert!(told(Account::None).starts_with("There is no difference"));
    assert!(sentence(&report(None)).starts_with("There is nothing to explain"));
}

#[test]
fn what_changed_besides_the_code_comes_first() {
    let with = |dependencies: Vec<DependencyDifference>| sentence(&ExplainReport { dependencies, ..one() });
    assert!(
        with(vec![dependency("fib", &["1.0.0"], &["1.1.0"])])
            .starts_with("Look at the dependency first: fib: 1.0.0 → 1.1.0. `fib::grow`")
    );
    assert!(
        with(vec![dependency("x", &["1.0.0"], &["1.1.0"])])
            .starts_with("A dependency changed, too (x: 1.0.0 → 1.1.0). `fib::grow`")
    );
    assert!(
        with(vec![dependency("x", &[], &["1"]), dependency("y", &[], &["1"])])
            .starts_with("2 dependencies changed, too. `fib::grow`")
    );
    assert!(
        sentence(&full()).starts_with("The builds differ in rustc, settings: that alone may be the reason. ")
    );
    let table = shown(&full(), Format::Table, None);
    assert!(table.contains("settings: lto=false → lto=fat\n"), "{table}");
    assert!(table.find("rustc: 1.95.0").unwrap() < table.find("fib::deep").unwrap());
}

#[test]
fn the_top_functions_are_few_and_worse() {
    let found = vec![
        function("fib::a", (0.0, 4_000.0), (1.0, 1.0)),
        function("fib::better", (3_000.0, 0.0), (1.0, 1.0)),
        function("fib::b", (0.0, 300.0), (1.0, 1.0)),
        function("fib::c", (0.0, 20.0), (1.0, 1.0)),
        function("fib::d", (0.0, 10.0), (1.0, 1.0)),
    ];
    let told = |explanation: &Explanation| -> Vec<String> {
        explanation.top_functions().iter().map(super::super::sentences::top_function).collect()
    };
    assert_eq!(
        told(&explanation(found, Account::Spread)),
        [
            "+4 000 instructions in `fib::a` (src/lib.rs:12)",
            "+300 instructions in `fib::b` (src/lib.rs:12)",
            "+20 instructions in `fib::c` (src/lib.rs:12)",
        ]
    );
    assert!(told(&explanation(Vec::new(), Account::None)).is_empty());
}

#[test]
fn a_flame_graph_shows_both_sides() {
    let stack = |frames: &[&str], baseline: u64, candidate: u64| StackCost {
        frames: frames.iter().map(|&frame| frame.to_owned()).collect(),
        own: Sides { baseline, candidate },
    };
    let stacks = vec![
        stack(&["main"], 10, 10),
        stack(&["main", "fib::grow<[u8; 4]>"], 500, 1_500),
        stack(&["main", "fib::less & 3"], 300, 100),
        stack(&["main", "fib::gone"], 300, 0),
    ];
    let drawn = flamegraph(&ExplainReport { stacks, ..one() }).unwrap();
    assert!(drawn.starts_with("<?xml") && drawn.trim_end().ends_with("</svg>"));
    assert!(drawn.contains("fib::grow&lt;[u8: 4]&gt; (1,500 instructions"), "{drawn}");
    assert!(drawn.contains("fib::less &amp; 3 (100 instructions"));
    // Red is (255, x, x), blue is (x, x, 255).
    let colour = |name: &str| {
        let behind = drawn.split(name).nth(1).unwrap();
        behind.split("fill=\"rgb(").nth(1).unwrap().split(')').next().unwrap().to_owned()
    };
    assert!(colour("fib::grow").starts_with("255,"), "{}", colour("fib::grow"));
    assert!(colour("fib::less").ends_with(",255"), "{}", colour("fib::less"));
    assert!(matches!(flamegraph(&one()), Err(FlameError::Nothing)));
}

#[test]
fn long_names_lose_their_arguments_before_anything_else() {
    let name = "<fib::Tree<alloc::vec::Vec<fib::Leaf<u8>>> as fib::Walk<u8>>::walk::<fn(u8) -> fib::Way>";
    assert_eq!(brief(name, 200), name);
    assert_eq!(
        brief(name, 85),
        "<fib::Tree<alloc::vec::Vec<…>> as fib::Walk<u8>>::walk::<fn(u8) -> fib::Way>"
    );
    assert_eq!(brief(name, 75), "<fib::Tree<…> as fib::Walk<…>>::walk::<fn(u8) -> fib::Way>");
    assert_eq!(brief("a::f::<b::C<d::E>>::g", 14), "a::f::<…>::g");
    assert_eq!(text::width(&brief(&"x".repeat(2_000), 40)), 40);
    assert_eq!(brief("a < b > > c << d", 9).chars().count(), 9);
}

#[test]
fn what_was_simulated_is_told_in_words() {
    let values = Sides { baseline: 10.0, candidate: 12.0 };
    let events = vec![
        EventDifference { event: "Bcm".into(), values },
        EventDifference { event: "D1mr".into(), values: Sides { baseline: 3.0, candidate: 3.0 } },
    ];
    let report = ExplainReport { events, ..one() };
    let table = shown(&report, Format::Table, None);
    assert!(table.contains("mispredicted conditional branches: 10 → 12 (+20.0 %)"), "{table}");
    assert!(table.contains("reads that miss the first cache: 3 → 3\n"), "{table}");
    let json = shown(&report, Format::Json, None);
    assert!(json.contains("\"event\": \"Bcm\""), "{json}");
}
