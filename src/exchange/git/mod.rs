//! A git remote as a place: one reference for each run, `refs/perfguard/w/<id>`, and many runs in one,
//! `refs/perfguard/log`.
//!
//! A run's reference leads to a commit without parents, whose tree has one file, named by the id. References of
//! different writers have different names, so no writer can be in another's way: there is no force, no lease, no merge
//! and no second attempt. Compacting adds commits to `log` and removes exactly what it added, both or neither.
//!
//! Nothing of this happens in the user's repository. Objects lie in a bare repository of our own, which is a cache: it
//! is fetched again when it is gone. Git itself is run with what the user has set for the network, and nothing else.

mod compact;
mod own;
mod refusal;
mod settings;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::{ExchangeError, Oddity, PULL, PUSH};
use super::secrets::Secrets;
use super::text::{LARGEST, TextError};
use super::{Exchange, Item, Listing, Put};
use crate::domain::RunUid;
use crate::support::lock::FileLock;
use crate::support::process::{self, Finished};
pub use compact::Compacted;
use own::Own;
use settings::{PATIENCE, SECOND, Settings, WRITTEN};

#[cfg(test)]
mod tests;

/// How many runs are sent by one push.
const BATCH: usize = 200;
/// How often compacting is begun anew where another was faster.
const ATTEMPTS: u32 = 5;

/// A git remote.
#[derive(Debug)]
pub struct GitRemote {
    own: Own,
    settings: Settings,
    secrets: Secrets,
    /// Where git is run: relative paths of remotes begin there.
    root: PathBuf,
    place: String,
    /// Closing it lets others go on.
    _lock: FileLock,
}

impl GitRemote {
    /// Takes a remote of the repository around `root` by its name, or a URL or path as git takes it, and the folder of
    /// our own repository, which is made where there is none.
    ///
    /// # Errors
    /// No such remote; git cannot be run; the folder cannot be used.
    pub fn open(to: &str, root: &Path, folder: &Path) -> Result<Self, ExchangeError> {
        let settings = Settings::read(to, root)?;
        let (own, lock) = Own::enter(folder, root, &settings.key)?;
        let remote = Self {
            secrets: settings.secrets(),
            place: settings.shown(to),
            root: root.to_owned(),
            own,
            settings,
            _lock: lock,
        };
        remote.own.make(|arguments| remote.own_git(arguments))?;
        Ok(remote)
    }

    /// Puts all runs that have references of their own into one, and removes exactly those references.
    ///
    /// # Errors
    /// The place cannot be reached or written, or others compact it all the time. Nothing is lost.
    pub fn compact(&mut self) -> Result<Compacted, ExchangeError> {
        let mut done = Compacted::default();
        let mut attempts = 0;
        loop {
            self.fetch()?;
            let Some(plan) = self.own.plan(&mut done)? else { return Ok(done) };
            let mut arguments =
                vec!["push".to_owned(), "--porcelain".into(), "--atomic".into(), "--no-verify".into()];
            arguments.extend(plan.arguments());
            let finished = self.git(&arguments)?;
            if finished.status.success() {
                done.included += plan.runs();
                attempts = 0;
                continue;
            }
            // What was fetched is no longer so: somebody compacted, or removed a reference.
            let moved = rejections(&finished).any(|line| line.contains("[rejected]"))
                || finished.stderr.text().contains("cannot lock ref");
            attempts += 1;
            if !moved {
                return Err(self.failed(PUSH, &finished));
            }
            if attempts == ATTEMPTS {
                return Err(ExchangeError::Raced(self.place.clone()));
            }
        }
    }

    /// Fetches what is there. Others may remove references between the answer that lists them and the question for them.
    fn fetch(&self) -> Result<(), ExchangeError> {
        let options = [
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--prune",
            "--refmap=",
        ];
        let mut arguments = vec!["fetch".to_owned()];
        arguments.extend(options.map(str::to_owned));
        arguments.extend([settings::REMOTE.to_owned(), self.own.refspec()]);
        let mut attempts = 0;
        loop {
            let finished = self.git(&arguments)?;
            if finished.status.success() {
                return Ok(());
            }
            attempts += 1;
            let is_gone = finished.stderr.text().contains("not our ref");
            if !is_gone || attempts == ATTEMPTS {
                return Err(self.failed(PULL, &finished));
            }
        }
    }

    /// Sends a batch of commits, each to the reference of its run.
    ///
    /// Where a machine with a remote in a folder lost power, or a killed one took the git of the other side along, a lock
    /// may lie there for ever. Names are free, so the run then gets another one.
    fn push(&self, batch: &[(RunUid, String)]) -> Result<Vec<Put>, ExchangeError> {
        let (mut puts, finished) = self.push_as(batch, "")?;
        let open: Vec<usize> = (0..batch.len()).filter(|&place| puts[place].is_none()).collect();
        let is_locked = finished.stderr.text().contains(".lock': File exists");
        if !open.is_empty() && is_locked {
            let again: Vec<(RunUid, String)> = open.iter().map(|&place| batch[place].clone()).collect();
            for (place, put) in open.into_iter().zip(self.push_as(&again, SECOND)?.0) {
                puts[place] = put;
            }
        }
        let all: Option<Vec<Put>> = puts.into_iter().collect();
        all.ok_or_else(|| self.failed(PUSH, &finished))
    }

