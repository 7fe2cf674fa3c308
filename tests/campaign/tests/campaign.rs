//! The short form of the campaign: what a change must not break.

use std::path::Path;
use std::process::{Command, Stdio};

use perfguard::cli::fuzzing::READERS;
use perfguard_campaign::{Outcome, fuzz, writers};

const PROGRAM: &str = env!("CARGO_BIN_EXE_perfguard-campaign");

const SEED: u64 = 20_261_126;

#[track_caller]
fn holds(outcome: &Outcome) {
    assert!(outcome.faults.is_empty(), "{outcome}");
}

/// In processes of their own: whoever launches benches ends every child that they leave, and the writers of another test
/// would be taken for such. Side by side, because most of it is waiting for time limits.
#[test]
fn misbehaving_benches_are_failures_and_nothing_else() {
    let misbehaving = Path::new(env!("CARGO_BIN_EXE_misbehave"));
    assert_eq!(misbehaving.parent(), Path::new(PROGRAM).parent(), "the program looks for it beside itself");
    let started = ["listed", "left", "interleaved", "hanging", "counted", "sequential"].map(|group| {
        let mut program = Command::new(PROGRAM);
        program.args(["--short", "--only", "benches", "--groups", group]);
        program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for running in started {
        let output = running.wait_with_output().unwrap();
        let [said, complained] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        assert!(output.status.success(), "{said}{complained}");
        assert!(said.contains("benches: ") && said.contains("0 faults"), "{said}");
    }
}

#[test]
fn no_nonsense_makes_a_reader_panic() {
    holds(&fuzz::run(SEED, 2_000, |_| ()));
}

/// Cases that once made a reader panic.
#[test]
fn what_was_mended_stays_mended() {
    let reader = READERS.iter().find(|reader| reader.name == "evidence").unwrap();
    for case in [55_832, 89_458, 360_529, 412_136, 634_446, 706_842] {
        (reader.read)(&fuzz::case_of(reader, SEED, case));
    }
}

#[test]
fn writers_lose_nothing_when_they_are_killed() {
    holds(&writers::run(Path::new(PROGRAM), SEED, 60, 2));
}

/// cargo-fuzz feeds the same readers.
#[test]
fn every_reader_is_a_target_of_cargo_fuzz() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for reader in READERS {
        let file = format!("fuzz_targets/{}.rs", reader.name.replace('-', "_"));
        let target = std::fs::read_to_string(folder.join(&file)).unwrap();
        assert!(target.contains(&format!("target!(\"{}\")", reader.name)), "{file}");
        assert!(manifest.contains(&format!("name = \"{}\"\npath = \"{file}\"", reader.name)), "{file}");
    }
}
