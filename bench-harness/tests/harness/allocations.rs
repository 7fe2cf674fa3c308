//! Each variant allocates exactly as often as its documentation says, in a debug and in an optimized build.

use perfguard_harness::buffers::{prealloc, reuse, ring, small_items};
use perfguard_harness::iterators::{clone_items, collect_chain, zip_add};
use perfguard_harness::memory::{buffer, large_buffer};
use perfguard_harness::ownership::clone_vs_borrow;
use perfguard_harness::strings::{borrow, concat, join_many, small_vec};
use perfguard_harness::{abstraction, input, simd};

use crate::counting::allocations;

#[test]
fn a_buffer_on_the_stack_allocates_nothing() {
    assert_eq!(allocations(|| buffer::naive::<1024>(7)), 1);
    assert_eq!(allocations(|| buffer::optimized::<1024>(7)), 0);
    assert_eq!(allocations(|| buffer::naive::<64>(7)), 1);
    assert_eq!(allocations(|| buffer::optimized::<64>(7)), 0);
}

#[test]
fn a_kept_buffer_allocates_nothing_and_grows_once_when_it_must() {
    for size in large_buffer::SIZES {
        let message = input::bytes(1, size);
        let mut kept = large_buffer::Kept::with_capacity(size);
        assert_eq!(allocations(|| large_buffer::naive(&message)), 1);
        assert_eq!(allocations(|| kept.optimized(&message)), 0);
        assert_eq!(allocations(|| large_buffer::Kept::default().optimized(&message)), 1);
    }
}

#[test]
fn concat_allocates_less_often_than_the_guide_says_and_format_more_often() {
    let (first, second) = (concat::FIRST, concat::SECOND);
    // The guide counts three. The first allocation already holds eight bytes, so the space fits in.
    assert_eq!(allocations(|| concat::naive(first, second)), 2);
    assert_eq!(allocations(|| concat::optimized(first, second)), 1);
    // The guide says one. With arguments the macro cannot know the length.
    assert!(allocations(|| concat::format(first, second)) > 1);
    assert_eq!(allocations(concat::format_literal), 1);
}

#[test]
fn a_known_capacity_is_one_allocation() {
    let pieces = input::words(1, join_many::COUNT);
    let growing = allocations(|| join_many::naive(&pieces));
    assert!((5..20).contains(&growing), "doubling, not once per piece: {growing}");
    assert_eq!(allocations(|| join_many::optimized(&pieces)), 1);
    assert_eq!(allocations(|| join_many::std_concat(&pieces)), 1);

    let values = input::u32s(2, prealloc::COUNT, u32::MAX);
    assert!(allocations(|| prealloc::naive_vec(&values)) > 5);
    assert_eq!(allocations(|| prealloc::optimized_vec(&values)), 1);
    assert!(allocations(|| prealloc::naive_map(&values)) > 5);
    assert_eq!(allocations(|| prealloc::optimized_map(&values)), 1);
}

#[test]
fn small_collections_stay_inline_until_they_spill() {
    let four = input::u32s(3, 4, u32::MAX);
    let eight = input::u32s(3, 8, u32::MAX);
    assert_eq!(allocations(|| small_vec::naive(&four)), 1);
    assert_eq!(allocations(|| small_vec::optimized(&four)), 0);
    assert_eq!(allocations(|| small_vec::naive(&eight)), 2);
    assert_eq!(allocations(|| small_vec::optimized(&eight)), 1);

    let ten = small_items::items(4, 10);
    let twenty = small_items::items(4, 20);
    assert!(allocations(|| small_items::naive(&ten)) > 1);
    assert_eq!(allocations(|| small_items::optimized(&ten)), 0);
    assert_eq!(allocations(|| small_items::array_vec(&ten)), 0);
    // Sixteen items, then thirty-two.
    assert_eq!(allocations(|| small_items::optimized(&twenty)), 2);
    assert_eq!(allocations(|| small_items::naive(&twenty)), 4);
    assert_eq!(allocations(|| small_items::array_vec(&twenty)), 0);
}

#[test]
fn a_reused_buffer_is_one_allocation_instead_of_one_per_chunk() {
    let stream = input::bytes(5, reuse::STREAM_BYTES);
    assert_eq!(allocations(|| reuse::naive(&stream)), (reuse::STREAM_BYTES / reuse::CHUNK_BYTES) as u64);
    assert_eq!(allocations(|| reuse::optimized(&stream)), 1);
    assert_eq!(allocations(|| reuse::fitted(&stream)), 1);
}

#[test]
fn a_ring_of_fixed_memory_allocates_nothing() {
    let stream = input::bytes(6, ring::STREAM_BYTES);
    assert!(allocations(|| ring::naive(&stream)) > 1);
    assert_eq!(allocations(|| ring::vec_deque(&stream)), 1);
    assert_eq!(allocations(|| ring::optimized(&stream)), 0);
    assert_eq!(allocations(|| ring::history(&stream)), 0);
    assert_eq!(allocations(|| ring::spsc(&stream)), 0);
}

#[test]
fn chains_and_references_allocate_nothing() {
    let numbers = input::i32s(7, 1000);
    assert!(allocations(|| collect_chain::naive(&numbers)) >= 2);
    assert_eq!(allocations(|| collect_chain::optimized(&numbers)), 0);
    assert_eq!(allocations(|| zip_add::naive(&numbers, &numbers)), 1);
    assert_eq!(allocations(|| zip_add::optimized(&numbers, &numbers)), 1);

    let records = clone_items::records(8, clone_items::COUNT);
    assert!(allocations(|| clone_items::naive(&records)) > clone_items::COUNT as u64);
    assert_eq!(allocations(|| clone_items::optimized(&records)), 0);

    let values = input::u64s(9, clone_vs_borrow::COUNT);
    assert_eq!(allocations(|| clone_vs_borrow::naive(&values)), 1);
    assert_eq!(allocations(|| clone_vs_borrow::optimized(&values)), 0);

    let text = "a text that is handed over";
    assert_eq!(allocations(|| borrow::naive(text)), 1);
    assert_eq!(allocations(|| borrow::optimized(text)), 0);
}

#[test]
fn what_only_computes_allocates_nothing() {
    let message = input::bytes(10, 16);
    assert_eq!(allocations(|| abstraction::const_eval::naive(&message)), 0);
    assert_eq!(allocations(|| abstraction::const_eval::optimized(&message)), 0);
    let floats = input::f32s(11, 1000);
    assert_eq!(allocations(|| simd::sum_f32::wide(&floats)), 0);
    assert_eq!(allocations(|| simd::sum_f32::optimized(&floats)), 0);
    let mut out = Vec::with_capacity(floats.len());
    assert_eq!(allocations(|| simd::vectorizable_map::naive(&mut out, &floats, &floats, 1.5)), 0);
    assert_eq!(allocations(|| simd::vectorizable_map::indexed(&mut out, &floats, &floats, 1.5)), 0);
    assert_eq!(allocations(|| simd::vectorizable_map::optimized(&mut out, &floats, &floats, 1.5)), 0);
}
