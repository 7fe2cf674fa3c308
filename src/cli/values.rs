//! Values as they are typed, on the command line or in the configuration: each is read here, once.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::builder::{PathBufValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use jiff::{Span, SpanRelativeTo};

use crate::domain::harmless::is_harmful;
use crate::domain::{Acceptance, AcceptanceSource, CommitId, Limit, Metric, Partition};
use crate::judge::check_patterns;
use crate::report::Format;
use crate::source::GivenLock;

/// The longest duration that is a budget or a timeout, and not a typing error.
const DAY: Duration = Duration::from_hours(24);

const DURATIONS: &str = "`10s` or `500ms`";
const AGES: &str = "`90d` or `12h`";

/// Why a text is no value. Worded to follow the text itself and a colon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("missing unit (try {0})")]
    NoUnit(&'static str),
    #[error("not a duration (try `10s` or `500ms`)")]
    NotADuration,
    #[error("must be more than zero and at most a day")]
    OutOfRange,
    #[error("not an age (try `90d` or `12h`)")]
    NotAnAge,
    #[error("{0}")]
    Limit(String),
    #[error("{0}")]
    Metric(String),
    #[error("not a size (try 10GB or 500MB)")]
    NotASize,
    #[error("not a run (try `last`, or its number in the store)")]
    NotARun,
    #[error("{0}")]
    Partition(String),
    #[error("not of the form NAME=LIMIT, as in `parser::*=25%`")]
    NoAcceptance,
    #[error("it must be NAME=VALUE, with letters, digits and `_` in the name")]
    Variable,
    #[error("{0}")]
    Pattern(String),
    #[error("at least one metric is needed")]
    NoMetric,
    #[error("{0}")]
    Name(&'static str),
    #[error("filters stand behind `--`: write `-- {0}`")]
    Misplaced(String),
}

/// Units of sizes, in bytes.
const SIZES: [(&str, f64); 7] = [
    ("b", 1.0),
    ("mb", 1e6),
    ("gb", 1e9),
    ("tb", 1e12),
    ("mib", 1_048_576.0),
    ("gib", 1_073_741_824.0),
    ("tib", 1_099_511_627_776.0),
];

/// Reads a duration: `10s`, `500ms`, `2m`.
pub(crate) fn duration(text: &str) -> Result<Duration, ValueError> {
    let duration = span(text, DURATIONS, ValueError::NotADuration)?;
    if duration > Duration::ZERO && duration <= DAY { Ok(duration) } else { Err(ValueError::OutOfRange) }
}

/// Reads a size: `10GB`, `500 MB`, `2GiB`.
pub(crate) fn size(text: &str) -> Result<u64, ValueError> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic()).ok_or(ValueError::NotASize)?;
    let (number, unit) = (text[..end].trim(), text[end..].to_ascii_lowercase());
    let (_, factor) = SIZES.iter().find(|(name, _)| *name == unit).ok_or(ValueError::NotASize)?;
    let number: f64 = number.parse().map_err(|_| ValueError::NotASize)?;
    let bytes = number * factor;
    if !(0.0..=1e18).contains(&bytes) {
        return Err(ValueError::OutOfRange);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in the range")]
    Ok(bytes as u64)
}

/// Reads an age: `90d`, `12h`, or anything that a duration may be.
pub(crate) fn age(text: &str) -> Result<Duration, ValueError> {
    span(text, AGES, ValueError::NotAnAge)
}

fn span(text: &str, examples: &'static str, otherwise: ValueError) -> Result<Duration, ValueError> {
    let text = text.trim();
    if text.parse::<f64>().is_ok_and(f64::is_finite) {
        return Err(ValueError::NoUnit(examples));
    }
    let span: Span = text.parse().map_err(|_| otherwise.clone())?;
    // A day is 24 hours; months and years have no fixed length, and are refused.
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| otherwise)?;
    Duration::try_from(duration).map_err(|_| ValueError::OutOfRange)
}

/// Limits by metric, as one `--threshold` sets them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limits(pub(crate) Vec<(Metric, Limit)>);

/// Reads a threshold: `5%` for every relative metric, or `wall-time=3%`.
pub(crate) fn limits(text: &str) -> Result<Limits, ValueError> {
    if let Some((name, limit)) = text.split_once('=') {
        let metric = metric(name)?;
        return Ok(Limits(vec![(metric, one_limit(limit.trim(), metric)?)]));
    }
    let relative = Metric::ALL.into_iter().filter(|metric| *metric != Metric::Allocations);
    relative.map(|metric| Ok((metric, one_limit(text, metric)?))).collect::<Result<_, _>>().map(Limits)
}

