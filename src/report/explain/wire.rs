//! An explanation for programs: one JSON document, schema 1. docs/json.md describes every field.

use serde::Serialize;

use crate::domain::{
    Account, EventDifference, Evidence, ExplainReport, Explanation, FunctionDifference, Inlined, Occurrence,
    Side, Sides,
};

use super::super::sentences;

use super::super::json::{self, finite};
use super::words;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    command: &'static str,
    exit_code: u8,
    verdict: Option<&'static str>,
    benchmark: String,
    baseline: json::Baseline<'a>,
    candidate: json::Candidate<'a>,
    machine: json::Machine<'a>,
    toolchain: Option<json::WireToolchain<'a>>,
    counter: Option<&'a str>,
    unit: &'static str,
    identical: bool,
    total: Option<Figures>,
    difference: Option<f64>,
    change: Option<f64>,
    varies: Figures,
    builds: Vec<Build<'a>>,
    dependencies: Vec<Dependency<'a>>,
    cause: Option<WireCause<'a>>,
    functions: Vec<Function<'a>>,
    others: Option<Others>,
    remainder: Option<f64>,
    allocating: Vec<Allocating<'a>>,
    nameless: Option<Figures>,
    events: Vec<WireEvent<'a>>,
    sentence: String,
    errors: [&'a str; 0],
    notes: Vec<String>,
    seconds: Option<f64>,
}

#[derive(Serialize)]
struct WireEvent<'a> {
    event: &'a str,
    baseline: Option<f64>,
    candidate: Option<f64>,
}

#[derive(Serialize)]
struct Figures {
    baseline: Option<f64>,
    candidate: Option<f64>,
}

#[derive(Serialize)]
struct Build<'a> {
    field: &'a str,
    baseline: &'a str,
    candidate: &'a str,
}

#[derive(Serialize)]
struct Dependency<'a> {
    name: &'a str,
    baseline: &'a [String],
    candidate: &'a [String],
}

#[derive(Serialize)]
struct WireCause<'a> {
    kind: &'static str,
    functions: Vec<&'a str>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    was: Option<&'a str>,
    #[serde(rename = "crate")]
    krate: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u32>,
    occurrence: &'static str,
    own: Figures,
    inclusive: Figures,
    calls: Figures,
    difference: Option<f64>,
    share: Option<f64>,
    called_by: Option<&'a str>,
    inlined: Vec<WireInlined<'a>>,
}

#[derive(Serialize)]
struct WireInlined<'a> {
    name: &'a str,
    apart_in: Side,
    own: Option<f64>,
    evidence: &'static str,
}

#[derive(Serialize)]
struct Others {
    functions: usize,
    difference: Option<f64>,
}

#[derive(Serialize)]
struct Allocating<'a> {
    name: &'a str,
    calls: Figures,
}

/// Writes an explanation as one JSON document.
pub(super) fn render(report: &ExplainReport) -> String {
    let explanation = report.explanation.as_ref();
    json::to_text(&Document {
        schema: json::SCHEMA,
        command: "explain",
        exit_code: 0,
        verdict: None,
        benchmark: report.benchmark.to_string(),
        baseline: json::baseline(&report.revisions.baseline),
        candidate: json::candidate(&report.revisions.candidate),
        machine: json::machine(&report.machine),
        toolchain: report.toolchain.as_ref().map(json::toolchain),
        counter: report.counter.as_deref(),
        unit: "instructions",
        identical: explanation.is_none(),
        total: explanation.map(|explanation| figures(explanation.total)),
        difference: explanation.and_then(|explanation| finite(explanation.difference())),
        change: explanation
            .and_then(|explanation| finite(explanation.difference() / explanation.total.baseline)),
        varies: figures(report.varies),
        builds: builds(report),
        dependencies: dependencies(report),
        cause: explanation.map(cause),
        functions: explanation.map_or_else(Vec::new, functions),
        others: explanation.map(|explanation| Others {
            functions: explanation.others.functions,
            difference: finite(explanation.others.own),
        }),
        remainder: explanation.and_then(|explanation| finite(explanation.remainder())),
        allocating: explanation.map_or_else(Vec::new, allocating),
        nameless: explanation.map(|explanation| figures(explanation.nameless)),
        events: report.events.iter().map(event).collect(),
        sentence: words::sentence(report),
        errors: [],
        notes: report.notes.iter().map(sentences::note).collect(),
        seconds: finite(report.seconds),
    })
}

fn event(found: &EventDifference) -> WireEvent<'_> {
    let Sides { baseline, candidate } = found.values.map(finite);
    WireEvent { event: &found.event, baseline, candidate }
}

fn figures(sides: Sides<f64>) -> Figures {
    Figures { baseline: finite(sides.baseline), candidate: finite(sides.candidate) }
}

fn builds(report: &ExplainReport) -> Vec<Build<'_>> {
    let builds = report.builds.iter().map(|build| Build {
        field: &build.field,
        baseline: &build.values.baseline,
        candidate: &build.values.candidate,
    });
    builds.collect()
}

fn dependencies(report: &ExplainReport) -> Vec<Dependency<'_>> {
    let dependencies = report.dependencies.iter().map(|dependency| Dependency {
        name: &dependency.name,
        baseline: &dependency.versions.baseline,
        candidate: &dependency.versions.candidate,
    });
    dependencies.collect()
}

fn cause(explanation: &Explanation) -> WireCause<'_> {
    let (kind, places) = match &explanation.cause {
        Account::None => ("none", Vec::new()),
        Account::One(place) => ("one", vec![*place]),
        Account::Within(place) => ("within", vec![*place]),
        Account::Several(places) => ("several", places.clone()),
        Account::Spread => ("spread", Vec::new()),
        Account::Moved { to, from } => ("moved", vec![*to, *from]),
        Account::Nameless => ("nameless", Vec::new()),
    };
    let named = places.into_iter().filter_map(|place| explanation.functions.get(place));
    WireCause { kind, functions: named.map(|function| function.name.as_str()).collect() }
}

fn functions(explanation: &Explanation) -> Vec<Function<'_>> {
    explanation.functions.iter().map(|one| function(explanation, one)).collect()
}

fn function<'a>(explanation: &Explanation, function: &'a FunctionDifference) -> Function<'a> {
    let spent = &function.spent;
    Function {
        name: &function.name,
        was: function.was.as_deref(),
        krate: function.krate.as_deref(),
        file: function.place.as_ref().map(|place| place.file.as_str()),
        line: function.place.as_ref().and_then(|place| place.line),
        occurrence: match function.occurrence {
            Occurrence::Both => "both",
            Occurrence::New => "new",
            Occurrence::Gone => "gone",
        },
        own: figures(spent.map(|spent| spent.own)),
        inclusive: figures(spent.map(|spent| spent.inclusive)),
        calls: figures(spent.map(|spent| spent.called)),
        difference: finite(function.own()),
        share: explanation.share(function.own()).and_then(finite),
        called_by: function.called_by.as_deref(),
        inlined: function.inlined.iter().map(inlined).collect(),
    }
}

fn inlined(inlined: &Inlined) -> WireInlined<'_> {
    WireInlined {
        name: &inlined.name,
        apart_in: inlined.apart_in,
        own: finite(inlined.own),
        evidence: match inlined.evidence {
            Evidence::Lines => "lines",
            Evidence::Calls => "calls",
        },
    }
}

fn allocating(explanation: &Explanation) -> Vec<Allocating<'_>> {
    let callers = explanation.allocating.iter();
    callers.map(|caller| Allocating { name: &caller.name, calls: figures(caller.calls) }).collect()
}
