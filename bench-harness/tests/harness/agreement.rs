//! All variants of a pattern return the same result, for any input.

use std::collections::HashMap;

use perfguard_harness::abstraction::{const_eval, dispatch, generic, inline};
use perfguard_harness::buffers::{prealloc, reuse, ring, small_items};
use perfguard_harness::iterators::{clone_items, collect_chain, zip_add};
use perfguard_harness::memory::{buffer, large_buffer};
use perfguard_harness::ownership::{bounds, boxed_items, clone_vs_borrow};
use perfguard_harness::parallel::{custom_pool, map_collect};
use perfguard_harness::simd::{sum_f32, vectorizable_map};
use perfguard_harness::strings::{borrow, concat, join_many, small_vec};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::with_cases(64) })]

    #[test]
    fn memory_buffers(message: u64) {
        prop_assert_eq!(buffer::naive::<1024>(message), buffer::optimized::<1024>(message));
        prop_assert_eq!(buffer::naive::<64>(message), buffer::optimized::<64>(message));
    }

    #[test]
    fn memory_large_buffer(messages in vec(vec(any::<u8>(), 0..500), 1..5)) {
        let mut kept = large_buffer::Kept::default();
        for message in &messages {
            prop_assert_eq!(large_buffer::naive(message), kept.optimized(message));
        }
    }

    #[test]
    fn abstraction_generic(integers in vec(-1000..1000_i32, 0..100), floats in vec(-1e6..1e6_f64, 0..100)) {
        prop_assert_eq!(generic::naive_i32(&integers), generic::optimized_i32(&integers));
        prop_assert_eq!(generic::naive_f64(&floats).to_bits(), generic::optimized_f64(&floats).to_bits());
    }

    #[test]
    fn abstraction_dispatch(sides in vec(any::<u32>(), 0..100)) {
        let expected = sides.iter().fold(0_u64, |sum, side| sum.wrapping_add(u64::from(*side).pow(2)));
        prop_assert_eq!(dispatch::naive(&dispatch::boxed(&sides)), expected);
        prop_assert_eq!(dispatch::optimized(&dispatch::squares(&sides)), expected);
        prop_assert_eq!(dispatch::enumerated(&dispatch::any_shapes(&sides)), expected);
    }

    #[test]
    fn abstraction_inline(values in vec(any::<u32>(), 0..100)) {
        prop_assert_eq!(inline::naive(&values), inline::optimized(&values));
    }

    #[test]
    fn abstraction_const_eval(message in vec(any::<u8>(), 0..100)) {
        prop_assert_eq!(const_eval::naive(&message), const_eval::optimized(&message));
        prop_assert_eq!(const_eval::naive(&message), const_eval::typed(&message));
    }

    #[test]
    fn strings_concat(first: String, second: String) {
        let expected = [first.as_str(), " ", second.as_str()].concat();
        prop_assert_eq!(&concat::naive(&first, &second), &expected);
        prop_assert_eq!(&concat::optimized(&first, &second), &expected);
        prop_assert_eq!(&concat::format(&first, &second), &expected);
    }

    #[test]
    fn strings_join_many(pieces in vec(any::<String>(), 0..50)) {
        let expected = pieces.join("");
        prop_assert_eq!(&join_many::naive(&pieces), &expected);
        prop_assert_eq!(&join_many::optimized(&pieces), &expected);
        prop_assert_eq!(&join_many::std_concat(&pieces), &expected);
    }

    #[test]
    fn strings_borrow(text: String) {
        prop_assert_eq!(borrow::naive(&text), borrow::optimized(&text));
    }

    #[test]
    fn strings_small_vec(values in vec(any::<u32>(), 0..20)) {
        prop_assert_eq!(small_vec::naive(&values), small_vec::optimized(&values));
    }

    #[test]
    fn buffers_reuse(stream in vec(any::<u8>(), 0..5000)) {
        prop_assert_eq!(reuse::naive(&stream), reuse::optimized(&stream));
        prop_assert_eq!(reuse::naive(&stream), reuse::fitted(&stream));
    }

    #[test]
    fn buffers_prealloc(values in vec(0..50_u32, 0..200)) {
        prop_assert_eq!(prealloc::naive_vec(&values), prealloc::optimized_vec(&values));
        let mut expected = HashMap::new();
        for value in &values {
            *expected.entry(*value).or_insert(0_u32) += 1;
        }
        let by_growing: HashMap<u32, u32> = prealloc::naive_map(&values).into_iter().collect();
        prop_assert_eq!(&by_growing, &expected);
        let by_capacity: HashMap<u32, u32> = prealloc::optimized_map(&values).into_iter().collect();
        prop_assert_eq!(&by_capacity, &expected);
    }

    #[test]
    fn buffers_ring(stream in vec(any::<u8>(), 0..1000)) {
        let expected = ring::naive(&stream);
        prop_assert_eq!(ring::vec_deque(&stream), expected);
        prop_assert_eq!(ring::optimized(&stream), expected);
        prop_assert_eq!(ring::history(&stream), expected);
        prop_assert_eq!(ring::spsc(&stream), expected);
    }

    #[test]
    fn buffers_small_items(seed: u64, count in 0..30_usize) {
        let items = small_items::items(seed, count);
        let expected = small_items::naive(&items);
        prop_assert_eq!(small_items::optimized(&items), expected);
        prop_assert_eq!(small_items::array_vec(&items), (count <= small_items::INLINE).then_some(expected));
    }

    #[test]
    fn iterators_collect_chain(numbers in vec(-1_000_000..1_000_000_i32, 0..200)) {
        prop_assert_eq!(collect_chain::naive(&numbers), collect_chain::optimized(&numbers));
    }

    #[test]
    fn iterators_zip_add(left in vec(-1000..1000_i32, 0..100), right in vec(-1000..1000_i32, 0..100)) {
        prop_assert_eq!(zip_add::naive(&left, &right), zip_add::optimized(&left, &right));
    }

    #[test]
    fn iterators_clone_items(seed: u64, count in 0..100_usize) {
        let records = clone_items::records(seed, count);
        prop_assert_eq!(clone_items::naive(&records), clone_items::optimized(&records));
    }

    #[test]
    fn parallel_map_collect(count in 0..5000_u64) {
        let numbers = map_collect::numbers(count);
        prop_assert_eq!(map_collect::naive(&numbers), map_collect::optimized(&numbers));
    }

    #[test]
    fn simd_sum(data in vec(-1e3..1e3_f32, 0..500)) {
        let plain = f64::from(sum_f32::naive(&data));
        let tolerance = sum_f32::tolerance(&data);
        for (name, sum) in [
            ("lanes", sum_f32::lanes(&data)),
            ("wide", sum_f32::wide(&data)),
            ("optimized", sum_f32::optimized(&data)),
        ] {
            prop_assert!((f64::from(sum) - plain).abs() <= tolerance, "{} gives {} instead of {}", name, sum, plain);
        }
    }

    /// The plain sum keeps the order, bit for bit: so it is not vectorised, whatever the build.
    #[test]
    fn simd_plain_sum_is_in_order(data in vec(-1e3..1e3_f32, 0..500)) {
        let mut in_order = -0.0_f32;
        for value in &data {
            in_order = std::hint::black_box(in_order + value);
        }
        prop_assert_eq!(sum_f32::naive(&data).to_bits(), in_order.to_bits());
    }

    #[test]
    fn simd_vectorizable_map(pairs in vec((-1e3..1e3_f32, -1e3..1e3_f32), 0..100), factor in -10.0..10.0_f32) {
        let (left, right): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        // Kept vectors: what was in them before must not show.
        let [mut by_push, mut by_index, mut by_iterator] = [vec![7.0; 3], vec![7.0; 50], vec![7.0; 200]];
        vectorizable_map::naive(&mut by_push, &left, &right, factor);
        vectorizable_map::indexed(&mut by_index, &left, &right, factor);
        vectorizable_map::optimized(&mut by_iterator, &left, &right, factor);
        prop_assert_eq!(&by_push, &by_index);
        prop_assert_eq!(&by_push, &by_iterator);
    }

    #[test]
    fn ownership_clone_vs_borrow(values in vec(any::<u64>(), 0..100)) {
        prop_assert_eq!(clone_vs_borrow::naive(&values), clone_vs_borrow::optimized(&values));
    }

    #[test]
    fn ownership_boxed_items(seed: u64, count in 0..100_usize) {
        let boxed = boxed_items::boxed(seed, count);
        prop_assert_eq!(boxed_items::naive(&boxed), boxed_items::optimized(&boxed_items::plain(&boxed)));
    }

    #[test]
    fn ownership_bounds(pairs in vec((any::<u32>(), any::<u32>()), 0..100)) {
        let (left, right): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
        let pair = bounds::EqualPair::new(&left, &right).expect("unzip gives equal lengths");
        prop_assert_eq!(bounds::naive_dot(pair), bounds::iterator_dot(pair));
        prop_assert_eq!(bounds::naive_dot(pair), bounds::optimized_dot(pair));
    }

    #[test]
    fn ownership_bounds_gather(table in vec(any::<u32>(), 1..100), picks in vec(any::<u32>(), 0..100)) {
        let length = u32::try_from(table.len()).expect("the table is small");
        let indices: Vec<u32> = picks.into_iter().map(|pick| pick % length).collect();
        let gather = bounds::Gather::new(&table, &indices).expect("the indices are in bounds");
        prop_assert_eq!(bounds::naive_gather(gather), bounds::iterator_gather(gather));
        prop_assert_eq!(bounds::naive_gather(gather), bounds::optimized_gather(gather));
    }
}

