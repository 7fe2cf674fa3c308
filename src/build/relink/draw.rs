//! Which parts are the same on both sides, and the order of a drawn layout. Pure.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::domain::{Side, Sides};

use super::names::canonical;
use super::sections::{Kind, Part, Sum};

/// A part as the order names it: by one symbol. Sections that share all their names move together, and are one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    kind: Kind,
    name: String,
    sums: Vec<Sum>,
    /// Whether all its sections are the same.
    is_certain: bool,
}

/// What the two executables have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Matched {
    /// The symbols of what is the same on both sides.
    pub(super) same: Vec<(Kind, Sides<String>)>,
    /// The symbols of what only one side has.
    pub(super) different: Sides<Vec<(Kind, String)>>,
}

/// How many symbols of each name an executable has.
pub(super) type Alive = HashMap<String, usize>;

/// Finds what is the same on both sides: first by name and content, then by content alone, in the order of the objects.
///
/// What is not in an executable takes no part: a function that only one side links would move all that follow.
pub(super) fn matched(parts: Sides<&[Part]>, alive: Sides<&Alive>) -> Matched {
    let (baseline, uncertain_baseline) = pieces(parts.baseline, alive.baseline);
    let (candidate, uncertain_candidate) = pieces(parts.candidate, alive.candidate);
    let pieces = Sides { baseline, candidate };
    let uncertain = Sides { baseline: uncertain_baseline, candidate: uncertain_candidate };
    let mut matched = Matched::default();
    let by_name = |piece: &Piece| (piece.kind, canonical(&piece.name).to_owned(), piece.sums.clone());
    let by_content = |piece: &Piece| (piece.kind, piece.sums.clone());
    let rest = pair(pieces, by_name, &mut matched.same);
    let mut rest = pair(rest, by_content, &mut matched.same);
    let Sides { baseline, candidate } = uncertain;
    rest.baseline.extend(baseline);
    rest.candidate.extend(candidate);
    matched.different = rest.map(|pieces| pieces.into_iter().map(|piece| (piece.kind, piece.name)).collect());
    matched
}

/// Takes out what has the same key on both sides; gives what is left.
fn pair<K: Ord>(
    pieces: Sides<Vec<Piece>>,
    key: impl Fn(&Piece) -> K,
    same: &mut Vec<(Kind, Sides<String>)>,
) -> Sides<Vec<Piece>> {
    let mut waiting: BTreeMap<K, VecDeque<Piece>> = BTreeMap::new();
    for piece in pieces.candidate {
        waiting.entry(key(&piece)).or_default().push_back(piece);
    }
    let mut left = Vec::new();
    for piece in pieces.baseline {
        match waiting.get_mut(&key(&piece)).and_then(VecDeque::pop_front) {
            Some(other) => same.push((piece.kind, Sides { baseline: piece.name, candidate: other.name })),
            None => left.push(piece),
        }
    }
    Sides { baseline: left, candidate: waiting.into_values().flatten().collect() }
}

/// The pieces of one side that are in its executable; apart from them, those of which it is not known what they are.
fn pieces(parts: &[Part], alive: &Alive) -> (Vec<Piece>, Vec<Piece>) {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for name in parts.iter().flat_map(|part| &part.names) {
        *uses.entry(name).or_default() += 1;
    }
    let mut order: Vec<Piece> = Vec::new();
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
            order.push(Piece { kind: part.kind, name: name.clone(), sums: vec![part.sum], is_certain: true });
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
    /// One order of both sides: what is the same, shuffled once for both, then what differs, shuffled for each side. `below`
    /// draws a number below its argument.
    pub(super) fn order(&self, below: &mut dyn FnMut(usize) -> usize) -> Sides<Vec<&str>> {
        let mut same: Vec<&Sides<String>> = self.same.iter().map(|(_, names)| names).collect();
        shuffle(&mut same, below);
        let mut side = |side: Side| {
            let mut different: Vec<&str> =
                self.different.get(side).iter().map(|(_, name)| name.as_str()).collect();
            shuffle(&mut different, below);
            same.iter().map(|names| names.get(side).as_str()).chain(different).collect()
        };
        Sides { baseline: side(Side::Baseline), candidate: side(Side::Candidate) }
    }
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
        Part { kind: Kind::Code, names: vec![name.to_owned()], is_shared: false, sum: [sum; 32] }
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
        assert_eq!(found.different.baseline, [(Kind::Code, "a".to_owned())]);
        assert_eq!(found.different.candidate, [(Kind::Code, "a".to_owned())]);
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
        assert!(found.same.is_empty());
        assert_eq!(found.different.baseline.len(), 1);
    }

    #[test]
    fn different_ones_of_one_name_are_never_the_same() {
        let parts = [part("f", 1), part("f", 2), part("g", 3), part("g", 3)];
        let one = Alive::from([("f".to_owned(), 1), ("g".to_owned(), 1)]);
        let found =
            matched(Sides { baseline: &parts, candidate: &parts }, Sides { baseline: &one, candidate: &one });
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
                let mut sorted = orders.get(side).clone();
                sorted.sort_unstable();
                prop_assert_eq!(sorted, names.keys().map(String::as_str).collect::<Vec<_>>());
            }
            let twins: BTreeSet<(&str, &str)> = same(&found).into_iter().collect();
            let first = orders.baseline.iter().zip(&orders.candidate).take(twins.len());
            let first: BTreeSet<(&str, &str)> = first.map(|(one, two)| (*one, *two)).collect();
            prop_assert_eq!(first, twins);
        }
    }

    #[test]
    fn seeds_give_different_orders() {
        let parts: Vec<Part> = (0..50).map(|at| part(&format!("f{at}"), at)).collect();
        let found = compared(&parts, &parts);
        let orders: BTreeSet<Vec<String>> = (0..20)
            .map(|seed| {
                let order = found.order(&mut generator(seed));
                assert_eq!(order.baseline, order.candidate);
                order.baseline.into_iter().map(str::to_owned).collect()
            })
            .collect();
        assert_eq!(orders.len(), 20);
    }
}
