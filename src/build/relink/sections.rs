//! The parts that a linker can put into an order, and what each of them is.
//!
//! A linker moves sections, not functions. rustc gives every function and every variable a section of its own; a C compiler
//! often has one for a whole file, which then counts as one part. Two parts are the same when their bytes, their alignment
//! and the targets of their relocations are. Bytes that a relocation fills hold nothing in an object, so addresses do not
//! count. A function counts by its name as a target; data of the same object count by what they hold as well, and constants
//! that have no name by that alone.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object::read::archive::ArchiveFile;
use object::{
    Architecture, File, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationKind,
    RelocationTarget, SectionFlags, SectionIndex, SectionKind, SymbolIndex, SymbolKind, elf,
};
use sha2::{Digest as _, Sha256};

use super::names::{canonical, is_made_up};

/// The digest of a part.
pub(super) type Sum = [u8; 32];

/// Whether a part is executed or only read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Code,
    Data,
    /// What every thread has of its own. No linker puts it into an order.
    ThreadLocal,
}

/// A section of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    /// The symbols in it, in the order of the object. Code, what runs before `main` and what is walked from end to end may have
    /// none.
    pub(super) names: Vec<String>,
    /// Whether other objects can refer to it by a name.
    pub(super) is_shared: bool,
    pub(super) sum: Sum,
    /// How many bytes it takes.
    pub(super) size: u64,
    /// What its address is a multiple of.
    pub(super) alignment: u64,
    /// Of code, what the object holds: nothing where an address will be filled in.
    pub(super) code: Arc<[u8]>,
}

impl Part {
    /// About how many bytes it takes here.
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.code.len() + self.names.iter().map(String::len).sum::<usize>()
    }
}

#[cfg(test)]
impl Part {
    /// A function of one section, which other objects can refer to.
    pub(super) fn function(name: &str, sum: u8) -> Self {
        Self {
            kind: Kind::Code,
            names: vec![name.to_owned()],
            is_shared: true,
            sum: [sum; 32],
            size: 16,
            alignment: 16,
            code: Arc::default(),
        }
    }
}

/// What is known of the archives that executables are linked from: most of them are of both sides, and of many executables.
#[derive(Debug, Default)]
pub struct Archives {
    known: HashMap<Id, Arc<[Part]>>,
    /// About how many bytes that takes.
    bytes: usize,
}

/// About how many bytes may be kept of archives.
const ROOM: usize = 48 << 20;

/// Device and number of a file, its size and when it was changed: a number may be another file's later.
#[cfg(unix)]
type Id = (u64, u64, u64, (i64, i64));

/// The true path of a file.
#[cfg(not(unix))]
type Id = PathBuf;

impl Archives {
    fn parts(&mut self, archive: &Path) -> std::io::Result<Arc<[Part]>> {
        let id = id(archive)?;
        if let Some(parts) = self.known.get(&id) {
            return Ok(Arc::clone(parts));
        }
        let parts: Arc<[Part]> = of_archive(archive)?.into();
        self.bytes += parts.iter().map(Part::bytes).sum::<usize>();
        if self.bytes > ROOM {
            *self = Self::default();
        }
        self.known.insert(id, Arc::clone(&parts));
        Ok(parts)
    }
}

/// Reads the parts of everything that is linked, in the order of the command line. What is no object is passed over: a
/// linker script may hide behind any name.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn read(inputs: &[PathBuf], archives: &mut Archives) -> std::io::Result<Vec<Part>> {
    let mut parts = Vec::new();
    let (others, objects): (Vec<&PathBuf>, Vec<&PathBuf>) =
        inputs.iter().partition(|path| path.extension().is_none_or(|end| end != "o"));
    let bytes = objects.into_iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    parts.extend(parts_of(bytes.iter().map(Vec::as_slice)));
    for archive in others {
        parts.extend_from_slice(&archives.parts(archive)?);
    }
    Ok(parts)
}

/// What a file is known by: archives that both sides share are two names of one file.
#[cfg(unix)]
fn id(path: &Path) -> std::io::Result<Id> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino(), metadata.len(), (metadata.mtime(), metadata.mtime_nsec())))
}

/// What a file is known by.
#[cfg(not(unix))]
fn id(path: &Path) -> std::io::Result<Id> {
    path.canonicalize()
}

