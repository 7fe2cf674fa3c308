//! Figures for people: four significant digits for values, two or more for changes, never an exponent.

use crate::domain::{Metric, WorkUnit};

/// Significant digits of a value.
const DIGITS: i32 = 4;

/// Counts below this are written out in full.
const FULL_COUNT: f64 = 1e6;

/// Counts up to this are written out where that tells two of them apart.
const WRITTEN_OUT: f64 = 1e9;

/// What stands where a figure is not known.
pub const UNKNOWN: &str = "–";

/// A value of a metric with its unit: `1.234 µs`, `24 883`, `1.235 M`, `12.50 KiB`.
///
/// Instructions and allocations carry no unit: the metric's name says it.
pub fn value(metric: Metric, value: f64) -> String {
    if !value.is_finite() {
        return UNKNOWN.to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let amount = value.abs();
    let text = match metric {
        Metric::WallTime => scaled(amount, 1000.0, &["ns", "µs", "ms", "s"]),
        Metric::Instructions | Metric::BranchMisses | Metric::Allocations => {
            if amount.fract() == 0.0 && amount < FULL_COUNT {
                grouped(amount)
            } else {
                scaled(amount, 1000.0, &["", "k", "M", "G", "T"])
            }
        }
        Metric::AllocatedBytes | Metric::PeakBytes => {
            if amount.fract() == 0.0 && amount < 1024.0 {
                format!("{amount} B")
            } else {
                scaled(amount, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB"])
            }
        }
    };
    format!("{sign}{text}")
}

/// How much is got through in a second: `1.240 GiB/s`, `12.50 Melem/s`.
pub fn rate(unit: WorkUnit, each_second: f64) -> String {
    if !each_second.is_finite() || each_second < 0.0 {
        return UNKNOWN.to_owned();
    }
    let (step, units): (f64, [&str; 5]) = match unit {
        WorkUnit::Elements => (1000.0, ["elem/s", "Kelem/s", "Melem/s", "Gelem/s", "Telem/s"]),
        WorkUnit::Bytes => (1024.0, ["B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s"]),
        WorkUnit::BytesDecimal => (1000.0, ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"]),
        WorkUnit::Bits => (1000.0, ["b/s", "kb/s", "Mb/s", "Gb/s", "Tb/s"]),
    };
    scaled(each_second, step, &units)
}

/// A value that may be unknown.
pub fn optional_value(metric: Metric, figure: Option<f64>) -> String {
    figure.map_or_else(|| UNKNOWN.to_owned(), |figure| value(metric, figure))
}

/// Both values of a comparison. Counts below a billion that differ by less than four digits show are written out in
/// full.
pub fn both_values(metric: Metric, baseline: Option<f64>, candidate: Option<f64>) -> (String, String) {
    let short = (optional_value(metric, baseline), optional_value(metric, candidate));
    match (baseline, candidate) {
        (Some(before), Some(after))
            if metric.is_count()
                && (before - after).abs() > 0.0
                && short.0 == short.1
                && after.abs() < WRITTEN_OUT =>
        {
            let unit = if metric.unit() == "bytes" { " B" } else { "" };
            (format!("{}{unit}", grouped(before)), format!("{}{unit}", grouped(after)))
        }
        _ => short,
    }
}

/// What a metric's values went up or down by: `+7.5 %`, or `+3` from a baseline of nothing, which has no ratio.
pub fn change_of(
    metric: Metric,
    change: Option<f64>,
    baseline: Option<f64>,
    candidate: Option<f64>,
) -> String {
    if let Some(known) = change.filter(|change| change.is_finite()) {
        return percent(known);
    }
    match (baseline, candidate) {
        (Some(before), Some(after)) if before == 0.0 && after.is_finite() => {
            if after == 0.0 {
                "0 %".to_owned()
            } else {
                format!("+{}", value(metric, after))
            }
        }
        _ => String::new(),
    }
}

/// A signed fraction in percent: `+7.5 %`, `-12.3 %`, `+123 %`, `+0.31 %`, `0 %`; three decimals at most.
pub fn percent(fraction: f64) -> String {
    if !fraction.is_finite() {
        return UNKNOWN.to_owned();
    }
    if fraction == 0.0 {
        return "0 %".to_owned();
    }
    format!("{}{} %", if fraction < 0.0 { '-' } else { '+' }, unsigned_digits(fraction.abs() * 100.0))
}

/// A fraction in percent without a sign: a spread, a confidence.
pub fn plain_percent(fraction: f64) -> String {
    if !fraction.is_finite() {
        return UNKNOWN.to_owned();
    }
    format!("{} %", trim_zeros(&format!("{:.3}", fraction * 100.0)))
}

/// A spread around a value: `±0.8 %`; two significant digits.
pub fn spread(fraction: f64) -> String {
    if fraction == 0.0 {
        "±0 %".to_owned()
    } else {
        format!("±{} %", unsigned_digits(fraction.abs() * 100.0))
    }
}

/// The digits of a percentage, without the sign.
fn unsigned_digits(percentage: f64) -> String {
    let rounded = (percentage * 10.0).round() / 10.0;
    if rounded >= 100.0 {
        grouped(percentage)
    } else if rounded >= 1.0 {
        format!("{percentage:.1}")
    } else if percentage >= 0.1 {
        format!("{percentage:.2}")
    } else {
        format!("{percentage:.3}")
    }
}

/// An interval of fractions: `[+6.1 %, +8.9 %]`; an end that is not finite is open, and without ends it is nothing.
pub fn interval((low, high): (f64, f64)) -> String {
    if !low.is_finite() && !high.is_finite() {
        return String::new();
    }
    let end = |value: f64, open: &str| if value.is_finite() { percent(value) } else { open.to_owned() };
    format!("[{}, {}]", end(low, "-∞"), end(high, "+∞"))
}

/// How many times faster: `3.10×`.
pub fn ratio(times: f64) -> String {
    if times.is_finite() { format!("{}×", significant(times, 3)) } else { UNKNOWN.to_owned() }
}

/// A length of time: `0.42 s`, `9.1 s`, `2 min 5 s`, `1 h 5 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return UNKNOWN.to_owned();
    }
    if seconds < 0.995 {
        return format!("{seconds:.2} s");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round();
    if whole < 3600.0 {
        format!("{} min {} s", (whole / 60.0).floor(), whole % 60.0)
    } else {
        let minutes = (whole / 60.0).round();
        format!("{} h {} min", grouped((minutes / 60.0).floor()), minutes % 60.0)
    }
}

/// A whole number with a space between groups of three digits: `24 883`.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |rest| ("-", rest));
    let mut text = String::from(sign);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// An amount (not negative) in the unit that leaves the fewest digits before the point.
fn scaled(amount: f64, step: f64, units: &[&str]) -> String {
    let mut amount = amount;
    let mut place = 0;
    while place + 1 < units.len() && rounded(amount) >= step {
        amount /= step;
        place += 1;
    }
    let digits = significant(amount, DIGITS);
    match units.get(place) {
        Some(unit) if !unit.is_empty() => format!("{digits} {unit}"),
        _ => digits,
    }
}

/// An amount rounded to the digits that will be shown.
fn rounded(amount: f64) -> f64 {
    let factor = 10f64.powi(decimals(amount, DIGITS));
    (amount * factor).round() / factor
}

/// A number (not negative) with so many significant digits; digits before the point are never dropped.
fn significant(amount: f64, digits: i32) -> String {
    if amount == 0.0 {
        return "0".to_owned();
    }
    let mut places = decimals(amount, digits);
    let factor = 10f64.powi(places);
    if decimals((amount * factor).round() / factor, digits) < places {
        places -= 1;
    }
    if places <= 0 { grouped(amount) } else { format!("{amount:.*}", usize::try_from(places).unwrap_or(0)) }
}

/// How many decimals show `digits` significant digits of an amount: 0 to 6.
fn decimals(amount: f64, digits: i32) -> i32 {
    let mut places = digits - 1;
    let mut rest = amount;
    while rest >= 10.0 && places > 0 {
        rest /= 10.0;
        places -= 1;
    }
    while rest < 1.0 && rest > 0.0 && places < 6 {
        rest *= 10.0;
        places += 1;
    }
    places
}

/// Drops zeros behind the point, and the point if nothing is left behind it.
fn trim_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_have_four_digits_and_the_fitting_unit() {
        let cases = [
            (Metric::WallTime, 0.0, "0 ns"),
            (Metric::WallTime, 0.345, "0.3450 ns"),
            (Metric::WallTime, 9.999_96, "10.00 ns"),
            (Metric::WallTime, 999.94, "999.9 ns"),
            (Metric::WallTime, 999.96, "1.000 µs"),
            (Metric::WallTime, 1234.0, "1.234 µs"),
            (Metric::WallTime, 12_345_678.0, "12.35 ms"),
            (Metric::WallTime, 3.2e12, "3 200 s"),
            (Metric::Instructions, 1234.0, "1 234"),
            (Metric::Instructions, 24_883.0, "24 883"),
            (Metric::Instructions, 1_234_567.0, "1.235 M"),
            (Metric::Instructions, 12.5, "12.50"),
            (Metric::Allocations, 0.0, "0"),
            (Metric::PeakBytes, 512.0, "512 B"),
            (Metric::PeakBytes, 1023.99, "1.000 KiB"),
            (Metric::AllocatedBytes, 12_800.0, "12.50 KiB"),
            (Metric::AllocatedBytes, 1_048_575.9, "1.000 MiB"),
            (Metric::WallTime, f64::NAN, "–"),
        ];
        for (metric, figure, text) in cases {
            assert_eq!(value(metric, figure), text, "{metric} {figure}");
        }
    }

    #[test]
    fn rates_are_in_criterions_units() {
        for (unit, figure, text) in [
            (WorkUnit::Bytes, 1.24 * 1_073_741_824.0, "1.240 GiB/s"),
            (WorkUnit::BytesDecimal, 1.24e9, "1.240 GB/s"),
            (WorkUnit::Bits, 999.96e6, "1.000 Gb/s"),
            (WorkUnit::Elements, 12_500_000.0, "12.50 Melem/s"),
            (WorkUnit::Elements, 0.0, "0 elem/s"),
            (WorkUnit::Bytes, f64::INFINITY, "–"),
        ] {
            assert_eq!(rate(unit, figure), text);
        }
    }

    #[test]
    fn changes_show_their_sign_and_what_matters() {
        for (fraction, text) in [
            (0.0, "0 %"),
            (0.075, "+7.5 %"),
            (-0.1234, "-12.3 %"),
            (1.2345, "+123 %"),
            (12.0, "+1 200 %"),
            (0.0031, "+0.31 %"),
            (0.000_52, "+0.052 %"),
            (0.099_97, "+10.0 %"),
            (0.9999, "+100 %"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(percent(fraction), text, "{fraction}");
        }
        assert_eq!(interval((0.061, 0.089)), "[+6.1 %, +8.9 %]");
        assert_eq!(interval((0.061, f64::INFINITY)), "[+6.1 %, +∞]");
        assert_eq!(plain_percent(0.999), "99.9 %");
        assert_eq!(plain_percent(0.05), "5 %");
        assert_eq!(spread(0.008), "±0.80 %");
        assert_eq!(ratio(3.1), "3.10×");
        assert_eq!(ratio(12.345), "12.3×");
    }

    #[test]
    fn a_baseline_of_nothing_has_a_difference_but_no_ratio() {
        assert_eq!(change_of(Metric::Allocations, None, Some(0.0), Some(3.0)), "+3");
        assert_eq!(change_of(Metric::Allocations, Some(f64::INFINITY), Some(0.0), Some(3.0)), "+3");
        assert_eq!(change_of(Metric::Allocations, Some(f64::NAN), Some(0.0), Some(0.0)), "0 %");
        assert_eq!(change_of(Metric::Allocations, None, None, Some(3.0)), "");
    }

    #[test]
    fn counts_that_differ_are_seen_to_differ() {
        let (before, after) = both_values(Metric::Instructions, Some(234_567_890.0), Some(234_567_891.0));
        assert_eq!((before.as_str(), after.as_str()), ("234 567 890", "234 567 891"));
        let (before, after) = both_values(Metric::PeakBytes, Some(2_097_152.0), Some(2_097_153.0));
        assert_eq!((before.as_str(), after.as_str()), ("2 097 152 B", "2 097 153 B"));
    }

    #[test]
    fn lengths_of_time_read_naturally() {
        for (seconds, text) in [
            (0.42, "0.42 s"),
            (9.13, "9.1 s"),
            (59.96, "1 min 0 s"),
            (125.0, "2 min 5 s"),
            (3599.6, "1 h 0 min"),
            (3900.0, "1 h 5 min"),
        ] {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    proptest! {
        #[test]
        fn no_value_shows_an_exponent_or_runs_wide(exponent in -6f64..14.0, metric in 0usize..5) {
            let figure = 10f64.powf(exponent);
            let text = value(Metric::ALL[metric], figure);
            prop_assert!(!text.contains('e') && !text.contains('E'), "{}", text);
            prop_assert!(text.chars().count() <= 12, "{}", text);
        }

        #[test]
        fn a_time_reads_back_within_its_digits(figure in 1f64..1e12) {
            let text = value(Metric::WallTime, figure);
            let (number, unit) = text.rsplit_once(' ').unwrap();
            let scale = match unit { "ns" => 1.0, "µs" => 1e3, "ms" => 1e6, _ => 1e9 };
            let back = number.replace(' ', "").parse::<f64>().unwrap() * scale;
            prop_assert!((back / figure - 1.0).abs() <= 0.000_51, "{} from {}", text, figure);
            prop_assert_eq!(number.chars().filter(char::is_ascii_digit).count(), 4);
        }
    }
}
