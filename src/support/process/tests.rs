//! Children, grandchildren and ways to die, with real processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::*;

/// Long enough for any machine; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    command
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what} did not come about");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process lives; one that only waits to be reaped does not.
fn lives(pid: i32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let zombie = state.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'));
    test_kill_process(Pid::from_raw(pid).unwrap()).is_ok() && !zombie
}

fn read_pid(path: &Path) -> i32 {
    let mut text = String::new();
    eventually("a process id", || {
        text = fs::read_to_string(path).unwrap_or_default();
        text.ends_with('\n')
    });
    text.trim().parse().unwrap()
}

#[test]
fn output_is_handed_on_by_line_and_kept() {
    let mut lines = Vec::new();
    let script = "printf 'one\\r\\ntwo\\n\\nünfertig'; printf 'oops\\n' >&2; exit 3";
    let finished = run(shell(script), None, |stream, line| lines.push((stream, line.to_owned()))).unwrap();
    assert_eq!(finished.status.code(), Some(3));
    assert_eq!(finished.stdout.text(), "one\r\ntwo\n\nünfertig");
    assert_eq!(finished.stderr.text(), "oops\n");
    let of = |wanted| lines.iter().filter(|(s, _)| *s == wanted).map(|(_, l)| l.as_str()).collect::<Vec<_>>();
    assert_eq!(of(Stream::Stdout), ["one", "two", "", "ünfertig"]);
    assert_eq!(of(Stream::Stderr), ["oops"]);
}

#[test]
fn what_redraws_its_line_is_read_as_it_is_drawn() {
    let mut seen = Vec::new();
    let script = "printf 'a\\rb\\r\\n\\nc' >&2; printf 'd\\re\\n'";
    let take = |stream: Stream, line: &str| seen.push((stream == Stream::Stderr, line.to_owned()));
    assert!(run_redrawing(shell(script), take).unwrap().status.success());
    let of = |stderr: bool| -> Vec<&str> {
        seen.iter().filter(|(on, _)| *on == stderr).map(|(_, line)| line.as_str()).collect()
    };
    assert_eq!(of(true), ["a", "b", "", "c"]);
    assert_eq!(of(false), ["d\re"], "results are whole lines");
}

#[test]
fn much_output_on_both_streams_does_not_deadlock() {
    let script = "i=0; while [ $i -lt 20000 ]; do echo line $i; echo error $i >&2; i=$((i+1)); done";
    let mut count = 0;
    let finished = run(shell(script), Some(PATIENCE), |_, _| count += 1).unwrap();
    assert_eq!(count, 40_000);
    assert!(finished.stdout.is_cut());
    assert!(finished.stdout.text().ends_with("line 19999\n"));
    assert!(finished.stderr.text().starts_with("error "));
}

#[test]
fn a_time_limit_kills_the_whole_group_even_when_it_does_not_listen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = "trap '' TERM; echo said; sleep 1000 & echo $! > \"$FILE\"; wait; wait; sleep 1000";
    // A busy machine may not come to the shell's first word within a short limit.
    let said = [1, 4, 16].map(Duration::from_secs).into_iter().any(|allowed| {
        let mut command = shell(script);
        command.env("FILE", &file);
        match run(command, Some(allowed), |_, _| ()).unwrap_err() {
            ProcessError::TimedOut { stdout, limit, .. } => {
                assert_eq!(limit, allowed);
                stdout.text() == "said\n" && fs::exists(&file).unwrap()
            }
            other => panic!("{other}"),
        }
    });
    assert!(said);
    let grandchild = read_pid(&file);
    eventually("the end of the grandchild", || !lives(grandchild));
}

#[test]
fn a_grandchild_that_keeps_the_pipe_does_not_hang_us() {
    let start = Instant::now();
    // The first stays in the group, the second leaves it (where there is a setsid) and keeps the pipe.
    let script = "sleep 40 & (command -v setsid >/dev/null && setsid sleep 40 &); echo done";
    let finished = run(shell(script), None, |_, _| ()).unwrap();
    assert!(finished.status.success());
    assert_eq!(finished.stdout.text(), "done\n");
    assert!(start.elapsed() < Duration::from_secs(40), "waited for the grandchild");
}

