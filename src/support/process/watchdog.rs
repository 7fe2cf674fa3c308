//! Ends what the kernel does not when we are killed outright: the children of our children.
//!
//! A shell in a group of its own reads the numbers of our live groups from a socket. The socket ends with us, in
//! whatever way we end; then it kills the groups that it was not told to forget. While we live it only sleeps in `read`.

pub(super) use imp::dismiss;
#[cfg(unix)]
pub(super) use imp::line;
pub(super) use imp::{add, folder, forget_announced, remove};
#[cfg(target_os = "linux")]
pub(super) use imp::{forget_folders, id};

#[cfg(unix)]
mod imp {
    use std::io::{self, Write as _};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::super::system;

    /// `? N` announces a group (said by the child itself, before it becomes another program), `+ N` enters it, `x 0`
    /// takes the announcement back, `- N` strikes a group off; the end of the input kills those that remain. `= PATH` names a
    /// launch's folder, `0 0` forgets all: who has one in its environment has left its group, and is killed as well.
    const SCRIPT: &str = r#"
trap '' HUP INT TERM
live=' '
announced=
folders=
while read -r verb group; do
  case $verb in
    '?') announced=$group ;;
    x) announced= ;;
    =) folders="$folders $group" ;;
    0) folders= ;;
    +) live="$live$group "; announced= ;;
    -) rest=' '
       for one in $live; do [ "$one" = "$group" ] || rest="$rest$one "; done
       live=$rest ;;
  esac
done
for group in $live $announced; do kill -s KILL -- "-$group" 2>/dev/null; done
found=$folders
while [ -n "$found" ]; do
  found=
  for environment in /proc/[0-9]*/environ; do
    for folder in $folders; do
      grep -aqsF -e "=$folder/" "$environment" || continue
      process=${environment#/proc/}
      kill -s KILL "${process%/environ}" 2>/dev/null && found=yes
    done
  done
done
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

    /// Tells the watchdog where the temporary files of a command go, if they go to a folder of their own.
    pub(crate) fn folder(command: &Command) {
        let mut set = command.get_envs().filter(|(name, _)| *name == "TMPDIR");
        let folder =
            set.next().and_then(|(_, value)| Path::new(value?).parent()?.to_str().map(str::to_owned));
        // A short path is no folder of one launch, and the shell would take one with a space for two.
        let Some(folder) = folder.filter(|path| path.len() > 8 && !path.contains(char::is_whitespace)) else {
            return;
        };
        // The watchdog must be there to be told.
        drop(line());
        say(&format!("= {folder}\n"));
    }

    /// Tells the watchdog that nothing is left of all launches so far.
    #[cfg(target_os = "linux")]
    pub(crate) fn forget_folders() {
        tell('0', 0);
    }

    /// The watchdog's process.
    #[cfg(target_os = "linux")]
    pub(crate) fn id() -> Option<u32> {
        match &*lock() {
            State::Alive(child, _) => Some(child.id()),
            State::Unborn | State::Gone => None,
        }
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

    /// Ends the watchdog and waits for its end.
    pub(crate) fn dismiss() {
        let mut state = lock();
        if let State::Alive(mut child, line) = std::mem::replace(&mut *state, State::Unborn) {
            drop(line);
            let _ = child.wait();
        }
    }

    fn tell(verb: char, id: u32) {
        say(&format!("{verb} {id}\n"));
    }

    fn say(what: &str) {
        let mut state = lock();
        if let State::Alive(child, line) = &mut *state {
            // One write: children write to the same line.
            let told = line.write_all(what.as_bytes()).is_ok();
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
        command.args(["-c", SCRIPT, "perfguard-watchdog"]).current_dir("/");
        command.env_clear().env("PATH", "/usr/bin:/bin");
        command.stdin(OwnedFd::from(its)).stdout(Stdio::null()).stderr(Stdio::null());
        system::own_group(&mut command);
        Ok((command.spawn()?, ours))
    }
}

#[cfg(not(unix))]
mod imp {
    /// There is no watchdog.
    pub(crate) fn folder(_: &std::process::Command) {}

    /// There is no watchdog.
    pub(crate) fn add(_: u32) {}

    /// There is no watchdog.
    pub(crate) fn forget_announced() {}

    /// There is no watchdog.
    pub(crate) fn remove(_: u32) {}

    /// There is no watchdog to dismiss.
    pub(crate) fn dismiss() {}
}
