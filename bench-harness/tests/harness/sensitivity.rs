//! All of the input is needed: changing any one element changes the result, in every variant. What the result does not
//! depend on, the compiler may leave out, and the benchmark would measure nothing.

use perfguard_harness::abstraction::{const_eval, dispatch, generic, inline};
use perfguard_harness::buffers::{prealloc, reuse, ring, small_items};
use perfguard_harness::input;
use perfguard_harness::iterators::{clone_items, collect_chain, zip_add};
use perfguard_harness::memory::{buffer, large_buffer};
use perfguard_harness::ownership::{bounds, boxed_items, clone_vs_borrow};
use perfguard_harness::parallel::map_collect;
use perfguard_harness::simd::{sum_f32, vectorizable_map};
use perfguard_harness::strings::{borrow, join_many, small_vec};

/// Asserts that `work` gives another result whenever one element of `input` in the range is changed.
fn needs_every_element<T, R: PartialEq>(
    input: &mut [T],
    change: impl Fn(&mut T),
    restore: impl Fn(&mut T),
    mut work: impl FnMut(&[T]) -> R,
) {
    let whole = work(input);
    for index in 0..input.len() {
        change(&mut input[index]);
        assert!(work(input) != whole, "element {index} is not needed");
        restore(&mut input[index]);
        assert!(work(input) == whole, "element {index} was not restored");
    }
}

macro_rules! needs_all {
    ($input:expr, $flip:expr, $($work:expr),+ $(,)?) => {
        $( needs_every_element(&mut $input, $flip, $flip, $work); )+
    };
}

#[test]
fn bytes() {
    let flip = |byte: &mut u8| *byte ^= 0x55;
    let mut message = input::bytes(1, 100);
    needs_all!(message, flip, const_eval::naive, const_eval::optimized, const_eval::typed);
    let mut stream = input::bytes(2, 2 * reuse::CHUNK_BYTES + 5);
    needs_all!(stream, flip, reuse::naive, reuse::optimized, reuse::fitted);
    let mut window = input::bytes(3, ring::WINDOW);
    needs_all!(window, flip, ring::naive, ring::vec_deque, ring::optimized, ring::history, ring::spsc);
    assert_ne!(buffer::naive::<1024>(1), buffer::naive::<1024>(2));
    assert_ne!(buffer::optimized::<64>(1), buffer::optimized::<64>(2));
}

#[test]
fn large_buffers_by_the_line() {
    // `large_buffer` reads one word in each cache line, and every byte of the rest.
    let flip = |line: &mut [u8; 64]| line[0] ^= 0x55;
    let mut lines: Vec<[u8; 64]> = input::bytes(4, 64 * 64).as_chunks::<64>().0.to_vec();
    let mut kept = large_buffer::Kept::default();
    needs_all!(
        lines,
        flip,
        |lines: &[[u8; 64]]| large_buffer::naive(lines.as_flattened()),
        |lines: &[[u8; 64]]| kept.optimized(lines.as_flattened()),
    );
}

fn pair<'a>(left: &'a [u32], right: &'a [u32]) -> bounds::EqualPair<'a> {
    bounds::EqualPair::new(left, right).expect("equal lengths")
}

fn gather<'a>(table: &'a [u32], indices: &'a [u32]) -> bounds::Gather<'a> {
    bounds::Gather::new(table, indices).expect("indices in bounds")
}

#[test]
fn integers() {
    let flip = |value: &mut u32| *value ^= 0x5555_5555;
    let mut values = input::u32s(5, 100, u32::MAX);
    needs_all!(values, flip, inline::naive, inline::optimized, small_vec::naive, small_vec::optimized);
    needs_all!(values, flip, prealloc::naive_vec, prealloc::optimized_vec, prealloc::naive_map);
    needs_all!(
        values,
        flip,
        |sides: &[u32]| dispatch::naive(&dispatch::boxed(sides)),
        |sides: &[u32]| dispatch::optimized(&dispatch::squares(sides)),
        |sides: &[u32]| dispatch::enumerated(&dispatch::any_shapes(sides)),
    );
    let other = input::u32s(6, values.len(), u32::MAX).into_iter().map(|value| value | 1).collect::<Vec<_>>();
    needs_all!(
        values,
        flip,
        |left: &[u32]| bounds::naive_dot(pair(left, &other)),
        |left: &[u32]| bounds::iterator_dot(pair(left, &other)),
        |left: &[u32]| bounds::optimized_dot(pair(left, &other)),
    );

    let every: Vec<u32> = (0..100).collect();
    needs_all!(
        values,
        flip,
        |table: &[u32]| bounds::naive_gather(gather(table, &every)),
        |table: &[u32]| bounds::iterator_gather(gather(table, &every)),
        |table: &[u32]| bounds::optimized_gather(gather(table, &every)),
    );

    let flip = |value: &mut u64| *value ^= 0x55;
    let mut values = input::u64s(7, 100);
    needs_all!(values, flip, clone_vs_borrow::naive, clone_vs_borrow::optimized);
    let mut values = map_collect::numbers(100);
    needs_all!(values, flip, map_collect::naive, map_collect::optimized);
}

