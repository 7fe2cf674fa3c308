//! Benchmarks that cannot be measured like others: they are named, and spoil nothing for the rest.

use std::net::TcpListener;

use crate::contract::{benchmark, json, ran};
use crate::sandbox::Sandbox;

/// One that counts widgets, one that takes no time, and a sound one. Each process holds a port as long as it lives.
const BENCH: &str = r#"
use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use std::sync::atomic::{AtomicU64, Ordering};

struct Names;
impl ValueFormatter for Names {
    fn scale_values(&self, _: f64, _: &mut [f64]) -> &'static str { "widgets" }
    fn scale_throughputs(&self, _: f64, _: &Throughput, _: &mut [f64]) -> &'static str { "widgets/s" }
    fn scale_for_machines(&self, _: &mut [f64]) -> &'static str { "widgets" }
}

struct Widgets;
static MADE: AtomicU64 = AtomicU64::new(0);
impl Measurement for Widgets {
    type Intermediate = u64;
    type Value = u64;
    fn start(&self) -> u64 { MADE.load(Ordering::Relaxed) }
    fn end(&self, start: u64) -> u64 { MADE.load(Ordering::Relaxed) - start }
    fn add(&self, a: &u64, b: &u64) -> u64 { a + b }
    fn zero(&self) -> u64 { 0 }
    fn to_f64(&self, value: &u64) -> f64 { *value as f64 }
    fn formatter(&self) -> &dyn ValueFormatter { &Names }
}

fn widgets(c: &mut Criterion<Widgets>) {
    c.bench_function("widgets", |b| b.iter(|| { MADE.fetch_add(3, Ordering::Relaxed); gauge::work(7) }));
}

fn time(c: &mut Criterion) {
    std::mem::forget(std::net::TcpListener::bind("127.0.0.1:PORT").expect("bind the test server"));
    c.bench_function("zero", |b| b.iter_custom(|_| std::time::Duration::ZERO));
    c.bench_function("sound", |b| b.iter(|| gauge::work(7)));
    c.bench_function("fading", |b| b.iter_custom(|n| {
        let start = std::time::Instant::now();
        (0..n).for_each(|_| { criterion::black_box(gauge::work(7)); });
        if gauge::ROUNDS == 1000 { start.elapsed() } else { std::time::Duration::ZERO }
    }));
}

criterion_group! { name = odd; config = Criterion::default().with_measurement(Widgets); targets = widgets }
criterion_group!(all, time);
criterion_main!(odd, all);
"#;

#[test]
fn an_odd_benchmark_is_left_out_and_the_others_are_judged() {
    let gauge = Sandbox::with_names();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    gauge.write("benches/work.rs", &BENCH.replace("PORT", &port.to_string()));
    gauge.edit(
        "Cargo.toml",
        "name = \"names\"\nharness = false",
        "name = \"names\"\nharness = false\nbench = false",
    );
    gauge.commit("odd benchmarks");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1001");
    let check = ["check", "--no-builtin", "--baseline", "HEAD", "--threshold", "50%"];
    let document = json(&gauge, &[&check[..], &["!*fading"]].concat());
    assert_eq!(document["exit_code"], 0, "{document}");
    let verdict = |id: &str| {
        let found = benchmark(&document, &format!("gauge::work::{id}"));
        (found["verdict"].as_str().unwrap().to_owned(), found["metrics"][0]["reason"].to_string())
    };
    let (widgets, why) = verdict("widgets");
    assert_eq!(widgets, "not-comparable");
    assert!(why.contains("`widgets`, not in time"), "{why}");
    let (zero, why) = verdict("zero");
    assert_eq!(zero, "not-comparable", "{why}");
    assert_eq!(verdict("sound").0, "unchanged");
    let notes = document["notes"].to_string();
    assert!(
        notes.contains("sound is measured one process at a time") && notes.contains("test server"),
        "{notes}"
    );
    assert!(notes.contains("gauge::names is not measured") && notes.contains("bench = false"), "{notes}");
    let document = json(&gauge, &[&check[..], &["*fading"]].concat());
    assert_eq!(document["exit_code"], 101, "it could be measured before: {document}");
    let fading = benchmark(&document, "gauge::work::fading");
    let why = fading["metrics"][0]["reason"].to_string();
    assert_eq!(fading["verdict"], "failed");
    assert!(why.contains("the baseline can be measured"), "{why}");
    let shown = ran(&gauge, &["list", "--no-builtin", "!widgets", "!*zero", "!*fading"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(shown.stdout.starts_with("gauge::work::sound\n"), "{}", shown.stdout);
    let named = ran(&gauge, &["list", "--no-builtin", "--bench", "names"]);
    assert!(named.stdout.contains("gauge::names::"), "{}", named.stdout);
}
