//! Where objects leave room for addresses, found again in what was linked from them. x86-64.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use object::read::ReadCache;
use object::read::archive::ArchiveFile;
use object::{
    File, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionFlags, SectionIndex,
    SymbolKind, elf,
};

use super::image::parsed;
use super::map::{Input, Output, PartId};

/// Tables of unwinding are merged and read as they are in the executable.
const FRAMES: &str = ".eh_frame";

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// Four bytes.
    Four,
    /// Eight bytes.
    Eight,
}

/// From where a field counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// From its own place.
    Itself,
    /// From zero.
    Zero,
}

/// Bytes that hold an address, or the way to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// Where it is in the executable.
    pub(super) address: u64,
    pub(super) width: Width,
    pub(super) from: From,
    /// What is added to its target's address.
    pub(super) addend: i64,
    /// Whether its target is one of the constants that a linker merges: then the addend is part of where that lies.
    pub(super) is_merged: bool,
    /// Its target, where that is a part without a byte: by the address alone it could be what follows.
    pub(super) empty: Option<PartId>,
}

/// What the objects say of an executable that was linked from them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fields {
    pub(super) fields: Vec<Field>,
    /// The symbols of each part, in the order of the map: by section of the executable, and in it.
    pub(super) names: Vec<Vec<Vec<String>>>,
}

/// What an executable holds around an address.
type Holds<'a> = &'a dyn Fn(u64) -> Option<[u8; AROUND]>;

/// How many bytes of the executable are looked at around a field, from four before it on.
const AROUND: usize = 16;

/// A part of an object, and its place in the map.
#[derive(Debug, Clone, Copy)]
struct Placed<'m> {
    id: PartId,
    input: &'m Input,
}

/// The parts that were linked of each file in an archive, or of an object, which has no name in it.
type Members<'m> = Vec<(&'m str, Vec<Placed<'m>>)>;

/// What is done with an object, and the parts of it that were linked.
type Visit<'v> = &'v mut dyn FnMut(&File<'_>, &[Placed<'_>]) -> Result<(), String>;

/// Parts without a byte, by the names that other objects know.
type Empty = HashMap<String, PartId>;

/// Reads the objects of a map, whose paths are those of `folder`. `at` gives the bytes that the executable holds around an address.
///
/// # Errors
/// An object that is not there or not as the map has it, or a kind of field that nobody here knows, as a fragment.
pub(super) fn read(outputs: &[Output], folder: &Path, at: Holds<'_>) -> Result<Fields, String> {
    let mut found = Fields::default();
    let mut by_file: HashMap<&str, Vec<Placed<'_>>> = HashMap::new();
    for (output, section) in outputs.iter().enumerate() {
        found.names.push(vec![Vec::new(); section.inputs.len()]);
        if section.address == 0 || section.name == FRAMES {
            continue;
        }
        for (part, input) in section.inputs.iter().enumerate().filter(|(_, input)| input.is_of_object()) {
            by_file.entry(&input.file).or_default().push(Placed { id: PartId { output, part }, input });
        }
    }
    let mut all: HashMap<PathBuf, Members<'_>> = HashMap::new();
    let mut with_empty: HashMap<PathBuf, Members<'_>> = HashMap::new();
    for (file, inputs) in by_file {
        let (path, member) = split(folder, file);
        let empty: Vec<_> = inputs.iter().filter(|placed| placed.input.size == 0).copied().collect();
        if !empty.is_empty() {
            with_empty.entry(path.clone()).or_default().push((member, empty));
        }
        all.entry(path).or_default().push((member, inputs));
    }
    let mut empty = Empty::new();
    each(with_empty, &mut |object, inputs| {
        for (section, placed) in located(object, inputs)? {
            let of_it = object.symbols().filter(|symbol| symbol.section_index() == Some(section));
            let names = of_it.filter(ObjectSymbol::is_global).filter_map(|symbol| symbol.name().ok());
            empty.extend(names.map(|name| (name.to_owned(), placed.id)));
        }
        Ok(())
    })?;
    each(all, &mut |object, inputs| found.object(object, inputs, &empty, at))?;
    Ok(found)
}

