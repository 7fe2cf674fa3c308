//! Which parts are the same on both sides, and the order of a drawn layout. Pure.

use std::collections::{BTreeMap, HashMap, VecDeque};

use object::Architecture;

use crate::domain::{Side, Sides};
use crate::support::demangle::demangled;

use super::gaps::{Gap, LINE, MOST, STEP};
use super::names::canonical;
use super::sections::{Kind, Part, Sum};
use super::shift;

/// How far the first function that differs may lie behind those that are the same, in steps: some pages.
const FAR: usize = 512;

/// How far a function that differs may lie behind the gap that makes both sides equal, in steps: every place within a line of
/// the caches is as likely as any other.
const NEAR: usize = 4;

/// A part as the order names it: by one symbol. Sections that share all their names move together, and are one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece<'a> {
    name: String,
    sums: Vec<Sum>,
    /// Whether all its sections are the same.
    is_certain: bool,
    /// Its first section.
    part: &'a Part,
}

impl Piece<'_> {
    /// Whether it is one function whose end can be told from its beginning.
    fn is_one_function(&self) -> bool {
        self.part.kind == Kind::Code && self.sums.len() == 1 && self.part.alignment <= LINE
    }
}

/// A function that both sides have, each in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edited {
    pub(super) names: Sides<String>,
    /// How many bytes later it begins than what both have in common asks for, on each side: 0 on one of them.
    pub(super) delays: Sides<u64>,
    sizes: Sides<u64>,
    alignment: u64,
}

/// What the two executables have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Matched {
    /// The symbols of what is the same on both sides.
    pub(super) same: Vec<(Kind, Sides<String>)>,
    /// The functions that both sides have, each in its own way.
    pub(super) edited: Vec<Edited>,
    /// The symbols of what only one side has.
    pub(super) different: Sides<Vec<(Kind, String)>>,
}

/// What stands in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A function, or data, by its symbol. Its number is the same in all orders of its side.
    Part(&'a str, usize),
    /// Bytes that nobody runs.
    Gap(Gap),
}

/// How many symbols of each name an executable has.
pub(super) type Alive = HashMap<String, usize>;

/// Finds what is the same on both sides: first by name and content, then by content alone, in the order of the objects.
///
/// What is not in an executable takes no part: a function that only one side links would move all that follow.
pub(super) fn matched(
    parts: Sides<&[Part]>,
    alive: Sides<&Alive>,
    architecture: Option<Architecture>,
) -> Matched {
    let (baseline, uncertain_baseline) = pieces(parts.baseline, alive.baseline);
    let (candidate, uncertain_candidate) = pieces(parts.candidate, alive.candidate);
    let pieces = Sides { baseline, candidate };
    let uncertain = Sides { baseline: uncertain_baseline, candidate: uncertain_candidate };
    let by_name =
        |piece: &Piece<'_>| (piece.part.kind, canonical(&piece.name).to_owned(), piece.sums.clone());
    let by_content = |piece: &Piece<'_>| (piece.part.kind, piece.sums.clone());
    let of_function = |piece: &Piece<'_>| (canonical(&piece.name).to_owned(), piece.part.alignment);
    // Another version of a package gives all its symbols other hashes.
    let of_path = |piece: &Piece<'_>| (demangled(canonical(&piece.name)), piece.part.alignment);
    let mut same = Vec::new();
    let rest = pair(pieces, by_name, &mut same);
    let rest = pair(rest, by_content, &mut same);
    let rest = rest.map(|pieces| pieces.into_iter().partition(Piece::is_one_function));
    let (functions, mut others): (Sides<Vec<Piece<'_>>>, Sides<Vec<Piece<'_>>>) = rest.unzip();
    let mut edited = Vec::new();
    let left = pair(functions, of_function, &mut edited);
    let left = pair(left, of_path, &mut edited);
    for more in [left, uncertain] {
        others.baseline.extend(more.baseline);
        others.candidate.extend(more.candidate);
    }
    for both in edited.drain(MOST.min(edited.len())..) {
        others.baseline.push(both.baseline);
        others.candidate.push(both.candidate);
    }
    Matched {
        same: same.into_iter().map(|both| (both.baseline.part.kind, both.map(|piece| piece.name))).collect(),
        edited: edited.into_iter().map(|both| edit(both, architecture)).collect(),
        different: others
            .map(|pieces| pieces.into_iter().map(|piece| (piece.part.kind, piece.name)).collect()),
    }
}

