//! Two runs that publish at once: whatever the order of their requests, one comment and one check are left, the newer one's.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::server::{Instead, Server};
use super::{Ended, Job, commit, head, one_pull, passed, regressed};

/// The newer run's result is there, and no other.
fn the_newer_one_is_left(server: &Server, order: &str) {
    let comments = server.comments();
    let [comment] = &comments[..] else { panic!("{order}: {} comments", comments.len()) };
    assert!(comment.starts_with("<!-- perfguard:default 9 1 -->\n### ✅"), "{order}: {comment}");
    let check = server.shown(&head());
    assert_eq!(check["conclusion"], "success", "{order}");
    assert!(
        check["output"]["summary"].as_str().unwrap().starts_with("<!-- perfguard:default 9 1 -->"),
        "{order}"
    );
}

/// Runs one job, and another one as a whole right before the request of that number reaches the server. Gives whether there
/// was such a request.
fn interrupted(server: &Server, job: &Job, at: usize, other: Job) -> bool {
    let met = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&met);
    let first = Instead::First(Box::new(move || {
        seen.store(true, Ordering::SeqCst);
        assert_eq!(other.run().code, 0);
    }));
    server.trap_after(at, "", first);
    assert_eq!(job.run().code, 0);
    met.load(Ordering::SeqCst)
}

#[test]
fn the_newer_of_two_runs_stays_whenever_the_other_comes() {
    let (older, newer) = (
        |server: &Server| Job::new(server, 8, &regressed()),
        |server: &Server| Job::new(server, 9, &passed()),
    );
    for known in [false, true] {
        for newer_comes_later in [false, true] {
            let mut at = 0;
            loop {
                let server = one_pull();
                if known {
                    server.comment(12, "Bot", "<!-- perfguard:default 1 1 -->\nan old one");
                }
                let (job, other) = if newer_comes_later {
                    (older(&server), newer(&server))
                } else {
                    (newer(&server), older(&server))
                };
                let when =
                    format!("known: {known}, newer comes later: {newer_comes_later}, before request {at}");
                if !interrupted(&server, &job, at, other) {
                    assert!(at > 5, "{when}: there are not so few requests");
                    break;
                }
                the_newer_one_is_left(&server, &when);
                at += 1;
            }
        }
    }
}

#[test]
fn a_push_between_a_runs_look_and_its_comment_is_seen() {
    let server = one_pull();
    server.comment(12, "Bot", "<!-- perfguard:default 1 1 -->\nan old one");
    let pushed = server.clone();
    let newer = Job::new(&server, 9, &with_head(&commit('b'))).event(|event| {
        event["workflow_run"]["head_sha"] = json!(commit('b'));
    });
    // The branch moves on and its run is published while the older one is about to change the comment.
    server.trap(
        "PATCH /issues/comments/",
        Instead::First(Box::new(move || {
            pushed.state().pulls[0].head = commit('b');
            assert_eq!(newer.run().code, 0);
        })),
    );
    let older = Job::new(&server, 8, &regressed()).run();
    assert_eq!(older.code, 0, "{older:?}");
    assert!(older.stdout.contains("a newer run is published already"), "{}", older.stdout);
    assert!(server.is_clear());
    let [comment] = &server.comments()[..] else { panic!("{:?}", server.comments()) };
    assert!(comment.starts_with("<!-- perfguard:default 9 1 -->\n### ✅"), "{comment}");
    assert_eq!(server.shown(&head())["conclusion"], "failure", "each commit has its own check");
    assert_eq!(server.shown(&commit('b'))["conclusion"], "success");
}

fn with_head(head: &str) -> serde_json::Value {
    let mut report = passed();
    report["candidate"]["commit"] = head.into();
    report
}

#[test]
fn many_runs_at_once_leave_one_comment() {
    let server = one_pull();
    let jobs: Vec<Job> = (1..=8).map(|run| Job::new(&server, run, &regressed())).collect();
    let newest = Job::new(&server, 9, &passed());
    let ended: Vec<Ended> = std::thread::scope(|scope| {
        let started: Vec<_> = jobs.iter().chain([&newest]).map(|job| scope.spawn(|| job.run())).collect();
        started.into_iter().map(|job| job.join().unwrap()).collect()
    });
    assert!(ended.iter().all(|ended| ended.code == 0), "{ended:?}");
    the_newer_one_is_left(&server, "all at once");
}
