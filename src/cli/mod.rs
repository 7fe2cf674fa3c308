//! The only place that prints, reads the environment or exits.
//!
//! [`args`] is what the user typed, [`config`] what a file says; [`settings`] resolves both into requests that the
//! pipeline takes. [`commands`] has one file per command, [`error`] the exit code and the words of everything that can
//! go wrong.

mod args;
mod commands;
mod config;
mod console;
mod context;
mod error;
mod settings;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use args::{Arguments, Command};
use console::Console;
use context::Context;
use error::CliError;
use watch::Watch;

use crate::build::relink;
use crate::support::process;

/// Runs the program with its arguments, the program's own name first.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.into_iter().collect();
    if let Some(reason) = relink::serve(&words) {
        Console::new(args::Color::Never, true).error(reason, None);
        return ExitCode::from(127);
    }
    let arguments = match args::parse(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout with 0, wrong usage to stderr with 2; a closed pipe ends quietly.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    process::watch_signals();
    let console = Console::new(arguments.common.color, arguments.common.quiet);
    let verbose = arguments.common.verbose;
    let context = Context { console, watch: Watch::new(console, verbose > 0), verbose };
    let shown = arguments.command.output().map(|(command, output)| (command, output.clone()));
    let code = match execute(&context, arguments) {
        Ok(code) => code,
        Err(error) => {
            context.watch.finish();
            explain(console, &error);
            if let Some((command, output)) = shown {
                commands::finish_failed(&context, command, &output, &error);
            }
            error.code()
        }
    };
    process::dismiss_watchdog();
    ExitCode::from(code)
}

fn execute(context: &Context, arguments: Arguments) -> Result<u8, CliError> {
    match arguments.command {
        Command::Baseline(arguments) => commands::baseline::execute(context, &arguments),
        Command::Claims(arguments) => commands::claims::execute(context, &arguments),
        Command::Doctor(arguments) => commands::doctor::execute(context, &arguments),
        Command::Check(arguments) => commands::check::execute(context, arguments),
        Command::Run(arguments) => commands::run::execute(context, arguments),
        Command::Compare(arguments) => commands::compare::execute(context, &arguments),
        Command::Report(arguments) => commands::report::execute(context, &arguments),
        Command::History(arguments) => commands::history::execute(context, &arguments),
        Command::Explain(arguments) => commands::explain::execute(context, &arguments),
        Command::List(arguments) => commands::list::execute(context, &arguments),
        Command::Init(arguments) => commands::init::execute(context, &arguments),
        Command::Completions(arguments) => commands::completions::execute(&arguments),
    }
}

/// Says what happened, what caused it, and what to do.
fn explain(console: Console, error: &CliError) {
    if let Some(output) = error.output() {
        Console::line(output.trim_end());
    }
    let mut text = format!("failed to {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    console.error(text, error.hint().as_deref());
}
