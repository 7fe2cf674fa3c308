//! SIGKILL at random moments of every command: nothing that the store was seen to hold is lost, no process is left, the user's
//! files are as they were, and in the end every command does its work.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::random::Random;
use crate::{Outcome, processes};

/// What the environment of every process has.
const MARK: &str = "CAMPAIGN_KILL";

/// Commands; those that measure are asked for every metric, counts included.
const COMMANDS: &[&[&str]] = &[
    &[
        "check",
        "--baseline",
        "HEAD",
        "--measure-identical",
        "--metrics",
        "wall-time,instructions,allocations",
        "--layout",
        "drawn",
    ],
    &["check", "--baseline", "HEAD", "--measure-identical"],
    &["compare", "HEAD", "HEAD", "--measure-identical", "--metrics", "wall-time,instructions"],
    &["run"],
    &["run", "--metrics", "instructions,allocations"],
    &["explain", "gauge::work::gauge/work", "HEAD", "HEAD"],
    &["list"],
    &["report", "--format", "json"],
    &["report", "--run", "last"],
    &["history", "gauge::work::gauge/work"],
    &["baseline", "export"],
    &["baseline", "prune", "--older-than", "9999d"],
    &["doctor", "--benchmarks", "1"],
    &["claims"],
    &["completions", "bash"],
];

/// What keeps every command short, and something to claim.
const CONFIGURATION: &str = "\
budget = \"200ms\"
layout = \"default\"

[builtin]
enabled = false

[[claim]]
name = \"steady is as fast as work\"
faster = \"gauge::work::gauge/steady\"
slower = \"gauge::work::gauge/work\"
at-least = 0.2
";

/// Commands that take `--bench`.
const TAKE_TARGETS: &[&str] = &["check", "compare", "run", "explain", "list", "doctor", "claims"];

/// Tables whose rows only ever grow: nothing is as old as what is pruned here.
const TABLES: [&str; 5] = ["run", "measurement", "launch", "comparison", "pair"];

/// How long the processes of a killed command may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often is looked whether a command has ended before its moment.
const STEP: Duration = Duration::from_millis(1);

/// Where it is done: a repository with the fixture, and folders that are kept between the rounds.
#[derive(Debug)]
struct Place {
    program: PathBuf,
    folder: PathBuf,
}

impl Place {
    fn repository(&self) -> PathBuf {
        self.folder.join("project")
    }

    fn command(&self, arguments: &[&str], mark: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(self.repository()).arg("perfguard").args(arguments);
        command.env("CARGO_TARGET_DIR", self.folder.join("target"));
        command.env("XDG_CACHE_HOME", self.folder.join("cache"));
        command.env("TMPDIR", self.folder.join("tmp"));
        command.env(MARK, mark).stdin(Stdio::null());
        if TAKE_TARGETS.contains(&arguments[0]) {
            command.args(["--bench", "work"]);
        }
        command
    }

    fn git(&self, arguments: &[&str]) -> io::Result<Output> {
        let name = ["-c", "user.name=Campaign", "-c", "user.email=campaign@example.org"];
        Command::new("git").current_dir(self.repository()).args(name).args(arguments).output()
    }

    fn prepare(&self, fixture: &Path) -> io::Result<()> {
        fs::create_dir_all(self.folder.join("tmp"))?;
        if self.repository().join(".git").exists() {
            return Ok(());
        }
        copy(fixture, &self.repository())?;
        fs::write(self.repository().join("perfguard.toml"), CONFIGURATION)?;
        self.git(&["init", "--quiet", "--initial-branch=main"])?;
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", "first"]).map(drop)
    }

    /// How many rows each table has; none where there is no store yet.
    fn rows(&self) -> Result<BTreeMap<&'static str, i64>, String> {
        let path = self.repository().join(".perfguard/store.db");
        if !path.exists() {
            return Ok(BTreeMap::new());
        }
        let told = |error: rusqlite::Error| error.to_string();
        let store = rusqlite::Connection::open(&path).map_err(told)?;
        store.busy_timeout(Duration::from_secs(30)).map_err(told)?;
        TABLES
            .iter()
            .map(|table| {
                let count = store.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0));
                Ok((*table, count.map_err(told)?))
            })
            .collect()
    }

    /// What `SQLite` says of the store.
    fn soundness(&self) -> Result<String, String> {
        let told = |error: rusqlite::Error| error.to_string();
        let store =
            rusqlite::Connection::open(self.repository().join(".perfguard/store.db")).map_err(told)?;
        store.busy_timeout(Duration::from_secs(30)).map_err(told)?;
        store.query_row("PRAGMA quick_check", [], |row| row.get(0)).map_err(told)
    }
}

