//! What a linker made: which symbols lie where, and where the loaded sections are.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;

use object::{
    Architecture, File, Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, SymbolKind, elf,
};

use super::draw::Alive;
use super::names::is_mark;
use super::sections::{Kind, Part};

/// What LLD signs with.
const LLD: &[u8] = b"Linker: LLD";

/// The share of an executable's named functions that must be found in its objects.
pub(super) const KNOWN: f64 = 0.9;

/// The section of the number that a build is known by.
const BUILD_ID: &str = ".note.gnu.build-id";

/// A loaded section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loaded {
    pub(super) name: String,
    pub(super) address: u64,
    pub(super) size: u64,
    pub(super) alignment: u64,
    /// `SHF_WRITE` and `SHF_EXECINSTR`.
    pub(super) rights: u64,
    /// Takes no room in the address space of its neighbours.
    pub(super) is_thread_local_zero: bool,
}

/// Where the symbols of each name lie. Long names that begin alike are slow to sort.
type Addresses = HashMap<String, Vec<u64>>;

/// The symbols and sections of an executable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Image {
    pub(super) sections: Vec<Loaded>,
    /// What it runs on; `None` where nothing was read.
    pub(super) architecture: Option<Architecture>,
    is_by_lld: bool,
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
    code: Addresses,
    data: Addresses,
}

impl Image {
    /// Reads an executable.
    ///
    /// # Errors
    /// It cannot be read, or is no executable.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        Self::parse(&fs::read(path).map_err(|error| error.to_string())?)
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file = parsed(bytes)?;
        let (mut code, mut data) = (Addresses::new(), Addresses::new());
        let mut kinds = HashMap::new();
        for section in file.sections() {
            let kind = if section.kind() == SectionKind::Text { Kind::Code } else { Kind::Data };
            kinds.insert(section.index(), kind);
        }
        for symbol in file.symbols() {
            if matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File) {
                continue;
            }
            let kind = symbol.section_index().and_then(|section| kinds.get(&section));
            if let (Some(kind), Ok(name)) = (kind, symbol.name())
                && !is_mark(name)
            {
                let addresses = if *kind == Kind::Code { &mut code } else { &mut data };
                addresses.entry(name.to_owned()).or_default().push(symbol.address());
            }
        }
        for places in code.values_mut().chain(data.values_mut()) {
            places.sort_unstable();
        }
        let mut sections: Vec<Loaded> = file.sections().filter_map(|section| loaded(&section)).collect();
        sections.sort_by_key(|section| section.address);
        let comment = file.section_by_name(".comment");
        let comment = comment.and_then(|section| section.data().ok()).unwrap_or_default();
        let is_by_lld = comment.windows(LLD.len()).any(|part| part == LLD);
        let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
        for symbol in file.dynamic_symbols() {
            if let Ok(name) = symbol.name() {
                let names = if symbol.is_undefined() { &mut imports } else { &mut exports };
                names.insert(name.to_owned());
            }
        }
        Ok(Self {
            sections,
            architecture: Some(file.architecture()),
            is_by_lld,
            imports,
            exports,
            code,
            data,
        })
    }

    /// What is not the same in two executables: the name of the first loaded section that differs, or `symbols`. The number that
    /// a build is known by may differ.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub(super) fn difference(one: &[u8], other: &[u8]) -> Result<Option<String>, String> {
        let (image, other_image) = (Self::parse(one)?, Self::parse(other)?);
        let (one, other) = (parsed(one)?, parsed(other)?);
        for (section, other_section) in image.sections.iter().zip(&other_image.sections) {
            let content = |file: &File<'_>| {
                let section = file.section_by_name(&section.name)?;
                Some(section.data().unwrap_or_default().to_vec())
            };
            let is_same = section.name == BUILD_ID || content(&one) == content(&other);
            if section != other_section || !is_same {
                return Ok(Some(section.name.clone()));
            }
        }
        let is_same = image == other_image && one.entry() == other.entry();
        Ok((!is_same).then(|| "symbols".to_owned()))
    }

    /// Whether it was linked by LLD, by its own word.
    pub(super) fn is_by_lld(&self) -> bool {
        self.is_by_lld
    }

    /// The names that shared libraries may find in it.
    pub(super) fn exports(&self) -> &BTreeSet<String> {
        &self.exports
    }

    /// The names that shared libraries give.
    pub(super) fn imports(&self) -> &BTreeSet<String> {
        &self.imports
    }

    /// How many symbols there are of each name.
    pub(super) fn alive(&self) -> Alive {
        let mut alive = Alive::new();
        for (name, places) in self.code.iter().chain(&self.data) {
            *alive.entry(name.clone()).or_default() += places.len();
        }
        alive
    }

    /// Where the symbols of a name lie, in order.
    pub(super) fn places(&self, kind: Kind, name: &str) -> &[u64] {
        let addresses = if kind == Kind::Code { &self.code } else { &self.data };
        addresses.get(name).map_or(&[], Vec::as_slice)
    }

    /// The share of the functions that objects have. `alive` are its own symbols.
    pub(super) fn known(&self, parts: &[Part], alive: &Alive) -> f64 {
        let code = parts.iter().filter(|part| part.kind == Kind::Code);
        let names: HashSet<&str> = code.flat_map(|part| part.names.iter().map(String::as_str)).collect();
        let found: usize = names.iter().filter_map(|name| alive.get(*name)).sum();
        found as f64 / self.functions().max(1) as f64
    }

    /// How many functions have a name.
    pub(super) fn functions(&self) -> usize {
        self.code.values().map(Vec::len).sum()
    }
}

