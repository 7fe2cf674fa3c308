//! Benches that panic, exit, hang, print rubbish, leave children behind.

use std::time::Duration;

use serde_json::Value;

use super::{Belongings, Running};
use crate::sandbox::Sandbox;

/// One benchmark for each fault; the faults are off until `FAULTY` says otherwise.
const BENCH: &str = r#"
use criterion::{criterion_group, criterion_main, Criterion};
use std::{io::{self, Write}, process, sync::Once, thread, time::Duration};

pub const FAULTY: bool = false;

fn sleep() { thread::sleep(Duration::from_secs(600)); }

fn fault(c: &mut Criterion, name: &str, fault: impl Fn()) {
    let once = Once::new();
    c.bench_function(name, |b| b.iter(|| {
        if FAULTY { once.call_once(&fault); }
        gauge::steady(7)
    }));
}

fn benches(c: &mut Criterion) {
    fault(c, "sound", || ());
    fault(c, "panics", || panic!("no good"));
    fault(c, "exits", || { eprintln!("goodbye"); process::exit(3); });
    fault(c, "hangs", || { println!("waiting"); sleep(); });
    fault(c, "hangs and is deaf", || {
        println!("deaf");
        let script = "trap '' TERM; echo trapped; while :; do sleep 1; done";
        process::Command::new("sh").args(["-c", script]).status().unwrap();
    });
    fault(c, "prints", || {
        for byte in 0..=255 { io::stdout().write_all(&[byte, 27, b'[', b'2', b'J', b'\n']).unwrap(); }
        io::stderr().write_all(&[b'x'; 100_000]).unwrap();
    });
    fault(c, "leaves a child", || {
        process::Command::new("sh").args(["-c", "trap '' TERM HUP; sleep 600"]).spawn().unwrap();
    });
    fault(c, "leaves its session", || {
        let script = "setsid sh -c 'sh -c \"trap : TERM HUP; sleep 600\" & exec sleep 600' >/dev/null 2>&1 </dev/null &";
        process::Command::new("sh").args(["-c", script]).status().unwrap();
    });
    fault(c, "prints a gigabyte", || {
        let lines = [b'x'; 1 << 16];
        for _ in 0..1 << 14 { io::stdout().write_all(&lines).unwrap(); }
    });
    fault(c, "writes a gigabyte", || {
        let much = vec![1; 1 << 20];
        let mut file = std::fs::File::create(std::env::temp_dir().join("much")).unwrap();
        for _ in 0..1 << 10 { file.write_all(&much).unwrap(); }
        sleep();
    });
    fault(c, "reads", || {
        let mut line = String::new();
        assert_eq!(io::stdin().read_line(&mut line).unwrap(), 0);
    });
}

criterion_group!(all, benches);
criterion_main!(all);
"#;

fn faulty_gauge() -> Sandbox {
    let sandbox = Sandbox::new("gauge");
    sandbox.write("benches/faulty.rs", BENCH);
    sandbox.edit("Cargo.toml", "[workspace]", "[[bench]]\nname = \"faulty\"\nharness = false\n\n[workspace]");
    sandbox.commit("benches without faults");
    sandbox.edit("benches/faulty.rs", "FAULTY: bool = false", "FAULTY: bool = true");
    sandbox
}

fn metric<'a>(document: &'a Value, id: &str) -> (&'a str, &'a str) {
    let name = format!("gauge::faulty::{id}");
    let all = document["benchmarks"].as_array().unwrap();
    let found = all.iter().find(|benchmark| benchmark["name"] == name.as_str());
    let found = found.unwrap_or_else(|| panic!("{name} is not in {document}"));
    let reason = found["metrics"][0]["reason"].as_str().unwrap_or_default();
    (found["verdict"].as_str().unwrap(), reason)
}

#[test]
fn a_bench_that_fails_fails_alone_and_says_why() {
    let sandbox = faulty_gauge();
    let before = Belongings::of(&sandbox);
    let arguments = [
        "check",
        "--no-builtin",
        "--bench",
        "faulty",
        "--baseline",
        "HEAD",
        "--budget",
        "1s",
        "--threshold",
        "900%",
        "--launch-timeout",
        "12s",
        "--format",
        "json",
    ];
    let ended = Running::start(sandbox.process(&arguments)).end();
    ended.says(101, &[]);
    let document = ended.json();
    let limit = format!("{:?}", Duration::from_secs(12));
    let failures: [(&str, &[&str]); 6] = [
        ("panics", &["panicked: no good (benches/faulty.rs:"]),
        ("exits", &["exited with code 3", "goodbye"]),
        ("hangs", &["did not end within", &limit, "waiting"]),
        ("hangs and is deaf", &["did not end within", "trapped"]),
        ("prints a gigabyte", &["printed more than 256 MiB"]),
        ("writes a gigabyte", &["wrote more than 512 MiB of temporary files"]),
    ];
    for (id, words) in failures {
        let (verdict, reason) = metric(&document, id);
        assert_eq!(verdict, "failed", "{id}: {reason}");
        assert!(reason.starts_with("the candidate"), "{id}: {reason}");
        assert!(reason.contains(words[0]), "{id}: {reason}");
        // What it printed stands once, beside the error.
        let subject = format!("gauge::faulty::{id}");
        let errors = document["errors"].as_array().unwrap().iter();
        let told: Vec<String> = errors
            .filter(|error| error["subject"] == subject)
            .map(|error| error["message"].to_string())
            .collect();
        assert_eq!(told.len(), 1, "{id}: {document}");
        for word in words {
            assert!(told[0].contains(word), "{id}: {told:?}");
        }
        assert!(id != "panics" || told[0].matches("no good").count() == 1, "{told:?}");
    }
    for id in ["sound", "prints", "leaves a child", "leaves its session", "reads"] {
        let (verdict, reason) = metric(&document, id);
        assert_ne!(verdict, "failed", "{id}: {reason}");
    }
    assert_eq!(document["errors"].as_array().unwrap().len(), 6, "{document}");
    before.are_untouched(&sandbox);
}

#[test]
fn the_side_that_fails_is_named_also_when_it_is_the_baseline() {
    let sandbox = faulty_gauge();
    sandbox.commit("faults");
    sandbox.edit("benches/faulty.rs", "FAULTY: bool = true", "FAULTY: bool = false");
    let arguments =
        ["check", "--no-builtin", "--baseline", "HEAD", "gauge::faulty::panics", "--budget", "1s"];
    let ended = Running::start(sandbox.process(&arguments)).end();
    assert_eq!(ended.code, Some(101), "{}", ended.stderr);
    assert!(ended.stdout.contains("it panicked: no good"), "{}", ended.stdout);
}
