//! Results of several machines, shared through a git remote or a folder.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use perfguard::domain::{
    BenchmarkName, BuildFingerprint, CommitId, Digest, Launch, MachineFacts, MachineKey, Measurement,
    MeasurementKey, Metric, Provenance, Revision, RunUid, SampleSet, SharedLaunch, SharedMeasurement,
    SharedRun, TreeId,
};
use perfguard::exchange::git::GitRemote;
use perfguard::exchange::{Exchange, text};
use perfguard::measure::machine;
use perfguard::store::{NewRun, SeriesFilter, Store};

use super::{history, json, names_of, ran};
use crate::sandbox::{Sandbox, program};

/// A project with a remote beside it.
pub(super) fn shared() -> Sandbox {
    let sandbox = Sandbox::new("gauge");
    sandbox.git(&["init", "--quiet", "--bare", "../remote.git"]);
    sandbox.git(&["remote", "add", "origin", "../remote.git"]);
    sandbox
}

fn refs(sandbox: &Sandbox) -> Vec<String> {
    let listed = sandbox.git(&["--git-dir", "../remote.git", "for-each-ref", "--format=%(refname)"]);
    listed.lines().map(str::to_owned).collect()
}

/// What a made-up run measured.
pub(crate) struct Made<'a> {
    pub(crate) machine: &'a str,
    pub(crate) commit: &'a str,
    pub(crate) started_ms: i64,
    pub(crate) benchmarks: u32,
    pub(crate) value: f64,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            machine: "here",
            commit: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            started_ms: 1_700_000_000_000,
            benchmarks: 1,
            value: 100.0,
        }
    }
}

/// Puts a run into a store, as measuring does.
pub(crate) fn store(path: &std::path::Path, made: &Made<'_>) {
    let mut store = Store::open(path).unwrap();
    let facts = MachineFacts { key: MachineKey::new(made.machine), ..machine::facts() };
    let new = NewRun {
        command: "run",
        started_ms: made.started_ms,
        machine: &facts,
        program_version: "0.1.0",
        seed: 1,
    };
    let run = store.begin_run(&new).unwrap();
    for number in 0..made.benchmarks {
        let value = made.value + f64::from(number);
        let launch = |factor: f64| Launch {
            samples: SampleSet::timed(&[1.0, 2.0], &[value * factor, 2.0 * value * factor]).unwrap(),
            cpu: Some(0),
            seconds: 0.5,
        };
        let measurement = Measurement {
            key: MeasurementKey {
                revision: Revision {
                    label: "HEAD".into(),
                    commit: CommitId::from_hex(made.commit).unwrap(),
                    dirty: false,
                    tree: TreeId::from_hex(made.commit).unwrap(),
                },
                machine: facts.key.clone(),
                build: build(),
                benchmark: BenchmarkName::new("app", "bench", format!("group/{number}")),
                metric: Metric::WallTime,
            },
            executable: Digest::new("e".repeat(64)),
            provenance: Provenance::Native,
            launches: [1.0, 1.01, 1.003_7, 0.998].map(launch).into(),
            code: None,
        };
        store.record(run, &measurement).unwrap();
    }
}

fn build() -> BuildFingerprint {
    BuildFingerprint {
        rustc: "1.95.0".into(),
        host: "x86_64-unknown-linux-gnu".into(),
        target: "x86_64-unknown-linux-gnu".into(),
        profile: "bench".into(),
        settings: "opt-level=3".into(),
        features: String::new(),
        rustflags: String::new(),
        instrument: "criterion 0.8.2".parse().unwrap(),
    }
}

/// The values that a store has of the first benchmark, by machine.
fn values(path: &std::path::Path) -> Vec<(String, usize)> {
    let store = Store::open(path).unwrap();
    let name = BenchmarkName::new("app", "bench", "group/0");
    let found = store.history(&name, Metric::WallTime, SeriesFilter::default()).unwrap();
    found.into_iter().map(|series| (series.series.machine.to_string(), series.points.len())).collect()
}

