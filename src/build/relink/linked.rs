//! What is known of an executable as a linker made it: where each part lies, every field that holds an address or the way to
//! one, and what symbols mean. x86-64.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use super::draw::Item;
use super::fields::{self, Field, Fields, From, Width};
use super::file::{ENTRY, ENTRY_POINT, Executable, get, get_four};
use super::frames;
use super::gaps;
use super::map::{Input, Output, PartId};
use super::moves::Holders;
use super::rearrange::{self, Arranger, Entry, Filled, Listed, Means, Order, Slot, Spots};

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
    symbols: Vec<(usize, Symbol)>,
}

/// A target that the loader fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Loaded {
    /// What is added to its address.
    addend: i64,
    /// Which part it is, where that has no byte.
    empty: Option<PartId>,
}

/// What a symbol names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symbol {
    /// What lies at its address.
    Address,
    /// A part without a byte.
    Empty(PartId),
    /// The gap of this number.
    Gap(usize),
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
        let listed = Listed::new(&self.names, items);
        let ranks = listed.ranks(items);
        let alike = |order: &Order| -> Vec<(usize, Slot)> {
            let rank = |slot: &Slot| match slot {
                Slot::Part(part) => listed
                    .rank_of(&ranks, order.output, *part)
                    .map_or((usize::MAX, *slot), |rank| (rank, Slot::Part(0))),
                Slot::Gap(..) => (0, *slot),
            };
            order.slots.iter().map(rank).collect()
        };
        let ours = listed.orders(&self.outputs, items);
        orders.iter().all(|order| {
            ours.iter()
                .find(|other| other.output == order.output)
                .is_some_and(|other| alike(other) == alike(order))
        })
    }

    /// The executable with its parts in these orders.
    ///
    /// # Errors
    /// Why it cannot be made, as a fragment.
    pub(super) fn arranged(&self, orders: &[Order]) -> Result<Vec<u8>, String> {
        rearrange::arranged(&self.file, &self.outputs, &self.spots(orders)?, orders)
    }

    /// What makes the executable in any order of what a list names, and knows nothing else any more.
    ///
    /// # Errors
    /// What is not understood, as a fragment.
    pub(super) fn arranger(mut self, items: &[Item<'_>]) -> Result<Arranger, String> {
        let listed = Listed::new(&self.names, items);
        let spots = self.spots(&listed.orders(&self.outputs, items))?;
        for input in self.outputs.iter_mut().flat_map(|output| &mut output.inputs) {
            input.file = String::new();
            if input.gap().is_none() {
                input.section = String::new();
            }
        }
        Ok(Arranger::new(self.file, self.outputs, listed, spots))
    }

    /// What holds everything that has to be put right, where the parts of these orders move.
    fn spots(&self, orders: &[Order]) -> Result<Spots, String> {
        let moving: Vec<usize> = orders.iter().map(|order| order.output).collect();
        let holders = Holders::new(&self.outputs, &moving);
        let filled = |&(from, field): &(usize, Field)| {
            let value = self.value(from, field.width);
            Filled {
                from,
                width: field.width,
                base: field.from,
                home: holders.spot(field.address),
                target: holders.target(self.target(&field, value), field.empty),
                value,
            }
        };
        let fields = self.fields.iter().map(filled).collect();
        let entry = |entry: &[u8]| {
            let (address, kind, addend) = (get(entry, 0), get(entry, 8), get(entry, 16));
            let is_relative = kind == RELATIVE;
            let target = (is_relative || kind == BY_CALL).then(|| {
                let loaded = self.loaded.get(&address).copied().unwrap_or_default();
                holders.target(addend.wrapping_sub(loaded.addend.cast_unsigned()), loaded.empty)
            });
            Entry { home: holders.spot(address), target, addend, is_relative }
        };
        let loader = self.file.relocated().map(|range| {
            let entries = self.file.bytes[range.clone()].chunks_exact(ENTRY).map(entry);
            (range.start, entries.collect())
        });
        let loader = loader.collect();
        let symbol = |&(at, symbol): &(usize, Symbol)| {
            let address = get(&self.file.bytes, at + 8);
            let means = match symbol {
                Symbol::Address => Means::Spot(holders.spot(address)),
                Symbol::Empty(part) => Means::Spot(holders.target(address, Some(part))),
                Symbol::Gap(number) => Means::Gap(number),
            };
            (at, means)
        };
        let symbols = self.symbols.iter().map(symbol).collect();
        let frames = self.frames(&holders)?;
        let entry_point = holders.spot(get(&self.file.bytes, ENTRY_POINT));
        Ok(Spots { fields, loader, symbols, frames, entry_point, holders })
    }

    /// The table by which frames are found: where each function begins, and where its frame is, as the table has it.
    fn frames(&self, holders: &Holders) -> Result<Option<rearrange::Frames>, String> {
        let Some((section, content)) = self.file.content(".eh_frame_hdr") else { return Ok(None) };
        if content.get(..4) != Some(&[1, 0x1b, 3, 0x3b]) {
            return Err("a table of frames of another kind".to_owned());
        }
        let entry = |entry: &[u8]| {
            let begin = section.address.wrapping_add_signed(i64::from(get_four(entry, 0)));
            (holders.spot(begin), get_four(entry, 4))
        };
        let entries = content.get(12..).unwrap_or_default().chunks_exact(8).map(entry).collect();
        let place = self.file.place(section.address).ok_or("a table of frames outside of all sections")?;
        Ok(Some(rearrange::Frames { address: section.address, place: place + 12, entries }))
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
}

/// The symbols of an executable, with what they mean. `names` are those of the parts.
fn meanings(
    file: &Executable,
    outputs: &[Output],
    names: &[Vec<Vec<String>>],
) -> Result<Vec<(usize, Symbol)>, String> {
    let mut empty = HashMap::new();
    for (output, section) in outputs.iter().enumerate() {
        for (part, input) in section.inputs.iter().enumerate().filter(|(_, input)| input.size == 0) {
            let of_it = names[output][part].iter().map(|name| (name.as_str(), input.address));
            empty.extend(of_it.map(|name| (name, PartId { output, part })));
        }
    }
    let means = |name: &str, address: u64| match gaps::number(name) {
        Some(number) => Symbol::Gap(number),
        None => empty.get(&(name, address)).copied().map_or(Symbol::Address, Symbol::Empty),
    };
    let symbols = file.symbols()?.into_iter().map(|(at, name)| {
        let name = name.unwrap_or_default();
        (at, means(&name, get(&file.bytes, at + 8)))
    });
    Ok(symbols.collect())
}

/// Entries of the loader's list that hold an address of the executable: as it is, and of a function that gives it.
const RELATIVE: u64 = 8;
const BY_CALL: u64 = 37;

#[cfg(test)]
mod tests {
    use super::super::gaps::Gap;
    use super::super::rearrange::tests::{example, input};
    use super::*;

    fn linked() -> Linked {
        let (outputs, names) = example();
        Linked {
            file: Executable::default(),
            outputs,
            fields: Vec::new(),
            names,
            own: std::iter::once(0x3000..0x3010).collect(),
            loaded: HashMap::new(),
            symbols: Vec::new(),
        }
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
}