#[test]
fn what_is_left_of_a_group_dies_with_its_leader() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a b ü");
    let mut command = shell("sleep 1000 & echo $! > \"$FILE\"");
    command.env("FILE", &file).stdin(Stdio::null());
    let mut group = Group::spawn(command).unwrap();
    assert!(group.wait().unwrap().success());
    assert!(group.wait().unwrap().success(), "asking twice is fine");
    let grandchild = read_pid(&file);
    eventually("the end of the grandchild", || !lives(grandchild));
}

#[test]
fn waiting_ends_by_its_limit_and_dropping_kills() {
    let mut group = Group::spawn(shell("exec sleep 1000")).unwrap();
    let id = i32::try_from(group.id()).unwrap();
    assert!(group.try_wait().unwrap().is_none());
    assert!(group.wait_timeout(Duration::from_millis(20)).unwrap().is_none());
    assert!(lives(id));
    drop(group);
    assert!(!lives(id));
    let mut group = Group::spawn(shell("exec sleep 1000")).unwrap();
    assert!(!group.kill_group().unwrap().success());
}

#[test]
fn a_missing_program_is_named_with_a_hint() {
    let error = run(Command::new("/no such/program ü"), None, |_, _| ()).unwrap_err();
    assert!(error.to_string().starts_with("failed to start `/no such/program ü`"), "{error}");
    assert!(error.hint().unwrap().contains("PATH"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_outlives_the_thread_that_asked_for_it() {
    let spawned = thread::spawn(|| Group::spawn(shell("exec sleep 1000")).unwrap()).join();
    let mut group = spawned.unwrap();
    assert!(group.wait_timeout(Duration::from_millis(200)).unwrap().is_none());
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_inherits_the_callers_cpus() {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let allowed = sched_getaffinity(None).unwrap();
    let cpu = (0..CpuSet::MAX_CPU).rfind(|&cpu| allowed.is_set(cpu)).unwrap();
    let seen = thread::spawn(move || {
        let mut one = CpuSet::new();
        one.set(cpu);
        sched_setaffinity(None, &one).unwrap();
        run(shell("grep Cpus_allowed_list /proc/self/status"), None, |_, _| ()).unwrap()
    });
    let seen = seen.join().unwrap().stdout.text().into_owned();
    assert_eq!(seen.split_whitespace().last(), Some(cpu.to_string().as_str()));
}

const ROLE: &str = "PERFGUARD_TEST_FOLDER";

/// What a program of ours does in the tests below, in a process of its own.
#[test]
#[ignore = "a part of other tests"]
fn a_program_with_a_child_and_a_grandchild() {
    let Some(folder) = std::env::var_os(ROLE).map(PathBuf::from) else { return };
    let mut command = shell("sleep 1000 & echo $! > grandchild; echo $$ > child; wait; sleep 1000");
    command.current_dir(&folder);
    let error = run(command, None, |_, _| ()).unwrap_err();
    assert!(matches!(error, ProcessError::Interrupted { .. }), "{error}");
    assert!(matches!(Group::spawn(shell("true")), Err(ProcessError::Interrupted { .. })));
    assert_eq!(live(), 0);
    dismiss_watchdog();
    fs::write(folder.join("interrupted"), interrupted_by().unwrap().to_string()).unwrap();
}

fn program(folder: &Path) -> (Child, [i32; 2]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--ignored",
        "--exact",
        "support::process::tests::a_program_with_a_child_and_a_grandchild",
    ]);
    command.env(ROLE, folder).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    let pids = [read_pid(&folder.join("child")), read_pid(&folder.join("grandchild"))];
    assert!(pids.into_iter().all(lives));
    (child, pids)
}

#[test]
fn signals_end_every_process_and_the_program_in_order() {
    // What starts us in the background may want a signal ignored, and the program obeys that.
    let heard = |signal: &Signal| !registry::handler::was_ignored(signal.as_raw());
    for signal in [Signal::INT, Signal::TERM, Signal::HUP].into_iter().filter(heard) {
        let folder = tempfile::tempdir().unwrap();
        let (mut program, pids) = program(folder.path());
        kill_process(Pid::from_child(&program), signal).unwrap();
        assert!(program.wait().unwrap().success());
        eventually("the end of all processes", || !pids.into_iter().any(lives));
        let seen = fs::read_to_string(folder.path().join("interrupted")).unwrap();
        assert_eq!(seen, signal.as_raw().to_string());
    }
}

#[test]
fn being_killed_outright_leaves_no_process_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (mut program, pids) = program(folder.path());
    program.kill().unwrap();
    program.wait().unwrap();
    eventually("the end of all processes", || !pids.into_iter().any(lives));
    assert!(!folder.path().join("interrupted").exists());
}

/// The watchdog knows a child from before its first instruction, so no moment is too early for us to be killed.
#[test]
fn being_killed_right_after_a_start_leaves_no_process_behind() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([
            "--ignored",
            "--exact",
            "support::process::tests::a_program_that_is_killed_by_its_child",
        ]);
        command.env(ROLE, folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(!command.status().unwrap().success());
        let grandchild = read_pid(&folder.path().join("grandchild"));
        eventually("the end of the grandchild", || !lives(grandchild));
    }
}

