//! `cargo run --release -p perfguard-study`: the detection study, from the command line.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that people watch")]
#![expect(clippy::struct_excessive_bools, reason = "a flag is given or not")]
#![expect(clippy::doc_markdown, reason = "doc comments of arguments are help texts, shown as they stand")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use perfguard_study::contenders::{Setting, compare, prepare};
use perfguard_study::document::{Origin, document, notes};
use perfguard_study::field::walk::{Field, walk};
use perfguard_study::field::{self, Visit};
use perfguard_study::fixture::{Fixture, checked};
use perfguard_study::levels::{Levels, levels, observed};
use perfguard_study::neighbour::{self, Neighbour};
use perfguard_study::plan::{Condition, Extent, Family, Kind, LOOPS, Trial, WORKLOADS, trials};
use perfguard_study::plots::Across;
use perfguard_study::record::{Record, Records};
use perfguard_study::{StudyError, moved, plots, summary};

/// Measures how often cargo-perfguard and others raise a false alarm, and what they catch.
///
/// Results are appended to a file, one line for each trial: stop it at any time, start it again with the same --work, and it
/// goes on. The long form takes days on two CPUs; --short about ten minutes. Leave the machine alone meanwhile.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where everything is built and results are kept [default: target/study, a folder of its own for each form]
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// A first impression in about ten minutes: three workloads, no slowdown and 10 %, quiet
    #[arg(long)]
    short: bool,
    /// Whether everything works: two workloads for moments, with figures that mean nothing
    #[arg(long, conflicts_with = "short")]
    tiny: bool,
    /// Ten small loops and commits that add functions nobody runs, or edit the loops at no cost: one of each in every round
    #[arg(long, conflicts_with_all = ["short", "tiny"])]
    moved: bool,
    /// Of the commits of --moved, which kinds
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_enum, requires = "moved")]
    kinds: Vec<Kind>,
    /// Other people's repositories: a clone, or a manifest within one. Every commit of a period is compared with the one before it
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with_all = ["short", "tiny", "moved"])]
    field: Vec<PathBuf>,
    /// The first day of the period of --field, as git understands it
    #[arg(long, value_name = "DAY", requires = "field", default_value = "1 year ago")]
    since: String,
    /// The day after the last one of --field
    #[arg(long, value_name = "DAY", requires = "field", default_value = "now")]
    until: String,
    /// How often each slowdown is compared
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// How often equal code is compared in each round
    #[arg(long, value_name = "N")]
    equal: Option<u32>,
    /// How often the true slowdown is measured (about ten pairs of each workload)
    #[arg(long, value_name = "N")]
    truths: Option<u32>,
    /// The slowdowns besides none, in thousandths
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    slowdowns: Vec<u32>,
    /// Whether something else loads the machine
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_enum)]
    conditions: Vec<Condition>,
    /// Who takes part
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_enum)]
    contenders: Vec<Family>,
    /// Which workloads take part
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    workloads: Vec<String>,
    /// The cargo-perfguard to examine [default: this repository's, built with --release]
    #[arg(long, value_name = "PATH")]
    perfguard: Option<PathBuf>,
    /// Measure nothing: write what is known
    #[arg(long)]
    report: bool,
    /// Write docs/study.md and drawings to docs/study/, instead of a document beside the results
    #[arg(long)]
    plots: bool,
}

impl Arguments {
    /// Forms with different workloads and times do not mix.
    fn work(&self) -> PathBuf {
        let name = match self {
            Self { field, .. } if !field.is_empty() => "target/study-field",
            Self { moved: true, .. } => "target/study-moved",
            Self { tiny: true, .. } => "target/study-tiny",
            Self { short: true, .. } => "target/study-short",
            Self { .. } => "target/study",
        };
        self.work.clone().unwrap_or_else(|| PathBuf::from(name))
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some(neighbour::ARGUMENT) {
        neighbour::be(words.next().and_then(|pid| pid.parse().ok()));
        return ExitCode::SUCCESS;
    }
    match study(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed to {error}");
            ExitCode::FAILURE
        }
    }
}

