//! What is kept of an executable for the time when it is gone: numbers by which another one tells what it has otherwise.
//!
//! Two executables are compared by it as by their objects ([`mod@super::changed`]): a function is the same where the other has
//! one of the same name, bytes and targets. Only the side that is at hand can be asked which of its functions the other lacks;
//! what the other had besides is gone, and whoever called it is another function, or calls by that name what lies elsewhere now.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::capture::Capture;
use super::changed::{Differing, NAMELESS, code_of, contents, nameless};
use super::draw::Alive;
use super::entries;
use super::image::{Image, KNOWN};
use super::names::{canonical, is_made_up};
use super::reference::{Original, reference};
use super::sections::{self, Archives, Kind, Part, Sum};
use crate::build::digest;
use crate::domain::{Digest, LayoutFallback, LinkSummary};
use crate::support::hex::hexadecimal;

/// An executable, and all that it was linked from.
pub(super) struct Looked<'a> {
    pub(super) capture: &'a Capture,
    pub(super) image: &'a Image,
    pub(super) parts: &'a [Part],
    /// Where the parts were read.
    pub(super) inputs: &'a [PathBuf],
    /// All files that its linker took.
    pub(super) taken: &'a [PathBuf],
}

/// What is worth keeping of an executable.
///
/// # Errors
/// Why its link tells too little.
pub fn summary(
    original: Original<'_>,
    archives: &mut Archives,
    scratch: &Path,
) -> Result<LinkSummary, String> {
    with(original, archives, scratch, |looked, _| of(looked))
}

/// What an executable has otherwise than another one, and what is worth keeping of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Where the functions begin that do not do the same; with their names, sorted by address.
    pub functions: Vec<(u64, String)>,
    /// What is worth keeping, where that is known.
    pub summary: Option<LinkSummary>,
}

/// Compares an executable with another one, of which this was kept.
///
/// # Errors
/// Why that cannot be told, as [`super::Drawable::changed_in`] says.
pub fn changed_since(
    original: Original<'_>,
    before: &LinkSummary,
    archives: &mut Archives,
    scratch: &Path,
) -> Result<Changed, String> {
    with(original, archives, scratch, |looked, is_as_built| {
        if !is_as_built {
            return Err("its executable has no symbols".to_owned());
        }
        if besides(looked)? != before.besides {
            return Err("both sides are linked with other flags or libraries".to_owned());
        }
        let found = differing(looked.parts, &looked.image.alive(), looked.image.imports(), before)?;
        let changed = code_of(found, &[&looked.inputs.to_vec()])?;
        let functions = entries::of(original.executable, &changed)?;
        Ok(Changed { functions, summary: of(looked).ok() })
    })
}

