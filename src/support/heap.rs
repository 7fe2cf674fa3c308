//! Memory that is given back to the system as soon as it is free.
//!
//! glibc keeps what was freed: large blocks come from the heap once one of their size was freed, and every thread has a heap of
//! its own. After a look through the objects of both sides that is most of what the program holds, and each launch of a
//! benchmark forks: the system copies the tables of all of it. Half of what that took, and half of the memory, is saved here.
//!
//! The one place that needs `unsafe` here: the settings are the C library's.

/// How many bytes a block has that the system is asked for directly, and how many may lie free at the end of a heap.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 128 << 10;

/// How many heaps threads share. What they do side by side is reading and copying, and seldom asks for memory.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS: libc::c_int = 2;

/// Has freed memory given back. To be called before there are other threads. Other C libraries do so by themselves, or cannot
/// be told.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "mallopt is a function of the C library")]
pub fn give_back() {
    // A number that is set stays: glibc would raise both by itself otherwise. What is refused is as it was.
    for (setting, value) in
        [(libc::M_MMAP_THRESHOLD, LARGE), (libc::M_TRIM_THRESHOLD, LARGE), (libc::M_ARENA_MAX, HEAPS)]
    {
        // SAFETY: it takes two numbers and touches nothing of ours. It is called before any other thread is started.
        let _ = unsafe { libc::mallopt(setting, value) };
    }
}

/// Has freed memory given back, where the C library can be told.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}
