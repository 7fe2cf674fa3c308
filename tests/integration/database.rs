//! A PostgreSQL database as the place where results are left: a real server, in a temporary folder.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use perfguard::domain::{MachineFacts, MachineKey, RunUid};
use perfguard::exchange::postgres::Database;
use perfguard::exchange::{DatabaseFault, Exchange, ExchangeError, Put, text};
use perfguard::store::Store;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::contract::sync::{Made, made_run, store};
use crate::contract::{ran, ran_with};
use crate::sandbox::Sandbox;
use crate::skip::{Need, skip};

/// Who owns a server that root starts: it refuses to run as root.
const NOBODY: u32 = 65534;
const PASSWORD: &str = "tell-nobody";

/// A server of its own, which ends with the test.
struct Server {
    folder: TempDir,
    port: u16,
    process: Child,
}

impl Server {
    /// Starts one with a role `perf` that has a password, and a database of that name. `settings` go to the server.
    /// `None` where there is no PostgreSQL; says so.
    fn start(settings: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            skip(Need::Postgres, "it is not installed");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("perfguard-postgres-").tempdir().unwrap();
        fs::write(folder.path().join("password"), PASSWORD).unwrap();
        own(folder.path());
        own(&folder.path().join("password"));
        let made = command(&programs.join("initdb"))
            .args(["--no-sync", "--username=perf", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale"])
            .arg(format!("--pwfile={}", folder.path().join("password").display()))
            .arg(folder.path().join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = command(&programs.join("postgres"));
        server.arg("-D").arg(folder.path().join("data")).arg("-k").arg(folder.path());
        server.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        for setting in settings {
            server.args(["-c", setting]);
        }
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = server.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut server = Self { folder, port, process };
        server.wait();
        server.sql("postgres", "CREATE DATABASE perf");
        Some(server)
    }

    fn wait(&mut self) {
        let patience = Instant::now() + Duration::from_mins(1);
        while Database::open(&self.url("postgres"), None).is_err() {
            let ended = self.process.try_wait().unwrap();
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(ended.is_none() && Instant::now() < patience, "the server does not answer: {log}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://perf:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    fn open(&self) -> Database {
        Database::open(&self.url("perf"), None).unwrap()
    }

    /// Asks by PostgreSQL's own client; a row is a line, columns stand between `|`.
    fn sql(&self, database: &str, question: &str) -> String {
        let output = Command::new("psql")
            .args([
                "--no-psqlrc",
                "--tuples-only",
                "--no-align",
                "--set=ON_ERROR_STOP=1",
                "--command",
                question,
            ])
            .arg(self.url(database))
            .output()
            .unwrap();
        assert!(output.status.success(), "{question}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::QUIT);
        let _ = self.process.wait();
    }
}

/// Where initdb and postgres are: distributions keep them out of the path.
fn programs() -> Option<PathBuf> {
    let told =
        Command::new("pg_config").arg("--bindir").output().ok().filter(|output| output.status.success());
    let told = told.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let kept = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    told.into_iter()
        .chain(kept)
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn own(path: &Path) {
    if is_root() {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C").current_dir("/");
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn fault(result: Result<impl Sized, ExchangeError>) -> (DatabaseFault, String) {
    match result.err().expect("it fails") {
        ExchangeError::Database { fault, said, place, .. } => {
            assert!(!said.contains(PASSWORD) && !place.contains(PASSWORD), "{place}: {said}");
            (fault, said)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn results_go_to_a_database_and_come_back_as_they_were() {
    let Some(server) = Server::start(&[]) else { return };
    let (here, there) = (Sandbox::new("gauge"), Sandbox::new("gauge"));
    let commit = here.git(&["rev-parse", "HEAD"]);
    store(&here.path(".perfguard/store.db"), &Made { commit: &commit, benchmarks: 3, ..Made::default() });
    let at = server.url("perf");
    let refused = ran(&there, &["sync", "push", "--to", &at.replace("127.0.0.1", "127.0.0.1:1,127.0.0.1")]);
    assert!(!refused.stderr.contains(PASSWORD), "{}", refused.stderr);
    let nothing = ran(&there, &["sync", "pull", "--from", &at]);
    assert_eq!(nothing.code, 0, "{}", nothing.stderr);
    assert!(
        nothing.stdout.contains("received 0 runs") && !nothing.stdout.contains(PASSWORD),
        "{}",
        nothing.stdout
    );
    for sent in ["sent 1 run to", "sent 0 runs to"] {
        let shown = ran(&here, &["sync", "push", "--to", &at]);
        assert_eq!(shown.code, 0, "{}", shown.stderr);
        assert!(shown.stdout.contains(sent), "{}", shown.stdout);
    }
    let bare = at.replace(&format!(":{PASSWORD}"), "");
    let shown = ran_with(&there, &["sync", "pull", "--from", &bare], &[("PGPASSWORD", PASSWORD)]);
    assert!(shown.stdout.contains("received 1 run with 3 measurements"), "{}{}", shown.stdout, shown.stderr);
    let rows = server.sql(
        "perf",
        "SELECT benchmark, metric, unit, value, launches, dirty, started = to_timestamp(1700000000), commit_id = \
         (SELECT max(commit_id) FROM perfguard_measurement) FROM perfguard_measurement ORDER BY number",
    );
    assert_eq!(rows.lines().count(), 3, "{rows}");
    assert!(rows.lines().all(|row| row.contains("|wall-time|ns|") && row.ends_with("|f|t|t")), "{rows}");
    let compacted = ran(&here, &["sync", "compact", "--to", &at]);
    assert_eq!(compacted.code, 2);
    assert!(compacted.stderr.contains("nothing to compact") && !compacted.stderr.contains(PASSWORD));
}

#[test]
fn a_run_is_left_once_whoever_writes() {
    let Some(server) = Server::start(&[]) else { return };
    let writers: Vec<_> = (0..8_u32)
        .map(|writer| {
            let url = server.url("perf");
            thread::spawn(move || {
                let mut database = Database::open(&url, None).unwrap();
                // Each has runs of its own, and one that all of them have.
                let own = (0..5).map(|number| made_run(writer * 10 + number + 1, 4));
                let runs: Vec<(RunUid, Vec<u8>)> = own
                    .chain([made_run(0, 4)])
                    .map(|run| (run.uid, text::write(&run).into_bytes()))
                    .collect();
                let puts = database.put(&runs).unwrap();
                assert!(puts.iter().all(|(put, _)| *put == Put::There), "{puts:?}");
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let mut database = server.open();
    let found = database.list().unwrap();
    assert_eq!((found.items.len(), found.odd.len()), (41, 0));
    let body = database.get(&found.items[0]).unwrap().unwrap();
    assert_eq!(text::read(&body, found.items[0].uid).unwrap(), made_run(0, 4));
    assert_eq!(server.sql("perf", "SELECT count(*) FROM perfguard_measurement"), (41 * 4).to_string());
    let other = vec![(found.items[0].uid, text::write(&made_run(0, 3)).into_bytes())];
    assert_eq!(database.put(&other).unwrap()[0].0, Put::Occupied);
    let id = |at: usize| format!("decode('{}', 'hex')", found.items[at].uid);
    server.sql(
        "perf",
        &format!("UPDATE perfguard_run SET body = decode('ff', 'hex') || body WHERE uid = {}", id(1)),
    );
    server.sql("perf", &format!("DELETE FROM perfguard_run WHERE uid = {}", id(2)));
    let damaged = database.get(&found.items[1]).unwrap().unwrap();
    assert!(text::read(&damaged, found.items[1].uid).is_err());
    let gone = database.get(&found.items[2]).unwrap().unwrap_err().to_string();
    assert!(gone.contains("it was removed"), "{gone}");
}

#[test]
fn what_a_database_refuses_is_told_and_nothing_is_lost() {
    let Some(mut server) = Server::start(&[]) else { return };
    let runs = vec![(made_run(1, 2).uid, text::write(&made_run(1, 2)).into_bytes())];
    // Nobody lets us in.
    for (url, words) in [
        (server.url("nosuch"), "\"nosuch\" does not exist"),
        (server.url("perf").replace(PASSWORD, "wrong-password"), "password authentication failed"),
        (format!("{}?sslmode=require", server.url("perf")), "TLS"),
        (server.url("perf").replace("127.0.0.1", "no.such.host.invalid"), "error connecting"),
    ] {
        let (kind, said) = fault(Database::open(&url, None));
        assert_eq!(kind, DatabaseFault::Connection, "{said}");
        assert!(said.contains(words), "{said}");
    }
    // Nobody may write.
    server.sql("perf", "CREATE ROLE reader LOGIN PASSWORD 'tell-nobody'");
    let reader = server.url("perf").replace("perf:", "reader:");
    let mut database = Database::open(&reader, None).unwrap();
    assert_eq!(fault(database.put(&runs)).0, DatabaseFault::Permission);
    server.open().put(&runs).unwrap();
    assert_eq!(fault(database.list()).0, DatabaseFault::Permission);
    server.sql("perf", "GRANT SELECT ON perfguard_schema, perfguard_run TO reader");
    assert_eq!(database.list().unwrap().items.len(), 1, "a connection goes on after a refusal");
    let more = vec![(made_run(2, 2).uid, text::write(&made_run(2, 2)).into_bytes())];
    let (kind, said) = fault(database.put(&more));
    assert!(kind == DatabaseFault::Permission && said.contains("permission denied"), "{said}");
    let standby = server.url("perf") + "?options=-c%20default_transaction_read_only%3Don";
    let (kind, said) = fault(Database::open(&standby, None).unwrap().put(&more));
    assert!(kind == DatabaseFault::Permission && said.contains("read-only"), "{said}");
    // The tables are others'.
    server.sql("perf", "ALTER TABLE perfguard_measurement RENAME COLUMN value TO worth");
    let (kind, said) = fault(server.open().put(&more));
    assert!(kind == DatabaseFault::Tables && said.contains("value"), "{said}");
    assert_eq!(server.open().list().unwrap().items.len(), 1, "half a run is not there");
    server.sql("perf", "ALTER TABLE perfguard_measurement RENAME COLUMN worth TO value");
    server.sql("perf", "UPDATE perfguard_schema SET version = 2");
    for newer in [fault(server.open().put(&more)), fault(server.open().list())] {
        assert!(newer.0 == DatabaseFault::Newer && newer.1.contains("version 2"), "{newer:?}");
    }
    server.sql("perf", "UPDATE perfguard_schema SET version = 1");
    // It is gone in the middle of it; the command says so, and the store has everything.
    let sandbox = Sandbox::new("gauge");
    let path = sandbox.path(".perfguard/store.db");
    store(&path, &Made::default());
    let mut database = server.open();
    server.signal(Signal::QUIT);
    server.process.wait().unwrap();
    assert_eq!(fault(database.put(&more)).0, DatabaseFault::Connection);
    let ended = ran(&sandbox, &["sync", "push", "--to", &server.url("perf")]);
    assert_eq!(ended.code, 101, "{}", ended.stderr);
    assert!(ended.stderr.contains("everything measured is in the store"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(PASSWORD), "{}", ended.stderr);
    assert_eq!(Store::open(&path).unwrap().runs_to_send("x").unwrap().len(), 1);
    // Dropping needs a process to signal, and waits for its end.
    server.process = Command::new("true").spawn().unwrap();
}

/// The way is encrypted, and the server must be the one that a trusted certificate names.
#[test]
fn a_server_is_believed_by_its_certificate_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args([
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &path("key"),
            "-out",
            &path("certificate"),
        ])
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        skip(Need::Postgres, "openssl cannot make a certificate");
        return;
    }
    for name in ["key", "certificate"] {
        own(Path::new(&path(name)));
    }
    own(folder.path());
    let [certificate, key] = [("cert", "certificate"), ("key", "key")]
        .map(|(setting, name)| format!("ssl_{setting}_file={}", path(name)));
    let Some(server) = Server::start(&["ssl=on", &certificate, &key]) else { return };
    let sandbox = Sandbox::new("gauge");
    store(&sandbox.path(".perfguard/store.db"), &Made::default());
    let push = |host: &str, trusted: &str| {
        let url = server.url("perf").replace("127.0.0.1", host) + "?sslmode=require";
        ran_with(&sandbox, &["sync", "push", "--to", &url], &[("SSL_CERT_FILE", trusted)])
    };
    let known = push("localhost", &path("certificate"));
    assert_eq!(known.code, 0, "{}", known.stderr);
    assert_eq!(server.sql("perf", "SELECT count(*) FROM perfguard_run"), "1");
    let other_name = push("127.0.0.1", &path("certificate"));
    assert!(other_name.code == 101 && other_name.stderr.contains("certificate"), "{}", other_name.stderr);
    let unknown = push("localhost", "/etc/ssl/certs/ca-certificates.crt");
    assert!(unknown.code == 101 && unknown.stderr.contains("SSL_CERT_FILE"), "{}", unknown.stderr);
}

/// A server that takes connections and says nothing.
#[test]
#[ignore = "waits for half a minute"]
fn a_server_that_says_nothing_is_not_waited_for_long() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for connection in silent.incoming() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 64]);
            kept.push(connection);
        }
    });
    let (_, said) = fault(Database::open(&format!("postgres://x@127.0.0.1:{port}/x"), None));
    assert!(said.contains("no answer within 30s"), "{said}");
}

/// How long a million measurements take, and the look-up of one baseline. `cargo test --all-features --test integration --
/// --ignored database:: --nocapture`
#[test]
#[ignore = "its figures stand in docs/history.md"]
fn a_million_measurements() {
    let Some(server) = Server::start(&[]) else { return };
    let mut database = server.open();
    let start = Instant::now();
    for batch in 0..20_u32 {
        let runs: Vec<(RunUid, Vec<u8>)> = (0..167)
            .map(|number| {
                let number = batch * 167 + number;
                let mut run = made_run(1, 300);
                let mut bytes = [0; 16];
                bytes[..4].copy_from_slice(&number.to_be_bytes());
                run.uid = RunUid::new(bytes);
                run.started_ms += i64::from(number) * 60_000;
                run.machine =
                    MachineFacts { key: MachineKey::new(format!("m{}", number % 3)), ..run.machine };
                for found in &mut run.measurements {
                    found.key.machine = run.machine.key.clone();
                    found.key.revision.commit =
                        perfguard::domain::CommitId::from_hex(&format!("{number:040x}")).unwrap();
                }
                (run.uid, text::write(&run).into_bytes())
            })
            .collect();
        database.put(&runs).unwrap();
    }
    let rows = server.sql("perf", "SELECT count(*) FROM perfguard_measurement");
    println!("{rows} measurements in {:.1} s", start.elapsed().as_secs_f64());
    println!("{}", server.sql("perf", "SELECT pg_size_pretty(pg_database_size('perf'))"));
    server.sql("perf", "ANALYZE");
    let benchmark = server.sql("perf", "SELECT max(benchmark) FROM perfguard_measurement");
    for question in [
        format!(
            "SELECT value FROM perfguard_measurement WHERE commit_id = '{:040x}' AND machine = 'm1' AND benchmark = '{benchmark}' AND metric = 'wall-time'",
            1000
        ),
        format!(
            "SELECT commit_id, value FROM perfguard_measurement WHERE benchmark = '{benchmark}' AND metric = 'wall-time' AND machine = 'm1' ORDER BY started DESC LIMIT 20"
        ),
    ] {
        println!(
            "{}\n{}",
            question,
            server.sql("perf", &format!("EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) {question}"))
        );
    }
    let start = Instant::now();
    println!(
        "{} runs listed in {:.2} s",
        database.list().unwrap().items.len(),
        start.elapsed().as_secs_f64()
    );
}
