//! Functions that nobody runs, as source text: what a commit adds beside the benchmarks. Pure.

use std::fmt::Write as _;

use perfguard::domain::random::Generator;

/// The text of `benches/support/mod.rs` for a draw: one to twelve functions of one to thirty multiplications each.
pub fn functions(draw: u32) -> String {
    let mut generator = Generator::new(u64::from(draw));
    let count = 1 + generator.below(12);
    let mut text =
        String::from("//! What lies beside the benchmarks, and nobody runs.\n\nuse std::hint::black_box;\n");
    for number in 0..count {
        let _ = write!(text, "\n#[inline(never)]\nfn unused_{number}(mut value: u64) -> u64 {{\n");
        for _ in 0..=generator.below(30) {
            let factor = 2 * generator.below(1 << 30) + 3;
            let _ = writeln!(text, "    value = black_box(value.wrapping_mul({factor}));");
        }
        text.push_str("    value\n}\n");
    }
    text.push_str("\npub fn all(value: u64) -> u64 {\n    let mut sum = value;\n");
    for number in 0..count {
        let _ = writeln!(text, "    sum ^= unused_{number}(sum);");
    }
    text.push_str("    sum\n}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_differ_and_are_the_same_each_time() {
        assert_eq!(functions(1), functions(1));
        let sizes: std::collections::BTreeSet<usize> = (1..=20).map(|draw| functions(draw).len()).collect();
        assert!(sizes.len() > 15, "{sizes:?}");
    }
}
