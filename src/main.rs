//! `cargo perfguard`: guards performance the way tests guard behaviour.

use std::process::ExitCode;

fn main() -> ExitCode {
    perfguard::cli::run(std::env::args_os())
}
