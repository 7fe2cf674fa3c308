//! The scripts of the action and of releases, run as they are run there: with a local server in the place of GitHub's, and a
//! program of our own in the place of Cargo.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use tempfile::TempDir;

use crate::sandbox::program;
use crate::skip::shellcheck;

const VERSION: &str = "1.2.3";
const TARGET: &str = "x86_64-unknown-linux-musl";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn script(name: &str) -> PathBuf {
    root().join(".github/action").join(name)
}

/// Releases below a folder, served as files are.
fn served(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let Some(Ok(request)) = lines.next() else { continue };
            while lines.next().and_then(Result::ok).is_some_and(|line| !line.is_empty()) {}
            let path = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
            let (status, body) = match fs::read(folder.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    address
}

/// A release as `pack.sh` and the workflow make it, of a program that says its version.
struct Release {
    folder: TempDir,
    address: String,
}

impl Release {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work");
        program(&work.join("built/cargo-perfguard"), "#!/bin/sh\necho \"cargo-perfguard $2\"\n");
        for file in ["LICENSE-APACHE", "LICENSE-MIT", "README.md"] {
            fs::copy(root().join(file), work.join(file)).unwrap();
        }
        let packed = Command::new("bash")
            .arg(script("pack.sh"))
            .arg(TARGET)
            .current_dir(&work)
            .env("BUILT", "built")
            .status()
            .unwrap();
        assert!(packed.success());
        let release = folder.path().join(format!("served/v{VERSION}"));
        fs::create_dir_all(release.parent().unwrap()).unwrap();
        fs::rename(work.join("dist"), &release).unwrap();
        let sums = Command::new("sh")
            .args(["-c", "sha256sum -- *.tar.gz >SHA256SUMS"])
            .current_dir(&release)
            .status()
            .unwrap();
        assert!(sums.success());
        let address = served(folder.path().join("served"));
        Self { folder, address }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("served/v{VERSION}")).join(name)
    }

    fn installed(&self) -> PathBuf {
        self.folder.path().join("bin/cargo-perfguard")
    }

    fn install(&self, variables: &[(&str, &str)]) -> Output {
        let _ = fs::remove_file(self.installed());
        let mut command = Command::new("bash");
        command.arg(script("install.sh")).env("VERSION", VERSION).env("RELEASES", &self.address);
        command.env("FOLDER", self.folder.path().join("bin")).env("MACHINE", "Linux-x86_64");
        command.env("GITHUB_PATH", self.folder.path().join("path")).envs(variables.iter().copied());
        command.output().unwrap()
    }

    fn refuses(&self, variables: &[(&str, &str)], words: &str) {
        let output = self.install(variables);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains(words), "{variables:?}: {stderr}");
        assert!(!self.installed().exists(), "{words}: nothing is installed");
    }
}

