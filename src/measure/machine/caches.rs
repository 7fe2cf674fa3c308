//! Sizes of caches, as systems write them.

use crate::domain::CacheLevel;

/// Reads one cache as Linux shows it below `/sys/devices/system/cpu/cpu0/cache/index…`: the files `level`, `type`
/// and `size`.
pub fn of_sysfs(level: &str, kind: &str, size: &str) -> Option<CacheLevel> {
    Some(CacheLevel {
        level: level.trim().parse().ok()?,
        kind: kind.trim().to_lowercase(),
        bytes: bytes(size)?,
    })
}

/// Reads a size with a binary unit: `32K`, `8192K`, `16M`.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor).filter(|&bytes| bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(bytes("32K\n"), Some(32 * 1024));
        assert_eq!(bytes("1M"), Some(1024 * 1024));
        assert_eq!(bytes("64"), Some(64));
        for text in ["", "K", "0K", "32X", "-1K", "99999999999999999999G"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn a_cache_needs_all_three_files() {
        let cache = of_sysfs("2\n", "Unified\n", "1024K\n").unwrap();
        assert_eq!((cache.level, cache.kind.as_str(), cache.bytes), (2, "unified", 1024 * 1024));
        assert_eq!(of_sysfs("", "Data", "32K"), None);
    }
}
