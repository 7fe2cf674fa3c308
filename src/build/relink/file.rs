//! The file of an executable, for x86-64: its headers, and where in it an address is.
//!
//! The offsets are those of ELF-64 ("Tool Interface Standard, Executable and Linking Format").

use std::ops::Range;

use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, SymbolIndex, elf};

use super::image::parsed;

/// The length of an entry of the loader's list, and of a symbol.
pub(super) const ENTRY: usize = 24;
/// Where the header of a file says where it begins to run, and where its other headers are.
pub(super) const ENTRY_POINT: usize = 24;
const SEGMENT_HEADERS: usize = 32;
const SECTION_HEADERS: usize = 40;
const SEGMENTS: usize = 56;
const SECTIONS: usize = 60;
/// The length of the header of a section, and of a segment.
const SECTION: usize = 64;
const SEGMENT: usize = 56;
/// Where the header says what kind of file it is, and the kind that may be loaded anywhere.
const TYPE: usize = 16;
const MOVABLE: u16 = 3;
/// The kind of a segment that is loaded.
const LOADED: i32 = 1;

/// How many bytes more than it has a segment may get: a page, so that what follows stays where it is in its page.
const ROOM: usize = 0x1000;

/// A loaded section of an executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: String,
    number: usize,
    pub(super) address: u64,
    pub(super) size: u64,
    /// Where it is in the file; `None` where it holds nothing but zeros.
    pub(super) offset: Option<usize>,
    pub(super) is_code: bool,
}

/// An executable, with room behind what is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Executable {
    pub(super) bytes: Vec<u8>,
    pub(super) sections: Vec<Section>,
}

impl Executable {
    /// Makes room in an executable.
    ///
    /// # Errors
    /// It is none, or of a form that is not known, as a fragment.
    pub(super) fn new(bytes: &[u8]) -> Result<Self, String> {
        // Where addresses are fixed, linkers make numbers of them in more ways.
        if get_two(bytes, TYPE) != MOVABLE {
            return Err("an executable that has to be at one address".to_owned());
        }
        let bytes = with_room(bytes)?;
        let sections = sections(&bytes)?;
        Ok(Self { bytes, sections })
    }

    /// Where in the file an address is.
    pub(super) fn place(&self, address: u64) -> Option<usize> {
        let holds = |section: &&Section| (section.address..section.address + section.size).contains(&address);
        let mut holding = self.sections.iter().filter(holds);
        holding.find_map(|section| Some(section.offset? + as_size(address - section.address)))
    }

    /// A section, and what it holds.
    pub(super) fn content(&self, name: &str) -> Option<(&Section, &[u8])> {
        let section = self.sections.iter().find(|section| section.name == name)?;
        let offset = section.offset?;
        Some((section, self.bytes.get(offset..offset + as_size(section.size))?))
    }

    /// Where in the file the loader's lists are.
    pub(super) fn relocated(&self) -> impl Iterator<Item = Range<usize>> {
        let lists = self.sections.iter().filter(|it| it.name == ".rela.dyn" || it.name == ".rela.plt");
        lists
            .filter_map(|section| Some(section.offset?..section.offset? + as_size(section.size)))
            .filter(|range| range.end <= self.bytes.len())
    }

