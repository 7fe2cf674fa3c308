//! Tests that need what not every machine has.
//!
//! Under `CI=true` nothing is skipped in silence: what is missing is an error, unless `PERFGUARD_TESTS_WITHOUT` names it.

use std::process::Command;

/// What a machine may lack.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need {
    Valgrind,
    /// `perf_event_open(2)`: containers often forbid it.
    PerfEvents,
    /// A mount namespace, which needs root.
    Mounts,
    /// Files of other users, which only root can make.
    OtherUsers,
    /// Another device than the one of what is temporary, at `/dev/shm`.
    OtherDevice,
    /// The linter of shell scripts.
    Shellcheck,
    /// Chromium or Chrome.
    Browser,
    /// A PostgreSQL server that can be started here.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only those tests need it"))]
    Postgres,
}

impl Need {
    fn name(self) -> &'static str {
        match self {
            Self::Valgrind => "valgrind",
            Self::PerfEvents => "perf-events",
            Self::Mounts => "mounts",
            Self::OtherUsers => "other-users",
            Self::OtherDevice => "other-device",
            Self::Shellcheck => "shellcheck",
            Self::Browser => "browser",
            Self::Postgres => "postgres",
        }
    }
}

/// Says that a test is skipped, and why.
#[track_caller]
pub(crate) fn skip(need: Need, reason: &str) {
    let is = |variable: &str, wanted: &str| {
        std::env::var(variable).is_ok_and(|value| value.split(',').any(|word| word.trim() == wanted))
    };
    let name = need.name();
    assert!(
        !is("CI", "true") || is("PERFGUARD_TESTS_WITHOUT", name),
        "not skipped under CI=true ({reason}); PERFGUARD_TESTS_WITHOUT={name} allows it"
    );
    println!("skipped, for want of {name}: {reason}");
}

/// Whether instructions can be counted here; says so when not.
#[track_caller]
pub(crate) fn valgrind() -> bool {
    let found = cfg!(target_os = "linux")
        && Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        skip(Need::Valgrind, "it is not installed");
    }
    found
}

/// Whether shell scripts can be looked through here; says so when not.
#[track_caller]
pub(crate) fn shellcheck() -> bool {
    let found =
        Command::new("shellcheck").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        skip(Need::Shellcheck, "it is not installed");
    }
    found
}
