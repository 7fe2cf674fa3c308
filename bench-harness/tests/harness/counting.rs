//! Counts the heap allocations of the current thread. One allocation is one call of `alloc`, `alloc_zeroed` or `realloc`.
#![expect(unsafe_code, reason = "a global allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every request is passed to the system's allocator unchanged; counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_one();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

fn count_one() {
    // A thread that is ending has no counter any more; nobody reads its count.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

/// How many allocations this thread makes in `work`.
pub(crate) fn allocations<T>(work: impl FnOnce() -> T) -> u64 {
    let before = COUNT.get();
    black_box(work());
    COUNT.get() - before
}

#[test]
fn each_kind_of_allocation_counts_once() {
    assert_eq!(allocations(|| black_box(Box::new(7_u8))), 1);
    assert_eq!(allocations(|| black_box(vec![0_u8; 100])), 1);
    let mut grown = Vec::<u8>::with_capacity(8);
    assert_eq!(allocations(|| grown.reserve_exact(100)), 1);
    assert_eq!(allocations(|| black_box(7)), 0);
}
