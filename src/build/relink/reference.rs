//! A side linked once more as the build linked it: with what it was linked from, and the symbols that tell what is in it.

use std::path::{Path, PathBuf};

use super::arguments::{self, Kind};
use super::capture::Capture;
use super::image::Image;
use super::link::{self, Ordered};
use crate::build::digest;
use crate::domain::{Digest, LayoutFallback};

/// An executable of a side, as the build made it.
#[derive(Debug, Clone, Copy)]
pub struct Original<'a> {
    /// The executable, with its capture beside it.
    pub executable: &'a Path,
    /// What its bytes come to.
    pub digest: &'a Digest,
}

/// A side as it is linked in the order of the build, with all its symbols.
#[derive(Clone)]
pub(super) struct Reference {
    pub(super) image: Image,
    /// Everything that it was linked from.
    pub(super) taken: Vec<PathBuf>,
    /// Whether it is the very executable of the build.
    pub(super) is_as_built: bool,
}

/// Links a side in the order of the build, once it is sure that linking gives what the build gave.
pub(super) fn reference(
    capture: &Capture,
    original: Original<'_>,
    output: &Path,
) -> Result<Reference, LayoutFallback> {
    let because = |reason| capture.damage().unwrap_or(reason);
    let taken = link::as_before(capture, output).map_err(because)?;
    let digest = digest::of_file(output).map_err(|error| LayoutFallback::Files(error.to_string()))?;
    if digest != *original.digest {
        return Err(because(LayoutFallback::NotReproduced));
    }
    // Most builds use the very linker that takes the order, and keep symbols: then this is the image already.
    let built = Image::read(output).map_err(LayoutFallback::Unreadable)?;
    let given = capture.arguments(output);
    let has_names = built.functions() > 0 && !arguments::take_names(Kind::of(&capture.linker()), &given);
    if has_names && built.is_by_lld() {
        return Ok(Reference { image: built, taken, is_as_built: true });
    }
    Ordered::new(capture)?.link(&["--strip-debug".to_owned()], None, output)?;
    let image = Image::read(output).map_err(LayoutFallback::Unreadable)?;
    Ok(Reference { image, taken, is_as_built: false })
}
