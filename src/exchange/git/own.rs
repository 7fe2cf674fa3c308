//! The bare repository of our own: objects that are fetched and sent. A cache; nothing else is in it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use git2::{Commit, ObjectType, Oid, Repository, Signature, Time, Tree};

use super::super::error::{ExchangeError, Oddity};
use super::super::{Item, Listing};
use super::compact::{AT_ONCE, Compacted, Plan};
use super::settings::SECOND;
use crate::domain::RunUid;
use crate::support::process::Finished;
use crate::support::{area, files, lock::FileLock};

/// Locked while somebody uses it.
const IN_USE: &str = "in-use";
/// All that is set in it.
const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
/// What could make git run something, or read elsewhere.
const UNWANTED: [&str; 6] =
    ["hooks", "commondir", "worktrees", "modules", "objects/info/alternates", "objects/info/http-alternates"];
/// How a run's file is marked in a tree.
const FILE: i32 = 0o100_644;
/// How a folder is.
const FOLDER: i32 = 0o040_000;

/// The repository.
pub(super) struct Own {
    folder: PathBuf,
    /// What a place's references begin with here.
    prefix: String,
    opened: OnceCell<Repository>,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, prefix, opened: _ } = self;
        f.debug_struct("Own").field("folder", folder).field("prefix", prefix).finish_non_exhaustive()
    }
}

/// A run as git has it.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) commit: String,
    pub(super) blob: String,
}

/// A run with a reference of its own.
struct Written {
    uid: RunUid,
    /// Its id, or its second name.
    name: String,
    commit: Oid,
    blob: Oid,
}

/// What the references of a place lead to.
struct Found {
    written: Vec<Written>,
    /// The runs that share one reference.
    log: BTreeMap<RunUid, Oid>,
    /// The commit of that.
    log_commit: Option<Oid>,
    odd: Vec<Oddity>,
}

impl Own {
    /// Enters the folder, making it if need be, and keeps others out.
    pub(super) fn enter(
        folder: &Path,
        workspace: &Path,
        key: &str,
    ) -> Result<(Self, FileLock), ExchangeError> {
        area::enter(folder, workspace)?;
        let lock = FileLock::acquire(&folder.join(IN_USE), || {})?;
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Ok((Self { folder, prefix: format!("refs/exchange/{key}/"), opened: OnceCell::new() }, lock))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What git is to fetch, and under which names.
    pub(super) fn refspec(&self) -> String {
        format!("+refs/perfguard/*:{}*", self.prefix)
    }

    /// Makes the repository where there is none, and takes away what does not belong into one of ours: what a killed git
    /// left, and what somebody else put there.
    pub(super) fn make(
        &self,
        git: impl FnOnce(&[&str]) -> Result<Finished, ExchangeError>,
    ) -> Result<(), ExchangeError> {
        let fail = |error: std::io::Error| self.failed("use", &error);
        for name in UNWANTED {
            let path = self.folder.join(name);
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => fs::remove_dir_all(&path).map_err(fail)?,
                Ok(_) => fs::remove_file(&path).map_err(fail)?,
                Err(_) => {}
            }
        }
        for name in ["", "refs", "objects", "objects/pack", "objects/info", "objects/info/commit-graphs"] {
            sweep(&self.folder.join(name));
        }
        files::replace(&self.folder.join("config"), CONFIG.as_bytes()).map_err(fail)?;
        if !self.folder.join("HEAD").is_file() || !self.folder.join("objects").is_dir() {
            let finished = git(&["init", "--quiet", "--bare", "--template="])?;
            if !finished.status.success() {
                return Err(self.failed("make", &finished.stderr.text().trim()));
            }
            files::replace(&self.folder.join("config"), CONFIG.as_bytes()).map_err(fail)?;
        }
        Ok(())
    }

    fn open(&self) -> Result<Repository, ExchangeError> {
        Repository::open_bare(&self.folder).map_err(|error| self.failed("open", &error.message()))
    }

