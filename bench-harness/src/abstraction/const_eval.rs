//! `const_eval`: a table computed at run time, by a `const fn`, or typed in.
//!
//! The guide: "evaluated at compile time". Its `compute_size` multiplies two constants, which every compiler folds anyway;
//! a CRC-32 table has real work in it. If nothing is left to do at run time, the `const` table costs what a table typed in
//! by hand costs: that is the claim `abstraction/const_eval/nothing-left`. The naive variant hides the polynomial behind
//! `black_box`, otherwise LLVM computes the table at compile time there, too.

use std::hint::black_box;

/// The reversed CRC-32 polynomial (IEEE 802.3).
pub const POLYNOMIAL: u32 = 0xedb8_8320;

/// Bytes per message.
pub const MESSAGE_BYTES: usize = 16;

/// The table for half a byte at a time, computed at compile time.
pub const TABLE: [u32; 16] = table(POLYNOMIAL);

/// The same table, typed in.
const TYPED: [u32; 16] = [
    0x0000_0000,
    0x1db7_1064,
    0x3b6e_20c8,
    0x26d9_30ac,
    0x76dc_4190,
    0x6b6b_51f4,
    0x4db2_6158,
    0x5005_713c,
    0xedb8_8320,
    0xf00f_9344,
    0xd6d6_a3e8,
    0xcb61_b38c,
    0x9b64_c2b0,
    0x86d3_d2d4,
    0xa00a_e278,
    0xbdbd_f21c,
];

/// The CRC-32 with a table computed now.
pub fn naive(message: &[u8]) -> u32 {
    crc32(&table(black_box(POLYNOMIAL)), message)
}

/// The CRC-32 with the table of the `const fn`.
pub fn optimized(message: &[u8]) -> u32 {
    crc32(&TABLE, message)
}

/// The CRC-32 with the table typed in.
pub fn typed(message: &[u8]) -> u32 {
    crc32(&TYPED, message)
}

/// The table of all remainders of four bits.
const fn table(polynomial: u32) -> [u32; 16] {
    let mut table = [0; 16];
    let mut index = 0;
    let mut value = 0u32;
    while index < table.len() {
        let mut remainder = value;
        let mut bit = 0;
        while bit < 4 {
            let carry = remainder & 1;
            remainder = (remainder >> 1) ^ (polynomial & carry.wrapping_neg());
            bit += 1;
        }
        table[index] = remainder;
        value += 1;
        index += 1;
    }
    table
}

/// CRC-32, half a byte at a time.
#[inline]
fn crc32(table: &[u32; 16], message: &[u8]) -> u32 {
    let remainder = message.iter().fold(u32::MAX, |crc, byte| {
        let crc = crc ^ u32::from(*byte);
        let crc = (crc >> 4) ^ table[(crc & 15) as usize];
        (crc >> 4) ^ table[(crc & 15) as usize]
    });
    !remainder
}
