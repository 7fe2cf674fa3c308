//! Names of packages and targets on the command line, which may be globs.

use globset::{Glob, GlobMatcher};

use super::DiscoverError;

/// Whether `--bench` names a target.
pub(super) fn is_named(target: &str, names: &[String]) -> Result<bool, DiscoverError> {
    let matchers = names.iter().map(|name| matcher(name)).collect::<Result<Vec<_>, _>>()?;
    Ok(matchers.iter().any(|name| name.is_match(target)))
}

/// Compiles a name, which may be a glob as it may be for Cargo.
pub(super) fn matcher(name: &str) -> Result<GlobMatcher, DiscoverError> {
    let glob = Glob::new(name).map_err(|source| DiscoverError::Pattern { name: name.to_owned(), source })?;
    Ok(glob.compile_matcher())
}
