//! Thresholds: the largest accepted worsening, and a cap on the value itself.
//!
//! Written as in the configuration: `5%`; `5% + 2ns` (both must be exceeded); `5% | 10us` (also caps the value);
//! `0` or `3` (counts: not one, or not more than three, more).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::metric::Metric;

/// The largest accepted worsening of one metric, and optionally the largest accepted value.
///
/// A candidate is worse when it exceeds the baseline by more than *both* the relative and the absolute part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    relative: f64,
    absolute: f64,
    cap: Option<f64>,
}

/// Why a text is no threshold for a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitError {
    text: String,
    metric: Metric,
    reason: Reason,
}

#[derive(Debug, Clone, PartialEq)]
enum Reason {
    Empty,
    NotANumber(String),
    NoUnit(String),
    UnknownUnit(String),
    NotPositive(String),
    Fraction(String),
    Twice,
    Order,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid {} threshold `{}`: {}", self.metric, self.text, self.reason())
    }
}

impl LimitError {
    /// What is wrong with the text, for a message that shows it already.
    pub fn reason(&self) -> String {
        let example = match self.metric {
            Metric::WallTime => "`5%`, `5% + 2ns` or `5% | 10us`",
            Metric::Instructions | Metric::BranchMisses => "`1%` or `1% + 200`",
            Metric::Allocations => "`0`, `2` or `10%`",
            Metric::AllocatedBytes | Metric::PeakBytes => "`5%` or `5% + 1KiB`",
        };
        let reason = match &self.reason {
            Reason::Empty => "a part is empty".to_owned(),
            Reason::NotANumber(part) => format!("`{part}` does not start with a number"),
            Reason::NoUnit(_) => "missing unit".to_owned(),
            Reason::UnknownUnit(unit) => format!("unknown unit `{unit}`"),
            Reason::NotPositive(part) => format!("`{part}` is not greater than zero"),
            Reason::Fraction(part) => format!("`{part}` is not a whole number"),
            Reason::Twice => "a percentage is given twice".to_owned(),
            Reason::Order => "the order is `relative + absolute | cap`".to_owned(),
        };
        format!("{reason} (try {example})")
    }
}

impl std::error::Error for LimitError {}

impl Limit {
    /// A purely relative limit: `0.05` accepts up to 5 % more. `None` unless finite and positive.
    pub fn relative(fraction: f64) -> Option<Self> {
        (fraction.is_finite() && fraction > 0.0).then_some(Self {
            relative: fraction,
            absolute: 0.0,
            cap: None,
        })
    }

    /// A purely absolute limit: accepts up to `amount` more. `None` unless finite and not negative.
    pub fn absolute(amount: f64) -> Option<Self> {
        (amount.is_finite() && amount >= 0.0).then_some(Self { relative: 0.0, absolute: amount, cap: None })
    }

    /// What the configuration says when it says nothing.
    pub fn default_for(metric: Metric) -> Self {
        let (relative, absolute) = match metric {
            Metric::WallTime | Metric::BranchMisses | Metric::AllocatedBytes | Metric::PeakBytes => {
                (0.05, 0.0)
            }
            Metric::Instructions => (0.01, 0.0),
            Metric::Allocations => (0.0, 0.0),
        };
        Self { relative, absolute, cap: None }
    }

    /// The largest accepted worsening of a baseline value, in the metric's unit.
    pub fn allowance(&self, baseline: f64) -> f64 {
        (self.relative * baseline.abs()).max(self.absolute)
    }

    /// The largest accepted worsening as a fraction of a baseline value; infinite when the baseline is zero and
    /// anything is allowed on top of it.
    pub fn fraction(&self, baseline: f64) -> f64 {
        if baseline == 0.0 {
            if self.absolute > 0.0 { f64::INFINITY } else { 0.0 }
        } else {
            self.relative.max(self.absolute / baseline.abs())
        }
    }

    /// The relative part alone, a fraction.
    pub fn relative_part(&self) -> f64 {
        self.relative
    }

