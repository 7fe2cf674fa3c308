//! Benchmarks of the group `ownership`.

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use perfguard_harness::input;
use perfguard_harness::ownership::bounds::{EqualPair, Gather};
use perfguard_harness::ownership::{bounds, boxed_items, clone_vs_borrow};
use support::Suite;

fn ownership(criterion: &mut Criterion) {
    let mut suite = Suite::new(criterion, "ownership");
    let mut pattern = suite.pattern("clone_vs_borrow");
    let values = input::u64s(1, clone_vs_borrow::COUNT);
    pattern.variant("naive", |b| b.iter(|| clone_vs_borrow::naive(black_box(&values))));
    pattern.variant("optimized", |b| b.iter(|| clone_vs_borrow::optimized(black_box(&values))));
    drop(pattern);

    let mut pattern = suite.pattern("boxed_items");
    let boxed = boxed_items::boxed(2, boxed_items::COUNT);
    let plain = boxed_items::plain(&boxed);
    pattern.variant("naive", |b| b.iter(|| boxed_items::naive(black_box(&boxed))));
    pattern.variant("optimized", |b| b.iter(|| boxed_items::optimized(black_box(&plain))));
    drop(pattern);

    let mut pattern = suite.pattern("bounds");
    let left = input::u32s(3, bounds::COUNT, u32::MAX);
    let right = input::u32s(4, bounds::COUNT, u32::MAX);
    let pair = EqualPair::new(&left, &right).expect("both have the same length");
    pattern.variant("naive/dot", |b| b.iter(|| bounds::naive_dot(black_box(pair))));
    pattern.variant("iterator/dot", |b| b.iter(|| bounds::iterator_dot(black_box(pair))));
    pattern.variant("optimized/dot", |b| b.iter(|| bounds::optimized_dot(black_box(pair))));
    let indices = input::u32s(5, bounds::COUNT, 1024);
    let gather = Gather::new(&left, &indices).expect("all indices are below the length");
    pattern.variant("naive/gather", |b| b.iter(|| bounds::naive_gather(black_box(gather))));
    pattern.variant("iterator/gather", |b| b.iter(|| bounds::iterator_gather(black_box(gather))));
    pattern.variant("optimized/gather", |b| b.iter(|| bounds::optimized_gather(black_box(gather))));
    drop(pattern);
    suite.finish();
}

criterion_group!(benches, ownership);
criterion_main!(benches);
