//! Where functions begin in an executable.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use object::{File, Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};

use super::names::{canonical, is_made_up};

/// The addresses of the functions with these canonical names, and one name of each.
///
/// # Errors
/// The executable cannot be read, or code of such a name is no function that can be stopped at.
pub(super) fn of(executable: &Path, names: &BTreeSet<String>) -> Result<Vec<(u64, String)>, String> {
    let bytes = fs::read(executable).map_err(|error| error.to_string())?;
    let file = File::parse(&*bytes).map_err(|error| error.to_string())?;
    let mut found = BTreeMap::new();
    for symbol in file.symbols() {
        let Ok(name) = symbol.name() else { continue };
        let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
        let is_code = section.is_some_and(|section| section.kind() == SectionKind::Text);
        if !is_code || is_made_up(name) || !names.contains(canonical(name)) {
            continue;
        }
        if symbol.kind() != SymbolKind::Text {
            return Err(format!("`{name}` differs, and is no function"));
        }
        found.insert(symbol.address(), name.to_owned());
    }
    Ok(found.into_iter().collect())
}
