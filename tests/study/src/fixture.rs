//! The workloads under git, one tag for each variant; executables for those that are given executables, all built at
//! one path, as somebody does who checks out one commit after the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::StudyError;
use crate::ballast;
use crate::plan::{Surroundings, Variant};

/// Where the study works.
#[derive(Debug, Clone)]
pub struct Fixture {
    work: PathBuf,
}

/// Which bench of the fixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harness {
    /// Criterion's.
    Criterion,
    /// tango-bench's.
    Tango,
    /// None: a process that runs one workload.
    Process,
}

impl Harness {
    fn name(self) -> &'static str {
        match self {
            Self::Criterion => "criterion",
            Self::Tango => "tango",
            Self::Process => "process",
        }
    }
}

impl Harness {
    /// What Cargo is told.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Criterion | Self::Tango => &["bench", "--no-run"],
            Self::Process => &["build", "--profile", "bench", "--bin", "process"],
        }
    }

    /// What Cargo's messages call its target.
    fn kind(self) -> &'static str {
        match self {
            Self::Criterion | Self::Tango => "bench",
            Self::Process => "bin",
        }
    }
}

impl Fixture {
    /// Lays the workloads out below `work`, with a tag for each variant, unless they are there.
    ///
    /// # Errors
    /// Files or git.
    pub fn lay_out(source: &Path, work: &Path, variants: &[Variant]) -> Result<Self, StudyError> {
        fs::create_dir_all(work).map_err(StudyError::file(work))?;
        let work = work.canonicalize().map_err(StudyError::file(work))?;
        let fixture = Self { work };
        let repository = fixture.repository();
        if !repository.join(".git").exists() {
            copy(source, &repository)?;
            fixture.git(&["init", "--quiet", "--initial-branch=main"])?;
            fixture.commit(&Variant::BASELINE.tag())?;
        }
        fixture.check_out(Variant::BASELINE)?;
        fixture.is_of(source)?;
        for &variant in variants {
            let tag = variant.tag();
            if fixture.git(&["tag", "--list", &tag])?.stdout.is_empty() {
                fixture.check_out(Variant::BASELINE)?;
                fixture.turn(variant)?;
                fixture.commit(&tag)?;
            }
        }
        fixture.check_out(Variant::BASELINE)?;
        Ok(fixture)
    }

    /// Figures of other workloads must not be continued with these.
    fn is_of(&self, source: &Path) -> Result<(), StudyError> {
        let files = [
            "src/lib.rs",
            "src/bin/process.rs",
            "benches/workloads.rs",
            "benches/loops.rs",
            "Cargo.toml",
            "Cargo.lock",
        ];
        for file in files.into_iter().filter(|file| source.join(file).exists()) {
            let [here, there] = [self.repository().join(file), source.join(file)];
            let read = |path: &Path| fs::read(path).map_err(StudyError::file(path));
            if read(&here)? != read(&there)? {
                return Err(StudyError::Nonsense {
                    what: format!("the workloads in {}", self.work.display()),
                    reason: format!("{file} is of another version; choose another folder with --work"),
                });
            }
        }
        Ok(())
    }

    /// The folder under git.
    pub fn repository(&self) -> PathBuf {
        self.work.join("repository")
    }

