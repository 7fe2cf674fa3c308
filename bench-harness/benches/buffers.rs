//! Benchmarks of the group `buffers`.

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use perfguard_harness::buffers::{prealloc, reuse, ring, small_items};
use perfguard_harness::input;
use support::Suite;

fn buffers(criterion: &mut Criterion) {
    let mut suite = Suite::new(criterion, "buffers");
    let mut pattern = suite.pattern("reuse");
    let stream = input::bytes(1, reuse::STREAM_BYTES);
    pattern.variant("naive", |b| b.iter(|| reuse::naive(black_box(&stream))));
    pattern.variant("optimized", |b| b.iter(|| reuse::optimized(black_box(&stream))));
    pattern.variant("fitted", |b| b.iter(|| reuse::fitted(black_box(&stream))));
    drop(pattern);

    let mut pattern = suite.pattern("prealloc");
    let values = input::u32s(2, prealloc::COUNT, u32::MAX);
    pattern.variant("naive/vec", |b| b.iter(|| prealloc::naive_vec(black_box(&values))));
    pattern.variant("optimized/vec", |b| b.iter(|| prealloc::optimized_vec(black_box(&values))));
    pattern.variant("naive/map", |b| b.iter(|| prealloc::naive_map(black_box(&values))));
    pattern.variant("optimized/map", |b| b.iter(|| prealloc::optimized_map(black_box(&values))));
    drop(pattern);

    let mut pattern = suite.pattern("ring");
    let stream = input::bytes(3, ring::STREAM_BYTES);
    pattern.variant("naive", |b| b.iter(|| ring::naive(black_box(&stream))));
    pattern.variant("vec_deque", |b| b.iter(|| ring::vec_deque(black_box(&stream))));
    pattern.variant("optimized", |b| b.iter(|| ring::optimized(black_box(&stream))));
    pattern.variant("history", |b| b.iter(|| ring::history(black_box(&stream))));
    pattern.variant("spsc", |b| b.iter(|| ring::spsc(black_box(&stream))));
    drop(pattern);

    let mut pattern = suite.pattern("small_items");
    for size in small_items::SIZES {
        let items = small_items::items(4, size);
        pattern.variant(format_args!("naive/{size}"), |b| b.iter(|| small_items::naive(black_box(&items))));
        pattern.variant(format_args!("optimized/{size}"), |b| {
            b.iter(|| small_items::optimized(black_box(&items)));
        });
        if size <= small_items::INLINE {
            pattern.variant(format_args!("array_vec/{size}"), |b| {
                b.iter(|| small_items::array_vec(black_box(&items)));
            });
        }
    }
    drop(pattern);
    suite.finish();
}

criterion_group!(benches, buffers);
criterion_main!(benches);