#[test]
fn a_release_is_installed_only_with_its_checksum() {
    let release = Release::new();
    let output = release.install(&[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(release.installed().exists());
    let path = fs::read_to_string(release.folder.path().join("path")).unwrap();
    assert_eq!(Path::new(path.trim()), release.folder.path().join("bin"));

    release.refuses(&[("VERSION", "1.2.3; id")], "is no version");
    release.refuses(&[("VERSION", "../../1.2.3")], "is no version");
    release.refuses(&[("VERSION", "9.9.9")], "cannot be fetched");
    release.refuses(&[("RELEASES", "http://example.org")], "by https only");

    let sums = fs::read_to_string(release.file("SHA256SUMS")).unwrap();
    fs::write(release.file("SHA256SUMS"), format!("{sums}{sums}")).unwrap();
    release.refuses(&[], "not exactly one sum");
    fs::write(release.file("SHA256SUMS"), sums.replace(TARGET, "another")).unwrap();
    release.refuses(&[], "not exactly one sum");
    fs::write(release.file("SHA256SUMS"), &sums).unwrap();
    let archive = release.file(&format!("cargo-perfguard-{TARGET}.tar.gz"));
    let mut bytes = fs::read(&archive).unwrap();
    bytes.push(0);
    fs::write(&archive, bytes).unwrap();
    release.refuses(&[], "is not what SHA256SUMS says");
    fs::remove_file(&archive).unwrap();
    release.refuses(&[], "cannot be fetched");
}

/// A folder with a `cargo` that writes down how it was called, and ends with a code.
fn recorder(folder: &Path, code: i32) -> String {
    let text = format!(
        "#!/bin/sh\nfor word in \"$@\"; do printf '[%s]' \"$word\"; done >>\"{0}/calls\"\necho >>\"{0}/calls\"\n\
         echo \"$PERFGUARD_KEPT\" >\"{0}/room\"\nexit {code}\n",
        folder.display()
    );
    program(&folder.join("tools/cargo"), &text);
    format!("{}:{}", folder.join("tools").display(), std::env::var("PATH").unwrap())
}

#[test]
fn a_machine_without_a_release_builds_the_tag() {
    let release = Release::new();
    let path = recorder(release.folder.path(), 0);
    let output = release.install(&[("MACHINE", "Linux-riscv64"), ("PATH", &path)]);
    assert!(output.status.success());
    let calls = fs::read_to_string(release.folder.path().join("calls")).unwrap();
    let expected = format!(
        "[install][--locked][--git][{}][--tag][v{VERSION}][cargo-perfguard]\n",
        env!("CARGO_PKG_REPOSITORY")
    );
    assert_eq!(calls, expected);
}

#[test]
fn without_a_version_the_actions_own_sources_are_built() {
    let release = Release::new();
    let path = recorder(release.folder.path(), 0);
    let output = release.install(&[("VERSION", ""), ("SOURCE", "/the action"), ("PATH", &path)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let calls = fs::read_to_string(release.folder.path().join("calls")).unwrap();
    assert_eq!(calls, "[install][--locked][--path][/the action][--bin][cargo-perfguard]\n");
}

#[test]
fn the_check_gets_its_words_as_they_are_and_ends_the_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = recorder(folder.path(), 100);
    let output = |variables: &[(&str, &str)]| {
        let _ = fs::remove_file(folder.path().join("calls"));
        let _ = fs::remove_file(folder.path().join("output"));
        let mut command = Command::new("bash");
        command.arg(script("check.sh")).current_dir(folder.path()).env("PATH", &path);
        command.env("GITHUB_OUTPUT", folder.path().join("output")).envs(variables.iter().copied());
        let code = command.output().unwrap().status.code();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        (code, read("calls"), read("output"))
    };
    fs::write(folder.path().join("star"), "").unwrap();
    let (code, calls, told) =
        output(&[("ARGS", "--no-builtin\n  'a*' * $(id) `id`"), ("PARTITION", "target:1/4")]);
    assert_eq!(code, Some(100));
    let mut calls = calls.lines();
    assert_eq!(
        calls.next().unwrap(),
        "[perfguard][check][--no-builtin]['a*'][*][$(id)][`id`][--partition][target:1/4][--format][json]\
         [--output][perfguard-target-1-4.json]"
    );
    assert_eq!(calls.next(), Some("[perfguard][report][--run][last]"));
    assert!(told.ends_with("/perfguard-target-1-4.json\n"), "{told}");

    let (_, calls, told) = output(&[]);
    assert!(calls.starts_with("[perfguard][check][--format][json][--output][perfguard.json]\n"), "{calls}");
    // What the default branch saves does not grow from commit to commit.
    let room = || fs::read_to_string(folder.path().join("room")).unwrap();
    assert_eq!(room(), "0B\n");
    output(&[("PERFGUARD_KEPT", "1GB")]);
    assert_eq!(room(), "1GB\n");
    assert!(told.ends_with("/perfguard.json\n"), "{told}");
}

#[test]
fn a_cache_belongs_to_a_compiler_a_lock_file_and_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let key = |lock: &str| {
        fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
        let output = folder.path().join("output");
        let _ = fs::remove_file(&output);
        let mut command = Command::new("bash");
        command.arg(script("cache-key.sh")).current_dir(folder.path());
        assert!(command.env("GITHUB_OUTPUT", &output).env("GITHUB_SHA", "abc").status().unwrap().success());
        fs::read_to_string(output).unwrap()
    };
    let one = key("one");
    let (key_line, restore) = one.trim().split_once('\n').unwrap();
    assert_eq!(
        key_line.strip_prefix("key=").unwrap(),
        format!("{}abc", restore.strip_prefix("restore=").unwrap())
    );
    assert!(restore.starts_with("restore=perfguard-1-"), "{one}");
    assert_eq!(one, key("one"));
    assert_ne!(one, key("two"));
}

fn workflows() -> Vec<(PathBuf, String)> {
    let folder = root().join(".github/workflows");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let all = files.chain([root().join("action.yml")]);
    all.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn what_workflows_use_is_pinned_and_nothing_is_pasted_into_scripts() {
    for (path, text) in workflows() {
        for line in text.lines() {
            if let Some((_, action)) = line.split_once("uses: ") {
                let (_, pin) = action.split_once('@').unwrap();
                let commit = pin.split_whitespace().next().unwrap();
                let pinned = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
                assert!(pinned && pin.contains("# v"), "{}: {line}", path.display());
            }
        }
        // What stands between `run:` and the next key of its step is a script.
        let mut within: Option<usize> = None;
        for line in text.lines() {
            let depth = line.len() - line.trim_start().len();
            if within.is_some_and(|start| depth <= start && !line.trim().is_empty()) {
                within = None;
            }
            let begins = line.trim_start().trim_start_matches("- ").starts_with("run:");
            if begins || within.is_some() {
                assert!(!line.contains("${{"), "{}: {line}", path.display());
            }
            if begins {
                within = Some(depth);
            }
        }
        assert!(
            text.contains("persist-credentials: false") || !text.contains("actions/checkout"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn scripts_have_no_fault_that_a_linter_finds() {
    if !shellcheck() {
        return;
    }
    let mut scripts: Vec<PathBuf> =
        fs::read_dir(root().join(".github/action")).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.push(root().join(".ci/run"));
    let output = Command::new("shellcheck").args(&scripts).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
