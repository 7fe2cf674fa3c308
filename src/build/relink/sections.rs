//! The parts that a linker can put into an order, and what each of them is.
//!
//! A linker moves sections, not functions. rustc gives every function and every variable a section of its own; a C compiler
//! often has one for a whole file, which then counts as one part. Two parts are the same when their bytes, their alignment
//! and the targets of their relocations are. Bytes that a relocation fills hold nothing in an object, so addresses do not
//! count. A target counts by its name; a constant that has none counts by what it holds.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};

use object::read::archive::ArchiveFile;
use object::{
    File, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionFlags, SectionIndex, SectionKind,
    SymbolIndex, SymbolKind, elf,
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
}

/// A section of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    /// The symbols in it, in the order of the object.
    pub(super) names: Vec<String>,
    pub(super) sum: Sum,
}

/// The parts of archives that were read: most archives are of both sides.
pub(super) type Known = HashMap<Id, Vec<Part>>;

/// Device and number of a file.
#[cfg(unix)]
type Id = (u64, u64);

/// The true path of a file.
#[cfg(not(unix))]
type Id = PathBuf;

/// Reads the parts of everything that is linked, in the order of the command line. What is no object is passed over: a
/// linker script may hide behind any name.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn read(inputs: &[PathBuf], known: &mut Known) -> std::io::Result<Vec<Part>> {
    let mut parts = Vec::new();
    let (archives, objects): (Vec<&PathBuf>, Vec<&PathBuf>) =
        inputs.iter().partition(|path| path.extension().is_none_or(|end| end != "o"));
    let bytes = objects.into_iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    parts.extend(parts_of(bytes.iter().map(Vec::as_slice)));
    for archive in archives {
        match known.entry(id(archive)?) {
            Entry::Occupied(known) => parts.extend_from_slice(known.get()),
            Entry::Vacant(place) => parts.extend_from_slice(place.insert(of_archive(archive)?)),
        }
    }
    Ok(parts)
}

/// What a file is known by: archives that both sides share are two names of one file.
#[cfg(unix)]
fn id(path: &Path) -> std::io::Result<Id> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// What a file is known by.
#[cfg(not(unix))]
fn id(path: &Path) -> std::io::Result<Id> {
    path.canonicalize()
}

fn of_archive(path: &Path) -> std::io::Result<Vec<Part>> {
    let bytes = fs::read(path)?;
    let Ok(archive) = ArchiveFile::parse(&*bytes) else { return Ok(Vec::new()) };
    let members = archive.members().flatten().filter_map(|member| member.data(&*bytes).ok());
    Ok(parts_of(members))
}

/// The parts of objects whose made-up names mean the same.
fn parts_of<'d>(objects: impl Iterator<Item = &'d [u8]>) -> Vec<Part> {
    let mut parsed: Vec<Reader<'_>> =
        objects.filter_map(|bytes| File::parse(bytes).ok()).map(Reader::new).collect();
    // Constants that other objects of the crate refer to.
    let mut shared = HashMap::new();
    for reader in &mut parsed {
        let found = reader.constants();
        shared.extend(found);
    }
    parsed.iter_mut().flat_map(|reader| reader.parts(&shared)).collect()
}

struct Reader<'d> {
    file: File<'d>,
    /// Named symbols by section, with their places.
    symbols: HashMap<SectionIndex, Vec<(u64, String)>>,
    sums: HashMap<SectionIndex, Sum>,
}

impl<'d> Reader<'d> {
    fn new(file: File<'d>) -> Self {
        let mut symbols: HashMap<SectionIndex, Vec<(u64, String)>> = HashMap::new();
        for symbol in file.symbols() {
            let is_name = !matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File);
            if let (true, Some(section), Ok(name)) = (is_name, symbol.section_index(), symbol.name())
                && !name.is_empty()
            {
                symbols.entry(section).or_default().push((symbol.address(), name.to_owned()));
            }
        }
        Self { file, symbols, sums: HashMap::new() }
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
        let sections: Vec<(SectionIndex, Kind)> = self
            .file
            .sections()
            .filter_map(|section| Some((section.index(), kind(section.kind())?)))
            .collect();
        let mut parts = Vec::new();
        for (section, kind) in sections {
            let names = self.symbols.get(&section).cloned().unwrap_or_default();
            let names: Vec<String> =
                names.into_iter().map(|(_, name)| name).filter(|name| !is_made_up(name)).collect();
            if !names.is_empty() {
                parts.push(Part { kind, names, sum: self.sum(section, shared) });
            }
        }
        parts
    }

    /// What a section comes to.
    fn sum(&mut self, index: SectionIndex, shared: &HashMap<String, Sum>) -> Sum {
        if let Some(sum) = self.sums.get(&index) {
            return *sum;
        }
        // Constants may refer to each other in a circle: whoever comes back to this one finds this.
        self.sums.insert(index, Sum::default());
        let mut hasher = Sha256::new();
        if let Ok(section) = self.file.section_by_index(index) {
            hasher.update(section.align().to_le_bytes());
            hasher.update(section.size().to_le_bytes());
            hasher.update(section.data().unwrap_or_default());
        }
        for (offset, relocation) in self.relocations(index) {
            hasher.update(offset.to_le_bytes());
            hasher.update(format!("{:?}", relocation.flags()));
            hasher.update(relocation.addend().to_le_bytes());
            if let RelocationTarget::Symbol(target) = relocation.target() {
                self.target(&mut hasher, index, target, shared);
            }
        }
        let sum = hasher.finalize().into();
        self.sums.insert(index, sum);
        sum
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
            _ if kind != SymbolKind::Section && !is_made_up(&name) => hasher.update(canonical(&name)),
            Some(section) => {
                // A section's own symbol says nothing about the place in it; the relocation's addend does.
                if kind == SymbolKind::Section {
                    hasher.update(self.sum(section, shared));
                } else {
                    self.content(hasher, section, address, shared);
                }
            }
            None => hasher.update(shared.get(&name).copied().unwrap_or_default()),
        }
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

    /// The constant at a place in a section whose equal constants a linker merges.
    fn merged(&self, index: SectionIndex, at: u64) -> Option<&'d [u8]> {
        let section = self.file.section_by_index(index).ok()?;
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { return None };
        let size = match &section {
            _ if sh_flags.0 & elf::SHF_MERGE.0 == 0 => return None,
            _ if sh_flags.0 & elf::SHF_STRINGS.0 != 0 => None,
            _ => Some(usize::try_from(section.align()).ok()?.max(1)),
        };
        let rest = section.data().ok()?.get(usize::try_from(at).ok()?..)?;
        let length = match size {
            Some(size) => size.min(rest.len()),
            None => rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len()),
        };
        Some(&rest[..length])
    }
}

/// What kind of part a section is, if it is loaded.
fn kind(kind: SectionKind) -> Option<Kind> {
    match kind {
        SectionKind::Text => Some(Kind::Code),
        SectionKind::Data
        | SectionKind::ReadOnlyData
        | SectionKind::ReadOnlyDataWithRel
        | SectionKind::UninitializedData => Some(Kind::Data),
        _ => None,
    }
}