fn edit(both: Sides<Piece<'_>>, architecture: Option<Architecture>) -> Edited {
    let parts = both.as_ref().map(|piece| piece.part);
    let (sizes, alignment) = (parts.map(|part| part.size), parts.baseline.alignment);
    let shift = shift::between(parts.map(|part| &*part.code), architecture);
    // A function begins where its alignment allows it.
    let far = shift.unsigned_abs() / alignment.max(1) * alignment.max(1);
    let delays = match shift {
        ..0 => Sides { baseline: 0, candidate: far },
        _ => Sides { baseline: far, candidate: 0 },
    };
    Edited { names: both.map(|piece| piece.name), delays, sizes, alignment }
}

/// Takes out what has the same key on both sides; gives what is left.
fn pair<'a, K: Ord>(
    pieces: Sides<Vec<Piece<'a>>>,
    key: impl Fn(&Piece<'a>) -> K,
    pairs: &mut Vec<Sides<Piece<'a>>>,
) -> Sides<Vec<Piece<'a>>> {
    let mut waiting: BTreeMap<K, VecDeque<Piece<'a>>> = BTreeMap::new();
    for piece in pieces.candidate {
        waiting.entry(key(&piece)).or_default().push_back(piece);
    }
    let mut left = Vec::new();
    for piece in pieces.baseline {
        match waiting.get_mut(&key(&piece)).and_then(VecDeque::pop_front) {
            Some(candidate) => pairs.push(Sides { baseline: piece, candidate }),
            None => left.push(piece),
        }
    }
    Sides { baseline: left, candidate: waiting.into_values().flatten().collect() }
}

/// The pieces of one side that are in its executable; apart from them, those of which it is not known what they are.
fn pieces<'a>(parts: &'a [Part], alive: &Alive) -> (Vec<Piece<'a>>, Vec<Piece<'a>>) {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for name in parts.iter().flat_map(|part| &part.names) {
        *uses.entry(name).or_default() += 1;
    }
    let mut order: Vec<Piece<'a>> = Vec::new();
    let mut places: HashMap<(Kind, &str), usize> = HashMap::new();
    for part in parts.iter().filter(|part| part.kind != Kind::ThreadLocal) {
        let living = || part.names.iter().filter(|name| alive.contains_key(*name));
        let Some(name) = living().find(|name| uses[name.as_str()] == 1).or_else(|| living().next()) else {
            continue;
        };
        if let Some(&at) = places.get(&(part.kind, name.as_str())) {
            order[at].sums.push(part.sum);
        } else {
            places.insert((part.kind, name), order.len());
            let sums = vec![part.sum];
            order.push(Piece { name: name.clone(), sums, is_certain: true, part });
        }
    }
    // Linkers do not keep the order of sections that have one name, so only equal ones can be told to be the same.
    for piece in &mut order {
        piece.is_certain = piece.sums.windows(2).all(|two| two[0] == two[1]);
        piece.sums.truncate(alive.get(&piece.name).copied().unwrap_or(0));
    }
    order.into_iter().partition(|piece| piece.is_certain)
}

