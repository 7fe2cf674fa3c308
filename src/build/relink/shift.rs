//! How far what two versions of a function have in common lies apart in them. Pure.
//!
//! Where a loop lies decides how long it takes, not where its function begins. A statement more before a loop moves it within
//! the function, and two versions that begin at one address have their loops at two. Compilers let loops begin at multiples of
//! 16 bytes, so what is equal is looked for in blocks of so many.

use std::collections::HashMap;

use crate::domain::fnv_of_bytes;

use super::gaps::STEP;

/// What 16 bytes of code come to. Addresses that the linker fills in count as nothing.
pub(super) type Block = u32;

/// A block that occurs more often is padding, or tells nothing about where it belongs.
const OFTEN: usize = 8;

/// Code that lies so far apart differs in nothing that depends on places within a page.
const PAGE: i64 = 4096;

/// The blocks of a function's code.
pub(super) fn blocks(code: &[u8]) -> Vec<Block> {
    let (blocks, _) = code.as_chunks::<{ STEP as usize }>();
    #[expect(clippy::cast_possible_truncation, reason = "half of a hash is one")]
    let block = |bytes: &[u8; STEP as usize]| fnv_of_bytes(bytes) as Block;
    blocks.iter().map(block).collect()
}

/// How many bytes later than in `baseline` most of what both have in common lies in `candidate`: a multiple of 16, less than a
/// page in either direction. 0 where they have nothing in common.
pub(super) fn between(baseline: &[Block], candidate: &[Block]) -> i64 {
    let mut places: HashMap<Block, Vec<i64>> = HashMap::new();
    for (at, block) in (0..).zip(baseline) {
        places.entry(*block).or_default().push(at);
    }
    let mut votes: HashMap<i64, usize> = HashMap::new();
    for (at, block) in (0_i64..).zip(candidate) {
        let found = places.get(block).filter(|found| found.len() <= OFTEN);
        for other in found.into_iter().flatten() {
            *votes.entry(at - other).or_default() += 1;
        }
    }
    let most = votes.into_iter().max_by_key(|(shift, votes)| (*votes, -shift.abs(), *shift));
    most.map_or(0, |(shift, _)| shift * STEP as i64 % PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code of `count` blocks that all differ.
    fn code(from: u8, count: u8) -> Vec<u8> {
        (from..from + count).flat_map(|number| [number; 16]).collect()
    }

    fn shift(baseline: &[u8], candidate: &[u8]) -> i64 {
        between(&blocks(baseline), &blocks(candidate))
    }

    #[test]
    fn most_of_what_is_common_decides() {
        let loops = code(10, 5);
        let later = [code(100, 3), loops.clone(), code(200, 1)].concat();
        assert_eq!(shift(&[code(1, 1), loops.clone()].concat(), &later), 32);
        assert_eq!(shift(&later, &[code(1, 1), loops.clone()].concat()), -32);
        // Two blocks at their old places are fewer than five that moved.
        assert_eq!(
            shift(&[code(1, 2), loops.clone()].concat(), &[code(1, 2), code(90, 1), loops].concat()),
            16
        );
    }

    #[test]
    fn an_edit_that_moves_nothing_shifts_nothing() {
        let mut edited = code(1, 9);
        edited[3] = 77;
        assert_eq!(shift(&code(1, 9), &edited), 0);
        assert_eq!(shift(&code(1, 9), &code(100, 9)), 0, "nothing in common");
        assert_eq!(shift(&[], &[]), 0);
        assert_eq!(shift(&code(1, 3)[..40], &code(1, 2)), 0, "what fills no block does not count");
    }

    #[test]
    fn padding_does_not_vote() {
        let padding = vec![0xcc; 16 * 20];
        assert_eq!(shift(&[code(1, 1), padding.clone()].concat(), &[padding, code(1, 1)].concat()), 320);
    }

    #[test]
    fn what_lies_pages_apart_counts_by_its_place_within_a_page() {
        let before: Vec<u8> = (0..300_u16)
            .flat_map(|number| {
                [[1, 2, 3, 4], [0; 4]]
                    .concat()
                    .into_iter()
                    .chain(number.to_le_bytes())
                    .chain([5; 6])
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(shift(&code(1, 9), &[before, code(1, 9)].concat()), 300 * 16 - 4096);
    }
}
