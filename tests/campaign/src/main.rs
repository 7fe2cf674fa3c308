//! `cargo run -p perfguard-campaign --profile campaign`: the hostile campaign, from the command line.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that people watch")]

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use perfguard_campaign::benches::Group;
use perfguard_campaign::{Outcome, benches, fuzz, kills, writers};

/// Tries to break cargo-perfguard, and says what broke.
///
/// Everything random comes from --seed, and every fault names the case that shows it.
#[derive(Debug, Parser)]
struct Arguments {
    /// What all random choices grow from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The form that is a test: a minute
    #[arg(long)]
    short: bool,
    /// Which parts
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Part::value_variants().to_vec())]
    only: Vec<Part>,
    /// Which ways of benches to misbehave
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Group::value_variants().to_vec())]
    groups: Vec<Group>,
    /// How many cases every reader is fed [default: 1000000, 10000 with --short]
    #[arg(long)]
    cases: Option<u64>,
    /// How many commands are killed [default: 1000; none with --short, which has no repository to build]
    #[arg(long)]
    kills: Option<u32>,
    /// How long commands are killed at most, in minutes
    #[arg(long, default_value_t = 180)]
    minutes: u64,
    /// Where the repository is whose commands are killed; kept, so that the next campaign need not build it
    #[arg(long, default_value = "target/hostile")]
    work: PathBuf,
    /// The cargo-perfguard to kill [default: the one beside this program]
    #[arg(long)]
    perfguard: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Benches,
    Fuzz,
    Writers,
    Kills,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, word, path, first, end] = words.as_slice()
        && word == writers::WRITER
    {
        let rows = first.parse().unwrap_or(0)..end.parse().unwrap_or(0);
        return if writers::write(Path::new(path), rows).is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    match campaign(&Arguments::parse()) {
        Ok(outcome) => {
            println!("{} faults", outcome.faults.len());
            if outcome.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn campaign(arguments: &Arguments) -> io::Result<Outcome> {
    let short = arguments.short;
    let program = std::env::current_exe()?;
    let beside = |name: &str| program.with_file_name(name);
    let mut all = Outcome::default();
    for part in &arguments.only {
        let found = match part {
            Part::Benches => benches::run(&beside("misbehave"), if short { 1 } else { 3 }, &arguments.groups),
            Part::Fuzz => {
                let cases = arguments.cases.unwrap_or(if short { 10_000 } else { 1_000_000 });
                fuzz::run(arguments.seed, cases, |reader| eprintln!("{reader}"))
            }
            Part::Writers if short => writers::run(&program, arguments.seed, 100, 2),
            Part::Writers => writers::run(&program, arguments.seed, 1000, 5),
            Part::Kills => killed(arguments, &beside("cargo-perfguard"))?,
        };
        print!("{found}");
        all.join(found);
    }
    Ok(all)
}

fn killed(arguments: &Arguments, beside: &Path) -> io::Result<Outcome> {
    let count = arguments.kills.unwrap_or(if arguments.short { 0 } else { 1000 });
    if count == 0 {
        return Ok(Outcome::default());
    }
    let perfguard = if let Some(program) = &arguments.perfguard {
        program.canonicalize()?
    } else {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // This program's own profile is the name of the folder it lies in.
        let folder = beside.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let profile = if folder == "debug" { "dev" } else { &*folder };
        let arguments = ["build", "--quiet", "--package", "cargo-perfguard", "--profile", profile];
        let ended = cargo.args(arguments).status()?;
        if !ended.success() {
            return Err(io::Error::other("cargo-perfguard does not build"));
        }
        beside.to_owned()
    };
    std::fs::create_dir_all(&arguments.work)?;
    let work = arguments.work.canonicalize()?;
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/gauge");
    let time = Duration::from_mins(arguments.minutes);
    Ok(kills::run(&perfguard, &fixture, &work, arguments.seed, (count, time), |line| eprintln!("{line}")))
}
