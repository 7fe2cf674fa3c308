//! What a linker was given, kept so that the same executable can be linked again at any time.
//!
//! A capture is a folder beside the executable: the arguments, and the files that they name. rustc deletes its objects
//! after linking, and libraries of the build are replaced by the next one, so both are kept: as further names of the same
//! files where that is possible, as copies otherwise. What belongs to the system or to the compiler is used where it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, LayoutFallback};

use super::super::digest;
use super::arguments;

/// Changed whenever captures are written otherwise.
const SCHEMA: u32 = 2;

/// The file that describes a capture.
const MANIFEST: &str = "capture.json";

/// The file that says why there is no capture.
const REFUSAL: &str = "refused";

/// Variables that change what drivers and linkers do. Others are not kept: they may hold secrets.
const VARIABLES: [&str; 8] = [
    "PATH",
    "LIBRARY_PATH",
    "COMPILER_PATH",
    "GCC_EXEC_PREFIX",
    "LD_LIBRARY_PATH",
    "LD_RUN_PATH",
    "LDEMULATION",
    "LC_ALL",
];

/// A part of an argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Piece {
    Text(String),
    /// A kept file, by its place in the list.
    File(usize),
    /// A kept folder of libraries, by its name.
    Folder(String),
    /// Where the executable goes.
    Output,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptFile {
    name: String,
    digest: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    schema: u32,
    linker: PathBuf,
    /// The linker's place among the files, where it belongs to the source tree.
    kept_linker: Option<usize>,
    arguments: Vec<Vec<Piece>>,
    variables: BTreeMap<String, String>,
    files: Vec<KeptFile>,
}

/// A link that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Capture {
    folder: PathBuf,
    manifest: Manifest,
}

/// The folder of captures in a target folder, each named as its executable.
pub(in crate::build) fn folder_in(target_dir: &Path) -> PathBuf {
    target_dir.join(".perfguard-links")
}

/// The folder that belongs to a kept executable.
pub(in crate::build) fn beside(executable: &Path) -> PathBuf {
    let mut name = executable.file_name().unwrap_or_default().to_owned();
    name.push(".link");
    executable.with_file_name(name)
}

/// The file that describes what was kept of an executable's link.
pub(in crate::build) fn description(executable: &Path) -> PathBuf {
    beside(executable).join(MANIFEST)
}

/// What there is to keep of an executable's link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::build) enum Source {
    /// A capture that the wrapper made.
    Capture(PathBuf),
    /// Nothing, and why.
    Refused(String),
}

impl Source {
    /// Stores it beside the executable's copy. That this fails is told when the capture is wanted.
    pub(in crate::build) fn store(&self, executable: &Path) {
        let to = beside(executable);
        let reason = match self {
            Self::Capture(from) if from.is_dir() => match copy(from, &to) {
                Ok(()) => return,
                Err(error) => error.to_string(),
            },
            Self::Capture(_) => "its executable was not linked while perfguard looked on".to_owned(),
            Self::Refused(reason) => reason.clone(),
        };
        let _ = fs::remove_dir_all(&to);
        let _ = refuse(&to, &reason);
    }
}

/// Whether no file of the capture beside an executable, if there is one, is gone or empty. That linking them gives the executable
/// once more shows the rest.
pub(in crate::build) fn is_there(executable: &Path) -> bool {
    let Ok(Capture { folder, manifest }) = Capture::of(executable) else { return true };
    let nothing = digest::of_text("");
    let is_there = |file: &KeptFile| {
        fs::metadata(folder.join(&file.name)).is_ok_and(|data| data.len() > 0 || file.digest == nothing)
    };
    manifest.files.iter().all(is_there)
}

/// Notes in a folder why there is no capture.
pub(in crate::build) fn refuse(folder: &Path, reason: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(REFUSAL), reason)
}

/// Copies a capture, by further names of the same files where that is possible.
pub(in crate::build) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            link(&entry.path(), &target)?;
        }
    }
    Ok(())
}

