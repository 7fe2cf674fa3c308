//! What this program itself put into the folders that it keeps: a digest for each thing, outside of those folders.
//!
//! What is kept is believed only where its digest is here. The file lies in the user's cache, where no commit and no clone
//! can put it. A process of the same user can: what that means is said in `docs/security.md`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use super::bounded::{self, Links};
use super::hex::hexadecimal;

/// The first line of the file.
const HEADER: &str = "perfguard records 1";
/// The largest file that is read, in bytes.
const LARGEST: u64 = 16 << 20;
/// How many things are remembered; the oldest are forgotten first.
const MOST: usize = 4096;

/// Digests by name. Clones share them. The caller holds the workspace's lock while it reads or notes.
#[derive(Debug, Clone, Default)]
pub struct Records {
    path: Option<PathBuf>,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// The digest of each name, and when it was noted.
    digests: BTreeMap<String, (u64, String)>,
    clock: u64,
}

impl Records {
    /// Those kept at `path`, once they are [loaded](Self::load).
    pub fn at(path: PathBuf) -> Self {
        Self { path: Some(path), known: Arc::default() }
    }

    /// None, and nowhere to keep any: what is noted is known until the process ends.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the file. One that is missing, damaged, or that others can write to holds nothing.
    pub fn load(&self) {
        let Some(path) = &self.path else { return };
        let mut known = Known::default();
        if is_private(path)
            && let Ok(text) = bounded::read_text(path, LARGEST, Links::Refuse)
        {
            known.parse(&text);
        }
        tracing::debug!(path = %path.display(), count = known.digests.len(), "knows what it kept");
        *self.lock() = known;
    }

    /// Whether this is what was noted last under a name.
    pub fn holds(&self, name: &str, digest: &str) -> bool {
        self.lock().digests.get(name).is_some_and(|(_, known)| known == digest)
    }

    /// Notes a digest under a name, in the place of an older one. Neither may have white space in it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note(&self, name: &str, digest: &str) -> io::Result<()> {
        self.change(|known| {
            known.clock += 1;
            let clock = known.clock;
            known.digests.insert(name.to_owned(), (clock, digest.to_owned()));
            known.make_room();
        })
    }

    /// Forgets a name.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget(&self, name: &str) -> io::Result<()> {
        if !self.lock().digests.contains_key(name) {
            return Ok(());
        }
        self.change(|known| {
            known.digests.remove(name);
        })
    }

    fn change(&self, change: impl FnOnce(&mut Known)) -> io::Result<()> {
        let text = {
            let mut known = self.lock();
            change(&mut known);
            known.text()
        };
        self.path.as_ref().map_or(Ok(()), |path| write(path, &text))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Reads lines of a name and a digest, the oldest first.
    fn parse(&mut self, text: &str) {
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return;
        }
        for line in lines {
            if let Some((name, digest)) = line.split_once(' ') {
                self.clock += 1;
                self.digests.insert(name.to_owned(), (self.clock, digest.to_owned()));
            }
        }
        self.make_room();
    }

    fn text(&self) -> String {
        let mut lines: Vec<(u64, &str, &str)> =
            self.digests.iter().map(|(name, (clock, digest))| (*clock, &**name, &**digest)).collect();
        lines.sort_unstable();
        lines.iter().fold(format!("{HEADER}\n"), |text, (_, name, digest)| text + name + " " + digest + "\n")
    }

    fn make_room(&mut self) {
        while self.digests.len() > MOST {
            let oldest = self.digests.iter().min_by_key(|(_, (clock, _))| *clock);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
            self.digests.remove(&oldest);
        }
    }
}

/// What stands for a content.
pub fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Writes the file as a whole, for this user alone.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // A temporary file is private from the start.
    let mut file = tempfile::Builder::new().prefix(".records-").tempfile_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Whether only this user can have written a file.
#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let me = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(path)
        .is_ok_and(|data| data.is_file() && data.uid() == me && data.mode() & 0o022 == 0)
}

#[cfg(not(unix))]
fn is_private(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(path: &Path) -> Records {
        let records = Records::at(path.to_owned());
        records.load();
        records
    }

    #[test]
    fn what_was_noted_is_known_to_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/records");
        let records = loaded(&path);
        assert!(!records.holds("tree/1", "x"));
        records.note("tree/1", "x").unwrap();
        records.clone().note("tree/2", "y").unwrap();
        records.note("tree/1", "z").unwrap();
        records.forget("tree/2").unwrap();
        records.forget("tree/3").unwrap();
        for records in [records, loaded(&path)] {
            assert!(records.holds("tree/1", "z") && !records.holds("tree/1", "x"));
            assert!(!records.holds("tree/2", "y"));
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let mut known = Known::default();
        let lines = (0..MOST + 2).map(|number| format!("n{number} d"));
        let all: Vec<String> = std::iter::once(HEADER.to_owned()).chain(lines).collect();
        known.parse(&all.join("\n"));
        assert_eq!(known.digests.len(), MOST);
        assert!(!known.digests.contains_key("n1") && known.digests.contains_key("n2"));
        let mut again = Known::default();
        again.parse(&known.text());
        assert_eq!(again.text(), known.text());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_write_or_that_is_a_link_holds_nothing() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records");
        loaded(&path).note("a", "x").unwrap();
        symlink(&path, folder.path().join("link")).unwrap();
        assert!(!loaded(&folder.path().join("link")).holds("a", "x"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        assert!(!loaded(&path).holds("a", "x"));
        fs::write(&path, "something else\na x\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(!loaded(&path).holds("a", "x"));
        let nowhere = Records::none();
        nowhere.note("a", "x").unwrap();
        assert!(nowhere.holds("a", "x"));
    }
}