#[test]
#[ignore = "a part of other tests"]
fn a_program_that_is_killed_by_its_child() {
    let Some(folder) = std::env::var_os(ROLE).map(PathBuf::from) else { return };
    let mut command = shell("sleep 1000 & echo $! > grandchild; kill -s KILL $PPID; sleep 1000");
    command.current_dir(&folder);
    let _ = run(command, None, |_, _| ());
}

/// A process that leaves its group, its session and its parent, and has a child of its own; it writes both numbers.
#[cfg(target_os = "linux")]
const ESCAPE: &str = r#"
setsid sh -c 'sh -c "sleep 1000 & echo \$! > grandchild; echo \$\$ > child; exec sleep 1000" &'
while [ ! -s child ]; do sleep 0.01; done
"#;

#[cfg(target_os = "linux")]
#[test]
#[ignore = "a part of other tests"]
fn a_program_whose_child_starts_one_that_leaves_its_group() {
    let Some(folder) = std::env::var_os(ROLE).map(PathBuf::from) else { return };
    adopt_strays();
    let mut command = shell(ESCAPE);
    command.current_dir(&folder);
    let mut other = Group::spawn(shell("exec sleep 1000")).unwrap();
    run(command, None, |_, _| ()).unwrap();
    // It may belong to the group that is still alive.
    assert!(lives(read_pid(&folder.join("child"))));
    other.kill_group().unwrap();
    let pids = ["child", "grandchild"].map(|file| read_pid(&folder.join(file)));
    fs::write(folder.join("left"), pids.into_iter().filter(|pid| lives(*pid)).count().to_string()).unwrap();
    dismiss_watchdog();
}

#[cfg(target_os = "linux")]
#[test]
fn who_leaves_its_group_is_ended_with_the_last_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = itself("a_program_whose_child_starts_one_that_leaves_its_group", folder.path());
    assert!(command.status().unwrap().success());
    assert_eq!(fs::read_to_string(folder.path().join("left")).unwrap(), "0");
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "a part of other tests"]
fn a_program_that_is_killed_while_one_has_left_its_group() {
    let Some(folder) = std::env::var_os(ROLE).map(PathBuf::from) else { return };
    let mut command = shell(&format!("{ESCAPE} kill -s KILL $PPID; sleep 1000"));
    command.current_dir(&folder).env("TMPDIR", folder.join("tmp"));
    let _ = run(command, None, |_, _| ());
}

#[cfg(target_os = "linux")]
#[test]
fn who_left_its_group_does_not_outlive_us_when_we_are_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = itself("a_program_that_is_killed_while_one_has_left_its_group", folder.path());
    assert!(!command.status().unwrap().success());
    for file in ["child", "grandchild"] {
        let pid = read_pid(&folder.path().join(file));
        eventually("the end of who left", || !lives(pid));
    }
}

/// This program, for one of the tests that are part of others.
#[cfg(target_os = "linux")]
fn itself(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", &format!("support::process::tests::{test}")]);
    command.env(ROLE, folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