fn study(arguments: &Arguments) -> Result<(), StudyError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or_else(|| Path::new("."));
    if !arguments.field.is_empty() {
        return study_field(arguments, root);
    }
    let mut records = Records::<Record>::open(&arguments.work().join("results.jsonl"))?;
    let mut absent = Vec::new();
    if !arguments.report {
        let extent = extent(arguments);
        let setting = setting(arguments, root, &extent)?;
        absent = go(&extent, &setting, &mut records)?;
    }
    write(arguments, root, &records, absent)
}

/// How much there is to do, by the form that was asked for.
fn extent(arguments: &Arguments) -> Extent {
    let Arguments { short, tiny, moved, .. } = *arguments;
    let (rounds, equal, truths) = match (short, tiny) {
        _ if moved => (20, 0, 0),
        (_, true) => (1, 1, 1),
        (true, _) => (1, 2, 1),
        _ => (32, 4, 25),
    };
    let or =
        |given: &[u32], default: &[u32]| if given.is_empty() { default.to_vec() } else { given.to_vec() };
    let quick = short || tiny || moved;
    Extent {
        rounds: arguments.rounds.unwrap_or(rounds),
        equal_per_round: arguments.equal.unwrap_or(equal),
        truths: arguments.truths.unwrap_or(truths),
        slowdowns: or(&arguments.slowdowns, if quick { &[100] } else { &[10, 20, 50, 100] }),
        conditions: match &arguments.conditions[..] {
            [] if quick => vec![Condition::Quiet],
            [] => vec![Condition::Quiet, Condition::Noisy],
            given => given.to_vec(),
        },
        families: match &arguments.contenders[..] {
            [] if moved => Family::OF_MOVED.to_vec(),
            [] => Family::ALL.to_vec(),
            given => given.to_vec(),
        },
        moved,
        kinds: match &arguments.kinds[..] {
            [] => Kind::OF_MOVED.to_vec(),
            given => given.to_vec(),
        },
    }
}

fn setting(arguments: &Arguments, root: &Path, extent: &Extent) -> Result<Setting, StudyError> {
    let Arguments { tiny, moved, .. } = *arguments;
    let quick = |count: usize| WORKLOADS.iter().step_by(2).take(count).map(ToString::to_string).collect();
    let workloads = match (&arguments.workloads[..], arguments.short, tiny) {
        ([], ..) if moved => LOOPS.map(str::to_owned).to_vec(),
        ([], _, true) => quick(2),
        ([], true, _) => quick(3),
        ([], ..) => WORKLOADS.map(str::to_owned).to_vec(),
        (given, ..) => given.to_vec(),
    };
    let perfguard = program(arguments, root)?;
    let (source, names) =
        if moved { ("loops", ("loops", "loops")) } else { ("study", ("workloads", "workloads")) };
    let source = root.join("tests/fixtures").join(source);
    let fixture = Fixture::lay_out(&source, &arguments.work(), &extent.variants())?;
    let criterion = match (tiny, moved) {
        (true, _) => &["--warm-up-time", "0.1", "--measurement-time", "0.3", "--sample-size", "10"][..],
        // Loops of a microsecond are known soon.
        (_, true) => &["--warm-up-time", "1", "--measurement-time", "2"],
        _ => &[],
    };
    Ok(Setting {
        fixture,
        perfguard,
        names,
        workloads,
        budget: if tiny { 4.0 } else { 10.0 },
        criterion: criterion.iter().map(ToString::to_string).collect(),
        tango: match (tiny, moved) {
            (true, _) => 0.3,
            (_, true) => 2.0,
            _ => 5.0,
        },
    })
}

/// Walks through other people's commits and writes what was found.
fn study_field(arguments: &Arguments, root: &Path) -> Result<(), StudyError> {
    let mut visits = Records::<Visit>::open(&arguments.work().join("visits.jsonl"))?;
    if !arguments.report {
        let field = Field {
            paths: arguments.field.clone(),
            since: arguments.since.clone(),
            until: arguments.until.clone(),
            work: arguments.work(),
            perfguard: program(arguments, root)?,
        };
        walk(&field, &mut visits, |line| println!("{line}"))?;
    }
    let path = document_path(arguments, root, "study-field.md");
    let ended = visits.all.iter().map(|visit| visit.ended).max();
    let text = field::document::document(&visits.all, &origin(arguments, &path, ended, Vec::new()));
    put(&path, &text)
}