#[test]
fn two_machines_share_through_the_remote_and_a_third_compacts() {
    let project = shared();
    let (one, two) = (project.path("../one.db"), project.path("../two.db"));
    let (first, second) = (one.to_str().unwrap(), two.to_str().unwrap());
    store(&one, &Made::default());
    store(&one, &Made { started_ms: 1, ..Made::default() });
    let sent = ran(&project, &["sync", "push", "--store", first]);
    assert_eq!((sent.code, sent.stdout.as_str()), (0, "sent 2 runs to origin (../remote.git)\n"), "{sent:?}");
    assert!(
        refs(&project).iter().all(|name| name.starts_with("refs/perfguard/w/")) && refs(&project).len() == 2
    );
    assert_eq!(
        ran(&project, &["sync", "push", "--store", first]).stdout,
        "sent 0 runs to origin (../remote.git)\n"
    );
    store(&two, &Made { machine: "there", value: 250.0, ..Made::default() });
    let got = ran(&project, &["sync", "pull", "--store", second]);
    assert_eq!(
        (got.code, got.stdout.as_str()),
        (0, "received 2 runs with 2 measurements from origin (../remote.git), which holds 2\n"),
        "{got:?}"
    );
    assert_eq!(
        ran(&project, &["sync", "push", "--store", second]).stdout,
        "sent 1 run to origin (../remote.git)\n"
    );
    let compacted = ran(&project, &["sync", "compact", "--store", first]);
    assert_eq!(
        compacted.stdout, "origin (../remote.git) holds 3 runs in one reference, 3 of them new\n",
        "{compacted:?}"
    );
    assert_eq!(refs(&project), ["refs/perfguard/log"]);
    let got = ran(&project, &["sync", "pull", "--store", first]);
    assert!(got.stdout.starts_with("received 1 run with 1 measurement ") && got.stderr.is_empty(), "{got:?}");
    // Each has both, apart by machine, also what a clock that was set back says.
    let all = [("here".to_owned(), 2), ("there".to_owned(), 1)];
    assert_eq!((values(&one), values(&two)), (all.to_vec(), all.to_vec()));
    // Commits that are gone, as after a rewritten history, are shown by their ids.
    let history = ran(&project, &["history", "group/0", "--store", second]);
    assert!(history.code == 0 && history.stdout.contains("aaaaaaaaaa"), "{history:?}");
    assert_eq!(
        project.git(&["for-each-ref", "refs/perfguard", "refs/exchange"]),
        "",
        "the user's references stay"
    );
}

#[test]
fn what_others_of_the_same_key_measured_serves_and_other_keys_are_only_shown() {
    let project = shared();
    let second = project.commit("second");
    let one = project.path("../one.db");
    let document =
        history::run(&project, &["--commits", "HEAD~1..HEAD", "--store", one.to_str().unwrap(), "--push"]);
    assert_eq!((&document["exit_code"], refs(&project).len()), (&0.into(), 1), "{document}");
    let fresh = |name: &str, more: &[&str]| {
        let path = project.path(&format!("../{name}.db"));
        let given = ["--commits", "HEAD~1..HEAD", "--pull", "--store", path.to_str().unwrap()];
        (history::run(&project, &[&given[..], more].concat()), path)
    };
    let (same, path) = fresh("same", &[]);
    assert!(same["notes"].to_string().contains("stored already"), "{same}");
    let report = json(&project, &["report", "--store", path.to_str().unwrap()]);
    let found = &report["baselines"][0];
    assert_eq!((&found["commit"], &found["occasions"]), (&second.into(), &1.into()), "{report}");
    let (other, path) = fresh("other", &["--machine", "another"]);
    assert!(!other["notes"].to_string().contains("stored already"), "{other}");
    assert_eq!(names_of(&other), [history::WORK]);
    let report = json(&project, &["report", "--store", path.to_str().unwrap()]);
    assert_eq!(report["baselines"].as_array().unwrap().len(), 2, "each by itself: {report}");
    // What could not be sent is told in the report, and is sent the next time.
    project.git(&["remote", "set-url", "origin", "../gone.git"]);
    let failed = history::run(&project, &["--store", path.to_str().unwrap(), "--push", "--pull"]);
    assert_eq!(failed["exit_code"], 101, "{failed}");
    assert!(failed["errors"].to_string().contains("failed to send results to origin"), "{failed}");
    assert_eq!(names_of(&failed), [history::WORK]);
    project.git(&["remote", "set-url", "origin", "../remote.git"]);
    let sent = ran(&project, &["sync", "push", "--store", path.to_str().unwrap()]);
    assert!(sent.stdout.starts_with("sent 2 runs"), "{sent:?}");
}

