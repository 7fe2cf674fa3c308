use std::collections::BTreeSet;

use crate::domain::{
    BenchmarkName, CpuIdentity, Finding, Fitness, MachineFacts, MachineKey, Note, Seemed, SelfComparison,
    SelfDoubt, Topic, Trouble,
};

use super::words::{answer, closing, rounded_up};
use super::*;

fn finding(topic: Topic, subject: &'static str, fitness: Fitness) -> Finding {
    Finding {
        topic,
        subject,
        found: "what was found | at some length, so that a narrow terminal has to break the line somewhere"
            .into(),
        fitness,
        meaning: "what it means".into(),
        advice: (fitness != Fitness::Fit).then(|| "what to do".into()),
    }
}

fn control(id: &str, interval: Option<(f64, f64)>, fitness: Fitness) -> SelfComparison {
    SelfComparison {
        name: BenchmarkName::new("p", "t", id),
        interval,
        confidence: interval.map(|_| 0.98),
        pairs: 20,
        seconds: 10.0,
        fitness,
        doubt: (fitness != Fitness::Fit).then_some(SelfDoubt::Seemed(Seemed::Worse)),
    }
}

fn report() -> DoctorReport {
    let cpu = CpuIdentity {
        vendor: "v".into(),
        model: "m".into(),
        family: "1".into(),
        number: "1".into(),
        stepping: "1".into(),
        features: BTreeSet::new(),
    };
    let machine = MachineFacts {
        key: MachineKey::new("x86_64-m-2c-00000000"),
        arch: "x86_64".into(),
        os: "linux".into(),
        cpu,
        caches: Vec::new(),
        logical_cpus: 2,
        hypervisor: None,
    };
    DoctorReport {
        exit_code: 0,
        candidate: None,
        machine,
        key_fields: vec![("architecture", "x86_64".into()), ("caches", String::new())],
        toolchain: None,
        findings: vec![
            finding(Topic::Machine, "load", Fitness::Fit),
            finding(Topic::Machine, "virtualisation", Fitness::Caution),
            finding(Topic::Build, "opt-level", Fitness::Fit),
        ],
        budget: 10.0,
        controls: vec![
            control("a", Some((-0.004, 0.0111)), Fitness::Fit),
            control("b", Some((-0.02, 0.004)), Fitness::Fit),
            control("c", Some((-0.003, 0.003)), Fitness::Fit),
        ],
        troubles: Vec::new(),
        notes: vec![Note::left_out("a", "b", "it uses libtest")],
        seconds: 33.0,
    }
}

#[test]
fn it_looks_as_it_should() {
    for (width, verbose) in [(Some(80), false), (None, true)] {
        let style = Style { width, verbose, ..Style::default() };
        let text = render(&report(), Format::Table, &style).unwrap();
        insta::assert_snapshot!(format!("table_{}", width.unwrap_or(0)), text);
    }
    insta::assert_snapshot!("markdown", render(&report(), Format::Markdown, &Style::default()).unwrap());
    insta::assert_snapshot!("json", render(&report(), Format::Json, &Style::default()).unwrap());
}

#[test]
fn a_threshold_is_rounded_up_so_that_it_still_holds() {
    assert!((rounded_up(0.0111) - 0.012).abs() < 1e-12);
    assert!((rounded_up(0.02) - 0.02).abs() < 1e-12);
    assert!((rounded_up(0.0) - 0.001).abs() < 1e-12);
}

#[test]
fn the_worst_benchmark_decides_and_one_that_changed_makes_unfit() {
    let text = answer(&report()).unwrap();
    assert!(
        text.contains("2 % for every one of the 3 benchmarks") && text.contains("1.2 % for the median"),
        "{text}"
    );
    let unfit = DoctorReport {
        controls: vec![
            control("a", Some((0.07, 0.09)), Fitness::Unfit),
            control("b", None, Fitness::Caution),
        ],
        ..report()
    };
    assert_eq!(closing(&unfit), "unfit to measure: 1 reason, 2 cautions");
    assert!(answer(&unfit).unwrap().starts_with("no threshold can be enforced here for every one"));
    let broken = DoctorReport {
        troubles: vec![Trouble::Ended("it does not build".into(), None)],
        controls: Vec::new(),
        ..report()
    };
    assert!(closing(&broken).starts_with("incomplete"));
    assert_eq!(answer(&broken), None);
}

#[test]
fn formats_that_make_no_sense_are_refused() {
    for format in [Format::Html, Format::Junit, Format::Csv] {
        assert!(render(&report(), format, &Style::default()).is_err());
    }
}
