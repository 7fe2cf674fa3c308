//! What a linker made: which symbols lie where, and where the loaded sections are.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use object::{File, Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, SymbolKind, elf};

use super::draw::Alive;
use super::sections::Kind;

/// A loaded section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loaded {
    pub(super) name: String,
    pub(super) address: u64,
    pub(super) size: u64,
    /// `SHF_WRITE` and `SHF_EXECINSTR`.
    pub(super) rights: u64,
    /// Takes no room in the address space of its neighbours.
    pub(super) is_thread_local_zero: bool,
}

/// The symbols and sections of an executable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Image {
    pub(super) sections: Vec<Loaded>,
    addresses: BTreeMap<(Kind, String), Vec<u64>>,
}

impl Image {
    /// Reads an executable.
    ///
    /// # Errors
    /// It cannot be read, or is no executable.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| error.to_string())?;
        let file = File::parse(&*bytes).map_err(|error| error.to_string())?;
        let mut addresses: BTreeMap<(Kind, String), Vec<u64>> = BTreeMap::new();
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
            if let (Some(kind), Ok(name)) = (kind, symbol.name()) {
                addresses.entry((*kind, name.to_owned())).or_default().push(symbol.address());
            }
        }
        addresses.values_mut().for_each(|places| places.sort_unstable());
        let mut sections: Vec<Loaded> = file.sections().filter_map(|section| loaded(&section)).collect();
        sections.sort_by_key(|section| section.address);
        Ok(Self { sections, addresses })
    }

    /// How often each symbol is there.
    pub(super) fn alive(&self) -> Alive {
        let mut alive = Alive::new();
        for ((_, name), places) in &self.addresses {
            *alive.entry(name.clone()).or_default() += places.len();
        }
        alive
    }

    /// Where the symbols of a name lie, in order.
    pub(super) fn places(&self, kind: Kind, name: &str) -> &[u64] {
        self.addresses.get(&(kind, name.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// How many functions have a name.
    pub(super) fn functions(&self) -> usize {
        self.addresses
            .iter()
            .filter(|((kind, _), _)| *kind == Kind::Code)
            .map(|(_, places)| places.len())
            .sum()
    }
}

fn loaded<'d>(section: &impl ObjectSection<'d>) -> Option<Loaded> {
    let SectionFlags::Elf { sh_flags, .. } = section.flags() else { return None };
    let has = |flag: elf::SectionFlags| sh_flags.0 & flag.0 != 0;
    has(elf::SHF_ALLOC).then(|| Loaded {
        name: section.name().unwrap_or_default().to_owned(),
        address: section.address(),
        size: section.size(),
        rights: sh_flags.0 & (elf::SHF_WRITE.0 | elf::SHF_EXECINSTR.0),
        is_thread_local_zero: has(elf::SHF_TLS) && section.kind() == SectionKind::UninitializedTls,
    })
}

/// How many bytes apart groups of sections with other rights begin: as far as the largest pages of the supported processors.
const PAGE: u64 = 0x1_0000;

/// Addresses at which the sections of both sides can begin, so that none of them depends on the size of another: each has the room
/// that the larger side needs, and some more, because another order needs other padding.
///
/// Empty when the two do not have the same sections in the same order.
pub(super) fn common_places(one: &Image, two: &Image) -> Vec<(String, u64)> {
    let fits = |image: &Image| -> Vec<String> {
        image.sections.iter().map(|section| section.name.clone()).collect()
    };
    if fits(one) != fits(two) {
        return Vec::new();
    }
    let mut places = Vec::new();
    let mut end = 0;
    let mut rights = None;
    for (one, two) in one.sections.iter().zip(&two.sections) {
        let size = one.size.max(two.size);
        let is_first_of_group = rights.is_some_and(|rights| rights != one.rights);
        rights = Some(one.rights);
        // What stands before the first section belongs to the headers; padding and zeroed thread-locals find their own place.
        let is_free =
            one.is_thread_local_zero || one.name == ".relro_padding" || one.name.starts_with(".note");
        if end == 0 || is_free {
            end = end.max(one.address.max(two.address)) + if one.is_thread_local_zero { 0 } else { size };
            continue;
        }
        let least = end.max(one.address).max(two.address);
        let step =
            if is_first_of_group || one.name == ".data" || one.name == ".tm_clone_table" { PAGE } else { 64 };
        let address = least.next_multiple_of(step);
        places.push((one.name.clone(), address));
        end = address + size + size / 16 + 256;
    }
    places
}
