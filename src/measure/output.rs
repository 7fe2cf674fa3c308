//! What a process printed: both streams in one unnamed file, in the order they were written.
//!
//! A file rather than pipes: a descendant that stays alive cannot keep a reader waiting, and no thread of ours takes
//! time from the process that is measured.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::process::Stdio;

/// How much of the end is shown.
const TAIL: u64 = 4 * 1024;

/// Beyond this, what was printed so far is thrown away, so that a chatty process cannot fill the disk.
pub const LIMIT: u64 = 32 * 1024 * 1024;

/// A place for a process to print to.
#[derive(Debug)]
pub struct Output {
    file: File,
    /// How much was thrown away so far.
    dropped: u64,
}

impl Output {
    /// An empty one.
    ///
    /// # Errors
    /// No file can be made in the folder for temporary files.
    pub fn new() -> io::Result<Self> {
        let named = tempfile::Builder::new().append(true).tempfile()?;
        let (file, path) = named.into_parts();
        path.close()?;
        Ok(Self { file, dropped: 0 })
    }

    /// A handle for a process to write to.
    ///
    /// # Errors
    /// The system is out of file descriptors.
    pub fn stdio(&self) -> io::Result<Stdio> {
        Ok(self.file.try_clone()?.into())
    }

    /// How much was printed in all, in bytes.
    ///
    /// # Errors
    /// The file cannot be looked at.
    pub fn printed(&self) -> io::Result<u64> {
        Ok(self.dropped.saturating_add(self.file.metadata()?.len()))
    }

    /// Throws away what was printed when it grows beyond all use.
    ///
    /// # Errors
    /// The file cannot be read or cut.
    pub fn bound(&mut self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length > LIMIT {
            self.file.set_len(0)?;
            self.dropped = self.dropped.saturating_add(length);
        }
        Ok(())
    }

    /// Everything that was printed, with escape sequences and control characters removed.
    pub fn text(&mut self) -> String {
        self.from(SeekFrom::Start(0))
    }

    /// Every byte that was printed; `None` when it is more than is kept.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn bytes(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.printed()? > LIMIT {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        Read::by_ref(&mut self.file).take(LIMIT).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// The last lines that were printed, with escape sequences and control characters removed.
    pub fn tail(&mut self) -> String {
        let length = self.file.metadata().map_or(0, |metadata| metadata.len());
        let text = self.from(SeekFrom::Start(length.saturating_sub(TAIL)));
        if length <= TAIL {
            return text;
        }
        // The first line is most likely cut.
        text.split_once('\n').map_or(String::new(), |(_, whole)| whole.to_owned())
    }

    /// What follows a place; what cannot be read is left out, for output only ever explains.
    fn from(&mut self, start: SeekFrom) -> String {
        let mut bytes = Vec::new();
        if self.file.seek(start).is_ok() {
            let _ = Read::by_ref(&mut self.file).take(LIMIT).read_to_end(&mut bytes);
        }
        clean(&String::from_utf8_lossy(&bytes))
    }
}

/// Removes what would move a terminal's cursor or change its colours.
fn clean(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    let kept: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    kept.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_tail_holds_whole_lines_without_escapes() {
        let mut output = Output::new().unwrap();
        for line in 0..2000 {
            writeln!(output.file, "\u{1b}[31mline\u{1b}[0m {line}\r\u{0}").unwrap();
        }
        let tail = output.tail();
        assert!(tail.starts_with("line "), "{tail}");
        assert!(tail.ends_with("line 1999"), "{tail}");
        assert!(!tail.contains(['\u{1b}', '\r', '\0']));
        assert_eq!(output.text().lines().count(), 2000);
    }

    #[test]
    fn an_empty_output_has_an_empty_tail() {
        assert_eq!(Output::new().unwrap().tail(), "");
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        let mut output = Output::new().unwrap();
        output.file.write_all(b"a\xffb\n").unwrap();
        assert_eq!(output.tail(), "a\u{fffd}b");
    }
}
