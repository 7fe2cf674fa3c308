//! What takes figures: the measuring library that a bench is linked to, and the counter where something is counted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Stands behind the library in the text form of one whose samples can be interleaved.
const INTERLEAVED: &str = " (interleaved)";

/// The same in stores and baseline files of program versions before 0.2.
const INTERLEAVED_BEFORE: &str = " + turns";

/// Where a crate's sources come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrateOrigin {
    /// crates.io, also by way of a mirror or a vendored copy.
    CratesIo,
    /// Another registry.
    Registry,
    /// A git repository.
    Git,
    /// A folder.
    Path,
}

/// What takes figures. Figures of different instruments are never compared.
///
/// Its text form is what stores and baseline files hold: `criterion 0.8.2 (interleaved)`, `criterion 0.5.1 (git)`,
/// `criterion 0.8.2, callgrind 3.19`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Instrument {
    /// The measuring library: `criterion`.
    pub library: String,
    /// Its version; empty where none is known.
    pub version: String,
    /// Where it comes from.
    pub origin: CrateOrigin,
    /// Whether it is the copy whose samples can be interleaved with another process's.
    pub interleaved: bool,
    /// What counted, where figures are counts that need something besides the library: `callgrind 3.19`.
    pub counter: Option<String>,
}

impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.library)?;
        if !self.version.is_empty() {
            write!(f, " {}", self.version)?;
        }
        f.write_str(origin_mark(self.origin))?;
        if self.interleaved {
            f.write_str(INTERLEAVED)?;
        }
        if let Some(counter) = &self.counter {
            write!(f, ", {counter}")?;
        }
        Ok(())
    }
}

/// What stands behind the version for crates that do not come from crates.io.
fn origin_mark(origin: CrateOrigin) -> &'static str {
    match origin {
        CrateOrigin::CratesIo => "",
        CrateOrigin::Registry => " (another registry)",
        CrateOrigin::Git => " (git)",
        CrateOrigin::Path => " (path)",
    }
}

/// An empty text names no instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoInstrument;

impl fmt::Display for NoInstrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an instrument has no name")
    }
}

impl std::error::Error for NoInstrument {}

impl FromStr for Instrument {
    type Err = NoInstrument;

    fn from_str(text: &str) -> Result<Self, NoInstrument> {
        let (text, counter) = match text.split_once(", ") {
            Some((text, counter)) => (text, Some(counter.to_owned())),
            None => (text, None),
        };
        let marked = [INTERLEAVED, INTERLEAVED_BEFORE].into_iter().find_map(|mark| text.strip_suffix(mark));
        let (text, interleaved) = (marked.unwrap_or(text), marked.is_some());
        let origins = [CrateOrigin::Registry, CrateOrigin::Git, CrateOrigin::Path];
        let found =
            origins.into_iter().find_map(|origin| Some((text.strip_suffix(origin_mark(origin))?, origin)));
        let (text, origin) = found.unwrap_or((text, CrateOrigin::CratesIo));
        let (library, version) = text.split_once(' ').unwrap_or((text, ""));
        if library.is_empty() {
            return Err(NoInstrument);
        }
        Ok(Self { library: library.to_owned(), version: version.to_owned(), origin, interleaved, counter })
    }
}

impl From<Instrument> for String {
    fn from(instrument: Instrument) -> Self {
        instrument.to_string()
    }
}

impl TryFrom<String> for Instrument {
    type Error = NoInstrument;

    fn try_from(text: String) -> Result<Self, NoInstrument> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_reads_back() {
        for text in [
            "criterion 0.8.2",
            "criterion 0.8.2 (interleaved)",
            "criterion 0.5.1 (git)",
            "criterion 0.5.1 (another registry)",
            "criterion 0.5.1 (path), callgrind 3.19",
            "criterion 0.8.2, allocations",
            "callgrind",
        ] {
            assert_eq!(text.parse::<Instrument>().unwrap().to_string(), text);
        }
        assert_eq!("".parse::<Instrument>(), Err(NoInstrument));
    }

    #[test]
    fn older_stores_are_understood() {
        let instrument: Instrument = "criterion 0.8.2 + turns".parse().unwrap();
        assert!(instrument.interleaved);
        assert_eq!(instrument.to_string(), "criterion 0.8.2 (interleaved)");
    }
}
