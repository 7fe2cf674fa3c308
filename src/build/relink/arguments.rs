//! What a linker is told: response files, the files that are named, and the linker itself.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Takes a response file apart, as GCC and Clang do: words are parted by white space, a backslash takes the next character as it
/// is, and quotes hold words together.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => word.get_or_insert_default().extend(characters.next()),
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The place of `-o` in the arguments: that of the path itself.
pub(super) fn output(arguments: &[String]) -> Option<usize> {
    let at = arguments.iter().position(|argument| argument == "-o")?;
    (at + 1 < arguments.len()).then_some(at + 1)
}

/// The parts of an argument that may be paths, as ranges: the whole of it, what stands behind `-T` or `=`, and the same of
/// each part of a `-Wl,` list.
pub(super) fn candidates(argument: &str) -> Vec<std::ops::Range<usize>> {
    let whole = 0..argument.len();
    let mut found = Vec::from([whole]);
    let mut start = 0;
    for part in argument.split(',') {
        let end = start + part.len();
        found.push(start..end);
        found.extend(part.rfind('=').map(|at| start + at + 1..end));
        found.extend(part.starts_with("-T").then_some(start + 2..end));
        start = end + 1;
    }
    found.retain(|range| !range.is_empty());
    found
}

/// Flags of linkers that name a file which is written, not read: with one dash or two.
const WRITTEN: [&str; 5] = ["Map", "dependency-file", "reproduce", "out-implib", "print-archive-stats"];

/// Whether an argument names a file that is written, not read.
pub(super) fn names_output(argument: &str) -> bool {
    let flags = argument.strip_prefix("-Wl,").unwrap_or(argument).split(',');
    flags.filter_map(name_of).any(|name| WRITTEN.contains(&name))
}

/// The name of a flag, without its dashes and its value; `None` for what is none.
fn name_of(flag: &str) -> Option<&str> {
    let name = flag.split_once('=').map_or(flag, |(name, _)| name);
    name.strip_prefix("--").or_else(|| name.strip_prefix('-'))
}

/// Which program a link runs, by its way of taking arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A compiler driver: the linker's own flags need `-Wl,`.
    Driver,
    /// A linker itself.
    Linker,
}

impl Kind {
    /// The kind of a program, as rustc guesses it from the name.
    pub(super) fn of(program: &Path) -> Self {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.strip_suffix(".exe").unwrap_or(&name);
        let last = stem.rsplit('-').find(|part| !part.starts_with(|c: char| c.is_ascii_digit()));
        let is_linker =
            matches!(last, Some("ld" | "lld" | "ld.lld" | "ld.bfd" | "ld.gold" | "ld.mold" | "mold"));
        if is_linker { Self::Linker } else { Self::Driver }
    }

    /// The linker's own flag as this kind of program takes it. Not by `-Wl,`, for there may be a comma in a path.
    pub(super) fn flag(self, flag: &str) -> Vec<String> {
        match self {
            Self::Driver => vec!["-Xlinker".to_owned(), flag.to_owned()],
            Self::Linker => vec![flag.to_owned()],
        }
    }
}

/// Whether a flag of a linker takes names of functions away, by which it is told what is in an executable.
fn takes_names(flag: &str) -> bool {
    // Linkers take long flags with one dash as well.
    let long = flag.trim_start_matches('-');
    matches!(flag, "-s" | "-x" | "-X") || matches!(long, "strip-all" | "discard-all" | "discard-locals")
}

/// What follows a flag that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// Something else.
    Nothing,
    /// Its value, unless that stands in it, after `=`.
    Value,
    /// Its value, where that looks like a pattern with a number: mold knows the flag without one.
    Numbered,
}

