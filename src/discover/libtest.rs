//! Benches of libtest: `#[bench]` functions, which only some compilers have.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::domain::{CrateOrigin, CrateSource, LIBTEST_LIBRARY, Variables, without_leftovers};
use crate::support::bounded::{self, Links};
use crate::support::process::{self, Stream};

/// How large a source file may be for us to look into it, in bytes.
const LARGEST: u64 = 16 << 20;

/// How many source files of a library are looked into.
const MOST_FILES: usize = 5_000;

/// The attribute.
const ATTRIBUTE: &str = "#[bench]";

/// Whether the workspace's compiler has `#[bench]`; asked for once, and only where there is any.
#[derive(Debug)]
pub(super) struct Compiler<'a> {
    cargo: &'a Path,
    workspace: &'a Path,
    environment: &'a Variables,
    has_bench: OnceCell<bool>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(cargo: &'a Path, workspace: &'a Path, environment: &'a Variables) -> Self {
        Self { cargo, workspace, environment, has_bench: OnceCell::new() }
    }

    /// libtest as a measuring library, or why it cannot be one here.
    pub(super) fn libtest(&self) -> Result<CrateSource, String> {
        if !*self.has_bench.get_or_init(|| self.asks()) {
            return Err(
                "uses libtest's #[bench], which this compiler does not have; use a nightly toolchain, set \
                 RUSTC_BOOTSTRAP=1, or write it with Criterion and `harness = false`"
                    .to_owned(),
            );
        }
        Ok(CrateSource {
            name: LIBTEST_LIBRARY.to_owned(),
            // It is the compiler's own: the build's fingerprint names that.
            version: String::new(),
            origin: CrateOrigin::CratesIo,
            root: PathBuf::new(),
        })
    }

    fn asks(&self) -> bool {
        let set = self.environment.iter().find(|(name, _)| *name == "RUSTC_BOOTSTRAP");
        // `-1` makes any compiler a stable one.
        match set.map(|(_, value)| value.to_string_lossy()).as_deref() {
            Some("-1") => return false,
            None | Some("" | "0") => {}
            Some(_) => return true,
        }
        let mut command = Command::new(self.cargo);
        command.arg("-V").current_dir(self.workspace);
        command.env_clear().envs(without_leftovers(self.environment));
        let mut answer = String::new();
        let asked = process::run(command, None, |stream, line| {
            if stream == Stream::Stdout {
                line.clone_into(&mut answer);
            }
        });
        asked.is_ok() && is_unstable(&answer)
    }
}

/// Whether a version is one of a compiler with unstable features.
fn is_unstable(version: &str) -> bool {
    version.contains("-nightly") || version.contains("-dev")
}

/// Why a bench target that libtest runs is none of libtest's; `None` when it has `#[bench]` functions. `imports` are the
/// measuring libraries of its package.
pub(super) fn objection(source: &Path, imports: &[&str]) -> Option<String> {
    let text = bounded::read_text(source, LARGEST, Links::Follow).unwrap_or_default();
    let beside = || {
        let folder = source.parent().filter(|_| source.file_name().is_some_and(|name| name == "main.rs"));
        folder.is_some_and(|folder| has_bench(folder, &[]))
    };
    let has_bench = text.contains(ATTRIBUTE) || beside();
    let main = imports.iter().find(|import| {
        let words = [format!("{import}_main!"), format!("{import}::main()")];
        words.iter().any(|word| text.contains(word))
    });
    match (has_bench, main) {
        (true, Some(import)) => Some(format!(
            "has two harnesses, libtest's #[bench] and the `main` of `{import}`; give each a bench target"
        )),
        (true, None) => None,
        (false, Some(import)) => Some(format!(
            "measures with `{import}`, but libtest runs it; set `harness = false` in its manifest"
        )),
        (false, None) => Some("is run by libtest, and has no #[bench]".to_owned()),
    }
}

/// Whether a file has a `#[bench]` function.
fn is_bench(path: &Path) -> bool {
    bounded::read_text(path, LARGEST, Links::Follow).unwrap_or_default().contains(ATTRIBUTE)
}