    /// A folder for something of the study's.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.work.join(name)
    }

    /// The executable of a harness for a variant, built if it is not there.
    ///
    /// # Errors
    /// It does not build.
    pub fn executable(&self, harness: Harness, variant: Variant) -> Result<PathBuf, StudyError> {
        let kept = self.work.join("executables").join(format!("{}-{}", harness.name(), variant.tag()));
        if kept.exists() {
            return Ok(kept);
        }
        self.check_out(variant)?;
        let workspace = match harness {
            Harness::Criterion | Harness::Process => self.repository(),
            Harness::Tango => self.repository().join("tango"),
        };
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(&workspace)
            .args(harness.arguments())
            .args(["--message-format=json", "--target-dir"])
            .arg(self.work.join("target").join(harness.name()));
        let output = checked(&mut cargo)?;
        let built = executable_of(&String::from_utf8_lossy(&output.stdout), harness.kind());
        let built = built.ok_or_else(|| StudyError::Nonsense {
            what: "cargo's messages".to_owned(),
            reason: "they name no executable".to_owned(),
        })?;
        let folder = self.work.join("executables");
        fs::create_dir_all(&folder).map_err(StudyError::file(&folder))?;
        // Under another name first: a copy cut short must not be taken for an executable.
        let partial = kept.with_extension("partial");
        fs::copy(&built, &partial).map_err(StudyError::file(&built))?;
        fs::rename(&partial, &kept).map_err(StudyError::file(&kept))?;
        self.check_out(Variant::BASELINE)?;
        Ok(kept)
    }

    fn check_out(&self, variant: Variant) -> Result<(), StudyError> {
        self.git(&["checkout", "--quiet", &variant.tag()]).map(drop)
    }

    /// Makes the baseline's files those of a variant.
    fn turn(&self, variant: Variant) -> Result<(), StudyError> {
        let Variant { moved, edited, reshaped, order, .. } = variant;
        // Surroundings make it slower by themselves.
        let per_mille = if variant.surroundings.is_some() { 0 } else { variant.per_mille };
        // From one step to six.
        let steps = if reshaped > 0 { 1 + (reshaped - 1) % 6 } else { 0 };
        for (knob, value) in [("PER_MILLE", per_mille), ("START", edited.max(reshaped)), ("STEPS", steps)] {
            if value > 0 {
                self.edit("src/knob.rs", knob, |text| turned(text, knob, value))?;
            }
        }
        if moved > 0 {
            self.put("benches/support/mod.rs", &ballast::functions(moved))?;
        }
        if order > 0 {
            self.put("build.rs", &build_script(order))?;
            self.put("tango/build.rs", &build_script(order))?;
        }
        variant.surroundings.map_or(Ok(()), |surroundings| self.surround(surroundings, variant))
    }

    /// Gives a commit its surroundings: the second of two where it is slower, or moves code.
    fn surround(&self, surroundings: Surroundings, variant: Variant) -> Result<(), StudyError> {
        let is_second = variant != variant.before();
        let knob = |condition: &str| {
            let value = format!("if cfg!({condition}) {{ {} }} else {{ 0 }}", Surroundings::PER_MILLE);
            self.edit("src/knob.rs", "PER_MILLE", |text| {
                replaced(text, "PER_MILLE: usize = 0;", &format!("PER_MILLE: usize = {value};"))
            })
        };
        match surroundings {
            Surroundings::Flags => {
                knob("slower")?;
                if is_second {
                    self.put(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"slower\"]\n")?;
                }
            }
            Surroundings::Profile => {
                knob("debug_assertions")?;
                for manifest in ["Cargo.toml", "tango/Cargo.toml"].into_iter().filter(|_| is_second) {
                    let profile = "\n[profile.bench]\ndebug-assertions = true\n";
                    self.edit(manifest, "text", |text| Some(format!("{text}{profile}")))?;
                }
            }
            Surroundings::Workspace => {
                if !is_second {
                    let head = |text: &str| text.split_once("\n[workspace]").map(|(head, _)| head.to_owned());
                    self.edit("Cargo.toml", "[workspace]", head)?;
                }
            }
            Surroundings::LeftInTree => {
                self.leave("std::path::PathBuf::from(env!(\"CARGO_MANIFEST_DIR\"))")?;
            }
            Surroundings::LeftInTmp => self.leave("std::env::temp_dir()")?,
        }
        Ok(())
    }

    /// Has every launch leave a file in `folder`, an expression, that slows the next one down.
    fn leave(&self, folder: &str) -> Result<(), StudyError> {
        self.edit("src/lib.rs", "use of PER_MILLE", |text| {
            let text = replaced(text, "1000 + knob::PER_MILLE", "1000 + *LEFT")?;
            Some(text + &leaving(folder))
        })
    }

    /// Removes what benchmarks left behind: every comparison begins with a fresh checkout.
    ///
    /// # Errors
    /// git.
    pub fn clean(&self) -> Result<(), StudyError> {
        let _ = fs::remove_file(std::env::temp_dir().join(LEFT));
        self.git(&["clean", "--quiet", "-d", "-x", "--force"]).map(drop)
    }

    fn put(&self, file: &str, text: &str) -> Result<(), StudyError> {
        let path = self.repository().join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(StudyError::file(folder))?;
        }
        fs::write(&path, text).map_err(StudyError::file(&path))
    }

    /// Changes a file's text; `None` where it has no such `part`.
    fn edit(&self, file: &str, part: &str, edit: impl Fn(&str) -> Option<String>) -> Result<(), StudyError> {
        let path = self.repository().join(file);
        let text = fs::read_to_string(&path).map_err(StudyError::file(&path))?;
        let edited = edit(&text).ok_or_else(|| StudyError::Nonsense {
            what: path.display().to_string(),
            reason: format!("it has no {part}"),
        })?;
        self.put(file, &edited)
    }

    fn commit(&self, tag: &str) -> Result<(), StudyError> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", tag])?;
        self.git(&["tag", tag]).map(drop)
    }

    fn git(&self, arguments: &[&str]) -> Result<Output, StudyError> {
        let repository = self.repository();
        let mut git = Command::new("git");
        git.current_dir(&repository)
            .args([
                "-c",
                "user.name=Study",
                "-c",
                "user.email=study@example.org",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(["-c", "advice.detachedHead=false"])
            .args(arguments);
        checked(&mut git)
    }
}

/// A build script that has LLVM's linker put all functions of benches into an order of its own, another for every number.
fn build_script(order: u32) -> String {
    format!(
        "fn main() {{\n    println!(\"cargo:rustc-link-arg-benches=-Wl,--shuffle-sections=.text*={order}\");\n}}\n"
    )
}

/// The file that a launch leaves behind.
const LEFT: &str = "left-by-a-loop.txt";

/// Source text of a number that grows with every launch by a tenth of what a loop works through, up to twice that: it is
/// counted in a file.
fn leaving(folder: &str) -> String {
    format!(
        "\nstatic LEFT: LazyLock<usize> = LazyLock::new(|| {{\n    let path = {folder}.join(\"{LEFT}\");\n    \
         let mut left = std::fs::read(&path).unwrap_or_default();\n    left.extend([b'.'; 100]);\n    \
         let _ = std::fs::write(&path, &left);\n    left.len().min(3000)\n}});\n"
    )
}

/// The text with what occurs once replaced; `None` where it does not.
fn replaced(text: &str, from: &str, to: &str) -> Option<String> {
    (text.matches(from).count() == 1).then(|| text.replace(from, to))
}

/// The text with a number added to a constant; `None` where there is no such constant.
fn turned(text: &str, constant: &str, by: u32) -> Option<String> {
    let (head, rest) = text.split_once(&format!("const {constant}: "))?;
    let (kind, rest) = rest.split_once(" = ")?;
    let (value, rest) = rest.split_once(';')?;
    let value = value.parse::<u32>().ok()? + by;
    Some(format!("{head}const {constant}: {kind} = {value};{rest}"))
}

/// Runs a program that must end well.
///
/// # Errors
/// It could not be started, or ended badly.
pub fn checked(command: &mut Command) -> Result<Output, StudyError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| StudyError::Start { program: program.clone(), error })?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(StudyError::Failed { program, output: end_of(&said) })
}

