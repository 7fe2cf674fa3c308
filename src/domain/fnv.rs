//! FNV-1a in 64 bits (Fowler, Noll, Vo): a number that belongs to a text, the same on every machine and in every version.
//! It tells texts apart that nobody chose to be alike; what somebody may forge is told apart by SHA-256.

/// The hash of nothing.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// What each step multiplies by.
const PRIME: u64 = 0x0100_0000_01b3;

/// The hash of a text.
pub fn fnv(text: &str) -> u64 {
    fnv_of_bytes(text.as_bytes())
}

/// The hash of bytes.
pub fn fnv_of_bytes(bytes: &[u8]) -> u64 {
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        for (text, hash) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(fnv(text), hash, "{text}");
        }
    }
}
