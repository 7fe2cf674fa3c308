//! How far what two versions of a function have in common lies apart in them. Pure.
//!
//! Where a loop lies decides how long it takes, not where its function begins. A statement more before a loop moves it within
//! the function, and two versions that begin at one address have their loops at two. Compilers let loops begin at multiples of
//! 16 bytes, so what is equal is looked for in blocks of so many: in their bytes, and on x86-64 also in what instructions they
//! have at which places, for an edit may give the same loop other registers.

use std::collections::HashMap;

use iced_x86::{Decoder, DecoderOptions};
use object::Architecture;

use crate::domain::{Sides, fnv_of_bytes};

use super::gaps::STEP;

/// How large a block is: functions are moved by whole blocks.
const BLOCK: usize = 16;
const _: () = assert!(BLOCK as u64 == STEP);

/// A block that occurs more often is padding, or tells nothing about where it belongs.
const OFTEN: usize = 8;

/// Code that lies so far apart differs in nothing that depends on places within a page.
const PAGE: i64 = 4096;

/// How many bytes later than in the baseline most of what both versions have in common lies in the candidate: a multiple of 16,
/// less than a page in either direction. 0 where they have nothing in common. Of code, addresses that the linker fills in are
/// nothing.
pub(super) fn between(code: Sides<&[u8]>, architecture: Option<Architecture>) -> i64 {
    let mut votes: HashMap<i64, usize> = HashMap::new();
    vote(&code.map(contents), &mut votes);
    if architecture == Some(Architecture::X86_64) {
        vote(&code.map(shapes), &mut votes);
    }
    let most = votes.into_iter().max_by_key(|(shift, votes)| (*votes, -shift.abs(), *shift));
    most.map_or(0, |(shift, _)| shift * STEP.cast_signed() % PAGE)
}

/// Each block of the candidate votes for how far it lies from the blocks that are like it.
fn vote(blocks: &Sides<Vec<u64>>, votes: &mut HashMap<i64, usize>) {
    let mut places: HashMap<u64, Vec<i64>> = HashMap::new();
    for (at, block) in (0..).zip(&blocks.baseline) {
        places.entry(*block).or_default().push(at);
    }
    for (at, block) in (0_i64..).zip(&blocks.candidate) {
        let found = places.get(block).filter(|found| found.len() <= OFTEN);
        for other in found.into_iter().flatten() {
            *votes.entry(at - other).or_default() += 1;
        }
    }
}

/// What the bytes of each block come to.
fn contents(code: &[u8]) -> Vec<u64> {
    code.as_chunks::<BLOCK>().0.iter().map(|block| fnv_of_bytes(block)).collect()
}

/// What the instructions of each block come to, without their operands: which begin where in it.
fn shapes(code: &[u8]) -> Vec<u64> {
    let mut shapes = vec![Vec::new(); code.len() / BLOCK];
    for instruction in Decoder::with_ip(64, code, 0, DecoderOptions::NONE) {
        let at = usize::try_from(instruction.ip()).unwrap_or(usize::MAX);
        let Some(shape) = shapes.get_mut(at / BLOCK) else { break };
        shape.extend((at % BLOCK).to_le_bytes());
        shape.extend((instruction.code() as usize).to_le_bytes());
    }
    shapes.iter().map(|shape| fnv_of_bytes(shape)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code of `count` blocks that all differ.
    fn code(from: u8, count: u8) -> Vec<u8> {
        (from..from + count).flat_map(|number| [number; BLOCK]).collect()
    }

    fn shift(baseline: &[u8], candidate: &[u8]) -> i64 {
        between(Sides { baseline, candidate }, None)
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
        let padding = vec![0xcc; BLOCK * 20];
        assert_eq!(shift(&[code(1, 1), padding.clone()].concat(), &[padding, code(1, 1)].concat()), 320);
    }

    #[test]
    fn what_lies_pages_apart_counts_by_its_place_within_a_page() {
        let block = |number: u16| [[7; 14].as_slice(), &number.to_le_bytes()].concat();
        let before: Vec<u8> = (0..300).flat_map(block).collect();
        assert_eq!(shift(&code(1, 9), &[before, code(1, 9)].concat()), 300 * 16 - PAGE);
    }

    /// Five instructions of three bytes, and one of one byte.
    fn block(instruction: [u8; 3]) -> Vec<u8> {
        [instruction.repeat(5), vec![0x90]].concat()
    }

    #[test]
    fn a_loop_with_other_registers_is_the_same_loop() {
        // mov rax, [rdi]; add rbx, rax; xor rcx, rbx
        let one = [block([0x48, 0x8b, 0x07]), block([0x48, 0x01, 0xc3]), block([0x48, 0x31, 0xd9])].concat();
        // mov rcx, [rsi]; add rdx, rcx; xor rax, rdx
        let two = [block([0x48, 0x8b, 0x0e]), block([0x48, 0x01, 0xca]), block([0x48, 0x31, 0xd0])].concat();
        // sub rax, rdx, which neither loop has.
        let candidate = &[block([0x48, 0x29, 0xd0]), two].concat();
        assert_eq!(shift(&one, candidate), 0);
        assert_eq!(between(Sides { baseline: &one, candidate }, Some(Architecture::X86_64)), 16);
    }
}
