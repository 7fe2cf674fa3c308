//! How an executable of a target is started on this machine.

use std::path::Path;

use toml::Value;

use crate::domain::machine::executes;
use crate::domain::{Execution, arch_of};

use super::BuildError;
use super::config::{CargoConfig, words};
use super::environment::variable_part;

/// Decides between a direct start, a runner and an emulator.
///
/// # Errors
/// A foreign target without a runner.
pub(super) fn execution(config: &CargoConfig, target: &str, host: &str) -> Result<Execution, BuildError> {
    match (runner(config, target), runs_here(target, host)) {
        (None, true) => Ok(Execution::Native),
        (Some(runner), true) => Ok(Execution::Runner(runner)),
        (Some(runner), false) => Ok(Execution::Emulated(runner)),
        (None, false) => Err(BuildError::NoRunner { target: target.to_owned(), host: host.to_owned() }),
    }
}

/// The `runner` that Cargo would put before an executable.
fn runner(config: &CargoConfig, target: &str) -> Option<Vec<String>> {
    let variable = format!("CARGO_TARGET_{}_RUNNER", variable_part(target));
    let cfgs = config.matching_cfgs(target);
    let named = config.value(&["target", target, "runner"], &variable);
    let found = named.or_else(|| cfgs.iter().find_map(|cfg| config.value(&["target", cfg, "runner"], "")));
    found.and_then(|(value, base)| argv(&value, base))
}

/// A runner as arguments. A program with a slash in it is relative to where the setting is written.
fn argv(value: &Value, base: &Path) -> Option<Vec<String>> {
    let mut argv = words(value);
    let program = argv.first_mut()?;
    if program.contains('/') && !base.as_os_str().is_empty() {
        *program = base.join(&*program).display().to_string();
    }
    Some(argv)
}

/// Whether this machine runs a target's executables itself: same system, and an architecture it has.
fn runs_here(target: &str, host: &str) -> bool {
    executes(arch_of(host), arch_of(target)) && system(target) == system(host)
}

/// The operating system of a triple.
fn system(triple: &str) -> &str {
    let known = ["linux", "darwin", "windows", "freebsd", "netbsd", "openbsd", "android", "ios", "wasi"];
    let found = known.into_iter().find(|name| triple.split('-').any(|part| part.starts_with(name)));
    // Android's triples say `linux` as well.
    if triple.contains("android") { "android" } else { found.unwrap_or(triple) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::config::tests::loaded as config;

    const HOST: &str = "x86_64-unknown-linux-gnu";
    const ARM: &str = "aarch64-unknown-linux-gnu";

    #[test]
    fn own_code_runs_directly_or_by_a_runner() {
        let plain = config(&[], &[]);
        assert_eq!(execution(&plain, HOST, HOST).unwrap(), Execution::Native);
        assert_eq!(execution(&plain, "x86_64-unknown-linux-musl", HOST).unwrap(), Execution::Native);
        assert_eq!(execution(&plain, "i686-unknown-linux-gnu", HOST).unwrap(), Execution::Native);
        let wrapped = config(&[], &[("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", "taskset 1")]);
        let expected = Execution::Runner(vec!["taskset".into(), "1".into()]);
        assert_eq!(execution(&wrapped, HOST, HOST).unwrap(), expected);
    }

    #[test]
    fn foreign_code_needs_a_runner_and_is_emulated() {
        let plain = config(&[], &[]);
        for target in [ARM, "x86_64-pc-windows-gnu", "wasm32-wasip1", "aarch64-linux-android"] {
            let error = execution(&plain, target, HOST).unwrap_err();
            assert!(error.hint().unwrap().contains(&format!("target.{target}.runner")), "{error}");
        }
        assert!(execution(&plain, HOST, ARM).is_err());
        let emulator =
            config(&["target.'cfg(target_arch = \"aarch64\")'.runner = ['qemu', '-L', '/a b']"], &[]);
        let expected = Execution::Emulated(["qemu", "-L", "/a b"].map(str::to_owned).to_vec());
        assert_eq!(execution(&emulator, ARM, HOST).unwrap(), expected);
        assert!(execution(&emulator, "wasm32-wasip1", HOST).is_err());
    }

    #[test]
    fn a_relative_runner_starts_where_it_is_written() {
        let config = config(&[&format!("target.{ARM}.runner = './run.sh x'")], &[]);
        let Execution::Emulated(argv) = execution(&config, ARM, HOST).unwrap() else { panic!("emulated") };
        assert_eq!(argv, ["/no/such/folder/./run.sh", "x"]);
    }
}
