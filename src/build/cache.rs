//! Executables that were built before, kept by everything that decided what they are.
//!
//! A baseline is an executable to run again, not only numbers. Each entry is a folder named by the digest of its
//! inputs, put in place as a whole; what does not verify counts as absent.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use crate::domain::BenchTarget;
use crate::domain::{BuildFingerprint, Digest, Features, Surroundings, Variant};

use super::relink::capture::{self, Source};
use super::{BuildError, digest};
use crate::support::bounded::{self, Links};
use crate::support::records::{Records, digest as sum};
use crate::support::{room, seal};

/// Changed whenever an entry is written or built otherwise, so that old entries are passed over.
const SCHEMA: u32 = 4;

/// The largest description that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// The file that describes an entry.
const MANIFEST: &str = "manifest.json";

/// Everything that decides what an executable is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Inputs<'a> {
    pub(super) tree: &'a str,
    pub(super) workspace: &'a Path,
    pub(super) cargo: &'a Path,
    pub(super) compiler: &'a str,
    pub(super) target: &'a str,
    pub(super) profile: &'a str,
    pub(super) features: &'a Features,
    pub(super) rustflags: &'a [String],
    /// The CPU at hand, where flags ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) native: Option<&'a str>,
    /// Digests only: configuration and environment may hold secrets.
    pub(super) configuration: Digest,
    pub(super) environment: Digest,
    /// Package, target and measuring library of each bench.
    pub(super) benches: Vec<[String; 3]>,
    /// The packages of benches that were selected with these and not built.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) beside: BTreeSet<&'a str>,
    /// Name and digest of each patch.
    pub(super) patches: Vec<[&'a str; 2]>,
    pub(super) variant: Variant,
}

/// One bench of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) package: String,
    pub(super) target: String,
    /// What of the package it is, in a word.
    #[serde(default)]
    pub(super) unit: String,
    /// The executable; in the manifest, only its name.
    pub(super) executable: PathBuf,
    pub(super) digest: Digest,
    /// Of the description of what the linker was given, which names programs and files with their digests.
    #[serde(default)]
    pub(super) capture: Option<Digest>,
    /// What surrounds the bench when it runs.
    pub(super) surroundings: Surroundings,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) fingerprint: BuildFingerprint,
    /// Where what the linker was given is kept until it is stored beside the executable.
    #[serde(skip)]
    pub(super) link: Option<Source>,
}

impl Kept {
    /// The package, the target and what of it is compiled, as [`BenchTarget::compiled`] has it.
    pub(super) fn compiled(&self) -> (&str, &str, String) {
        (&self.package, &self.target, self.unit.clone())
    }

    /// The name of its file among the others of its build.
    fn file_name(&self) -> String {
        let name = format!("{}__{}", self.package, self.target);
        if self.unit.is_empty() { name } else { format!("{name}__{}", self.unit.replace(' ', "_")) }
    }
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    schema: u32,
    inputs: String,
    benches: Vec<Kept>,
}

/// The place of one build's executables.
#[derive(Debug)]
pub(super) struct Entry {
    folder: PathBuf,
    inputs: String,
}

impl Entry {
    /// The entry for some inputs below the folder of all entries.
    pub(super) fn new(artifacts: &Path, inputs: &Inputs<'_>) -> Self {
        let inputs = serde_json::to_string(inputs).unwrap_or_default();
        let name = digest::of_text(&format!("{SCHEMA} {inputs}"));
        Self { folder: artifacts.join(name.as_str()), inputs }
    }

