//! Where objects leave room for addresses, found again in what was linked from them. x86-64.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use object::read::archive::ArchiveFile;
use object::{
    File, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionFlags, SymbolKind,
    elf,
};

use super::map::{Input, Output};

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
}

/// What the objects say of an executable that was linked from them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fields {
    pub(super) fields: Vec<Field>,
    /// The symbols of each part, in the order of the map: by section of the executable, and in it.
    pub(super) names: Vec<Vec<Vec<String>>>,
}

/// A part of an object, and its place in the map.
#[derive(Debug, Clone, Copy)]
struct Placed<'m> {
    output: usize,
    part: usize,
    input: &'m Input,
}

/// Reads the objects of a map. `at` gives the two bytes that the executable holds at an address.
///
/// # Errors
/// An object that is not there or not as the map has it, or a kind of field that nobody here knows, as a fragment.
pub(super) fn read(outputs: &[Output], at: &dyn Fn(u64) -> Option<[u8; 2]>) -> Result<Fields, String> {
    let mut found = Fields::default();
    let mut by_file: HashMap<&str, Vec<Placed<'_>>> = HashMap::new();
    for (output, section) in outputs.iter().enumerate() {
        found.names.push(vec![Vec::new(); section.inputs.len()]);
        if section.address == 0 || section.name == FRAMES {
            continue;
        }
        for (part, input) in section.inputs.iter().enumerate().filter(|(_, input)| input.is_of_object()) {
            by_file.entry(&input.file).or_default().push(Placed { output, part, input });
        }
    }
    let mut archives: HashMap<&str, Vec<(&str, Vec<Placed<'_>>)>> = HashMap::new();
    for (file, inputs) in by_file {
        let (path, member) = split(file);
        archives.entry(path).or_default().push((member, inputs));
    }
    for (path, members) in archives {
        let bytes = fs::read(path).map_err(|error| format!("`{path}`: {error}"))?;
        if let [("", inputs)] = &members[..] {
            found.object(&bytes, inputs, at)?;
            continue;
        }
        let archive = ArchiveFile::parse(&*bytes).map_err(|error| error.to_string())?;
        let mut places = HashMap::new();
        for member in archive.members().flatten() {
            // Of two members of one name nobody says which of them it is.
            places.entry(member.name().to_owned()).and_modify(|place| *place = None).or_insert(Some(member));
        }
        for (member, inputs) in members {
            let member_of = places.get(member.as_bytes()).and_then(Option::as_ref);
            let data = member_of.and_then(|member| member.data(&*bytes).ok());
            found.object(data.ok_or_else(|| format!("`{member}` is not in `{path}`"))?, &inputs, at)?;
        }
    }
    Ok(found)
}

/// The path of a file, and the member of the archive that it is.
fn split(file: &str) -> (&str, &str) {
    match file.strip_suffix(')').and_then(|file| file.rsplit_once('(')) {
        Some((path, member)) if !Path::new(file).is_file() => (path, member),
        _ => (file, ""),
    }
}

impl Fields {
    fn object(
        &mut self,
        bytes: &[u8],
        inputs: &[Placed<'_>],
        at: &dyn Fn(u64) -> Option<[u8; 2]>,
    ) -> Result<(), String> {
        let object = File::parse(bytes).map_err(|error| error.to_string())?;
        let mut sections = HashMap::new();
        for section in object.sections() {
            let name = section.name().unwrap_or_default();
            sections.entry(name).or_insert_with(Vec::new).push(section.index());
        }
        let mut names: HashMap<_, Vec<String>> = HashMap::new();
        for symbol in object.symbols() {
            let is_name = !matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File);
            if let (true, Some(section), Ok(name)) = (is_name, symbol.section_index(), symbol.name())
                && !name.is_empty()
            {
                names.entry(section).or_default().push(name.to_owned());
            }
        }
        for Placed { output, part, input } in inputs {
            let [index] = sections.get(input.section.as_str()).map_or(&[][..], Vec::as_slice) else {
                return Err(format!("`{}` has several sections `{}`", input.file, input.section));
            };
            let section = object.section_by_index(*index).map_err(|error| error.to_string())?;
            self.names[*output][*part] = names.remove(index).unwrap_or_default();
            let data = section.data().unwrap_or_default();
            let mut relocations: Vec<_> = section.relocations().collect();
            relocations.sort_by_key(|(offset, _)| *offset);
            let mut relocations = relocations.into_iter();
            while let Some((offset, relocation)) = relocations.next() {
                let RelocationFlags::Elf { r_type } = relocation.flags() else { continue };
                let place = Place {
                    data,
                    offset,
                    linked: at((input.address + offset).saturating_sub(2)).unwrap_or_default(),
                };
                let (offset, width, from) = match place.found(r_type)? {
                    Found::Address(offset, width, from) => (offset, width, from),
                    Found::NoAddress => continue,
                    Found::Call => {
                        relocations.next();
                        continue;
                    }
                };
                let is_merged = match relocation.target() {
                    RelocationTarget::Symbol(symbol) => {
                        let symbol = object.symbol_by_index(symbol).map_err(|error| error.to_string())?;
                        let section = symbol.section_index().filter(|_| symbol.kind() == SymbolKind::Section);
                        let section = section.and_then(|section| object.section_by_index(section).ok());
                        section.is_some_and(|section| match section.flags() {
                            SectionFlags::Elf { sh_flags, .. } => sh_flags.0 & elf::SHF_MERGE.0 != 0,
                            _ => false,
                        })
                    }
                    _ => false,
                };
                let address = input.address + offset;
                self.fields.push(Field { address, width, from, addend: relocation.addend(), is_merged });
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
    /// It asked for a variable of the thread's own, by a call that has the next field. In an executable nobody needs to ask.
    Call,
}

/// A field in an object.
struct Place<'a> {
    data: &'a [u8],
    offset: u64,
    /// The two bytes before the field, in the executable.
    linked: [u8; 2],
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
        let before = self.before();
        let near = Found::Address(at, Width::Four, From::Itself);
        Ok(match kind {
            elf::R_X86_64_64 => Found::Address(at, Width::Eight, From::Zero),
            elf::R_X86_64_32 | elf::R_X86_64_32S => Found::Address(at, Width::Four, From::Zero),
            elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 | elf::R_X86_64_GOTPCREL => near,
            elf::R_X86_64_PC64 => Found::Address(at, Width::Eight, From::Itself),
            elf::R_X86_64_GOTPCRELX | elf::R_X86_64_REX_GOTPCRELX => match (before, self.linked) {
                // A jump by way of a table became a shorter one and a byte that does nothing.
                ([0xff, 0x25], [0xe9, _]) => Found::Address(at - 1, Width::Four, From::Itself),
                // A load from the table became one of the address itself, a call by way of it a call.
                ([0x8b, _], [0x8d, _]) | ([0xff, 0x15], [0x67, 0xe8]) => near,
                (before, linked) if before == linked => near,
                (before, linked) => {
                    return Err(format!("an instruction {before:x?} that became {linked:x?}"));
                }
            },
            // By way of a table, as long as the instruction is still there; its distance otherwise.
            elf::R_X86_64_GOTTPOFF | elf::R_X86_64_GOTPC32_TLSDESC if before == self.linked => near,
            elf::R_X86_64_TLSGD | elf::R_X86_64_TLSLD => Found::Call,
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
        Place { data: &data, offset: 2, linked }.found(kind)
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
        assert_eq!(found(elf::R_X86_64_TLSGD, [0x8d, 0x3d], [0x00, 0x00]), Ok(Found::Call));
        assert_eq!(found(elf::R_X86_64_TPOFF32, [0x8d, 0x80], [0x8d, 0x80]), Ok(Found::NoAddress));
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        assert!(found(elf::R_X86_64_GOT64, [0, 0], [0, 0]).is_err());
    }

    #[test]
    fn members_of_archives_are_told_from_paths() {
        assert_eq!(split("/l/liba.rlib(a.b.o)"), ("/l/liba.rlib", "a.b.o"));
        assert_eq!(split("/a/b.o"), ("/a/b.o", ""));
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("x(y)");
        fs::write(&odd, "").unwrap();
        assert_eq!(split(odd.to_str().unwrap()), (odd.to_str().unwrap(), ""));
    }
}