#[test]
fn strings_concat_of_the_guides_literals() {
    assert_eq!(concat::format_literal(), concat::naive(concat::FIRST, concat::SECOND));
}

#[test]
fn the_invariants_of_the_unchecked_loops_are_checked() {
    assert!(bounds::EqualPair::new(&[1, 2], &[1]).is_none());
    assert!(bounds::Gather::new(&[1, 2], &[0, 1, 2]).is_none());
    assert!(bounds::Gather::new(&[], &[0]).is_none());
}

#[test]
fn const_eval_is_the_known_crc() {
    // The check value of CRC-32/ISO-HDLC.
    assert_eq!(const_eval::optimized(b"123456789"), 0xcbf4_3926);
}

#[test]
fn dispatch_serves_shapes_of_several_types() {
    let rectangle = dispatch::Rectangle { width: 2, height: 3 };
    let boxed: Vec<Box<dyn dispatch::Shape>> = vec![Box::new(dispatch::Square(4)), Box::new(rectangle)];
    let any = [dispatch::AnyShape::Square(dispatch::Square(4)), dispatch::AnyShape::Rectangle(rectangle)];
    assert_eq!(dispatch::naive(&boxed), 22);
    assert_eq!(dispatch::enumerated(&any), 22);
}

#[test]
fn parallel_custom_pool() {
    let pool = custom_pool::pool().expect("the threads start");
    for count in [0, 1, 10_000] {
        let expected = custom_pool::naive(count);
        assert_eq!(expected.len() as u64, count);
        assert_eq!(custom_pool::optimized(&pool, count), expected);
        assert_eq!(custom_pool::rebuilt(count).expect("the threads start"), expected);
    }
    assert_eq!(pool.install(rayon::current_num_threads), custom_pool::THREADS);
}
