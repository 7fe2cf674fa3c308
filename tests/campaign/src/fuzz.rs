//! Nonsense for every reader: what a bench, a repository or a store could hold, changed at random. A case is told by the
//! reader's name and a number, from which it comes again.

use std::cell::RefCell;
use std::num::NonZero;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use perfguard::cli::fuzzing::{READERS, Reader};

use crate::random::Random;
use crate::telling::{complete, frame, skipping, unit};
use crate::{Outcome, memory};

/// How much memory this process may have taken in all, in MiB.
const MOST_MEMORY: u64 = 1024;

/// How long a case grows at most, in bytes.
const LONGEST: usize = 16 << 10;

/// Pieces that readers look for.
const PIECES: &[&str] = &[
    "0",
    "-1",
    "1e999",
    "NaN",
    "inf",
    "18446744073709551615",
    "9007199254740993",
    "0.0",
    "\"",
    "\\u0000",
    "\n",
    "\r\n",
    "\u{202e}",
    "\u{0}",
    "[",
    "]",
    "{",
    "}",
    "[[benchmark]]",
    "= ",
    ":",
    "::",
    " #2",
    "null",
    "true",
    "+",
    "*",
    "0x",
    "calls=",
    "fn=",
    "(1)",
    "cfn=",
    "events: ",
    "positions: ",
    "totals: ",
    "Ir",
    "took ",
    "counted ",
    "hello 1 ns",
    "_RNvC",
    "_ZN",
    "took 0 0",
    "thresholds",
    "5%",
    "claim",
    "ns",
    "sample",
    "é",
    "🦀",
];