    fn failed(&self, action: &'static str, why: &impl ToString) -> ExchangeError {
        ExchangeError::Own { action, folder: self.folder.clone(), why: why.to_string() }
    }

    /// Opened once: it looks again for what it does not find, and thousands of runs are read one by one.
    fn git<T>(&self, work: impl FnOnce(&Repository) -> Result<T, git2::Error>) -> Result<T, ExchangeError> {
        let repository = if let Some(opened) = self.opened.get() {
            opened
        } else {
            let opened = self.open()?;
            self.opened.get_or_init(|| opened)
        };
        work(repository).map_err(|error| self.failed("read", &error.message()))
    }

    /// Makes the commit of a run. The same run gives the same commit, whoever makes it.
    pub(super) fn commit(&self, uid: RunUid, bytes: &[u8]) -> Result<Made, ExchangeError> {
        self.git(|repository| {
            let name = uid.to_string();
            let blob = repository.blob(bytes)?;
            let mut tree = repository.treebuilder(None)?;
            tree.insert(&name, blob, FILE)?;
            let tree = repository.find_tree(tree.write()?)?;
            let author = author(0)?;
            let commit = repository.commit(None, &author, &author, &name, &tree, &[])?;
            Ok(Made { commit: commit.to_string(), blob: blob.to_string() })
        })
    }

    /// Everything at the place that was fetched last.
    pub(super) fn list(&self) -> Result<Listing, ExchangeError> {
        self.git(|repository| {
            let Found { written, log, mut odd, .. } = self.found(repository)?;
            let mut all = log;
            for Written { uid, blob, .. } in written {
                if *all.entry(uid).or_insert(blob) != blob {
                    odd.push(Oddity::Shape { uid, why: "it is there twice, with different content" });
                }
            }
            let items = all.into_iter().map(|(uid, blob)| Item { uid, content: blob.to_string() }).collect();
            Ok(Listing { items, odd })
        })
    }

    /// How large a file is, in bytes; `None` for what is no file.
    pub(super) fn size(&self, blob: &str) -> Result<Option<u64>, ExchangeError> {
        self.git(|repository| {
            let (size, kind) = repository.odb()?.read_header(Oid::from_str(blob)?)?;
            Ok((kind == ObjectType::Blob).then_some(size as u64))
        })
    }

    /// What a file holds.
    pub(super) fn blob(&self, blob: &str) -> Result<Vec<u8>, ExchangeError> {
        self.git(|repository| Ok(repository.find_blob(Oid::from_str(blob)?)?.content().to_vec()))
    }

    /// What is to be sent to put the runs that have references of their own into one; `None` where there are none. What
    /// `log` has otherwise stays as it is.
    pub(super) fn plan(&self, done: &mut Compacted) -> Result<Option<Plan>, ExchangeError> {
        self.git(|repository| {
            let Found { written, log, log_commit, odd } = self.found(repository)?;
            let mut odd = odd;
            let mut taken = Vec::new();
            for written in written {
                match log.get(&written.uid) {
                    Some(blob) if *blob != written.blob => {
                        odd.push(Oddity::Shape {
                            uid: written.uid,
                            why: "it is there twice, with different content; both stay",
                        });
                    }
                    _ if taken.len() < AT_ONCE => taken.push(written),
                    _ => {}
                }
            }
            done.total = log.len();
            done.odd = odd;
            if taken.is_empty() {
                return Ok(None);
            }
            let old = log_commit.map(|id| repository.find_commit(id)).transpose()?;
            let tree = union(repository, old.as_ref(), &taken)?;
            let author = author(old.as_ref().map_or(0, |old| old.time().seconds()) + 1)?;
            let parents: Vec<&Commit<'_>> = old.iter().collect();
            let message = format!("{} runs", taken.len());
            let new = repository.commit(None, &author, &author, &message, &tree, &parents)?;
            let removed =
                taken.iter().map(|written| (written.name.clone(), written.commit.to_string())).collect();
            Ok(Some(Plan { old: log_commit.map(|id| id.to_string()), new: new.to_string(), removed }))
        })
    }

