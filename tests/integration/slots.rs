//! Which tests run side by side, and where they build.
//!
//! A test that builds takes a slot: a target folder of its own, in which dependencies are compiled once and kept. A
//! test that reads a clock takes all of them, so that nothing else runs. Slots are locked files, so this holds between
//! processes as well; a thread keeps what it has until it ends.

use std::cell::RefCell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// More would only wait for each other: every test builds.
const MOST: usize = 4;

thread_local! {
    static HELD: RefCell<Vec<(usize, File)>> = const { RefCell::new(Vec::new()) };
}

fn count() -> usize {
    thread::available_parallelism().map_or(1, |cpus| cpus.get().clamp(1, MOST))
}

fn folder(slot: usize) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("slot-{slot}"))
}

/// Where the trees of a slot are when its target folder lies in this repository: outside of it, and kept as it is.
pub(crate) fn cache() -> Option<PathBuf> {
    let inside = Path::new(env!("CARGO_TARGET_TMPDIR")).starts_with(env!("CARGO_MANIFEST_DIR"));
    inside.then(|| std::env::temp_dir().join("perfguard-test-cache"))
}

fn file(slot: usize) -> File {
    fs::create_dir_all(folder(slot)).unwrap();
    File::create(folder(slot).join("taken")).unwrap()
}

/// Takes a slot for the rest of this thread, and gives its target folder.
pub(crate) fn take_one() -> PathBuf {
    HELD.with_borrow_mut(|held| {
        while held.is_empty() {
            for slot in 0..count() {
                let file = file(slot);
                if file.try_lock().is_ok() {
                    held.push((slot, file));
                    break;
                }
            }
            if held.is_empty() {
                thread::sleep(Duration::from_millis(20));
            }
        }
        folder(held[0].0)
    })
}

/// Takes every slot for the rest of this thread, and gives the first one's target folder.
pub(crate) fn take_all() -> PathBuf {
    HELD.with_borrow_mut(|held| {
        // Always in the same order: whoever has one of several waits for no one that waits for it.
        assert!(held.len() != 1 || count() == 1, "take all slots before one");
        if held.is_empty() {
            for slot in 0..count() {
                let file = file(slot);
                file.lock().unwrap();
                held.push((slot, file));
            }
        }
        folder(0)
    })
}
