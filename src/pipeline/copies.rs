//! Copies of the measuring libraries, for the benches that are built.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::PipelineError;
use crate::build::Patch;
use crate::build::library_copy::{LibraryCopy, LibraryCopyError};
use crate::discover::{Discovered, LeftOut};
use crate::domain::{BenchTarget, CrateOrigin, CrateSource, Variant, library};

/// The folder of copied measuring libraries, in the program's area.
const LIBRARIES: &str = "libraries";

/// The libraries that were copied, and those that could not be, with the reason.
#[derive(Default)]
pub(super) struct Copies {
    pub(super) patches: Vec<Patch>,
    pub(super) none: Vec<(CrateSource, String)>,
}

impl Copies {
    /// A copy of each library that the benches measure with, whose samples take turns.
    pub(super) fn of(benches: &[BenchTarget], area: &Path, variant: Variant) -> Result<Self, PipelineError> {
        let mut copies = Self::default();
        let folder = area.join(LIBRARIES);
        let linked = benches.iter().map(|bench| &bench.library);
        let libraries: BTreeSet<&CrateSource> =
            linked.filter(|library| library::family(&library.name).is_linked()).collect();
        for library in libraries {
            let CrateSource { name, version, origin, root } = library;
            if *origin != CrateOrigin::CratesIo {
                // Criterion's forks are measured as they are, and what they cannot do is told where it is asked for.
                if !library::family(name).measures_uncopied() {
                    copies.none.push((library.clone(), "it is no release from crates.io".to_owned()));
                }
                continue;
            }
            match LibraryCopy::prepare(name, version, root, &folder, variant) {
                Ok(copy) => copies.patches.push(patch(&copy)),
                Err(LibraryCopyError::Unsupported { what, .. }) => {
                    copies.none.push((library.clone(), what));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(copies)
    }
}

/// Leaves the benches out that measure with a library which is only measured through its copy.
pub(super) fn leave_out(found: &mut Discovered, library: &CrateSource, what: &str) {
    let (out, benches) =
        std::mem::take(&mut found.benches).into_iter().partition(|bench| bench.library == *library);
    found.benches = benches;
    found.left_out.extend(Vec::into_iter(out).map(|bench: BenchTarget| LeftOut {
        package: bench.package,
        target: bench.target,
        reason: format!(
            "measures with {}, which is measured through an edited copy only: {what}; use a release of {} from crates.io that \
             is known",
            library.instrument(false),
            library::family(&library.name).title()
        ),
    }));
}

/// A copy as the build takes it. Its folder is named by its content.
fn patch(copy: &LibraryCopy) -> Patch {
    Patch {
        name: copy.name().to_owned(),
        version: copy.version().to_owned(),
        path: copy.folder().to_owned(),
        digest: copy.folder().file_name().unwrap_or_default().to_string_lossy().into_owned(),
    }
}