fn of_archive(path: &Path) -> std::io::Result<Vec<Part>> {
    let bytes = fs::read(path)?;
    Ok(parts_of(members(&bytes).unwrap_or_default().into_iter()))
}

/// The files in an archive; `None` for what is none.
fn members(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let archive = ArchiveFile::parse(bytes).ok()?;
    Some(archive.members().flatten().filter_map(|member| member.data(bytes).ok()).collect())
}

/// The parts of objects whose made-up names mean the same.
fn parts_of<'d>(objects: impl Iterator<Item = &'d [u8]>) -> Vec<Part> {
    let (bitcode, objects): (Vec<&[u8]>, Vec<&[u8]>) = objects.partition(|bytes| is_bitcode(bytes));
    let mut parsed: Vec<Reader<'_>> =
        objects.into_iter().filter_map(|bytes| File::parse(bytes).ok()).map(Reader::new).collect();
    // Constants that other objects of the crate refer to.
    let mut shared = HashMap::new();
    for reader in &mut parsed {
        let found = reader.constants();
        shared.extend(found);
    }
    bitcode
        .into_iter()
        .map(opaque)
        .chain(parsed.iter_mut().flat_map(|reader| reader.parts(&shared)))
        .collect()
}

/// Whether an object is LLVM's bitcode, which a linker compiles.
fn is_bitcode(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BC\xc0\xde") || bytes.starts_with(&0x0b17_c0de_u32.to_le_bytes())
}

/// Code of which nothing is known but whether it is the same.
fn opaque(bytes: &[u8]) -> Part {
    Part {
        kind: Kind::Code,
        names: Vec::new(),
        is_shared: false,
        sum: Sha256::digest(bytes).into(),
        size: bytes.len() as u64,
        alignment: 1,
        code: Arc::default(),
    }
}

/// The named parts that refer to one of `names`, directly or by way of data without a name: what they do depends on what is
/// there. `names` are canonical.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn referring(
    inputs: &[PathBuf],
    names: &BTreeSet<String>,
) -> std::io::Result<BTreeSet<(Kind, String)>> {
    let mut found = BTreeSet::new();
    for path in inputs {
        let bytes = fs::read(path)?;
        let objects = members(&bytes).unwrap_or_else(|| vec![&bytes]);
        for object in objects.into_iter().filter_map(|bytes| File::parse(bytes).ok()) {
            found.extend(Reader::new(object).referring(names));
        }
    }
    Ok(found)
}

struct Reader<'d> {
    file: File<'d>,
    /// What is known of each section, by its number.
    sections: Vec<Section>,
}

#[derive(Debug, Clone, Default)]
struct Section {
    /// The named symbols in it, with their places.
    symbols: Vec<(u64, String)>,
    /// Whether other objects can refer to it by a name.
    is_shared: bool,
    sum: Option<Sum>,
    /// Whether its sum is being made.
    is_open: bool,
}