/// An executable or an object, to be looked into.
///
/// # Errors
/// It is neither, as a fragment.
pub(super) fn parsed(bytes: &[u8]) -> Result<File<'_>, String> {
    File::parse(bytes).map_err(|error| error.to_string())
}

fn loaded<'d>(section: &impl ObjectSection<'d>) -> Option<Loaded> {
    let SectionFlags::Elf { sh_flags, .. } = section.flags() else { return None };
    let has = |flag: elf::SectionFlags| sh_flags.0 & flag.0 != 0;
    has(elf::SHF_ALLOC).then(|| Loaded {
        name: section.name().unwrap_or_default().to_owned(),
        address: section.address(),
        size: section.size(),
        alignment: section.align(),
        rights: sh_flags.0 & (elf::SHF_WRITE.0 | elf::SHF_EXECINSTR.0),
        is_thread_local_zero: has(elf::SHF_TLS) && section.kind() == SectionKind::UninitializedTls,
    })
}

/// How many bytes apart groups of sections with other rights begin: as far as the largest pages of the supported processors.
const PAGE: u64 = 0x1_0000;

/// Room for more program headers than the build has: sections with addresses of their own may need some.
const HEADERS: u64 = 0x200;

/// The section of functions.
const CODE: &str = ".text";

/// What fills the last page that is read-only after loading; the linker makes it as it needs it.
const PADDING: &str = ".relro_padding";

/// Addresses at which the sections of both sides can begin, so that none of them depends on the size of another: each has
/// the room that the larger side needs, and some more, because another order needs other padding; code has `gaps` bytes
/// besides. Every section has a place, for a linker puts those without an address behind all others. What only one side has
/// leaves a gap on the other.
///
/// Empty when the two have sections in different orders.
pub(super) fn common_places(one: &Image, two: &Image, gaps: u64) -> Vec<(String, u64)> {
    let mut places = Vec::new();
    let mut end = 0;
    let mut rights = None;
    for section in united(&one.sections, &two.sections).unwrap_or_default() {
        if section.name == PADDING {
            rights = None;
            continue;
        }
        let least = if places.is_empty() { section.address + HEADERS } else { end };
        let starts_group = !places.is_empty() && rights != Some(section.rights);
        rights = Some(section.rights);
        let address = least.next_multiple_of(if starts_group { PAGE } else { section.alignment.max(16) });
        // Zeroed thread-local variables take no room here.
        let gaps = if section.name == CODE { gaps } else { 0 };
        let size =
            if section.is_thread_local_zero { 0 } else { section.size + section.size / 16 + 256 + gaps };
        places.push((section.name, address));
        end = address + size;
    }
    places
}

