//! What surrounds a benchmark that runs: programs and shared libraries that the build made, what build scripts left, the
//! tree's data files, variables of `[env]`.
//!
//! Executables of the same bytes do the same only where all of this is the same, too. What cannot be read at run time
//! without being compiled in as well (Rust sources, manifests), and what is written for people, is left out.

mod differing;
mod mention;

pub(crate) use differing::{Files as TreeFiles, apart, data_of, otherwise, sources_of};

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::domain::{BenchTarget, BuiltBench, Digest, MadeFile, SourceTree, Surroundings};

use super::messages::Messages;
use super::{BuildError, BuildRequest, digest};

/// Files that are compiled, or tell how.
const COMPILED: [&str; 7] = ["rs", "o", "a", "d", "rlib", "rmeta", "lib"];
/// Files of Cargo, rustup and other tools, by name.
const TOOLS: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "clippy.toml",
    "deny.toml",
    "perfguard.toml",
    "Makefile",
];
/// Files for people, by the beginning of their names in lower case.
const FOR_PEOPLE: [&str; 9] = [
    "readme",
    "changelog",
    "license",
    "licence",
    "copying",
    "contributing",
    "authors",
    "security",
    "code_of_conduct",
];
/// Endings of texts for people.
const PROSE: [&str; 5] = ["md", "adoc", "rst", "org", "mdx"];
/// Folders of texts for people.
const BOOKS: [&str; 4] = ["docs", "doc", "book", "changelog.d"];

/// What surrounds the benches of one build.
pub(super) struct Around<'a> {
    request: &'a BuildRequest<'a>,
    messages: &'a Messages,
    /// The tree's files and what they come to; those for people apart, by their names.
    data: Vec<(PathBuf, Digest)>,
    for_people: Vec<(PathBuf, Digest)>,
}

impl<'a> Around<'a> {
    /// Looks at the files of the tree, which lie beside the target folder.
    pub(super) fn new(request: &'a BuildRequest<'a>, messages: &'a Messages) -> Result<Self, BuildError> {
        let root = request.target_dir.parent().unwrap_or(request.target_dir).join(SourceTree::FILES);
        let all = readable(&root).map_err(BuildError::file("read the files in", &root))?;
        let read = |path: PathBuf| {
            let digest = content(&root.join(&path)).map_err(BuildError::file("read", &root.join(&path)))?;
            Ok((path, digest))
        };
        let (for_people, data): (Vec<_>, Vec<_>) = all.into_iter().partition(|path| is_for_people(path));
        let collect =
            |paths: Vec<PathBuf>| paths.into_iter().map(read).collect::<Result<Vec<_>, BuildError>>();
        Ok(Self { request, messages, data: collect(data)?, for_people: collect(for_people)? })
    }

    /// What surrounds one bench.
    pub(super) fn of_bench(
        &self,
        bench: &BenchTarget,
        executable: &Path,
        configured: &BTreeMap<String, String>,
    ) -> Result<Surroundings, BuildError> {
        let made = self.made(bench)?;
        let line = |kind: &str, name: &str, value: &str| [kind, "\0", name, "\0", value, "\n"].concat();
        let bytes = fs::read(executable).map_err(BuildError::file("read", executable))?;
        let named = self.for_people.iter().filter(|(path, _)| mention::may_open(&bytes, path));
        let data = self.data.iter().chain(named);
        let data = data.map(|(path, digest)| line("data", &path.to_string_lossy(), digest.as_str()));
        let files = data.chain(made.iter().map(|made| line("made", &made.path, made.digest.as_str())));
        let variables: String = configured.iter().map(|(name, value)| line("env", name, value)).collect();
        let all: String = files.chain([variables.clone()]).collect();
        Ok(Surroundings { digest: digest::of_text(&all), variables: digest::of_text(&variables), made })
    }

    /// Programs of the bench's package, shared libraries, and what build scripts of local packages left.
    fn made(&self, bench: &BenchTarget) -> Result<Vec<MadeFile>, BuildError> {
        let programs = self.messages.binaries.iter().filter(|(package, ..)| *package == bench.package_id);
        let programs = programs.map(|(_, _, path)| path.clone());
        let mut paths: Vec<PathBuf> = programs.chain(self.messages.shared.iter().cloned()).collect();
        for script in self.messages.scripts.iter().filter(|script| script.package_id.starts_with("path+")) {
            let folder = PathBuf::from(&script.out_dir);
            let found = files(&folder, Path::new("")).unwrap_or_default();
            paths.extend(found.iter().filter(|path| !is_compiled(path)).map(|path| folder.join(path)));
        }
        paths.sort();
        paths.dedup();
        let made = paths.into_iter().filter_map(|path| {
            let below = path.strip_prefix(self.request.target_dir).ok()?.to_str()?.to_owned();
            Some(
                content(&path)
                    .map(|digest| MadeFile { path: below, digest })
                    .map_err(BuildError::file("read", path)),
            )
        });
        made.collect()
    }
}

