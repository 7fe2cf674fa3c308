//! The debug log of `-vv`: what the program does and decides, to standard error, for a bug report.

use std::io::{self, Write};

use tracing::Level;
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::time::Uptime;

use crate::domain::harmless;
use crate::exchange::shown;

/// From how many `-v` on there is a log.
const DEBUG: u8 = 2;

/// Starts the log, if it is asked for. Without it the calls cost a comparison each.
pub(crate) fn start(verbose: u8, color: bool) {
    if verbose < DEBUG {
        return;
    }
    let subscriber = fmt()
        .with_max_level(Level::DEBUG)
        .with_writer(|| Harmless)
        .with_ansi(color)
        .with_timer(Uptime::default())
        .finish();
    // Fails only where there is one already: in a test.
    let _ = tracing::subscriber::set_global_default(subscriber);
    tracing::debug!(
        version = env!("CARGO_PKG_VERSION"),
        os = std::env::consts::OS,
        arch = std::env::consts::ARCH,
        arguments = ?std::env::args_os().skip(1).map(|word| shown(&word.to_string_lossy())).collect::<Vec<_>>(),
        "starts"
    );
}

/// Standard error for whole lines, which leave nothing harmful in what others wrote but colours.
struct Harmless;

impl Write for Harmless {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = harmless::colored(&String::from_utf8_lossy(bytes));
        io::stderr().lock().write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