/// The sections of both sides in one order, each as large and as strictly aligned as the side needs that asks for more. `None`
/// when the sides order them differently, or one has a name twice.
fn united(one: &[Loaded], two: &[Loaded]) -> Option<Vec<Loaded>> {
    let place = |sections: &[Loaded], name: &str| sections.iter().position(|section| section.name == name);
    let mut united = Vec::with_capacity(one.len());
    let mut next = 0;
    for section in one {
        let Some(at) = place(two, &section.name) else {
            united.push(section.clone());
            continue;
        };
        // What lies before it on the other side alone.
        united.extend(two.get(next..at)?.iter().cloned());
        let other = &two[at];
        united.push(Loaded {
            address: section.address.max(other.address),
            size: section.size.max(other.size),
            alignment: section.alignment.max(other.alignment),
            ..section.clone()
        });
        next = at + 1;
    }
    united.extend(two[next..].iter().cloned());
    let names: HashSet<&str> = united.iter().map(|section| section.name.as_str()).collect();
    (names.len() == united.len()).then_some(united)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(sections: &[(&str, u64, u64, u64)]) -> Image {
        let section = |&(name, address, size, rights): &(&str, u64, u64, u64)| Loaded {
            name: name.to_owned(),
            address,
            size,
            alignment: 16,
            rights,
            is_thread_local_zero: name == ".tbss",
        };
        Image { sections: sections.iter().map(section).collect(), ..Image::default() }
    }

    #[test]
    fn every_section_has_room_for_the_larger_side() {
        let one = image(&[
            (".rodata", 0x400, 0x1000, 0),
            (".text", 0x2400, 0x9000, 4),
            (".tdata", 0xc000, 0x20, 1),
            (".tbss", 0xc020, 0x900, 1),
            (".got", 0xc020, 0x100, 1),
            (".relro_padding", 0xc120, 0xee0, 1),
            (".data", 0xd000, 0x10, 1),
        ]);
        let mut two = one.clone();
        two.sections[0].size = 0x7000;
        two.sections[1].address = 0x8400;
        let places = common_places(&one, &two, 0);
        assert_eq!(places, common_places(&two, &one, 0), "it does not matter which side is which");
        let at = |name: &str| places.iter().find(|(found, _)| found == name).unwrap().1;
        assert_eq!(places.len(), 6);
        let with_gaps = common_places(&one, &two, 0x10_0000);
        assert!(with_gaps[2].1 >= with_gaps[1].1 + 0x10_9000, "{with_gaps:?}");
        assert!(at(".text") >= at(".rodata") + 0x7000 && at(".text").is_multiple_of(PAGE));
        assert!(at(".tdata") >= at(".text") + 0x9000 && at(".tdata").is_multiple_of(PAGE));
        assert!(at(".got") < at(".tbss") + 0x900, "zeroed thread-locals take no room");
        assert!(at(".data").is_multiple_of(PAGE), "what stays writable has pages of its own");
    }

    #[test]
    fn zeroed_thread_locals_may_begin_a_group() {
        let one = image(&[(".text", 0x1000, 1, 4), (".tbss", 0x2000, 0x90, 1), (".got", 0x2000, 8, 1)]);
        let places = common_places(&one, &one, 0);
        assert!(places[1].1.is_multiple_of(PAGE) && places[2].1 >= places[1].1, "{places:?}");
    }

    #[test]
    fn what_only_one_side_has_leaves_a_gap_on_the_other() {
        let one = image(&[(".rodata", 0x400, 0x10, 0), (".text", 0x1000, 1, 4), (".own", 0x2000, 0x500, 1)]);
        let two = image(&[
            (".note", 0x300, 0x900, 0),
            (".rodata", 0x400, 0x10, 0),
            (".text", 0x1000, 1, 4),
            (".mine", 0x2000, 1, 1),
        ]);
        let places = common_places(&one, &two, 0);
        let names: Vec<&str> = places.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [".note", ".rodata", ".text", ".own", ".mine"]);
        assert!(places.windows(2).all(|two| two[0].1 < two[1].1), "{places:?}");
        assert!(places[1].1 >= places[0].1 + 0x900);
    }

    #[test]
    fn other_orders_have_no_common_places() {
        let one = image(&[(".text", 0x1000, 1, 4), (".mine", 0x2000, 1, 1)]);
        let two = image(&[(".mine", 0x1000, 1, 1), (".text", 0x2000, 1, 4)]);
        assert!(common_places(&one, &two, 0).is_empty());
        let twice = image(&[(".text", 0x1000, 1, 4), (".mine", 0x2000, 1, 1), (".mine", 0x3000, 1, 1)]);
        assert!(common_places(&twice, &one, 0).is_empty());
    }

    #[test]
    fn what_is_no_executable_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "text").unwrap();
        assert!(Image::read(&path).is_err() && Image::read(folder.path()).is_err());
        assert!(Image::read(&std::env::current_exe().unwrap()).unwrap().functions() > 100);
    }
}