/// What follows a flag that is left out when a side is linked in a drawn order; `None` for what stays.
fn is_left_out(flag: &str) -> Option<Follows> {
    if takes_names(flag) || matches!(flag, "-S" | "--strip-debug") {
        return Some(Follows::Nothing);
    }
    match name_of(flag)? {
        // Other linkers, and orders of functions: a linker obeys one kind.
        "fuse-ld" | "ld-path" | "call-graph-profile-sort" => Some(Follows::Nothing),
        "shuffle-sections" => Some(Follows::Numbered),
        "symbol-ordering-file" | "section-ordering-file" | "call-graph-ordering-file" => Some(Follows::Value),
        name if WRITTEN.contains(&name) => Some(Follows::Value),
        _ => None,
    }
}

/// Whether the arguments take names of functions away.
pub(super) fn take_names(kind: Kind, arguments: &[String]) -> bool {
    let names = |flag: &str| takes_names(flag).then_some(Follows::Nothing);
    without(kind, arguments.to_vec(), names) != arguments
}

/// The arguments without those that choose another linker, that give functions an order of their own, that have something else
/// written, or that take symbols away: `--strip-all` takes what shows whether an order was obeyed, and is replaced by the
/// caller.
pub(super) fn neutral(kind: Kind, arguments: Vec<String>) -> Vec<String> {
    without(kind, arguments, is_left_out)
}

/// The arguments without some of the linker's own flags, whichever way these are passed to it, and without what follows those.
fn without(kind: Kind, arguments: Vec<String>, unwanted: impl Fn(&str) -> Option<Follows>) -> Vec<String> {
    let mut words = words_of(kind, arguments).into_iter().peekable();
    let mut kept: Vec<Word> = Vec::new();
    while let Some(word) = words.next() {
        // To a driver `-x` is a language.
        let is_own =
            word.way != Way::Plain || kind == Kind::Linker || !matches!(word.text.as_str(), "-x" | "-X");
        match unwanted(&word.text).filter(|_| is_own) {
            None => kept.push(word),
            Some(Follows::Value) if !word.text.contains('=') => drop(words.next()),
            Some(Follows::Numbered) => drop(words.next_if(|next| is_numbered(&next.text))),
            Some(_) => {}
        }
    }
    arguments_of(kept)
}

/// Whether a word is a pattern with a number, as `.text*=3`.
fn is_numbered(text: &str) -> bool {
    let number = text.rsplit_once('=').filter(|_| !text.starts_with('-')).map(|(_, number)| number);
    number.is_some_and(|number| number.parse::<i64>().is_ok())
}

/// One argument of a linker, and how it gets there.
struct Word {
    text: String,
    way: Way,
}

/// How an argument gets to a linker.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As it stands: to the linker itself, or through a driver that knows it.
    Plain,
    /// In the list after a driver's `-Wl,` that is the argument of this number.
    Listed(usize),
    /// After a driver's `-Xlinker`.
    PassedOn,
}

fn words_of(kind: Kind, arguments: Vec<String>) -> Vec<Word> {
    let mut words = Vec::with_capacity(arguments.len());
    let mut rest = arguments.into_iter().enumerate();
    while let Some((number, argument)) = rest.next() {
        if kind == Kind::Driver
            && let Some(list) = argument.strip_prefix("-Wl,")
        {
            words
                .extend(list.split(',').map(|text| Word { text: text.to_owned(), way: Way::Listed(number) }));
        } else if kind == Kind::Driver && argument == "-Xlinker" {
            words.extend(rest.next().map(|(_, text)| Word { text, way: Way::PassedOn }));
        } else {
            words.push(Word { text: argument, way: Way::Plain });
        }
    }
    words
}

fn arguments_of(words: Vec<Word>) -> Vec<String> {
    let mut arguments: Vec<String> = Vec::with_capacity(words.len());
    let mut before = Way::Plain;
    for Word { text, way } in words {
        match (way, arguments.last_mut()) {
            (Way::Listed(_), Some(list)) if way == before => list.extend([",", &text]),
            (Way::Listed(_), _) => arguments.push(format!("-Wl,{text}")),
            (Way::PassedOn, _) => arguments.extend(["-Xlinker".to_owned(), text]),
            (Way::Plain, _) => arguments.push(text),
        }
        before = way;
    }
    arguments
}

