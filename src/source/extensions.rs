//! Partial clones (`--filter=blob:none`): libgit2 refuses to open them unless told that we know what we do.
//!
//! We do: an object that was never fetched is an error of its own, with what to do about it.
//!
//! The one place that needs `unsafe` here: the setting is global to libgit2 and not synchronised.

use std::sync::Once;

static ALLOW: Once = Once::new();

/// Lets partial clones be opened. To be called before the first repository is.
#[expect(unsafe_code, reason = "git2 marks the setting unsafe: it is global and not synchronised")]
pub(super) fn allow() {
    ALLOW.call_once(|| {
        // SAFETY: the list is only read when a repository is opened. Nobody but this module changes it, once, and
        // every thread passes here (and waits for the change) before it opens its first repository.
        //
        // When it fails, opening a partial clone does, with libgit2's own words.
        let _ = unsafe { git2::opts::set_extensions(&["partialclone"]) };
    });
}
