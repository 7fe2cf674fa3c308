//! An executable with its parts in another order, made without a linker. x86-64.
//!
//! A linker does much that does not depend on the order: it finds symbols, drops what nobody needs, merges constants. What
//! does depend on it is little: where each part lies, and every field that holds an address, or the way to one. So one
//! executable that was linked, with the linker's map and the objects, is enough to make the others. That nothing was
//! overlooked is shown before it is relied on: the linker makes a second one, and what is made here in the same order has to
//! be the same.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use super::draw::Item;
use super::fields::{self, Field, Fields, From, Width};
use super::file::{self, ENTRY, ENTRY_POINT, Executable, as_size, get, get_four, put};
use super::frames;
use super::gaps::{self, Gap};
use super::map::{Input, Output, PartId};

/// What stands in an order of the parts of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// A part, by its place in the map.
    Part(usize),
    /// A gap, by its number.
    Gap(usize, Gap),
}

/// The parts of a section in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// The section's place in the map.
    output: usize,
    slots: Vec<Slot>,
}

/// An executable as a linker made it, and where everything in it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Linked {
    file: Executable,
    outputs: Vec<Output>,
    /// With their places in the file.
    fields: Vec<(usize, Field)>,
    /// The symbols of each part, as in the map.
    names: Vec<Vec<Vec<String>>>,
    /// Where the linker put what it made itself, constants that it merged among it: sorted.
    own: Vec<Range<u64>>,
    /// What the loader fills in, by the place.
    loaded: HashMap<u64, Loaded>,
    /// Where symbols are in the file.
    symbols: Vec<(usize, Means)>,
}

/// A target that the loader fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Loaded {
    /// What is added to its address.
    addend: i64,
    /// Which part it is, where that has no byte.
    empty: Option<PartId>,
}

/// What a symbol means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// What lies at its address.
    Address,
    /// A part without a byte.
    Empty(PartId),
    /// The gap of this number.
    Gap(usize),
}

/// Where parts were and how far they moved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Moves {
    /// By address.
    parts: Vec<(Range<u64>, u64)>,
    /// Those without a byte, which lie where others begin.
    empty: HashMap<PartId, u64>,
}

impl Moves {
    /// Where what was at an address is now.
    fn of(&self, address: u64) -> u64 {
        let after = self.parts.partition_point(|(range, _)| range.start <= address);
        match after.checked_sub(1).map(|at| &self.parts[at]) {
            Some((range, moved)) if range.contains(&address) => address.wrapping_add(*moved),
            _ => address,
        }
    }

    /// Where a target is now that was at an address: the part without a byte, if it is one, or else what holds the address.
    fn of_target(&self, address: u64, empty: Option<PartId>) -> u64 {
        match empty {
            Some(part) => address.wrapping_add(self.empty.get(&part).copied().unwrap_or_default()),
            None => self.of(address),
        }
    }
}

impl Linked {
    /// Understands an executable, by the linker's map of it and the objects that the map names, with paths in `folder`.
    ///
    /// # Errors
    /// What is not understood, as a fragment.
    pub(super) fn new(bytes: &[u8], outputs: Vec<Output>, folder: &Path) -> Result<Self, String> {
        let file = Executable::new(bytes)?;
        let at =
            |address: u64| file.bytes.get(file.place(address)?.checked_sub(4)?..)?.first_chunk().copied();
        let Fields { mut fields, names } = fields::read(&outputs, folder, &at)?;
        if let Some((section, content)) = file.content(".eh_frame") {
            fields.extend(frames::fields(section.address, content)?);
        }
        if file.content(".relr.dyn").is_some() {
            return Err("packed relocations".to_owned());
        }
        let entries = file.relocated().flat_map(|range| file.bytes[range].chunks_exact(ENTRY));
        let loaded: HashSet<u64> = entries.map(|entry| get(entry, 0)).collect();
        let is_loaded = |field: &Field| field.from == From::Zero && loaded.contains(&field.address);
        // Of a constant among others the addend is part of where it lies.
        let target = |field: &Field| {
            let addend = if field.is_merged { 0 } else { field.addend };
            (field.address, Loaded { addend, empty: field.empty })
        };
        let loaded_fields = fields.iter().filter(|field| is_loaded(field)).map(target).collect();
        fields.retain(|field| !is_loaded(field));
        let located = |field: Field| Some((file.place(field.address)?, field));
        let fields = fields.into_iter().map(located).collect::<Option<_>>();
        let fields = fields.ok_or("a field outside of all sections")?;
        let symbols = meanings(&file, &outputs, &names)?;
        let loaded = outputs.iter().filter(|output| output.address > 0);
        let inputs = loaded.flat_map(|output| &output.inputs);
        let own = inputs.filter(|input| !input.is_of_object() && input.gap().is_none() && input.size > 0);
        let mut own: Vec<_> = own.map(|input| input.address..input.address + input.size).collect();
        own.sort_unstable_by_key(|range| range.start);
        let mut linked = Self { file, outputs, fields, names, own, loaded: loaded_fields, symbols };
        linked.read_tables();
        Ok(linked)
    }