/// The `cargo-perfguard` that is examined.
fn program(arguments: &Arguments, root: &Path) -> Result<PathBuf, StudyError> {
    match &arguments.perfguard {
        Some(path) => path.canonicalize().map_err(StudyError::file(path)),
        None => build(root),
    }
}

/// This repository's own `cargo-perfguard`.
fn build(root: &Path) -> Result<PathBuf, StudyError> {
    eprintln!("building cargo-perfguard");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root).args(["build", "--release", "--locked", "--bin", "cargo-perfguard"]);
    let output = checked(cargo.arg("--message-format=json"))?;
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut found = found.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    found.next_back().ok_or_else(|| StudyError::Nonsense {
        what: "cargo's messages".to_owned(),
        reason: "they name no executable".to_owned(),
    })
}

/// Makes every trial that is not made yet. Gives what had to be left out, and why.
fn go(extent: &Extent, setting: &Setting, records: &mut Records) -> Result<Vec<String>, StudyError> {
    let done = records.done();
    let mut left: Vec<Trial> = trials(extent).into_iter().filter(|trial| !done.contains(trial)).collect();
    println!("{} trials, {} of them made already", left.len() + done.len(), done.len());
    let mut absent = Vec::new();
    for family in extent.families.clone() {
        for variant in extent.variants() {
            eprintln!("preparing {family:?}, {}", variant.tag());
            if let Err(error) = prepare(setting, family, variant) {
                let name = format!("{family:?}");
                eprintln!("{name} does not take part: failed to {error}");
                absent.push(format!("{name} does not take part: it could not be built."));
                left.retain(|trial| trial.family != family);
                break;
            }
        }
    }
    let program = std::env::current_exe().map_err(StudyError::file("this program"))?;
    let mut spent: BTreeMap<Family, Vec<f64>> = BTreeMap::new();
    for record in &records.all {
        spent.entry(record.trial.family).or_default().push(record.seconds);
    }
    for (index, trial) in left.iter().enumerate() {
        println!(
            "[{}/{}] {:?}, {}, {}, round {}; {}",
            index + 1,
            left.len(),
            trial.family,
            trial.variant.tag(),
            trial.condition.name(),
            trial.round,
            time_left(&left[index..], &spent)
        );
        let neighbour = match trial.condition {
            Condition::Quiet => None,
            Condition::Noisy => Some(Neighbour::start(&program)?),
        };
        let start = Instant::now();
        let said = compare(setting, trial);
        drop(neighbour);
        let seconds = start.elapsed().as_secs_f64();
        match said {
            Ok(said) => {
                let words: Vec<String> =
                    said.iter().map(|said| format!("{}: {}", said.workload, said.word)).collect();
                println!("    {} ({seconds:.1} s)", words.join(", "));
                spent.entry(trial.family).or_default().push(seconds);
                records.push(Record { trial: *trial, ended: now(), seconds, said })?;
            }
            // It is made when the study is started again.
            Err(error) => eprintln!("    failed to {error}"),
        }
    }
    Ok(absent)
}

