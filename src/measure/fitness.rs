//! What a machine is like right now: read, not judged. What a system does not tell is `None`.

#[cfg(any(target_os = "linux", test))]
mod linux;
#[cfg(any(target_os = "linux", test))]
mod processes;

use std::process::Command;
use std::time::Duration;

use crate::domain::Condition;
use crate::support::process;

/// How long the machine is watched: long enough for a clock tick of 10 ms to be one per cent.
const WATCHED: Duration = Duration::from_secs(1);

/// How long valgrind may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// Watches the machine for a second and reads what its system tells.
pub fn condition() -> Condition {
    Condition { valgrind: valgrind(), ..of_system() }
}

#[cfg(target_os = "linux")]
fn of_system() -> Condition {
    let root = std::path::Path::new("/");
    let before = linux::sample(root);
    std::thread::sleep(WATCHED);
    let after = linux::sample(root);
    Condition { pinning: Some(linux::try_pinning()), ..linux::condition(root, &before, &after) }
}

#[cfg(not(target_os = "linux"))]
fn of_system() -> Condition {
    let _ = WATCHED;
    Condition::default()
}

/// valgrind's version, if it can be started.
fn valgrind() -> Option<String> {
    let mut command = Command::new("valgrind");
    command.arg("--version");
    let finished = process::run(command, Some(PATIENCE), |_, _| {}).ok()?;
    if !finished.status.success() {
        return None;
    }
    let text = finished.stdout.text();
    let version = text.trim().strip_prefix("valgrind-").unwrap_or(text.trim());
    (!version.is_empty()).then(|| version.to_owned())
}