    /// How many bytes the executable has.
    pub(super) fn size(&self) -> usize {
        self.file.bytes.len()
    }

    /// Without what only maps are compared by.
    #[must_use]
    pub(super) fn for_orders(mut self) -> Self {
        for input in self.outputs.iter_mut().flat_map(|output| &mut output.inputs) {
            input.file = String::new();
            if input.gap().is_none() {
                input.section = String::new();
            }
        }
        self
    }

    /// The orders in which a linker put the same objects, by its map; `None` where they are others.
    pub(super) fn orders_of(&self, outputs: &[Output]) -> Option<Vec<Order>> {
        let mut orders = Vec::new();
        for (at, output) in self.outputs.iter().enumerate().filter(|(_, output)| output.address > 0) {
            let other = outputs.iter().find(|other| other.name == output.name)?;
            if other.inputs == output.inputs {
                continue;
            }
            let places: HashMap<(&str, &str), usize> = (0..)
                .zip(&output.inputs)
                .map(|(place, input)| ((&*input.file, &*input.section), place))
                .collect();
            let slot = |input: &Input| match input.gap() {
                Some((number, gap)) => Some(Slot::Gap(number, gap)),
                None => places.get(&(&*input.file, &*input.section)).copied().map(Slot::Part),
            };
            let slots = other.inputs.iter().map(slot).collect::<Option<Vec<_>>>()?;
            orders.push(Order { output: at, slots });
        }
        Some(orders)
    }

