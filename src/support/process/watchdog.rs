//! Ends what the kernel does not when we are killed outright: the children of our children.
//!
//! A shell in a group of its own reads the numbers of our live groups from a pipe. The pipe ends with us, in whatever
//! way we end; then it kills the groups that it was not told to forget. While we live it only sleeps in `read`.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use super::system;

/// `+ N` enters a group, `- N` strikes it off; the end of the input kills those that remain.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
live=' '
while read -r verb group; do
  case $verb in
    +) live="$live$group " ;;
    -) rest=' '
       for one in $live; do [ "$one" = "$group" ] || rest="$rest$one "; done
       live=$rest ;;
  esac
done
for group in $live; do kill -s KILL -- "-$group" 2>/dev/null; done
"#;

enum State {
    Unborn,
    Alive(Child),
    /// There is no shell to start, or it was dismissed.
    Gone,
}

static WATCHDOG: Mutex<State> = Mutex::new(State::Unborn);

/// Tells the watchdog of a group, starting it first if need be.
pub(super) fn add(id: u32) {
    tell('+', id);
}

/// Tells the watchdog to forget a group.
pub(super) fn remove(id: u32) {
    tell('-', id);
}

/// Ends the watchdog and waits for its end, so that nothing of ours is left when the program exits.
///
/// The next child starts a new one.
pub fn dismiss() {
    let mut state = WATCHDOG.lock().unwrap_or_else(PoisonError::into_inner);
    if let State::Alive(mut child) = std::mem::replace(&mut *state, State::Unborn) {
        drop(child.stdin.take());
        let _ = child.wait();
    }
}

fn tell(verb: char, id: u32) {
    if !cfg!(unix) {
        return;
    }
    let mut state = WATCHDOG.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*state, State::Unborn) {
        *state = start();
    }
    if let State::Alive(child) = &mut *state {
        let told = child.stdin.as_mut().is_some_and(|pipe| writeln!(pipe, "{verb} {id}").is_ok());
        if !told {
            let _ = child.wait();
            *state = State::Gone;
        }
    }
}

/// Best effort: where there is no shell, only direct children end with us.
fn start() -> State {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SCRIPT, "perfguard-watchdog"]).env_clear().current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    system::own_group(&mut command);
    command.spawn().map_or(State::Gone, State::Alive)
}
