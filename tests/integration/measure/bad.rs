//! Executables and routines that fail in every way we could think of. Each gives a failure that says so, in time.

use std::io;
use std::path::Path;
use std::time::Duration;

use perfguard::domain::SampleError;
use perfguard::domain::library::Family;
use perfguard::measure::failure::{FailureKind, LaunchFailure};
use perfguard::measure::runner::{LaunchOptions, Runner};
use perfguard::measure::sequential::Sequential;

use super::zoo;

/// For what only a time limit ends.
const SHORT: Duration = Duration::from_secs(3);

/// For what ends by itself, on any machine.
const LONG: Duration = Duration::from_mins(2);

/// Why a bench that is none cannot be listed.
fn listing(kind: &str, limit: Duration) -> LaunchFailure {
    zoo::runner().with_list_limit(limit).list(&zoo::bad(kind)).expect_err(kind)
}

/// Why a routine cannot be measured.
fn routine(id: &str, time_limit: Duration) -> LaunchFailure {
    let options = LaunchOptions { time_limit, ..zoo::quick() };
    zoo::runner().launch(&zoo::newest("trouble"), id, &options).expect_err(id)
}

macro_rules! assert_kind {
    ($failure:expr, $($kind:tt)+) => {{
        let failure = $failure;
        assert!(matches!(failure.kind, $($kind)+), "{failure:?}");
        failure
    }};
}

#[test]
fn executables_that_fail_before_they_measure() {
    let failure = assert_kind!(listing("panics", LONG), FailureKind::Panicked(_));
    assert!(failure.to_string().contains("before anything was measured"), "{failure}");
    assert_kind!(listing("exits", LONG), FailureKind::Exited(3));
    assert_kind!(listing("never connects", LONG), FailureKind::NotOf(Family::Criterion));
    assert_kind!(listing("is a stranger", LONG), FailureKind::NotOf(Family::Criterion));
    assert_kind!(listing("sends nonsense", LONG), FailureKind::Garbled(_));
    assert_kind!(listing("sends too much", LONG), FailureKind::Garbled(_));
    let failure = assert_kind!(listing("prints nonsense", LONG), FailureKind::NotOf(Family::Criterion));
    assert!(failure.output_tail.starts_with("nonsense\n"), "{}", failure.output_tail);
    assert!(failure.output_tail.len() < 5000);
    let failure = assert_kind!(listing("reads stdin", LONG), FailureKind::Exited(5));
    assert_eq!(failure.output_tail, "read 0 bytes");
}

#[test]
fn executables_that_hang() {
    assert_kind!(listing("hangs", SHORT), FailureKind::Hung { .. });
    assert_kind!(listing("hangs connected", SHORT), FailureKind::Hung { .. });
}

#[cfg(unix)]
#[test]
fn executables_that_play_with_signals_and_children() {
    assert_kind!(listing("kills itself", LONG), FailureKind::Signalled(9));
    let failure = assert_kind!(listing("ignores the polite signal", SHORT), FailureKind::Hung { .. });
    assert_eq!(failure.output_tail, "trapped");
    let failure = assert_kind!(listing("leaves a child", LONG), FailureKind::Exited(4));
    let child = failure.output_tail.strip_prefix("child ").expect("it names its child");
    let child = rustix::process::Pid::from_raw(child.parse().unwrap()).unwrap();
    // Killed, but its new parent may not have taken note yet.
    for _ in 0..1000 {
        if is_gone(child) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the child outlived the launch");
}

/// Whether a process has ended; where init reaps nobody, it stays as a zombie.
#[cfg(unix)]
fn is_gone(process: rustix::process::Pid) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let zombie = status.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'));
    zombie || rustix::process::test_kill_process(process).is_err()
}

#[test]
fn routines_that_fail() {
    let failure = assert_kind!(routine("panics", LONG), FailureKind::Panicked(_));
    assert!(failure.to_string().contains("this routine always panics"), "{failure}");
    assert_kind!(routine("exits", LONG), FailureKind::Exited(3));
    assert_kind!(
        routine("takes no time", LONG),
        FailureKind::Nonsense(SampleError::ZeroTime { .. } | SampleError::Iterations { .. })
    );
    assert_kind!(routine("never iterates", LONG), FailureKind::Panicked(_));
    assert_kind!(routine("hangs", SHORT), FailureKind::Hung { .. });
    assert_kind!(routine("is slow", SHORT), FailureKind::TooSlow { .. });
    assert_kind!(routine("is not there", LONG), FailureKind::Absent);
}

#[test]
fn slow_routines_are_measured_all_the_same() {
    let samples = zoo::measure(&mut zoo::runner(), &zoo::newest("trouble"), "sleeps").unwrap();
    assert!(samples.median() >= 20e6, "20 ms of sleep take {} ns", samples.median());
}

#[test]
fn what_is_not_time_is_refused_by_its_unit() {
    let failure = zoo::measure(&mut zoo::runner(), &zoo::newest("custom"), "counted").unwrap_err();
    assert!(matches!(&failure.kind, FailureKind::ForeignUnit(unit) if unit == "apples"), "{failure:?}");
}

#[test]
fn a_home_that_cannot_be_made_current_is_a_failure() {
    let mut runner =
        Sequential::new(Box::new(|_: &Path| Err(io::ErrorKind::PermissionDenied.into()))).unwrap();
    assert_kind!(runner.list(&zoo::newest("names")).unwrap_err(), FailureKind::Home(_));
}
