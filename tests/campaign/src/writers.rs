//! Processes that write to one store at once and are killed at random moments: every row that one has reported as stored is
//! there in the end, once.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use perfguard::domain::{
    BenchmarkName, BuildFingerprint, CommitId, CpuIdentity, Digest, Launch, MachineFacts, MachineKey,
    Measurement, MeasurementKey, Metric, Provenance, Revision, RunId, SampleSet, TreeId,
};
use perfguard::store::{NewRun, Store};

use crate::Outcome;
use crate::random::Random;

/// How many processes write.
const WRITERS: u32 = 8;

/// The word by which this program is told to be one of them.
pub const WRITER: &str = "writer";

/// Lets processes of `program` (this one) write `rows` rows each, and kills each of them `kills` times meanwhile.
pub fn run(program: &Path, seed: u64, rows: u32, kills: u32) -> Outcome {
    let mut outcome = Outcome::default();
    let start = Instant::now();
    match race(program, seed, rows, kills, &mut outcome) {
        Ok(killed) => outcome.did(format!(
            "writers: {WRITERS} × {rows} rows at once from seed {seed}, {killed} writers killed, in {:.0} s",
            start.elapsed().as_secs_f64()
        )),
        Err(error) => outcome.fault(format!("writers: {error}")),
    }
    outcome
}

fn race(program: &Path, seed: u64, rows: u32, kills: u32, outcome: &mut Outcome) -> io::Result<u32> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(".perfguard/store.db");
    let results: Vec<io::Result<(u32, BTreeSet<u32>)>> = thread::scope(|scope| {
        let path = &path;
        let threads: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let random = Random::new(seed ^ u64::from(writer) << 32);
                scope.spawn(move || writing(program, path, writer * rows..(writer + 1) * rows, kills, random))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked"))))
            .collect()
    });
    let mut killed = 0;
    let mut reported = BTreeSet::new();
    for result in results {
        let (times, of_one) = result?;
        killed += times;
        reported.extend(of_one);
    }
    let expected: BTreeSet<u32> = (0..WRITERS * rows).collect();
    outcome.require(reported == expected, || format!("writers: only {} rows were reported", reported.len()));
    let (stored, launches) = stored(&path).map_err(io::Error::other)?;
    let lost: Vec<&u32> = reported.difference(&stored).take(5).collect();
    outcome.require(lost.is_empty(), || {
        format!("writers: rows that were reported are lost: {lost:?} and others")
    });
    // A writer that was killed after it had stored a row and before it had said so stores it again.
    let again = launches - u64::from(WRITERS * rows);
    outcome.require(again <= killed.into(), || format!("writers: {again} rows are there twice"));
    let sound = Store::open(&path).and_then(|store| store.check());
    outcome.require(sound.is_ok(), || format!("writers: the store is damaged: {sound:?}"));
    Ok(killed)
}

/// One writer and its successors, until all its rows are reported.
fn writing(
    program: &Path,
    path: &Path,
    rows: std::ops::Range<u32>,
    kills: u32,
    mut random: Random,
) -> io::Result<(u32, BTreeSet<u32>)> {
    let (mut killed, mut reported) = (0, BTreeSet::new());
    let mut next = rows.start;
    while next < rows.end {
        let mut child = start(program, path, next..rows.end)?;
        let said = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
        let until =
            if killed < kills { random.below((rows.end - rows.start) as usize / 8) } else { usize::MAX };
        for (count, line) in BufReader::new(said).lines().enumerate() {
            // What is cut was not said.
            let Ok(row) = line?.parse::<u32>() else { break };
            reported.insert(row);
            next = row + 1;
            if count == until {
                child.kill()?;
                killed += 1;
            }
        }
        let status = child.wait()?;
        if !status.success() && killed == 0 {
            return Err(io::Error::other(format!("a writer ended with {status}")));
        }
    }
    Ok((killed, reported))
}

fn start(program: &Path, path: &Path, rows: std::ops::Range<u32>) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.arg(WRITER).arg(path).args([rows.start.to_string(), rows.end.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()
}

/// Which rows a store has, and how many launches.
fn stored(path: &Path) -> rusqlite::Result<(BTreeSet<u32>, u64)> {
    let store = rusqlite::Connection::open(path)?;
    let mut query = store
        .prepare("SELECT DISTINCT commit_id FROM revision JOIN measurement ON revision = revision.id")?;
    let commits = query.query_map([], |row| row.get::<_, String>(0))?;
    let rows = commits.filter_map(|commit| u32::from_str_radix(&commit.ok()?, 16).ok()).collect();
    let launches: i64 = store.query_row("SELECT count(*) FROM launch", [], |row| row.get(0))?;
    Ok((rows, launches.unsigned_abs()))
}

/// What a writer does: stores rows, and says so of each once it is stored.
///
/// # Errors
/// The store, or nobody listens.
pub fn write(path: &Path, rows: std::ops::Range<u32>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut store = Store::open_waiting(path, Duration::from_mins(2)).map_err(io::Error::other)?;
    let machine = machine();
    let new =
        NewRun { command: "run", started_ms: 1, machine: &machine, program_version: "campaign", seed: 1 };
    let run: RunId = store.begin_run(&new).map_err(io::Error::other)?;
    let mut said = io::stdout().lock();
    for row in rows {
        let measurement = measurement(row).ok_or_else(|| io::Error::other("no measurement"))?;
        store.record(run, &measurement).map_err(io::Error::other)?;
        writeln!(said, "{row}")?;
        said.flush()?;
    }
    Ok(())
}

fn machine() -> MachineFacts {
    MachineFacts {
        key: MachineKey::new("campaign"),
        arch: "x86_64".into(),
        os: "linux".into(),
        cpu: CpuIdentity {
            vendor: String::new(),
            model: String::new(),
            family: String::new(),
            number: String::new(),
            stepping: String::new(),
            features: BTreeSet::new(),
        },
        caches: Vec::new(),
        logical_cpus: 2,
        hypervisor: None,
    }
}

fn measurement(row: u32) -> Option<Measurement> {
    let commit = CommitId::from_hex(&format!("{row:040x}"))?;
    let tree = TreeId::from_hex(commit.as_str())?;
    let samples = SampleSet::timed(&[1.0, 2.0, 3.0], &[f64::from(row) + 1.0, 20.0, 30.0]).ok()?;
    Some(Measurement {
        key: MeasurementKey {
            revision: Revision { label: "HEAD".into(), commit, dirty: false, tree },
            machine: machine().key,
            build: BuildFingerprint {
                rustc: "1.95.0".into(),
                host: String::new(),
                target: String::new(),
                profile: "bench".into(),
                settings: String::new(),
                features: String::new(),
                rustflags: String::new(),
                instrument: "criterion 0.8.2".parse().ok()?,
            },
            benchmark: BenchmarkName::new("campaign", "writers", "row"),
            metric: Metric::WallTime,
        },
        executable: Digest::new("d"),
        provenance: Provenance::Native,
        launches: vec![Launch { samples, cpu: None, seconds: 0.1 }],
        code: None,
    })
}
