//! Benchmarks of the group `strings`.

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use perfguard_harness::input;
use perfguard_harness::strings::concat::{FIRST, SECOND};
use perfguard_harness::strings::{borrow, concat, join_many, small_vec};
use support::Suite;

fn strings(criterion: &mut Criterion) {
    let mut suite = Suite::new(criterion, "strings");
    let mut pattern = suite.pattern("concat");
    pattern.variant("naive", |b| b.iter(|| concat::naive(black_box(FIRST), black_box(SECOND))));
    pattern.variant("optimized", |b| b.iter(|| concat::optimized(black_box(FIRST), black_box(SECOND))));
    pattern.variant("format", |b| b.iter(|| concat::format(black_box(FIRST), black_box(SECOND))));
    pattern.variant("format_literal", |b| b.iter(concat::format_literal));
    drop(pattern);

    let mut pattern = suite.pattern("join_many");
    let pieces = input::words(1, join_many::COUNT);
    pattern.variant("naive", |b| b.iter(|| join_many::naive(black_box(&pieces))));
    pattern.variant("optimized", |b| b.iter(|| join_many::optimized(black_box(&pieces))));
    pattern.variant("std_concat", |b| b.iter(|| join_many::std_concat(black_box(&pieces))));
    drop(pattern);

    let mut pattern = suite.pattern("borrow");
    let text: String = input::words(2, borrow::LENGTH).concat().chars().take(borrow::LENGTH).collect();
    pattern.variant("naive", |b| b.iter(|| borrow::naive(black_box(&text))));
    pattern.variant("optimized", |b| b.iter(|| borrow::optimized(black_box(&text))));
    drop(pattern);

    let mut pattern = suite.pattern("small_vec");
    for size in small_vec::SIZES {
        let values = input::u32s(3, size, u32::MAX);
        pattern.variant(format_args!("naive/{size}"), |b| b.iter(|| small_vec::naive(black_box(&values))));
        pattern.variant(format_args!("optimized/{size}"), |b| {
            b.iter(|| small_vec::optimized(black_box(&values)));
        });
    }
    drop(pattern);
    suite.finish();
}

criterion_group!(benches, strings);
criterion_main!(benches);
