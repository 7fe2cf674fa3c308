//! Where a message goes: to the commit and the pull request of the event, whatever the report says.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::fs;

use serde_json::{Value, json};

use super::server::Server;
use super::{Job, benchmark, commit, head, one_pull, passed, regressed, report, unchanged};

/// Publishes a report that must not be taken for one of the event's commit.
fn refused(server: &Server, run: u64, report: &Value, words: &str) {
    let ended = Job::new(server, run, report).run();
    assert_eq!(ended.code, 101, "{words}: {ended:?}");
    did_not_run(server, words);
}

/// The comment and the check say that nothing is known.
fn did_not_run(server: &Server, words: &str) {
    let comments = server.comments();
    let last = comments.last().unwrap();
    assert!(last.contains("perfguard: did not run") && last.contains(words), "{words}: {last}");
    let check = server.shown(&head());
    assert_eq!((&check["conclusion"], &check["output"]["title"]), (&json!("failure"), &json!("did not run")));
}

#[test]
fn a_report_must_be_about_the_events_commit() {
    let server = one_pull();
    let of = |candidate: &str| report(0, candidate, &[unchanged()]);
    refused(&server, 1, &of(&commit('9')), "nor a merge of it");
    // A child of it may do anything; a merge brings what is merged, and nothing else.
    server.state().commits.insert(commit('c'), vec![head()]);
    refused(&server, 2, &of(&commit('c')), "nor a merge of it");
    server.state().commits.insert(commit('d'), vec![commit('0'), commit('8')]);
    refused(&server, 3, &of(&commit('d')), "nor a merge of it");
    let mut without = passed();
    without["candidate"] = Value::Null;
    refused(&server, 4, &without, "which commit was measured");

    server.state().commits.insert(commit('e'), vec![commit('0'), head()]);
    Job::new(&server, 5, &of(&commit('e'))).published();
    assert_eq!(server.shown(&head())["conclusion"], "success");
    assert!(server.comments()[0].contains("gate passed"), "{:?}", server.comments());
}

#[test]
fn a_pull_request_is_found_by_its_branch_and_its_commit() {
    let server = Server::new();
    let nowhere = |run: u64, words: &str| {
        let ended = Job::new(&server, run, &passed()).published();
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
        assert!(server.comments().is_empty());
        assert_eq!(server.shown(&head())["conclusion"], "success", "the commit has its check all the same");
    };
    nowhere(1, "no open pull request");
    // Another owner's branch of that name; one that moved on; one that was closed.
    server.pull(1, "other", "fix", &head());
    server.pull(2, "fork", "fix", &commit('b'));
    server.pull(3, "fork", "fix", &head());
    server.state().pulls[2].open = false;
    nowhere(2, "no open pull request");
    // One branch that is to be pulled into two others: the merge that was measured tells which.
    server.pull(4, "fork", "fix", &head());
    server.pull(5, "fork", "fix", &head());
    nowhere(3, "several pull requests");
    server.state().pulls[4].merge = Some(commit('e'));
    server.state().commits.insert(commit('e'), vec![commit('0'), head()]);
    let ended = Job::new(&server, 4, &report(0, &commit('e'), &[unchanged()])).published();
    assert!(ended.stdout.contains("comment on #5"), "{}", ended.stdout);

    // Names of branches are what their owner wants them to be.
    let odd = "a&state=closed/b";
    server.pull(6, "fork", odd, &head());
    let named =
        Job::new(&server, 5, &passed()).event(|event| event["workflow_run"]["head_branch"] = odd.into());
    let asked = server.asked().len();
    named.published();
    let asked = server.asked().split_off(asked);
    let query = asked.iter().find(|asked| asked.what.starts_with("GET /pulls?")).unwrap();
    assert!(query.what.ends_with("&head=fork:a%26state%3Dclosed%2Fb"), "{}", query.what);
}

