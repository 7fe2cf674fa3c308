//! Cargo's JSON messages, as far as they are of use here. `cargo_metadata` reads them.

use std::path::PathBuf;

use cargo_metadata::{Artifact, ArtifactDebuginfo, ArtifactProfile, BuildScript, Message, TargetKind};

/// An executable that Cargo made (or found up to date) of a bench target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Executable {
    pub(super) package_id: String,
    pub(super) target: String,
    /// What of the package it was compiled from, as [`crate::domain::Unit::compiled`] says it.
    pub(super) unit: String,
    pub(super) path: PathBuf,
    pub(super) settings: Compiled,
}

/// The settings that Cargo says it compiled a target with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compiled {
    pub(super) opt_level: String,
    pub(super) debug: String,
    pub(super) debug_assertions: bool,
    pub(super) overflow_checks: bool,
}

/// What a build script left for its package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) package_id: String,
    pub(super) variables: Vec<(String, String)>,
    pub(super) out_dir: String,
    pub(super) library_folders: Vec<PathBuf>,
}

/// Everything that the messages of one or more invocations said.
#[derive(Debug, Default)]
pub(super) struct Messages {
    pub(super) executables: Vec<Executable>,
    /// Executables of binary targets, by package and name.
    pub(super) binaries: Vec<(String, String, PathBuf)>,
    /// Shared libraries that executables load.
    pub(super) shared: Vec<PathBuf>,
    pub(super) scripts: Vec<Script>,
    pub(super) compiled: usize,
}

impl Messages {
    /// Takes one line of Cargo's stdout. Gives the name of a crate that was just compiled and how many that makes.
    ///
    /// A line that is no message (a build script's wrapper may print anything) is passed over.
    pub(super) fn line(&mut self, line: &str) -> Option<(String, usize)> {
        match serde_json::from_str(line) {
            Ok(Message::CompilerArtifact(artifact)) => self.artifact(artifact),
            Ok(Message::BuildScriptExecuted(executed)) => {
                self.scripts.push(Script::new(executed));
                None
            }
            Ok(_) | Err(_) => None,
        }
    }

    fn artifact(&mut self, artifact: Artifact) -> Option<(String, usize)> {
        let Artifact { package_id, target, profile, executable, fresh, filenames, .. } = artifact;
        let (package_id, executable) = (package_id.repr, executable.map(PathBuf::from));
        let news = (!fresh).then(|| {
            self.compiled += 1;
            (target.name.clone(), self.compiled)
        });
        let is = |wanted: &TargetKind| target.kind.contains(wanted);
        if is(&TargetKind::DyLib) || is(&TargetKind::CDyLib) {
            let loaded = |path: &PathBuf| path.extension().is_some_and(|end| end != "rlib" && end != "rmeta");
            self.shared.extend(filenames.into_iter().map(PathBuf::from).filter(loaded));
        }
        if let Some(path) = executable.clone().filter(|_| is(&TargetKind::Bin)) {
            self.binaries.push((package_id.clone(), target.name.clone(), path));
        }
        let unit = if is(&TargetKind::Bench) {
            String::new()
        } else if is(&TargetKind::Bin) {
            format!("bin {}", target.name)
        } else {
            // A library is only executable with a harness around it.
            "lib".to_owned()
        };
        let is_example = is(&TargetKind::Example) || is(&TargetKind::Test) || is(&TargetKind::CustomBuild);
        if let Some(path) = executable.filter(|_| !is_example) {
            let (target, settings) = (target.name, Compiled::new(&profile));
            self.executables.push(Executable { package_id, target, unit, path, settings });
        }
        news
    }
}

impl Compiled {
    fn new(profile: &ArtifactProfile) -> Self {
        let debug = match &profile.debuginfo {
            ArtifactDebuginfo::None => "0".to_owned(),
            other => other.to_string(),
        };
        Self {
            opt_level: profile.opt_level.clone(),
            debug,
            debug_assertions: profile.debug_assertions,
            overflow_checks: profile.overflow_checks,
        }
    }
}

