//! Whether an executable that holds the name of a file may open or start it, or only speaks of it: a parser's benches have
//! manifests in them, which name a readme. Pure.

use std::path::{Component, Path, PathBuf};

use memchr::memmem;
use object::{Architecture, File, Object, ObjectSection, SectionFlags, elf};

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

/// What the name of the variable begins with by which Cargo tells a bench where its package's programs are.
const BY_CARGO: &[u8] = b"CARGO_BIN_EXE_";

/// How much of a name a compiler keeps together at least: what is copied is cut into such pieces, some of which may be numbers in
/// instructions.
const TOGETHER: usize = 8;

/// The shortest name, and piece of one, that is not found everywhere.
const SHORTEST: usize = 4;

/// Whether an executable has the name of a program in what is loaded of it, whole or in pieces, or asks Cargo for it. A bench that
/// starts a program of its package names it, or its path.
///
/// Only of x86-64 it is known how compilers cut texts.
pub(super) fn may_start(executable: &[u8], program: &Path) -> bool {
    let name = program.file_stem().unwrap_or_default().as_encoded_bytes();
    let Some(loaded) = loaded(executable).filter(|_| name.len() >= SHORTEST) else { return true };
    let holds = |text: &[u8]| {
        let finder = memmem::Finder::new(text);
        loaded.iter().any(|section| finder.find(section).is_some())
    };
    let holds_pieces_of = |text: &[u8]| {
        let whole = if text.len() < TOGETHER { SHORTEST } else { TOGETHER };
        text.chunks_exact(whole).all(holds)
    };
    holds_pieces_of(BY_CARGO) || holds_pieces_of(name)
}

/// The sections of an executable that are loaded; `None` where it is for another processor, or no executable at all.
fn loaded(executable: &[u8]) -> Option<Vec<&[u8]>> {
    let file = File::parse(executable).ok().filter(|file| file.architecture() == Architecture::X86_64)?;
    let mut found = Vec::new();
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { return None };
        if sh_flags.0 & elf::SHF_ALLOC.0 != 0 {
            found.push(section.data().ok()?);
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An executable, or rather an object, that holds a text where it is loaded, and another beside.
    fn holding(architecture: Architecture, text: &str, beside: &str) -> Vec<u8> {
        let mut object =
            object::write::Object::new(object::BinaryFormat::Elf, architecture, object::Endianness::Little);
        for (name, kind, text) in [
            (".rodata", object::SectionKind::ReadOnlyData, text),
            (".comment", object::SectionKind::OtherString, beside),
        ] {
            let section = object.add_section(Vec::new(), name.into(), kind);
            object.append_section_data(section, text.as_bytes(), 1);
        }
        object.write().unwrap()
    }

    #[test]
    fn a_program_is_started_only_by_who_can_name_it() {
        let starts = |text: &str, program: &str| {
            may_start(&holding(Architecture::X86_64, text, "the-program"), Path::new(program))
        };
        let program = "/t/release/the-program";
        for text in [
            "/t/release/the-program",
            "xthe-programx",
            "CARGO_BIN_EXE_",
            "CARGO_BI and BIN_EXE_",
            "in pieces: the-prog, and: ram",
        ] {
            assert!(starts(text, program), "{text}");
        }
        for text in ["", "the program", "the-pro", "CARGO_BAR"] {
            assert!(!starts(text, program), "{text}");
        }
        assert!(starts("tool", "tool") && starts("tool", "toolbox") && !starts("to", "toolbox"));
        assert!(starts("", "ab"), "such a short name may be anywhere");
        assert!(starts("rams-two the-prog", "the-programs-two") && !starts("the-prog", "the-programs-two"));
        let other = holding(Architecture::Aarch64, "", "");
        assert!(may_start(&other, Path::new(program)), "nobody knows how it is cut there");
        assert!(may_start(b"no executable", Path::new(program)));
    }

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
