//! What a benchmark may rely on: it is built and run as in a plain checkout of its own side, and finds nothing of an earlier
//! launch, of the other side or of the user's work tree.

mod carried;
mod healing;
mod leftovers;
mod machines;
mod odd;
mod reach;
mod roots;
mod surroundings;

use std::fs;
use std::path::PathBuf;

use crate::sandbox::Sandbox;

/// The one benchmark that most of these tests need.
const WORK: &str = "gauge::work::work";

/// `gauge` with a bench of which `start` runs before its one benchmark does.
fn gauge(start: &str) -> Sandbox {
    let gauge = Sandbox::new("gauge");
    gauge.write("benches/work.rs", &bench(start));
    gauge.commit("one benchmark");
    gauge
}

fn bench(start: &str) -> String {
    format!(
        "use criterion::{{black_box, criterion_group, criterion_main, Criterion}};\n\n\
         fn benches(c: &mut Criterion) {{\n{start}\n    \
         c.bench_function(\"work\", |b| b.iter(|| gauge::work(black_box(7))));\n}}\n\n\
         criterion_group!(all, benches);\ncriterion_main!(all);\n"
    )
}

/// The source trees of the slot that a sandbox builds in.
pub(crate) fn trees(area: PathBuf) -> PathBuf {
    let elsewhere = fs::read_to_string(area.join(".perfguard-trees")).map(PathBuf::from);
    elsewhere.unwrap_or(area).join("trees")
}
