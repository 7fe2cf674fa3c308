//! A run as text, and back: JSON, one value a line, so that git and people can read it.
//!
//! The first line says the format and what the run is. Then come the things that others refer to (`revision`, `build`,
//! `executable`), each referred to by its place among its kind, then measurements, then comparisons. docs/history.md
//! describes every line. What is read may come from anyone: every number is checked, and what may become a path leads
//! below a folder of ours.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::domain::{
    BenchSummary, BenchmarkName, BuildFingerprint, CommitId, Digest, LayoutSeed, LinkSummary, MachineFacts,
    MeasurementKey, Metric, Phase, Provenance, Revision, RunUid, Sample, SampleSet, Schedule,
    SharedComparison, SharedLaunch, SharedMeasurement, SharedPair, SharedRun, Side, Sides, SummaryFacts,
    TreeId, is_below,
};
use crate::support::hex::{bytes_of, hexadecimal};

/// The newest format that this program writes and reads.
const FORMAT: u32 = 2;
/// The format without benches: runs that have none are read by programs that know no other.
const WITHOUT_BENCHES: u32 = 1;
/// A run of more bytes is not read.
pub const LARGEST: u64 = 64 << 20;
/// The longest name, version or setting.
const LONGEST: usize = 4096;
/// The end of the year 9999, in milliseconds since the Unix epoch.
const LATEST_MS: i64 = 253_402_300_799_999;

