//! Benchmarks of the group `memory`.

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use perfguard_harness::input;
use perfguard_harness::memory::{buffer, large_buffer};
use support::Suite;

fn memory(criterion: &mut Criterion) {
    let mut suite = Suite::new(criterion, "memory");
    let mut pattern = suite.pattern("buffer_1k");
    pattern.variant("naive", |b| b.iter(|| buffer::naive::<1024>(black_box(7))));
    pattern.variant("optimized", |b| b.iter(|| buffer::optimized::<1024>(black_box(7))));
    drop(pattern);

    let mut pattern = suite.pattern("buffer_64");
    pattern.variant("naive", |b| b.iter(|| buffer::naive::<64>(black_box(7))));
    pattern.variant("optimized", |b| b.iter(|| buffer::optimized::<64>(black_box(7))));
    drop(pattern);

    let mut pattern = suite.pattern("large_buffer");
    for size in large_buffer::SIZES {
        let message = input::bytes(1, size);
        pattern
            .variant(format_args!("naive/{size}"), |b| b.iter(|| large_buffer::naive(black_box(&message))));
        pattern.variant(format_args!("optimized/{size}"), |b| {
            let mut kept = large_buffer::Kept::with_capacity(size);
            b.iter(|| kept.optimized(black_box(&message)));
        });
    }
    drop(pattern);
    suite.finish();
}

criterion_group!(benches, memory);
criterion_main!(benches);
