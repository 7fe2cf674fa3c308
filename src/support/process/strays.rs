//! Processes that left their group: found by their parent, and ended with all that they started.
//!
//! On Linux we can be made the one to whom orphans of our descendants fall (`PR_SET_CHILD_SUBREAPER`). A process that forks,
//! takes a session of its own and lets its parent end is then a child of ours that nobody of us has started. Once the
//! last group has ended such children are killed, and their children, which fall to us in turn, until none is left.
//!
//! Only for a program all of whose children are started by [`Group`](super::Group): any other child would be killed
//! as well. Elsewhere than on Linux nobody tells us of orphans.

use super::watchdog;

pub use imp::adopt;
pub(super) use imp::ended;

/// Ends what is left of all groups and the watchdog, so that nothing of ours is left when the program exits.
///
/// To be called when no group is alive. The next one starts a new watchdog.
pub fn dismiss() {
    imp::sweep();
    watchdog::dismiss();
}

#[cfg(target_os = "linux")]
mod imp {
    use std::collections::BTreeSet;
    use std::fs;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, waitid, waitpid};

    use super::super::{registry, spawner, watchdog};

    /// How long strays are hunted at most: one that the kernel cannot end (a broken disk) must not keep us.
    const PATIENCE: Duration = Duration::from_secs(5);
    const STEP: Duration = Duration::from_millis(1);

    static ADOPTS: AtomicBool = AtomicBool::new(false);

    /// From now on orphans of our descendants fall to us, and are ended with the last group.
    pub fn adopt() {
        let ours = rustix::process::getpid();
        // Old kernels and strange sandboxes refuse; then only groups are ended.
        if rustix::process::set_child_subreaper(Some(ours)).is_ok() {
            ADOPTS.store(true, Ordering::SeqCst);
        }
    }

    /// To be called when a group has ended: ends strays unless another group is alive, to which they may belong.
    pub(crate) fn ended() {
        if registry::live() == 0 {
            sweep();
        }
    }

    /// Ends every child that is no group of ours, with all that it started.
    pub(crate) fn sweep() {
        if !ADOPTS.load(Ordering::SeqCst) {
            return;
        }
        let deadline = Instant::now() + PATIENCE;
        let mut named = BTreeSet::new();
        loop {
            // Nothing is started meanwhile: a child is known before the next look.
            let left = spawner::while_nothing_starts(|| {
                let strays = strays();
                for &stray in &strays {
                    if named.insert(stray) {
                        tracing::debug!(id = stray, name = name(stray), "ends a process that left its group");
                    }
                    end(stray);
                }
                strays.len()
            });
            if left == 0 {
                watchdog::forget_folders();
                break;
            }
            if Instant::now() >= deadline {
                tracing::warn!(left, "processes that a benchmark started do not end");
                break;
            }
            thread::sleep(STEP);
        }
    }

    /// Kills a child, and reaps it if it has ended.
    fn end(stray: u32) {
        let Some(pid) = i32::try_from(stray).ok().and_then(Pid::from_raw) else { return };
        // Before it is killed: only what waits to be reaped may be reaped, and its number is ours until then.
        let gone = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if let Ok(None) = waitid(WaitId::Pid(pid), gone) {
            let _ = kill_process(pid, Signal::KILL);
        }
        let _ = waitpid(Some(pid), WaitOptions::NOHANG);
    }

    /// Our children that nobody of us has started.
    fn strays() -> Vec<u32> {
        let mut known = registry::ids();
        known.extend(watchdog::id());
        children().into_iter().filter(|child| !known.contains(child)).collect()
    }

    /// Our children, whichever thread started them.
    fn children() -> BTreeSet<u32> {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let lists: Vec<String> =
            tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok()).collect();
        if lists.is_empty() {
            return searched();
        }
        lists.iter().flat_map(|list| list.split_whitespace()).filter_map(|word| word.parse().ok()).collect()
    }

    /// Our children, where the kernel has no list of them: those of all processes whose parent we are.
    fn searched() -> BTreeSet<u32> {
        let ours = std::process::id();
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        ids.filter(|id| parent(*id) == Some(ours)).collect()
    }

    fn parent(id: u32) -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name may hold anything, brackets too.
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    }

    fn name(id: u32) -> String {
        fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default().trim_end().to_owned()
    }

    #[cfg(test)]
    mod tests {
        use std::process::{Command, Stdio};

        use super::*;

        #[test]
        fn children_are_found_with_and_without_the_kernels_list() {
            let mut child = Command::new("sleep").arg("100").stdout(Stdio::null()).spawn().unwrap();
            assert_eq!(parent(child.id()), Some(std::process::id()));
            assert!(children().contains(&child.id()) && searched().contains(&child.id()));
            assert_eq!(name(child.id()), "sleep");
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(!searched().contains(&child.id()));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    /// Orphans do not fall to us here.
    pub fn adopt() {}

    /// There is nobody to end.
    pub(crate) fn ended() {}

    /// There is nobody to end.
    pub(crate) fn sweep() {}
}
