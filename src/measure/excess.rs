//! How much a launch may say, print and write. More than any sane bench needs, and less than a machine notices.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::output::Output;
use crate::support::bounded;

/// How much a launch may print, in bytes.
pub const MOST_PRINTED: u64 = 256 << 20;
/// How much disk the temporary files of a launch may take up, in bytes.
pub const MOST_WRITTEN: u64 = 512 << 20;
/// How many temporary files a launch may have at once.
pub const MOST_FILES: u64 = 10_000;
/// How many benchmarks an executable may have.
pub const MOST_BENCHMARKS: usize = 20_000;
/// How long the id of a benchmark may be, in bytes.
pub const LONGEST_ID: usize = 8 << 10;
/// How much a bench may tell over Criterion's connection in one launch, in bytes.
pub const MOST_TOLD: u64 = 32 << 20;
/// How long one line of the interleaved protocol may be, in bytes.
pub const LONGEST_LINE: usize = 4 << 10;
/// How large a file of Criterion's or divan's may be, in bytes: a hundred thousand samples take 4 MiB.
pub const LARGEST_FILE: u64 = 16 << 20;
/// How large a file of Callgrind's may be, in bytes: that of a program of 100 000 functions takes 60 MiB.
pub const LARGEST_DUMP: u64 = 128 << 20;
/// How large an executable or library may be that is read for its machine code, in bytes.
pub const LARGEST_OBJECT: u64 = 1 << 30;

/// How often what was printed is looked at while a bench takes its time.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// How often temporary files are counted at most …
const COUNT: Duration = Duration::from_millis(500);

/// … and how many times as long as counting took is waited before they are counted again.
const PAUSE: u32 = 20;

/// What there was too much of. Worded to follow the name of a benchmark and a colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// More than [`MOST_PRINTED`] on both streams.
    Printed,
    /// More than [`MOST_WRITTEN`] of temporary files.
    Written,
    /// More than [`MOST_FILES`] temporary files.
    Files,
    /// More than [`MOST_BENCHMARKS`].
    Benchmarks,
    /// An id longer than [`LONGEST_ID`].
    Id,
    /// More than [`MOST_TOLD`].
    Told,
    /// A line longer than [`LONGEST_LINE`].
    Line,
    /// An answer that nobody had asked for.
    Unasked,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = bounded::size;
        match self {
            Self::Printed => write!(f, "it printed more than {}", size(MOST_PRINTED)),
            Self::Written => write!(f, "it wrote more than {} of temporary files", size(MOST_WRITTEN)),
            Self::Files => write!(f, "it wrote more than {MOST_FILES} temporary files"),
            Self::Benchmarks => write!(f, "it lists more than {MOST_BENCHMARKS} benchmarks"),
            Self::Id => {
                write!(f, "it has a benchmark whose id is longer than {}", size(LONGEST_ID as u64))
            }
            Self::Told => write!(f, "it reported more than {}", size(MOST_TOLD)),
            Self::Line => write!(f, "it answered with a line longer than {}", size(LONGEST_LINE as u64)),
            Self::Unasked => f.write_str("it answered without having been asked"),
        }
    }
}

/// Looks after what a running launch prints and writes.
#[derive(Debug)]
pub(super) struct Lookout {
    /// Where its temporary files are.
    folder: Option<PathBuf>,
    next_count: Instant,
}

impl Lookout {
    /// For a launch with all its files in `folder`.
    pub(super) fn new(folder: Option<&Path>) -> Self {
        Self { folder: folder.map(Path::to_owned), next_count: Instant::now() + COUNT }
    }

    /// What there is too much of by now. Cheap enough to be asked between two samples.
    ///
    /// # Errors
    /// What was printed cannot be looked at.
    pub(super) fn look(&mut self, output: &mut Output) -> std::io::Result<Option<Excess>> {
        if output.printed()? > MOST_PRINTED {
            return Ok(Some(Excess::Printed));
        }
        output.bound()?;
        let start = Instant::now();
        let Some(folder) = self.folder.as_ref().filter(|_| start >= self.next_count) else { return Ok(None) };
        let excess = counted(folder, MOST_WRITTEN, MOST_FILES);
        self.next_count = Instant::now() + COUNT.max(start.elapsed() * PAUSE);
        Ok(excess)
    }
}

/// Whether the files below a folder are too many or too large. Links are not followed; what vanishes meanwhile, or cannot
/// be read, does not count.
fn counted(folder: &Path, most_bytes: u64, most_files: u64) -> Option<Excess> {
    let (mut bytes, mut files) = (0_u64, 0_u64);
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            files += 1;
            bytes = bytes.saturating_add(taken(&metadata));
            if bytes > most_bytes {
                return Some(Excess::Written);
            }
            if files > most_files {
                return Some(Excess::Files);
            }
            if metadata.is_dir() {
                open.push(entry.path());
            }
        }
    }
    None
}

/// The disk space that a file takes up: a hole takes none.
#[cfg(unix)]
fn taken(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(metadata).saturating_mul(512)
}

#[cfg(not(unix))]
fn taken(metadata: &fs::Metadata) -> u64 {
    metadata.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_wherever_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("x"), vec![1; 100_000]).unwrap();
        assert_eq!(counted(folder.path(), 1 << 20, 10), None);
        assert_eq!(counted(folder.path(), 50_000, 10), Some(Excess::Written));
        assert_eq!(counted(folder.path(), 1 << 20, 2), Some(Excess::Files));
        assert_eq!(counted(&folder.path().join("gone"), 0, 0), None);
    }

    #[test]
    fn every_excess_names_its_limit() {
        assert_eq!(Excess::Printed.to_string(), "it printed more than 256 MiB");
        assert_eq!(Excess::Benchmarks.to_string(), "it lists more than 20000 benchmarks");
    }
}
