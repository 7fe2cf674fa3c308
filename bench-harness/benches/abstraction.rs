//! Benchmarks of the group `abstraction`.

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use perfguard_harness::abstraction::{const_eval, dispatch, generic, inline};
use perfguard_harness::input;
use support::Suite;

fn abstraction(criterion: &mut Criterion) {
    let mut suite = Suite::new(criterion, "abstraction");
    let mut pattern = suite.pattern("generic");
    let integers = input::i32s(1, generic::COUNT);
    let floats = input::f64s(2, generic::COUNT);
    pattern.variant("naive/i32", |b| b.iter(|| generic::naive_i32(black_box(&integers))));
    pattern.variant("optimized/i32", |b| b.iter(|| generic::optimized_i32(black_box(&integers))));
    pattern.variant("naive/f64", |b| b.iter(|| generic::naive_f64(black_box(&floats))));
    pattern.variant("optimized/f64", |b| b.iter(|| generic::optimized_f64(black_box(&floats))));
    drop(pattern);

    let mut pattern = suite.pattern("dispatch");
    let sides = input::u32s(3, dispatch::COUNT, 1000);
    let (boxed, squares, any) =
        (dispatch::boxed(&sides), dispatch::squares(&sides), dispatch::any_shapes(&sides));
    pattern.variant("naive", |b| b.iter(|| dispatch::naive(black_box(&boxed))));
    pattern.variant("optimized", |b| b.iter(|| dispatch::optimized(black_box(&squares))));
    pattern.variant("enum", |b| b.iter(|| dispatch::enumerated(black_box(&any))));
    drop(pattern);

    let mut pattern = suite.pattern("inline");
    let values = input::u32s(4, inline::COUNT, u32::MAX);
    pattern.variant("naive", |b| b.iter(|| inline::naive(black_box(&values))));
    pattern.variant("optimized", |b| b.iter(|| inline::optimized(black_box(&values))));
    drop(pattern);

    let mut pattern = suite.pattern("const_eval");
    let message = input::bytes(5, const_eval::MESSAGE_BYTES);
    pattern.variant("naive", |b| b.iter(|| const_eval::naive(black_box(&message))));
    pattern.variant("optimized", |b| b.iter(|| const_eval::optimized(black_box(&message))));
    pattern.variant("typed", |b| b.iter(|| const_eval::typed(black_box(&message))));
    drop(pattern);
    suite.finish();
}

criterion_group!(benches, abstraction);
criterion_main!(benches);
