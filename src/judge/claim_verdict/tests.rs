//! Every outcome of a claim from made-up evidence.

use super::super::fixtures::{counts, measured, rules};
use super::*;
use crate::domain::{BenchmarkName, Claim, ClaimOrigin, ClaimSetback, CountKind, Expectation, Instructions};
use crate::judge::Policy;

fn equal(within: f64, instructions: Instructions) -> ClaimEvidence {
    let expectation = Expectation::Equal { one: "a".to_owned(), other: "b".to_owned(), within, instructions };
    evidence(expectation, Claimed::EqualWithin(within), ClaimCase::EqualWithin(within))
}

fn faster() -> ClaimEvidence {
    let at_least = crate::domain::AtLeast::Everywhere(1.5);
    let expectation = Expectation::Faster { faster: "a".to_owned(), slower: "b".to_owned(), at_least };
    evidence(expectation, Claimed::AtLeast(1.5), ClaimCase::AtLeast(1.5))
}

fn evidence(expectation: Expectation<String>, claimed: Claimed, case: ClaimCase) -> ClaimEvidence {
    ClaimEvidence {
        claim: Claim {
            name: "group/pattern".into(),
            origin: ClaimOrigin::User,
            section: None,
            statement: None,
            expectation,
        },
        claimed,
        benchmarks: ["a", "b"].map(|id| BenchmarkName::new("p", "t", id)).to_vec(),
        build: None,
        weight: ClaimWeight::Binding,
        case,
        pairs: None,
        remeasured: None,
        allocations: Vec::new(),
        instructions: Vec::new(),
        layout: None,
    }
}

fn judged(evidence: &ClaimEvidence) -> ClaimOutcome {
    verdict_of_claim(evidence, None, &rules(&Policy::new(), &[], Some(1)))
}

#[test]
fn what_is_refuted_must_be_refuted_twice() {
    let policy = Policy::new();
    let rules = rules(&policy, &[], Some(1));
    let mut claim = faster();
    assert_eq!(next_of_claim(&claim, &rules), ClaimStep::Pairs);
    claim.pairs = Some(measured(&[0.0; 20]));
    assert_eq!(next_of_claim(&claim, &rules), ClaimStep::Remeasure);
    assert_eq!(judged(&claim).verdict, ClaimVerdict::Refuted, "where nobody looks again, once is enough");
    claim.remeasured = Some(measured(&[0.0; 20]));
    let refuted = judged(&claim);
    assert_eq!(refuted.verdict, ClaimVerdict::Refuted);
    assert!(refuted.fails());
    claim.remeasured = Some(measured(&[0.9; 20]));
    let open = judged(&claim);
    assert_eq!(open.verdict, ClaimVerdict::Undecided);
    assert_eq!(open.reasons, [ClaimReason::NotRepeated(ClaimVerdict::Confirmed)]);
    let informative = ClaimEvidence { weight: ClaimWeight::Informative, remeasured: None, ..claim };
    assert_eq!(next_of_claim(&informative, &rules), ClaimStep::Done);
    let confirmed = ClaimEvidence { pairs: Some(measured(&[0.9; 20])), ..faster() };
    assert_eq!(
        (judged(&confirmed).verdict, next_of_claim(&confirmed, &rules)),
        (ClaimVerdict::Confirmed, ClaimStep::Done)
    );
}

#[test]
fn instructions_refute_a_claim_of_equality_whatever_the_clock_says() {
    let counted = |one: f64, other: f64| {
        [one, other].map(|count| counts(CountKind::Instructions, &[count; 2], "")).to_vec()
    };
    let claim = |ratio: f64, instructions, counted| ClaimEvidence {
        pairs: Some(measured(&[ratio; 20])),
        instructions: counted,
        ..equal(0.02, instructions)
    };
    let same = claim(0.0, Instructions::AsWell, counted(100.0, 100.0));
    assert_eq!(judged(&same).verdict, ClaimVerdict::Confirmed);
    let more = claim(0.0, Instructions::AsWell, counted(100.0, 150.0));
    assert_eq!(judged(&more).verdict, ClaimVerdict::Refuted);
    assert!(judged(&more).fails());
    // Fresh pairs that clear the clock do not take it back.
    let again = ClaimEvidence { remeasured: Some(measured(&[0.0; 20])), ..more };
    assert_eq!(judged(&again).verdict, ClaimVerdict::Refuted);
    let open = claim(0.0, Instructions::Open, counted(100.0, 150.0));
    assert_eq!(judged(&open).verdict, ClaimVerdict::Confirmed);
    let uncounted = vec![Err(crate::domain::NotCounted::Interrupted); 2];
    let of_time = judged(&claim(0.0, Instructions::AsWell, uncounted));
    assert_eq!(of_time.verdict, ClaimVerdict::Confirmed);
    assert!(matches!(of_time.reasons[..], [ClaimReason::InstructionsNotCounted(_)]));
}

#[test]
fn what_was_not_measured_decides_nothing() {
    assert_eq!(judged(&faster()).reasons, [ClaimReason::NotMeasured]);
    let impossible = ClaimEvidence { case: ClaimCase::Impossible(ClaimSetback::Emulated), ..faster() };
    assert_eq!(judged(&impossible).verdict, ClaimVerdict::Undecided);
    let mut failed = ClaimEvidence { pairs: Some(measured(&[])), ..faster() };
    let failure = crate::domain::Failure::default();
    failed.pairs.as_mut().unwrap().ended = Ended::Failed(Side::Candidate, failure);
    assert_eq!(judged(&failed).reasons, [ClaimReason::Failed(BenchmarkName::new("p", "t", "b"))]);
}

#[test]
fn every_type_must_be_as_small_as_expected() {
    let fact = |name: &str, holds| LayoutFact { name: name.into(), size: 8, expected_size: 8, holds };
    let claim = |types: &[&str], layout| ClaimEvidence {
        layout,
        ..evidence(
            Expectation::Layout(Vec::new()),
            Claimed::Layout(types.len()),
            ClaimCase::Layout(types.iter().map(ToString::to_string).collect()),
        )
    };
    let facts = Some(Ok(vec![fact("Option<&u8>", true), fact("Option<u8>", false)]));
    assert_eq!(judged(&claim(&["Option<&u8>"], facts.clone())).verdict, ClaimVerdict::Confirmed);
    let larger = judged(&claim(&["Option<&u8>", "Option<u8>"], facts.clone()));
    assert_eq!(larger.verdict, ClaimVerdict::Refuted);
    assert!(matches!(&larger.reasons[..], [ClaimReason::Larger(facts)] if facts.len() == 1));
    assert_eq!(judged(&claim(&["u64"], facts)).reasons, [ClaimReason::LayoutUnknown(vec!["u64".into()])]);
    let why = Some(Err("no".to_owned()));
    assert_eq!(judged(&claim(&["u64"], why)).verdict, ClaimVerdict::Undecided);
    assert_eq!(judged(&claim(&["u64"], None)).verdict, ClaimVerdict::Undecided);
}