    /// Whether there is an absolute part: then what is accepted depends on the baseline's value.
    pub fn has_absolute_part(&self) -> bool {
        self.absolute > 0.0
    }

    /// The largest accepted value, if one is set.
    pub fn cap(&self) -> Option<f64> {
        self.cap
    }

    /// Reads a limit of `metric`.
    ///
    /// # Errors
    /// No number, no unit or an unknown one, a percentage that is not positive, a part given twice.
    pub fn parse(text: &str, metric: Metric) -> Result<Self, LimitError> {
        let fail = |reason| LimitError { text: text.to_owned(), metric, reason };
        let (worsening, cap) = match text.split_once('|') {
            Some((worsening, cap)) => (worsening, Some(cap)),
            None => (text, None),
        };
        let mut limit = Self { relative: 0.0, absolute: 0.0, cap: None };
        let parts: Vec<&str> = worsening.split('+').map(str::trim).collect();
        match parts.as_slice() {
            [only] => match part(only, metric).map_err(fail)? {
                Part::Percent(fraction) => limit.relative = fraction,
                Part::Amount(amount) => limit.absolute = amount,
            },
            [first, second] => {
                match (part(first, metric).map_err(fail)?, part(second, metric).map_err(fail)?) {
                    (Part::Percent(fraction), Part::Amount(amount)) => {
                        limit.relative = fraction;
                        limit.absolute = amount;
                    }
                    (Part::Percent(_), Part::Percent(_)) => return Err(fail(Reason::Twice)),
                    _ => return Err(fail(Reason::Order)),
                }
            }
            _ => return Err(fail(Reason::Order)),
        }
        if let Some(cap) = cap {
            match part(cap.trim(), metric).map_err(fail)? {
                Part::Amount(amount) => limit.cap = Some(amount),
                Part::Percent(_) => return Err(fail(Reason::Order)),
            }
        }
        Ok(limit)
    }
}

impl Limit {
    /// The text that [`Limit::parse`] reads back, in the metric's base unit.
    pub fn display(&self, metric: Metric) -> String {
        let unit = match metric {
            Metric::WallTime => "ns",
            Metric::AllocatedBytes | Metric::PeakBytes => "B",
            Metric::Instructions | Metric::BranchMisses | Metric::Allocations => "",
        };
        let percent = |fraction: f64| format!("{}%", round_for_display(fraction * 100.0));
        let worsening = match (self.relative > 0.0, self.absolute > 0.0) {
            (true, true) => format!("{} + {}{unit}", percent(self.relative), self.absolute),
            (true, false) => percent(self.relative),
            (false, _) => format!("{}{unit}", self.absolute),
        };
        match self.cap {
            Some(cap) => format!("{worsening} | {cap}{unit}"),
            None => worsening,
        }
    }
}

/// Drops what multiplication by 100 adds behind the twelfth digit.
fn round_for_display(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

enum Part {
    Percent(f64),
    Amount(f64),
}

/// Reads one part: a percentage or an amount in a unit of the metric.
fn part(text: &str, metric: Metric) -> Result<Part, Reason> {
    if text.is_empty() {
        return Err(Reason::Empty);
    }
    let split =
        text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '_'))).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.replace('_', "").parse().map_err(|_| Reason::NotANumber(text.to_owned()))?;
    let unit = unit.trim();
    if unit == "%" {
        return if number > 0.0 {
            Ok(Part::Percent(number / 100.0))
        } else {
            Err(Reason::NotPositive(text.to_owned()))
        };
    }
    let scale = scale(unit, metric).ok_or_else(|| {
        if unit.is_empty() { Reason::NoUnit(text.to_owned()) } else { Reason::UnknownUnit(unit.to_owned()) }
    })?;
    if number < 0.0 || (number == 0.0 && metric == Metric::WallTime) {
        return Err(Reason::NotPositive(text.to_owned()));
    }
    if metric.is_count() && number.fract() != 0.0 && scale <= 1.0 {
        return Err(Reason::Fraction(text.to_owned()));
    }
    Ok(Part::Amount(number * scale))
}