    /// Whether a list, taken as a linker takes it, gives these orders of the linker's. It promises nothing of parts that are named
    /// alike.
    pub(super) fn gives(&self, items: &[Item<'_>], orders: &[Order]) -> bool {
        let ranks = ranks(items);
        let alike = |order: &Order| -> Vec<(usize, Slot)> {
            let names = &self.names[order.output];
            let rank = |slot: &Slot| match slot {
                Slot::Part(part) => {
                    rank_of(&ranks, &names[*part]).map_or((usize::MAX, *slot), |rank| (rank, Slot::Part(0)))
                }
                Slot::Gap(..) => (0, *slot),
            };
            order.slots.iter().map(rank).collect()
        };
        let ours = self.orders_by(items);
        orders.iter().all(|order| {
            ours.iter()
                .find(|other| other.output == order.output)
                .is_some_and(|other| alike(other) == alike(order))
        })
    }

    /// The orders of all sections by one list, as a linker takes it: what it names comes first, the rest stays as it is.
    pub(super) fn orders_by(&self, items: &[Item<'_>]) -> Vec<Order> {
        let ranks = ranks(items);
        let mut gaps = Vec::new();
        for (rank, item) in items.iter().enumerate() {
            if let Item::Gap(gap) = item {
                gaps.push((rank, Slot::Gap(gaps.len(), *gap)));
            }
        }
        let mut orders = Vec::new();
        for (at, (output, names)) in self.outputs.iter().zip(&self.names).enumerate() {
            let mut first = Vec::new();
            let mut rest = Vec::new();
            for (part, (input, names)) in output.inputs.iter().zip(names).enumerate() {
                match rank_of(&ranks, names) {
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

    /// The executable with its parts in these orders.
    ///
    /// # Errors
    /// Why it cannot be made, as a fragment.
    pub(super) fn arranged(&self, orders: &[Order]) -> Result<Vec<u8>, String> {
        let mut made = self.file.bytes.clone();
        let mut moved = Moves::default();
        let mut gaps = HashMap::new();
        for order in orders {
            let output = &self.outputs[order.output];
            let section = self.file.sections.iter().find(|section| section.name == output.name);
            let section = section.ok_or("a section that is not loaded")?;
            let mut end = output.address;
            let mut parts = Vec::new();
            for slot in &order.slots {
                let (size, alignment) = match slot {
                    Slot::Part(part) => (output.inputs[*part].size, output.inputs[*part].alignment),
                    Slot::Gap(_, gap) => (gap.size, gap.alignment),
                };
                let start = end.next_multiple_of(alignment.max(1));
                end = start + size;
                match slot {
                    Slot::Part(part) => {
                        let input = &output.inputs[*part];
                        let by = start.wrapping_sub(input.address);
                        if input.size > 0 {
                            moved.parts.push((input.address..input.address + input.size, by));
                        } else {
                            moved.empty.insert(PartId { output: order.output, part: *part }, by);
                        }
                        parts.push((input, start));
                    }
                    Slot::Gap(number, gap) => drop(gaps.insert(*number, (start, *gap))),
                }
            }
            self.file.resize(section, end, &mut made)?;
            let Some(offset) = section.offset else { continue };
            let at = |address: u64| offset + as_size(address - section.address);
            let filler = if section.is_code { TRAP } else { 0 };
            let room = section.size.max(end - section.address);
            made.get_mut(offset..offset + as_size(room)).ok_or("a section behind the end")?.fill(filler);
            for (input, start) in parts {
                let size = as_size(input.size);
                let from = self.file.bytes.get(at(input.address)..).and_then(|bytes| bytes.get(..size));
                let to = made.get_mut(at(start)..).and_then(|bytes| bytes.get_mut(..size));
                to.zip(from)
                    .ok_or("a part outside of its section")
                    .map(|(to, from)| to.copy_from_slice(from))?;
            }
            if output.name == CODE {
                for (number, (start, gap)) in &gaps {
                    made[at(*start)..][..as_size(gap.size)]
                        .copy_from_slice(&gaps::filling(*number, gap.size));
                }
            }
        }
        moved.parts.sort_by_key(|(range, _)| range.start);
        self.fill_in(&moved, &mut made)?;
        self.tell_loader(&moved, &mut made);
        self.sort_frames(&moved, &mut made)?;
        self.name(&moved, &gaps, &mut made);
        put(&mut made, ENTRY_POINT, moved.of(get(&self.file.bytes, ENTRY_POINT)));
        file::check(&made)?;
        Ok(made)
    }
}

impl Linked {
    /// Fills in every address that lies in the executable.
    fn fill_in(&self, moves: &Moves, made: &mut [u8]) -> Result<(), String> {
        for &(from, field) in &self.fields {
            // Within a section, places in the file are as far apart as addresses.
            let here = moves.of(field.address);
            let to = from.wrapping_add(as_size(here.wrapping_sub(field.address)));
            let value = self.value(from, field.width);
            let target = self.target(&field, value);
            let by = moves.of_target(target, field.empty).wrapping_sub(target).cast_signed();
            let by = match field.from {
                From::Itself => by.wrapping_sub(here.wrapping_sub(field.address).cast_signed()),
                From::Zero => by,
            };
            let now = value.wrapping_add(by);
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

    /// What reaches a part without a byte by way of the table of addresses leads to the table; it is the table that leads to
    /// the part.
    fn read_tables(&mut self) {
        let Some((table, _)) = self.file.content(".got") else { return };
        let table = table.address..table.address + table.size;
        let mut fields = std::mem::take(&mut self.fields);
        for (from, field) in fields.iter_mut().filter(|(_, field)| field.empty.is_some()) {
            let target = self.target(field, self.value(*from, field.width));
            if table.contains(&target) {
                self.loaded.insert(target, Loaded { addend: 0, empty: field.empty.take() });
            }
        }
        self.fields = fields;
    }

    /// What a field holds.
    fn value(&self, from: usize, width: Width) -> i64 {
        match width {
            Width::Four => i64::from(get_four(&self.file.bytes, from)),
            Width::Eight => get(&self.file.bytes, from).cast_signed(),
        }
    }

    /// Where a field leads that holds this.
    fn target(&self, field: &Field, value: i64) -> u64 {
        let base = match field.from {
            From::Itself => field.address,
            From::Zero => 0,
        };
        let led = |beside: i64| base.wrapping_add_signed(value.wrapping_sub(beside));
        if !field.is_merged {
            return led(field.addend);
        }
        // Of a constant among others the addend is part of where it lies. An instruction counts from its end, which is four bytes
        // on, and more where a number follows the field.
        let ends: &[i64] = if field.from == From::Zero { &[0] } else { &[-4, -5, -6, -8, 0] };
        let constants = |target: &u64| {
            let after = self.own.partition_point(|range| range.start <= *target);
            after.checked_sub(1).is_some_and(|at| self.own[at].contains(target))
        };
        ends.iter().map(|end| led(*end)).find(constants).unwrap_or_else(|| led(ends[0]))
    }

    /// Puts the loader's list right: what is to be filled in, and with what.
    fn tell_loader(&self, moves: &Moves, made: &mut [u8]) {
        for range in self.file.relocated() {
            let mut relative = 0;
            for (at, entry) in self.file.bytes[range.clone()].chunks_exact(ENTRY).enumerate() {
                let (address, kind, addend) = (get(entry, 0), get(entry, 8), get(entry, 16));
                let entry = &mut made[range.start + at * ENTRY..];
                put(entry, 0, moves.of(address));
                if kind == RELATIVE || kind == BY_CALL {
                    let loaded = self.loaded.get(&address).copied().unwrap_or_default();
                    let beside = loaded.addend.cast_unsigned();
                    let target = addend.wrapping_sub(beside);
                    put(entry, 16, moves.of_target(target, loaded.empty).wrapping_add(beside));
                }
                relative += usize::from(kind == RELATIVE);
            }
            // The linker sorts those that come first, all of one kind.
            let mut entries: Vec<[u8; ENTRY]> =
                made[range.clone()].chunks_exact(ENTRY).filter_map(|entry| entry.try_into().ok()).collect();
            let entries = &mut entries[..relative];
            entries.sort_by_key(|entry| get(entry, 0));
            made[range][..relative * ENTRY].copy_from_slice(entries.as_flattened());
        }
    }

    /// Puts the table right by which frames are found: sorted by where functions begin.
    fn sort_frames(&self, moves: &Moves, made: &mut [u8]) -> Result<(), String> {
        let Some((section, content)) = self.file.content(".eh_frame_hdr") else {
            return Ok(());
        };
        if content.get(..4) != Some(&[1, 0x1b, 3, 0x3b]) {
            return Err("a table of frames of another kind".to_owned());
        }
        let mut entries: Vec<(i32, i32)> = Vec::new();
        for entry in content.get(12..).unwrap_or_default().chunks_exact(8) {
            let begin = section.address.wrapping_add_signed(i64::from(get_four(entry, 0)));
            let begin = moves.of(begin).wrapping_sub(section.address).cast_signed();
            let begin = i32::try_from(begin).map_err(|_| "a way that is too long".to_owned())?;
            entries.push((begin, get_four(entry, 4)));
        }
        entries.sort_unstable();
        let start = self.file.place(section.address).ok_or("a table of frames outside of all sections")? + 12;
        for (at, (begin, frame)) in entries.into_iter().enumerate() {
            let entry = &mut made[start + at * 8..];
            entry[..4].copy_from_slice(&begin.to_le_bytes());
            entry[4..8].copy_from_slice(&frame.to_le_bytes());
        }
        Ok(())
    }

    /// Puts symbols where what they name lies now.
    fn name(&self, moves: &Moves, gaps: &HashMap<usize, (u64, Gap)>, made: &mut [u8]) {
        for (at, means) in &self.symbols {
            let address = get(&self.file.bytes, at + 8);
            match means {
                Means::Address => put(made, at + 8, moves.of(address)),
                Means::Empty(part) => put(made, at + 8, moves.of_target(address, Some(*part))),
                Means::Gap(number) => {
                    if let Some((address, gap)) = gaps.get(number) {
                        put(made, at + 8, *address);
                        put(made, at + 16, gap.size);
                    }
                }
            }
        }
    }
}

/// The symbols of an executable, with what they mean. `names` are those of the parts.
fn meanings(
    file: &Executable,
    outputs: &[Output],
    names: &[Vec<Vec<String>>],
) -> Result<Vec<(usize, Means)>, String> {
    let mut empty = HashMap::new();
    for (output, section) in outputs.iter().enumerate() {
        for (part, input) in section.inputs.iter().enumerate().filter(|(_, input)| input.size == 0) {
            let of_it = names[output][part].iter().map(|name| (name.as_str(), input.address));
            empty.extend(of_it.map(|name| (name, PartId { output, part })));
        }
    }
    let means = |name: &str, address: u64| match gaps::number(name) {
        Some(number) => Means::Gap(number),
        None => empty.get(&(name, address)).copied().map_or(Means::Address, Means::Empty),
    };
    let symbols = file.symbols()?.into_iter().map(|(at, name)| {
        let name = name.unwrap_or_default();
        (at, means(&name, get(&file.bytes, at + 8)))
    });
    Ok(symbols.collect())
}

/// The first place of each name in a list.
fn ranks<'i>(items: &[Item<'i>]) -> HashMap<&'i str, usize> {
    let mut ranks = HashMap::new();
    for (rank, item) in items.iter().enumerate() {
        if let Item::Part(name) = item {
            ranks.entry(*name).or_insert(rank);
        }
    }
    ranks
}

fn rank_of(ranks: &HashMap<&str, usize>, names: &[String]) -> Option<usize> {
    names.iter().filter_map(|name| ranks.get(name.as_str())).min().copied()
}

/// The section of functions.
const CODE: &str = ".text";
/// What fills the space between functions.
const TRAP: u8 = 0xcc;
/// Entries of the loader's list that hold an address of the executable: as it is, and of a function that gives it.
const RELATIVE: u64 = 8;
const BY_CALL: u64 = 37;

#[cfg(test)]
mod tests {
    use super::*;

    fn input(section: &str, address: u64, size: u64) -> Input {
        Input { file: "/a.o".to_owned(), section: section.to_owned(), address, size, alignment: 16 }
    }

    /// An executable of two functions and what nobody named, then a gap from an earlier order, and data.
    fn linked() -> Linked {
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
        Linked {
            file: Executable::default(),
            outputs: vec![output(CODE, 0x1000, code), output(".data", 0x2000, data)],
            fields: Vec::new(),
            names: vec![names(&[&["f", "alias"], &[], &["g"], &[]]), names(&[&["d"]])],
            own: std::iter::once(0x3000..0x3010).collect(),
            loaded: HashMap::new(),
            symbols: Vec::new(),
        }
    }

    #[test]
    fn what_a_list_names_comes_first_and_the_rest_stays_as_it_is() {
        let gap = Gap { size: 32, alignment: 16 };
        let list =
            [Item::Part("no such"), Item::Part("g"), Item::Gap(gap), Item::Part("alias"), Item::Part("f")];
        let orders = linked().orders_by(&list);
        let slots = vec![Slot::Part(2), Slot::Gap(0, gap), Slot::Part(0), Slot::Part(3)];
        assert_eq!(orders, [Order { output: 0, slots }]);
        let orders = linked().orders_by(&[Item::Part("d")]);
        assert_eq!(orders, [Order { output: 1, slots: vec![Slot::Part(0)] }]);
    }

    #[test]
    fn an_order_is_read_from_the_map_of_another_executable() {
        let mut other = linked().outputs;
        other[0].inputs.swap(0, 2);
        other[0].inputs[1] = input(".text.perfguard.gap.0", 0x1010, 64);
        let slots =
            vec![Slot::Part(2), Slot::Gap(0, Gap { size: 64, alignment: 16 }), Slot::Part(0), Slot::Part(3)];
        assert_eq!(linked().orders_of(&other), Some(vec![Order { output: 0, slots }]));
        other[0].inputs.push(input(".text.h", 0x1100, 1));
        assert_eq!(linked().orders_of(&other), None, "a part that is not in this one");
        assert_eq!(linked().orders_of(&other[..1]), None);
    }

    #[test]
    fn constants_that_were_merged_are_found_behind_whatever_follows_the_field() {
        let linked = linked();
        let field = |from, is_merged, addend| Field {
            address: 0x1000,
            width: Width::Four,
            from,
            addend,
            is_merged,
            empty: None,
        };
        let relative =
            |to: i64, after: i64| linked.target(&field(From::Itself, true, 99), to - 0x1004 - after);
        assert_eq!(relative(0x3008, 0), 0x3008);
        for after in [1, 2, 4] {
            assert_eq!(relative(0x3000, after), 0x3000, "a number of {after} bytes follows");
        }
        assert_eq!(linked.target(&field(From::Zero, true, 99), 0x300c), 0x300c);
        assert_eq!(linked.target(&field(From::Itself, false, -4), 0x20 - 4), 0x1020);
        assert_eq!(linked.target(&field(From::Zero, false, 8), 0x2008), 0x2000);
    }

    #[test]
    fn addresses_move_with_the_part_that_they_are_in() {
        let parts = vec![(0x10..0x20, 0x100), (0x20..0x21, 0_u64.wrapping_sub(0x10)), (0x30..0x40, 0)];
        let empty = PartId { output: 1, part: 2 };
        let moves = Moves { parts, empty: std::iter::once((empty, 0x300)).collect() };
        for (from, to) in [(0, 0), (0x10, 0x110), (0x1f, 0x11f), (0x20, 0x10), (0x21, 0x21), (0x3f, 0x3f)] {
            assert_eq!(moves.of(from), to, "{from:#x}");
            assert_eq!(moves.of_target(from, None), to, "{from:#x}");
        }
        // Two parts may begin at one address, if one of them is empty.
        assert_eq!(moves.of_target(0x10, Some(empty)), 0x310);
        assert_eq!(moves.of_target(0x10, Some(PartId { part: 3, ..empty })), 0x10, "one that stays");
    }
}
