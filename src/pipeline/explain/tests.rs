//! Which benchmark a name means, without any process.

use super::*;
use crate::discover::{Filter, Reading};
use crate::domain::{CargoFlags, Layout};
use crate::pipeline::request::Suite;

fn scope(text: &str) -> Scope {
    Scope {
        selection: Selection::default(),
        flags: CargoFlags::default(),
        filter: Filter::parse(&[text.to_owned()], Reading::Pattern).unwrap(),
        words: vec![text.to_owned()],
        suite: Suite::Off,
        layout: Layout::Default,
        partition: None,
        builds_everything: false,
    }
}

fn chosen(text: &str, ids: &[&str]) -> Result<String, PipelineError> {
    let names: Vec<BenchmarkName> = ids.iter().map(|&id| BenchmarkName::new("fib", "work", id)).collect();
    choose(text, &scope(text), &names).map(|place| names[place].id().to_owned())
}

#[test]
fn a_name_or_a_part_of_one_benchmark_is_enough() {
    let ids = ["grow", "grow/10", "shrink"];
    assert_eq!(chosen("fib::work::grow", &ids).unwrap(), "grow");
    assert_eq!(chosen("shr", &ids).unwrap(), "shrink");
    assert_eq!(chosen("*w/1?", &ids).unwrap(), "grow/10");
    assert_eq!(chosen("fib::work::a*", &["a*", "ab"]).unwrap(), "a*");
}

#[test]
fn what_means_several_or_none_is_told_with_names() {
    let ids: Vec<String> = (0..9).map(|number| format!("grow/{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let several = chosen("grow", &ids).unwrap_err();
    assert_eq!(several.to_string(), "`grow` matches 9 benchmarks");
    assert_eq!(several.hint().unwrap().matches("fib::work::grow/").count(), NEAR);
    assert_eq!(several.fault(), super::super::Fault::Usage);
    let none = chosen("gorw/1", &ids).unwrap_err();
    assert!(none.hint().unwrap().contains("`fib::work::grow/1`"), "{:?}", none.hint());
    assert_eq!(none.fault(), super::super::Fault::Usage);
}

#[test]
fn a_name_narrows_what_is_built() {
    let name = BenchmarkName::new("fib", "work", "grow");
    let selection = narrowed(&scope("x"), &name).selection;
    assert_eq!((selection.packages, selection.benches), (vec!["fib".to_owned()], vec!["work".to_owned()]));
    let name = BenchmarkName::new(SUITE_PACKAGE, "strings", "concat");
    assert!(narrowed(&scope("x"), &name).selection.benches.is_empty());
}
