//! A baseline file as text.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::domain::{BuildFingerprint, MachineFacts, Metric, harmless};

use super::{BaselineClaim, BaselineFile, BaselineResult, END, FORMAT, build_name};

/// Significant digits of values and ratios: far below what any machine can tell apart.
const VALUE_DIGITS: usize = 6;
/// Significant digits of spreads.
const SPREAD_DIGITS: usize = 3;

impl BaselineFile {
    /// The text: the same results give the same bytes.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "# Written by `cargo perfguard baseline export`: review it like code, do not edit it by hand."
        )?;
        writeln!(out, "format = {FORMAT}")?;
        writeln!(out, "arch = {}", harmless::toml(&self.arch))?;
        if self.is_emulated() {
            writeln!(out, "\n# Emulated on this machine: counts are the program's own, times are left out.")?;
        }
        write_machine(out, &self.machine)?;
        let of_results = self.results.values().map(|result| &result.build);
        let of_claims = self.claims.values().map(|claim| &claim.build);
        let builds: BTreeMap<String, &BuildFingerprint> =
            of_results.chain(of_claims).map(|build| (build_name(build), build)).collect();
        for (name, build) in builds {
            writeln!(out, "\n[build.{name}]")?;
            for (field, value) in build.fields() {
                writeln!(out, "{field} = {}", harmless::toml(&value))?;
            }
        }
        let mut last = None;
        for ((benchmark, metric), result) in &self.results {
            if last != Some(benchmark) {
                writeln!(out, "\n[benchmark.{}]", harmless::toml(&benchmark.to_string()))?;
                last = Some(benchmark);
            }
            write_result(out, *metric, result)?;
        }
        if !self.claims.is_empty() {
            writeln!(out, "\n[claim]")?;
        }
        for (name, claim) in &self.claims {
            write_claim(out, name, claim)?;
        }
        writeln!(out, "\n{END}")
    }
}

fn write_machine(out: &mut String, machine: &MachineFacts) -> fmt::Result {
    writeln!(out, "\n[machine]")?;
    let cpu = &machine.cpu;
    let texts = [
        ("key", machine.key.as_str()),
        ("arch", &machine.arch),
        ("os", &machine.os),
        ("vendor", &cpu.vendor),
        ("model", &cpu.model),
        ("family", &cpu.family),
        ("number", &cpu.number),
        ("stepping", &cpu.stepping),
    ];
    for (field, value) in texts {
        writeln!(out, "{field} = {}", harmless::toml(value))?;
    }
    writeln!(out, "logical-cpus = {}", machine.logical_cpus)?;
    if let Some(hypervisor) = &machine.hypervisor {
        writeln!(out, "hypervisor = {}", harmless::toml(hypervisor))?;
    }
    writeln!(out, "caches = [")?;
    for cache in &machine.caches {
        let kind = harmless::toml(&cache.kind);
        writeln!(out, "    {{ level = {}, kind = {kind}, bytes = {} }},", cache.level, cache.bytes)?;
    }
    let features: Vec<_> = cpu.features.iter().map(|feature| harmless::toml(feature)).collect();
    writeln!(out, "]\nfeatures = [{}]", features.join(", "))
}

fn write_result(out: &mut String, metric: Metric, result: &BaselineResult) -> fmt::Result {
    write!(out, "{} = {{ value = {}", metric.name(), Number(stable(metric, result.value)))?;
    for (field, spread) in [("spread", result.spread), ("launch-spread", result.launch_spread)] {
        if let Some(spread) = spread {
            write!(out, ", {field} = {}", Number(rounded(spread, SPREAD_DIGITS)))?;
        }
    }
    write!(out, ", occasions = {}, launches = {}", result.runs, result.launches)?;
    writeln!(
        out,
        ", commit = {}, build = \"{}\" }}",
        harmless::toml(result.commit.as_str()),
        build_name(&result.build)
    )
}

fn write_claim(out: &mut String, name: &str, claim: &BaselineClaim) -> fmt::Result {
    write!(out, "{} = {{ verdict = \"{}\"", harmless::toml(name), claim.verdict.name())?;
    if let Some(ratio) = claim.ratio {
        write!(out, ", ratio = {}", figure(ratio))?;
    }
    if let Some((low, high)) = claim.interval {
        write!(out, ", interval = [{}, {}]", figure(low), figure(high))?;
    }
    write!(out, ", at-least = {}", figure(claim.at_least))?;
    writeln!(
        out,
        ", commit = {}, build = \"{}\" }}",
        harmless::toml(claim.commit.as_str()),
        build_name(&claim.build)
    )
}

/// Counts that are whole are exact: one more instruction is a difference.
pub(super) fn stable(metric: Metric, value: f64) -> f64 {
    if metric.is_count() && value.fract() == 0.0 { value } else { rounded(value, VALUE_DIGITS) }
}

fn figure(value: f64) -> Number {
    Number(rounded(value, VALUE_DIGITS))
}

/// A number as TOML reads it back: digits alone are a whole number there, which has an end.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_finite() && self.0.abs() >= 1e15 { write!(f, "{:e}", self.0) } else { self.0.fmt(f) }
    }
}

/// Rounds to significant digits. Rounding twice changes nothing.
pub(super) fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}
