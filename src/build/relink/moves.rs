//! Where what lay at an address is after parts have moved. Which part holds an address is found once, for all orders: a move is
//! then an addition. Pure.

use std::ops::Range;

use super::map::{Output, PartId};

/// An address, and what holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) address: u64,
    /// The number of the part, or that of no part.
    holder: usize,
}

/// Which part holds which address, of the sections whose parts move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holders {
    /// By address: those that have a byte, with their numbers.
    ranges: Vec<(Range<u64>, usize)>,
    /// The number of the first part of each section in the map, and how many parts there are in all.
    first: Vec<usize>,
}

impl Holders {
    /// Of the sections of a map that have these numbers. The parts of all others stay where they are.
    pub(super) fn new(outputs: &[Output], moving: &[usize]) -> Self {
        let mut first = vec![0];
        for output in outputs {
            first.push(first.last().copied().unwrap_or_default() + output.inputs.len());
        }
        let parts = moving.iter().flat_map(|&output| (first[output]..).zip(&outputs[output].inputs));
        let parts = parts.filter(|(_, input)| input.size > 0);
        let mut ranges: Vec<_> =
            parts.map(|(number, input)| (input.address..input.address + input.size, number)).collect();
        ranges.sort_by_key(|(range, _)| range.start);
        Self { ranges, first }
    }

    fn number(&self, part: PartId) -> usize {
        self.first[part.output] + part.part
    }

    /// The number of what is in no part that moves.
    fn none(&self) -> usize {
        self.first.last().copied().unwrap_or_default()
    }

    /// What holds an address.
    pub(super) fn spot(&self, address: u64) -> Spot {
        let after = self.ranges.partition_point(|(range, _)| range.start <= address);
        let before = after.checked_sub(1).map(|at| &self.ranges[at]);
        let holder = before.filter(|(range, _)| range.contains(&address)).map(|(_, number)| *number);
        Spot { address, holder: holder.unwrap_or_else(|| self.none()) }
    }

    /// What a target is: the part without a byte, if it is one, or else what holds the address.
    pub(super) fn target(&self, address: u64, empty: Option<PartId>) -> Spot {
        match empty {
            Some(part) => Spot { address, holder: self.number(part) },
            None => self.spot(address),
        }
    }
}

/// How far each part moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moves<'h> {
    holders: &'h Holders,
    by: Vec<u64>,
}

impl<'h> Moves<'h> {
    /// Every part stays where it is, until it is told otherwise.
    pub(super) fn none(holders: &'h Holders) -> Self {
        Self { holders, by: vec![0; holders.none() + 1] }
    }

    /// Moves a part by so many bytes.
    pub(super) fn set(&mut self, part: PartId, by: u64) {
        self.by[self.holders.number(part)] = by;
    }

    /// How far something moves.
    pub(super) fn by(&self, spot: Spot) -> u64 {
        self.by[spot.holder]
    }

    /// Where something is now.
    pub(super) fn of(&self, spot: Spot) -> u64 {
        spot.address.wrapping_add(self.by(spot))
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::Input;
    use super::*;

    fn output(address: u64, sizes: &[(u64, u64)]) -> Output {
        let input = |&(address, size): &(u64, u64)| Input {
            file: String::new(),
            section: String::new(),
            address,
            size,
            alignment: 1,
        };
        Output { name: String::new(), address, size: 0, inputs: sizes.iter().map(input).collect() }
    }

    #[test]
    fn addresses_move_with_the_part_that_they_are_in() {
        let outputs = [
            output(0, &[(0, 0x80)]),
            output(0x10, &[(0x10, 0x10), (0x20, 1), (0x30, 0x10), (0x10, 0), (0x10, 0)]),
        ];
        let holders = Holders::new(&outputs, &[1]);
        let mut moves = Moves::none(&holders);
        let part = |part| PartId { output: 1, part };
        for (number, by) in [(0, 0x100), (1, 0_u64.wrapping_sub(0x10)), (3, 0x300)] {
            moves.set(part(number), by);
        }
        for (from, to) in [(0, 0), (0x10, 0x110), (0x1f, 0x11f), (0x20, 0x10), (0x21, 0x21), (0x3f, 0x3f)] {
            assert_eq!(moves.of(holders.spot(from)), to, "{from:#x}");
            assert_eq!(moves.of(holders.target(from, None)), to, "{from:#x}");
        }
        // Two parts may begin at one address, if one of them is empty.
        assert_eq!(moves.of(holders.target(0x10, Some(part(3)))), 0x310);
        assert_eq!(moves.of(holders.target(0x10, Some(part(4)))), 0x10, "one that stays");
        assert_eq!(moves.by(holders.spot(0x15)), 0x100);
    }
}