/// How many base units one of `unit` is.
fn scale(unit: &str, metric: Metric) -> Option<f64> {
    match metric {
        Metric::WallTime => match unit {
            "ns" => Some(1.0),
            "us" | "µs" | "μs" => Some(1e3),
            "ms" => Some(1e6),
            "s" => Some(1e9),
            _ => None,
        },
        Metric::Instructions | Metric::BranchMisses | Metric::Allocations => unit.is_empty().then_some(1.0),
        Metric::AllocatedBytes | Metric::PeakBytes => match unit {
            "B" => Some(1.0),
            "kB" | "KB" => Some(1e3),
            "KiB" => Some(1024.0),
            "MB" => Some(1e6),
            "MiB" => Some(1024.0 * 1024.0),
            "GiB" => Some(1024.0 * 1024.0 * 1024.0),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, metric: Metric) -> Limit {
        Limit::parse(text, metric).unwrap()
    }

    #[test]
    fn both_parts_must_be_exceeded() {
        let limit = parse("5% + 2ns", Metric::WallTime);
        assert!((limit.allowance(10.0) - 2.0).abs() < 1e-12);
        assert!((limit.allowance(1000.0) - 50.0).abs() < 1e-12);
        assert!((limit.fraction(10.0) - 0.2).abs() < 1e-12);
        assert!((limit.fraction(1000.0) - 0.05).abs() < 1e-12);
    }

    #[test]
    fn a_cap_is_read_in_its_unit() {
        let limit = parse("5% | 10us", Metric::WallTime);
        assert_eq!(limit.cap(), Some(10_000.0));
        assert_eq!(parse("1KiB | 2 MiB", Metric::PeakBytes).cap(), Some(2.0 * 1024.0 * 1024.0));
    }

    #[test]
    fn not_one_more_is_a_limit_for_counts() {
        let limit = parse("0", Metric::Allocations);
        assert!(limit.allowance(7.0).abs() < f64::EPSILON);
        assert!(limit.fraction(0.0).abs() < f64::EPSILON);
        assert!(parse("3", Metric::Allocations).fraction(0.0).is_infinite());
    }

    #[test]
    fn what_is_displayed_reads_back() {
        for (text, metric) in [
            ("5%", Metric::WallTime),
            ("7%", Metric::WallTime),
            ("0.2%", Metric::Instructions),
            ("5% + 2ns | 10000ns", Metric::WallTime),
            ("0", Metric::Allocations),
            ("1% + 200", Metric::Instructions),
            ("1024B", Metric::PeakBytes),
        ] {
            let limit = parse(text, metric);
            assert_eq!(limit.display(metric), text);
            assert_eq!(parse(&limit.display(metric), metric), limit);
        }
    }

    #[test]
    fn bad_thresholds_are_refused_with_the_reason() {
        for (text, metric, reason) in [
            ("5", Metric::WallTime, "missing unit"),
            ("0%", Metric::WallTime, "greater than zero"),
            ("-5%", Metric::WallTime, "greater than zero"),
            ("-1", Metric::Allocations, "greater than zero"),
            ("NaN", Metric::WallTime, "does not start with a number"),
            ("nan%", Metric::WallTime, "does not start with a number"),
            ("inf%", Metric::WallTime, "does not start with a number"),
            ("", Metric::WallTime, "empty"),
            ("5% + ", Metric::WallTime, "empty"),
            ("5% + 3%", Metric::WallTime, "twice"),
            ("2ns + 5%", Metric::WallTime, "relative + absolute"),
            ("5% | 10%", Metric::WallTime, "relative + absolute"),
            ("5parsec", Metric::WallTime, "unknown unit `parsec`"),
            ("1.5", Metric::Allocations, "whole number"),
            ("0ns", Metric::WallTime, "greater than zero"),
        ] {
            let error = Limit::parse(text, metric).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
