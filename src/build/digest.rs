//! SHA-256 of files and texts.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::domain::Digest;
use crate::support::hex::hexadecimal;
use crate::support::records::digest;

/// How much of a file is read at once, in bytes.
const CHUNK: usize = 1 << 16;

/// The digest of a file's bytes.
pub(super) fn of_file(path: &Path) -> io::Result<Digest> {
    if !std::fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = file.read(&mut chunk)?;
        if length == 0 {
            return Ok(Digest::new(hexadecimal(&hasher.finalize())));
        }
        hasher.update(&chunk[..length]);
    }
}

/// The digest of a text.
pub(super) fn of_text(text: &str) -> Digest {
    Digest::new(digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_a_text_of_the_same_bytes_agree_with_the_published_value() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of_text("abc").as_str(), expected);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(of_file(&path).unwrap().as_str(), expected);
        std::fs::write(&path, vec![7; CHUNK * 2 + 1]).unwrap();
        assert_ne!(of_file(&path).unwrap().as_str(), expected);
    }
}
