//! Revisions and their files; the only user of git2.