fn one_limit(text: &str, metric: Metric) -> Result<Limit, ValueError> {
    Limit::parse(text, metric).map_err(|error| ValueError::Limit(error.reason()))
}

/// Reads the name of a metric.
pub(crate) fn metric(text: &str) -> Result<Metric, ValueError> {
    text.trim()
        .parse()
        .map_err(|error: crate::domain::metric::UnknownMetric| ValueError::Metric(error.to_string()))
}

/// Metrics in their order, each once.
pub(crate) fn metrics(names: &[Metric]) -> Result<Vec<Metric>, ValueError> {
    let mut metrics = names.to_vec();
    metrics.sort_unstable();
    metrics.dedup();
    if metrics.is_empty() { Err(ValueError::NoMetric) } else { Ok(metrics) }
}

/// Reads what is accepted: `parser::parse::*=25%`, or of one metric `parser::parse::*=wall-time=25%`.
pub(crate) fn acceptance(text: &str) -> Result<Acceptance, ValueError> {
    let (before, limit) = text.trim().rsplit_once('=').ok_or(ValueError::NoAcceptance)?;
    let limit = limit.trim();
    // A name may hold `=` itself: only a metric is taken off.
    let named = before.rsplit_once('=').and_then(|(name, last)| Some((name, metric(last).ok()?)));
    let (name, up_to) = if let Some((name, metric)) = named {
        (name, [(metric, one_limit(limit, metric)?)].into())
    } else {
        let fitting = |metric| Some((metric, Limit::parse(limit, metric).ok()?));
        let up_to: BTreeMap<Metric, Limit> = Metric::ALL.into_iter().filter_map(fitting).collect();
        if up_to.is_empty() {
            one_limit(limit, Metric::WallTime)?;
        }
        (before, up_to)
    };
    if name.trim().is_empty() {
        return Err(ValueError::NoAcceptance);
    }
    if up_to.values().any(|limit| limit.cap().is_some()) {
        return Err(ValueError::Limit("only how much worse it gets can be accepted (try `25%`)".to_owned()));
    }
    let benchmarks = vec![name.trim().to_owned()];
    check_patterns(&benchmarks).map_err(|error| ValueError::Pattern(error.to_string()))?;
    let source = AcceptanceSource::Flag;
    Ok(Acceptance { source, benchmarks, up_to, arch: Vec::new(), reason: String::new() })
}

/// Reads a variable of the environment: `NAME=VALUE`.
pub(crate) fn variable(text: &str) -> Result<(String, String), ValueError> {
    let (name, value) = text.split_once('=').ok_or(ValueError::Variable)?;
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(part) {
        return Err(ValueError::Variable);
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads a lock file, now: what is built later is what was meant when the command was given.
pub(crate) fn lock_file() -> impl TypedValueParser<Value = GivenLock> {
    PathBufValueParser::new().try_map(|path| GivenLock::read(&path))
}

/// Refuses a filter of `compare` that stands where a revision would.
pub(crate) fn behind_dashes(text: &str) -> Result<String, ValueError> {
    Err(ValueError::Misplaced(text.to_owned()))
}

/// Reads what tells comments apart. It stands in a mark that must not end early.
pub(crate) fn comment_key(text: &str) -> Result<String, ValueError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) || text.contains("--") {
        return Err(ValueError::Name("must be up to 64 letters, digits, `.`, `_` and single `-`"));
    }
    Ok(text.to_owned())
}

/// Reads the name of a check run.
pub(crate) fn check_name(text: &str) -> Result<String, ValueError> {
    if text.trim().is_empty() || text.chars().count() > 100 || text.chars().any(is_harmful) {
        return Err(ValueError::Name("must be up to 100 characters that can be seen"));
    }
    Ok(text.to_owned())
}

/// Reads a whole commit.
pub(crate) fn commit(text: &str) -> Result<CommitId, ValueError> {
    CommitId::from_hex(text.trim()).ok_or(ValueError::Name("not a commit: its 40 digits are needed"))
}

/// Reads a part of the work: `target:1/4`.
pub(crate) fn partition(text: &str) -> Result<Partition, ValueError> {
    text.parse().map_err(|error: crate::domain::NoPartition| ValueError::Partition(error.to_string()))
}

/// Which stored run is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunChoice {
    /// The newest one that was completed.
    Last,
    /// The one of this number.
    Number(i64),
}

/// Reads which stored run is meant.
pub(crate) fn run(text: &str) -> Result<RunChoice, ValueError> {
    match text {
        "last" => Ok(RunChoice::Last),
        number => number.parse().map(RunChoice::Number).map_err(|_| ValueError::NotARun),
    }
}

