//! What machine code was executed, wherever the linker put it.
//!
//! A change to one function moves all the others: their addresses differ, and with them every distance that is written
//! into an instruction, but what they do is the same. So each executed instruction is decoded and taken down without
//! what depends on its place: targets of jumps and calls, and addresses relative to the instruction pointer. What is read
//! through such an address from read-only data (a constant) counts by its value. The order within a function and how
//! often each instruction was executed count as well.
//!
//! Not seen: tables whose address is computed, what set-up has made, and where data and code lie. All may change how long
//! the same code takes, so the clock is asked all the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use iced_x86::{Decoder, DecoderOptions, Instruction, OpKind};
use object::{Object, ObjectSection, ObjectSymbol as _, SectionKind};
use sha2::{Digest as _, Sha256};

use crate::domain::Digest;
use crate::measure::callgrind::Dump;
use crate::measure::excess::LARGEST_OBJECT;
use crate::support::bounded::{self, Links};
use crate::support::hex::hexadecimal;

/// The longest instruction there is.
const LONGEST: usize = 15;

/// Whether executed code can be read for an architecture.
pub(super) fn is_read(arch: &str) -> bool {
    arch == "x86_64"
}

/// What the executed code of a dump comes to. `None` when any of it cannot be read.
pub(super) fn executed(dump: &Dump, arch: &str) -> Option<Digest> {
    if !is_read(arch) {
        return None;
    }
    let mut images: BTreeMap<Rc<str>, Option<Image>> = BTreeMap::new();
    let mut functions: BTreeMap<Rc<str>, Sha256> = BTreeMap::new();
    let mut any = false;
    for ((object, address, function), times) in dump.executed() {
        let image = images.entry(Rc::clone(object)).or_insert_with(|| Image::read(object)).as_ref()?;
        let taken = image.instruction(*address)?;
        let sum = functions.entry(Rc::clone(function)).or_default();
        sum.update(taken);
        sum.update(times.to_le_bytes());
        any = true;
    }
    let mut whole = Sha256::new();
    for (name, sum) in functions {
        whole.update((name.len() as u64).to_le_bytes());
        whole.update(name.as_bytes());
        whole.update(sum.finalize());
    }
    any.then(|| Digest::new(hexadecimal(&whole.finalize())))
}

/// The names of an executable's symbols. `None` when it cannot be read.
pub(super) fn symbols(path: &Path) -> Option<Vec<String>> {
    let bytes = bounded::read(path, LARGEST_OBJECT, Links::Follow).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    let names = file.symbols().chain(file.dynamic_symbols());
    Some(names.filter_map(|symbol| Some(symbol.name().ok()?.to_owned())).collect())
}

/// A part of an object that is loaded.
struct Section {
    address: u64,
    bytes: Vec<u8>,
    read_only: bool,
}

/// The parts of an object that hold code and constants.
struct Image {
    sections: Vec<Section>,
}

impl Image {
    /// Reads an executable or library. `None` when it is none, or not there.
    fn read(path: &str) -> Option<Self> {
        let bytes = bounded::read(Path::new(path), LARGEST_OBJECT, Links::Follow).ok()?;
        let file = object::File::parse(&*bytes).ok()?;
        let kept = file.sections().filter_map(|section| {
            let code = section.kind() == SectionKind::Text;
            let constant = matches!(section.kind(), SectionKind::ReadOnlyData | SectionKind::ReadOnlyString);
            if !(code || constant) {
                return None;
            }
            let bytes = section.data().ok()?.to_vec();
            Some(Section { address: section.address(), bytes, read_only: constant })
        });
        Some(Self { sections: kept.collect() })
    }

    /// The bytes from an address to its section's end.
    fn at(&self, address: u64) -> Option<(&[u8], &Section)> {
        self.sections.iter().find_map(|section| {
            let offset = usize::try_from(address.checked_sub(section.address)?).ok()?;
            Some((section.bytes.get(offset..)?, section)).filter(|(bytes, _)| !bytes.is_empty())
        })
    }

