//! A folder of runs, a file for each: what `rclone` and `aws s3 sync` copy to and from object storage.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::{ExchangeError, Oddity};
use super::text::{LARGEST, TextError};
use super::{Exchange, Item, Listing, Put};
use crate::domain::RunUid;
use crate::support::bounded::{self, Links};
use crate::support::records::digest;

/// What stands behind the id in a file's name.
const SUFFIX: &str = ".perfguard-run";
/// How files are called that are not finished.
const DRAFT: &str = ".draft-";

/// A folder that holds runs.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    place: String,
}

impl Folder {
    /// Takes a folder that exists.
    ///
    /// # Errors
    /// It does not, or is none.
    pub fn open(path: &Path) -> Result<Self, ExchangeError> {
        let found = path.canonicalize().ok().filter(|path| path.is_dir());
        let path = found.ok_or_else(|| ExchangeError::NotAFolder(path.to_owned()))?;
        Ok(Self { place: format!("dir:{}", path.display()), path })
    }

    fn file(&self, uid: RunUid) -> PathBuf {
        self.path.join(format!("{uid}{SUFFIX}"))
    }

    /// What a file holds; `None` where there is none.
    fn content(&self, uid: RunUid) -> Result<Option<Result<Vec<u8>, Oddity>>, ExchangeError> {
        let path = self.file(uid);
        match bounded::read(&path, LARGEST, Links::Refuse) {
            Ok(bytes) => Ok(Some(Ok(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                Ok(Some(Err(Oddity::Unreadable { uid, why: TextError::Large })))
            }
            Err(error)
                if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory) =>
            {
                Ok(Some(Err(Oddity::Shape { uid, why: "it is no regular file" })))
            }
            Err(error) => Err(ExchangeError::Folder { action: "read", path, error }),
        }
    }

    /// Writes a file that is not there; whole or not at all, also where two do it at once.
    fn write(&self, uid: RunUid, bytes: &[u8]) -> io::Result<()> {
        let draft = self.path.join(format!("{DRAFT}{uid}-{}", std::process::id()));
        let _ = fs::remove_file(&draft);
        let written = OpenOptions::new().write(true).create_new(true).open(&draft).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        // A link to it never replaces anything; some file systems have none.
        let kept = written.and_then(|()| match fs::hard_link(&draft, self.file(uid)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(_) if !self.file(uid).exists() => fs::rename(&draft, self.file(uid)),
            linked => linked,
        });
        let _ = fs::remove_file(&draft);
        kept
    }
}

impl Exchange for Folder {
    fn key(&self) -> &str {
        &self.place
    }

    fn shown(&self) -> &str {
        &self.place
    }

    fn list(&mut self) -> Result<Listing, ExchangeError> {
        let fail = |error| ExchangeError::Folder { action: "read", path: self.path.clone(), error };
        let mut listing = Listing::default();
        for entry in fs::read_dir(&self.path).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
            let Some(stem) = name.strip_suffix(SUFFIX) else { continue };
            let Some(uid) = RunUid::from_hex(stem) else {
                listing.odd.push(Oddity::NoId(name));
                continue;
            };
            match self.content(uid)? {
                Some(Ok(bytes)) => listing.items.push(Item { uid, content: digest(&bytes) }),
                Some(Err(odd)) => listing.odd.push(odd),
                None => {}
            }
        }
        listing.items.sort_by_key(|item| item.uid);
        Ok(listing)
    }

    fn get(&mut self, item: &Item) -> Result<Result<Vec<u8>, Oddity>, ExchangeError> {
        let gone = || Err(Oddity::Shape { uid: item.uid, why: "it was removed" });
        Ok(self.content(item.uid)?.unwrap_or_else(gone))
    }

    fn put(&mut self, runs: &[(RunUid, Vec<u8>)]) -> Result<Vec<(Put, String)>, ExchangeError> {
        let put = |(uid, bytes): &(RunUid, Vec<u8>)| {
            let fail = |error| ExchangeError::Folder { action: "write", path: self.file(*uid), error };
            if fs::symlink_metadata(self.file(*uid)).is_err() {
                self.write(*uid, bytes).map_err(fail)?;
            }
            let there = matches!(self.content(*uid)?, Some(Ok(found)) if found == *bytes);
            Ok((if there { Put::There } else { Put::Occupied }, digest(bytes)))
        };
        runs.iter().map(put).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::uid;
    use super::*;

    #[test]
    fn a_run_is_left_once_and_found() {
        let temporary = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(temporary.path()).unwrap();
        let first = folder.put(&[(uid(1), b"one".to_vec()), (uid(2), b"two".to_vec())]).unwrap();
        assert!(first.iter().all(|(put, _)| *put == Put::There));
        assert_eq!(folder.put(&[(uid(1), b"one".to_vec())]).unwrap()[0], first[0]);
        assert_eq!(folder.put(&[(uid(1), b"other".to_vec())]).unwrap()[0].0, Put::Occupied);
        let found = folder.list().unwrap().items;
        assert_eq!(found.iter().map(|item| item.uid).collect::<Vec<_>>(), [uid(1), uid(2)]);
        assert_eq!(found[0].content, first[0].1);
        assert_eq!(folder.get(&found[0]).unwrap().unwrap(), b"one");
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 2, "no draft is left");
    }

    #[test]
    #[cfg(unix)]
    fn what_is_no_run_is_told_and_the_rest_is_found() {
        let temporary = tempfile::tempdir().unwrap();
        let path = |name: &str| temporary.path().join(format!("{name}{SUFFIX}"));
        let mut folder = Folder::open(temporary.path()).unwrap();
        folder.put(&[(uid(1), b"one".to_vec())]).unwrap();
        fs::write(path("..%2f..%2fetc"), "x").unwrap();
        fs::write(temporary.path().join("notes.txt"), "x").unwrap();
        std::os::unix::fs::symlink("/dev/zero", path(&uid(2).to_string())).unwrap();
        fs::File::create(path(&uid(3).to_string())).unwrap().set_len(LARGEST + 1).unwrap();
        fs::create_dir(path(&uid(4).to_string())).unwrap();
        let listing = folder.list().unwrap();
        assert_eq!(listing.items.len(), 1);
        let mut odd: Vec<String> = listing.odd.iter().map(ToString::to_string).collect();
        odd.sort();
        assert_eq!(odd.len(), 4, "{odd:?}");
        assert!(
            odd[0].contains("is no id") && odd[2].contains("64 MiB") && odd[3].contains("regular"),
            "{odd:?}"
        );
    }
}
