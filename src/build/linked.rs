//! Where the linker put what Cargo shows under another name.

use std::fs;
use std::path::{Path, PathBuf};

/// The file of which a program that Cargo made is another name: what the linker was told to write.
pub(super) fn linked(path: &Path) -> PathBuf {
    let found = path.file_stem().zip(path.parent()).and_then(|(stem, folder)| {
        let start = format!("{}-", stem.to_str()?.replace('-', "_"));
        let entries = fs::read_dir(folder.join("deps")).ok()?;
        let paths = entries.flatten().map(|entry| entry.path());
        let mut named = paths.filter(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&start))
        });
        named.find(|other| is_same(path, other))
    });
    found.unwrap_or_else(|| path.to_owned())
}

/// Whether two paths lead to one file.
#[cfg(unix)]
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |path| fs::metadata(path).map(|data| (data.dev(), data.ino())).ok();
    id(one).is_some() && id(one) == id(other)
}

#[cfg(not(unix))]
fn is_same(_: &Path, _: &Path) -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_under_the_name_that_the_linker_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let deps = folder.path().join("deps");
        fs::create_dir(&deps).unwrap();
        let (made, shown) = (deps.join("my_tool-0123456789abcdef"), folder.path().join("my-tool"));
        fs::write(&made, "code").unwrap();
        fs::write(deps.join("my_tool-fedcba9876543210"), "code").unwrap();
        fs::hard_link(&made, &shown).unwrap();
        assert_eq!(linked(&shown), made);
        assert_eq!(linked(&folder.path().join("other")), folder.path().join("other"));
    }
}