    /// The instruction at an address, without what depends on its place.
    fn instruction(&self, address: u64) -> Option<Vec<u8>> {
        let (bytes, _) = self.at(address)?;
        let bytes = &bytes[..bytes.len().min(LONGEST)];
        let instruction = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE).decode();
        if instruction.is_invalid() { None } else { Some(self.placeless(&instruction)) }
    }

    fn placeless(&self, instruction: &Instruction) -> Vec<u8> {
        let mut taken = Vec::with_capacity(32);
        let mut put = |number: u64| taken.extend_from_slice(&number.to_le_bytes());
        put(instruction.code() as u64);
        put(u64::from(instruction.has_lock_prefix())
            | u64::from(instruction.has_rep_prefix()) << 1
            | u64::from(instruction.has_repne_prefix()) << 2);
        put(instruction.op_mask() as u64);
        put(u64::from(instruction.zeroing_masking())
            | u64::from(instruction.suppress_all_exceptions()) << 1
            | u64::from(instruction.is_broadcast()) << 2);
        put(instruction.rounding_control() as u64);
        put(instruction.segment_prefix() as u64);
        for operand in 0..instruction.op_count() {
            let kind = instruction.op_kind(operand);
            put(kind as u64);
            match kind {
                OpKind::Register => put(instruction.op_register(operand) as u64),
                OpKind::Memory => {
                    put(instruction.memory_base() as u64);
                    put(instruction.memory_index() as u64);
                    put(u64::from(instruction.memory_index_scale()));
                    if instruction.is_ip_rel_memory_operand() {
                        let constant = self.constant(instruction);
                        put(constant.len() as u64);
                        for byte in constant {
                            put(u64::from(byte));
                        }
                    } else {
                        put(instruction.memory_displacement64());
                    }
                }
                OpKind::NearBranch16
                | OpKind::NearBranch32
                | OpKind::NearBranch64
                | OpKind::FarBranch16
                | OpKind::FarBranch32 => {}
                _ => put(instruction.try_immediate(operand).unwrap_or(0)),
            }
        }
        taken
    }

    /// What an instruction reads from read-only data through an address relative to itself; empty for anything else.
    fn constant(&self, instruction: &Instruction) -> Vec<u8> {
        let size = instruction.memory_size().size();
        match self.at(instruction.ip_rel_memory_address()) {
            Some((bytes, section)) if section.read_only => bytes[..bytes.len().min(size)].to_vec(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bytes: &[u8], address: u64, constants: (u64, &[u8])) -> Option<Vec<u8>> {
        let sections = vec![
            Section { address, bytes: bytes.to_vec(), read_only: false },
            Section { address: constants.0, bytes: constants.1.to_vec(), read_only: true },
        ];
        Image { sections }.instruction(address)
    }

    const NONE: (u64, &[u8]) = (1 << 40, &[]);

    #[test]
    fn the_place_of_a_call_or_a_jump_does_not_count() {
        let call = |distance: u8, at| taken(&[0xe8, distance, 0, 0, 0], at, NONE).unwrap();
        assert_eq!(call(1, 0x1000), call(77, 0x2000));
        let jump = |distance: u8| taken(&[0x74, distance], 0x1000, NONE).unwrap();
        assert_eq!(jump(2), jump(20));
        assert_ne!(jump(2), taken(&[0x75, 2], 0x1000, NONE).unwrap(), "another condition");
    }

    #[test]
    fn what_an_instruction_does_counts() {
        let code = |bytes: &[u8]| taken(bytes, 0x1000, NONE).unwrap();
        let add_rax_1 = code(&[0x48, 0x83, 0xc0, 0x01]);
        assert_ne!(add_rax_1, code(&[0x48, 0x83, 0xc0, 0x02]), "another number");
        assert_ne!(add_rax_1, code(&[0x48, 0x83, 0xc1, 0x01]), "another register");
        assert_ne!(code(&[0x48, 0x8b, 0x47, 0x08]), code(&[0x48, 0x8b, 0x47, 0x10]), "another field");
        assert_ne!(code(&[0x48, 0xf7, 0xf1]), code(&[0x48, 0xf7, 0xe1]), "a division is no multiplication");
        assert_ne!(code(&[0xf3, 0xa4]), code(&[0xa4]), "rep movsb is no movsb");
        assert_ne!(code(&[0xf0, 0x01, 0x07]), code(&[0x01, 0x07]), "lock");
        // vaddpd zmm0 {k1}, zmm0, zmm1 and its relatives.
        let evex = |last: u8| code(&[0x62, 0xf1, 0xfd, last, 0x58, 0xc1]);
        assert_ne!(evex(0x49), evex(0xc9), "zeroing");
        assert_ne!(evex(0x49), evex(0x4a), "another mask");
        assert_ne!(evex(0x19), evex(0x39), "another rounding");
        let memory = |last: u8| code(&[0x62, 0xf1, 0xfd, last, 0x58, 0x07]);
        assert_ne!(memory(0x49), memory(0x59), "a broadcast");
    }

    #[test]
    fn a_constant_counts_by_its_value_and_not_by_its_place() {
        // movsd xmm0, [rip + 0xf8]: eight bytes at 0x1100.
        let load = [0xf2, 0x0f, 0x10, 0x05, 0xf8, 0, 0, 0];
        // movsd xmm0, [rip + 0x1f8]: eight bytes at 0x1200.
        let far = [0xf2, 0x0f, 0x10, 0x05, 0xf8, 1, 0, 0];
        let with = |value: f64| value.to_le_bytes();
        let one = taken(&load, 0x1000, (0x1100, &with(1.0))).unwrap();
        assert_eq!(one, taken(&far, 0x1000, (0x1200, &with(1.0))).unwrap());
        assert_ne!(one, taken(&load, 0x1000, (0x1100, &with(2.0))).unwrap());
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed_at() {
        assert_eq!(taken(&[0x06], 0x1000, NONE), None, "no instruction in 64-bit code");
        assert_eq!(Image { sections: Vec::new() }.instruction(0), None);
        assert!(Image::read("/nowhere").is_none());
        assert_eq!(executed(&Dump::default(), "x86_64"), None);
        assert_eq!(executed(&Dump::default(), "aarch64"), None);
    }
}
