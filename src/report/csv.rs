//! The report for spreadsheets: a row for each metric of each benchmark, quoted as RFC 4180 says.

use crate::domain::{MetricOutcome, Report, Verdict, harmless};

use super::sentences;
use super::words::{self, Kind};

const HEADER: [&str; 18] = [
    "benchmark",
    "arch",
    "metric",
    "unit",
    "verdict",
    "baseline",
    "candidate",
    "change",
    "interval_low",
    "interval_high",
    "confidence",
    "threshold",
    "limit",
    "method",
    "pairs",
    "seconds",
    "reason",
    "accepted",
];

/// Writes a report as comma-separated values with a header row. What is unknown is empty.
pub(super) fn render(report: &Report) -> String {
    let kind = Kind::of(report);
    let mut text = record(HEADER);
    for benchmark in words::by_name(report) {
        let lead = [benchmark.name.to_string(), benchmark.arch.clone()];
        if benchmark.metrics.is_empty() {
            let verdict = if kind == Kind::Judged { benchmark.verdict().name() } else { "" };
            let mut fields = vec![String::new(); HEADER.len()];
            fields[..2].clone_from_slice(&lead);
            verdict.clone_into(&mut fields[4]);
            text.push_str(&record(fields));
        }
        for outcome in &benchmark.metrics {
            text.push_str(&record(lead.iter().cloned().chain(fields(outcome, kind))));
        }
    }
    text
}

fn fields(outcome: &MetricOutcome, kind: Kind) -> impl Iterator<Item = String> + use<> {
    let spoken = kind == Kind::Judged || outcome.verdict == Verdict::Failed;
    let verdict = if spoken { outcome.verdict.name() } else { "" };
    let (low, high) = outcome.interval.unzip();
    [
        outcome.metric.name().to_owned(),
        outcome.metric.unit().to_owned(),
        verdict.to_owned(),
        number(outcome.baseline),
        number(outcome.candidate),
        number(outcome.change),
        number(low),
        number(high),
        number(outcome.confidence),
        number(outcome.threshold),
        outcome.limit.display(outcome.metric),
        outcome.method.map(|method| method.to_string()).unwrap_or_default(),
        outcome.pairs.to_string(),
        number(Some(outcome.seconds)),
        outcome.reason.as_ref().map(sentences::reason).unwrap_or_default(),
        outcome.accepted.as_ref().map(|by| sentences::accepted(by, outcome.metric)).unwrap_or_default(),
    ]
    .into_iter()
}

/// A number with a point and no exponent; empty where there is none.
pub(super) fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map(|value| value.to_string()).unwrap_or_default()
}

/// One record with its line break.
pub(super) fn record(fields: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let quoted: Vec<String> = fields.into_iter().map(|field| quote(field.as_ref())).collect();
    format!("{}\r\n", quoted.join(","))
}

/// A field, in quotes where it needs them, and with nothing in it that a spreadsheet would do.
fn quote(field: &str) -> String {
    let field = &inert(field);
    if field.contains([',', '"', '\r', '\n']) || field != field.trim() {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// A field that a spreadsheet shows rather than calculates: what it takes for a formula gets an apostrophe before it, which
/// spreadsheets know as the mark of a text. Numbers stay numbers.
fn inert(field: &str) -> String {
    let field = harmless::line(field);
    let formula = field.trim_start().starts_with(FORMULA) && field.parse::<f64>().is_err();
    if formula { format!("'{field}") } else { field }
}

/// What a formula begins with, in some languages as a wide character.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads RFC 4180 text back.
    pub(in crate::report) fn parse(text: &str) -> Vec<Vec<String>> {
        let (mut records, mut fields, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => field.extend(characters.next()),
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(std::mem::take(&mut field)),
                '\r' if !quoted && characters.peek() == Some(&'\n') => {
                    characters.next();
                    fields.push(std::mem::take(&mut field));
                    records.push(std::mem::take(&mut fields));
                }
                other => field.push(other),
            }
        }
        assert!(!quoted && field.is_empty() && fields.is_empty(), "the last record is not finished");
        records
    }

    proptest! {
        #[test]
        fn whatever_is_written_reads_back(fields in prop::collection::vec("[a,\" é🦀]{0,8}", 1..6)) {
            prop_assert_eq!(parse(&record(&fields)), vec![fields]);
        }

        #[test]
        fn no_field_is_a_formula_and_numbers_stay(text in "[=+@\r\n\t -][^0-9]{0,8}", number in any::<f64>()) {
            let record = parse(&record([text.as_str(), &number.to_string()])).remove(0);
            prop_assert!(!record[0].trim_start().starts_with(FORMULA), "{}", record[0]);
            prop_assert!(!record[0].chars().any(harmless::is_harmful));
            prop_assert_eq!(&record[1], &number.to_string());
        }
    }
}
