//! What a symbol is called wherever it lies: names without what compilers number anew in every build.

/// A name without the numbers that link-time optimization appends: `f.llvm.123`, `f.5633`.
pub(super) fn canonical(name: &str) -> &str {
    let mut name = name;
    while let Some((stem, number)) = name.rsplit_once('.') {
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || stem.is_empty() {
            break;
        }
        name = stem.strip_suffix(".llvm").unwrap_or(stem);
    }
    name
}

/// Whether a name is no name: the compiler made it up for a constant, a table of unwinding or a jump table, and numbers it anew
/// whenever another is added.
pub(super) fn is_made_up(name: &str) -> bool {
    name.is_empty()
        || name.starts_with(".L")
        || name.starts_with("anon.")
        || name.starts_with("GCC_except_table")
        || is_mark(name)
}

/// Whether a symbol marks where code or data begin, as on ARM, and names nothing.
pub(super) fn is_mark(name: &str) -> bool {
    name.starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_link_time_optimization_are_dropped() {
        for (name, expected) in [
            ("_ZN1a1b17h0123456789abcdefE.llvm.5189797776538458289", "_ZN1a1b17h0123456789abcdefE"),
            ("helper.5633", "helper"),
            ("helper.5633.llvm.12", "helper"),
            ("helper.part.0", "helper.part"),
            ("memcpy", "memcpy"),
            ("version2.so", "version2.so"),
            (".7", ".7"),
        ] {
            assert_eq!(canonical(name), expected);
        }
    }

    #[test]
    fn constants_have_no_names() {
        for name in
            ["", ".Lanon.6d85.3", ".LCPI42_0", "anon.6d85.3.llvm.518", "GCC_except_table7", "$x", "$d.4"]
        {
            assert!(is_made_up(name), "{name}");
        }
        assert!(!is_made_up("_ZN1a1bE") && !is_made_up("anonymous"));
    }
}
