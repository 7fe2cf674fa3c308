//! Benchmarks of the group `iterators`.

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use perfguard_harness::input;
use perfguard_harness::iterators::{clone_items, collect_chain, zip_add};
use support::Suite;

fn iterators(criterion: &mut Criterion) {
    let mut suite = Suite::new(criterion, "iterators");
    let mut pattern = suite.pattern("collect_chain");
    for size in collect_chain::SIZES {
        let numbers = input::i32s(1, size);
        pattern
            .variant(format_args!("naive/{size}"), |b| b.iter(|| collect_chain::naive(black_box(&numbers))));
        pattern.variant(format_args!("optimized/{size}"), |b| {
            b.iter(|| collect_chain::optimized(black_box(&numbers)));
        });
    }
    drop(pattern);

    let mut pattern = suite.pattern("zip_add");
    for size in zip_add::SIZES {
        let (left, right) = (input::i32s(2, size), input::i32s(3, size));
        pattern.variant(format_args!("naive/{size}"), |b| {
            b.iter(|| zip_add::naive(black_box(&left), black_box(&right)));
        });
        pattern.variant(format_args!("optimized/{size}"), |b| {
            b.iter(|| zip_add::optimized(black_box(&left), black_box(&right)));
        });
    }
    drop(pattern);

    let mut pattern = suite.pattern("clone_items");
    let records = clone_items::records(4, clone_items::COUNT);
    pattern.variant("naive", |b| b.iter(|| clone_items::naive(black_box(&records))));
    pattern.variant("optimized", |b| b.iter(|| clone_items::optimized(black_box(&records))));
    drop(pattern);
    suite.finish();
}

criterion_group!(benches, iterators);
criterion_main!(benches);