/// Shows every object, with the parts of it that were linked.
fn each(files: HashMap<PathBuf, Members<'_>>, visit: Visit<'_>) -> Result<(), String> {
    for (path, members) in files {
        let unreadable = |error: io::Error| format!("`{}`: {error}", path.display());
        if let [("", inputs)] = &members[..] {
            visit(&parsed(&fs::read(&path).map_err(unreadable)?)?, inputs)?;
            continue;
        }
        // Of an archive only what was linked is read.
        let bytes = ReadCache::new(fs::File::open(&path).map_err(unreadable)?);
        let archive = ArchiveFile::parse(&bytes).map_err(|error| error.to_string())?;
        let mut places = HashMap::new();
        for member in archive.members().flatten() {
            // Of two members of one name nobody says which of them it is.
            places.entry(member.name().to_owned()).and_modify(|place| *place = None).or_insert(Some(member));
        }
        for (member, inputs) in members {
            let member_of = places.get(member.as_bytes()).and_then(Option::as_ref);
            let data = member_of.and_then(|member| member.data(&bytes).ok());
            let data = data.ok_or_else(|| format!("`{member}` is not in `{}`", path.display()))?;
            visit(&parsed(data)?, &inputs)?;
        }
    }
    Ok(())
}

/// The sections of an object that parts of a map are.
fn located<'p, 'm>(
    object: &File<'_>,
    inputs: &'p [Placed<'m>],
) -> Result<Vec<(SectionIndex, &'p Placed<'m>)>, String> {
    let mut sections: HashMap<&str, Vec<SectionIndex>> = HashMap::new();
    for section in object.sections() {
        sections.entry(section.name().unwrap_or_default()).or_default().push(section.index());
    }
    let section_of =
        |placed: &'p Placed<'m>| match sections.get(placed.input.section.as_str()).map(Vec::as_slice) {
            Some([index]) => Ok((*index, placed)),
            _ => Err(format!("`{}` has several sections `{}`", placed.input.file, placed.input.section)),
        };
    inputs.iter().map(section_of).collect()
}

/// The path of a file, and the member of the archive that it is.
fn split<'f>(folder: &Path, file: &'f str) -> (PathBuf, &'f str) {
    match file.strip_suffix(')').and_then(|file| file.rsplit_once('(')) {
        Some((path, member)) if !folder.join(file).is_file() => (folder.join(path), member),
        _ => (folder.join(file), ""),
    }
}

impl Fields {
    fn object(
        &mut self,
        object: &File<'_>,
        inputs: &[Placed<'_>],
        empty: &Empty,
        at: Holds<'_>,
    ) -> Result<(), String> {
        let located = located(object, inputs)?;
        let own_empty: HashMap<SectionIndex, PartId> = located
            .iter()
            .filter(|(_, placed)| placed.input.size == 0)
            .map(|(section, placed)| (*section, placed.id))
            .collect();
        let mut names: HashMap<_, Vec<String>> = HashMap::new();
        let mut empties = HashMap::new();
        for symbol in object.symbols() {
            let part = match symbol.section_index() {
                Some(section) => own_empty.get(&section),
                None if empty.is_empty() => None,
                None => symbol.name().ok().and_then(|name| empty.get(name)),
            };
            empties.extend(part.map(|part| (symbol.index(), *part)));
            let is_name = !matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File);
            if let (true, Some(section), Ok(name)) = (is_name, symbol.section_index(), symbol.name())
                && !name.is_empty()
            {
                names.entry(section).or_default().push(name.to_owned());
            }
        }
        for (index, Placed { id, input }) in located {
            let section = object.section_by_index(index).map_err(|error| error.to_string())?;
            self.names[id.output][id.part] = names.remove(&index).unwrap_or_default();
            let data = section.data().unwrap_or_default();
            let mut relocations: Vec<_> = section.relocations().collect();
            relocations.sort_by_key(|(offset, _)| *offset);
            let mut relocations = relocations.into_iter();
            while let Some((offset, relocation)) = relocations.next() {
                let RelocationFlags::Elf { r_type } = relocation.flags() else { continue };
                let place = Place { data, offset, linked: at(input.address + offset).unwrap_or_default() };
                let (offset, width, from) = match place.found(r_type)? {
                    Found::Address(offset, width, from) => (offset, width, from),
                    Found::NoAddress => continue,
                    Found::Call => {
                        relocations.next();
                        continue;
                    }
                };
                let (is_merged, empty) = match relocation.target() {
                    RelocationTarget::Symbol(index) => {
                        let symbol = object.symbol_by_index(index).map_err(|error| error.to_string())?;
                        let section = symbol.section_index().filter(|_| symbol.kind() == SymbolKind::Section);
                        let section = section.and_then(|section| object.section_by_index(section).ok());
                        let is_merged = section.is_some_and(|section| match section.flags() {
                            SectionFlags::Elf { sh_flags, .. } => sh_flags.0 & elf::SHF_MERGE.0 != 0,
                            _ => false,
                        });
                        (is_merged, empties.get(&index).copied())
                    }
                    _ => (false, None),
                };
                let address = input.address + offset;
                let addend = relocation.addend();
                self.fields.push(Field { address, width, from, addend, is_merged, empty });
            }
        }
        Ok(())
    }
}