/// Whether a program's own sources have a `#[bench]` function: its file, and what lies beside a `main.rs` that has its folder
/// for itself. `others` are the files of the package's other targets.
pub(super) fn program_has_bench(main: &Path, others: &[&Path]) -> bool {
    let shared = |folder: &Path| others.iter().any(|other| other.parent() == Some(folder));
    let folder = main.parent().filter(|folder| main.ends_with("main.rs") && !shared(folder));
    folder.map_or_else(|| is_bench(main), |folder| has_bench(folder, others))
}

/// Whether any source file below a folder has a `#[bench]` function, apart from `others`, the files of other targets, and
/// the folders that such a `main.rs` has for itself.
pub(super) fn has_bench(folder: &Path, others: &[&Path]) -> bool {
    let is_foreign = |path: &Path| others.contains(&path) || others.contains(&&*path.join("main.rs"));
    let mut open = vec![folder.to_owned()];
    let mut files = 0;
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            if is_foreign(&path) {
                continue;
            }
            if kind.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files += 1;
                if is_bench(&path) {
                    return true;
                }
            }
            if files >= MOST_FILES {
                return false;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unstable_compilers_have_it() {
        assert!(is_unstable("cargo 1.97.0-nightly (0123 2026-04-01)"));
        assert!(is_unstable("cargo 1.97.0-dev"));
        assert!(!is_unstable("cargo 1.95.0 (0123 2026-04-01)") && !is_unstable(""));
        let variable = |value: &str| {
            let environment = Variables::from([("RUSTC_BOOTSTRAP".into(), value.into())]);
            Compiler::new(Path::new("/no/cargo"), Path::new("/"), &environment).libtest().is_ok()
        };
        assert!(variable("1") && !variable("0") && !variable("-1"));
    }

    #[test]
    fn what_libtest_runs_is_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        let said = |text: &str| {
            let path = folder.path().join("x.rs");
            fs::write(&path, text).unwrap();
            objection(&path, &["criterion", "divan"])
        };
        assert_eq!(said("#[bench] fn a(b: &mut test::Bencher) {}"), None);
        assert!(said("#[bench] fn a() {} criterion_main!(x);").unwrap().contains("two harnesses"));
        assert!(said("fn main() { divan::main(); }").unwrap().contains("`harness = false`"));
        assert!(said("fn a() {}").unwrap().contains("no #[bench]"));
        assert!(!has_bench(folder.path(), &[]));
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(folder.path().join("deep/mod.rs"), ATTRIBUTE).unwrap();
        assert!(has_bench(folder.path(), &[]));
    }

    #[test]
    fn each_target_has_sources_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| {
            fs::create_dir_all(path(name).parent().unwrap()).unwrap();
            fs::write(path(name), text).unwrap();
        };
        let all = ["src/lib.rs", "src/main.rs", "src/bin/one.rs", "src/bin/two/main.rs"];
        for name in all {
            write(name, "");
        }
        write("src/bin/two/part.rs", ATTRIBUTE);
        let paths = all.map(path);
        let others = |own: usize| -> Vec<&Path> {
            paths.iter().enumerate().filter(|(at, _)| *at != own).map(|(_, path)| path.as_path()).collect()
        };
        let found = || {
            let library = has_bench(&path("src"), &others(0));
            [
                library,
                program_has_bench(&paths[1], &others(1)),
                program_has_bench(&paths[2], &others(2)),
                program_has_bench(&paths[3], &others(3)),
            ]
        };
        assert_eq!(found(), [false, false, false, true]);
        write("src/main.rs", ATTRIBUTE);
        assert_eq!(found(), [false, true, false, true]);
        write("src/part.rs", ATTRIBUTE);
        write("src/main.rs", "mod part;");
        assert_eq!(found(), [true, false, false, true], "what both may have is the library's");
        assert!(program_has_bench(&paths[1], &[]), "without a library");
    }
}