impl Matched {
    /// One order of both sides: what is the same, shuffled once for both; then the functions that both sides have in their own
    /// ways, shuffled once for both, with gaps that let what both have in common lie at one random address; then what only one
    /// side has, shuffled for each. `below` draws a number below its argument.
    pub(super) fn order(&self, below: &mut dyn FnMut(usize) -> usize) -> Sides<Vec<Item<'_>>> {
        let mut same: Vec<(usize, &Sides<String>)> =
            (0..).zip(self.same.iter().map(|(_, names)| names)).collect();
        shuffle(&mut same, below);
        let of = |side| same.iter().map(move |(number, names)| Item::Part(names.get(side), *number));
        let mut orders = Sides::from_fn(|side| of(side).collect());
        if self.differs_in_code() {
            self.place_edited(&mut orders, below);
        }
        for side in Side::BOTH {
            self.place_different(side, orders.get_mut(side), below);
        }
        orders
    }

    /// What does not do the same may take another time at each place. At one place on both sides the part of that which both
    /// share cancels within the pair, and over many pairs every place has its turn.
    fn place_edited<'a>(&'a self, orders: &mut Sides<Vec<Item<'a>>>, below: &mut dyn FnMut(usize) -> usize) {
        let first = drawn(FAR, LINE, below);
        for side in Side::BOTH {
            orders.get_mut(side).push(Item::Gap(first));
        }
        // Counted from the first gap, which begins a line.
        let mut ends = Sides { baseline: first.size, candidate: first.size };
        let mut edited: Vec<(usize, &Edited)> = (self.same.len()..).zip(&self.edited).collect();
        shuffle(&mut edited, below);
        for (number, function) in edited {
            let after = ends.baseline.max(ends.candidate) + drawn(NEAR, STEP, below).size;
            let place = after.next_multiple_of(function.alignment.max(STEP));
            for side in Side::BOTH {
                let start = place + function.delays.get(side);
                let gap = Gap { size: start - ends.get(side), alignment: STEP };
                orders.get_mut(side).extend([Item::Gap(gap), Item::Part(function.names.get(side), number)]);
                *ends.get_mut(side) = (start + function.sizes.get(side)).next_multiple_of(STEP);
            }
        }
    }

    fn place_different<'a>(
        &'a self,
        side: Side,
        order: &mut Vec<Item<'a>>,
        below: &mut dyn FnMut(usize) -> usize,
    ) {
        let first = self.same.len() + self.edited.len();
        let mut different: Vec<(usize, &(Kind, String))> = (first..).zip(self.different.get(side)).collect();
        shuffle(&mut different, below);
        let mut gaps = 0;
        for (number, (kind, name)) in different {
            if *kind == Kind::Code && gaps < MOST {
                order.push(Item::Gap(drawn(NEAR, STEP, below)));
                gaps += 1;
            }
            order.push(Item::Part(name, number));
        }
    }

    fn differs_in_code(&self) -> bool {
        let has_code = |side| self.different.get(side).iter().any(|(kind, _)| *kind == Kind::Code);
        !self.edited.is_empty() || Side::BOTH.into_iter().any(has_code)
    }

    /// How many bytes gaps may take in any order, at most.
    pub(super) fn gaps(&self) -> u64 {
        let near = NEAR as u64 * STEP + STEP;
        let edited = self.edited.iter().map(|Edited { sizes, delays, .. }| {
            near + LINE + sizes.baseline.abs_diff(sizes.candidate) + delays.baseline + delays.candidate
        });
        let different =
            Side::BOTH.map(|side| self.different.get(side).len().min(MOST) as u64 * (near + LINE));
        FAR as u64 * STEP + LINE + edited.sum::<u64>() + different.into_iter().max().unwrap_or(0)
    }
}

/// A gap of one to `most` steps.
fn drawn(most: usize, alignment: u64, below: &mut dyn FnMut(usize) -> usize) -> Gap {
    Gap { size: STEP * (1 + below(most) as u64), alignment }
}