#[test]
fn a_folder_does_the_same() {
    let project = shared();
    let (one, two) = (project.path("../one.db"), project.path("../two.db"));
    fs::create_dir(project.path("../a place")).unwrap();
    store(&one, &Made::default());
    let sent = ran(&project, &["sync", "push", "--to", "dir:../a place", "--store", one.to_str().unwrap()]);
    assert!(sent.code == 0 && sent.stdout.starts_with("sent 1 run to dir:"), "{sent:?}");
    let got = ran(&project, &["sync", "pull", "--from", "dir:../a place", "--store", two.to_str().unwrap()]);
    assert!(got.code == 0 && got.stdout.starts_with("received 1 run with 1 measurement"), "{got:?}");
    assert_eq!(values(&two), [("here".to_owned(), 1)]);
    let none = ran(&project, &["sync", "compact", "--to", "dir:../a place"]);
    assert!(none.code == 2 && none.stderr.contains("nothing to compact"), "{none:?}");
    for to in ["dir:../none", "upstream"] {
        let wrong = ran(&project, &["sync", "push", "--to", to]);
        assert!(wrong.code == 2 && wrong.stderr.contains("help: "), "{wrong:?}");
    }
    assert!(refs(&project).is_empty());
}

#[test]
fn what_cannot_be_taken_is_told_and_the_rest_is() {
    let project = shared();
    let (one, two) = (project.path("../one.db"), project.path("../two.db"));
    let (first, second) = (one.to_str().unwrap(), two.to_str().unwrap());
    let place = project.path("../place");
    fs::create_dir(&place).unwrap();
    for _ in 0..4 {
        store(&one, &Made::default());
    }
    assert_eq!(ran(&project, &["sync", "push", "--to", "dir:../place", "--store", first]).code, 0);
    let mut files: Vec<PathBuf> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let text = |file: &PathBuf| fs::read_to_string(file).unwrap();
    fs::write(&files[0], text(&files[0]).replace("\"perfguard-run\":1", "\"perfguard-run\":3")).unwrap();
    fs::write(&files[1], "\u{1b}]0;owned\u{7} garbage").unwrap();
    fs::write(place.join("..-..-etc.perfguard-run"), "x").unwrap();
    let got = ran(&project, &["sync", "pull", "--from", "dir:../place", "--store", second]);
    assert!(got.code == 0 && got.stdout.starts_with("received 2 runs"), "{got:?}");
    for words in ["a newer version", "line 1: expected value", "`..-..-etc.perfguard-run` is no id of a run"]
    {
        assert!(got.stderr.contains(words), "{words}: {}", got.stderr);
    }
    assert!(!got.stderr.contains('\u{1b}'));
    // One id, two contents: what is known stays, and it is told once.
    fs::write(&files[2], text(&files[2]).replacen(",0.5,100.0]", ",0.5,1.0]", 1)).unwrap();
    for (expected, path) in [(true, second), (false, second), (true, first)] {
        let got = ran(&project, &["sync", "pull", "--from", "dir:../place", "--store", path]);
        assert!(got.code == 0 && got.stdout.starts_with("received 0 runs"), "{got:?}");
        assert_eq!(got.stderr.contains("has other content"), expected, "{got:?}");
    }
}