/// The object or archive that a line of a linker's `--trace` names: `path`, `path(member)`, and mold puts `trace: ` before.
pub(super) fn traced(line: &str) -> Option<&str> {
    let line = line.strip_prefix("trace: ").unwrap_or(line).trim();
    let path = line.rsplit_once('(').map_or(line, |(path, _)| path);
    [".o", ".a", ".rlib"].iter().any(|end| path.ends_with(end)).then_some(path)
}

/// The file that a name means on a PATH.
pub(super) fn on_path(name: impl AsRef<Path>, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(&name)).find(|file| file.is_file())
}

/// The folder of the compiler's own tools, from the standard library that is linked: `<sysroot>/lib/rustlib`.
pub(super) fn rustlib(arguments: &[String]) -> Option<PathBuf> {
    let named = arguments.iter().find_map(|argument| {
        let at = argument.find("/lib/rustlib/")?;
        let path = argument[..at].strip_prefix("-B").or_else(|| argument[..at].strip_prefix("-L"));
        Some(format!("{}/lib/rustlib", path.unwrap_or(&argument[..at])))
    });
    named.map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_files_are_taken_apart_as_drivers_do() {
        assert_eq!(words("-o\n/a\\ b/c\n\"x y\" 'z\"' \\\\ ''"), ["-o", "/a b/c", "x y", "z\"", "\\", ""]);
        assert!(words(" \n").is_empty());
    }

    #[test]
    fn paths_are_looked_for_wherever_drivers_take_them() {
        let parts = |argument: &str| {
            candidates(argument).into_iter().map(|range| argument[range].to_owned()).collect::<Vec<_>>()
        };
        assert!(parts("/a/b.o").contains(&"/a/b.o".to_owned()));
        assert!(parts("-Tscript.ld").contains(&"script.ld".to_owned()));
        assert!(parts("-Wl,-Tscript.ld").contains(&"script.ld".to_owned()));
        assert!(parts("-Wl,--version-script=/t/list").contains(&"/t/list".to_owned()));
        assert!(parts("-Wl,-T,/t/x.ld").contains(&"/t/x.ld".to_owned()));
    }

    #[test]
    fn linkers_and_drivers_are_told_apart_by_name() {
        for linker in ["ld", "/x/rust-lld", "ld.lld", "aarch64-linux-gnu-ld", "ld.mold"] {
            assert_eq!(Kind::of(Path::new(linker)), Kind::Linker, "{linker}");
        }
        for driver in ["cc", "/usr/bin/gcc-13", "clang", "clang-18", "x86_64-linux-musl-gcc", "my.sh"] {
            assert_eq!(Kind::of(Path::new(driver)), Kind::Driver, "{driver}");
        }
    }

    #[test]
    fn only_the_choice_of_linker_and_of_symbols_is_dropped() {
        let given =
            ["a.o", "-fuse-ld=mold", "-Wl,--strip-all", "-s", "-Wl,-Map=x", "-lm", "-Wl,--gc-sections"];
        let kept = neutral(Kind::Driver, given.map(str::to_owned).to_vec());
        assert_eq!(kept, ["a.o", "-lm", "-Wl,--gc-sections"]);
        let neutral = |kind, given: &[&str]| neutral(kind, given.iter().map(ToString::to_string).collect());
        let given =
            ["-x", "c", "-Wl,-O1,-x,-z,now", "-Wl,--discard-all", "-Xlinker", "-X", "-Xlinker", "-O1", "a.o"];
        assert_eq!(neutral(Kind::Driver, &given), ["-x", "c", "-Wl,-O1,-z,now", "-Xlinker", "-O1", "a.o"]);
        assert_eq!(neutral(Kind::Linker, &["-x", "--strip-debug", "-O1", "a.o"]), ["-O1", "a.o"]);
        let ordered = [
            "-Wl,--shuffle-sections=.text*=3,-O1,--symbol-ordering-file,/t/list",
            "-Xlinker",
            "--section-ordering-file",
            "-Xlinker",
            "/t/order",
            "-Wl,--call-graph-profile-sort=none",
            "a.o",
        ];
        assert_eq!(neutral(Kind::Driver, &ordered), ["-Wl,-O1", "a.o"]);
        let without_values = [
            "-Wl,--shuffle-sections,-z,now",
            "-Wl,--shuffle-sections,.text*=7,--call-graph-profile-sort,--gc-sections",
            "-Wl,--shuffle-sections",
            "symbol-ordering-file",
            "a.o",
        ];
        assert_eq!(
            neutral(Kind::Driver, &without_values),
            ["-Wl,-z,now", "-Wl,--gc-sections", "symbol-ordering-file", "a.o"]
        );
        let written =
            ["-Wl,-Map,/t/m,-O1", "-Wl,-z,now,-Map=/t/m", "-Xlinker", "-Map", "-Xlinker", "/t/m", "a.o"];
        assert_eq!(neutral(Kind::Driver, &written), ["-Wl,-O1", "-Wl,-z,now", "a.o"]);
        let as_given =
            ["-Wl,", "-Wl,-a,,-b", "-Wl,-rpath,/a,b", "-Wl,-O1", "-Wl,-O2", "-Xlinker", "-z", "-lfoo"];
        assert_eq!(neutral(Kind::Driver, &as_given), as_given);
        assert_eq!(
            neutral(Kind::Linker, &["--symbol-ordering-file", "/t/list", "-O1", "a.o"]),
            ["-O1", "a.o"]
        );
    }

    #[test]
    fn files_that_are_written_are_known_whichever_way_they_are_named() {
        for argument in
            ["-Map", "--Map=/t/m", "-Wl,-z,now,-Map=/t/m", "-Wl,-Map,/t/m", "--reproduce=/t/r.tar"]
        {
            assert!(names_output(argument), "{argument}");
        }
        for argument in ["/t/Map", "-Wl,-O1", "a.o", "-L/t/out-implib", "-T/t/x.ld"] {
            assert!(!names_output(argument), "{argument}");
        }
    }

    #[test]
    fn names_are_there_where_only_what_debuggers_read_is_taken_away() {
        let take = |kind, given: &[&str]| {
            take_names(kind, &given.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert!(!take(Kind::Driver, &["-x", "c", "-Wl,--strip-debug", "-Wl,-O1", "-S", "a.o"]));
        for given in
            [&["-s"][..], &["-Wl,--as-needed,-x"], &["-Xlinker", "-discard-all"], &["-Wl,-strip-all"]]
        {
            assert!(take(Kind::Driver, given), "{given:?}");
        }
        assert!(take(Kind::Linker, &["-x"]));
    }

    #[test]
    fn what_linkers_take_is_read_from_their_lines() {
        assert_eq!(traced("/usr/lib/libc.a(xstat.o)"), Some("/usr/lib/libc.a"));
        assert_eq!(traced("trace: /usr/lib/crt1.o"), Some("/usr/lib/crt1.o"));
        assert_eq!(traced("/x/libstd-1.rlib"), Some("/x/libstd-1.rlib"));
        for line in ["/lib64/ld-linux-x86-64.so.2", "warning: something", ""] {
            assert_eq!(traced(line), None, "{line}");
        }
    }

    #[test]
    fn the_compilers_tools_are_found_by_its_library() {
        let arguments =
            ["-m64", "/r/lib/rustlib/x86_64-unknown-linux-gnu/lib/libstd-1.rlib"].map(str::to_owned);
        assert_eq!(rustlib(&arguments), Some(PathBuf::from("/r/lib/rustlib")));
        let folder = ["-L/r/lib/rustlib/t/lib".to_owned()];
        assert_eq!(rustlib(&folder), Some(PathBuf::from("/r/lib/rustlib")));
        assert_eq!(rustlib(&["-lm".to_owned()]), None);
    }
}