    /// What the inputs come to, with the versions that a lock file holds: libraries seldom have one in git.
    pub(super) fn key(&self, workspace: &Path) -> Digest {
        let lock = digest::of_file(&workspace.join("Cargo.lock")).unwrap_or_default();
        digest::of_text(&format!("{} {lock}", self.name()))
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Under which name the records know the entry.
    fn name(&self) -> String {
        format!("artifact/{}", self.folder.file_name().unwrap_or_default().to_string_lossy())
    }

    /// The benches of the entry, if it is there, is what we put there, and every executable is what it was.
    pub(super) fn load(&self, records: &Records) -> Option<Vec<Kept>> {
        if !fs::symlink_metadata(&self.folder).ok()?.is_dir() {
            return None;
        }
        let text = bounded::read_text(&self.folder.join(MANIFEST), LARGEST, Links::Refuse).ok()?;
        if !records.holds(&self.name(), &sum(text.as_bytes())) {
            tracing::debug!(entry = %self.folder.display(), "passes over executables that are not known");
            return None;
        }
        let mut manifest: Manifest = serde_json::from_str(&text).ok()?;
        if manifest.schema != SCHEMA || manifest.inputs != self.inputs {
            return None;
        }
        for bench in &mut manifest.benches {
            bench.executable = self.folder.join(bench.executable.file_name()?);
            if digest::of_file(&bench.executable).ok()? != bench.digest
                || described(&bench.executable) != bench.capture
                || !capture::is_there(&bench.executable)
            {
                return None;
            }
            seal::set(&bench.executable).ok()?;
        }
        room::touch(&self.folder);
        Some(manifest.benches)
    }

    /// Copies the executables into the entry, replacing what was there. Gives the benches with their new places.
    pub(super) fn store(&self, benches: Vec<Kept>, records: &Records) -> Result<Vec<Kept>, BuildError> {
        let parent = self.folder.parent().unwrap_or(&self.folder);
        fs::create_dir_all(parent).map_err(BuildError::file("create", parent))?;
        let draft = tempfile::Builder::new()
            .prefix(".draft-")
            .tempdir_in(parent)
            .map_err(BuildError::file("create a folder in", parent))?;
        let mut named = Vec::new();
        for bench in benches {
            let name = bench.file_name();
            let to = draft.path().join(&name);
            fs::copy(&bench.executable, &to).map_err(BuildError::file("copy", &bench.executable))?;
            if let Some(link) = &bench.link {
                link.store(&to);
            }
            named.push(Kept { executable: name.into(), link: None, capture: described(&to), ..bench });
        }
        let manifest = Manifest { schema: SCHEMA, inputs: self.inputs.clone(), benches: named };
        let text = serde_json::to_string_pretty(&manifest).unwrap_or_default();
        let path = draft.path().join(MANIFEST);
        fs::write(&path, &text).map_err(BuildError::file("write", &path))?;
        let known = records.note(&self.name(), &sum(text.as_bytes()));
        known.map_err(BuildError::file("remember", &self.folder))?;
        match fs::symlink_metadata(&self.folder) {
            Ok(data) if data.is_dir() => fs::remove_dir_all(&self.folder),
            Ok(_) => fs::remove_file(&self.folder),
            Err(_) => Ok(()),
        }
        .map_err(BuildError::file("remove", &self.folder))?;
        let draft = draft.keep();
        fs::rename(&draft, &self.folder).map_err(BuildError::file("create", &self.folder))?;
        let placed = manifest.benches.into_iter();
        let placed: Vec<Kept> =
            placed.map(|bench| Kept { executable: self.folder.join(&bench.executable), ..bench }).collect();
        for bench in &placed {
            seal::set(&bench.executable).map_err(BuildError::file("read", &bench.executable))?;
        }
        Ok(placed)
    }
}

/// The digest of what describes an executable's link; `None` where there is none.
fn described(executable: &Path) -> Option<Digest> {
    digest::of_file(&capture::description(executable)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    static FEATURES: Features = Features { list: Vec::new(), all: false, no_default: false };

    fn inputs(tree: &str) -> Inputs<'_> {
        Inputs {
            tree,
            workspace: Path::new("/w"),
            cargo: Path::new("cargo"),
            compiler: "rustc 1.95.0",
            target: "x86_64-unknown-linux-gnu",
            profile: "bench",
            features: &FEATURES,
            rustflags: &[],
            native: None,
            configuration: digest::of_text("c"),
            environment: digest::of_text("e"),
            benches: vec![["p".into(), "b".into(), "criterion 0.8.2".into()]],
            beside: BTreeSet::new(),
            patches: Vec::new(),
            variant: Variant::Timed,
        }
    }

    fn kept(executable: &Path) -> Kept {
        Kept {
            package: "p".into(),
            target: "b".into(),
            unit: String::new(),
            executable: executable.to_owned(),
            digest: digest::of_file(executable).unwrap(),
            capture: None,
            surroundings: Surroundings::default(),
            variables: BTreeMap::from([("CARGO_PKG_NAME".into(), "p".into())]),
            fingerprint: BuildFingerprint {
                rustc: "1.95.0".into(),
                host: "h".into(),
                target: "t".into(),
                profile: "bench".into(),
                settings: "lto=false".into(),
                features: String::new(),
                rustflags: String::new(),
                instrument: "criterion 0.8.2".parse().unwrap(),
            },
            link: None,
        }
    }

    #[test]
    fn what_was_selected_beside_and_what_is_locked_decide_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |beside| Entry::new(folder.path(), &Inputs { beside, ..inputs("t") });
        let alone = entry(BTreeSet::new());
        assert_ne!(alone.folder(), entry(BTreeSet::from(["other"])).folder());
        let unlocked = alone.key(folder.path());
        fs::write(folder.path().join("Cargo.lock"), "version = 4").unwrap();
        let locked = alone.key(folder.path());
        assert!(unlocked != locked && locked == entry(BTreeSet::new()).key(folder.path()));
        assert_ne!(locked, entry(BTreeSet::from(["other"])).key(folder.path()));
    }