impl Capture {
    /// The capture that was kept with an executable. Whether its files are still what was kept is not looked at: that linking
    /// them gives the executable once more shows it.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn of(executable: &Path) -> Result<Self, LayoutFallback> {
        let folder = beside(executable);
        let reason = |text: &str| LayoutFallback::NotKept(text.to_owned());
        if let Ok(text) = fs::read_to_string(folder.join(REFUSAL)) {
            return Err(LayoutFallback::NotKept(text));
        }
        let text = fs::read_to_string(folder.join(MANIFEST))
            .map_err(|_| reason("its executable was not linked while perfguard looked on"))?;
        let manifest: Manifest =
            serde_json::from_str(&text).map_err(|error| LayoutFallback::NotKept(error.to_string()))?;
        if manifest.schema != SCHEMA {
            return Err(reason("another version of perfguard kept it"));
        }
        Ok(Self { folder, manifest })
    }

    /// The first file that is not what was kept.
    pub(super) fn damage(&self) -> Option<LayoutFallback> {
        let is_whole = |file: &&KeptFile| {
            digest::of_file(&self.folder.join(&file.name)).is_ok_and(|found| found == file.digest)
        };
        let damaged = self.manifest.files.iter().find(|file| !is_whole(file))?;
        Some(LayoutFallback::NotKept(format!("`{}` is gone or damaged", damaged.name)))
    }

    /// The linker that was run. One that is no longer there may have moved: whatever has its name on the PATH takes its place, and
    /// has to give the same executable.
    pub(super) fn linker(&self) -> PathBuf {
        if let Some(at) = self.manifest.kept_linker {
            return self.folder.join(&self.manifest.files[at].name);
        }
        let linker = &self.manifest.linker;
        if !linker.is_absolute() || linker.exists() {
            return linker.clone();
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let name = linker.file_name().unwrap_or_default();
        arguments::on_path(name, &path).unwrap_or_else(|| linker.clone())
    }

    /// The variables it was run with, as far as they were kept.
    pub(super) fn variables(&self) -> &BTreeMap<String, String> {
        &self.manifest.variables
    }

    /// Where it is to be run: paths in the arguments are absolute.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The arguments for an executable at `output`.
    pub(super) fn arguments(&self, output: &Path) -> Vec<String> {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::File(at) => {
                self.folder.join(&self.manifest.files[*at].name).to_string_lossy().into_owned()
            }
            Piece::Folder(name) => self.folder.join(name).to_string_lossy().into_owned(),
            Piece::Output => output.to_string_lossy().into_owned(),
        };
        self.manifest.arguments.iter().map(|pieces| pieces.iter().map(piece).collect()).collect()
    }

    /// Whether the linker is told which names to keep, so that those of the executable do not tell what is in it.
    pub(super) fn keeps_some_names(&self) -> bool {
        self.arguments(Path::new("")).iter().any(|argument| argument.contains("retain-symbols-file"))
    }

    /// What decides beside the objects what is linked: the other arguments, and what scripts and shared libraries hold.
    pub(super) fn besides(&self) -> (BTreeSet<&str>, BTreeSet<&Digest>) {
        let words = self.manifest.arguments.iter().filter_map(|pieces| match &pieces[..] {
            // A folder that rustc makes anew for every link.
            [Piece::Text(text)] => (!text.ends_with("/raw-dylibs")).then_some(text.as_str()),
            _ => None,
        });
        let is_script = |file: &&KeptFile| {
            let end = Path::new(&file.name).extension();
            end.is_none_or(|end| end != "o" && end != "a" && end != "rlib")
        };
        let files = self.manifest.files.iter().filter(is_script).map(|file| &file.digest);
        (words.collect(), files.collect())
    }

    /// The objects and archives that are linked, in their order.
    pub(super) fn inputs(&self) -> Vec<PathBuf> {
        let is_input = |path: &Path| {
            path.extension().is_some_and(|end| end == "o" || end == "a" || end == "rlib") && path.is_file()
        };
        self.arguments(Path::new("")).into_iter().map(PathBuf::from).filter(|path| is_input(path)).collect()
    }
}

/// A link that is about to be run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'a> {
    pub(super) linker: &'a Path,
    pub(super) arguments: &'a [String],
    pub(super) folder: &'a Path,
    /// Files below it are of the build.
    pub(super) within: &'a Path,
}