fn shuffle<T>(values: &mut [T], below: &mut dyn FnMut(usize) -> usize) {
    for last in (1..values.len()).rev() {
        values.swap(last, below(last + 1));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn part(name: &str, sum: u8) -> Part {
        Part { size: 5 + u64::from(sum) * 40, is_shared: false, ..Part::function(name, sum) }
    }

    fn alive(parts: &[Part]) -> Alive {
        let mut alive = Alive::new();
        for name in parts.iter().flat_map(|part| &part.names) {
            *alive.entry(name.clone()).or_default() += 1;
        }
        alive
    }

    fn compared(baseline: &[Part], candidate: &[Part]) -> Matched {
        matched(
            Sides { baseline, candidate },
            Sides { baseline: &alive(baseline), candidate: &alive(candidate) },
            None,
        )
    }

    fn same(matched: &Matched) -> Vec<(&str, &str)> {
        matched.same.iter().map(|(_, names)| (names.baseline.as_str(), names.candidate.as_str())).collect()
    }

    fn generator(mut state: u64) -> impl FnMut(usize) -> usize {
        move |bound| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % bound
        }
    }

    #[test]
    fn a_name_alone_makes_nothing_the_same() {
        let found = compared(&[part("a", 1), part("b", 2)], &[part("b", 2), part("a", 3)]);
        assert_eq!(same(&found), [("b", "b")]);
        assert_eq!(found.edited[0].names, Sides { baseline: "a".to_owned(), candidate: "a".to_owned() });
        assert!(found.different.baseline.is_empty());
        assert!(found.different.candidate.is_empty());
    }

    #[test]
    fn what_is_numbered_anew_is_found_again() {
        let found = compared(
            &[part("f.llvm.1", 1), part("g.5633", 2), part("closure_h1", 3)],
            &[part("closure_h2", 3), part("g.77", 2), part("f.llvm.2", 1)],
        );
        assert_eq!(
            same(&found),
            [("f.llvm.1", "f.llvm.2"), ("g.5633", "g.77"), ("closure_h1", "closure_h2")]
        );
    }

    #[test]
    fn many_of_one_name_are_one_piece() {
        let many = |odd: u8| -> Vec<Part> {
            (0..3000).map(|at| part("f", if at == 1500 { odd } else { 1 })).collect()
        };
        let found = compared(&many(1), &many(1));
        assert_eq!(same(&found), [("f", "f")]);
        let found = compared(&many(1), &many(2));
        assert!(found.same.is_empty() && found.edited.is_empty());
        assert_eq!(found.different.baseline.len(), 1);
    }

    #[test]
    fn different_ones_of_one_name_are_never_the_same() {
        let parts = [part("f", 1), part("f", 2), part("g", 3), part("g", 3)];
        let one = Alive::from([("f".to_owned(), 1), ("g".to_owned(), 1)]);
        let found = matched(
            Sides { baseline: &parts, candidate: &parts },
            Sides { baseline: &one, candidate: &one },
            None,
        );
        assert_eq!(same(&found), [("g", "g")]);
        assert_eq!(found.different.baseline, [(Kind::Code, "f".to_owned())]);
        assert_eq!(found.different.candidate, [(Kind::Code, "f".to_owned())]);
    }

    #[test]
    fn an_alias_that_only_one_part_has_names_it() {
        let aliased = |sum| Part { names: vec!["f".into(), "only".into()], ..part("f", sum) };
        let found = compared(&[part("f", 1), aliased(2)], &[part("f", 1), aliased(2)]);
        assert_eq!(same(&found), [("f", "f"), ("only", "only")]);
    }

    #[test]
    fn what_only_one_side_links_does_not_come_among_the_same() {
        let parts = [part("a", 1), part("b", 2)];
        let one = alive(&parts);
        let other = alive(&parts[..1]);
        let found = matched(
            Sides { baseline: &parts, candidate: &parts },
            Sides { baseline: &one, candidate: &other },
            None,
        );
        assert_eq!(same(&found), [("a", "a")]);
        assert_eq!(found.different.baseline, [(Kind::Code, "b".to_owned())]);
        assert!(found.different.candidate.is_empty());
    }

    #[test]
    fn code_and_data_of_one_content_are_not_mixed_up() {
        let data = Part { kind: Kind::Data, ..part("d", 1) };
        let found = compared(&[part("c", 1)], &[data]);
        assert!(found.same.is_empty());
    }

    proptest! {
        #[test]
        fn an_order_is_a_permutation_with_the_same_first_in_one_sequence(
            baseline in prop::collection::btree_map("[a-h]{1,3}", 0_u8..3, 0..40),
            candidate in prop::collection::btree_map("[a-h]{1,3}", 0_u8..3, 0..40),
            seed: u64,
        ) {
            let parts = |names: &BTreeMap<String, u8>| -> Vec<Part> {
                names.iter().map(|(name, sum)| part(name, *sum)).collect()
            };
            let found = compared(&parts(&baseline), &parts(&candidate));
            let orders = found.order(&mut generator(seed));
            prop_assert_eq!(&found.order(&mut generator(seed)), &orders, "a seed gives its order again");
            for side in Side::BOTH {
                let names = if side == Side::Baseline { &baseline } else { &candidate };
                let mut sorted = parts_of(orders.get(side));
                sorted.sort_unstable();
                prop_assert_eq!(sorted, names.keys().map(String::as_str).collect::<Vec<_>>());
            }
            let twins: BTreeSet<(&str, &str)> = same(&found).into_iter().collect();
            let names = orders.as_ref().map(|order| parts_of(order));
            let first = names.baseline.iter().zip(&names.candidate).take(twins.len());
            let first: BTreeSet<(&str, &str)> = first.map(|(one, two)| (*one, *two)).collect();
            prop_assert_eq!(first, twins);
        }

        #[test]
        fn what_is_the_same_and_what_was_edited_begin_at_the_same_addresses(
            baseline in prop::collection::btree_map("[a-d]{1,2}", 0_u8..9, 0..20),
            candidate in prop::collection::btree_map("[a-d]{1,2}", 0_u8..9, 0..20),
            alignments in prop::collection::vec(0_u32..7, 3),
            entries in prop::collection::vec(0_u8..200, 9),
            seed: u64,
        ) {
            let parts = |names: &BTreeMap<String, u8>| -> Vec<Part> {
                let part = |(name, sum): (&String, &u8)| {
                    let alignment = 1 << alignments[usize::from(*sum) / 3];
                    // Blocks of its own, and then what all versions have.
                    let own = (0..entries[usize::from(*sum)]).flat_map(|at| [*sum; 15].into_iter().chain([at]));
                    let code = own.chain([90; 16]).chain([91; 16]).collect();
                    Part { alignment, code, ..part(name, *sum) }
                };
                names.iter().map(part).collect()
            };
            let both = Sides { baseline: parts(&baseline), candidate: parts(&candidate) };
            let found = compared(&both.baseline, &both.candidate);
            let orders = found.order(&mut generator(seed));
            let ends = Sides::from_fn(|side| linked(orders.get(side), both.get(side)));
            for (_, names) in &found.same {
                prop_assert_eq!(ends.baseline.0[&*names.baseline], ends.candidate.0[&*names.candidate]);
            }
            for function in &found.edited {
                let names = &function.names;
                let common = |side: Side| {
                    let name = names.get(side).as_str();
                    let sum = if side == Side::Baseline { baseline[name] } else { candidate[name] };
                    let part = both.get(side).iter().find(|part| part.names[0] == name).unwrap();
                    (ends.get(side).0[name] + 16 * u64::from(entries[usize::from(sum)]), part.alignment)
                };
                let ((one, alignment), (two, _)) = (common(Side::Baseline), common(Side::Candidate));
                prop_assert!(one.abs_diff(two) < alignment.max(1), "{one} {two} {alignment}");
            }
            for side in Side::BOTH {
                let mut without = orders.get(side).clone();
                without.retain(|item| matches!(item, Item::Part(..)));
                let (_, least) = linked(&without, both.get(side));
                prop_assert!(ends.get(side).1 <= least + found.gaps());
            }
        }
    }

    fn parts_of<'a>(order: &[Item<'a>]) -> Vec<&'a str> {
        let name = |item: &Item<'a>| if let Item::Part(name, _) = *item { Some(name) } else { None };
        order.iter().filter_map(name).collect()
    }

    /// Where each part of an order comes to lie, as a linker places sections, and where the last one ends.
    fn linked<'a>(order: &[Item<'a>], parts: &[Part]) -> (BTreeMap<&'a str, u64>, u64) {
        let mut places = BTreeMap::new();
        let mut end: u64 = 0x1_0000;
        for item in order {
            match item {
                Item::Part(name, _) => {
                    let part = parts.iter().find(|part| part.names[0] == *name).unwrap();
                    let start = end.next_multiple_of(part.alignment);
                    places.insert(*name, start);
                    end = start + part.size;
                }
                Item::Gap(gap) => end = end.next_multiple_of(gap.alignment) + gap.size,
            }
        }
        (places, end)
    }

    #[test]
    fn an_edited_function_comes_to_every_place_within_a_line_and_to_several_pages() {
        let (one, two) = ([part("f", 1), part("g", 2)], [part("f", 7), part("g", 2)]);
        let found = compared(&one, &two);
        assert_eq!(found.edited.len(), 1);
        let places: Vec<u64> =
            (0..200).map(|seed| linked(&found.order(&mut generator(seed)).baseline, &one).0["f"]).collect();
        for place in [0, 16, 32, 48] {
            let here = places.iter().filter(|at| *at % 64 == place).count();
            assert!((30..70).contains(&here), "{here} of 200 at {place}");
        }
        let pages: BTreeSet<u64> = places.iter().map(|at| at / 4096).collect();
        assert!(pages.len() > 1, "{pages:?}");
    }

    #[test]
    fn an_edited_function_of_another_version_of_its_package_is_found() {
        let name = |hash: char| format!("_ZN5relay4send17h{}E", hash.to_string().repeat(16));
        let found = compared(&[part(&name('a'), 1)], &[part(&name('b'), 2)]);
        assert_eq!(found.edited[0].names, Sides { baseline: name('a'), candidate: name('b') });
        assert!(found.different.baseline.is_empty() && found.different.candidate.is_empty());
    }

    #[test]
    fn what_is_equal_needs_no_gaps() {
        let parts = [part("f", 1), part("g", 2)];
        let found = compared(&parts, &parts);
        let orders = found.order(&mut generator(1));
        assert_eq!(parts_of(&orders.baseline).len(), orders.baseline.len());
    }

    #[test]
    fn seeds_give_different_orders() {
        let parts: Vec<Part> = (0..50).map(|at| part(&format!("f{at}"), at)).collect();
        let found = compared(&parts, &parts);
        let orders: BTreeSet<Vec<String>> = (0..20)
            .map(|seed| {
                let order = found.order(&mut generator(seed));
                assert_eq!(order.baseline, order.candidate);
                parts_of(&order.baseline).into_iter().map(str::to_owned).collect()
            })
            .collect();
        assert_eq!(orders.len(), 20);
    }
}