    /// Where in the file the symbols are of what is in this executable, with the names of those that are not for the loader.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn symbols(&self) -> Result<Vec<(usize, Option<String>)>, String> {
        let file = parsed(&self.bytes)?;
        let mut found = Vec::new();
        for table in [".symtab", ".dynsym"] {
            let Some((offset, size)) = file.section_by_name(table).and_then(|table| table.file_range())
            else {
                continue;
            };
            for index in 0..as_size(size) / ENTRY {
                let at = as_size(offset) + index * ENTRY;
                // Neither of other libraries nor plain numbers.
                if !(1..0xff00).contains(&get_two(&self.bytes, at + 6)) {
                    continue;
                }
                let symbol = file.symbol_by_index(SymbolIndex(index)).ok().filter(|_| table == ".symtab");
                let name = symbol.as_ref().and_then(|symbol| symbol.name().ok());
                // They mean the section's ends, whatever lies there.
                if name.is_some_and(|name| name.starts_with("__start_") || name.starts_with("__stop_")) {
                    return Err("a list that its program walks from end to end".to_owned());
                }
                found.push((at, name.map(str::to_owned)));
            }
        }
        Ok(found)
    }

    /// Lets a section end somewhere else, in a copy of this executable.
    ///
    /// # Errors
    /// There is no room, as a fragment.
    pub(super) fn resize(&self, section: &Section, end: u64, copy: &mut [u8]) -> Result<(), String> {
        let following = self.sections.iter().map(|other| other.address).filter(|at| *at > section.address);
        if following.min().is_some_and(|next| end > next) {
            return Err(format!("`{}` grows into the next section", section.name));
        }
        let segment = loaded(&self.bytes).find(|segment| segment.memory().contains(&section.address));
        let segment = segment.ok_or("a section outside of all segments")?;
        let needed = end - segment.address;
        if section.offset.is_some() {
            if needed > segment.in_file + ROOM as u64 {
                return Err(format!("`{}` grows beyond its segment", section.name));
            }
            let in_file = get(copy, segment.header + 32).max(needed);
            put(copy, segment.header + 32, in_file);
        }
        let in_memory = get(copy, segment.header + 40).max(needed);
        put(copy, segment.header + 40, in_memory);
        let header = as_size(get(&self.bytes, SECTION_HEADERS)) + section.number * SECTION;
        put(copy, header + 32, end - section.address);
        Ok(())
    }
}

/// Makes sure that what every section holds is loaded.
///
/// # Errors
/// The name of one that is not, as a fragment.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    for section in sections(bytes)?.iter().filter(|section| section.size > 0) {
        let Some(offset) = section.offset else { continue };
        let is_loaded = loaded(bytes).any(|segment| {
            let within = section.address.checked_sub(segment.address);
            within.is_some_and(|within| {
                within + section.size <= segment.in_file && segment.offset + as_size(within) == offset
            })
        });
        if !is_loaded {
            return Err(format!("`{}` is not loaded as a whole", section.name));
        }
    }
    Ok(())
}

/// A segment that is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    /// Where its header is.
    header: usize,
    offset: usize,
    address: u64,
    in_file: u64,
    in_memory: u64,
}

impl Segment {
    fn memory(&self) -> Range<u64> {
        self.address..self.address + self.in_memory
    }

    fn end(&self) -> usize {
        self.offset + as_size(self.in_file)
    }
}

/// Where the headers of all segments are.
fn segments(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let start = as_size(get(bytes, SEGMENT_HEADERS));
    (0..usize::from(get_two(bytes, SEGMENTS))).map(move |at| start + at * SEGMENT)
}

fn loaded(bytes: &[u8]) -> impl Iterator<Item = Segment> {
    segments(bytes).filter(|at| get_four(bytes, *at) == LOADED).map(|header| Segment {
        header,
        offset: as_size(get(bytes, header + 8)),
        address: get(bytes, header + 16),
        in_file: get(bytes, header + 32),
        in_memory: get(bytes, header + 40),
    })
}

/// The same executable with a page of zeros behind each loaded segment.
fn with_room(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let all: Vec<Segment> = loaded(bytes).filter(|segment| segment.in_file > 0).collect();
    let mut ends: Vec<usize> = all.iter().map(Segment::end).collect();
    ends.sort_unstable();
    ends.dedup();
    let splits = |segment: &Segment| ends.iter().any(|end| (segment.offset + 1..segment.end()).contains(end));
    if all.iter().any(splits) || ends.last().is_none_or(|end| *end > bytes.len()) {
        return Err("segments that overlap".to_owned());
    }
    let mut made = Vec::with_capacity(bytes.len() + ends.len() * ROOM);
    let mut from = 0;
    for &end in &ends {
        made.extend_from_slice(&bytes[from..end]);
        made.extend_from_slice(&[0; ROOM]);
        from = end;
    }
    made.extend_from_slice(&bytes[from..]);
    let moved = |offset: u64| {
        let before = ends.iter().filter(|end| **end <= as_size(offset)).count();
        offset + (before * ROOM) as u64
    };
    for header in segments(bytes) {
        put(&mut made, header + 8, moved(get(bytes, header + 8)));
    }
    let headers = moved(get(bytes, SECTION_HEADERS));
    put(&mut made, SECTION_HEADERS, headers);
    for number in 0..usize::from(get_two(bytes, SECTIONS)) {
        let at = as_size(headers) + number * SECTION + 24;
        let offset = moved(get(&made, at));
        put(&mut made, at, offset);
    }
    Ok(made)
}

