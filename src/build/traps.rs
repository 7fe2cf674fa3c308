//! Which of some functions a process runs: a file that the preloaded library reads and writes.
//!
//! The file is told of in `preload/perfguard_traps.rs.in`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::preload::Preload;
use crate::domain::BuiltBench;

/// The variable that names the file.
const VARIABLE: &str = "PERFGUARD_TRAPS";

/// Where the parts of the file begin.
const STATE: usize = 8;
const PATH: usize = 24;
const ADDRESSES: usize = PATH + 4096;

/// The breakpoints were set.
const ARMED: u64 = 1;

/// Functions of an executable whose run is to be seen, in one launch.
#[derive(Debug)]
pub struct Traps {
    file: PathBuf,
    functions: usize,
}

impl Traps {
    /// Writes the file for one launch, and gives what to launch. `addresses` are those of the executable's file, sorted.
    ///
    /// # Errors
    /// The file cannot be written, or the executable's path is too long for it.
    pub fn set(
        preload: &Preload,
        bench: &BuiltBench,
        addresses: &[u64],
        file: PathBuf,
    ) -> io::Result<(Self, BuiltBench)> {
        fs::write(&file, content(&bench.executable.canonicalize()?, addresses)?)?;
        let mut armed = preload.loaded_into(bench);
        armed.environment.insert(VARIABLE.to_owned(), file.to_string_lossy().into_owned());
        Ok((Self { file, functions: addresses.len() }, armed))
    }

    /// The places of those functions among the addresses that were run; `None` where no trap was ever set. Removes the file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sprung(self) -> io::Result<Option<Vec<usize>>> {
        let bytes = fs::read(&self.file)?;
        let _ = fs::remove_file(&self.file);
        Ok(read(&bytes, self.functions))
    }
}

/// What the library is told.
fn content(executable: &Path, addresses: &[u64]) -> io::Result<Vec<u8>> {
    let path = executable.as_os_str().as_encoded_bytes();
    if path.len() >= ADDRESSES - PATH {
        return Err(io::Error::new(io::ErrorKind::InvalidFilename, "the executable's path is too long"));
    }
    let mut bytes = vec![0; ADDRESSES];
    bytes[..STATE].copy_from_slice(&(addresses.len() as u64).to_ne_bytes());
    bytes[PATH..PATH + path.len()].copy_from_slice(path);
    bytes.extend(addresses.iter().flat_map(|address| address.to_ne_bytes()));
    bytes.resize(bytes.len() + addresses.len(), 0);
    Ok(bytes)
}

/// What the library has told. The benchmark can have written to the file, too, so nothing in it is relied on.
fn read(bytes: &[u8], functions: usize) -> Option<Vec<usize>> {
    let state = bytes.get(STATE..STATE + 8)?.try_into().ok()?;
    let run = bytes.get(ADDRESSES + functions * 8..)?.get(..functions)?;
    let places = run.iter().enumerate().filter(|(_, byte)| **byte != 0).map(|(at, _)| at).collect();
    (u64::from_ne_bytes(state) == ARMED).then_some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_what_was_run() {
        let mut bytes = content(Path::new("/a/b"), &[16, 32, 48]).unwrap();
        assert_eq!(read(&bytes, 3), None, "nobody has set a trap");
        bytes[STATE] = 1;
        assert_eq!(read(&bytes, 3), Some(Vec::new()));
        let end = bytes.len();
        bytes[end - 2] = 1;
        assert_eq!(read(&bytes, 3), Some(vec![1]));
        assert_eq!(read(&bytes[..end - 1], 3), None, "it was cut short");
        assert_eq!(read(&[], 0), None);
    }

    #[test]
    fn a_path_that_has_no_room_is_refused() {
        assert!(content(Path::new(&"x".repeat(5000)), &[]).is_err());
    }
}