/// The last lines of a text.
pub fn end_of(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// The executable of a kind of targets that Cargo's messages name.
fn executable_of(messages: &str, kind: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut benches = messages.filter(|message| message["target"]["kind"][0] == kind);
    benches.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// Copies a folder and everything in it but what was built.
///
/// # Errors
/// A file that cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<(), StudyError> {
    fs::create_dir_all(to).map_err(StudyError::file(to))?;
    for entry in fs::read_dir(from).map_err(StudyError::file(from))? {
        let path = entry.map_err(StudyError::file(from))?.path();
        let name = path.file_name().unwrap_or_default();
        if name == "target" {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name)).map_err(StudyError::file(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_workloads_are_not_continued() {
        let folder = tempfile::tempdir().unwrap();
        let (source, work) = (folder.path().join("source"), folder.path().join("work"));
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/study"), &source).unwrap();
        Fixture::lay_out(&source, &work, &[Variant::slower(50)]).unwrap();
        Fixture::lay_out(&source, &work, &[Variant::slower(50), Variant::slower(100)]).unwrap();
        let library = source.join("src/lib.rs");
        let text = fs::read_to_string(&library).unwrap();
        fs::write(&library, text + "// other\n").unwrap();
        let error = Fixture::lay_out(&source, &work, &[Variant::slower(50)]).unwrap_err().to_string();
        assert!(error.contains("src/lib.rs is of another version"), "{error}");
    }

    #[test]
    fn variants_differ_where_they_should() {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/loops");
        let moved = Variant { moved: 2, per_mille: 100, ..Variant::BASELINE };
        let edited = Variant { edited: 3, ..Variant::BASELINE };
        let reshaped = Variant { reshaped: 8, ..Variant::BASELINE };
        let surrounded = |surroundings, per_mille, moved| Variant {
            per_mille,
            moved,
            surroundings: Some(surroundings),
            ..Variant::BASELINE
        };
        let flags = surrounded(Surroundings::Flags, 100, 0);
        let profile = surrounded(Surroundings::Profile, 100, 0);
        let workspace = surrounded(Surroundings::Workspace, 0, 1);
        let left = surrounded(Surroundings::LeftInTmp, 0, 1);
        let of_surroundings = [flags, profile, workspace, left];
        let variants: Vec<Variant> = [moved, edited, reshaped]
            .into_iter()
            .chain(of_surroundings)
            .chain(of_surroundings.map(Variant::before))
            .collect();
        let fixture = Fixture::lay_out(&source, folder.path(), &variants).unwrap();
        let changed = |variant: Variant| {
            let output = fixture.git(&["diff", "-U0", &variant.before().tag(), &variant.tag()]).unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let text = changed(moved);
        assert!(text.contains("+pub const PER_MILLE: usize = 100;") && text.contains("+fn "), "{text}");
        assert!(!text.contains("START"), "{text}");
        let text = changed(edited);
        assert!(text.contains("+pub const START: u64 = 4;") && !text.contains("benches/support"), "{text}");
        let text = changed(reshaped);
        assert!(text.contains("+pub const STEPS: u32 = 2;") && text.contains("+pub const START: u64 = 9;"));
        let text = changed(flags);
        assert!(text.contains("+rustflags = [\"--cfg\", \"slower\"]") && !text.contains("knob.rs"), "{text}");
        let text = changed(profile);
        assert_eq!(text.matches("+debug-assertions = true").count(), 2, "{text}");
        assert!(!text.contains("knob.rs"), "{text}");
        let text = changed(workspace);
        assert!(text.contains("+[workspace]") && text.contains("+fn unused_0"), "{text}");
        let text = changed(left);
        assert!(text.contains("+fn unused_0") && !text.contains("src/lib.rs"), "{text}");
        fixture.check_out(left).unwrap();
        let library = fs::read_to_string(fixture.repository().join("src/lib.rs")).unwrap();
        assert!(
            library.contains("1000 + *LEFT") && library.contains("temp_dir().join(\"left-by-a-loop.txt\")")
        );
        fs::write(fixture.repository().join(LEFT), "").unwrap();
        fixture.clean().unwrap();
        assert!(!fixture.repository().join(LEFT).exists());
    }
}