    /// Sends commits to references with this behind the run's id, and says what became of each, where it can be told.
    fn push_as(
        &self,
        batch: &[(RunUid, String)],
        suffix: &str,
    ) -> Result<(Vec<Option<Put>>, Finished), ExchangeError> {
        let mut arguments: Vec<String> =
            ["push", "--porcelain", "--no-thin", "--no-verify", settings::REMOTE].map(str::to_owned).into();
        arguments.extend(batch.iter().map(|(uid, commit)| format!("{commit}:{WRITTEN}{uid}{suffix}")));
        let finished = self.git(&arguments)?;
        let stdout = finished.stdout.text().into_owned();
        let became = |(uid, _): &(RunUid, String)| {
            let name = format!(":{WRITTEN}{uid}{suffix}");
            let is_it = |line: &&str| line.split('\t').nth(1).is_some_and(|to| to.ends_with(&name));
            let line = stdout.lines().find(is_it)?;
            match line.split('\t').next() {
                Some("*" | "=") => Some(Put::There),
                Some("!") if line.contains("[rejected]") => Some(Put::Occupied),
                _ => None,
            }
        };
        Ok((batch.iter().map(became).collect(), finished))
    }

    /// Git with the remote at hand.
    fn git(&self, arguments: &[String]) -> Result<Finished, ExchangeError> {
        let mut command = self.command(arguments);
        self.settings.apply(&mut command);
        Ok(process::run(command, Some(PATIENCE), |_, _| {})?)
    }

    /// Git in our own repository, without anybody's settings.
    fn own_git(&self, arguments: &[&str]) -> Result<Finished, ExchangeError> {
        let mut command = self.command(arguments);
        settings::without_any(&mut command);
        Ok(process::run(command, Some(PATIENCE), |_, _| {})?)
    }

    fn command(&self, arguments: &[impl AsRef<std::ffi::OsStr>]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.root).args(arguments);
        settings::quiet(&mut command);
        command.env("GIT_DIR", self.own.folder());
        command
    }

    fn failed(&self, action: &'static str, finished: &Finished) -> ExchangeError {
        let stderr = finished.stderr.text();
        let mut said: Vec<String> = rejections(finished).collect();
        said.extend(stderr.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned));
        if said.is_empty() {
            said.push(finished.status.to_string());
        }
        let is_refused = action == PUSH && said.iter().any(|line| refusal::is_one(line));
        let (place, said) = (self.place.clone(), self.secrets.hide(&said.join("\n")));
        if is_refused {
            return ExchangeError::Refused { place, said };
        }
        ExchangeError::Git { action, place, said }
    }
}

/// What a push in porcelain says of references that were not taken, without their names.
fn rejections(finished: &Finished) -> impl Iterator<Item = String> {
    let stdout = finished.stdout.text().into_owned();
    let lines: Vec<String> = stdout
        .lines()
        .filter(|line| line.starts_with("!\t"))
        .filter_map(|line| line.split('\t').nth(2).map(str::to_owned))
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    lines.into_iter().filter(move |line| seen.insert(line.clone()))
}

impl Exchange for GitRemote {
    fn key(&self) -> &str {
        &self.settings.key
    }

    fn shown(&self) -> &str {
        &self.place
    }

    fn list(&mut self) -> Result<Listing, ExchangeError> {
        self.fetch()?;
        self.own.list()
    }

    fn get(&mut self, item: &Item) -> Result<Result<Vec<u8>, Oddity>, ExchangeError> {
        let too_large = || Oddity::Unreadable { uid: item.uid, why: TextError::Large };
        match self.own.size(&item.content)? {
            Some(size) if size > LARGEST => Ok(Err(too_large())),
            Some(_) => self.own.blob(&item.content).map(Ok),
            None => Ok(Err(Oddity::Shape { uid: item.uid, why: "it is no file" })),
        }
    }

    fn put(&mut self, runs: &[(RunUid, Vec<u8>)]) -> Result<Vec<(Put, String)>, ExchangeError> {
        let mut done = Vec::with_capacity(runs.len());
        for batch in runs.chunks(BATCH) {
            let made: Vec<own::Made> =
                batch.iter().map(|(uid, bytes)| self.own.commit(*uid, bytes)).collect::<Result<_, _>>()?;
            let commits: Vec<(RunUid, String)> =
                batch.iter().zip(&made).map(|((uid, _), made)| (*uid, made.commit.clone())).collect();
            let puts = self.push(&commits)?;
            done.extend(puts.into_iter().zip(made).map(|(put, made)| (put, made.blob)));
        }
        Ok(done)
    }
}
