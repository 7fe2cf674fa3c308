//! What the clock says of code that did or did not change.

use serde_json::Value;

use super::timed;
use crate::contract::counts::{check, metric};
use crate::contract::judged_again;
use crate::sandbox::Sandbox;
use crate::skip::valgrind;

const WORK: &str = "gauge::work::gauge/work";
const STEADY: &str = "gauge::work::gauge/steady";

#[test]
fn what_executes_the_same_code_is_only_checked_quickly() {
    if !valgrind() || std::env::consts::ARCH != "x86_64" {
        return;
    }
    timed(|| {
        let gauge = Sandbox::new("gauge");
        gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 100");
        // A generous threshold: a quick check that a noisy machine disturbs goes on to be measured.
        let more = ["--budget", "2s", "--threshold", "wall-time=80%"];
        let found = check(&gauge, "wall-time,instructions,allocations", &more);
        judged_again(&gauge, &found, &more[2..]);
        let document = found.json();
        let steady = metric(&document, STEADY, "wall-time");
        assert_eq!((&steady["verdict"], &steady["pairs"]), (&"unchanged".into(), &2.into()), "{steady}");
        assert!(steady["reason"].as_str().unwrap().contains("same machine code"), "{steady}");
        let work = metric(&document, WORK, "wall-time");
        assert_eq!((&work["method"], &work["reason"]), (&"paired".into(), &Value::Null), "{work}");

        // Unless the clock is asked for.
        let anyway =
            check(&gauge, "wall-time,instructions", &["--budget", "1s", "--measure-identical"]).json();
        let steady = metric(&anyway, STEADY, "wall-time");
        assert!(!steady["reason"].to_string().contains("same machine code"), "{steady}");
    });
}

#[test]
fn the_same_code_over_other_data_is_timed() {
    if !valgrind() {
        return;
    }
    timed(|| {
        let gauge = Sandbox::new("gauge");
        gauge.write("src/lib.rs", CHAIN);
        gauge.write("benches/work.rs", CHAIN_BENCH);
        gauge.commit("a chain in order");
        gauge.edit("src/lib.rs", "SHUFFLED: bool = false", "SHUFFLED: bool = true");
        let found =
            check(&gauge, "wall-time,instructions", &["--budget", "5s", "--threshold", "wall-time=50%"]);
        judged_again(&gauge, &found, &["--threshold", "wall-time=50%"]);
        let document = found.json();
        let name = "gauge::work::walk";
        assert_eq!(metric(&document, name, "instructions")["change"], 0.0, "{document}");
        let walk = metric(&document, name, "wall-time");
        // How sure it gets within the budget depends on the machine; that it is the same code is no excuse.
        assert_ne!(walk["verdict"], "unchanged", "{walk}");
        assert!(!walk["reason"].to_string().contains("same machine code"), "{walk}");
        assert!(!walk["reason"].to_string().contains("where its code lies"), "{walk}");
    });
}

/// A chain of nodes that is made outside of what is counted, and walked inside.
const CHAIN: &str = r"
pub const SHUFFLED: bool = false;
const LENGTH: usize = 1 << 20;

#[inline(never)]
pub fn build() -> Vec<(u64, u32)> {
    let mut order: Vec<u32> = (0..LENGTH as u32).collect();
    if SHUFFLED {
        let mut state = 88_172_645_463_325_252_u64;
        for last in (1..LENGTH).rev() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            order.swap(last, (state % (last as u64 + 1)) as usize);
        }
    }
    let mut nodes = vec![(1, 0); LENGTH];
    for place in 0..LENGTH {
        nodes[order[place] as usize].1 = order[(place + 1) % LENGTH];
    }
    nodes
}

#[inline(never)]
pub fn walk(nodes: &[(u64, u32)]) -> u64 {
    let (mut at, mut sum) = (0, 0);
    for _ in 0..20_000 {
        let (value, next) = nodes[at as usize];
        sum += value;
        at = next;
    }
    sum
}
";

const CHAIN_BENCH: &str = r#"
use criterion::{black_box, criterion_group, criterion_main, Criterion};

fn benches(c: &mut Criterion) {
    let nodes = gauge::build();
    c.bench_function("walk", |b| b.iter(|| gauge::walk(black_box(&nodes))));
}

criterion_group!(all, benches);
criterion_main!(all);
"#;
