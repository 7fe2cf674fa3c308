//! `completions`: what makes a shell complete the command line.

use super::super::args::{CompletionsArgs, command};
use super::super::console::Console;
use super::super::error::CliError;
use crate::domain::Exit;

/// Runs the command.
pub(in super::super) fn execute(arguments: &CompletionsArgs) -> Result<Exit, CliError> {
    let mut text = Vec::new();
    // Shells complete the program's own name; `cargo perfguard` is Cargo's to complete.
    clap_complete::generate(arguments.shell, &mut command(), "cargo-perfguard", &mut text);
    Console::results(&String::from_utf8_lossy(&text)).map_err(CliError::Stdout)?;
    Ok(Exit::Passed)
}
