//! The readers of everything that strangers write, as functions of bytes: for `tests/campaign` and `tests/fuzz`, and for nobody
//! else. No part of the program's interface; it may change with every release.

use std::str;

use super::config;
use crate::domain::harmless;
use crate::domain::{BenchmarkEvidence, BenchmarkName, Instrument, Report, RunEvidence, RunUid};
use crate::exchange::text;
use crate::judge::{GatePolicy, Policy, judge_run, merge};
#[cfg(unix)]
use crate::measure::interleaved;
use crate::measure::{
    callgrind,
    criterion::{files, harness, naming, protocol},
};
use crate::pipeline::claims::wire::harness_claims;
use crate::report::comment::{self, Frame};
use crate::report::{Format, Style, read, render};
use crate::store::{BaselineFile, RawSamples, Store};

/// A reader by its name. It must not panic, whatever it is given, and needs no more memory than a small multiple of it.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// Its name.
    pub name: &'static str,
    /// Reads, and does with the result what the program does first.
    pub read: fn(&[u8]),
}

/// All readers.
pub const READERS: &[Reader] = &[
    #[cfg(unix)]
    Reader { name: "interleaved", read: interleaved::read_all },
    Reader { name: "criterion-protocol", read: criterion_protocol },
    Reader { name: "criterion-files", read: criterion_files },
    Reader { name: "callgrind", read: callgrind_dump },
    Reader { name: "baseline", read: baseline },
    Reader { name: "configuration", read: configuration },
    Reader { name: "evidence", read: evidence },
    Reader { name: "report", read: report },
    Reader { name: "shared-run", read: shared_run },
    Reader { name: "names", read: names },
];

fn criterion_protocol(bytes: &[u8]) {
    let transcript = protocol::read_all(bytes);
    let listed = naming::listed(transcript.skipped);
    for benchmark in listed.iter().take(100) {
        let _ = naming::exactly(benchmark.raw());
    }
    for reported in transcript.reported {
        let _ = harness::samples(Some(reported)).map(|samples| samples.median());
    }
}

fn criterion_files(bytes: &[u8]) {
    let _ = harness::samples(files::read_all(bytes)).map(|samples| samples.median());
}

fn callgrind_dump(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(dump) = callgrind::parse(text) {
        let _ = dump.called(|name| name.starts_with("pthread_create"));
        let _ = dump.profile();
        let half =
            text.lines().take(text.lines().count() / 2).fold(String::new(), |half, line| half + line + "\n");
        if let Ok(half) = callgrind::parse(&half) {
            let _ = dump.minus(&half).profile();
        }
    }
}

fn baseline(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(file) = BaselineFile::parse(text) {
        let _ = file.file_name();
        let written = file.to_text();
        assert!(BaselineFile::parse(&written).is_ok(), "what was written cannot be read");
    }
}

fn configuration(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let _ = config::parse(text, "perfguard.toml").map_err(|error| harmless::text(&error.to_string()));
    let _ = harness_claims(text).map_err(|error| harmless::text(&error.to_string()));
}

/// What a store holds of a run, judged and reported as `report` does.
fn evidence(bytes: &[u8]) {
    let Ok((run, benchmarks)) = serde_json::from_slice::<(RunEvidence, Vec<BenchmarkEvidence>)>(bytes) else {
        return;
    };
    harmless_in_every_format(&judge_run(&run, &benchmarks, &Policy::new(), GatePolicy::default()));
}

/// A report of another run, published, and put together with itself as `merge` does.
fn report(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(report) = read::read(text).map_err(|error| harmless::text(&error.to_string())) else { return };
    harmless_in_every_format(&report);
    let frame = Frame { first: "<!-- mark -->".to_owned(), run: None };
    let comment = comment::body(&frame, &report);
    assert!(comment.len() <= comment::LONGEST && !comment.contains('@'), "a comment may ping or be refused");
    assert!(comment::annotations(&report).len() <= comment::MOST_ANNOTATIONS);
    if let Ok(whole) = merge(vec![("one".to_owned(), report.clone()), ("other".to_owned(), report)]) {
        harmless_in_every_format(&whole);
    }
}

fn harmless_in_every_format(report: &Report) {
    let style = Style { color: false, width: Some(80), verbose: true };
    for format in Format::ALL {
        let text = render(report, format, &style);
        let left = |c: char| harmless::is_harmful(c) && !matches!(c, '\n' | '\r' | '\t');
        assert!(!text.contains(left), "{format} holds something harmful");
    }
}

/// A run that another machine sent: what is taken is written as it was read, and stored.
fn shared_run(bytes: &[u8]) {
    let uid = RunUid::new([0; 16]);
    let Ok(run) = text::read(bytes, uid).map_err(|error| harmless::text(&error.to_string())) else { return };
    let again = text::write(&run);
    assert!(text::read(again.as_bytes(), uid).as_ref() == Ok(&run), "what was written reads otherwise");
    let stored = Store::in_memory().and_then(|mut store| {
        store.receive(&run, "place", "content")?;
        store.shared_run(uid, RawSamples::Sent, |_| None)
    });
    let _ = stored.map_err(|error| error.to_string());
}

/// Texts that are read into names, and made harmless.
fn names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = text.parse::<BenchmarkName>().map(|name| name.to_string());
    let _ = text.parse::<Instrument>().map(|instrument| instrument.to_string());
    for harmless in [harmless::line(&text), harmless::text(&text), harmless::colored(&text)] {
        assert!(!harmless.contains(['\u{7}', '\u{202e}']), "something harmful is left");
    }
    let _ = harmless::shell_word(&text);
    assert_eq!(
        serde_json::from_str::<String>(&harmless::json(&serde_json::json!(text).to_string())).ok().as_deref(),
        Some(&*text)
    );
    let _ = files::titles(&text);
}
