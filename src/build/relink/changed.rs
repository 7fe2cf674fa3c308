//! Which functions do not do the same on both sides, as far as can be told without running them. Pure, but for looking into objects
//! for who refers to data.
//!
//! A function is the same when every copy of its name is: the same bytes, the same targets of relocations, the same constants
//! and tables. What it calls is another function, which is looked at by itself. Of data that other objects define, whoever
//! refers to what differs differs, too.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use crate::domain::Sides;

use super::draw::Alive;
use super::names::canonical;
use super::sections::{self, Kind, Part, Sum};

/// Why nothing can be said where what has no name is not the same.
pub(super) const NAMELESS: &str = "code or a list without a name differs";

/// What differs, by canonical names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Differing {
    /// Functions.
    pub(super) code: BTreeSet<String>,
    /// Data that other objects may refer to.
    pub(super) data: BTreeSet<String>,
}

/// What one side holds under each name, in no order: linkers keep none.
pub(super) type Contents<'a> = HashMap<(Kind, &'a str), Vec<Sum>>;

/// Finds what differs among what is in the executables.
///
/// # Errors
/// Code, or a list that is walked, has no name and differs, so nothing can be said of any benchmark.
pub(super) fn differing(parts: Sides<&[Part]>, alive: Sides<&Alive>) -> Result<Differing, String> {
    if nameless(parts.baseline) != nameless(parts.candidate) {
        return Err(NAMELESS.to_owned());
    }
    let baseline = contents(parts.baseline, alive.baseline);
    let candidate = contents(parts.candidate, alive.candidate);
    let one_way = |one: &Contents<'_>, other: &Contents<'_>| -> Vec<(Kind, String)> {
        let differs = |(key, sums): &(&(Kind, &str), &Vec<Sum>)| other.get(key) != Some(sums);
        one.iter().filter(differs).map(|((kind, name), _)| (*kind, (*name).to_owned())).collect()
    };
    let mut found = Differing::default();
    for (kind, name) in one_way(&baseline, &candidate).into_iter().chain(one_way(&candidate, &baseline)) {
        found.add(kind, name);
    }
    Ok(found)
}

impl Differing {
    /// Adds what is called so.
    pub(super) fn add(&mut self, kind: Kind, name: String) {
        match kind {
            Kind::Code => self.code.insert(name),
            Kind::Data | Kind::ThreadLocal => self.data.insert(name),
        };
    }
}

/// The functions that differ, and those that refer to data that do, by way of other data or not.
pub(super) fn code_of(mut found: Differing, inputs: &[&Vec<PathBuf>]) -> Result<BTreeSet<String>, String> {
    let mut fresh = found.data.clone();
    while !fresh.is_empty() {
        let mut next = BTreeSet::new();
        for inputs in inputs {
            let referring = sections::referring(inputs, &fresh).map_err(|error| error.to_string())?;
            for (kind, name) in referring {
                match kind {
                    Kind::Code => drop(found.code.insert(name)),
                    _ if found.data.insert(name.clone()) => drop(next.insert(name)),
                    Kind::Data | Kind::ThreadLocal => {}
                }
            }
        }
        fresh = next;
    }
    Ok(found.code)
}

/// What is in an executable under each name.
pub(super) fn contents<'a>(parts: &'a [Part], alive: &Alive) -> Contents<'a> {
    let mut contents = Contents::new();
    for part in parts.iter().filter(|part| part.kind == Kind::Code || part.is_shared) {
        for name in part.names.iter().filter(|name| alive.contains_key(*name)) {
            contents.entry((part.kind, canonical(name))).or_default().push(part.sum);
        }
    }
    for sums in contents.values_mut() {
        sums.sort_unstable();
    }
    contents
}

/// What code without a name comes to, what runs before `main`, and what is walked from end to end.
pub(super) fn nameless(parts: &[Part]) -> Vec<Sum> {
    let mut sums: Vec<Sum> = parts.iter().filter(|part| part.names.is_empty()).map(|part| part.sum).collect();
    sums.sort_unstable();
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(name: &str, sum: u8) -> Part {
        Part { kind: Kind::Data, ..Part::function(name, sum) }
    }

    fn found(baseline: &[Part], candidate: &[Part]) -> (Vec<String>, Vec<String>) {
        let alive = |parts: &[Part]| -> Alive {
            parts.iter().flat_map(|part| &part.names).map(|name| (name.clone(), 1)).collect()
        };
        let (one, two) = (alive(baseline), alive(candidate));
        let found = differing(Sides { baseline, candidate }, Sides { baseline: &one, candidate: &two });
        let Differing { code, data } = found.unwrap();
        (code.into_iter().collect(), data.into_iter().collect())
    }

    #[test]
    fn what_one_side_has_otherwise_or_alone_differs() {
        let (code, _) = found(
            &[Part::function("same", 1), Part::function("changed", 2), Part::function("gone", 3)],
            &[Part::function("new", 4), Part::function("changed", 5), Part::function("same", 1)],
        );
        assert_eq!(code, ["changed", "gone", "new"]);
    }

    #[test]
    fn a_name_that_moved_to_other_code_differs_on_both_sides() {
        let (code, _) = found(
            &[Part::function("f", 1), Part::function("g", 2)],
            &[Part::function("f", 2), Part::function("g", 1)],
        );
        assert_eq!(code, ["f", "g"]);
    }

    #[test]
    fn every_copy_of_a_name_has_to_be_the_same_in_whichever_order() {
        let copies = |sums: [u8; 3]| sums.map(|sum| Part::function("f", sum));
        assert!(found(&copies([1, 1, 2]), &copies([2, 1, 1])).0.is_empty());
        assert_eq!(found(&copies([1, 1, 2]), &copies([2, 2, 1])).0, ["f"]);
        assert_eq!(found(&copies([1, 1, 1]), &copies([1, 1, 1])[..2]).0, ["f"]);
    }

    #[test]
    fn numbers_of_link_time_optimization_do_not_count() {
        assert!(
            found(
                &[Part::function("f.llvm.7", 1), Part::function("g.12", 2)],
                &[Part::function("g.9", 2), Part::function("f.llvm.8", 1)]
            )
            .0
            .is_empty()
        );
    }

    #[test]
    fn data_count_where_other_objects_can_refer_to_them() {
        let private = |sum| Part { is_shared: false, ..data("vtable.1", sum) };
        let (code, data) = found(&[data("TABLE", 1), private(1)], &[data("TABLE", 2), private(2)]);
        assert_eq!((code.len(), data), (0, vec!["TABLE".to_owned()]));
    }

    #[test]
    fn what_is_not_linked_does_not_count() {
        let both = [Part::function("f", 1), Part::function("dead", 1)];
        let other = [Part::function("f", 1), Part::function("dead", 2)];
        let alive = Alive::from([("f".to_owned(), 1)]);
        let found = differing(
            Sides { baseline: &both, candidate: &other },
            Sides { baseline: &alive, candidate: &alive },
        );
        assert_eq!(found, Ok(Differing::default()));
    }

    #[test]
    fn of_code_without_a_name_nothing_is_known() {
        let nameless = |sum| [Part { names: Vec::new(), ..Part::function("", sum) }];
        let alive = Alive::new();
        let compare = |one: &[Part], two: &[Part]| {
            differing(Sides { baseline: one, candidate: two }, Sides { baseline: &alive, candidate: &alive })
        };
        assert!(compare(&nameless(1), &nameless(2)).is_err());
        assert!(compare(&nameless(1), &nameless(1)).is_ok());
    }
}
