//! Benchmarks of the group `parallel`.

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use perfguard_harness::parallel::{custom_pool, map_collect};
use support::Suite;

fn parallel(criterion: &mut Criterion) {
    let mut suite = Suite::new(criterion, "parallel");
    let mut pattern = suite.pattern("map_collect");
    for size in map_collect::SIZES {
        let numbers = map_collect::numbers(size);
        pattern.variant(format_args!("naive/{size}"), |b| b.iter(|| map_collect::naive(black_box(&numbers))));
        pattern.variant(format_args!("optimized/{size}"), |b| {
            b.iter(|| map_collect::optimized(black_box(&numbers)));
        });
    }
    drop(pattern);

    let mut pattern = suite.pattern("custom_pool");
    let count = custom_pool::COUNT;
    pattern.variant("naive", |b| b.iter(|| custom_pool::naive(black_box(count))));
    pattern.variant("optimized", |b| {
        let pool = custom_pool::pool().expect("the threads start");
        b.iter(|| custom_pool::optimized(&pool, black_box(count)));
    });
    pattern.variant("rebuilt", |b| {
        b.iter(|| custom_pool::rebuilt(black_box(count)).expect("the threads start"));
    });
    drop(pattern);
    suite.finish();
}

criterion_group!(benches, parallel);
criterion_main!(benches);
