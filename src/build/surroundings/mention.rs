//! Whether an executable that holds the name of a file may open it, or only speaks of it: a parser's benches have manifests in
//! them, which name a readme. Pure.

use std::path::{Component, Path, PathBuf};

use memchr::memmem;

/// What texts put around the name of a file.
const QUOTES: [u8; 3] = [b'"', b'\'', b'`'];

/// How long a path in quotes is looked at.
const LONGEST: usize = 200;

/// Whether an executable has the name of this file in it other than in a manifest's `readme` or as part of the quoted path of
/// another file. Strings lie side by side in an executable, so a name without quotes may be any part of a path.
pub(super) fn may_open(executable: &[u8], file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().as_encoded_bytes();
    if name.is_empty() {
        return false;
    }
    let mut places = memmem::find_iter(executable, name);
    places.any(|start| !is_talk(&executable[..start], &executable[start + name.len()..], file))
}

/// Whether a name between `before` and `after` is only spoken of.
fn is_talk(before: &[u8], after: &[u8], file: &Path) -> bool {
    let in_path = |byte: &&u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let folder = before.iter().rev().take(LONGEST).take_while(in_path).count();
    let (before, folder) = before.split_at(before.len() - folder);
    let Some((quote, before)) = before.split_last().filter(|(quote, _)| QUOTES.contains(quote)) else {
        return false;
    };
    after.first() == Some(quote) && (is_other(folder, file) || is_readme(before))
}

/// Whether a folder is none that the file lies in, wherever the path starts from.
fn is_other(folder: &[u8], file: &Path) -> bool {
    let Ok(folder) = std::str::from_utf8(folder) else { return false };
    // A path from elsewhere may lead anywhere.
    if folder.starts_with('/') || folder.contains("..") {
        return false;
    }
    let named = Path::new(folder).components().filter(|part| matches!(part, Component::Normal(_)));
    let named: PathBuf = named.collect();
    !file.parent().unwrap_or(Path::new("")).ends_with(named)
}

/// Whether a text ends as a manifest does before its readme: `readme = ` in TOML, `"readme": ` in JSON.
fn is_readme(before: &[u8]) -> bool {
    let text = before.trim_ascii_end();
    let text = text.strip_suffix(b"=").or_else(|| text.strip_suffix(b":"));
    let key = text.map(<[u8]>::trim_ascii_end);
    key.is_some_and(|key| key.strip_suffix(b"\"").unwrap_or(key).ends_with(b"readme"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opens(executable: &str, file: &str) -> bool {
        may_open(executable.as_bytes(), Path::new(file))
    }

    #[test]
    fn a_name_may_be_any_part_of_a_path() {
        for executable in [
            "README.md",
            "x/README.mdfailed",
            "../README.md",
            "\"README.md",
            "say \"README.md\"",
            "{\"input\": \"README.md\"}",
            "'../a/README.md'",
            "\"/home/x/README.md\"",
        ] {
            assert!(opens(executable, "README.md"), "{executable}");
        }
        assert!(opens("`docs/guide.md`", "docs/guide.md"));
        assert!(opens("`docs/guide.md`", "book/docs/guide.md"));
        assert!(!opens("nothing of the kind", "README.md"));
    }

    #[test]
    fn manifests_and_paths_of_other_files_only_speak_of_it() {
        for executable in [
            "license = \"MIT\"\nreadme = \"README.md\"\ndescription",
            "readme=\"./README.md\"",
            "{\"readme\": \"README.md\"}",
            "# See the `src/tools/hack/README.md` file",
        ] {
            assert!(!opens(executable, "README.md"), "{executable}");
        }
        assert!(opens("readme = \"README.md\"\0../README.md", "README.md"), "once is enough");
        assert!(opens("# See the `src/tools/hack/README.md` file", "src/tools/hack/README.md"));
    }
}
