//! A repository with pull requests, played through: each is pushed, checked out as `actions/checkout` does, checked without a
//! token, and published by a job of its own. What readers see of each step stands in docs/ci.md.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Job;
use super::server::Server;
use crate::contract::{Ran, ran_with};
use crate::sandbox::{Sandbox, git};

/// Counts alone: what they find does not depend on a clock.
const CHECK: [&str; 4] = ["check", "--no-builtin", "--metrics", "allocations"];

/// What stands around the recorded steps in docs/ci.md.
const BEGIN: &str = "<!-- recorded by tests/integration/forge/played.rs, with RECORD=1 -->\n";
const END: &str = "<!-- end of what was recorded -->\n";

/// Two repositories on a forge, the clone of somebody who writes pull requests, and a machine that checks them.
struct World {
    server: Server,
    /// The machine that checks: its checkout lies always at one path.
    machine: Sandbox,
    upstream: PathBuf,
    author: PathBuf,
    runs: u64,
    /// Commits, by what they are called in the record.
    known: Vec<(String, &'static str)>,
    record: String,
}

impl World {
    fn new() -> Self {
        let machine = Sandbox::new("gauge");
        machine.edit("benches/work.rs", "Criterion};", "Criterion, Throughput};");
        machine.edit(
            "benches/work.rs",
            "    group.bench_function(\"work\"",
            "    group.throughput(Throughput::Elements(1000));\n    group.bench_function(\"work\"",
        );
        machine.commit("benches");
        let beside = machine.root().parent().unwrap().to_owned();
        let (upstream, author) = (beside.join("upstream.git"), beside.join("author"));
        let root = machine.root();
        git(&beside, &["clone", "--quiet", "--bare", root.to_str().unwrap(), "upstream.git"]);
        git(&beside, &["clone", "--quiet", "upstream.git", "author"]);
        let known = vec![(git(&author, &["rev-parse", "main"]), "1111111111")];
        Self { server: Server::new(), machine, upstream, author, runs: 0, known, record: String::new() }
    }

    fn edit(&self, path: &str, change: impl FnOnce(String) -> String) {
        let path = self.author.join(path);
        let text = fs::read_to_string(&path).unwrap();
        let changed = change(text.clone());
        assert_ne!(changed, text, "{}", path.display());
        fs::write(path, changed).unwrap();
    }

    /// Makes `work` allocate so often.
    fn allocate(&self, times: usize) {
        let line = "    let seed = *std::hint::black_box(Box::new(seed));\n";
        let head = "pub fn work(seed: u64) -> u64 {\n";
        self.edit("src/lib.rs", |text| {
            text.replace(line, "").replace(head, &format!("{head}{}", line.repeat(times)))
        });
    }

    /// Commits, pushes, and does what the forge does: merges the pull request into its target.
    fn push(
        &mut self,
        pull: u64,
        owner: &'static str,
        branch: &'static str,
        onto: &str,
        called: &'static str,
    ) {
        git(&self.author, &["add", "--all"]);
        git(&self.author, &["commit", "--quiet", "--message", "a change"]);
        let head = git(&self.author, &["rev-parse", "HEAD"]);
        let onto = git(&self.author, &["rev-parse", onto]);
        let tree = git(&self.author, &["rev-parse", "HEAD^{tree}"]);
        let merge = git(&self.author, &["commit-tree", &tree, "-p", &onto, "-p", &head, "-m", "Merge"]);
        let upstream = self.upstream.to_str().unwrap();
        let to = |commit: &str, name: &str| format!("+{commit}:refs/pull/{pull}/{name}");
        git(&self.author, &["push", "--quiet", upstream, &to(&head, "head"), &to(&merge, "merge")]);
        let mut state = self.server.state();
        state.commits.insert(merge.clone(), vec![onto, head.clone()]);
        state.pulls.retain(|known| known.number != pull);
        drop(state);
        self.server.pull(pull, owner, branch, &head);
        self.known.push((merge, called));
        self.known.push((head, "the pull request's head"));
    }