/// What a field in an object became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It holds an address: where it is in its section now, how wide it is, and what it counts from.
    Address(u64, Width, From),
    /// It holds none.
    NoAddress,
    /// It asked for a variable of the thread's own, by a call that has the next field. An executable knows the answer.
    Call,
}

/// A field in an object.
struct Place<'a> {
    data: &'a [u8],
    offset: u64,
    /// What the executable holds, from four bytes before the field on.
    linked: [u8; AROUND],
}

impl Place<'_> {
    /// The two bytes before the field, in the object.
    fn before(&self) -> [u8; 2] {
        let before = usize::try_from(self.offset).ok().and_then(|at| self.data.get(at.checked_sub(2)?..at));
        before.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
    }

    /// What became of it. Linkers replace instructions by others that need no table, as the x86-64 psABI allows ("Optimize
    /// GOTPCRELX Relocations", and the models of thread-local storage).
    fn found(&self, kind: elf::RelocationType) -> Result<Found, String> {
        let at = self.offset;
        let (before, linked) = (self.before(), [self.linked[2], self.linked[3]]);
        let near = Found::Address(at, Width::Four, From::Itself);
        Ok(match kind {
            elf::R_X86_64_64 => Found::Address(at, Width::Eight, From::Zero),
            elf::R_X86_64_32 | elf::R_X86_64_32S => Found::Address(at, Width::Four, From::Zero),
            elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 | elf::R_X86_64_GOTPCREL => near,
            elf::R_X86_64_PC64 => Found::Address(at, Width::Eight, From::Itself),
            elf::R_X86_64_GOTPCRELX | elf::R_X86_64_REX_GOTPCRELX => match (before, linked) {
                // A jump by way of a table became a shorter one and a byte that does nothing.
                ([0xff, 0x25], [0xe9, _]) => Found::Address(at - 1, Width::Four, From::Itself),
                // A load from the table became one of the address itself, a call by way of it a call.
                ([0x8b, _], [0x8d, _]) | ([0xff, 0x15], [0x67, 0xe8]) => near,
                (before, linked) if before == linked => near,
                (before, linked) => {
                    return Err(format!("an instruction {before:x?} that became {linked:x?}"));
                }
            },
            // By way of a table, as long as it is read; its distance otherwise.
            elf::R_X86_64_GOTTPOFF if before == linked => near,
            elf::R_X86_64_GOTPC32_TLSDESC if before == linked || linked[0] == 0x8b => near,
            elf::R_X86_64_TLSLD => Found::Call,
            // `lea distance(%rax), %rax`: anything else reads a table.
            elf::R_X86_64_TLSGD if self.linked[9..12] == [0x48, 0x8d, 0x80] => Found::Call,
            elf::R_X86_64_NONE
            | elf::R_X86_64_GOTTPOFF
            | elf::R_X86_64_GOTPC32_TLSDESC
            | elf::R_X86_64_TLSDESC_CALL
            | elf::R_X86_64_TPOFF32
            | elf::R_X86_64_TPOFF64
            | elf::R_X86_64_DTPOFF32
            | elf::R_X86_64_DTPOFF64
            | elf::R_X86_64_SIZE32
            | elf::R_X86_64_SIZE64 => Found::NoAddress,
            other => return Err(format!("a field of kind {}", other.0)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: elf::RelocationType, before: [u8; 2], linked: [u8; 2]) -> Result<Found, String> {
        let data = [before[0], before[1], 0, 0, 0, 0];
        let mut around = [0; AROUND];
        around[2..4].copy_from_slice(&linked);
        Place { data: &data, offset: 2, linked: around }.found(kind)
    }

    #[test]
    fn instructions_that_a_linker_replaced_keep_their_field_or_have_it_a_byte_earlier() {
        let near = Ok(Found::Address(2, Width::Four, From::Itself));
        for kind in [elf::R_X86_64_GOTPCRELX, elf::R_X86_64_REX_GOTPCRELX] {
            assert_eq!(found(kind, [0x8b, 0x05], [0x8d, 0x05]), near);
            assert_eq!(found(kind, [0x8b, 0x05], [0x8b, 0x05]), near);
            assert_eq!(found(kind, [0xff, 0x15], [0x67, 0xe8]), near);
            assert_eq!(
                found(kind, [0xff, 0x25], [0xe9, 0x44]),
                Ok(Found::Address(1, Width::Four, From::Itself))
            );
            assert!(found(kind, [0x85, 0x05], [0xf7, 0xc0]).is_err(), "an address as a number");
        }
    }

    #[test]
    fn variables_of_a_thread_have_addresses_only_in_a_table() {
        let near = Ok(Found::Address(2, Width::Four, From::Itself));
        assert_eq!(found(elf::R_X86_64_GOTTPOFF, [0x8b, 0x05], [0x8b, 0x05]), near);
        assert_eq!(found(elf::R_X86_64_GOTTPOFF, [0x8b, 0x05], [0xc7, 0xc0]), Ok(Found::NoAddress));
        assert_eq!(found(elf::R_X86_64_GOTPC32_TLSDESC, [0x8d, 0x05], [0x8b, 0x05]), near);
        assert_eq!(found(elf::R_X86_64_GOTPC32_TLSDESC, [0x8d, 0x05], [0xc7, 0xc0]), Ok(Found::NoAddress));
        let direct = [0x64, 0x48, 0x8b, 4, 0x25, 0, 0, 0, 0, 0x48, 0x8d, 0x80, 0xf0, 0xff, 0xff, 0xff];
        let asks =
            |linked| Place { data: &[0x66, 0x48, 0x8d, 0x3d], offset: 4, linked }.found(elf::R_X86_64_TLSGD);
        assert_eq!(asks(direct), Ok(Found::Call));
        let by_table = [0x64, 0x48, 0x8b, 4, 0x25, 0, 0, 0, 0, 0x48, 0x03, 0x05, 1, 0, 0, 0];
        assert!(asks(by_table).is_err());
        assert_eq!(found(elf::R_X86_64_TPOFF32, [0x8d, 0x80], [0x8d, 0x80]), Ok(Found::NoAddress));
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        assert!(found(elf::R_X86_64_GOT64, [0, 0], [0, 0]).is_err());
    }

    #[test]
    fn members_of_archives_are_told_from_paths() {
        let folder = tempfile::tempdir().unwrap();
        let split = |file| split(folder.path(), file);
        assert_eq!(split("/l/liba.rlib(a.b.o)"), (PathBuf::from("/l/liba.rlib"), "a.b.o"));
        assert_eq!(split("/a/b.o"), (PathBuf::from("/a/b.o"), ""));
        fs::write(folder.path().join("x(y)"), "").unwrap();
        assert_eq!(split("x(y)"), (folder.path().join("x(y)"), ""));
    }
}