/// Links an executable once more, to be sure of what it was linked from, and looks at that.
fn with<T>(
    original: Original<'_>,
    archives: &mut Archives,
    scratch: &Path,
    look: impl FnOnce(&Looked<'_>, bool) -> Result<T, String>,
) -> Result<T, String> {
    let text = |reason: LayoutFallback| reason.to_string();
    let capture = Capture::of(original.executable).map_err(text)?;
    let folder = tempfile::tempdir_in(scratch).map_err(|error| error.to_string())?;
    let linked = reference(&capture, original, &folder.path().join("again")).map_err(text)?;
    let mut read = |inputs: &[PathBuf]| sections::read(inputs, archives).map_err(|error| error.to_string());
    let alive = linked.image.alive();
    let mut inputs = capture.inputs();
    let mut parts = read(&inputs)?;
    if linked.image.known(&parts, &alive) < KNOWN {
        inputs.clone_from(&linked.taken);
        parts = read(&inputs)?;
    }
    if linked.image.known(&parts, &alive) < KNOWN {
        return Err("too few of its functions are in its objects".to_owned());
    }
    let looked = Looked {
        capture: &capture,
        image: &linked.image,
        parts: &parts,
        inputs: &inputs,
        taken: &linked.taken,
    };
    look(&looked, linked.is_as_built)
}

/// Whether this program would sum an executable up likewise.
pub fn is_current(summary: &LinkSummary) -> bool {
    summary.besides.as_str().starts_with(VERSION)
}

/// What is worth keeping of what was looked at.
pub(super) fn of(looked: &Looked<'_>) -> Result<LinkSummary, String> {
    if looked.capture.keeps_some_names() {
        return Err("its linker is told which names to keep".to_owned());
    }
    let Looked { image, parts, .. } = looked;
    let mut numbers: Vec<u64> = named(parts, &image.alive(), image.imports()).into_keys().collect();
    numbers.sort_unstable();
    Ok(LinkSummary { besides: besides(looked)?, nameless: sum_of(&nameless(parts)), parts: numbers })
}

/// What decides beside the parts what is linked, and what others see of it: flags, scripts, shared libraries, what the linker finds
/// by itself, and the names that shared libraries may find in the executable.
fn besides(looked: &Looked<'_>) -> Result<Digest, String> {
    let (words, scripts) = looked.capture.besides();
    let is_unnamed = |path: &&PathBuf| !looked.inputs.contains(*path);
    let unnamed = looked.taken.iter().filter(is_unnamed).map(|path| {
        let digest = digest::of_file(path).map_err(|error| error.to_string())?;
        Ok((path.file_name().map(|name| name.to_string_lossy().into_owned()), digest))
    });
    let unnamed = unnamed.collect::<Result<BTreeSet<_>, String>>()?;
    let exports = looked.image.exports();
    let all = digest::of_text(&format!("{words:?}{scripts:?}{unnamed:?}{exports:?}"));
    Ok(Digest::new(format!("{VERSION}{all}")))
}

/// What has a number: what it is, and under which name.
type Named = HashMap<u64, (Kind, String)>;

/// Everything in an executable that has a name, by its number: what its objects hold, names of which nobody knows what they
/// hold, and those that shared libraries give. Who refers to one of the latter is looked for as for data.
fn named(parts: &[Part], alive: &Alive, imports: &BTreeSet<String>) -> Named {
    let contents = contents(parts, alive);
    let held: HashSet<&str> = contents.keys().map(|(_, name)| *name).collect();
    let hidden: HashSet<&str> =
        parts.iter().flat_map(|part| &part.names).map(|name| canonical(name)).collect();
    let is_foreign = |name: &&str| !held.contains(name) && !hidden.contains(name) && !is_made_up(name);
    let foreign = alive.keys().map(|name| canonical(name)).filter(is_foreign);
    let foreign = foreign.map(|name| (number(FOREIGN, name, &[]), (Kind::Code, name.to_owned())));
    let imported = imports.iter().map(|name| (number(IMPORT, name, &[]), (Kind::Data, name.clone())));
    let own = contents
        .iter()
        .map(|((kind, name), sums)| (number(word(*kind), name, sums), (*kind, (*name).to_owned())));
    own.chain(foreign).chain(imported).collect()
}

/// What differs from the executable of which this was kept. A name that moved from its own code to an archive or a shared library
/// differs as well, though whoever calls it may be the same to the byte.
fn differing(
    parts: &[Part],
    alive: &Alive,
    imports: &BTreeSet<String>,
    before: &LinkSummary,
) -> Result<Differing, String> {
    if sum_of(&nameless(parts)) != before.nameless {
        return Err(NAMELESS.to_owned());
    }
    let mut found = Differing::default();
    for (number, (kind, name)) in named(parts, alive, imports) {
        if !before.has(number) {
            found.add(kind, name);
        }
    }
    Ok(found)
}

/// Begins what is kept. Changed whenever executables are summed up otherwise.
const VERSION: &str = "2-";

/// What stands for a name that a shared library gives.
const IMPORT: &str = "import";

/// What stands for a name of which nobody knows what it holds: it comes from an archive that the linker found by itself.
const FOREIGN: &str = "foreign";

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Code => "code",
        Kind::Data => "data",
        Kind::ThreadLocal => "thread-local",
    }
}

