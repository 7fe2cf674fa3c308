//! Text as a baseline file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::domain::{
    BuildFingerprint, CacheLevel, ClaimVerdict, CommitId, CpuIdentity, Instrument, MachineFacts, MachineKey,
    NoInstrument,
};

use super::{
    BaselineClaim, BaselineFile, BaselineFileError, BaselineProblem, BaselineResult, END, FORMAT, name_of,
};

impl BaselineFile {
    /// Reads the text that [`BaselineFile::to_text`] writes.
    ///
    /// # Errors
    /// Not such a text, cut short, of a newer format, or changed by hand into something that cannot be; with the line.
    pub fn parse(text: &str) -> Result<Self, BaselineFileError> {
        check_format(text)?;
        check_end(text)?;
        let wire: WireFile = toml::from_str(text).map_err(|error| {
            let problem = BaselineProblem::Syntax(error.message().to_owned());
            at(text, error.span().unwrap_or_default(), problem)
        })?;
        let builds = builds(text, wire.build, &wire.arch)?;
        let mut results = BTreeMap::new();
        for (name, metrics) in wire.benchmark {
            let name = name.parse().map_err(|error| at_value(text, &metrics, error))?;
            for (metric, result) in metrics.into_inner() {
                let metric = metric.parse().map_err(|error| at_value(text, &result, error))?;
                let place = result.span();
                let result =
                    result.into_inner().check(&builds).map_err(|problem| at(text, place, problem))?;
                results.insert((Clone::clone(&name), metric), result);
            }
        }
        let mut claims = BTreeMap::new();
        for (name, claim) in wire.claim {
            let place = claim.span();
            let claim = claim.into_inner().check(&builds).map_err(|problem| at(text, place, problem))?;
            claims.insert(name, claim);
        }
        Ok(Self { arch: wire.arch, machine: wire.machine.into(), results, claims })
    }
}

/// Checks the first line that says anything before anything else is read: a newer format may be no TOML at all.
fn check_format(text: &str) -> Result<(), BaselineFileError> {
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !is_blank(line));
    let Some((first, line)) = lines.next() else {
        return Err(BaselineFileError { line: 1, problem: BaselineProblem::NoFormat });
    };
    let found = first.split_once('=').filter(|(key, _)| key.trim() == "format");
    let found: Option<i64> = found.and_then(|(_, value)| value.split('#').next()?.trim().parse().ok());
    match found {
        Some(FORMAT) => Ok(()),
        Some(found) if found > FORMAT => {
            Err(BaselineFileError { line, problem: BaselineProblem::Newer { found } })
        }
        _ => Err(BaselineFileError { line, problem: BaselineProblem::NoFormat }),
    }
}