fn sections(bytes: &[u8]) -> Result<Vec<Section>, String> {
    let file = parsed(bytes)?;
    let mut sections = Vec::new();
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
        if sh_flags.0 & elf::SHF_ALLOC.0 == 0 {
            continue;
        }
        let is_zero =
            matches!(section.kind(), SectionKind::UninitializedData | SectionKind::UninitializedTls);
        sections.push(Section {
            name: section.name().unwrap_or_default().to_owned(),
            number: section.index().0,
            address: section.address(),
            size: section.size(),
            offset: section.file_range().filter(|_| !is_zero).map(|(offset, _)| as_size(offset)),
            is_code: sh_flags.0 & elf::SHF_EXECINSTR.0 != 0,
        });
    }
    Ok(sections)
}

/// The number at a place; 0 behind the end.
pub(super) fn get(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().map(u64::from_le_bytes).unwrap_or_default()
}

/// The number of four bytes at a place; 0 behind the end.
pub(super) fn get_four(bytes: &[u8], at: usize) -> i32 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().map(i32::from_le_bytes).unwrap_or_default()
}

fn get_two(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().map(u16::from_le_bytes).unwrap_or_default()
}

/// Puts a number at a place, which is there.
pub(super) fn put(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

/// A number of bytes in memory.
#[expect(
    clippy::cast_possible_truncation,
    reason = "an executable for x86-64 is looked at on no smaller machine"
)]
pub(super) fn as_size(value: u64) -> usize {
    value as usize
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn system() -> Vec<u8> {
        fs::read("/bin/true").unwrap()
    }

    fn runs(bytes: &[u8]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it");
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        // A child that another test has forked may hold open what was just written here.
        let ran = (0..1000).find_map(|_| match Command::new(&path).status() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                thread::sleep(Duration::from_millis(10));
                None
            }
            ran => Some(ran.unwrap().success()),
        });
        ran.expect("nothing is held open for ten seconds")
    }

    #[test]
    fn an_executable_with_room_is_the_same_to_who_runs_it() {
        let found = Executable::new(&system()).unwrap();
        assert!(check(&found.bytes) == Ok(()) && runs(&found.bytes));
        let (before, after) = (sections(&system()).unwrap(), &found.sections);
        assert!(before.len() > 10 && before.len() == after.len());
        for (before, after) in before.iter().zip(after) {
            assert_eq!((&before.name, before.address, before.size), (&after.name, after.address, after.size));
        }
        for text in [&b""[..], b"text"] {
            assert!(Executable::new(text).is_err());
        }
    }

    #[test]
    fn what_grows_is_loaded_as_a_whole_or_refused() {
        let found = Executable::new(&system()).unwrap();
        let data = found.sections.iter().find(|section| section.name == ".data").unwrap();
        let end = data.address + data.size;
        let mut copy = found.bytes.clone();
        // A program header that ends too early loses what the last bytes hold.
        let header = as_size(get(&copy, SECTION_HEADERS)) + data.number * SECTION + 32;
        put(&mut copy, header, data.size + 8);
        assert_eq!(check(&copy), Err("`.data` is not loaded as a whole".to_owned()));
        let last = Section { name: "last".to_owned(), address: data.address, ..data.clone() };
        let alone = Executable { sections: vec![last.clone()], bytes: found.bytes.clone() };
        alone.resize(&last, end + 8, &mut copy).unwrap();
        assert!(check(&copy) == Ok(()) && runs(&copy));
        assert!(alone.resize(&last, end + 2 * ROOM as u64, &mut copy).is_err());
        assert!(found.resize(data, end + 0x10_0000, &mut copy).unwrap_err().contains("next section"));
    }
}