impl<'d> Reader<'d> {
    fn new(file: File<'d>) -> Self {
        let count = file.sections().map(|section| section.index().0 + 1).max().unwrap_or(0);
        let mut sections = vec![Section::default(); count];
        for symbol in file.symbols() {
            let is_name = !matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File);
            if let (true, Some(section), Ok(name)) = (is_name, symbol.section_index(), symbol.name())
                && let Some(section) = sections.get_mut(section.0)
                && !name.is_empty()
            {
                section.symbols.push((symbol.address(), name.to_owned()));
                section.is_shared |= symbol.is_global();
            }
        }
        Self { file, sections }
    }

    /// What the constants hold that have names for other objects, but made-up ones.
    fn constants(&mut self) -> Vec<(String, Sum)> {
        let named: Vec<(String, SectionIndex, u64)> = self
            .file
            .symbols()
            .filter(ObjectSymbol::is_global)
            .filter_map(|symbol| {
                let name = symbol.name().ok().filter(|name| is_made_up(name))?;
                Some((name.to_owned(), symbol.section_index()?, symbol.address()))
            })
            .collect();
        let none = HashMap::new();
        let sum = |(name, section, at)| {
            let mut hasher = Sha256::new();
            self.content(&mut hasher, section, at, &none);
            (name, hasher.finalize().into())
        };
        named.into_iter().map(sum).collect()
    }

    fn parts(&mut self, shared: &HashMap<String, Sum>) -> Vec<Part> {
        let sections: Vec<(SectionIndex, Kind, bool, (u64, u64))> = self
            .file
            .sections()
            .filter_map(|section| {
                let kind = kind(section.kind());
                let is_list = section.name().is_ok_and(|name| {
                    is_list_of_functions(name) || (is_walked(name) && kind == Some(Kind::Data))
                });
                let kind = if is_list { Kind::Data } else { kind? };
                Some((section.index(), kind, is_list, (section.size(), section.align())))
            })
            .collect();
        let mut parts = Vec::new();
        for (section, kind, is_list, (size, alignment)) in sections {
            // Whoever runs such a list asks for no name.
            let known = self.sections.get(section.0).filter(|_| !is_list);
            let names = known.into_iter().flat_map(|section| &section.symbols).map(|(_, name)| name);
            let names: Vec<String> = names.filter(|name| !is_made_up(name)).cloned().collect();
            let runs = is_list || kind == Kind::Code;
            if !names.is_empty() || (runs && size > 0) {
                let is_shared = self.sections.get(section.0).is_some_and(|section| section.is_shared);
                let sum = self.sum(section, shared);
                let code = if kind == Kind::Code { self.code(section) } else { Arc::default() };
                parts.push(Part { kind, names, is_shared, sum, size, alignment, code });
            }
        }
        parts
    }

    fn code(&self, index: SectionIndex) -> Arc<[u8]> {
        let section = self.file.section_by_index(index);
        section.and_then(|section| section.data()).map(Arc::from).unwrap_or_default()
    }

    /// What a section comes to.
    fn sum(&mut self, index: SectionIndex, shared: &HashMap<String, Sum>) -> Sum {
        // Constants may refer to each other in a circle: whoever comes back to this one finds what it holds itself.
        match self.sections.get_mut(index.0) {
            Some(Section { sum: Some(sum), .. }) => return *sum,
            Some(section) if !section.is_open => section.is_open = true,
            _ => return self.own_sum(index),
        }
        let mut hasher = self.hasher_of(index);
        for (offset, relocation) in self.relocations(index) {
            hasher.update(offset.to_le_bytes());
            match relocation.flags() {
                RelocationFlags::Elf { r_type } => hasher.update(r_type.0.to_le_bytes()),
                other => hasher.update(format!("{other:?}")),
            }
            // Where a constant lies among others that have nothing to do with it does not count.
            if let Some((at, constant)) = self.merged_target(&relocation) {
                hasher.update(at.to_le_bytes());
                hasher.update(constant);
                continue;
            }
            hasher.update(relocation.addend().to_le_bytes());
            if let RelocationTarget::Symbol(target) = relocation.target() {
                self.target(&mut hasher, index, target, shared);
            }
        }
        let sum = hasher.finalize().into();
        if let Some(section) = self.sections.get_mut(index.0) {
            (section.is_open, section.sum) = (false, Some(sum));
        }
        sum
    }

    /// What a section comes to without what it refers to, of which only the names count.
    fn own_sum(&self, index: SectionIndex) -> Sum {
        let mut hasher = self.hasher_of(index);
        for (offset, relocation) in self.relocations(index) {
            hasher.update(offset.to_le_bytes());
            if let RelocationTarget::Symbol(target) = relocation.target()
                && let Ok(symbol) = self.file.symbol_by_index(target)
            {
                let name = symbol.name().unwrap_or_default();
                hasher.update(if is_made_up(name) { "" } else { canonical(name) });
            }
        }
        hasher.finalize().into()
    }

    /// A digest that has begun with a section's own bytes.
    fn hasher_of(&self, index: SectionIndex) -> Sha256 {
        let mut hasher = Sha256::new();
        if let Ok(section) = self.file.section_by_index(index) {
            hasher.update(section.align().to_le_bytes());
            hasher.update(section.size().to_le_bytes());
            hasher.update(section.data().unwrap_or_default());
        }
        hasher
    }

    fn relocations(&self, index: SectionIndex) -> Vec<(u64, object::Relocation)> {
        self.file.section_by_index(index).map(|section| section.relocations().collect()).unwrap_or_default()
    }

    fn target(
        &mut self,
        hasher: &mut Sha256,
        from: SectionIndex,
        target: SymbolIndex,
        shared: &HashMap<String, Sum>,
    ) {
        let Ok(symbol) = self.file.symbol_by_index(target) else { return };
        let name = symbol.name().unwrap_or_default().to_owned();
        let (kind, section, address) = (symbol.kind(), symbol.section_index(), symbol.address());
        match section {
            Some(section) if section == from => hasher.update(address.to_le_bytes()),
            _ if kind != SymbolKind::Section && !is_made_up(&name) => {
                hasher.update(canonical(&name));
                // Names of data are numbered anew as well (`vtable.3`), and a table is more than its name.
                if let Some(section) = section.filter(|section| self.is_data(*section)) {
                    hasher.update(address.to_le_bytes());
                    hasher.update(self.sum(section, shared));
                }
            }
            Some(section) => {
                // A section's own symbol says nothing about the place in it; the relocation's addend does.
                if kind == SymbolKind::Section {
                    hasher.update(self.sum(section, shared));
                } else {
                    self.content(hasher, section, address, shared);
                }
            }
            None => match shared.get(&name) {
                Some(sum) => hasher.update(sum),
                // Of another crate: nobody here knows what it holds, so only the very same name is the same.
                None => hasher.update(&name),
            },
        }
    }

    fn is_data(&self, index: SectionIndex) -> bool {
        self.file.section_by_index(index).is_ok_and(|section| section.kind() != SectionKind::Text)
    }

    /// What lies at a place in a section: of a section of many constants, the one.
    fn content(&mut self, hasher: &mut Sha256, index: SectionIndex, at: u64, shared: &HashMap<String, Sum>) {
        if let Some(constant) = self.merged(index, at) {
            hasher.update(constant);
        } else {
            hasher.update(at.to_le_bytes());
            hasher.update(self.sum(index, shared));
        }
    }

    /// The named parts that refer to one of `names`.
    fn referring(&self, names: &BTreeSet<String>) -> BTreeSet<(Kind, String)> {
        let is_meant = |index: SymbolIndex| {
            let symbol = self.file.symbol_by_index(index);
            symbol.is_ok_and(|symbol| symbol.name().is_ok_and(|name| names.contains(canonical(name))))
        };
        let mut referring: HashSet<SectionIndex> = HashSet::new();
        loop {
            let before = referring.len();
            for section in self.file.sections() {
                let refers = section.relocations().any(|(_, relocation)| match relocation.target() {
                    RelocationTarget::Symbol(target) => {
                        let lies = self.file.symbol_by_index(target).ok();
                        let lies = lies.and_then(|symbol| symbol.section_index());
                        let by_data = |at| self.is_data(at) && referring.contains(&at);
                        is_meant(target) || lies.is_some_and(by_data)
                    }
                    _ => false,
                });
                if refers {
                    referring.insert(section.index());
                }
            }
            if referring.len() == before {
                break;
            }
        }
        let symbols = |section: SectionIndex| {
            let kind = kind(self.file.section_by_index(section).ok()?.kind())?;
            Some((kind, &self.sections.get(section.0)?.symbols))
        };
        let names = referring.into_iter().filter_map(symbols).flat_map(|(kind, names)| {
            names
                .iter()
                .filter(|(_, name)| !is_made_up(name))
                .map(move |(_, name)| (kind, canonical(name).to_owned()))
        });
        names.collect()
    }

    /// The constant at a place in a section whose equal constants a linker merges.
    fn merged(&self, index: SectionIndex, at: u64) -> Option<&'d [u8]> {
        let size = self.merged_size(index)?;
        let rest = self.file.section_by_index(index).ok()?.data().ok()?.get(usize::try_from(at).ok()?..)?;
        let length = match size {
            Size::Of(size) => size.min(rest.len()),
            Size::ToZero => rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len()),
        };
        Some(&rest[..length])
    }

    /// How long the constants of a section are, if a linker merges equal ones.
    fn merged_size(&self, index: SectionIndex) -> Option<Size> {
        let section = self.file.section_by_index(index).ok()?;
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { return None };
        match &section {
            _ if sh_flags.0 & elf::SHF_MERGE.0 == 0 => None,
            _ if sh_flags.0 & elf::SHF_STRINGS.0 != 0 => Some(Size::ToZero),
            _ => Some(Size::Of(usize::try_from(section.align()).ok()?.max(1))),
        }
    }

    /// What a relocation points to by a section and an addend, where that is a constant among others: the place within it, and
    /// what it holds.
    fn merged_target(&self, relocation: &object::Relocation) -> Option<(u64, &'d [u8])> {
        let RelocationTarget::Symbol(target) = relocation.target() else { return None };
        let symbol = self.file.symbol_by_index(target).ok().filter(|it| it.kind() == SymbolKind::Section)?;
        let index = symbol.section_index()?;
        let size = self.merged_size(index)?;
        match (relocation.kind(), size) {
            (RelocationKind::Absolute, _) => {
                Some((0, self.merged(index, u64::try_from(relocation.addend()).ok()?)?))
            }
            // On x86-64 the addend also holds how far the next instruction is: four bytes, and more where an immediate value
            // follows. So this is the constant or the one before it: both count.
            (RelocationKind::Relative, Size::Of(size))
                if self.file.architecture() == Architecture::X86_64 =>
            {
                let at = usize::try_from(relocation.addend() + 4).ok()?;
                let data = self.file.section_by_index(index).ok()?.data().ok()?;
                let start = at / size * size;
                let end = (at.next_multiple_of(size) + size).min(data.len());
                Some(((at - start) as u64, data.get(start..end)?))
            }
            _ => None,
        }
    }
}