#[test]
fn a_remote_that_cannot_be_written_loses_nothing_and_shows_no_secret() {
    let project = shared();
    let one = project.path("../one.db");
    store(&one, &Made::default());
    let url = "https://me:hunter2@localhost:1/a b.git?token=t0ken";
    project.git(&["remote", "add", "gone", url]);
    project.git(&["config", "http.https://localhost:1/.extraheader", "AUTHORIZATION: basic c2VjcmV0"]);
    for to in ["gone", url] {
        for command in ["push", "pull", "compact"] {
            let failed =
                ran(&project, &["-vv", "sync", command, "--to", to, "--store", one.to_str().unwrap()]);
            assert_eq!(failed.code, 101, "{failed:?}");
            assert!(failed.stderr.contains("in the store of this machine"), "{failed:?}");
            let all = format!("{}{}", failed.stdout, failed.stderr);
            for secret in ["hunter2", "t0ken", "c2VjcmV0"] {
                assert!(!all.contains(secret), "{secret}: {all}");
            }
        }
    }
    // A remote that can be read and not be written.
    let hook = project.path("../remote.git/hooks/update");
    program(&hook, "#!/bin/sh\necho no token may write here >&2\nexit 1\n");
    let refused = ran(&project, &["sync", "push", "--store", one.to_str().unwrap()]);
    assert_eq!((refused.code, refused.stdout.as_str()), (101, ""), "{refused:?}");
    for words in [
        "failed to send results to origin (../remote.git): writing was refused: ",
        "no token may write here",
        "help: everything measured is in the store of this machine",
        "contents: write",
    ] {
        assert!(refused.stderr.contains(words), "{words}: {}", refused.stderr);
    }
    assert_eq!(ran(&project, &["sync", "pull", "--store", one.to_str().unwrap()]).code, 0);
    fs::remove_file(&hook).unwrap();
    let sent = ran(&project, &["sync", "push", "--store", one.to_str().unwrap()]);
    assert_eq!(sent.stdout, "sent 1 run to origin (../remote.git)\n");
}

#[test]
fn what_git_tracks_in_the_place_of_our_objects_is_refused() {
    let project = shared();
    project.git(&["init", "--quiet", "--bare", ".perfguard/sync.git"]);
    project.git(&["add", "--force", ".perfguard/sync.git/HEAD"]);
    project.git(&["commit", "--quiet", "--message", "harmless"]);
    let refused = ran(&project, &["sync", "pull"]);
    assert!(refused.code == 101 && refused.stderr.contains("git tracks"), "{refused:?}");
}

/// One writer of a race: its own store, target folder and objects.
struct Writer {
    store: PathBuf,
    target: PathBuf,
}

impl Writer {
    fn new(project: &Sandbox, number: usize) -> Self {
        let store_path = project.path(&format!("../writers/{number}/perf.db"));
        fs::create_dir_all(store_path.parent().unwrap()).unwrap();
        store(
            &store_path,
            &Made { started_ms: i64::try_from(number).unwrap(), benchmarks: 3, ..Made::default() },
        );
        Self { store: store_path, target: project.path(&format!("../writers/{number}/target")) }
    }

    fn process(&self, project: &Sandbox, command: &str) -> std::process::Command {
        let mut process = project.process(&["sync", command, "--store", self.store.to_str().unwrap()]);
        process.env("CARGO_TARGET_DIR", &self.target).stdout(Stdio::null()).stderr(Stdio::piped());
        process
    }

