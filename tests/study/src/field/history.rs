//! The commits of a period, in a clone of the study's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::StudyError;
use crate::fixture::checked;

/// A repository under study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its name: that of the folder it was found in.
    pub name: String,
    /// The study's own clone.
    pub clone: PathBuf,
    /// The manifest that has the benches, within the clone.
    pub manifest: PathBuf,
}

/// A commit and the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The commit before, by first parents.
    pub baseline: String,
    /// The commit.
    pub candidate: String,
    /// The first line of its message.
    pub subject: String,
}

impl Repository {
    /// Clones the repository at `path` into `work`, if it is not there yet. `path` may name a manifest within it.
    ///
    /// # Errors
    /// It is no repository, or cannot be cloned.
    pub fn open(path: &Path, work: &Path) -> Result<Self, StudyError> {
        let path = path.canonicalize().map_err(StudyError::file(path))?;
        let manifest = if path.is_dir() { path.join("Cargo.toml") } else { path };
        let folder = manifest.parent().unwrap_or(&manifest);
        let top = PathBuf::from(git(folder, &["rev-parse", "--show-toplevel"])?.trim_end());
        let name = name_of(&top);
        let clone = work.join(&name);
        if !clone.exists() {
            std::fs::create_dir_all(work).map_err(StudyError::file(work))?;
            checked(Command::new("git").args(["clone", "--quiet"]).arg(&top).arg(&clone))?;
        }
        let manifest = manifest.strip_prefix(&top).unwrap_or(&manifest).to_owned();
        Ok(Self { name, clone, manifest })
    }

    /// The commits from one day on and before another, oldest first, along first parents. A day is `2024-01-31`, or whatever else
    /// git understands.
    ///
    /// # Errors
    /// Git could not say.
    pub fn steps(&self, since: &str, until: &str) -> Result<Vec<Step>, StudyError> {
        let (since, until) =
            (format!("--since-as-filter={}", begun(since)), format!("--until={}", begun(until)));
        let words = ["log", "--first-parent", "--reverse", "--format=%H %P%x09%s", &since, &until];
        Ok(git(&self.clone, &words)?.lines().filter_map(step).collect())
    }
}

/// What a repository is called: by the name of its folder.
fn name_of(top: &Path) -> String {
    top.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A path to a repository, or into one, from its name on: where it lies is nobody's business.
pub fn shown(path: &Path) -> PathBuf {
    let top = path.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(path);
    let rest = path.strip_prefix(top).ok().filter(|rest| !rest.as_os_str().is_empty());
    let name = PathBuf::from(name_of(top));
    rest.map_or(name.clone(), |rest| name.join(rest))
}

/// The beginning of a day: git takes a day for that day at the present time.
fn begun(day: &str) -> String {
    let is_date = day.len() == 10 && day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if is_date { format!("{day}T00:00:00Z") } else { day.to_owned() }
}

/// A line of the log; `None` for a commit without a parent.
fn step(line: &str) -> Option<Step> {
    let (commits, subject) = line.split_once('\t')?;
    let mut commits = commits.split_ascii_whitespace();
    let (candidate, baseline) = (commits.next()?.to_owned(), commits.next()?.to_owned());
    Some(Step { baseline, candidate, subject: subject.to_owned() })
}

fn git(folder: &Path, words: &[&str]) -> Result<String, StudyError> {
    let output = checked(Command::new("git").current_dir(folder).args(words))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_is_compared_with_its_first_parent_and_a_root_with_nothing() {
        let merge = step("c b x\tMerge the\tbranch").unwrap();
        assert_eq!((merge.candidate.as_str(), merge.baseline.as_str()), ("c", "b"));
        assert_eq!(merge.subject, "Merge the\tbranch");
        assert_eq!(step("a \tThe first"), None);
    }

    #[test]
    fn a_manifest_below_the_root_is_found_in_the_clone() {
        let folder = tempfile::tempdir().unwrap();
        let (source, work) = (folder.path().join("bits"), folder.path().join("work"));
        std::fs::create_dir_all(source.join("benches")).unwrap();
        std::fs::write(source.join("benches/Cargo.toml"), "").unwrap();
        let commit = |day: &str| {
            let mut git = Command::new("git");
            git.current_dir(&source).args(["-c", "user.name=a", "-c", "user.email=a@example.org", "commit"]);
            git.args(["--quiet", "--allow-empty", "--message", day]);
            checked(git.env("GIT_COMMITTER_DATE", format!("{day}Z"))).unwrap();
        };
        git(&source, &["init", "--quiet"]).unwrap();
        git(&source, &["add", "--all"]).unwrap();
        let times =
            ["2023-12-31T23:59:59", "2024-01-01T00:00:00", "2024-12-31T23:59:59", "2025-01-01T00:00:01"];
        for day in times {
            commit(day);
        }
        let repository = Repository::open(&source.join("benches/Cargo.toml"), &work).unwrap();
        assert_eq!(repository.manifest, Path::new("benches/Cargo.toml"));
        assert_eq!(shown(&source.join("benches/Cargo.toml")), Path::new("bits/benches/Cargo.toml"));
        assert_eq!(shown(&source).as_os_str(), "bits");
        assert!(repository.clone.join("benches/Cargo.toml").exists());
        let steps = repository.steps("2024-01-01", "2025-01-01").unwrap();
        let subjects: Vec<&str> = steps.iter().map(|step| step.subject.as_str()).collect();
        assert_eq!(subjects, times[1..3]);
        assert_eq!(steps[0].candidate, steps[1].baseline);
    }
}
