//! Where functions of an executable are written, from its line tables. Only ELF is read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use addr2line::Context;
use addr2line::gimli::{Dwarf, EndianSlice, RunTimeEndian, SectionId};
use object::{File, Object, ObjectSection, ObjectSymbol, SymbolKind};

use crate::support::demangle::demangled;

/// The file, and the first line.
pub type Written = (String, Option<u32>);

/// A reader of debug information that lies in memory.
type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

/// Where each of these functions is written, by its name as people write it. What the executable has no symbol or no line
/// for is left out, as is a name that means functions of several files.
///
/// # Errors
/// The file cannot be read, or has no debug information that can be.
pub fn written_at(executable: &Path, names: &BTreeSet<String>) -> Result<BTreeMap<String, Written>, String> {
    let bytes = fs::read(executable).map_err(|error| error.to_string())?;
    let file = File::parse(&*bytes).map_err(|error| error.to_string())?;
    let context = context(&file).map_err(|error| error.to_string())?;
    let mut found: BTreeMap<String, BTreeSet<Written>> = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        let Ok(symbol_name) = symbol.name() else { continue };
        let name = demangled(symbol_name);
        if names.contains(&name)
            && let Some(written) = outermost(&context, symbol.address())
        {
            found.entry(name).or_default().insert(written);
        }
    }
    let one = |(name, places): (String, BTreeSet<Written>)| {
        // Instances of one generic function are written at one place; of several closures the first is as good as any.
        let first = places.first()?.clone();
        places.iter().all(|(file, _)| *file == first.0).then_some((name, first))
    };
    Ok(found.into_iter().filter_map(one).collect())
}

fn context<'a>(file: &File<'a>) -> Result<Context<Slice<'a>>, addr2line::gimli::Error> {
    let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let section = |id: SectionId| {
        let data = file.section_by_name(id.name()).and_then(|section| section.data().ok());
        Ok::<_, addr2line::gimli::Error>(EndianSlice::new(data.unwrap_or_default(), endian))
    };
    Context::from_dwarf(Dwarf::load(section)?)
}

/// Where the function that begins at an address is written. What was inlined at its very beginning is not meant.
fn outermost(context: &Context<Slice<'_>>, address: u64) -> Option<Written> {
    let mut frames = context.find_frames(address).skip_all_loads().ok()?;
    let mut last = None;
    while let Ok(Some(frame)) = frames.next() {
        last = frame.location.and_then(|at| Some((at.file?.to_owned(), at.line.filter(|&line| line > 0))));
    }
    last
}
