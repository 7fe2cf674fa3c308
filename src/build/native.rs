//! Code for the CPU at hand. The same flags come to other code on another CPU, and neither what executables are kept by
//! nor Cargo's idea of what is fresh would tell.

use std::fs;
use std::path::Path;

use crate::domain::Variables;

use super::BuildError;
use super::config::CargoConfig;
use super::{seed, toolchain};

/// How compilers are told to compile for the CPU at hand: `-C target-cpu=native`, `-march=native`, `-mtune=native`.
const NATIVE: &str = "=native";

/// In a target folder: the CPU that what lies in it was compiled for.
const STAMP: &str = ".perfguard-cpu";

/// Whether any of these flags or settings asks for the CPU at hand. Too often does no harm.
pub(super) fn is_asked<'a>(texts: impl IntoIterator<Item = &'a str>) -> bool {
    texts.into_iter().any(|text| text.contains(NATIVE))
}

/// What the CPU at hand is to a workspace's compiler: its name, and the features that code may use.
pub(super) fn cpu(
    workspace: &Path,
    config: &CargoConfig,
    environment: &Variables,
) -> Result<String, BuildError> {
    // Whatever is compiled for: `native` is where the compiler runs.
    let wanted = ["--print", "cfg", "--print", "target-cpus", "-C", "target-cpu=native"];
    let finished = toolchain::ask(workspace, config, environment, &wanted)?;
    parse(&finished.stdout.text()).filter(|_| finished.status.success()).ok_or_else(|| BuildError::Native {
        program: toolchain::program(config),
        answer: toolchain::said(&finished),
    })
}

/// The lines that are about the CPU. `None` where its name is missing.
fn parse(answer: &str) -> Option<String> {
    let name = answer.lines().map(str::trim).find(|line| line.starts_with("native "))?;
    let features = answer.lines().filter(|line| line.starts_with("target_feature="));
    Some(std::iter::once(name).chain(features).collect::<Vec<_>>().join("\n"))
}

/// Whether what lies in a target folder was compiled for a CPU.
pub(super) fn is_for(target_dir: &Path, cpu: &str) -> bool {
    fs::read_to_string(target_dir.join(STAMP)).is_ok_and(|text| text == cpu)
}

/// Makes a target folder one for a CPU: what was compiled for another goes, which Cargo would take for fresh.
pub(super) fn claim(target_dir: &Path, cpu: &str) -> Result<(), BuildError> {
    if is_for(target_dir, cpu) {
        return Ok(());
    }
    if !seed::is_unused(target_dir) {
        tracing::debug!(folder = %target_dir.display(), cpu, "removes what was compiled for another CPU");
        fs::remove_dir_all(target_dir).map_err(BuildError::file("remove", target_dir))?;
    }
    fs::create_dir_all(target_dir).map_err(BuildError::file("create", target_dir))?;
    let stamp = target_dir.join(STAMP);
    fs::write(&stamp, cpu).map_err(BuildError::file("write", &stamp))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_at_hand_is_asked_for_in_several_spellings() {
        for text in
            ["-Ctarget-cpu=native", "--codegen=target_cpu=native", "-O2 -march=native", "-mcpu=native"]
        {
            assert!(is_asked(["-g", text]), "{text}");
        }
        for text in ["", "-Ctarget-cpu=x86-64-v3", "-Clink-arg=-lnative", "native"] {
            assert!(!is_asked([text]), "{text}");
        }
    }

    #[test]
    fn a_cpu_is_its_name_and_its_features() {
        let answer = "debug_assertions\ntarget_arch=\"x86_64\"\ntarget_feature=\"avx2\"\nAvailable CPUs for this target:\n    \
                      native                  - Select the CPU of the current host (currently znver3).\n    znver3\n";
        let cpu = parse(answer).unwrap();
        assert!(cpu.contains("currently znver3") && cpu.ends_with("\ntarget_feature=\"avx2\""), "{cpu}");
        assert_ne!(parse(&answer.replace("(currently znver3)", "(currently znver4)")), Some(cpu.clone()));
        assert_ne!(parse(&answer.replace("avx2", "avx")), Some(cpu));
        assert_eq!(parse("target_feature=\"avx2\"\n"), None);
    }

    #[test]
    fn a_target_folder_is_emptied_for_another_cpu_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let compiled = target.join("release/.fingerprint/x");
        let compile = || fs::create_dir_all(&compiled).unwrap();
        claim(&target, "one").unwrap();
        compile();
        claim(&target, "one").unwrap();
        assert!(compiled.exists() && is_for(&target, "one"));
        claim(&target, "two").unwrap();
        assert!(!compiled.exists() && is_for(&target, "two") && !is_for(&target, "one"));
        // What nobody knows the CPU of may be for any.
        fs::remove_file(target.join(STAMP)).unwrap();
        compile();
        claim(&target, "two").unwrap();
        assert!(!compiled.exists());
    }
}