    /// How a command ended, and what it said.
    fn run(&self, project: &Sandbox, command: &str) -> (bool, String) {
        let output = self.process(project, command).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Does something with each number, so many at once.
fn at_once<T: Send>(count: usize, threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    thread::scope(|scope| {
        let body = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                if number >= count {
                    return done;
                }
                done.push(work(number));
            }
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(body)).collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect()
    })
}

/// How many runs a store that knows nothing receives.
fn received(project: &Sandbox) -> String {
    let fresh = project.path(&format!("../fresh-{:?}.db", Instant::now()).replace([' ', ':', '{', '}'], ""));
    ran(project, &["sync", "pull", "--store", fresh.to_str().unwrap()]).stdout
}

/// Writers that race each other and those who compact.
fn race(writers: usize, threads: usize, compacting: usize) {
    let project = shared();
    let all: Vec<Writer> = (0..writers).map(|number| Writer::new(&project, number)).collect();
    let compactors: Vec<Writer> =
        (0..compacting).map(|number| Writer::new(&project, writers + number)).collect();
    let start = Instant::now();
    let (failed, compacted) = thread::scope(|scope| {
        let (project, compactors) = (&project, &compactors);
        let compact = scope.spawn(move || {
            at_once(compacting * 3, compacting, |number| {
                compactors[number % compacting].run(project, "compact")
            })
        });
        let sent = at_once(writers, threads, |number| all[number].run(project, "push"));
        let failed: Vec<String> = sent.into_iter().filter(|(fine, _)| !fine).map(|(_, said)| said).collect();
        (failed, compact.join().unwrap())
    });
    let late = compacted.iter().filter(|(fine, _)| !fine).count();
    println!(
        "{writers} writers, {threads} at once: {} failed; {late} of {} compactions gave up; {:.0} s",
        failed.len(),
        compacted.len(),
        start.elapsed().as_secs_f64()
    );
    assert!(failed.is_empty(), "{failed:?}");
    assert!(compacted.iter().all(|(fine, said)| *fine || said.contains("nothing was lost")), "{compacted:?}");
    assert!(received(&project).ends_with(&format!("which holds {writers}\n")), "{}", received(&project));
    let (fine, said) = compactors[0].run(&project, "compact");
    assert!(fine, "{said}");
    assert_eq!(refs(&project), ["refs/perfguard/log"]);
    assert!(received(&project).starts_with(&format!("received {writers} runs")), "{}", received(&project));
}

/// So many writers that are killed at any moment, and begin again.
fn kills(count: usize) {
    let project = shared();
    let first = Writer::new(&project, 0);
    let start = Instant::now();
    assert!(first.run(&project, "push").0);
    let whole = start.elapsed();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut writers, mut killed) = (vec![first], 0);
    while killed < count {
        let writer = Writer::new(&project, writers.len());
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (random >> 40) as f64 / f64::from(1_u32 << 24);
        let mut child = writer.process(&project, "push").spawn().unwrap();
        thread::sleep(whole.mul_f64(share));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        writers.push(writer);
    }
    let there = refs(&project).len();
    let again: Vec<(bool, String)> = writers.iter().map(|writer| writer.run(&project, "push")).collect();
    let failed: Vec<&String> = again.iter().filter(|(fine, _)| !fine).map(|(_, said)| said).collect();
    let all = writers.len();
    println!(
        "{killed} of {all} writers killed; {there} runs had arrived; begun again {} failed",
        failed.len()
    );
    assert!(failed.is_empty(), "{failed:?}");
    assert!(received(&project).starts_with(&format!("received {all} runs")), "{}", received(&project));
}

#[test]
fn racing_writers_and_compactions_lose_nothing() {
    race(8, 4, 2);
}

#[test]
fn killed_writers_lose_nothing() {
    kills(6);
}

#[test]
#[ignore = "a minute or more; its figures are in docs/history.md"]
fn a_hundred_racing_writers_lose_nothing() {
    race(100, 20, 4);
}

