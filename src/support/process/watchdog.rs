//! Ends what the kernel does not when we are killed outright: the children of our children.
//!
//! A shell in a group of its own reads the numbers of our live groups from a socket. The socket ends with us, in
//! whatever way we end; then it kills the groups that it was not told to forget. While we live it only sleeps in `read`.

pub use imp::dismiss;
#[cfg(unix)]
pub(super) use imp::line;
pub(super) use imp::{add, forget_announced, remove};

#[cfg(unix)]
mod imp {
    use std::io::{self, Write as _};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::process::{Child, Command, Stdio};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::super::system;

    /// `? N` announces a group (said by the child itself, before it becomes another program), `+ N` enters it, `x 0`
    /// takes the announcement back, `- N` strikes a group off; the end of the input kills those that remain.
    const SCRIPT: &str = r#"
trap '' HUP INT TERM
live=' '
announced=
while read -r verb group; do
  case $verb in
    '?') announced=$group ;;
    x) announced= ;;
    +) live="$live$group "; announced= ;;
    -) rest=' '
       for one in $live; do [ "$one" = "$group" ] || rest="$rest$one "; done
       live=$rest ;;
  esac
done
for group in $live $announced; do kill -s KILL -- "-$group" 2>/dev/null; done
"#;

    enum State {
        Unborn,
        Alive(Child, UnixStream),
        /// There is no shell to start, or it was killed.
        Gone,
    }

    static WATCHDOG: Mutex<State> = Mutex::new(State::Unborn);

    /// Tells the watchdog of a group.
    pub(crate) fn add(id: u32) {
        tell('+', id);
    }

    /// Tells the watchdog that the child which announced itself last was never to be.
    pub(crate) fn forget_announced() {
        tell('x', 0);
    }

    /// Tells the watchdog to forget a group.
    pub(crate) fn remove(id: u32) {
        tell('-', id);
    }

    /// A line to the watchdog for a child to announce itself; starts the watchdog if need be.
    pub(crate) fn line() -> Option<UnixStream> {
        let mut state = lock();
        if matches!(*state, State::Unborn) {
            // Best effort: where there is no shell, only direct children end with us.
            *state = start().map_or(State::Gone, |(child, line)| State::Alive(child, line));
        }
        match &*state {
            State::Alive(_, line) => line.try_clone().ok(),
            State::Unborn | State::Gone => None,
        }
    }

    /// Ends the watchdog and waits for its end, so that nothing of ours is left when the program exits.
    ///
    /// To be called when no child is alive. The next child starts a new one.
    pub fn dismiss() {
        let mut state = lock();
        if let State::Alive(mut child, line) = std::mem::replace(&mut *state, State::Unborn) {
            drop(line);
            let _ = child.wait();
        }
    }

    fn tell(verb: char, id: u32) {
        let mut state = lock();
        if let State::Alive(child, line) = &mut *state {
            // One write: children write to the same line.
            let told = line.write_all(format!("{verb} {id}\n").as_bytes()).is_ok();
            if !told {
                let _ = child.wait();
                *state = State::Gone;
            }
        }
    }

    fn lock() -> MutexGuard<'static, State> {
        WATCHDOG.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start() -> io::Result<(Child, UnixStream)> {
        let (ours, its) = UnixStream::pair()?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "perfguard-watchdog"]).env_clear().current_dir("/");
        command.stdin(OwnedFd::from(its)).stdout(Stdio::null()).stderr(Stdio::null());
        system::own_group(&mut command);
        Ok((command.spawn()?, ours))
    }
}

#[cfg(not(unix))]
mod imp {
    /// There is no watchdog.
    pub(crate) fn add(_: u32) {}

    /// There is no watchdog.
    pub(crate) fn forget_announced() {}

    /// There is no watchdog.
    pub(crate) fn remove(_: u32) {}

    /// There is no watchdog to dismiss.
    pub fn dismiss() {}
}