/// Why a text is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A newer program wrote it.
    #[error("it has format {0}, which a newer version of this program wrote; this one knows {FORMAT}")]
    Newer(u32),
    /// It is larger than anything that is read.
    #[error("it is larger than {} MiB", LARGEST >> 20)]
    Large,
    /// It is something else, or damaged.
    #[error("line {line}: {why}")]
    Broken {
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

/// The first line of every format.
#[derive(Deserialize)]
struct Opening {
    #[serde(rename = "perfguard-run")]
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    #[serde(rename = "perfguard-run")]
    format: u32,
    uid: String,
    command: String,
    started_ms: i64,
    program_version: String,
    seed: u64,
    machine: MachineFacts,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    /// Commit, whether the files differed from it, tree.
    Revision(CommitId, bool, TreeId),
    Build(BuildFingerprint),
    Executable(Digest),
    Measurement(MeasurementLine),
    Comparison(ComparisonLine),
    Bench(BenchLine),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BenchLine {
    revision: usize,
    build: usize,
    executable: usize,
    package: String,
    target: String,
    facts: SummaryFacts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<LinkLine>,
}

/// What an executable was linked from: flags and libraries, code without names, and the numbers of all that has one, 12
/// hexadecimal digits each.
#[derive(Serialize, Deserialize)]
struct LinkLine(Digest, Digest, String);

#[derive(Serialize, Deserialize)]
struct MeasurementLine {
    revision: usize,
    build: usize,
    /// Package, target, id.
    benchmark: (String, String, String),
    metric: String,
    provenance: Provenance,
    /// Executable, CPU, seconds, median.
    launches: Vec<(usize, Option<u32>, f64, f64)>,
    /// For each launch its iterations and totals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    samples: Vec<Option<(Vec<u64>, Vec<f64>)>>,
    /// For each launch what the machine code that it executed comes to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    codes: Vec<Option<Digest>>,
}

#[derive(Serialize, Deserialize)]
struct ComparisonLine {
    phase: Phase,
    measurements: (usize, usize),
    executables: (usize, usize),
    /// Index, who was first, schedule, layout, log ratio.
    pairs: Vec<(u32, Side, Schedule, Option<u64>, f64)>,
}

/// A run as text. The same run gives the same bytes.
pub fn write(run: &SharedRun) -> String {
    let mut writer = Writer::default();
    let head = Head {
        format: if run.benches.is_empty() { WITHOUT_BENCHES } else { FORMAT },
        uid: run.uid.to_string(),
        command: run.command.clone(),
        started_ms: run.started_ms,
        program_version: run.program_version.clone(),
        seed: run.seed,
        machine: run.machine.clone(),
    };
    writer.line(&head);
    let measurements: Vec<Line> = run.measurements.iter().map(|found| writer.measurement(found)).collect();
    let comparisons: Vec<Line> = run.comparisons.iter().map(|found| writer.comparison(found)).collect();
    let benches: Vec<Line> = run.benches.iter().map(|found| writer.bench(found)).collect();
    let Writer { mut text, revisions, builds, executables } = writer;
    let revisions = revisions.into_iter().map(|(commit, dirty, tree)| Line::Revision(commit, dirty, tree));
    let named = revisions.chain(builds.into_iter().map(Line::Build));
    let named = named.chain(executables.into_iter().map(Line::Executable));
    for line in named.chain(measurements).chain(comparisons).chain(benches) {
        put(&mut text, &line);
    }
    text
}

#[derive(Default)]
struct Writer {
    text: String,
    revisions: Vec<(CommitId, bool, TreeId)>,
    builds: Vec<BuildFingerprint>,
    executables: Vec<Digest>,
}

impl Writer {
    fn line(&mut self, value: &impl Serialize) {
        put(&mut self.text, value);
    }

    fn measurement(&mut self, found: &SharedMeasurement) -> Line {
        let SharedMeasurement { key, provenance, launches } = found;
        let Revision { commit, dirty, tree, .. } = &key.revision;
        let has_samples = launches.iter().any(|launch| launch.samples.is_some());
        let has_codes = launches.iter().any(|launch| launch.code.is_some());
        Line::Measurement(MeasurementLine {
            revision: place(&mut self.revisions, (commit.clone(), *dirty, tree.clone())),
            build: place(&mut self.builds, key.build.clone()),
            benchmark: (
                key.benchmark.package().to_owned(),
                key.benchmark.target().to_owned(),
                key.benchmark.id().to_owned(),
            ),
            metric: key.metric.name().to_owned(),
            provenance: *provenance,
            samples: launches.iter().filter(|_| has_samples).map(|l| l.samples.as_ref().map(lists)).collect(),
            codes: launches.iter().filter(|_| has_codes).map(|launch| launch.code.clone()).collect(),
            launches: launches
                .iter()
                .map(|launch| {
                    let executable = place(&mut self.executables, launch.executable.clone());
                    (executable, launch.cpu, launch.seconds, launch.median)
                })
                .collect(),
        })
    }

    fn bench(&mut self, (revision, bench): &(Revision, BenchSummary)) -> Line {
        let BenchSummary { package, target, fingerprint, executable, facts, link } = bench;
        let Revision { commit, dirty, tree, .. } = revision;
        let link = link
            .as_ref()
            .map(|link| LinkLine(link.besides.clone(), link.nameless.clone(), hexadecimal(&link.bytes())));
        Line::Bench(BenchLine {
            revision: place(&mut self.revisions, (commit.clone(), *dirty, tree.clone())),
            build: place(&mut self.builds, fingerprint.clone()),
            executable: place(&mut self.executables, executable.clone()),
            package: package.clone(),
            target: target.clone(),
            facts: facts.clone(),
            link,
        })
    }

    fn comparison(&mut self, found: &SharedComparison) -> Line {
        let executables =
            found.executables.as_ref().map(|digest| place(&mut self.executables, digest.clone()));
        let pair = |pair: &SharedPair| {
            (pair.index, pair.first, pair.schedule, pair.layout.map(|seed| seed.0), pair.log_ratio)
        };
        Line::Comparison(ComparisonLine {
            phase: found.phase,
            measurements: (found.measurements.baseline, found.measurements.candidate),
            executables: (executables.baseline, executables.candidate),
            pairs: found.pairs.iter().map(pair).collect(),
        })
    }
}

fn put(text: &mut String, value: &impl Serialize) {
    // Maps have texts as keys and numbers are finite, so there is nothing that JSON cannot say.
    let _ = writeln!(text, "{}", serde_json::to_string(value).unwrap_or_default());
}

/// The place of a thing among its kind, where it is added if it is new.
fn place<T: PartialEq>(all: &mut Vec<T>, wanted: T) -> usize {
    all.iter().rposition(|known| *known == wanted).unwrap_or_else(|| {
        all.push(wanted);
        all.len() - 1
    })
}

fn lists(samples: &SampleSet) -> (Vec<u64>, Vec<f64>) {
    samples.samples().iter().map(|sample| (sample.iterations(), sample.total())).unzip()
}

/// Reads a run that is called `uid`.
///
/// # Errors
/// It is of a newer format, of another name, too large, or makes no sense.
pub fn read(bytes: &[u8], uid: RunUid) -> Result<SharedRun, TextError> {
    if bytes.len() as u64 > LARGEST {
        return Err(TextError::Large);
    }
    let broken = |line: usize, why: String| TextError::Broken { line, why };
    let text = std::str::from_utf8(bytes).map_err(|_| broken(1, "it is no UTF-8 text".to_owned()))?;
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let (_, first) = lines.next().ok_or_else(|| broken(1, "it is empty".to_owned()))?;
    let opening: Opening = serde_json::from_str(first).map_err(|error| broken(1, error.to_string()))?;
    if opening.format > FORMAT {
        return Err(TextError::Newer(opening.format));
    }
    let head: Head = serde_json::from_str(first).map_err(|error| broken(1, error.to_string()))?;
    let mut reader = Reader::begin(head, uid).map_err(|why| broken(1, why))?;
    for (number, line) in lines {
        let line = serde_json::from_str(line).map_err(|error| broken(number, error.to_string()))?;
        reader.take(line).map_err(|why| broken(number, why))?;
    }
    Ok(reader.run)
}

struct Reader {
    run: SharedRun,
    revisions: Vec<Revision>,
    builds: Vec<BuildFingerprint>,
    executables: Vec<Digest>,
    /// Which benches there are, by the place of their revision, package and target.
    benches: BTreeSet<(usize, String, String)>,
}

impl Reader {
    fn begin(head: Head, uid: RunUid) -> Result<Self, String> {
        if RunUid::from_hex(&head.uid) != Some(uid) {
            return Err("it is a run of another name".to_owned());
        }
        if !(0..=LATEST_MS).contains(&head.started_ms) {
            return Err("its time is out of range".to_owned());
        }
        let facts = &head.machine;
        for text in [&head.command, &head.program_version, &facts.arch, &facts.os, &facts.cpu.model] {
            short(text)?;
        }
        short(facts.key.as_str())?;
        let run = SharedRun {
            uid,
            command: head.command,
            started_ms: head.started_ms,
            machine: head.machine,
            program_version: head.program_version,
            seed: head.seed,
            measurements: Vec::new(),
            comparisons: Vec::new(),
            benches: Vec::new(),
        };
        Ok(Self {
            run,
            revisions: Vec::new(),
            builds: Vec::new(),
            executables: Vec::new(),
            benches: BTreeSet::new(),
        })
    }

    fn take(&mut self, line: Line) -> Result<(), String> {
        match line {
            Line::Revision(commit, dirty, tree) => {
                self.revisions.push(Revision { label: String::new(), commit, dirty, tree });
            }
            Line::Build(build) => {
                build.fields().iter().try_for_each(|(_, value)| short(value))?;
                self.builds.push(build);
            }
            Line::Executable(digest) => {
                short(digest.as_str())?;
                self.executables.push(digest);
            }
            Line::Measurement(line) => {
                let found = self.measurement(line)?;
                let same = |known: &SharedMeasurement| {
                    known.key == found.key && known.provenance == found.provenance
                };
                // Written in order, so what is the same would mostly stand near; a map would be larger than the run.
                if self.run.measurements.iter().rev().take(LONGEST).any(same) {
                    return Err("it has a measurement twice".to_owned());
                }
                self.run.measurements.push(found);
            }
            Line::Comparison(line) => {
                let found = self.comparison(line)?;
                self.run.comparisons.push(found);
            }
            Line::Bench(line) => {
                let name = (line.revision, line.package.clone(), line.target.clone());
                let (revision, bench) = self.bench(line)?;
                if !self.benches.insert(name) {
                    return Err("it has a bench target twice".to_owned());
                }
                self.run.benches.push((revision, bench));
            }
        }
        Ok(())
    }

    fn executable(&self, place: usize) -> Result<Digest, String> {
        self.executables.get(place).cloned().ok_or_else(|| "it refers to no executable".to_owned())
    }

    fn measurement(&self, line: MeasurementLine) -> Result<SharedMeasurement, String> {
        let metric: Metric = line.metric.parse().map_err(|_| format!("`{}` is no metric", line.metric))?;
        let (package, target, id) = line.benchmark;
        for part in [&package, &target, &id] {
            short(part)?;
        }
        let key = MeasurementKey {
            revision: self.revisions.get(line.revision).cloned().ok_or("it refers to no revision")?,
            machine: self.run.machine.key.clone(),
            build: self.builds.get(line.build).cloned().ok_or("it refers to no build")?,
            benchmark: BenchmarkName::new(package, target, id),
            metric,
        };
        if line.launches.is_empty() {
            return Err("a measurement has no launches".to_owned());
        }
        if !line.samples.is_empty() && line.samples.len() != line.launches.len() {
            return Err("launches and samples differ in number".to_owned());
        }
        if !line.codes.is_empty() && line.codes.len() != line.launches.len() {
            return Err("launches and codes differ in number".to_owned());
        }
        let mut samples = line.samples.into_iter();
        line.codes.iter().flatten().try_for_each(|code| short(code.as_str()))?;
        let mut codes = line.codes.into_iter();
        let mut launches = Vec::with_capacity(line.launches.len());
        for (executable, cpu, seconds, median) in line.launches {
            let samples = samples.next().flatten().map(sample_set).transpose()?;
            let fits = |value: f64| value.is_finite() && value >= 0.0 && (value > 0.0 || metric.is_count());
            if !fits(median) || !seconds.is_finite() || seconds < 0.0 {
                return Err("a figure is out of range".to_owned());
            }
            if samples.as_ref().is_some_and(|set| set.median().to_bits() != median.to_bits()) {
                return Err("a median is not that of its samples".to_owned());
            }
            launches.push(SharedLaunch {
                executable: self.executable(executable)?,
                cpu,
                seconds,
                median,
                samples,
                code: codes.next().flatten(),
            });
        }
        Ok(SharedMeasurement { key, provenance: line.provenance, launches })
    }

    fn bench(&self, line: BenchLine) -> Result<(Revision, BenchSummary), String> {
        let SummaryFacts { key, surroundings, variables, ids, .. } = &line.facts;
        let digests = [key, &surroundings.digest, &surroundings.variables, variables].map(Digest::as_str);
        let made = surroundings.made.iter().flat_map(|made| [made.path.as_str(), made.digest.as_str()]);
        let texts = [line.package.as_str(), line.target.as_str()].into_iter().chain(digests).chain(made);
        texts.chain(ids.iter().map(String::as_str)).try_for_each(short)?;
        // They are looked for below a folder of ours.
        if surroundings.made.iter().any(|made| !is_below(&made.path)) {
            return Err("a file of the build has no path below its folder".to_owned());
        }
        let summary = line.link.map(|LinkLine(besides, nameless, parts)| {
            [besides.as_str(), nameless.as_str()].into_iter().try_for_each(short)?;
            let parts = bytes_of(&parts).and_then(|bytes| LinkSummary::parts_of(&bytes));
            let parts = parts.ok_or_else(|| "numbers of parts make no sense".to_owned())?;
            Ok::<_, String>(LinkSummary { besides, nameless, parts })
        });
        let bench = BenchSummary {
            package: line.package,
            target: line.target,
            fingerprint: self.builds.get(line.build).cloned().ok_or("it refers to no build")?,
            executable: self.executable(line.executable)?,
            facts: line.facts,
            link: summary.transpose()?,
        };
        Ok((self.revisions.get(line.revision).cloned().ok_or("it refers to no revision")?, bench))
    }

    fn comparison(&self, line: ComparisonLine) -> Result<SharedComparison, String> {
        let measurements = Sides { baseline: line.measurements.0, candidate: line.measurements.1 };
        let known = self.run.measurements.len();
        if measurements.baseline >= known || measurements.candidate >= known {
            return Err("it refers to no measurement".to_owned());
        }
        let executables = Sides { baseline: line.executables.0, candidate: line.executables.1 };
        let mut pairs: Vec<SharedPair> = Vec::with_capacity(line.pairs.len());
        for (index, first, schedule, layout, log_ratio) in line.pairs {
            if !log_ratio.is_finite() || pairs.last().is_some_and(|last| last.index >= index) {
                return Err("a pair makes no sense".to_owned());
            }
            pairs.push(SharedPair { index, first, schedule, layout: layout.map(LayoutSeed), log_ratio });
        }
        Ok(SharedComparison {
            phase: line.phase,
            measurements,
            executables: executables.try_map(|place| self.executable(place))?,
            pairs,
        })
    }
}

fn sample_set((iterations, totals): (Vec<u64>, Vec<f64>)) -> Result<SampleSet, String> {
    if iterations.len() != totals.len() {
        return Err("iterations and totals differ in number".to_owned());
    }
    let samples =
        iterations.into_iter().zip(totals).map(|(iterations, total)| Sample::new(iterations, total));
    let samples = samples.collect::<Option<Vec<_>>>().ok_or("a sample makes no sense")?;
    SampleSet::new(samples).map_err(|error| error.to_string())
}

fn short(text: &str) -> Result<(), String> {
    if text.len() > LONGEST { Err("a text in it is too long".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{run, run_with_benches, uid};
    use super::*;

    #[test]
    fn a_run_comes_back_to_the_last_bit() {
        let whole = run(1);
        let text = write(&whole);
        assert_eq!(read(text.as_bytes(), uid(1)).unwrap(), whole);
        assert_eq!(write(&whole), text, "the same run gives the same bytes");
        let summary = whole.clone().summary();
        assert_ne!(summary, whole);
        assert_eq!(read(write(&summary).as_bytes(), uid(1)).unwrap(), summary);
        let counts = summary.measurements.iter().filter(|found| found.key.metric.is_count());
        assert!(counts.flat_map(|found| &found.launches).all(|launch| launch.samples.is_some()));
        assert_eq!(
            text.lines().filter(|line| line.contains("\"executable\":")).count(),
            2,
            "each once\n{text}"
        );
    }

    #[test]
    fn bench_targets_go_along_and_only_runs_with_some_need_a_newer_program() {
        let whole = run_with_benches(1);
        let text = write(&whole);
        assert!(text.starts_with("{\"perfguard-run\":2,"), "{text}");
        assert_eq!(read(text.as_bytes(), uid(1)).unwrap(), whole);
        assert!(write(&run(1)).starts_with("{\"perfguard-run\":1,"));
        let line = text.lines().find(|line| line.contains("{\"bench\"")).unwrap();
        let refused = |changed: String| read(changed.as_bytes(), uid(1)).unwrap_err().to_string();
        assert!(refused(text.replacen(line, &format!("{line}\n{line}"), 1)).contains("twice"));
        for (from, to) in [
            ("release/tool", "../../tool"),
            ("release/tool", "/bin/tool"),
            ("000000000007010000000000", "010000000000000000000007"),
            ("000000000007010000000000", "0000000000070100000000"),
            ("000000000007010000000000", "00000000000701000000000g"),
        ] {
            assert!(text.contains(from), "{from} is not in\n{text}");
            refused(text.replacen(from, to, 1));
        }
        for field in ["revision", "build", "executable"] {
            let from = format!("\"{field}\":");
            let at = line.find(&from).unwrap() + from.len();
            refused(text.replacen(line, &format!("{}9{}", &line[..at], &line[at + 1..]), 1));
        }
    }

    #[test]
    fn a_newer_format_is_told_apart_from_damage() {
        let text = write(&run(1));
        let newer = text.replacen("\"perfguard-run\":1", "\"perfguard-run\":7", 1);
        assert_eq!(read(newer.as_bytes(), uid(1)), Err(TextError::Newer(7)));
        assert!(matches!(read(b"{\"perfguard-run\":7,\"new\":[]}", uid(1)), Err(TextError::Newer(7))));
        assert!(matches!(read(b"", uid(1)), Err(TextError::Broken { line: 1, .. })));
    }

    #[test]
    fn nonsense_is_refused_with_its_line() {
        let text = write(&run(1));
        let changes = [
            ("\"uid\":\"0", "\"uid\":\"1"),
            ("\"started_ms\":1", "\"started_ms\":-1"),
            ("\"started_ms\":1", "\"started_ms\":99999999"),
            ("\"revision\":0", "\"revision\":9"),
            ("\"build\":0", "\"build\":9"),
            ("\"metric\":\"wall-time\"", "\"metric\":\"speed\""),
            ("\"measurements\":[0,", "\"measurements\":[7,"),
            ("\"executables\":[0,", "\"executables\":[7,"),
            ("[[0,1,0.25,", "[[0,1,-0.25,"),
            ("[[0,1,0.25,", "[[9,1,0.25,"),
            ("[[0,1,0.25,1", "[[0,1,0.25,7"),
            ("\"launches\":[[0", "\"launches\":[],\"launches\":[[0"),
            ("\"codes\":[", "\"codes\":[null,"),
            ("{\"comparison\"", "{\"surprise\""),
        ];
        for (from, to) in changes {
            assert!(text.contains(from), "{from} is not in\n{text}");
            let error = read(text.replacen(from, to, 1).as_bytes(), uid(1)).unwrap_err();
            assert!(matches!(error, TextError::Broken { .. }), "{to}: {error}");
        }
        let measurement = text.lines().find(|line| line.contains("{\"measurement\"")).unwrap();
        let twice = text.replacen(measurement, &format!("{measurement}\n{measurement}"), 1);
        assert!(read(twice.as_bytes(), uid(1)).unwrap_err().to_string().contains("twice"));
        for cut in 1..text.len() - 1 {
            if let Ok(part) = read(&text.as_bytes()[..cut], uid(1)) {
                assert!(part.measurements.len() <= 3, "whole lines are a smaller run");
            }
        }
    }
}
