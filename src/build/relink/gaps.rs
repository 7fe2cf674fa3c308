//! Bytes that nobody runs, between functions: they decide where what follows begins.

use object::write::{Object, StandardSection, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, SectionFlags, SymbolFlags, SymbolKind, SymbolScope, elf,
};

/// What all addresses of functions are multiples of, as compilers make them; and gaps, too.
pub(super) const STEP: u64 = 16;

/// A line of the processor's caches. Places that differ by so much are alike to what fetches instructions.
pub(super) const LINE: u64 = 64;

/// More sections would need another format of objects.
pub(super) const MOST: usize = 10_000;

/// What fills a gap: whoever comes there stops.
const TRAP: u8 = 0xcc;

/// A gap between two functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    /// How many bytes: a multiple of [`STEP`], and not zero.
    pub(super) size: u64,
    /// What its address is a multiple of.
    pub(super) alignment: u64,
}

/// The symbol of a gap, by its number.
pub(super) fn name(number: usize) -> String {
    format!("perfguard.gap.{number}")
}

/// The number of the gap that a symbol names.
pub(super) fn number(name: &str) -> Option<usize> {
    name.strip_prefix("perfguard.gap.")?.parse().ok()
}

/// Whether gaps can be made for executables of an architecture.
pub(super) fn are_known(architecture: Architecture) -> bool {
    matches!(architecture, Architecture::X86_64 | Architecture::Aarch64)
}

/// An object with a section for each gap, which a linker keeps though nothing refers to it.
///
/// # Errors
/// The sections do not fit into an object.
pub(super) fn object(architecture: Architecture, gaps: &[Gap]) -> Result<Vec<u8>, String> {
    let mut object = Object::new(BinaryFormat::Elf, architecture, Endianness::Little);
    for (number, gap) in gaps.iter().enumerate() {
        let section = object.add_subsection(StandardSection::Text, name(number).as_bytes());
        let flags = elf::SHF_ALLOC | elf::SHF_EXECINSTR | elf::SHF_GNU_RETAIN;
        object.section_mut(section).flags = SectionFlags::Elf { sh_type: elf::SHT_PROGBITS, sh_flags: flags };
        object.append_section_data(section, &filling(number, gap.size), gap.alignment);
        object.add_symbol(Symbol {
            name: name(number).into_bytes(),
            value: 0,
            size: gap.size,
            kind: SymbolKind::Label,
            scope: SymbolScope::Compilation,
            weak: false,
            section: SymbolSection::Section(section),
            flags: SymbolFlags::None,
        });
    }
    object.write().map_err(|error| error.to_string())
}

/// The bytes of a gap. Each has its number in it: a linker may make one of sections that are equal.
pub(super) fn filling(number: usize, size: u64) -> Vec<u8> {
    let mut bytes = vec![TRAP; usize::try_from(size).unwrap_or(0)];
    for (place, byte) in bytes.iter_mut().zip((number as u64).to_le_bytes()) {
        *place = byte;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use object::{File, Object as _, ObjectSection as _, ObjectSymbol as _};

    use super::*;

    #[test]
    fn each_gap_is_a_section_of_its_own_and_kept() {
        let gaps = [(64, 16), (16, 16), (16, 64)].map(|(size, alignment)| Gap { size, alignment });
        for architecture in [Architecture::X86_64, Architecture::Aarch64] {
            let bytes = object(architecture, &gaps).unwrap();
            let file = File::parse(&*bytes).unwrap();
            assert_eq!(file.architecture(), architecture);
            let mut contents = BTreeSet::new();
            for (number, gap) in gaps.iter().enumerate() {
                let symbol = file.symbols().find(|symbol| symbol.name() == Ok(&name(number))).unwrap();
                assert!(symbol.is_local(), "no other object may mean it");
                let section = file.section_by_index(symbol.section_index().unwrap()).unwrap();
                assert_eq!((section.size(), section.align()), (gap.size, gap.alignment));
                let SectionFlags::Elf { sh_flags, .. } = section.flags() else { panic!("no ELF") };
                assert!((sh_flags & elf::SHF_GNU_RETAIN).0 != 0 && (sh_flags & elf::SHF_EXECINSTR).0 != 0);
                contents.insert(section.data().unwrap().to_vec());
            }
            assert_eq!(contents.len(), 3, "equal sections might become one");
        }
    }

    #[test]
    fn as_many_as_there_may_be_fit_into_an_object() {
        let gaps = vec![Gap { size: STEP, alignment: STEP }; 2 * MOST + 1];
        let bytes = object(Architecture::X86_64, &gaps).unwrap();
        assert_eq!(
            File::parse(&*bytes).unwrap().symbols().filter(object::ObjectSymbol::is_local).count(),
            gaps.len()
        );
    }
}