/// About how long the rest takes, by what alike trials took.
fn time_left(left: &[Trial], spent: &BTreeMap<Family, Vec<f64>>) -> String {
    let overall = summary::middle(spent.values().flatten().copied());
    let each = |trial: &Trial| {
        spent.get(&trial.family).and_then(|seconds| summary::middle(seconds.iter().copied())).or(overall)
    };
    let total: Option<f64> = left.iter().map(each).sum();
    match total.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        Some(total) if total.as_secs() >= 5400 => {
            format!("about {:.1} h left", total.as_secs_f64() / 3600.0)
        }
        Some(total) => format!("about {:.0} min left", (total.as_secs_f64() / 60.0).ceil()),
        None => "nobody knows yet how long it takes".to_owned(),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Writes the document, and the drawings where they are wanted.
fn write(
    arguments: &Arguments,
    root: &Path,
    records: &Records,
    absent: Vec<String>,
) -> Result<(), StudyError> {
    let name = if arguments.moved { "study-moved.md" } else { "study.md" };
    let path = document_path(arguments, root, name);
    let drawings =
        if arguments.plots { draw(arguments, &root.join("docs/study"), records)? } else { Vec::new() };
    let ended = records.all.iter().map(|record| record.ended).max();
    let origin = origin(arguments, &path, ended, absent);
    let text = if arguments.moved {
        moved::document(&records.all, &origin, &drawings)
    } else {
        let levels = levels_of(&arguments.work().join("store.db"), &records.all)?;
        document(&records.all, &levels, &origin, &drawings)
    };
    put(&path, &text)
}

/// Where a document belongs.
fn document_path(arguments: &Arguments, root: &Path, name: &str) -> PathBuf {
    if arguments.plots { root.join("docs").join(name) } else { arguments.work().join(name) }
}

/// What a reader must know of the figures that stand at `path`, the last of them made at `ended`.
fn origin(arguments: &Arguments, path: &Path, ended: Option<u64>, absent: Vec<String>) -> Origin {
    let mut words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--report").collect();
    // Which folders are used is nobody's business but this machine's.
    for folder in ["--work", "--perfguard"] {
        while let Some(at) = words.iter().position(|word| word == folder) {
            words.drain(at..words.len().min(at + 2));
        }
    }
    for word in &mut words {
        if arguments.field.iter().any(|path| path.as_os_str() == word.as_str()) {
            *word = field::history::shown(Path::new(word)).display().to_string();
        }
    }
    Origin {
        machine: machine(),
        date: date(ended.unwrap_or_else(now)),
        command: format!("cargo run --release -p perfguard-study -- {}", words.join(" "))
            .trim_end_matches(" -- ")
            .to_owned(),
        absent,
        notes: std::fs::read_to_string(path).ok().and_then(|old| notes(&old).map(str::to_owned)),
    }
}

fn put(path: &Path, text: &str) -> Result<(), StudyError> {
    std::fs::write(path, text).map_err(StudyError::file(path))?;
    println!("wrote {}", path.display());
    Ok(())
}

/// Makes the drawings; gives their paths from the document.
fn draw(arguments: &Arguments, folder: &Path, records: &Records) -> Result<Vec<String>, StudyError> {
    std::fs::create_dir_all(folder).map_err(StudyError::file(folder))?;
    let mut drawings = Vec::new();
    if arguments.moved {
        for across in Across::ALL {
            if plots::draw_moved(&records.all, across, &folder.join(across.file()))? {
                drawings.push(format!("study/{}", across.file()));
            }
        }
        return Ok(drawings);
    }
    let table = summary::table(&records.all);
    for (condition, name) in [(Condition::Quiet, "quiet.svg"), (Condition::Noisy, "noisy.svg")] {
        if plots::draw(&table, condition, &folder.join(name))? {
            drawings.push(format!("study/{name}"));
        }
    }
    Ok(drawings)
}

/// Where the variance of each workload is, as far as perfguard's store tells; nothing without a store.
fn levels_of(store: &Path, records: &[Record]) -> Result<BTreeMap<String, Levels>, StudyError> {
    if !store.exists() {
        return Ok(BTreeMap::new());
    }
    let observed = observed(store, records)?;
    Ok(observed.into_iter().filter_map(|(name, pairs)| Some((name, levels(&pairs)?))).collect())
}

/// The machine in words.
fn machine() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{model}, {cpus} CPUs, {}", std::env::consts::OS)
}

/// The day of a time in seconds since the Unix epoch, in UTC (Hinnant's civil_from_days).
fn date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_calendars_do() {
        for (seconds, day) in [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (1_795_132_800, "2026-11-20")]
        {
            assert_eq!(date(seconds), day);
        }
    }
}