    /// A clone as `actions/checkout` with `fetch-depth: 2` makes it, where the last one was.
    fn check_out(&self, pull: u64) {
        let root = self.machine.root();
        for entry in fs::read_dir(&root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        git(&root, &["init", "--quiet"]);
        let upstream = format!("file://{}", self.upstream.display());
        let spec = format!("+refs/pull/{pull}/merge:refs/remotes/pull/{pull}/merge");
        git(&root, &["remote", "add", "origin", &upstream]);
        git(&root, &["fetch", "--quiet", "--no-tags", "--depth=2", "origin", &spec]);
        git(&root, &["checkout", "--quiet", "--force", &format!("refs/remotes/pull/{pull}/merge")]);
    }

    /// The job that runs the pull request's code: no token, and none of the forge's addresses. Gives its annotations.
    fn check(&self, pull: u64) -> (Ran, Vec<String>) {
        self.check_out(pull);
        let summary = self.machine.root().parent().unwrap().join("summary.md");
        fs::write(&summary, "").unwrap();
        let variables = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
        let arguments = [&CHECK[..], &["--format", "json", "--output", "perfguard.json"]].concat();
        let ran = ran_with(&self.machine, &arguments, &variables);
        assert!(!fs::read_to_string(summary).unwrap().is_empty());
        let found =
            ran.stderr.lines().filter(|line| line.starts_with("::error") || line.starts_with("::warning"));
        let found = found.map(str::to_owned).collect();
        (ran, found)
    }

    /// The job that has a token, and runs none of the pull request's code.
    fn publish(&mut self, pull: u64, report: &Value) -> (i32, Value) {
        self.runs += 1;
        let known = self.server.state().pulls.iter().find(|known| known.number == pull).cloned().unwrap();
        let job = Job::new(&self.server, 100 + self.runs, report).event(|event| {
            let run = &mut event["workflow_run"];
            run["head_sha"] = known.head.clone().into();
            run["head_branch"] = known.branch.into();
            run["head_repository"]["owner"]["login"] = known.owner.into();
        });
        let ended = job.run();
        (ended.code, self.server.shown(&known.head))
    }

    fn report(&self) -> Value {
        serde_json::from_str(&self.machine.read("perfguard.json")).unwrap()
    }

    /// The only comment of a pull request.
    fn comment(&self, pull: u64) -> String {
        let state = self.server.state();
        let of: Vec<&Value> = state.comments.iter().filter(|comment| comment["pull"] == pull).collect();
        let [comment] = &of[..] else { panic!("{} comments on #{pull}", of.len()) };
        comment["body"].as_str().unwrap().to_owned()
    }

    /// One step: checked, published, written down. Gives how both jobs ended, and the check run's conclusion.
    fn step(&mut self, pull: u64, heading: &str) -> (i32, i32, String) {
        let (ran, annotations) = self.check(pull);
        let (published, check) = self.publish(pull, &self.report());
        let conclusion = check["conclusion"].as_str().unwrap().to_owned();
        let annotations = if annotations.is_empty() { "none".to_owned() } else { annotations.join("\n") };
        let comment = self.comment(pull);
        let told = format!(
            "### {heading}\n\n`check` ends with {}, the check run is `{conclusion}`. Annotations:\n\n```text\n{annotations}\n```\n\n\
             The comment:\n\n```markdown\n{}\n```\n\n",
            ran.code,
            comment.trim_end()
        );
        let told = self.redacted(&told);
        self.record.push_str(&told);
        (ran.code, published, conclusion)
    }

    /// A text without what differs from machine to machine and from day to day.
    fn redacted(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (commit, called) in &self.known {
            text = text.replace(commit, called).replace(&commit[..10], called);
        }
        let mut out = String::new();
        for line in text.lines() {
            let line = if line.starts_with("<sub>") && line.contains("rustc") {
                "<sub>AMD EPYC 7763 (x86&#95;64, linux, 2 CPUs), rustc 1.95.0, x86&#95;64-unknown-linux-gnu, profile bench, took 4.2 s</sub>"
            } else {
                line
            };
            let _ = writeln!(out, "{line}");
        }
        let day = |text: &str| -> Option<String> {
            let at = text.find("baselines/accepted/")? + "baselines/accepted/".len();
            text.get(at..at + 10).map(str::to_owned)
        };
        match day(&out) {
            Some(today) => out.replace(&today, "2026-11-26"),
            None => out,
        }
    }
}

#[test]
fn pull_requests_are_checked_and_told_as_the_documentation_shows() {
    let mut world = World::new();

    git(&world.author, &["checkout", "--quiet", "-b", "feature"]);
    world.allocate(1);
    world.push(1, "us", "feature", "main", "2222222222");
    let slower = world.step(1, "1. A pull request makes `gauge/work` allocate");
    assert_eq!(slower, (100, 0, "failure".to_owned()));

    // On the author's machine: the check that was just made is the one that is accepted.
    let accept = ["baseline", "accept", "gauge/work", "--reason", "the seed outlives its caller"];
    let accepted = ran_with(&world.machine, &accept, &[]);
    assert_eq!(accepted.code, 0, "{}", accepted.stderr);
    let files = fs::read_dir(world.machine.path("baselines/accepted")).unwrap();
    let file = files.map(|entry| entry.unwrap().path()).next().unwrap();
    let (name, acceptance) = (file.file_name().unwrap().to_owned(), fs::read_to_string(&file).unwrap());

    world.allocate(0);
    // Another executable than the baseline's, which allocates as little.
    world.edit("src/lib.rs", |text| text.replacen("seed | 1", "seed | 3", 1));
    world.push(1, "us", "feature", "main", "3333333333");
    let fixed = world.step(1, "2. The next push takes that back");
    assert_eq!(fixed, (0, 0, "success".to_owned()));

    world.allocate(1);
    fs::create_dir_all(world.author.join("baselines/accepted")).unwrap();
    fs::write(world.author.join("baselines/accepted").join(name), acceptance).unwrap();
    world.push(1, "us", "feature", "main", "4444444444");
    let accepted = world.step(1, "3. It comes again, with a file that accepts it");
    assert_eq!(accepted, (0, 0, "success".to_owned()));

    git(&world.author, &["checkout", "--quiet", "-b", "patch-1", "main"]);
    world.allocate(3);
    world.push(2, "outsider", "patch-1", "main", "5555555555");
    let forked = world.step(2, "4. A pull request from a fork allocates three times");
    assert_eq!(forked, (100, 0, "failure".to_owned()));
    // The fork's job may write what it likes: about another commit it is not believed.
    let mut lie = world.report();
    lie["candidate"]["commit"] = json!(world.known[0].0);
    lie["benchmarks"] = json!([]);
    let (code, check) = world.publish(2, &lie);
    assert_eq!((code, &check["conclusion"]), (101, &json!("failure")));
    assert!(world.comment(2).contains("did not run") && world.comment(2).contains("nor a merge of it"));

    git(&world.author, &["checkout", "--quiet", "-b", "broken", "main"]);
    world.edit("src/lib.rs", |text| format!("{text}\ncompile_error!(\"not finished yet\");\n"));
    world.push(3, "us", "broken", "main", "6666666666");
    let broken = world.step(3, "5. A pull request does not build");
    assert_eq!(broken, (101, 101, "failure".to_owned()));
    assert!(world.comment(3).contains("error: not finished yet"), "{}", world.comment(3));

    // Its target has no benches yet.
    git(&world.author, &["checkout", "--quiet", "-b", "bare", "main"]);
    let manifest = fs::read_to_string(world.author.join("Cargo.toml")).unwrap();
    fs::remove_dir_all(world.author.join("benches")).unwrap();
    world.edit("Cargo.toml", |text| text[..text.find("[[bench]]").unwrap()].to_owned());
    git(&world.author, &["add", "--all"]);
    git(&world.author, &["commit", "--quiet", "--message", "no benches"]);
    world.known.push((git(&world.author, &["rev-parse", "HEAD"]), "7777777777"));
    git(&world.author, &["checkout", "--quiet", "-b", "first-benches"]);
    git(&world.author, &["checkout", "main", "--", "benches"]);
    world.edit("Cargo.toml", |_| manifest);
    world.push(4, "us", "first-benches", "bare", "8888888888");
    let first = world.step(4, "6. A pull request brings the first benches");
    assert_eq!(first, (0, 0, "neutral".to_owned()));

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (recorded, after) = rest.split_once(END).unwrap();
    if std::env::var_os("RECORD").is_some() {
        fs::write(&page, format!("{before}{BEGIN}{}{END}{after}", world.record)).unwrap();
    } else {
        assert_eq!(recorded, world.record, "docs/ci.md shows something else: run this test with RECORD=1");
    }

    // What a bench declares of its work is in the report of a run by the clock.
    let timed = ran_with(
        &world.machine,
        &["run", "--no-builtin", "--budget", "1ms", "--format", "json", "gauge/work"],
        &[],
    );
    let timed = timed.json();
    let (found, rate) = (&timed["benchmarks"][0], &timed["benchmarks"][0]["throughput"][0]);
    assert_eq!((&rate["unit"], &rate["candidate_amount"]), (&json!("elements"), &json!(1000)));
    let (time, each_second) =
        (found["metrics"][0]["candidate"].as_f64().unwrap(), rate["candidate"].as_f64().unwrap());
    assert!((each_second * time / 1e12 - 1.0).abs() < 1e-9, "{found}");
}
