//! Our own program as the linker of a build: it keeps what it is given for a bench executable, and runs the true linker.
//!
//! The linker is a link to this program, at one path per workspace and true linker. Where the user chose a linker, Cargo is
//! told the link instead: its path is part of Cargo's fingerprints, so both sides and all builds use the same. Elsewhere
//! rustc finds it on the PATH, and so do build scripts that compile C: whatever is no link of a bench goes on to the true
//! one. Its file name is the true linker's, because rustc guesses from the name what flags a linker takes. What to keep
//! stands in a file beside it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::support::{files, process};

use super::{arguments, capture};

/// What stands beside the link.
const SETTINGS: &str = "perfguard-linker.json";

/// The variable that names the link's folder where it is found on the PATH: a program is not told where it was found.
pub(super) const FOLDER: &str = "PERFGUARD_LINKER_FOLDER";

/// The program that can serve as a linker.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// What the wrapper is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    /// The wrapper's own file name.
    pub(super) name: String,
    /// The true linker.
    pub(super) linker: PathBuf,
    /// Where captures go, each named as its executable.
    pub(super) captures: PathBuf,
    /// The names of the crates whose executables are kept.
    pub(super) crates: Vec<String>,
    /// Files below it are of the build.
    pub(super) within: PathBuf,
}

/// Serves as the linker if this start of the program is meant so, and comes back only with the reason why it cannot; `None`
/// when it is not meant so. A program that calls this first of all can be a linker for its own builds.
pub fn serve(words: &[OsString]) -> Option<String> {
    let own = Path::new(words.first()?);
    let found = || Some(PathBuf::from(std::env::var_os(FOLDER)?).join(own.file_name()?));
    if let Some(settings) = settings(own).or_else(|| settings(&found()?)) {
        return Some(run(&settings, &words[1..]));
    }
    offer(std::env::current_exe().ok()?);
    None
}

/// Makes a program known that can serve as a linker.
pub fn offer(program: PathBuf) {
    let _ = PROGRAM.set(program);
}

/// The program that can serve as a linker, if it is still there.
pub(super) fn program() -> Option<&'static Path> {
    PROGRAM.get().map(PathBuf::as_path).filter(|path| path.is_file())
}

fn settings(own: &Path) -> Option<Settings> {
    let folder = own.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    let text = fs::read_to_string(folder.join(SETTINGS)).ok()?;
    let settings: Settings = serde_json::from_str(&text).ok()?;
    (own.file_name()? == settings.name.as_str()).then_some(settings)
}

/// Puts the link and its settings into a folder; gives the link's path.
pub(super) fn install(folder: &Path, program: &Path, settings: &Settings) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let link = folder.join(&settings.name);
    if fs::read_link(&link).ok().as_deref() != Some(program) {
        let draft = folder.join(format!(".{}-{}", settings.name, std::process::id()));
        let _ = fs::remove_file(&draft);
        files::symlink(program, &draft)?;
        fs::rename(&draft, &link)?;
    }
    fs::write(folder.join(SETTINGS), serde_json::to_vec(settings)?)?;
    Ok(link)
}

/// Keeps the link if it is a bench's, and becomes the true linker; gives the reason if it cannot. That something cannot be
/// kept never fails a build.
fn run(settings: &Settings, words: &[OsString]) -> String {
    if let Some((arguments, name)) = wanted(settings, words) {
        let to = settings.captures.join(name);
        let folder = std::env::current_dir().unwrap_or_default();
        let link = capture::Link {
            linker: &settings.linker,
            arguments: &arguments,
            folder: &folder,
            within: &settings.within,
        };
        if let Err(error) = capture::keep(&link, &to) {
            let _ = fs::remove_dir_all(&to);
            let _ = capture::refuse(&to, &error.to_string());
        }
    }
    let mut command = Command::new(&settings.linker);
    command.args(words);
    let error = process::replace_self(&mut command);
    format!("failed to start the linker `{}`: {error}", settings.linker.display())
}

/// The arguments of a link that is to be kept, and the name of its executable.
fn wanted(settings: &Settings, words: &[OsString]) -> Option<(Vec<String>, String)> {
    let arguments = expanded(words)?;
    let output = Path::new(&arguments[arguments::output(&arguments)?]);
    let name = output.file_name()?.to_str()?;
    let (stem, hash) = name.rsplit_once('-')?;
    let is_bench = hash.len() == 16 && settings.crates.iter().any(|wanted| wanted == stem);
    let is_executable = !arguments.iter().any(|argument| argument == "-shared");
    (is_bench && is_executable).then(|| (arguments.clone(), name.to_owned()))
}

/// The arguments with response files taken apart. `None` for what is no text, or cannot be read.
fn expanded(words: &[OsString]) -> Option<Vec<String>> {
    let mut arguments = Vec::with_capacity(words.len());
    for word in words {
        let word = word.to_str()?;
        match word.strip_prefix('@') {
            Some(path) if Path::new(path).is_file() => {
                arguments.extend(arguments::words(&fs::read_to_string(path).ok()?));
            }
            _ => arguments.push(word.to_owned()),
        }
    }
    Some(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(folder: &Path) -> Settings {
        Settings {
            name: "cc".into(),
            linker: "/usr/bin/true".into(),
            captures: folder.join("captures"),
            crates: vec!["my_bench".into()],
            within: folder.to_owned(),
        }
    }

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn only_a_link_beside_settings_with_its_name_is_a_linker() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = settings(folder.path());
        for _ in 0..2 {
            let link = install(&folder.path().join("linker"), Path::new("/proc/self/exe"), &wanted).unwrap();
            assert_eq!(super::settings(&link), Some(wanted.clone()));
        }
        assert_eq!(super::settings(&folder.path().join("linker/cargo-perfguard")), None);
        assert_eq!(super::settings(Path::new("cc")), None);
        assert_eq!(super::settings(&folder.path().join("cc")), None);
    }

    #[test]
    fn only_bench_executables_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let name = |text: &str| wanted(&settings, &words(text)).map(|(_, name)| name);
        let bench = "-o /t/deps/my_bench-0123456789abcdef a.o";
        assert_eq!(name(bench).as_deref(), Some("my_bench-0123456789abcdef"));
        assert_eq!(name(&format!("-shared {bench}")), None);
        assert_eq!(name("-o /t/build_script_build-0123456789abcdef a.o"), None);
        assert_eq!(name("-o /t/my_bench a.o"), None);
        assert_eq!(name("--version"), None);
        let response = folder.path().join("arguments");
        fs::write(&response, bench.replace(' ', "\n")).unwrap();
        assert_eq!(name(&format!("@{}", response.display())).as_deref(), Some("my_bench-0123456789abcdef"));
    }
}
