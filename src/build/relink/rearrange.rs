//! An executable with its parts in another order, made without a linker. x86-64.
//!
//! A linker does much that does not depend on the order: it finds symbols, drops what nobody needs, merges constants. What
//! does depend on it is little: where each part lies, and every field that holds an address, or the way to one. So one
//! executable that was linked, with the linker's map and the objects, is enough to make the others. That nothing was
//! overlooked is shown before it is relied on: the linker makes a second one, and what is made here in the same order has to
//! be the same.
//!
//! An executable is made for every pair of launches. So what does not depend on the order is found before: which part holds each
//! field and each target, and which parts an order names.

use std::collections::HashMap;

use super::draw::Item;
use super::fields::{From, Width};
use super::file::{self, ENTRY, ENTRY_POINT, Executable, as_size, put};
use super::gaps::{self, Gap};
use super::map::{Output, PartId};
use super::moves::{Holders, Moves, Spot};

/// What stands in an order of the parts of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// A part, by its place in the map.
    Part(usize),
    /// A gap, by its number.
    Gap(usize, Gap),
}

/// The parts of a section in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// The section's place in the map.
    pub(super) output: usize,
    pub(super) slots: Vec<Slot>,
}

/// A field that holds an address, or the way to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Filled {
    /// Its place in the file.
    pub(super) from: usize,
    pub(super) width: Width,
    pub(super) base: From,
    pub(super) home: Spot,
    pub(super) target: Spot,
    /// What it holds as the linker made it.
    pub(super) value: i64,
}

/// An entry of the loader's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// What the loader fills in.
    pub(super) home: Spot,
    /// With the address of what, if it is of this executable.
    pub(super) target: Option<Spot>,
    pub(super) addend: u64,
    /// Whether it is one of those that come first, sorted.
    pub(super) is_relative: bool,
}

/// What a symbol means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// What lies there.
    Spot(Spot),
    /// The gap of this number.
    Gap(usize),
}

/// The table by which frames are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frames {
    /// Where its section is loaded.
    pub(super) address: u64,
    /// The place of its first entry in the file.
    pub(super) place: usize,
    /// Where each function begins, and what the table says of its frame.
    pub(super) entries: Vec<(Spot, i32)>,
}

/// Everything that has to be put right, and which part holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spots {
    pub(super) fields: Vec<Filled>,
    /// The lists of the loader, by their places in the file.
    pub(super) loader: Vec<(usize, Vec<Entry>)>,
    /// By their places in the file.
    pub(super) symbols: Vec<(usize, Means)>,
    pub(super) frames: Option<Frames>,
    pub(super) entry_point: Spot,
    pub(super) holders: Holders,
}

/// Which items of a list name each part, by section and by its place there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    numbers: Vec<Vec<Vec<usize>>>,
    /// How many numbers there are.
    count: usize,
}

