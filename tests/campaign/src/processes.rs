//! Processes that are known by a variable in their environment, and must not outlive what started them.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;

/// How often is looked.
const STEP: Duration = Duration::from_millis(5);

/// Processes that live and have `variable` (`NAME=VALUE`) in their environment: their programs, where that is known.
pub fn with(variable: &str) -> Vec<PathBuf> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let marked = folders.filter(|folder| {
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|found| found == variable.as_bytes())
    });
    marked.map(|folder| fs::read_link(folder.join("exe")).unwrap_or(folder)).collect()
}

/// Requires that none is left, at the latest after `patience`. `what` says whose they are.
pub fn require_none(variable: &str, patience: Duration, what: &str, outcome: &mut Outcome) {
    let start = Instant::now();
    let mut left = with(variable);
    while !left.is_empty() && start.elapsed() < patience {
        thread::sleep(STEP);
        left = with(variable);
    }
    outcome.require(left.is_empty(), || format!("{what}: {left:?} live on"));
}
