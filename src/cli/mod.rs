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
mod debug_log;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod github;
mod metric_parser;
mod reports;
mod settings;
#[cfg(test)]
mod tests;
mod values;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use args::{Arguments, Command};
use console::Console;
use context::Context;
use error::CliError;
use watch::Watch;

use crate::build::relink;
use crate::domain::Exit;
use crate::support::{heap, process};

/// Runs the program with its arguments, the program's own name first.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    heap::give_back();
    let words: Vec<OsString> = words.into_iter().collect();
    if let Some(reason) = relink::serve(&words) {
        Console::new(args::Color::Never, true).error(reason, &[], None);
        return ExitCode::from(127);
    }
    let arguments = match args::parse(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout with 0, wrong usage to stderr with 2; a closed pipe ends quietly.
            console::print_usage(&error);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    process::watch_signals();
    process::adopt_strays();
    let console = Console::new(arguments.common.color, arguments.common.quiet);
    let verbose = arguments.common.verbose;
    debug_log::start(verbose, console.colors_progress());
    let step = github::Step::begin(&arguments.command);
    let context = Context { console, watch: Watch::new(console, verbose > 0), verbose, step };
    let shown = arguments.command.output().map(|(kind, output)| (kind, output.clone()));
    let code = match execute(&context, arguments) {
        Ok(code) => code,
        Err(error) => {
            context.watch.finish();
            explain(console, &error);
            if let Some((kind, output)) = shown {
                commands::finish_failed(&context, kind, &output, &error);
            }
            error.exit()
        }
    };
    process::dismiss_watchdog();
    tracing::debug!(code = code.code(), "ends");
    if let Some(step) = context.step {
        step.end();
    }
    ExitCode::from(code.code())
}

fn execute(context: &Context, arguments: Arguments) -> Result<Exit, CliError> {
    match arguments.command {
        Command::Baseline(arguments) => commands::baseline::execute(context, &arguments),
        Command::Claims(arguments) => commands::claims::execute(context, &arguments),
        Command::Doctor(arguments) => commands::doctor::execute(context, &arguments),
        Command::Check(arguments) => commands::check::execute(context, arguments),
        Command::Run(arguments) => commands::run::execute(context, arguments),
        Command::Compare(arguments) => commands::compare::execute(context, &arguments),
        Command::Report(arguments) => commands::report::execute(context, &arguments),
        Command::History(arguments) => commands::history::execute(context, &arguments),
        Command::Bisect(arguments) => commands::bisect::execute(context, &arguments),
        Command::Explain(arguments) => commands::explain::execute(context, &arguments),
        Command::List(arguments) => commands::list::execute(context, &arguments),
        Command::Merge(arguments) => commands::merge::execute(context, &arguments),
        Command::Site(arguments) => commands::site::execute(context, &arguments),
        Command::Sync(arguments) => commands::sync::execute(context, &arguments),
        Command::Publish(arguments) => commands::publish::execute(context, &arguments),
        Command::Init(arguments) => commands::init::execute(context, &arguments),
        Command::Completions(arguments) => commands::completions::execute(&arguments),
    }
}

/// Says what happened, what caused it, and what to do.
fn explain(console: Console, error: &CliError) {
    if let Some(output) = error.output() {
        Console::line(output.trim_end());
    }
    console.error(error, &error.causes(), error.hint().as_deref());
}
