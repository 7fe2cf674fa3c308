//! A side linked once more as the build linked it: with what it was linked from, and the symbols that tell what is in it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::arguments::{self, Kind};
use super::capture::Capture;
use super::image::Image;
use super::link::{self, Ordered};
use crate::build::digest;
use crate::domain::{Digest, LayoutFallback, Side, Sides};

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

/// Makes sure that what a linker finds by itself, such as an archive that is named by `-l`, is the same on both sides: that is not
/// compared function by function.
pub(super) fn unnamed(inputs: &Sides<Vec<PathBuf>>, taken: &Sides<Vec<PathBuf>>) -> Result<(), String> {
    let of = |side: Side| {
        // What has the same path on both sides is one file.
        let is_own =
            |path: &&PathBuf| !inputs.get(side).contains(*path) && !taken.get(side.other()).contains(*path);
        let own = taken.get(side).iter().filter(is_own);
        let own = own.map(|path| Ok((path.file_name(), digest::of_file(path)?)));
        own.collect::<io::Result<BTreeSet<_>>>().map_err(|error| error.to_string())
    };
    if of(Side::Baseline)? == of(Side::Candidate)? {
        Ok(())
    } else {
        Err("archives differ that the linker finds by itself".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_a_linker_finds_by_itself_has_to_be_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        let (system, named) = (file("crt1.o", "0"), file("a.o", "named"));
        let one = file("1/libn.a", "1");
        let (other, copy) = (file("2/libn.a", "2"), file("3/libn.a", "1"));
        let found = |baseline: &PathBuf, candidate: &PathBuf| {
            let taken = |own: &PathBuf| vec![system.clone(), named.clone(), own.clone()];
            let inputs = Sides::from_fn(|_| vec![named.clone()]);
            unnamed(&inputs, &Sides { baseline: taken(baseline), candidate: taken(candidate) })
        };
        assert_eq!(found(&one, &one), Ok(()), "one file");
        assert_eq!(found(&one, &copy), Ok(()), "the same in another place");
        assert!(found(&one, &other).unwrap_err().contains("finds by itself"));
    }
}