/// How long a constant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    /// So many bytes.
    Of(usize),
    /// Up to the next zero.
    ToZero,
}

/// Whether a section lists functions that the loader runs.
fn is_list_of_functions(name: &str) -> bool {
    [".init_array", ".fini_array", ".preinit_array", ".ctors", ".dtors"]
        .iter()
        .any(|list| name.starts_with(list))
}

/// Whether the linker names the ends of what it makes of sections of this name: whoever walks it from one to the other asks for no
/// name in between.
fn is_walked(name: &str) -> bool {
    let mut characters = name.chars();
    let is_first = |first: char| first.is_ascii_alphabetic() || first == '_';
    characters.next().is_some_and(is_first) && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What kind of part a section is, if it is loaded.
fn kind(kind: SectionKind) -> Option<Kind> {
    match kind {
        SectionKind::Text => Some(Kind::Code),
        SectionKind::Data
        | SectionKind::ReadOnlyData
        | SectionKind::ReadOnlyDataWithRel
        | SectionKind::UninitializedData => Some(Kind::Data),
        SectionKind::Tls | SectionKind::UninitializedTls => Some(Kind::ThreadLocal),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_walked_from_end_to_end_is_told_by_its_name() {
        assert!(["linkme_ITEMS", "_list", "set2"].into_iter().all(is_walked));
        assert!(!["", ".data.rel.ro", ".own", "2nd", "a-b"].into_iter().any(is_walked));
        assert!(is_list_of_functions(".init_array.00099"));
    }

    #[test]
    fn bitcode_is_code_without_a_name() {
        let parts = |bytes: &[u8]| parts_of([bytes].into_iter());
        let [one, other] = [b"BC\xc0\xde1", b"BC\xc0\xde2"].map(|bytes| parts(bytes));
        assert!(one.len() == 1 && one[0].kind == Kind::Code && one[0].names.is_empty());
        assert_ne!(one[0].sum, other[0].sum);
        assert!(parts(b"no object").is_empty());
    }

    /// An archive of one member.
    fn archive(member: &[u8]) -> Vec<u8> {
        let header = format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "member.o/", 0, 0, 0, 644, member.len());
        [b"!<arch>\n", header.as_bytes(), member].concat()
    }

    #[test]
    fn an_archive_is_read_once_and_again_when_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("liba.rlib");
        let write = |content: &[u8]| {
            let _ = fs::remove_file(&path);
            fs::write(&path, archive(content)).unwrap();
        };
        write(b"BC\xc0\xde1");
        let mut archives = Archives::default();
        let mut read = || read(std::slice::from_ref(&path), &mut archives).unwrap();
        let first = read();
        assert_eq!(first.len(), 1);
        assert_eq!(read(), first);
        write(b"BC\xc0\xde22");
        assert_ne!(read(), first);
        assert_eq!(archives.known.len(), 2);
        archives.bytes = ROOM;
        write(b"BC\xc0\xde333");
        assert_eq!(archives.parts(&path).unwrap().len(), 1);
        assert_eq!(archives.known.len(), 1, "all others were forgotten");
    }
}