#[test]
#[ignore = "a minute or more; its figures are in docs/history.md"]
fn a_hundred_killed_writers_lose_nothing() {
    kills(100);
}

/// A run with times of one commit, as it is sent.
pub(crate) fn made_run(number: u32, benchmarks: u32) -> SharedRun {
    let mut bytes = [0; 16];
    let mixed = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bytes[..8].copy_from_slice(&mixed.to_be_bytes());
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    let revision = Revision {
        label: String::new(),
        commit: CommitId::from_hex(&format!("{number:040x}")).unwrap(),
        dirty: false,
        tree: TreeId::from_hex(&format!("{number:040x}")).unwrap(),
    };
    let facts = machine::facts();
    // What noise does to the last digits of a time.
    let mut random = mixed | 1;
    let mut noisy = |value: f64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        value * (1.0 + (random >> 40) as f64 / f64::from(1_u32 << 24) / 50.0)
    };
    let mut measurement = |benchmark: u32| SharedMeasurement {
        key: MeasurementKey {
            revision: revision.clone(),
            machine: facts.key.clone(),
            build: build(),
            benchmark: BenchmarkName::new("app", "bench", format!("group/{benchmark}")),
            metric: Metric::WallTime,
        },
        provenance: Provenance::Native,
        launches: (0..4)
            .map(|_| SharedLaunch {
                executable: Digest::new(format!("{number:064x}")),
                cpu: Some(0),
                seconds: noisy(0.5),
                median: noisy(100.0 + f64::from(benchmark)),
                samples: None,
                code: None,
            })
            .collect(),
    };
    SharedRun {
        uid: RunUid::new(bytes),
        command: "run".into(),
        started_ms: 1_700_000_000_000 + i64::from(number),
        measurements: (0..benchmarks).map(&mut measurement).collect(),
        machine: facts,
        program_version: "0.1.0".into(),
        seed: mixed,
        comparisons: Vec::new(),
        benches: Vec::new(),
    }
}

#[test]
#[ignore = "a minute or more; its figures are in docs/history.md"]
fn a_history_of_five_thousand_runs_is_fetched() {
    let project = shared();
    let sender = project.path("../sender.git");
    let mut remote = GitRemote::open("origin", &project.root(), &sender).unwrap();
    let start = Instant::now();
    for batch in 0..25_u32 {
        let runs: Vec<_> = (batch * 200..(batch + 1) * 200).map(|number| made_run(number, 300)).collect();
        let texts: Vec<_> = runs.iter().map(|run| (run.uid, text::write(run).into_bytes())).collect();
        remote.put(&texts).unwrap();
    }
    println!("put: {:.1} s", start.elapsed().as_secs_f64());
    drop(remote);
    let one = project.path("../one.db");
    let timed = |what: &str, arguments: &[&str]| {
        let start = Instant::now();
        let done = ran(&project, arguments);
        println!("{what}: {:.1} s: {}{}", start.elapsed().as_secs_f64(), done.stdout.trim(), done.stderr);
        assert_eq!(done.code, 0);
    };
    let size = |what: &str, path: &str| {
        let output =
            std::process::Command::new("du").args(["-sh", project.path(path).to_str().unwrap()]).output();
        println!("{what}: {}", String::from_utf8_lossy(&output.unwrap().stdout).split('\t').next().unwrap());
    };
    size("the remote, a reference for each run", "../remote.git");
    timed("compact", &["sync", "compact", "--store", one.to_str().unwrap()]);
    project.git(&["--git-dir", "../remote.git", "gc", "--quiet", "--prune=now"]);
    size("the remote", "../remote.git");
    let two = project.path("../two.db");
    timed("pull", &["sync", "pull", "--store", two.to_str().unwrap()]);
    timed("pull again", &["sync", "pull", "--store", two.to_str().unwrap()]);
    size("fetched objects", "../two.db.sync.git");
    size("store of the receiver", "../two.db");
}