#[test]
fn a_push_has_a_check_and_no_comment_and_a_pull_request_is_its_own_event() {
    let server = one_pull();
    let push = Job::new(&server, 1, &passed()).event(|event| event["workflow_run"]["event"] = "push".into());
    push.published();
    assert!(server.comments().is_empty());
    assert_eq!(server.shown(&head())["conclusion"], "success");
    let pull = json!({ "pull_request": { "number": 12, "head": { "sha": head() } } });
    let own = Job::new(&server, 2, &passed()).event(|event| *event = pull.clone());
    let own = own.variable("GITHUB_RUN_ID", "33").variable("GITHUB_RUN_ATTEMPT", "2");
    own.published();
    assert!(server.comments()[0].starts_with("<!-- perfguard:default 33 2 -->"), "{:?}", server.comments());
    for (event, words) in
        [(json!({ "issue": {} }), "no run and no pull request"), (pull, "GITHUB_RUN_ID is not set")]
    {
        let ended = Job::new(&server, 3, &passed()).event(|event_of| *event_of = event).run();
        assert_eq!(ended.code, 101);
        assert!(
            ended.stderr.contains(words) && ended.stderr.contains("on: workflow_run"),
            "{}",
            ended.stderr
        );
    }
    let none = Job::new(&server, 3, &passed()).variable("GITHUB_EVENT_PATH", "").run();
    assert!(none.code == 101 && none.stderr.contains("GITHUB_EVENT_PATH is not set"), "{none:?}");
}

#[test]
fn what_is_no_report_did_not_run() {
    let server = one_pull();
    let mut run = 0;
    let mut refuses = |prepare: &dyn Fn(&Job), words: &str| {
        run += 1;
        let job = Job::without_report(&server, run);
        prepare(&job);
        let ended = job.run();
        assert_eq!(ended.code, 101, "{words}: {ended:?}");
        assert!(ended.stderr.contains("did not run to its end"), "{}", ended.stderr);
        did_not_run(&server, words);
        assert_eq!(server.comments().len(), 1);
    };
    refuses(&|_| (), "failed to read");
    refuses(&|job| fs::create_dir(job.report()).unwrap(), "it is a folder");
    refuses(&|job| fs::write(job.report(), "{\"schema\": 1,").unwrap(), "is not a report");
    refuses(&|job| fs::write(job.report(), [0xff, 0xfe]).unwrap(), "no UTF-8");
    refuses(
        &|job| fs::File::create(job.report()).unwrap().set_len((16 << 20) + 1).unwrap(),
        "it is larger than 16 MiB",
    );
    #[cfg(unix)]
    refuses(
        &|job| {
            fs::write(job.path("elsewhere.json"), passed().to_string()).unwrap();
            std::os::unix::fs::symlink("elsewhere.json", job.report()).unwrap();
        },
        "it is a link",
    );
    #[cfg(unix)]
    refuses(
        &|job| {
            let made = std::process::Command::new("mkfifo").arg(job.report()).status().unwrap();
            assert!(made.success());
        },
        "no regular file",
    );
    let mut with = |field: &str, value: Value, words: &str| {
        let mut document = regressed();
        document[field] = value;
        refuses(&|job| fs::write(job.report(), document.to_string()).unwrap(), words);
    };
    with("schema", 2.into(), "install a newer one");
    with("schema", 0.into(), "measure with this program");
    with("command", "run".into(), "only those of");
    with("partition", json!({ "kind": "hash", "index": 1, "count": 4 }), "cargo perfguard merge");
    with("benchmarks", json!([{ "name": "nonsense" }]), "is not a report");
}

#[test]
fn a_run_that_broke_is_told_with_its_errors_and_fails() {
    let server = one_pull();
    // As `check` writes it where a side does not build: it knows of no commit.
    let error = json!({ "subject": null, "message": "the candidate does not build\nerror[E0308]: mismatched types", "hint": null });
    let mut broken = report(101, &head(), &[]);
    broken["candidate"] = Value::Null;
    broken["errors"] = json!([error]);
    refused(&server, 1, &broken, "mismatched types");
    // Something was measured before: that is shown.
    let mut half = report(101, &head(), &[benchmark("p::t::x", "regressed", 0.3)]);
    half["errors"] = json!([error]);
    let ended = Job::new(&server, 2, &half).run();
    assert_eq!(ended.code, 101, "{ended:?}");
    let comments = server.comments();
    assert!(comments[0].contains("not completed (1 error): 1 of 1 benchmark regressed"), "{comments:?}");
    assert_eq!(server.shown(&head())["conclusion"], "failure");
}
