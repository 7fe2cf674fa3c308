//! Programs in a mount namespace of their own, which needs root.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::process::{Command, Output, Stdio};

use crate::skip::{Need, skip};

/// What a script ends with where it could not mount.
const UNMOUNTABLE: i32 = 77;

/// Runs `sh -c SCRIPT sh PROGRAM ARGUMENTS` as the program would be run; `None` where nothing can be mounted.
pub(crate) fn mounted(script: &str, program: &Command) -> Option<Output> {
    let mut shell = Command::new("unshare");
    shell.args(["--mount", "sh", "-c", script, "sh"]).arg(program.get_program()).args(program.get_args());
    shell.current_dir(program.get_current_dir().unwrap()).stdin(Stdio::null());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let refusal = match shell.output() {
        Err(error) => error.to_string(),
        Ok(output) if output.status.code() == Some(UNMOUNTABLE) || output.stderr.starts_with(b"unshare:") => {
            String::from_utf8_lossy(&output.stderr).into_owned()
        }
        Ok(output) => return Some(output),
    };
    skip(Need::Mounts, &format!("no file system can be mounted here ({refusal})"));
    None
}
