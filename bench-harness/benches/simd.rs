//! Benchmarks of the group `simd`.

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use perfguard_harness::input;
use perfguard_harness::simd::{sum_f32, vectorizable_map};
use support::Suite;

fn simd(criterion: &mut Criterion) {
    let mut suite = Suite::new(criterion, "simd");
    let mut pattern = suite.pattern("sum_f32");
    for size in sum_f32::SIZES {
        let data = input::f32s(1, size);
        pattern.variant(format_args!("naive/{size}"), |b| b.iter(|| sum_f32::naive(black_box(&data))));
        pattern.variant(format_args!("lanes/{size}"), |b| b.iter(|| sum_f32::lanes(black_box(&data))));
        pattern.variant(format_args!("wide/{size}"), |b| b.iter(|| sum_f32::wide(black_box(&data))));
        pattern
            .variant(format_args!("optimized/{size}"), |b| b.iter(|| sum_f32::optimized(black_box(&data))));
    }
    drop(pattern);

    let mut pattern = suite.pattern("vectorizable_map");
    let count = vectorizable_map::COUNT;
    let (left, right) = (input::f32s(2, count), input::f32s(3, count));
    let maps: [(&str, Map); 3] = [
        ("naive", vectorizable_map::naive),
        ("indexed", vectorizable_map::indexed),
        ("optimized", vectorizable_map::optimized),
    ];
    for (variant, map) in maps {
        pattern.variant(variant, |b| {
            let mut out = Vec::with_capacity(count);
            b.iter(|| {
                map(&mut out, black_box(&left), black_box(&right), black_box(1.5));
                black_box(&mut out);
            });
        });
    }
    drop(pattern);
    suite.finish();
}

type Map = fn(&mut Vec<f32>, &[f32], &[f32], f32);

criterion_group!(benches, simd);
criterion_main!(benches);
