//! Which file imports from which: every `use` and every path in the code, followed through re-exports to the file
//! that defines what is meant.

use std::collections::{BTreeMap, BTreeSet};

use super::syntax::{File, Segments};

/// The crate's files by module, and what each refers to.
#[derive(Debug)]
pub(super) struct Crate {
    files: BTreeMap<Segments, File>,
}

/// One file needs what another defines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) from: Segments,
    pub(super) to: Segments,
    /// The name that ties them.
    pub(super) name: String,
    pub(super) in_tests: bool,
}

/// What a path leads to.
enum Meaning {
    Module(Segments),
    Item {
        module: Segments,
        name: String,
    },
    /// Nothing of this crate.
    Outside,
}

/// How many re-exports are followed before they must be a circle of their own.
const LONGEST_CHAIN: u32 = 16;

impl Crate {
    pub(super) fn new(files: BTreeMap<Segments, File>) -> Self {
        Self { files }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.values()
    }

    /// Every tie between two files, tests included.
    pub(super) fn edges(&self) -> BTreeSet<Edge> {
        self.files.values().flat_map(|file| self.edges_of(file)).collect()
    }

    /// The names of other crates that a file refers to.
    pub(super) fn outside<'a>(&self, file: &'a File) -> BTreeSet<&'a str> {
        let imported = file.imports.iter().map(|import| &import.path);
        let mentioned = file.mentions.iter().map(|mention| &mention.path);
        imported
            .chain(mentioned.filter(|path| path.len() > 1))
            .filter(|path| matches!(self.resolve(&file.module, path, 0), Meaning::Outside))
            .filter_map(|path| path.first().map(String::as_str))
            .collect()
    }

    fn edges_of(&self, file: &File) -> Vec<Edge> {
        let mut edges = Vec::new();
        let mut tie = |meaning: Meaning, in_tests: bool| {
            if let Meaning::Item { module, name } = meaning
                && module != file.module
            {
                let in_tests = in_tests || file.of_tests;
                edges.push(Edge { from: file.module.clone(), to: module, name, in_tests });
            }
        };
        for import in &file.imports {
            let meaning = if import.glob {
                match self.resolve(&file.module, &import.path, 0) {
                    Meaning::Module(module) => Meaning::Item { module, name: "*".to_owned() },
                    other => other,
                }
            } else {
                self.resolve(&file.module, &import.path, 0)
            };
            // A parent that shows its children's items to others does not use them.
            let shown = import.public
                && matches!(&meaning, Meaning::Item { module, .. } if module.starts_with(&file.module));
            if !shown {
                tie(meaning, import.in_tests);
            }
        }
        for mention in &file.mentions {
            tie(self.resolve(&file.module, &mention.path, 0), mention.in_tests);
        }
        edges
    }

    /// What a path means in a module. A module itself is no item: whoever only names it takes nothing from it yet.
    fn resolve(&self, here: &[String], path: &[String], depth: u32) -> Meaning {
        let Some(first) = path.first() else { return Meaning::Outside };
        let rest = &path[1..];
        match first.as_str() {
            "crate" => self.walk(Vec::new(), rest, depth),
            "self" => self.walk(here.to_vec(), rest, depth),
            "super" => match here.split_last() {
                Some((_, parent)) if rest.first().is_some_and(|next| next == "super") => {
                    self.resolve(parent, rest, depth)
                }
                Some((_, parent)) => self.walk(parent.to_vec(), rest, depth),
                None => Meaning::Outside,
            },
            _ if self.knows(here, first) => self.walk(here.to_vec(), path, depth),
            _ => Meaning::Outside,
        }
    }

    fn knows(&self, module: &[String], name: &str) -> bool {
        let Some(file) = self.files.get(module) else { return false };
        file.defines.contains(name)
            || self.files.contains_key(&below(module, name))
            || file.imports.iter().any(|import| import.name.as_deref() == Some(name))
    }

    fn walk(&self, mut module: Segments, path: &[String], depth: u32) -> Meaning {
        let Some(file) = self.files.get(&module) else { return Meaning::Outside };
        let Some(name) = path.first() else { return Meaning::Module(module) };
        if depth > LONGEST_CHAIN {
            return Meaning::Item { module, name: name.clone() };
        }
        // A name may be a module and an item at once: what has more behind it is the module.
        let child = self.files.contains_key(&below(&module, name));
        if child && path.len() > 1 {
            module.push(name.clone());
            return self.walk(module, &path[1..], depth);
        }
        if file.defines.contains(name) {
            return Meaning::Item { module, name: name.clone() };
        }
        if let Some(import) = file.imports.iter().find(|import| import.name.as_deref() == Some(name)) {
            let mut onwards = import.path.clone();
            onwards.extend_from_slice(&path[1..]);
            return self.resolve(&module, &onwards, depth + 1);
        }
        if child {
            return Meaning::Module(below(&module, name));
        }
        let globs = file.imports.iter().filter(|import| import.glob);
        for glob in globs {
            if let Meaning::Module(shown) = self.resolve(&module, &glob.path, depth + 1)
                && shown != module
                && self.knows(&shown, name)
            {
                return self.walk(shown, path, depth + 1);
            }
        }
        Meaning::Item { module, name: name.clone() }
    }
}

/// Groups of files that need each other, each in the order of the names.
pub(super) fn circles(edges: &BTreeSet<Edge>) -> Vec<BTreeSet<Segments>> {
    let mut reach: BTreeMap<&Segments, BTreeSet<&Segments>> = BTreeMap::new();
    for edge in edges {
        reach.entry(&edge.from).or_default().insert(&edge.to);
    }
    let everything: BTreeMap<&Segments, BTreeSet<&Segments>> =
        reach.keys().map(|start| (*start, reachable(start, &reach))).collect();
    let mut groups = BTreeSet::new();
    for (start, ends) in &everything {
        let group: BTreeSet<Segments> = ends
            .iter()
            .filter(|end| everything.get(*end).is_some_and(|back| back.contains(start)))
            .map(|end| (*end).clone())
            .collect();
        if group.len() > 1 {
            groups.insert(group);
        }
    }
    groups.into_iter().collect()
}

fn reachable<'a>(
    start: &'a Segments,
    reach: &BTreeMap<&'a Segments, BTreeSet<&'a Segments>>,
) -> BTreeSet<&'a Segments> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(next) = open.pop() {
        for end in reach.get(next).into_iter().flatten() {
            if seen.insert(*end) {
                open.push(end);
            }
        }
    }
    seen
}

fn below(module: &[String], name: &str) -> Segments {
    let mut path = module.to_vec();
    path.push(name.to_owned());
    path
}
