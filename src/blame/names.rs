//! What a demangled name tells.

use std::borrow::Cow;

/// Crates that are part of every program.
const STANDARD: [&str; 5] = ["alloc", "core", "hashbrown", "std", "__rustc"];

/// What asks for memory, by the last part of its name.
const ALLOCATORS: [&str; 22] = [
    "__rust_alloc",
    "__rust_alloc_zeroed",
    "__rust_realloc",
    "__rdl_alloc",
    "__rdl_alloc_zeroed",
    "__rdl_realloc",
    "__rg_alloc",
    "__rg_alloc_zeroed",
    "__rg_realloc",
    "__libc_malloc",
    "__libc_calloc",
    "__libc_realloc",
    "malloc",
    "calloc",
    "realloc",
    "aligned_alloc",
    "posix_memalign",
    "memalign",
    "_rjem_malloc",
    "_rjem_mallocx",
    "mi_malloc",
    "mi_malloc_aligned",
];

/// A name without what the compiler counts up: `{closure#2}` and `{{closure}}` become `{closure}`.
pub(super) fn settled(name: &str) -> Cow<'_, str> {
    if !name.contains('{') {
        return Cow::Borrowed(name);
    }
    let name = name.replace("{{", "{").replace("}}", "}");
    let mut out = String::with_capacity(name.len());
    let mut rest = name.as_str();
    while let Some(at) = rest.find('#') {
        let (head, tail) = rest.split_at(at);
        let digits = tail[1..].bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(head);
        rest = if digits > 0 && tail[1 + digits..].starts_with('}') {
            &tail[1 + digits..]
        } else {
            out.push('#');
            &tail[1..]
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The crate that a function belongs to: of `<a::B as c::D>::f` it is `a`, of `<T as c::D>::f` it is `c`.
pub(super) fn crate_of(name: &str) -> Option<&str> {
    if let Some(found) = leading_crate(name) {
        return Some(found);
    }
    let (_, implemented) = name.strip_prefix('<')?.split_once(" as ")?;
    leading_crate(implemented)
}

fn leading_crate(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches(['<', '&', '*', '[', '(', ' ']);
        let trimmed = ["mut ", "const ", "dyn ", "impl "]
            .iter()
            .find_map(|word| trimmed.strip_prefix(word))
            .unwrap_or(trimmed);
        if trimmed.len() == rest.len() {
            break;
        }
        rest = trimmed;
    }
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (word, behind) = rest.split_at(end);
    // A crate's disambiguator may stand between: `a[1f2e]::f`.
    let behind =
        behind.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(behind, |(_, rest)| rest);
    (!word.is_empty() && behind.starts_with("::")).then_some(word)
}

/// The last part of a path: `grow` of `a::b::grow::<u8>`, `f::{closure}` of a closure.
pub(super) fn tail(name: &str) -> &str {
    let mut depth = 0_usize;
    let mut cuts = Vec::new();
    let bytes = name.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if at == 0 || bytes[at - 1] != b'-' => depth = depth.saturating_sub(1),
            b':' if depth == 0 && bytes.get(at + 1) == Some(&b':') => cuts.push(at + 2),
            _ => {}
        }
    }
    let plain = |part: &str| !part.starts_with('<') && !part.starts_with('{');
    let start = cuts.iter().rev().find(|&&cut| plain(&name[cut..])).copied().unwrap_or(0);
    &name[start..]
}

/// Whether it is an address or a placeholder instead of a name: the executable has no symbols.
pub(super) fn is_nameless(name: &str) -> bool {
    let address = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.is_empty() || name == "???" || name.strip_prefix("0x").is_some_and(address)
}

/// Whether it gives out memory.
pub(super) fn is_allocator(name: &str) -> bool {
    let last = name.rsplit("::").next().unwrap_or(name);
    let last = last.split('@').next().unwrap_or(last);
    ALLOCATORS.contains(&last)
}

/// Whether it belongs to the standard library, so that its caller is of more interest.
pub(super) fn is_standard(name: &str) -> bool {
    crate_of(name).is_some_and(|name| STANDARD.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closures_are_not_counted() {
        assert_eq!(settled("a::f::{closure#12}::{closure#0}"), "a::f::{closure}::{closure}");
        assert_eq!(settled("a::f::{{closure}}"), "a::f::{closure}");
        assert_eq!(settled("a::f::{shim:vtable#0}"), "a::f::{shim:vtable}");
        assert_eq!(settled("a::{b#c}"), "a::{b#c}");
        assert_eq!(settled("{#"), "{#");
    }

    #[test]
    fn a_name_tells_its_crate() {
        for (name, krate) in [
            ("fib::grow", Some("fib")),
            ("<fib::Tree as core::fmt::Debug>::fmt", Some("fib")),
            ("<&mut fib::Tree<alloc::vec::Vec<u8>> as core::iter::Iterator>::next", Some("fib")),
            ("<T as alloc::string::ToString>::to_string", Some("alloc")),
            ("<[T] as fib::Sorted>::sorted", Some("fib")),
            ("<dyn fib::Shape>::area", Some("fib")),
            ("fib[1f2e3d4c]::grow", Some("fib")),
            ("memcpy", None),
            ("__memcpy_avx_unaligned_erms", None),
            ("???", None),
            ("", None),
            ("<", None),
        ] {
            assert_eq!(crate_of(name), krate, "{name}");
        }
    }

    #[test]
    fn the_last_part_of_a_path_is_found() {
        assert_eq!(tail("a::b::grow"), "grow");
        assert_eq!(tail("a::b::grow::<u8, fn(a::B) -> c::D>"), "grow::<u8, fn(a::B) -> c::D>");
        assert_eq!(tail("<a::B as c::D>::f"), "f");
        assert_eq!(tail("a::f::{closure}"), "f::{closure}");
        assert_eq!(tail("main"), "main");
    }

    #[test]
    fn what_has_no_name_is_told() {
        assert!(is_nameless("0x00000000001143f0") && is_nameless("???") && is_nameless(""));
        assert!(!is_nameless("0xylophone") && !is_nameless("main"));
    }

    #[test]
    fn allocators_are_known_by_their_last_part() {
        assert!(
            is_allocator("__rustc::__rust_alloc") && is_allocator("malloc") && is_allocator("calloc@@GLIBC")
        );
        assert!(!is_allocator("a::reallocate") && !is_allocator("free"));
        assert!(
            is_standard("alloc::raw_vec::finish_grow") && !is_standard("fib::grow") && !is_standard("malloc")
        );
    }
}