/// Kills `program` (cargo-perfguard) `kills` times, on a copy of `fixture` below `folder`, for at most `time`. `told` gets
/// progress and faults as they occur.
pub fn run(
    program: &Path,
    fixture: &Path,
    folder: &Path,
    seed: u64,
    (kills, time): (u32, Duration),
    told: impl Fn(&str),
) -> Outcome {
    let mut outcome = Outcome::default();
    let place = Place { program: program.to_owned(), folder: folder.to_owned() };
    if let Err(error) = campaign(&place, fixture, seed, (kills, time), &told, &mut outcome) {
        outcome.fault(format!("kills: {error}"));
    }
    outcome
}

fn campaign(
    place: &Place,
    fixture: &Path,
    seed: u64,
    (kills, time): (u32, Duration),
    told: &impl Fn(&str),
    outcome: &mut Outcome,
) -> io::Result<()> {
    place.prepare(fixture)?;
    // Once in full, so that there is something to lose, and to know how long each takes.
    let durations = in_full(place, outcome)?;
    let start = Instant::now();
    let mut random = Random::new(seed);
    let (mut done, mut met) = (0, 0);
    while done < kills && start.elapsed() < time {
        let which = random.below(COMMANDS.len());
        let longest = usize::try_from(durations[which].as_micros()).unwrap_or(1_000_000);
        let moment = Duration::from_micros(random.below(longest).try_into().unwrap_or(0));
        let known = outcome.faults.len();
        met += u32::from(kill_once(place, which, moment, &format!("{seed}-{done}"), outcome)?);
        outcome.faults[known..].iter().for_each(|fault| told(fault));
        done += 1;
        if done % 50 == 0 {
            told(&format!("{done} of {kills} kills in {:.0} s", start.elapsed().as_secs_f64()));
        }
        if outcome.faults.len() > 10 {
            break;
        }
    }
    outcome.did(format!(
        "kills: {done} from seed {seed}, {met} of them before the command's end, over {} commands, in {:.0} s",
        COMMANDS.len(),
        start.elapsed().as_secs_f64()
    ));
    let left = fs::read_dir(place.folder.join("tmp"))?.count();
    in_full(place, outcome)?;
    let after = fs::read_dir(place.folder.join("tmp"))?.count();
    outcome.require(after == 0, || format!("kills: {after} temporary folders are left"));
    outcome.did(format!(
        "kills: {left} temporary folders of killed commands were there, {after} after further runs"
    ));
    Ok(())
}

/// Runs every command to its end.
fn in_full(place: &Place, outcome: &mut Outcome) -> io::Result<Vec<Duration>> {
    let mut durations = Vec::new();
    for arguments in COMMANDS {
        let start = Instant::now();
        let ended = place.command(arguments, "full").output()?;
        durations.push(start.elapsed());
        let well = ended.status.success();
        outcome.require(well, || {
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            format!("kills: `{}` ends with {}: {said}", arguments.join(" "), ended.status)
        });
    }
    place.git(&["clean", "--quiet", "-fd"])?;
    Ok(durations)
}

/// Kills one command. Tells whether it was still running.
fn kill_once(
    place: &Place,
    which: usize,
    moment: Duration,
    mark: &str,
    outcome: &mut Outcome,
) -> io::Result<bool> {
    let arguments = COMMANDS[which];
    let what = format!("kills: `{}` killed after {moment:?} ({mark})", arguments.join(" "));
    let mut child = place.command(arguments, mark).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let start = Instant::now();
    while start.elapsed() < moment && child.try_wait()?.is_none() {
        thread::sleep(STEP.min(moment));
    }
    // Whatever is seen now has been reported stored.
    let before = place.rows();
    let ran = child.try_wait()?.is_none();
    child.kill()?;
    child.wait()?;
    processes::require_none(&format!("{MARK}={mark}"), PATIENCE, &what, outcome);
    match (before, place.rows()) {
        (Ok(before), Ok(after)) => {
            let lost = before.iter().find(|(table, rows)| after.get(*table) < Some(*rows));
            outcome.require(lost.is_none(), || format!("{what}: {before:?} became {after:?}"));
        }
        (Err(error), _) | (_, Err(error)) => {
            outcome.fault(format!("{what}: the store cannot be read: {error}"));
        }
    }
    let sound = place.soundness();
    outcome.require(sound.as_deref() == Ok("ok"), || format!("{what}: the store is damaged: {sound:?}"));
    place.git(&["clean", "--quiet", "-fd"])?;
    let changed = place.git(&["status", "--porcelain"])?;
    outcome.require(changed.stdout.is_empty(), || {
        format!("{what}: files changed: {}", String::from_utf8_lossy(&changed.stdout))
    });
    Ok(ran)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_name() == "target" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
