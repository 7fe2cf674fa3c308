//! Git LFS: small pointers in the tree, large files beside it.

use std::fs;
use std::path::{Path, PathBuf};

use git2::{AttrCheckFlags, Repository};
use sha2::{Digest as _, Sha256};

use crate::support::hex::hexadecimal;

/// How a pointer begins.
const VERSION: &str = "version https://git-lfs.github.com/spec/v1";
/// No pointer is longer, by its specification.
const LONGEST: usize = 1024;

/// What a pointer points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer {
    sha256: String,
    size: u64,
}

impl Pointer {
    /// Reads a file's content as a pointer.
    pub(super) fn parse(content: &[u8]) -> Option<Self> {
        if content.len() >= LONGEST || !content.starts_with(VERSION.as_bytes()) {
            return None;
        }
        let text = std::str::from_utf8(content).ok()?;
        let field = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        let sha256 = field("oid")?.strip_prefix("sha256:")?;
        let whole = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
        Some(Self { sha256: whole.then(|| sha256.to_owned())?, size: field("size")?.trim().parse().ok()? })
    }

    /// The pointer that stands for `content` in a tree.
    pub(super) fn to(content: &[u8]) -> Self {
        Self { sha256: hexadecimal(&Sha256::digest(content)), size: content.len() as u64 }
    }

    /// The pointer as a file.
    pub(super) fn text(&self) -> String {
        format!("{VERSION}\noid sha256:{}\nsize {}\n", self.sha256, self.size)
    }

    /// The content: from the repository's LFS store, else from `in_work_tree` if it is that very file.
    pub(super) fn content(&self, repository: &Repository, in_work_tree: &Path) -> Option<Vec<u8>> {
        let (a, b) = (&self.sha256[..2], &self.sha256[2..4]);
        let stored = store(repository).join("objects").join(a).join(b).join(&self.sha256);
        [stored.as_path(), in_work_tree].into_iter().find_map(|path| {
            let fits = fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == self.size);
            let content = fits.then(|| fs::read(path).ok())??;
            (hexadecimal(&Sha256::digest(&content)) == self.sha256).then_some(content)
        })
    }
}

/// Whether git's attributes give a path to LFS.
pub(super) fn is_filtered(repository: &Repository, path: &Path) -> bool {
    let filter = repository.get_attr(path, "filter", AttrCheckFlags::FILE_THEN_INDEX);
    matches!(filter, Ok(Some("lfs")))
}

/// The folder of the repository's LFS objects: `lfs` in the git directory unless configured otherwise.
fn store(repository: &Repository) -> PathBuf {
    let configured =
        repository.config().ok().and_then(|mut config| config.snapshot().ok()?.get_path("lfs.storage").ok());
    repository.commondir().join(configured.unwrap_or_else(|| PathBuf::from("lfs")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_read_and_written() {
        let pointer = Pointer::to(b"hello");
        assert_eq!(
            pointer.text(),
            "version https://git-lfs.github.com/spec/v1\noid \
             sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\nsize 5\n"
        );
        assert_eq!(Pointer::parse(pointer.text().as_bytes()), Some(pointer));
        for other in
            ["", "version 1", VERSION, "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 5\n"]
        {
            assert_eq!(Pointer::parse(other.as_bytes()), None, "{other}");
        }
    }
}
