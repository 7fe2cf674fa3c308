//! Streams: results to stdout, progress and warnings to stderr, a closed pipe ends quietly.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use super::args::Color;
use crate::domain::harmless;

/// Where the program speaks.
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about two streams")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    quiet: bool,
    color_stdout: bool,
    color_stderr: bool,
    bars: bool,
}

impl Console {
    /// Looks at the flags, then as Cargo does at `CARGO_TERM_COLOR`, then at `NO_COLOR`, `CLICOLOR_FORCE` and whether the
    /// streams are terminals.
    pub(crate) fn new(color: Color, quiet: bool) -> Self {
        let choice = match color {
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
            Color::Auto => of_cargo(std::env::var("CARGO_TERM_COLOR").ok().as_deref()),
        };
        choice.write_global();
        let (stdout, stderr) = (io::stdout(), io::stderr());
        // anstream takes any value for a wish, and `0` means the contrary.
        let unforced =
            choice == ColorChoice::Auto && std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| v == "0");
        let is_colored = |choice, terminal: bool| choice != ColorChoice::Never && (terminal || !unforced);
        Self {
            quiet,
            color_stdout: is_colored(AutoStream::choice(&stdout), stdout.is_terminal()),
            color_stderr: is_colored(AutoStream::choice(&stderr), stderr.is_terminal()),
            bars: stderr.is_terminal() && !quiet,
        }
    }

    /// Whether results may be coloured.
    pub(crate) fn colors_results(self) -> bool {
        self.color_stdout
    }

    /// Whether progress may be coloured.
    pub(crate) fn colors_progress(self) -> bool {
        self.color_stderr
    }

    /// Whether progress may be drawn as bars that redraw themselves.
    pub(crate) fn draws_bars(self) -> bool {
        self.bars
    }

    /// Whether only results and errors are wanted.
    pub(crate) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// How wide the terminal is; 120 columns where there is none, as in a CI log.
    pub(crate) fn width() -> u16 {
        terminal_width().unwrap_or(120)
    }

    /// Writes results, with nothing harmful in them but the line breaks of a format and colours.
    ///
    /// # Errors
    /// Any but a closed pipe, which ends quietly.
    pub(crate) fn results(text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(harmless::colored(text).as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if is_closed(&error) => Ok(()),
            other => other,
        }
    }

    /// Says that something failed, why, and what to do.
    pub(crate) fn error(self, message: impl Display, causes: &[String], hint: Option<&str>) {
        self.labelled("error", AnsiColor::Red, message);
        for cause in causes {
            Self::raw(&format!("  caused by: {}", harmless::text(cause)));
        }
        if let Some(hint) = hint {
            self.labelled(" help", AnsiColor::Cyan, hint);
        }
    }

    /// Says something the user should know.
    pub(crate) fn warning(self, message: impl Display) {
        self.labelled("warning", AnsiColor::Yellow, message);
    }

    /// Says what goes on.
    pub(crate) fn progress(self, verb: &str, message: impl Display) {
        if !self.quiet {
            let verb = self.paint(&format!("{:>12}", harmless::line(verb)), AnsiColor::Green);
            Self::raw(&format!("{verb} {}", harmless::text(&message.to_string())));
        }
    }

    /// What another program printed, to stderr, whatever `--quiet` says. Of what it commands only colours are left.
    pub(crate) fn line(message: impl Display) {
        Self::raw(&harmless::colored(&message.to_string()));
    }

    /// A command to the CI system that runs this, to stderr: made by this program, and never relayed.
    pub(super) fn command(line: &str) {
        Self::raw(line);
    }

    /// A line to stderr as it is: whoever calls this has made it harmless.
    fn raw(message: &str) {
        // Nobody can be told when stderr is gone.
        let _ = writeln!(io::stderr().lock(), "{message}");
    }

    fn labelled(self, label: &str, color: AnsiColor, message: impl Display) {
        let message = harmless::text(&message.to_string());
        Self::raw(&format!("{} {message}", self.paint(&format!("{label}:"), color)));
    }

    fn paint(self, text: &str, color: AnsiColor) -> String {
        if self.color_stderr {
            let style = Style::new().bold().fg_color(Some(color.into()));
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// Prints help, the version or what is wrong with the arguments, in which a value may come from anywhere.
pub(crate) fn print_usage(error: &clap::Error) {
    let text = harmless::colored(&error.render().ansi().to_string());
    // Nobody can be told when the stream is gone.
    let _ = if error.use_stderr() {
        anstream::stderr().lock().write_all(text.as_bytes())
    } else {
        anstream::stdout().lock().write_all(text.as_bytes())
    };
}

/// What `CARGO_TERM_COLOR` says; anything but `always` and `never` leaves the choice open.
fn of_cargo(variable: Option<&str>) -> ColorChoice {
    match variable {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// Writes a file whole or not at all: to a temporary sibling, then renamed. What is no regular file (a pipe, a
/// device) is written to as it is, and a link is followed, as a shell would.
///
/// # Errors
/// The folder is missing or not writable, or the disk is full.
pub(crate) fn write_file(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return std::fs::write(&path, text);
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".perfguard-");
    // As any file that a program makes; the umask takes away what it takes away.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder_of(&path))?;
    file.write_all(text.as_bytes())?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// Whether a file can be written, as far as that can be told beforehand.
///
/// # Errors
/// The path is a folder, or its folder is missing.
pub(crate) fn check_file(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if folder_of(path).is_dir() {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::NotFound, "its folder does not exist"))
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The columns of the terminal on stdout, or what `COLUMNS` says.
fn terminal_width() -> Option<u16> {
    if let Some(columns) = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()) {
        return Some(columns);
    }
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0).filter(|&columns| columns > 0)
}

/// Whether nobody reads any more.
fn is_closed(error: &io::Error) -> bool {
    /// What Windows may say of such a pipe (`ERROR_PIPE_NOT_CONNECTED`), and the standard library has no kind for.
    const NOT_CONNECTED: i32 = 233;
    error.kind() == io::ErrorKind::BrokenPipe
        || (cfg!(windows) && error.raw_os_error() == Some(NOT_CONNECTED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_that_nobody_reads_ends_quietly_and_other_errors_do_not() {
        assert!(is_closed(&io::ErrorKind::BrokenPipe.into()));
        assert_eq!(is_closed(&io::Error::from_raw_os_error(233)), cfg!(windows));
        assert!(!is_closed(&io::ErrorKind::StorageFull.into()));
    }
}