/// Reads the name of a format, with what each is for in the help.
pub(crate) fn format() -> impl TypedValueParser<Value = Format> {
    let known = Format::ALL.map(|format| PossibleValue::new(format.name()).help(format.purpose()));
    PossibleValuesParser::new(known).try_map(|name| name.parse::<Format>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        for (text, milliseconds) in [
            ("10s", 10_000),
            ("500ms", 500),
            ("2m", 120_000),
            (" 2.5s ", 2500),
            ("1min", 60_000),
            ("1m 5s", 65_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for (text, error) in [
            ("10", ValueError::NoUnit(DURATIONS)),
            ("-1", ValueError::NoUnit(DURATIONS)),
            ("0s", ValueError::OutOfRange),
            ("-1s", ValueError::OutOfRange),
            ("25h", ValueError::OutOfRange),
            ("soon", ValueError::NotADuration),
            ("1month", ValueError::NotADuration),
            ("nans", ValueError::NotADuration),
            ("", ValueError::NotADuration),
        ] {
            assert_eq!(duration(text), Err(error), "{text}");
        }
    }

    #[test]
    fn sizes_are_read_with_their_unit() {
        for (text, bytes) in
            [("10GB", 10_000_000_000), ("500 MB", 500_000_000), ("2GiB", 2_147_483_648), ("0b", 0)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for nonsense in ["", "10", "GB", "ten GB", "10 parsecs", "1e", "inf GB"] {
            assert_eq!(size(nonsense), Err(ValueError::NotASize), "{nonsense}");
        }
        assert_eq!(size("-1GB"), Err(ValueError::OutOfRange));
    }

    #[test]
    fn ages_are_longer_than_durations() {
        assert_eq!(age("90d"), Ok(Duration::from_hours(24 * 90)));
        assert_eq!(age("12h"), Ok(Duration::from_hours(12)));
        assert_eq!(age("0d"), Ok(Duration::ZERO));
        assert_eq!(age("90"), Err(ValueError::NoUnit(AGES)));
        assert_eq!(age("old"), Err(ValueError::NotAnAge));
        assert_eq!(age("-1d"), Err(ValueError::OutOfRange));
    }

    #[test]
    fn a_threshold_is_for_one_metric_or_for_every_relative_one() {
        let Limits(all) = limits("5%").unwrap();
        assert_eq!(all.len(), 5);
        assert!(all.iter().all(|(metric, _)| *metric != Metric::Allocations));
        let Limits(one) = limits("allocations=2").unwrap();
        assert_eq!(one, [(Metric::Allocations, Limit::absolute(2.0).unwrap())]);
    }

    #[test]
    fn an_acceptance_is_a_name_and_how_much_worse_it_may_get() {
        let all = acceptance("p::t::*=25%").unwrap();
        assert_eq!((&all.benchmarks[..], all.up_to.len()), (&["p::t::*".to_owned()][..], 6));
        assert_eq!(all.source, AcceptanceSource::Flag);
        let time = acceptance("p::t::n=5 = wall-time=2ns").unwrap();
        assert_eq!(time.benchmarks, ["p::t::n=5"]);
        assert_eq!(
            time.up_to,
            BTreeMap::from([(Metric::WallTime, Limit::parse("2ns", Metric::WallTime).unwrap())])
        );
        let counts = acceptance("p::t::n=5=3").unwrap();
        assert!(
            !counts.up_to.contains_key(&Metric::WallTime) && counts.up_to.contains_key(&Metric::Allocations)
        );
        for nonsense in ["", "p::t::x", "=25%", "p=much", "p=wall-time=3", "p=5% | 5ns", "p::[=5%"] {
            assert!(acceptance(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn a_key_stays_within_its_mark() {
        assert_eq!(comment_key("linux-x86_64.1").as_deref(), Ok("linux-x86_64.1"));
        for wrong in ["", "a b", "a--b", "-->", "a>", &"a".repeat(65)] {
            assert!(comment_key(wrong).is_err(), "{wrong}");
        }
        assert!(check_name("perf / guard").is_ok());
        for wrong in ["", " ", "a\nb", &"a".repeat(101)] {
            assert!(check_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn metrics_come_in_their_order_and_once() {
        let names = [Metric::Instructions, Metric::WallTime, Metric::Instructions];
        assert_eq!(metrics(&names), Ok(vec![Metric::WallTime, Metric::Instructions]));
        assert_eq!(metrics(&[]), Err(ValueError::NoMetric));
    }
}