impl Listed {
    /// `names` are those of the parts. Lists of one side of a comparison have the same items, in other orders.
    pub(super) fn new(names: &[Vec<Vec<String>>], items: &[Item<'_>]) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut count = 0;
        for item in items {
            if let Item::Part(name, number) = *item {
                by_name.entry(name).or_default().push(number);
                count = count.max(number + 1);
            }
        }
        let of_part = |names: &Vec<String>| -> Vec<usize> {
            names.iter().filter_map(|name| by_name.get(name.as_str())).flatten().copied().collect()
        };
        let numbers = names.iter().map(|parts| parts.iter().map(of_part).collect()).collect();
        Self { numbers, count }
    }

    /// The first place of each item in a list, by its number.
    pub(super) fn ranks(&self, items: &[Item<'_>]) -> Vec<Option<usize>> {
        let mut ranks = vec![None; self.count];
        for (rank, item) in items.iter().enumerate() {
            if let Item::Part(_, number) = *item {
                ranks[number].get_or_insert(rank);
            }
        }
        ranks
    }

    /// The first place of a part in a list.
    pub(super) fn rank_of(&self, ranks: &[Option<usize>], output: usize, part: usize) -> Option<usize> {
        self.numbers[output][part].iter().filter_map(|number| ranks[*number]).min()
    }

    /// The orders of all sections by one list, as a linker takes it: what it names comes first, the rest stays as it is.
    pub(super) fn orders(&self, outputs: &[Output], items: &[Item<'_>]) -> Vec<Order> {
        let ranks = self.ranks(items);
        let mut gaps = Vec::new();
        for (rank, item) in items.iter().enumerate() {
            if let Item::Gap(gap) = item {
                gaps.push((rank, Slot::Gap(gaps.len(), *gap)));
            }
        }
        let mut orders = Vec::new();
        for (at, output) in outputs.iter().enumerate() {
            let mut first = Vec::new();
            let mut rest = Vec::new();
            for (part, input) in output.inputs.iter().enumerate() {
                match self.rank_of(&ranks, at, part) {
                    Some(rank) => first.push((rank, Slot::Part(part))),
                    None if input.gap().is_none() => rest.push(Slot::Part(part)),
                    None => {}
                }
            }
            if first.is_empty() {
                continue;
            }
            if output.name == CODE {
                first.append(&mut gaps);
            }
            first.sort_by_key(|(rank, _)| *rank);
            let slots = first.into_iter().map(|(_, slot)| slot).chain(rest).collect();
            orders.push(Order { output: at, slots });
        }
        orders
    }
}

/// Makes an executable in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arranger {
    file: Executable,
    outputs: Vec<Output>,
    listed: Listed,
    spots: Spots,
}

impl Arranger {
    /// `spots` are those of what the list moves.
    pub(super) fn new(file: Executable, outputs: Vec<Output>, listed: Listed, spots: Spots) -> Self {
        Self { file, outputs, listed, spots }
    }

    /// How many bytes the executable has.
    pub(super) fn size(&self) -> usize {
        self.file.bytes.len()
    }

    /// The executable with its parts in the order of a list of the same items.
    ///
    /// # Errors
    /// Why it cannot be made, as a fragment.
    pub(super) fn arranged(&self, items: &[Item<'_>]) -> Result<Vec<u8>, String> {
        arranged(&self.file, &self.outputs, &self.spots, &self.listed.orders(&self.outputs, items))
    }
}

/// Where the gaps of an order are.
type Gaps = HashMap<usize, (u64, Gap)>;

/// An executable with its parts in these orders, of the sections whose parts `spots` let move.
///
/// # Errors
/// Why it cannot be made, as a fragment.
pub(super) fn arranged(
    file: &Executable,
    outputs: &[Output],
    spots: &Spots,
    orders: &[Order],
) -> Result<Vec<u8>, String> {
    let mut made = file.bytes.clone();
    let mut moves = Moves::none(&spots.holders);
    let mut gaps = Gaps::new();
    for order in orders {
        place(file, &outputs[order.output], order, &mut moves, &mut gaps, &mut made)?;
    }
    fill_in(&spots.fields, &moves, &mut made)?;
    for (place, entries) in &spots.loader {
        tell_loader(*place, entries, &moves, &mut made);
    }
    if let Some(frames) = &spots.frames {
        sort_frames(frames, &moves, &mut made)?;
    }
    name(&spots.symbols, &moves, &gaps, &mut made);
    put(&mut made, ENTRY_POINT, moves.of(spots.entry_point));
    file::check(&made)?;
    Ok(made)
}

/// Puts the parts of a section where an order wants them.
fn place(
    file: &Executable,
    output: &Output,
    order: &Order,
    moves: &mut Moves<'_>,
    gaps: &mut Gaps,
    made: &mut [u8],
) -> Result<(), String> {
    let section = file.sections.iter().find(|section| section.name == output.name);
    let section = section.ok_or("a section that is not loaded")?;
    let mut end = output.address;
    let mut parts = Vec::with_capacity(order.slots.len());
    for slot in &order.slots {
        let (size, alignment) = match slot {
            Slot::Part(part) => (output.inputs[*part].size, output.inputs[*part].alignment),
            Slot::Gap(_, gap) => (gap.size, gap.alignment),
        };
        let start = end.next_multiple_of(alignment.max(1));
        end = start + size;
        match *slot {
            Slot::Part(part) => {
                let input = &output.inputs[part];
                moves.set(PartId { output: order.output, part }, start.wrapping_sub(input.address));
                parts.push((input, start));
            }
            Slot::Gap(number, gap) => drop(gaps.insert(number, (start, gap))),
        }
    }
    file.resize(section, end, made)?;
    let Some(offset) = section.offset else { return Ok(()) };
    let at = |address: u64| offset + as_size(address - section.address);
    let filler = if section.is_code { TRAP } else { 0 };
    let room = section.size.max(end - section.address);
    made.get_mut(offset..offset + as_size(room)).ok_or("a section behind the end")?.fill(filler);
    for (input, start) in parts {
        let size = as_size(input.size);
        let from = file.bytes.get(at(input.address)..).and_then(|bytes| bytes.get(..size));
        let to = made.get_mut(at(start)..).and_then(|bytes| bytes.get_mut(..size));
        to.zip(from).ok_or("a part outside of its section").map(|(to, from)| to.copy_from_slice(from))?;
    }
    if output.name == CODE {
        for (number, (start, gap)) in gaps.iter() {
            made[at(*start)..][..as_size(gap.size)].copy_from_slice(&gaps::filling(*number, gap.size));
        }
    }
    Ok(())
}

/// Fills in every address that lies in the executable.
fn fill_in(fields: &[Filled], moves: &Moves<'_>, made: &mut [u8]) -> Result<(), String> {
    for field in fields {
        let home = moves.by(field.home);
        let target = moves.by(field.target);
        let by = match field.base {
            From::Itself => target.wrapping_sub(home),
            From::Zero => target,
        };
        // It came with its part, as the linker made it.
        if by == 0 {
            continue;
        }
        // Within a section, places in the file are as far apart as addresses.
        let to = field.from.wrapping_add(as_size(home));
        let now = field.value.wrapping_add(by.cast_signed());
        match field.width {
            Width::Four => {
                let now = i32::try_from(now).map_err(|_| "a way that is too long".to_owned())?;
                made[to..to + 4].copy_from_slice(&now.to_le_bytes());
            }
            Width::Eight => put(made, to, now.cast_unsigned()),
        }
    }
    Ok(())
}

/// Puts a list of the loader's right: what is to be filled in, and with what.
fn tell_loader(place: usize, entries: &[Entry], moves: &Moves<'_>, made: &mut [u8]) {
    for (at, entry) in entries.iter().enumerate() {
        let to = &mut made[place + at * ENTRY..];
        put(to, 0, moves.of(entry.home));
        if let Some(target) = entry.target {
            put(to, 16, entry.addend.wrapping_add(moves.by(target)));
        }
    }
    // The linker sorts those that come first, all of one kind.
    let relative = entries.iter().filter(|entry| entry.is_relative).count();
    let (sorted, _) = made[place..][..relative * ENTRY].as_chunks_mut::<ENTRY>();
    sorted.sort_by_key(|entry| file::get(entry, 0));
}

/// Puts the table right by which frames are found: sorted by where functions begin.
fn sort_frames(frames: &Frames, moves: &Moves<'_>, made: &mut [u8]) -> Result<(), String> {
    let mut entries: Vec<(i32, i32)> = Vec::with_capacity(frames.entries.len());
    for &(begin, frame) in &frames.entries {
        let begin = moves.of(begin).wrapping_sub(frames.address).cast_signed();
        let begin = i32::try_from(begin).map_err(|_| "a way that is too long".to_owned())?;
        entries.push((begin, frame));
    }
    entries.sort_unstable();
    for (at, (begin, frame)) in entries.into_iter().enumerate() {
        let entry = &mut made[frames.place + at * 8..];
        entry[..4].copy_from_slice(&begin.to_le_bytes());
        entry[4..8].copy_from_slice(&frame.to_le_bytes());
    }
    Ok(())
}

/// Puts symbols where what they name lies now.
fn name(symbols: &[(usize, Means)], moves: &Moves<'_>, gaps: &Gaps, made: &mut [u8]) {
    for (at, means) in symbols {
        match means {
            Means::Spot(spot) => put(made, at + 8, moves.of(*spot)),
            Means::Gap(number) => {
                if let Some((address, gap)) = gaps.get(number) {
                    put(made, at + 8, *address);
                    put(made, at + 16, gap.size);
                }
            }
        }
    }
}

/// The section of functions.
const CODE: &str = ".text";
/// What fills the space between functions.
const TRAP: u8 = 0xcc;

#[cfg(test)]
pub(super) mod tests {
    use super::super::map::Input;
    use super::*;

    pub(in super::super) fn input(section: &str, address: u64, size: u64) -> Input {
        Input { file: "/a.o".to_owned(), section: section.to_owned(), address, size, alignment: 16 }
    }

    /// Sections of two functions and what nobody named, then a gap from an earlier order, and data; and the names of their parts.
    pub(in super::super) fn example() -> (Vec<Output>, Vec<Vec<Vec<String>>>) {
        let code = vec![
            input(".text.f", 0x1000, 5),
            input(".text.perfguard.gap.0", 0x1010, 16),
            input(".text.g", 0x1020, 16),
            input(".text", 0x1030, 1),
        ];
        let data = vec![input(".data.d", 0x2000, 8)];
        let output = |name: &str, address, inputs| Output { name: name.to_owned(), address, size: 0, inputs };
        let names = |names: &[&[&str]]| -> Vec<Vec<String>> {
            names.iter().map(|names| names.iter().map(|name| (*name).to_owned()).collect()).collect()
        };
        (
            vec![output(CODE, 0x1000, code), output(".data", 0x2000, data)],
            vec![names(&[&["f", "alias"], &[], &["g"], &[]]), names(&[&["d"]])],
        )
    }

    #[test]
    fn what_a_list_names_comes_first_and_the_rest_stays_as_it_is() {
        let (outputs, names) = example();
        let gap = Gap { size: 32, alignment: 16 };
        let list = [
            Item::Part("no such", 4),
            Item::Part("g", 1),
            Item::Gap(gap),
            Item::Part("alias", 2),
            Item::Part("f", 0),
        ];
        let listed = Listed::new(&names, &list);
        let slots = vec![Slot::Part(2), Slot::Gap(0, gap), Slot::Part(0), Slot::Part(3)];
        assert_eq!(listed.orders(&outputs, &list), [Order { output: 0, slots }]);
        let turned = [list[4], list[1], list[0], list[3]];
        let slots = vec![Slot::Part(0), Slot::Part(2), Slot::Part(3)];
        assert_eq!(listed.orders(&outputs, &turned), [Order { output: 0, slots }]);
        let list = [Item::Part("d", 0)];
        let orders = Listed::new(&names, &list).orders(&outputs, &list);
        assert_eq!(orders, [Order { output: 1, slots: vec![Slot::Part(0)] }]);
    }
}