/// The first six bytes of a digest: one of some thousands is by chance among some thousands once in 10^10 executables.
fn number(kind: &str, name: &str, sums: &[Sum]) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(kind);
    hasher.update((name.len() as u64).to_le_bytes());
    hasher.update(name);
    for sum in sums {
        hasher.update(sum);
    }
    let first = hasher.finalize();
    first.iter().take(6).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn sum_of(sums: &[Sum]) -> Digest {
    let mut hasher = Sha256::new();
    for sum in sums {
        hasher.update(sum);
    }
    Digest::new(hexadecimal(&hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::super::names::canonical;
    use super::*;
    use crate::domain::Sides;

    fn kept(parts: &[Part], imports: &[&str]) -> LinkSummary {
        let nameless = sum_of(&nameless(parts));
        let mut parts: Vec<u64> = named(parts, &alive(parts), &names(imports)).into_keys().collect();
        parts.sort_unstable();
        LinkSummary { besides: Digest::default(), nameless, parts }
    }

    fn names(of: &[&str]) -> BTreeSet<String> {
        of.iter().map(|&name| name.to_owned()).collect()
    }

    fn alive(parts: &[Part]) -> Alive {
        parts.iter().flat_map(|part| &part.names).map(|name| (name.clone(), 1)).collect()
    }

    fn found(before: &LinkSummary, parts: &[Part], imports: &[&str]) -> Result<Differing, String> {
        differing(parts, &alive(parts), &names(imports), before)
    }

    fn data(name: &str, sum: u8) -> Part {
        Part { kind: Kind::Data, ..Part::function(name, sum) }
    }

    #[test]
    fn what_the_other_had_otherwise_or_not_at_all_differs() {
        let before = kept(
            &[
                Part::function("same", 1),
                Part::function("edited", 2),
                Part::function("gone", 3),
                data("T", 1),
            ],
            &["malloc"],
        );
        let now =
            [Part::function("same", 1), Part::function("edited", 5), Part::function("new", 3), data("T", 2)];
        let expected = Differing { code: names(&["edited", "new"]), data: names(&["T"]) };
        assert_eq!(found(&before, &now, &["malloc"]), Ok(expected));
    }

    #[test]
    fn it_says_of_one_side_what_both_sides_tell_each_other() {
        let function = Part::function;
        let sides = [
            vec![function("f", 1), function("f", 2), function("g.7", 3), data("D", 1)],
            vec![function("f", 2), function("f", 1), function("g.9", 3), data("D", 1)],
            vec![function("f", 1), function("g", 2), data("E", 4)],
            vec![function("g", 1), function("f", 3), function("h", 1), data("D", 2)],
        ];
        for one in &sides {
            for two in &sides {
                let alive = Sides { baseline: alive(one), candidate: alive(two) };
                let parts = Sides { baseline: &**one, candidate: &**two };
                let both = super::super::changed::differing(parts, alive.as_ref()).unwrap();
                let own = found(&kept(one, &[]), two, &[]).unwrap();
                let has = |name: &String| {
                    two.iter().any(|part| part.names.iter().any(|own| canonical(own) == name.as_str()))
                };
                let of = |all: &BTreeSet<String>| all.iter().filter(|name| has(name)).cloned().collect();
                assert_eq!(own, Differing { code: of(&both.code), data: of(&both.data) });
            }
        }
    }

    #[test]
    fn who_calls_what_a_library_gives_only_now_differs() {
        let parts = [Part::function("f", 1)];
        let before = kept(&parts, &["malloc", "write"]);
        assert_eq!(found(&before, &parts, &["malloc"]), Ok(Differing::default()));
        assert_eq!(found(&before, &parts, &["malloc", "helper"]).unwrap().data, names(&["helper"]));
    }

    #[test]
    fn of_code_without_a_name_nothing_is_known() {
        let nameless = |sum| [Part { names: Vec::new(), ..Part::function("", sum) }];
        let before = kept(&nameless(1), &[]);
        assert!(found(&before, &nameless(1), &[]).is_ok());
        assert!(found(&before, &nameless(2), &[]).is_err());
    }

    #[test]
    fn a_name_that_moved_to_an_archive_differs() {
        let caller = || Part::function("caller", 1);
        let before = kept(&[caller(), Part::function("__udivti3", 2)], &[]);
        let mut alive = alive(&[caller()]);
        alive.insert("__udivti3".to_owned(), 1);
        let now =
            |before: &LinkSummary| differing(&[caller()], &alive, &BTreeSet::new(), before).unwrap().code;
        assert_eq!(now(&before), names(&["__udivti3"]));
        let mut archived: Vec<u64> = named(&[caller()], &alive, &BTreeSet::new()).into_keys().collect();
        archived.sort_unstable();
        assert_eq!(now(&LinkSummary { parts: archived, ..before }), names(&[]));
    }

    #[test]
    fn kinds_and_names_are_part_of_a_number() {
        let numbers = [
            number("code", "ab", &[[1; 32]]),
            number("data", "ab", &[[1; 32]]),
            number("code", "a", &[[1; 32]]),
        ];
        assert!(numbers[0] != numbers[1] && numbers[0] != numbers[2]);
        assert_ne!(number("code", "a", &[[1; 32], [2; 32]]), number("code", "a", &[[1; 32]]));
    }
}