fn check_end(text: &str) -> Result<(), BaselineFileError> {
    let last = text.lines().rfind(|line| !is_blank(line));
    if last.is_some_and(|line| line.trim() == END) {
        return Ok(());
    }
    Err(BaselineFileError { line: text.lines().count().max(1), problem: BaselineProblem::Truncated })
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// A problem with the place it is at.
fn at(text: &str, place: Range<usize>, problem: BaselineProblem) -> BaselineFileError {
    let before = text.get(..place.start).unwrap_or_default();
    BaselineFileError { line: 1 + before.matches('\n').count(), problem }
}

fn at_value<T>(text: &str, value: &Spanned<T>, problem: impl Into<BaselineProblem>) -> BaselineFileError {
    at(text, value.span(), problem.into())
}

type Builds = BTreeMap<String, BuildFingerprint>;

fn builds(
    text: &str,
    wire: BTreeMap<String, Spanned<WireBuild>>,
    arch: &str,
) -> Result<Builds, BaselineFileError> {
    let mut builds = Builds::new();
    for (name, build) in wire {
        let place = build.span();
        let wire = build.into_inner();
        let instrument = wire.instrument.text.clone();
        let build = BuildFingerprint::from(wire);
        // By the words of the file: an earlier version of this program had others for some instruments.
        let written = build.fields().map(|(field, value)| match field {
            "instrument" => (field, instrument.clone()),
            _ => (field, value),
        });
        if name_of(&written) != name {
            return Err(at(text, place, BaselineProblem::ChangedBuild(name)));
        }
        if build.arch() != arch {
            let (found, expected) = (build.arch().to_owned(), arch.to_owned());
            return Err(at(text, place, BaselineProblem::OtherArch { found, expected }));
        }
        builds.insert(name, build);
    }
    Ok(builds)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireFile {
    #[serde(rename = "format")]
    _format: i64,
    arch: String,
    machine: WireMachine,
    #[serde(default)]
    build: BTreeMap<String, Spanned<WireBuild>>,
    #[serde(default)]
    benchmark: BTreeMap<String, Spanned<BTreeMap<String, Spanned<WireResult>>>>,
    #[serde(default)]
    claim: BTreeMap<String, Spanned<WireClaim>>,
    #[serde(rename = "end")]
    _end: WireEnd,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEnd {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WireMachine {
    key: String,
    arch: String,
    os: String,
    vendor: String,
    model: String,
    family: String,
    number: String,
    stepping: String,
    logical_cpus: u32,
    hypervisor: Option<String>,
    caches: Vec<WireCache>,
    features: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCache {
    level: u8,
    kind: String,
    bytes: u64,
}

impl From<WireMachine> for MachineFacts {
    fn from(wire: WireMachine) -> Self {
        let cache = |WireCache { level, kind, bytes }| CacheLevel { level, kind, bytes };
        Self {
            key: MachineKey::new(wire.key),
            arch: wire.arch,
            os: wire.os,
            cpu: CpuIdentity {
                vendor: wire.vendor,
                model: wire.model,
                family: wire.family,
                number: wire.number,
                stepping: wire.stepping,
                features: wire.features,
            },
            caches: wire.caches.into_iter().map(cache).collect(),
            logical_cpus: wire.logical_cpus,
            hypervisor: wire.hypervisor,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireBuild {
    rustc: String,
    host: String,
    target: String,
    profile: String,
    settings: String,
    features: String,
    rustflags: String,
    instrument: WrittenInstrument,
}

/// An instrument, and the words of the file for it.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct WrittenInstrument {
    text: String,
    instrument: Instrument,
}

impl TryFrom<String> for WrittenInstrument {
    type Error = NoInstrument;

    fn try_from(text: String) -> Result<Self, NoInstrument> {
        Ok(Self { instrument: text.parse()?, text })
    }
}

impl From<WireBuild> for BuildFingerprint {
    fn from(wire: WireBuild) -> Self {
        Self {
            rustc: wire.rustc,
            host: wire.host,
            target: wire.target,
            profile: wire.profile,
            settings: wire.settings,
            features: wire.features,
            rustflags: wire.rustflags,
            instrument: wire.instrument.instrument,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WireResult {
    value: f64,
    spread: Option<f64>,
    launch_spread: Option<f64>,
    #[serde(rename = "occasions")]
    runs: u32,
    launches: u32,
    commit: String,
    build: String,
}

impl WireResult {
    fn check(self, builds: &Builds) -> Result<BaselineResult, BaselineProblem> {
        not_negative("value", self.value)?;
        self.spread.map_or(Ok(()), |spread| not_negative("spread", spread))?;
        self.launch_spread.map_or(Ok(()), |spread| not_negative("launch-spread", spread))?;
        if self.runs == 0 {
            return Err(figure("occasions", "at least 1"));
        }
        if self.launches < self.runs {
            return Err(figure("launches", "at least as many as `occasions`"));
        }
        Ok(BaselineResult {
            commit: commit(self.commit)?,
            build: build(&self.build, builds)?,
            value: self.value,
            spread: self.spread,
            launch_spread: self.launch_spread,
            runs: self.runs,
            launches: self.launches,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WireClaim {
    verdict: String,
    ratio: Option<f64>,
    interval: Option<(f64, f64)>,
    at_least: f64,
    commit: String,
    build: String,
}

impl WireClaim {
    fn check(self, builds: &Builds) -> Result<BaselineClaim, BaselineProblem> {
        let all = [ClaimVerdict::Confirmed, ClaimVerdict::Refuted, ClaimVerdict::Undecided];
        let Some(verdict) = all.into_iter().find(|known| known.name() == self.verdict) else {
            return Err(BaselineProblem::Verdict(self.verdict));
        };
        self.ratio.map_or(Ok(()), |ratio| not_negative("ratio", ratio))?;
        not_negative("at-least", self.at_least)?;
        if let Some((low, high)) = self.interval {
            not_negative("interval", low)?;
            if high.is_nan() || high < low {
                return Err(figure("interval", "two numbers, the smaller one first"));
            }
        }
        Ok(BaselineClaim {
            commit: commit(self.commit)?,
            build: build(&self.build, builds)?,
            verdict,
            ratio: self.ratio,
            interval: self.interval,
            at_least: self.at_least,
        })
    }
}

fn figure(field: &'static str, expected: &'static str) -> BaselineProblem {
    BaselineProblem::Figure { field, expected }
}

fn not_negative(field: &'static str, value: f64) -> Result<(), BaselineProblem> {
    if value.is_finite() && value >= 0.0 {
        Ok(())
    } else {
        Err(figure(field, "a number that is not negative"))
    }
}

fn commit(text: String) -> Result<CommitId, BaselineProblem> {
    CommitId::from_hex(&text).ok_or(BaselineProblem::Commit(text))
}

fn build(name: &str, builds: &Builds) -> Result<BuildFingerprint, BaselineProblem> {
    builds.get(name).cloned().ok_or_else(|| BaselineProblem::UnknownBuild(name.to_owned()))
}
