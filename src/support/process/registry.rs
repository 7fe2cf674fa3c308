//! The live groups of the program, and the one handler of signals that kills them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use super::system::{Ask, signal};
use super::watchdog;

static LIVE: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
/// The signal that interrupted the program; 0 while there was none.
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static WATCH: Once = Once::new();

/// Whether a signal told the program to stop. Long work asks this between its steps.
pub fn interrupted() -> bool {
    interrupted_by().is_some()
}

/// The number of the signal that told the program to stop.
pub fn interrupted_by() -> Option<i32> {
    match SIGNAL.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(signal),
    }
}

/// How many groups are alive.
pub fn live() -> usize {
    lock().len()
}

/// Starts to handle SIGINT, SIGTERM and SIGHUP. Done by the first spawn too; later calls do nothing.
///
/// Signals that were ignored when the program started (`nohup`) stay ignored.
pub fn watch_signals() {
    WATCH.call_once(handler::install);
}

/// The leaders of the live groups.
#[cfg(target_os = "linux")]
pub(super) fn ids() -> BTreeSet<u32> {
    lock().clone()
}

/// Enters a group. A group that comes after a signal is killed at once.
pub(super) fn add(id: u32) {
    let mut live = lock();
    live.insert(id);
    if interrupted() {
        signal(id, Ask::Kill);
    }
}

/// Reaps the leader of a group with `reap` and strikes the group off, with no moment between in which a signal could
/// go to a stranger who got its number.
pub(super) fn remove<T>(id: u32, reap: impl FnOnce() -> T) -> T {
    let mut live = lock();
    let result = reap();
    live.remove(&id);
    watchdog::remove(id);
    result
}

fn lock() -> MutexGuard<'static, BTreeSet<u32>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
pub(super) mod handler {
    use std::thread;
    use std::time::{Duration, Instant};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::super::system::GRACE;
    use super::{Ask, Ordering, SIGNAL, lock, signal};

    const STEP: Duration = Duration::from_millis(10);

    pub(super) fn install() {
        let wanted: Vec<i32> =
            [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&number| !was_ignored(number)).collect();
        // Without a handler a signal ends the program by itself, and the kernel and the watchdog end its children.
        let Ok(mut signals) = Signals::new(wanted) else { return };
        let handle = signals.handle();
        let body = move || {
            while let Some(number) = signals.forever().next() {
                stop(number, &mut signals);
            }
        };
        if thread::Builder::new().name("signals".to_owned()).spawn(body).is_err() {
            handle.close();
        }
    }

    /// Asks every group to end, and kills what is left after the grace, or at the second signal. One that comes later
    /// ends the program itself.
    fn stop(number: i32, signals: &mut Signals) {
        let first = SIGNAL.compare_exchange(0, number, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if first {
            lock().iter().for_each(|&id| signal(id, Ask::End));
            let end = Instant::now() + GRACE;
            while Instant::now() < end && !lock().is_empty() && signals.pending().next().is_none() {
                thread::sleep(STEP);
            }
        }
        lock().iter().for_each(|&id| signal(id, Ask::Kill));
        if !first {
            // Asked again after all this: something that starts no process takes too long, or nobody asks `interrupted`.
            let _ = signal_hook::low_level::emulate_default_handler(number);
        }
    }

    /// Whether whoever started us wants this signal ignored.
    pub(in super::super) fn was_ignored(number: i32) -> bool {
        let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return false };
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
        mask >> (number - 1) & 1 == 1
    }
}

#[cfg(not(unix))]
mod handler {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::thread;
    use std::time::Duration;

    use signal_hook::consts::{SIGINT, SIGTERM};

    use super::{Ordering, SIGNAL};

    pub(super) fn install() {
        let flag = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM] {
            let _ = signal_hook::flag::register(number, Arc::clone(&flag));
        }
        thread::spawn(move || {
            while !flag.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(50));
            }
            SIGNAL.store(SIGINT, Ordering::SeqCst);
        });
    }
}
