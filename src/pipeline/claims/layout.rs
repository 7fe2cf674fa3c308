//! Claims about layout, from what the harness says of its types on the target. Pure.

use serde::Deserialize;

use super::resolve::Resolved;
use crate::domain::{ClaimOutcome, ClaimVerdict};

/// One line of the harness's binary `perfguard-layout`.
#[derive(Debug, Deserialize)]
struct Fact {
    #[serde(rename = "type")]
    name: String,
    size: u64,
    expected_size: u64,
    holds: bool,
}

/// What the facts say about a claim of these types.
pub(super) fn outcome(
    resolved: &Resolved,
    types: &[String],
    facts: Option<&Result<String, String>>,
) -> ClaimOutcome {
    let text = match facts {
        Some(Ok(text)) => text,
        Some(Err(reason)) => return resolved.open(reason.clone()),
        None => return resolved.open("the harness was not asked about layout"),
    };
    let facts: Vec<Fact> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let fact = |wanted: &String| facts.iter().find(|fact| fact.name == *wanted);
    let unknown: Vec<&str> =
        types.iter().filter(|wanted| fact(wanted).is_none()).map(String::as_str).collect();
    if !unknown.is_empty() {
        return resolved.open(format!("the harness says nothing about {}", unknown.join(", ")));
    }
    let larger: Vec<String> = types
        .iter()
        .filter_map(fact)
        .filter(|fact| !fact.holds)
        .map(|fact| format!("{} takes {} bytes, not {}", fact.name, fact.size, fact.expected_size))
        .collect();
    if larger.is_empty() {
        ClaimOutcome { verdict: ClaimVerdict::Confirmed, reason: None, ..resolved.open("") }
    } else {
        ClaimOutcome { verdict: ClaimVerdict::Refuted, ..resolved.open(larger.join("; ")) }
    }
}