    fn found(&self, repository: &Repository) -> Result<Found, git2::Error> {
        let mut found =
            Found { written: Vec::new(), log: BTreeMap::new(), log_commit: None, odd: Vec::new() };
        for reference in repository.references_glob(&format!("{}*", self.prefix))? {
            let reference = reference?;
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            let name = name.strip_prefix(&self.prefix).unwrap_or(&name);
            if name == "log" {
                // What is no commit with a tree holds nothing.
                if let Ok(commit) = reference.peel_to_commit() {
                    found.log_commit = Some(commit.id());
                    found.read_log(repository, &commit.tree()?);
                }
                continue;
            }
            let own = name.strip_prefix("w/").unwrap_or_default();
            let Some(uid) = RunUid::from_hex(own.strip_suffix(SECOND).unwrap_or(own)) else {
                found.odd.push(Oddity::NoId(format!("refs/perfguard/{name}")));
                continue;
            };
            match reference.peel_to_commit().ok().and_then(|commit| Some((commit.id(), file(&commit, uid)?)))
            {
                Some((commit, blob)) => {
                    found.written.push(Written { uid, name: own.to_owned(), commit, blob });
                }
                None => {
                    found.odd.push(Oddity::Shape { uid, why: "its reference leads to no file of that name" });
                }
            }
        }
        Ok(found)
    }
}

impl Found {
    /// Reads `ab/ab…` files; whatever else is there is nothing of ours.
    fn read_log(&mut self, repository: &Repository, tree: &Tree<'_>) {
        for part in tree {
            let Some(inner) = part.to_object(repository).ok().and_then(|object| object.into_tree().ok())
            else {
                continue;
            };
            for entry in &inner {
                let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
                match RunUid::from_hex(&name) {
                    Some(uid) if entry.kind() == Some(ObjectType::Blob) => {
                        self.log.insert(uid, entry.id());
                    }
                    _ => self.odd.push(Oddity::NoId(format!("refs/perfguard/log: {name}"))),
                }
            }
        }
    }
}

/// The file of a run in its commit.
fn file(commit: &Commit<'_>, uid: RunUid) -> Option<Oid> {
    let tree = commit.tree().ok()?;
    let entry = tree.get_name(&uid.to_string())?;
    (entry.kind() == Some(ObjectType::Blob) && tree.len() == 1).then(|| entry.id())
}

/// The tree of a log with more runs: a folder for each first two digits, so that few trees change.
fn union<'a>(
    repository: &'a Repository,
    old: Option<&Commit<'_>>,
    taken: &[Written],
) -> Result<Tree<'a>, git2::Error> {
    let old = old.map(Commit::tree).transpose()?;
    let mut parts: BTreeMap<String, Vec<&Written>> = BTreeMap::new();
    for written in taken {
        parts.entry(written.uid.to_string()[..2].to_owned()).or_default().push(written);
    }
    let mut whole = repository.treebuilder(old.as_ref())?;
    for (part, runs) in parts {
        let before = old.as_ref().and_then(|old| old.get_name(&part));
        let before = before.and_then(|entry| repository.find_tree(entry.id()).ok());
        let mut builder = repository.treebuilder(before.as_ref())?;
        for run in runs {
            builder.insert(run.uid.to_string(), run.blob, FILE)?;
        }
        whole.insert(&part, builder.write()?, FOLDER)?;
    }
    repository.find_tree(whole.write()?)
}

/// Nobody: whoever wrote a run is no part of it, and the same run is the same commit.
fn author(seconds: i64) -> Result<Signature<'static>, git2::Error> {
    Signature::new("cargo-perfguard", "perfguard@invalid", &Time::new(seconds, 0))
}

/// Removes the locks and unfinished packs of a git that was killed: nobody else is here. Best effort.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if folder.ends_with("refs") || folder.components().any(|part| part.as_os_str() == "refs") {
                sweep(&path);
            }
        } else if name.ends_with(".lock") || name.starts_with("tmp_") || name == "packed-refs.new" {
            let _ = fs::remove_file(path);
        }
    }
}
