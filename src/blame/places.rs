//! Source paths without the folders that differ from build to build.

use std::collections::HashMap;

use crate::domain::Profile;

/// Shortens every path of a profile, so that both sides spell one file in one way.
///
/// `roots` are folders that stand before the project's own files; the first that fits is taken away. Of a crate from a
/// registry or from git the folder of the crate is left, of the standard library what lies in the compiler's sources.
pub fn tidy(profile: &mut Profile, roots: &[String]) {
    let mut known: HashMap<String, String> = HashMap::new();
    let mut shorten = |path: &mut String| {
        if let Some(short) = known.get(path.as_str()) {
            path.clone_from(short);
            return;
        }
        let short = shortened(path, roots);
        known.insert(std::mem::replace(path, short.clone()), short);
    };
    for function in &mut profile.functions {
        if let Some(object) = &mut function.object {
            let plain = without_hash(object).to_owned();
            *object = plain;
        }
        if let Some(file) = &mut function.file {
            shorten(file);
        }
        for line in &mut function.lines {
            shorten(&mut line.file);
        }
    }
}

/// A path without the first of these folders that it lies in, and without what stands before a crate or the standard
/// library.
pub fn shortened(path: &str, roots: &[String]) -> String {
    let own = roots.iter().find_map(|root| path.strip_prefix(root.as_str())?.strip_prefix('/'));
    if let Some(own) = own {
        return own.to_owned();
    }
    let behind = |mark: &str, folders: usize| {
        let (_, rest) = path.split_once(mark)?;
        rest.splitn(folders + 1, '/').nth(folders)
    };
    // /rustc/HASH/library/… ; …/registry/src/INDEX/CRATE-VERSION/… ; …/git/checkouts/NAME-HASH/COMMIT/…
    let rustc = path.strip_prefix("/rustc/").and_then(|rest| rest.split_once('/')).map(|(_, rest)| rest);
    rustc
        .or_else(|| behind("/lib/rustlib/src/rust/", 0))
        .or_else(|| behind("/registry/src/", 1))
        .or_else(|| behind("/git/checkouts/", 2))
        .unwrap_or(path)
        .trim_start_matches("./")
        .replace("/./", "/")
}

/// An executable's name without the hash that Cargo puts behind it.
fn without_hash(object: &str) -> &str {
    match object.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name,
        _ => object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_the_same_on_both_sides() {
        let roots = ["/t/perfguard/build/src/app".to_owned(), "/t/perfguard/build/src".to_owned()];
        for (path, short) in [
            ("/t/perfguard/build/src/app/src/lib.rs", "src/lib.rs"),
            ("/t/perfguard/build/src/other/lib.rs", "other/lib.rs"),
            ("/t/perfguard/build/src2/lib.rs", "/t/perfguard/build/src2/lib.rs"),
            ("/rustc/0123abc/library/core/src/iter.rs", "library/core/src/iter.rs"),
            ("/u/lib/rustlib/src/rust/library/alloc/src/vec.rs", "library/alloc/src/vec.rs"),
            ("/u/registry/src/index-1f/serde-1.0.1/src/de.rs", "serde-1.0.1/src/de.rs"),
            ("/u/git/checkouts/dep-1f/0a1b2c/src/lib.rs", "src/lib.rs"),
            ("src/lib.rs", "src/lib.rs"),
            ("./malloc/./malloc/malloc.c", "malloc/malloc/malloc.c"),
        ] {
            assert_eq!(shortened(path, &roots), short);
        }
        assert_eq!(without_hash("work-0123456789abcdef"), "work");
        assert_eq!(without_hash("libc-2.36.so"), "libc-2.36.so");
    }
}
