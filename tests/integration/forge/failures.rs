//! What GitHub, the network and the token do wrong: each has its words, and none of it is a pass or a regression.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::server::{Instead, Server, TOKEN};
use super::{Ended, Job, head, one_pull, passed, regressed};

const COMMENT: &str = "POST /issues/12/comments";
const CHECK: &str = "POST /check-runs";

fn answer(status: u16, message: &str) -> Instead {
    Instead::Answer(status, Vec::new(), json!({ "message": message }))
}

/// Publishes what fails.
fn fails(server: &Server, words: &[&str]) -> Ended {
    let ended = Job::new(server, 7, &passed()).with(&["-vv"]).run();
    assert_eq!(ended.code, 101, "{words:?}: {ended:?}");
    for word in words {
        assert!(ended.stderr.contains(word), "{word}: {}", ended.stderr);
    }
    ended
}

/// Publishes in the end, with one comment and one check.
fn succeeds(server: &Server, what: &str) {
    let ended = Job::new(server, 7, &regressed()).run();
    assert_eq!(ended.code, 0, "{what}: {ended:?}");
    assert!(server.is_clear(), "{what} was met");
    assert_eq!((server.comments().len(), server.state().checks.len()), (1, 1), "{what}");
    assert_eq!(server.shown(&head())["output"]["annotations"].as_array().unwrap().len(), 1, "{what}");
}

#[test]
fn a_token_that_may_not_is_told_what_it_needs() {
    for (request, needs) in [
        ("GET /pulls?", "pull-requests: read"),
        ("GET /commits/", "checks: write"),
        (CHECK, "checks: write"),
        ("GET /issues/", "pull-requests: read"),
        (COMMENT, "pull-requests: write"),
    ] {
        let server = one_pull();
        server.trap(request, answer(403, "Resource not accessible by integration"));
        let ended = fails(
            &server,
            &["status 403: Resource not accessible by integration", &format!("`permissions: {{ {needs} }}`")],
        );
        assert!(!ended.stdout.contains("written"), "{}", ended.stdout);
    }
    let server = one_pull();
    server.trap("GET /git/commits/", answer(403, "Resource not accessible by integration"));
    let mut merged = passed();
    merged["candidate"]["commit"] = "e".repeat(40).into();
    let ended = Job::new(&server, 7, &merged).run();
    assert!(ended.code == 101 && ended.stderr.contains("`permissions: { contents: read }`"), "{ended:?}");
    assert!(server.state().checks.is_empty(), "nothing is said about what is not known");
}

#[test]
fn a_token_that_is_wrong_or_missing_is_told() {
    let server = one_pull();
    let wrong = Job::new(&server, 7, &passed()).variable("GITHUB_TOKEN", "ghs_another").run();
    assert_eq!(wrong.code, 101);
    assert!(
        wrong.stderr.contains("Bad credentials") && !wrong.stderr.contains("ghs_another"),
        "{}",
        wrong.stderr
    );
    assert!(wrong.stderr.contains("GITHUB_TOKEN: ${{ github.token }}"), "{}", wrong.stderr);
    for (name, value, words) in [
        ("GITHUB_TOKEN", "", "GITHUB_TOKEN cannot be used: it is not set"),
        ("GITHUB_REPOSITORY", "", "GITHUB_REPOSITORY cannot be used"),
        ("GITHUB_API_URL", "http://api.example.org", "the token would travel unencrypted"),
    ] {
        let ended = Job::new(&server, 7, &passed()).variable(name, value).run();
        assert!(ended.code == 101 && ended.stderr.contains(words), "{ended:?}");
    }
    // A server that tells the token does not make us tell it.
    server.trap("", answer(400, &format!("Authorization: Bearer {TOKEN} is odd")));
    fails(&server, &["Bearer *** is odd"]);
}

#[test]
fn a_lost_connection_leaves_neither_nothing_nor_two() {
    for request in ["GET /pulls?", "GET /commits/", CHECK, "GET /issues/", COMMENT] {
        let server = one_pull();
        server.trap(request, Instead::Drop);
        succeeds(&server, &format!("{request}, lost before"));
        let server = one_pull();
        server.trap(request, Instead::DropDone);
        succeeds(&server, &format!("{request}, lost after"));
        let server = one_pull();
        server.trap(request, answer(502, "Bad Gateway"));
        succeeds(&server, &format!("{request}, failed"));
    }
}

#[test]
fn what_never_answers_is_given_up() {
    let server = one_pull();
    for _ in 0..4 {
        server.trap("GET /commits/", answer(503, "Service Unavailable"));
    }
    fails(&server, &["did not answer GET /commits/", "status 503", "run this job again later"]);
    for _ in 0..3 {
        server.trap(CHECK, Instead::Drop);
    }
    fails(&server, &["did not answer POST /check-runs"]);
    assert!(server.state().checks.is_empty() && server.comments().is_empty());

    // A machine without a network: nobody listens there.
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended =
        Job::new(&server, 7, &passed()).variable("GITHUB_API_URL", &format!("http://{nowhere}")).run();
    assert_eq!(ended.code, 101);
    assert!(ended.stderr.contains("GitHub cannot be reached at http://127.0.0.1"), "{}", ended.stderr);
    assert!(ended.stderr.contains("has a network"), "{}", ended.stderr);
    let unknown = Job::new(&server, 7, &passed()).variable("GITHUB_API_URL", "https://api.invalid").run();
    assert!(
        unknown.code == 101 && unknown.stderr.contains("cannot be reached at https://api.invalid"),
        "{unknown:?}"
    );
}

#[test]
fn a_rate_limit_is_waited_for_and_not_for_long() {
    let limited = |headers: &[(&'static str, &str)]| {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Instead::Answer(403, headers, json!({ "message": "You have exceeded a secondary rate limit" }))
    };
    let server = one_pull();
    server.trap(COMMENT, limited(&[("Retry-After", "1")]));
    let reset = [
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset", "1795730430"),
        // It is GitHub's clock that counts, however wrong ours is.
        ("Date", "Thu, 26 Nov 2026 22:00:30 GMT"),
    ];
    server.trap(CHECK, limited(&reset));
    let begun = Instant::now();
    succeeds(&server, "limits");
    assert!(begun.elapsed() >= Duration::from_secs(2), "both were waited for");

    let server = one_pull();
    server.trap(COMMENT, limited(&[("Retry-After", "3600")]));
    fails(
        &server,
        &["rate limit is used up", "POST /issues/12/comments would have to wait for 3600 s", "again later"],
    );
}

#[test]
fn what_github_refuses_or_nobody_understands_is_an_error() {
    let server = one_pull();
    server.trap(COMMENT, answer(422, "Validation Failed"));
    fails(&server, &["refused POST /issues/12/comments with status 422: Validation Failed"]);
    server.trap("GET /pulls?", Instead::Answer(200, Vec::new(), json!({ "not": "a list" })));
    fails(&server, &["GitHub's answer to GET /pulls is not understood"]);
    server.trap("GET /pulls?", Instead::Answer(200, Vec::new(), Value::String("<html>a proxy".into())));
    fails(&server, &["is not understood"]);
    // The token goes nowhere else.
    let elsewhere = Server::new();
    let moved = vec![("Location", format!("{}/elsewhere", elsewhere.address))];
    server.trap("GET /pulls?", Instead::Answer(301, moved, json!({ "message": "Moved Permanently" })));
    fails(&server, &["it redirects, which is not followed"]);
    assert!(elsewhere.asked().is_empty());
}
