//! Which tests run side by side, and where they build.
//!
//! A test that builds takes a slot: a target folder of its own, in which dependencies are compiled once and kept. A
//! test that needs the machine to itself takes all of them, so that nothing else runs. Slots are locked files, so this holds between
//! processes as well; a thread keeps what it has until it ends.

use std::cell::RefCell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::fixture;

/// More would only wait for each other: every test builds.
const MOST: usize = 5;

/// Which slots this process has. Ten threads that look for a free file again and again would take a tenth of a CPU.
static TAKEN: Mutex<[bool; MOST]> = Mutex::new([false; MOST]);
static GIVEN_BACK: Condvar = Condvar::new();

/// How long another process may have had a slot back before a thread that waits for one sees it.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

thread_local! {
    static HELD: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
}

/// A slot that a thread has: for this process by `TAKEN`, for others by the file.
struct Held {
    slot: usize,
    file: Option<File>,
}

impl Held {
    /// Any slot that is free.
    fn any() -> Self {
        let mut taken = TAKEN.lock().unwrap();
        loop {
            for slot in (0..count()).filter(|&slot| !taken[slot]) {
                let file = file(slot);
                if file.try_lock().is_ok() {
                    taken[slot] = true;
                    return Self { slot, file: Some(file) };
                }
            }
            taken = GIVEN_BACK.wait_timeout(taken, LOOK_AGAIN).unwrap().0;
        }
    }

    /// This slot, once whoever has it gives it back.
    fn this(slot: usize) -> Self {
        let taken = TAKEN.lock().unwrap();
        GIVEN_BACK.wait_while(taken, |taken| taken[slot]).unwrap()[slot] = true;
        let file = file(slot);
        file.lock().unwrap();
        Self { slot, file: Some(file) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.file = None;
        TAKEN.lock().unwrap()[self.slot] = false;
        GIVEN_BACK.notify_all();
    }
}

/// Two more than there are CPUs: half of a check is waiting, for a sample on one CPU, a lock, a time limit.
fn count() -> usize {
    thread::available_parallelism().map_or(3, |cpus| (cpus.get() + 2).min(MOST))
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

/// Lets the program find in a target folder what a user has who ran `cargo bench` before: compiled dependencies. They are
/// compiled once for all.
pub(crate) fn furnish(folder: &Path) {
    let own = folder.join("release");
    if own.symlink_metadata().is_ok() {
        return;
    }
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("benched");
    fs::create_dir_all(&built).unwrap();
    let turn = File::create(built.join("turn")).unwrap();
    turn.lock().unwrap();
    if !built.join("done").exists() {
        let gauge = tempfile::tempdir().unwrap();
        fixture::copy("gauge", gauge.path());
        let mut cargo = Command::new(fixture::cargo());
        cargo.current_dir(gauge.path()).args(["bench", "--no-run", "--target-dir"]).arg(&built);
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        File::create(built.join("done")).unwrap();
    }
    fs::create_dir_all(folder).unwrap();
    std::os::unix::fs::symlink(built.join("release"), own).unwrap();
}

/// Takes a slot for the rest of this thread, and gives its target folder.
pub(crate) fn take_one() -> PathBuf {
    HELD.with_borrow_mut(|held| {
        if held.is_empty() {
            held.push(Held::any());
        }
        let folder = folder(held[0].slot);
        furnish(&folder);
        folder
    })
}

/// Another text for every build of these tests, and so for every change of the program and of the compiler. What holds it is
/// built anew then, and only then.
pub(crate) fn mark() -> String {
    let built = fs::metadata(std::env::current_exe().unwrap()).unwrap().modified().unwrap();
    built.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos().to_string()
}

/// A target folder for one test alone, which has a slot as well.
pub(crate) fn kept(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    furnish(&folder);
    folder
}

/// Gives back what this thread has taken.
pub(crate) fn give_back() {
    HELD.with_borrow_mut(Vec::clear);
}

/// Takes every slot for the rest of this thread, and gives the first one's target folder.
pub(crate) fn take_all() -> PathBuf {
    HELD.with_borrow_mut(|held| {
        // Always in the same order: whoever has one of several waits for no one that waits for it.
        assert!(held.len() != 1 || count() == 1, "take all slots before one");
        if held.is_empty() {
            held.extend((0..count()).map(Held::this));
        }
        let folder = folder(0);
        furnish(&folder);
        folder
    })
}