/// Keeps a link in the folder `to`, replacing what was there.
pub(super) fn keep(link: &Link<'_>, to: &Path) -> io::Result<()> {
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent)?;
    let draft = tempfile::Builder::new().prefix(".draft-").tempdir_in(parent)?;
    let mut keeper = Keeper { link, to: draft.path(), files: Vec::new(), known: BTreeMap::new(), folders: 0 };
    let kept = keeper.arguments()?;
    let own = link.linker.starts_with(link.within) && link.linker.is_file();
    let kept_linker = if own { Some(keeper.kept(link.linker)?) } else { None };
    let variables = VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let manifest = Manifest {
        schema: SCHEMA,
        linker: link.linker.to_owned(),
        kept_linker,
        arguments: kept,
        variables: variables.collect(),
        files: keeper.files,
    };
    fs::write(draft.path().join(MANIFEST), serde_json::to_vec(&manifest)?)?;
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::rename(draft.keep(), to)
}

struct Keeper<'a> {
    link: &'a Link<'a>,
    to: &'a Path,
    files: Vec<KeptFile>,
    known: BTreeMap<PathBuf, usize>,
    folders: usize,
}

impl Keeper<'_> {
    fn arguments(&mut self) -> io::Result<Vec<Vec<Piece>>> {
        let output = arguments::output(self.link.arguments);
        let mut kept = Vec::with_capacity(self.link.arguments.len());
        for (at, argument) in self.link.arguments.iter().enumerate() {
            kept.push(if Some(at) == output {
                vec![Piece::Output]
            } else if let Some(pieces) = self.library_folder(argument)? {
                pieces
            } else {
                self.file(argument)?
            });
        }
        Ok(kept)
    }

    /// An argument with the file that it names, if there is one to keep.
    fn file(&mut self, argument: &str) -> io::Result<Vec<Piece>> {
        let text = |part: &str| (!part.is_empty()).then(|| Piece::Text(part.to_owned()));
        if !arguments::names_output(argument) {
            for range in arguments::candidates(argument) {
                let path = self.link.folder.join(&argument[range.clone()]);
                if path.is_file() && !path.to_string_lossy().contains("/lib/rustlib/") {
                    let file = Piece::File(self.kept(&path)?);
                    let pieces = [text(&argument[..range.start]), Some(file), text(&argument[range.end..])];
                    return Ok(pieces.into_iter().flatten().collect());
                }
            }
        }
        Ok(vec![Piece::Text(argument.to_owned())])
    }

    fn kept(&mut self, path: &Path) -> io::Result<usize> {
        if let Some(&at) = self.known.get(path) {
            return Ok(at);
        }
        let at = self.files.len();
        let name = format!("{at:04}-{}", path.file_name().unwrap_or_default().to_string_lossy());
        let to = self.to.join(&name);
        // Only what is replaced as a whole may share its bytes with us.
        let is_object = path.extension().is_some_and(|end| end == "o" || end == "rlib" || end == "a");
        if is_object && path.starts_with(self.link.within) {
            link(path, &to)?;
        } else {
            copy_file(path, &to)?;
        }
        self.files.push(KeptFile { name, digest: digest::of_file(&to)? });
        self.known.insert(path.to_owned(), at);
        Ok(at)
    }

    /// A folder of the build that libraries are looked for in, with the libraries that are.
    fn library_folder(&mut self, argument: &str) -> io::Result<Option<Vec<Piece>>> {
        let (flag, path) = argument.strip_prefix("-L").map_or(("", argument), |path| ("-L", path));
        // `-L` alone has its folder in the next argument.
        if path.is_empty() {
            return Ok(None);
        }
        let path = self.link.folder.join(path);
        if !path.starts_with(self.link.within) || !path.is_dir() {
            return Ok(None);
        }
        let name = format!("libraries-{}", self.folders);
        self.folders += 1;
        let to = self.to.join(&name);
        fs::create_dir_all(&to)?;
        let wanted = self.link.arguments.iter().filter_map(|argument| argument.strip_prefix("-l"));
        for library in wanted {
            for file in [format!("lib{library}.a"), format!("lib{library}.so")] {
                if path.join(&file).is_file() {
                    copy_file(&path.join(&file), &to.join(&file))?;
                    let digest = digest::of_file(&to.join(&file))?;
                    self.files.push(KeptFile { name: format!("{name}/{file}"), digest });
                }
            }
        }
        let flag = (!flag.is_empty()).then(|| Piece::Text(flag.to_owned()));
        Ok(Some(flag.into_iter().chain([Piece::Folder(name)]).collect()))
    }
}

fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| copy_file(from, to))
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn write(path: &Path, text: &str) -> String {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn what_the_linker_was_given_is_there_when_the_build_has_deleted_it() {
        let folder = tempfile::tempdir().unwrap();
        let within = folder.path().join("build");
        let object = write(&within.join("target/a.o"), "object");
        let library = write(&within.join("out/libnative.a"), "native");
        write(&within.join("script.ld"), "SECTIONS {}");
        let out = within.join("out");
        let given = [
            "-m64",
            &object,
            &object,
            "-Wl,-Tscript.ld",
            "-L",
            out.to_str().unwrap(),
            "-lnative",
            "/x/lib/rustlib/t/lib/libstd.rlib",
            "-o",
            "/t/deps/b-1",
        ]
        .map(str::to_owned);
        let link = Link { linker: Path::new("cc"), arguments: &given, folder: &within, within: &within };
        let executable = folder.path().join("kept/exe");
        keep(&link, &beside(&executable)).unwrap();
        keep(&link, &beside(&executable)).unwrap();
        let capture = Capture::of(&executable).unwrap();
        assert_eq!(fs::metadata(&object).unwrap().ino(), fs::metadata(&capture.inputs()[0]).unwrap().ino());
        fs::remove_dir_all(&within).unwrap();
        let moved = folder.path().join("elsewhere/exe");
        copy(&beside(&executable), &beside(&moved)).unwrap();
        fs::remove_dir_all(folder.path().join("kept")).unwrap();
        let capture = Capture::of(&moved).unwrap();
        let given = capture.arguments(Path::new("/new"));
        assert_eq!(given[1], given[2], "one file, one copy");
        assert_eq!(given[4], "-L");
        assert_eq!(fs::read_to_string(&given[1]).unwrap(), "object");
        assert_eq!(fs::read_to_string(given[3].strip_prefix("-Wl,-T").unwrap()).unwrap(), "SECTIONS {}");
        let native = Path::new(&given[5]).join(Path::new(&library).file_name().unwrap());
        assert_eq!(fs::read_to_string(native).unwrap(), "native");
        assert_eq!(given[6..], ["-lnative", "/x/lib/rustlib/t/lib/libstd.rlib", "-o", "/new"]);
        assert_eq!(capture.inputs().len(), 2);
        assert!(fs::read_dir(moved.parent().unwrap()).unwrap().count() == 1, "no draft is left");
    }

    #[test]
    fn a_linker_that_has_moved_is_found_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let executable = folder.path().join("exe");
        let given = ["-o".to_owned(), "x".to_owned()];
        let linker = |linker: &str| {
            let within = Path::new("/no");
            let link = Link { linker: Path::new(linker), arguments: &given, folder: folder.path(), within };
            keep(&link, &beside(&executable)).unwrap();
            Capture::of(&executable).unwrap().linker()
        };
        let found = linker("/no/such/folder/sh");
        assert!(found.is_file() && found.ends_with("sh") && found.is_absolute(), "{}", found.display());
        for there in ["cc", "/bin/sh", "/no/such/folder/no-such-linker"] {
            assert_eq!(linker(there), Path::new(there));
        }
    }

    #[test]
    fn damage_and_refusal_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let object = write(&folder.path().join("a.o"), "object");
        let executable = folder.path().join("exe");
        assert!(matches!(Capture::of(&executable), Err(LayoutFallback::NotKept(_))));
        let given = [object.clone(), "-o".to_owned(), "x".to_owned()];
        let link = Link {
            linker: Path::new("cc"),
            arguments: &given,
            folder: folder.path(),
            within: Path::new("/no"),
        };
        keep(&link, &beside(&executable)).unwrap();
        let capture = Capture::of(&executable).unwrap();
        assert_eq!(capture.damage(), None);
        fs::write(&capture.inputs()[0], "other length").unwrap();
        let text = capture.damage().unwrap().to_string();
        assert!(text.contains("0000-a.o"), "{text}");
        assert_eq!(fs::read_to_string(object).unwrap(), "object", "a copy, for it lies elsewhere");
        refuse(&beside(&executable), "no space").unwrap();
        assert!(Capture::of(&executable).unwrap_err().to_string().contains("no space"));
    }
}