    #[test]
    fn what_was_stored_is_found_again_by_the_same_inputs_only() {
        let (folder, records) = (tempfile::tempdir().unwrap(), Records::none());
        let executable = folder.path().join("exe");
        fs::write(&executable, "code").unwrap();
        let artifacts = folder.path().join("artifacts");
        let entry = Entry::new(&artifacts, &inputs("one"));
        assert_eq!(entry.load(&records), None);
        let stored = entry.store(vec![kept(&executable)], &records).unwrap();
        assert_eq!(fs::read_to_string(&stored[0].executable).unwrap(), "code");
        assert_eq!(Entry::new(&artifacts, &inputs("one")).load(&records), Some(stored));
        assert_eq!(Entry::new(&artifacts, &inputs("two")).load(&records), None);
        let lines = Inputs { variant: Variant::Lines, ..inputs("one") };
        assert_eq!(Entry::new(&artifacts, &lines).load(&records), None);
        let cpu = Inputs { native: Some("znver3"), ..inputs("one") };
        assert_eq!(Entry::new(&artifacts, &cpu).load(&records), None);
        assert_eq!(fs::read_dir(&artifacts).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn a_changed_executable_counts_as_absent_and_is_replaced() {
        let (folder, records) = (tempfile::tempdir().unwrap(), Records::none());
        let executable = folder.path().join("exe");
        fs::write(&executable, "code").unwrap();
        let entry = Entry::new(&folder.path().join("artifacts"), &inputs("one"));
        let stored = entry.store(vec![kept(&executable)], &records).unwrap();
        fs::write(&stored[0].executable, "other").unwrap();
        assert_eq!(entry.load(&records), None);
        entry.store(vec![kept(&executable)], &records).unwrap();
        assert!(entry.load(&records).is_some());
        fs::remove_file(&stored[0].executable).unwrap();
        assert_eq!(entry.load(&records), None);
    }

    #[test]
    fn an_entry_that_we_did_not_put_there_is_passed_over() {
        let (folder, records) = (tempfile::tempdir().unwrap(), Records::none());
        let executable = folder.path().join("exe");
        let artifacts = folder.path().join("artifacts");
        let entry = Entry::new(&artifacts, &inputs("one"));
        fs::write(&executable, "code").unwrap();
        entry.store(vec![kept(&executable)], &records).unwrap();
        // The executable and its own digest, both replaced: in itself it is right.
        fs::write(&executable, "evil").unwrap();
        entry.store(vec![kept(&executable)], &Records::none()).unwrap();
        assert_eq!(entry.load(&records), None);
        assert_eq!(entry.load(&Records::none()), None);
        #[cfg(unix)]
        {
            let stored = entry.store(vec![kept(&executable)], &records).unwrap();
            fs::rename(entry.folder(), folder.path().join("elsewhere")).unwrap();
            std::os::unix::fs::symlink(folder.path().join("elsewhere"), entry.folder()).unwrap();
            assert_eq!(entry.load(&records), None, "a link is not followed");
            entry.store(vec![kept(&executable)], &records).unwrap();
            assert!(folder.path().join("elsewhere").join(stored[0].executable.file_name().unwrap()).exists());
        }
    }
}