/// What the variables come to that Cargo sets for a bench, but where Cargo itself is: that depends on who starts it. They may hold
/// anything, so they are not kept themselves.
pub(crate) fn variables_of(bench: &BuiltBench) -> Digest {
    let variables = bench.environment.iter().filter(|(name, _)| *name != "CARGO");
    let lines = variables.map(|(name, value)| [name, "\0", value, "\n"].concat());
    digest::of_text(&lines.collect::<String>())
}

/// Whether everything that a build made for its executables to reach is still there.
pub(super) fn is_there<'a>(made: impl IntoIterator<Item = &'a MadeFile>, target_dir: &Path) -> bool {
    made.into_iter().all(|one| content(&target_dir.join(&one.path)).is_ok_and(|found| found == one.digest))
}

/// What a file comes to; of a link, where it leads.
fn content(path: &Path) -> io::Result<Digest> {
    match fs::symlink_metadata(path)? {
        data if data.is_symlink() => Ok(digest::of_text(&fs::read_link(path)?.to_string_lossy())),
        _ => digest::of_file(path),
    }
}

/// The files of a source tree that can be read at run time without being compiled in: those for people, too.
fn readable(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = files(root, Path::new(""))?;
    all.retain(|path| !is_compiled(path) && !is_of_tools(path));
    Ok(all)
}

/// The other files of a source tree.
fn compiled(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = files(root, Path::new(""))?;
    all.retain(|path| is_compiled(path) || is_of_tools(path));
    Ok(all)
}

/// Every file below a folder, in order, links not followed, git's own left out.
fn files(root: &Path, below: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            // `.git`, `.github`, `.cargo` and their like.
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                found.extend(files(root, &path)?);
            }
        } else if kind.is_file() || kind.is_symlink() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn ending(path: &Path) -> &str {
    path.extension().and_then(|end| end.to_str()).unwrap_or_default()
}

fn is_compiled(path: &Path) -> bool {
    COMPILED.contains(&ending(path))
}

fn is_of_tools(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with('.') || TOOLS.contains(&name)
}

/// Whether a file is written for people: prose at the root or in a book, and what every repository has.
pub(super) fn is_for_people(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let known = FOR_PEOPLE.iter().any(|start| name.starts_with(start));
    let mut folders = path.parent().into_iter().flat_map(Path::components);
    let book = |part: Component<'_>| BOOKS.iter().any(|book| part.as_os_str() == *book);
    let is_prose = PROSE.contains(&ending(path));
    let at_root = path.components().count() == 1;
    (known && (is_prose || path.extension().is_none() || ending(path) == "txt"))
        || (is_prose && at_root)
        || folders.any(book)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_manifests_and_prose_are_told_from_data() {
        let data = |path: &str| {
            let path = Path::new(path);
            !is_compiled(path) && !is_of_tools(path) && !is_for_people(path)
        };
        for path in ["benches/data.txt", "a/tests/x.csv", "benches/long.md", "corpus/one", "src/table.bin"] {
            assert!(data(path), "{path}");
        }
        for path in [
            "src/lib.rs",
            "Cargo.toml",
            "a/Cargo.lock",
            "README.md",
            "a/README",
            "docs/x.svg",
            "notes.md",
            "LICENSE-MIT",
        ] {
            assert!(!data(path), "{path}");
        }
    }

    #[test]
    fn hidden_folders_are_left_out_and_links_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in [".git/HEAD", "b/x", "a"] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("..", root.join("up")).unwrap();
        let found = files(root, Path::new("")).unwrap();
        let expected: &[&str] = if cfg!(unix) { &["a", "b/x", "up"] } else { &["a", "b/x"] };
        assert_eq!(found, expected.iter().map(PathBuf::from).collect::<Vec<_>>());
    }

    #[test]
    fn what_was_made_must_still_be_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tool"), "one").unwrap();
        let made = [MadeFile { path: "tool".into(), digest: content(&folder.path().join("tool")).unwrap() }];
        assert!(is_there(&made, folder.path()));
        fs::write(folder.path().join("tool"), "two").unwrap();
        assert!(!is_there(&made, folder.path()));
        fs::remove_file(folder.path().join("tool")).unwrap();
        assert!(!is_there(&made, folder.path()));
    }
}