#[test]
fn signed_integers() {
    let flip = |value: &mut i32| *value ^= 0x155;
    let mut values = input::i32s(8, 100);
    let other = input::i32s(9, 100);
    needs_all!(values, flip, generic::naive_i32, generic::optimized_i32);
    needs_all!(values, flip, |left: &[i32]| zip_add::naive(left, &other), |left: &[i32]| {
        zip_add::optimized(left, &other)
    });
    // Whether a number is a multiple of three changes by adding one to a multiple, or taking it away again.
    let mut multiples: Vec<i32> = (0..100).map(|value| value * 3).collect();
    let (more, less) = (|value: &mut i32| *value += 1, |value: &mut i32| *value -= 1);
    needs_every_element(&mut multiples, more, less, collect_chain::naive);
    needs_every_element(&mut multiples, more, less, collect_chain::optimized);
}

#[test]
fn floats() {
    let negate = |value: &mut f32| *value = -*value;
    let mut data: Vec<f32> = input::f32s(10, 100).into_iter().map(|value| value + 1.0).collect();
    needs_all!(data, negate, sum_f32::naive, sum_f32::lanes, sum_f32::wide, sum_f32::optimized);
    let right = input::f32s(11, 100);
    let mapped = |map: fn(&mut Vec<f32>, &[f32], &[f32], f32)| {
        let right = right.clone();
        move |left: &[f32]| {
            let mut out = Vec::new();
            map(&mut out, left, &right, 1.5);
            out
        }
    };
    needs_all!(
        data,
        negate,
        mapped(vectorizable_map::naive),
        mapped(vectorizable_map::indexed),
        mapped(vectorizable_map::optimized)
    );

    let negate = |value: &mut f64| *value = -*value;
    let mut data: Vec<f64> = input::f64s(12, 100).into_iter().map(|value| value + 1.0).collect();
    needs_all!(data, negate, generic::naive_f64, generic::optimized_f64);
}

#[test]
fn records_and_strings() {
    let flip = |item: &mut small_items::Item| item.amount ^= 1;
    let mut items = small_items::items(13, 10);
    needs_all!(items, flip, small_items::naive, small_items::optimized, small_items::array_vec);

    let mut records = clone_items::records(14, 50);
    for record in &mut records {
        record.value = 50;
    }
    let (drop_out, come_back) = (
        |record: &mut clone_items::Record| record.value = 0,
        |record: &mut clone_items::Record| {
            record.value = 50;
        },
    );
    needs_every_element(&mut records, drop_out, come_back, clone_items::naive);
    needs_every_element(&mut records, drop_out, come_back, clone_items::optimized);

    let flip = |item: &mut Box<boxed_items::Item>| item.readings[0] ^= 0x55;
    let mut boxed = boxed_items::boxed(15, 50);
    needs_all!(boxed, flip, boxed_items::naive, |items: &[Box<boxed_items::Item>]| {
        boxed_items::optimized(&boxed_items::plain(items))
    });

    let (longer, shorter) = (
        |piece: &mut String| piece.push('!'),
        |piece: &mut String| {
            piece.pop();
        },
    );
    let mut pieces = input::words(16, 50);
    needs_every_element(&mut pieces, longer, shorter, join_many::naive);
    needs_every_element(&mut pieces, longer, shorter, join_many::optimized);
    needs_every_element(&mut pieces, longer, shorter, |pieces| borrow::naive(&pieces.concat()));
    needs_every_element(&mut pieces, longer, shorter, |pieces| borrow::optimized(&pieces.concat()));
}