impl Script {
    fn new(executed: BuildScript) -> Self {
        // `native=/path`, `dependency=/path` or only `/path`.
        let folders = executed.linked_paths.iter().map(|path| {
            let kinds = ["native=", "dependency=", "crate=", "framework=", "all="];
            let path = path.as_str();
            PathBuf::from(kinds.iter().find_map(|kind| path.strip_prefix(kind)).unwrap_or(path))
        });
        Self {
            library_folders: folders.collect(),
            package_id: executed.package_id.repr,
            variables: executed.env,
            out_dir: executed.out_dir.into_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BENCH: &str = r#"{"reason":"compiler-artifact","package_id":"path+file:///w#p@0.1.0","manifest_path":"/w/Cargo.toml","target":{"kind":["bench"],"crate_types":["bin"],"name":"sums","src_path":"/w/benches/sums.rs","edition":"2024","doc":false,"doctest":false,"test":false},"profile":{"opt_level":"3","debuginfo":"line-tables-only","debug_assertions":false,"overflow_checks":true,"test":true},"features":[],"filenames":["/t/sums-1"],"executable":"/t/sums-1","fresh":false}"#;
    const LIBRARY: &str = r#"{"reason":"compiler-artifact","package_id":"registry+x#lib@1.0.0","manifest_path":"/l/Cargo.toml","target":{"kind":["lib"],"crate_types":["lib"],"name":"lib","src_path":"/l/src/lib.rs","edition":"2021","doc":true,"doctest":true,"test":true},"profile":{"opt_level":"3","debuginfo":0,"debug_assertions":false,"overflow_checks":false,"test":false},"features":[],"filenames":["/t/liblib.rlib"],"executable":null,"fresh":true}"#;
    const SCRIPT: &str = r#"{"reason":"build-script-executed","package_id":"p","linked_libs":[],"linked_paths":["native=/t/out","/plain"],"cfgs":[],"env":[["A","b"]],"out_dir":"/t/out"}"#;

    #[test]
    fn executables_of_benches_are_kept_with_their_settings() {
        let mut messages = Messages::default();
        assert_eq!(messages.line(BENCH), Some(("sums".to_owned(), 1)));
        let [executable] = messages.executables.as_slice() else { panic!("one executable") };
        assert_eq!(executable.path, PathBuf::from("/t/sums-1"));
        assert_eq!(executable.package_id, "path+file:///w#p@0.1.0");
        assert_eq!(executable.settings.debug, "line-tables-only");
        assert!(executable.settings.overflow_checks);
    }

    #[test]
    fn what_a_later_cargo_adds_is_no_trouble() {
        let later = BENCH.replace(r#""fresh":false"#, r#""fresh":false,"tomorrow":{"x":1}"#);
        let later = later.replace(r#""test":true}"#, r#""test":true,"tomorrow":1}"#);
        let mut messages = Messages::default();
        messages.line(&later);
        assert_eq!(messages.executables.len(), 1);
        let mut plain = Messages::default();
        plain.line(&BENCH.replace(r#""line-tables-only""#, "0"));
        assert_eq!(plain.executables[0].settings.debug, "0");
    }

    #[test]
    fn fresh_crates_are_no_news() {
        let mut messages = Messages::default();
        assert_eq!(messages.line(LIBRARY), None);
        assert!(messages.executables.is_empty());
        assert_eq!(messages.line(&LIBRARY.replace("true}", "false}")), Some(("lib".to_owned(), 1)));
    }

    #[test]
    fn scripts_tell_variables_and_folders() {
        let mut messages = Messages::default();
        messages.line(SCRIPT);
        let [script] = messages.scripts.as_slice() else { panic!("one script") };
        assert_eq!(script.library_folders, [PathBuf::from("/t/out"), PathBuf::from("/plain")]);
        assert_eq!(script.variables, [("A".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn anything_else_is_passed_over() {
        let mut messages = Messages::default();
        for line in ["", "hello", "{", "[1]", r#"{"reason":"new"}"#, r#"{"reason":"compiler-artifact"}"#] {
            assert_eq!(messages.line(line), None, "{line}");
        }
        assert!(messages.executables.is_empty());
    }
}
