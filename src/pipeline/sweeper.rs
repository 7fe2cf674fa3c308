//! Removes what earlier runs put aside, while this one finds out and builds, and never while anything is measured.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A thread that removes old source trees. Ends where it is stopped, or dropped.
#[derive(Debug)]
pub(crate) struct Sweeper {
    stopped: Arc<AtomicBool>,
    thread: RefCell<Option<JoinHandle<()>>>,
}

impl Sweeper {
    /// Begins in a folder of trees, whose lock the caller holds until the sweeper has ended.
    pub(crate) fn start(trees: PathBuf) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        let body = move || {
            // What cannot be removed now is removed another time.
            let _ = crate::source::sweep(&trees, &|| !flag.load(Ordering::Relaxed));
        };
        let thread = thread::Builder::new().name("sweeper".to_owned()).spawn(body).ok();
        Self { stopped, thread: RefCell::new(thread) }
    }

    /// Waits until it has ended, after the file that it is at.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.borrow_mut().take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.stop();
    }
}