thread_local! {
    /// What the last panic of a thread that feeds readers said; `None` in all other threads.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// How many faults of one reader are told.
const TOLD: usize = 20;

/// Feeds every reader `cases` cases, shared among the CPUs, and tells of each reader when it is done.
pub fn run(seed: u64, cases: u64, mut tell: impl FnMut(&str)) -> Outcome {
    let mut outcome = Outcome::default();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let said = Arc::new(panic::take_hook());
    let others = Arc::clone(&said);
    // Panics of other threads are told as ever.
    panic::set_hook(Box::new(move |info| {
        if LAST.with_borrow(Option::is_some) { LAST.set(Some(info.to_string())) } else { others(info) }
    }));
    for reader in READERS {
        let start = Instant::now();
        let panics = thread::scope(|scope| {
            let share = |first| move || panics_of(reader, seed, (0..cases).skip(first).step_by(threads));
            let running: Vec<_> = (0..threads).map(|first| scope.spawn(share(first))).collect();
            let mut panics: Vec<_> = running
                .into_iter()
                .flat_map(|thread| thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
                .collect();
            panics.sort_unstable();
            panics
        });
        for (case, last) in panics.iter().take(TOLD) {
            outcome.fault(format!("fuzz: {} with seed {seed}, case {case}: {last}", reader.name));
        }
        let panics = panics.len();
        let peak = memory::peak();
        outcome.did(format!(
            "fuzz: {}: {cases} cases from seed {seed}, {panics} panics, in {:.0} s; at most {peak} MiB of memory",
            reader.name,
            start.elapsed().as_secs_f64()
        ));
        tell(outcome.done.last().map_or("", String::as_str));
        outcome.require(peak < MOST_MEMORY, || format!("fuzz: {peak} MiB of memory after {}", reader.name));
    }
    panic::set_hook(Box::new(move |info| said(info)));
    outcome
}

/// The cases that make a reader panic, each with what that said.
fn panics_of(reader: &Reader, seed: u64, cases: impl Iterator<Item = u64>) -> Vec<(u64, String)> {
    LAST.set(Some(String::new()));
    let panics = |&case: &u64| {
        let bytes = case_of(reader, seed, case);
        panic::catch_unwind(AssertUnwindSafe(|| (reader.read)(&bytes))).is_err()
    };
    cases.filter(panics).map(|case| (case, LAST.replace(Some(String::new())).unwrap_or_default())).collect()
}

/// The bytes of a case.
pub fn case_of(reader: &Reader, seed: u64, case: u64) -> Vec<u8> {
    let name = reader.name.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let mut random = Random::new(seed ^ name.wrapping_mul(0x9e37) ^ case.wrapping_mul(0xd134_2543_de82_ef95));
    let seeds = seeds(reader.name);
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..random.below(8) {
        change(&mut bytes, &seeds, &mut random);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let to = at + random.below((bytes.len() - at).min(64) + 1);
    match random.below(8) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..to)),
        2 => {
            let piece = random.pick(PIECES);
            bytes.splice(at..to, piece.bytes());
        }
        3 => {
            let piece = random.pick(PIECES);
            bytes.splice(at..at, piece.bytes());
        }
        4 => {
            let again = bytes[at..to].repeat(1 + random.below(50));
            bytes.splice(at..at, again);
        }
        5 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            bytes.splice(at.., other[from..].iter().copied());
        }
        6 => {
            // A number in place of a number: most of what is read is one.
            if let Some(digit) = bytes[at..].iter().position(u8::is_ascii_digit).map(|digit| at + digit) {
                let end = bytes[digit..].iter().position(|byte| !byte.is_ascii_digit());
                let end = end.map_or(bytes.len(), |end| digit + end);
                let number = random.number() >> random.below(64);
                bytes.splice(digit..end, number.to_string().bytes());
            }
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}

/// What each reader is meant to read.
fn seeds(reader: &str) -> Vec<Vec<u8>> {
    let texts: &[&str] = match reader {
        "interleaved" => &["hello 1 ns\ntook 17 1234567.25\ntook 1 2\ncounted 3 1 2 3 4 5\n"],
        "criterion-files" => &[
            "[[1.0,2.0],[10.0,20.0]]",
            r#"{"full_id":"g/f","title":"g/f #2","throughput":null}"#,
            "g/f: bench\na b: bench\n",
            "group,unit,iteration_count\n\"a,\nb\",,,,,10.0,ns,1\n",
        ],
        "callgrind" => {
            &[include_str!("../corpus/callgrind.txt"), include_str!("../corpus/small.callgrind.txt")]
        }
        "baseline" => &[include_str!("../corpus/baseline.toml")],
        "configuration" => {
            &[include_str!("../corpus/perfguard.toml"), include_str!("../../../bench-harness/claims.toml")]
        }
        "evidence" => &[include_str!("../corpus/evidence.json")],
        "report" => &[include_str!("../corpus/report.json")],
        "shared-run" => &[include_str!("../corpus/shared-run.txt")],
        "criterion-protocol" => {
            let talk = [
                frame(&skipping("group/left out")),
                frame(&complete("group/id", &[1.0, 2.0, 3.0], &[10.0, 20.0, 30.5])),
                frame(&unit("ns")),
            ];
            return vec![talk.concat(), frame(&[0x81; 64])];
        }
        _ => &[
            "package::target::group/function/1",
            "criterion 0.8.2 + counts 3 (callgrind 3.19)",
            "\u{1b}[1m::x##[",
        ],
    };
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_comes_again() {
        for reader in READERS {
            assert_eq!(case_of(reader, 1, 7), case_of(reader, 1, 7));
            assert!((0..50).any(|case| case_of(reader, 1, case) != case_of(reader, 2, case)));
        }
    }

    /// Seeds that no reader understands would show nothing.
    #[test]
    fn readers_understand_their_seeds() {
        use perfguard::domain::{BenchmarkEvidence, RunEvidence};
        let text = |reader| String::from_utf8(seeds(reader).remove(0)).unwrap();
        assert!(perfguard::measure::callgrind::parse(&text("callgrind")).unwrap().instructions() > 0);
        perfguard::store::BaselineFile::parse(&text("baseline")).unwrap();
        perfguard::report::read::read(&text("report")).unwrap();
        let nobody = perfguard::domain::RunUid::new([0; 16]);
        let run = perfguard::exchange::text::read(text("shared-run").as_bytes(), nobody).unwrap();
        assert!(run.measurements.len() == 3 && run.comparisons.len() == 1);
        serde_json::from_str::<(RunEvidence, Vec<BenchmarkEvidence>)>(&text("evidence")).unwrap();
    }
}
