//! What one file of the crate declares, defines and refers to, as `syn` sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A path as it is written: `crate::a::b`, `super::x`, `name`.
pub(super) type Segments = Vec<String>;

/// A `use` of one name, or of everything in a module.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) path: Segments,
    /// What the name is called here; nothing for `*` and for `as _`.
    pub(super) name: Option<String>,
    pub(super) glob: bool,
    /// Made visible to others: a re-export.
    pub(super) public: bool,
    pub(super) in_tests: bool,
}

/// A path in an expression, a type, a pattern or a macro.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mention {
    pub(super) path: Segments,
    pub(super) in_tests: bool,
}

/// One file of the crate: a module, with the inline modules in it.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// Where it stands in the crate: empty for `lib.rs`.
    pub(super) module: Segments,
    /// Compiled for tests alone.
    pub(super) of_tests: bool,
    /// Names of the items that are written in it.
    pub(super) defines: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    pub(super) mentions: BTreeSet<Mention>,
    /// Modules in files of their own: the name, and whether it is for tests alone.
    children: Vec<(String, bool)>,
}

/// Every file that `lib.rs` leads to, by its module.
pub(super) fn files(src: &Path) -> BTreeMap<Segments, File> {
    let mut files = BTreeMap::new();
    let mut open = vec![(src.join("lib.rs"), Segments::new(), false)];
    while let Some((path, module, of_tests)) = open.pop() {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let parsed = parse(&path, &text, module.clone(), of_tests);
        for (child, child_of_tests) in &parsed.children {
            let mut below = module.clone();
            below.push(child.clone());
            open.push((file_of(src, &below), below, of_tests || *child_of_tests));
        }
        files.insert(module, parsed);
    }
    files
}

fn file_of(src: &Path, module: &[String]) -> PathBuf {
    let folder = module.iter().fold(src.to_owned(), |path, name| path.join(name));
    let own_file = folder.with_extension("rs");
    if own_file.is_file() { own_file } else { folder.join("mod.rs") }
}

/// Reads one file.
pub(super) fn parse(path: &Path, text: &str, module: Segments, of_tests: bool) -> File {
    let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = File {
        path: path.to_owned(),
        module,
        of_tests,
        defines: BTreeSet::new(),
        imports: Vec::new(),
        mentions: BTreeSet::new(),
        children: Vec::new(),
    };
    let mut reader = Reader { file, in_tests: of_tests, inline: Vec::new() };
    for item in &syntax.items {
        reader.top_level(item);
    }
    reader.file
}

struct Reader {
    file: File,
    in_tests: bool,
    /// The inline modules around what is being read.
    inline: Vec<String>,
}

impl Reader {
    fn top_level(&mut self, item: &syn::Item) {
        if let Some(name) = name_of(item) {
            self.file.defines.insert(name);
        }
        self.visit_item(item);
    }

    fn mention(&mut self, path: Segments) {
        if let Some(path) = self.seen_from_the_file(path) {
            self.file.mentions.insert(Mention { path, in_tests: self.in_tests });
        }
    }

    /// A path of an inline module as the file's own module would write it; nothing for what stays in the file.
    fn seen_from_the_file(&self, mut path: Segments) -> Option<Segments> {
        for _ in &self.inline {
            match path.first().map(String::as_str) {
                Some("super") => {
                    path.remove(0);
                }
                _ => return Some(path),
            }
        }
        if !self.inline.is_empty() && path.first().is_none_or(|first| first == "*") {
            return None;
        }
        (!path.is_empty()).then_some(path)
    }

    fn import(&mut self, tree: &syn::UseTree, prefix: &mut Segments, public: bool) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(&path.tree, prefix, public);
                prefix.pop();
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, prefix, public);
                }
            }
            syn::UseTree::Name(name) if name.ident == "self" => {
                let name = prefix.last().cloned();
                self.add(prefix.clone(), name, false, public);
            }
            syn::UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.add(with(prefix, &name), Some(name), false, public);
            }
            syn::UseTree::Rename(rename) => {
                let name = (rename.rename != "_").then(|| rename.rename.to_string());
                let path = if rename.ident == "self" {
                    prefix.clone()
                } else {
                    with(prefix, &rename.ident.to_string())
                };
                self.add(path, name, false, public);
            }
            syn::UseTree::Glob(_) => self.add(prefix.clone(), None, true, public),
        }
    }

    fn add(&mut self, path: Segments, name: Option<String>, glob: bool, public: bool) {
        if let Some(path) = self.seen_from_the_file(path) {
            let in_tests = self.in_tests;
            self.file.imports.push(Import { path, name, glob, public, in_tests });
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Segments::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.end_of_path(&mut path);
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end_of_path(&mut path);
                    self.tokens(group.stream());
                }
                _ => self.end_of_path(&mut path),
            }
        }
        self.end_of_path(&mut path);
    }

    fn end_of_path(&mut self, path: &mut Segments) {
        if !path.is_empty() {
            self.mention(std::mem::take(path));
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let before = self.in_tests;
        self.in_tests |= attributes_of(item).iter().any(is_for_tests);
        visit::visit_item(self, item);
        self.in_tests = before;
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.content.is_some() {
            self.inline.push(module.ident.to_string());
            visit::visit_item_mod(self, module);
            self.inline.pop();
        } else {
            assert!(
                !module.attrs.iter().any(|attribute| attribute.path().is_ident("path")),
                "{}: a `#[path]` hides where a module lies",
                self.file.path.display()
            );
            self.file.children.push((module.ident.to_string(), self.in_tests));
        }
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        let public = !matches!(import.vis, syn::Visibility::Inherited);
        self.import(&import.tree, &mut Segments::new(), public);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.mention(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        self.tokens(call.tokens.clone());
    }
}

fn with(prefix: &[String], name: &str) -> Segments {
    let mut path = prefix.to_vec();
    path.push(name.to_owned());
    path
}

/// `#[cfg(test)]`, alone or as one of several that must all hold.
fn is_for_tests(attribute: &syn::Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    if !list.path.is_ident("cfg") {
        return false;
    }
    let mut words = list.tokens.clone().into_iter();
    match words.next() {
        Some(TokenTree::Ident(word)) if word == "test" => true,
        Some(TokenTree::Ident(word)) if word == "all" => words.any(|token| match token {
            TokenTree::Group(group) => group
                .stream()
                .into_iter()
                .any(|token| matches!(token, TokenTree::Ident(word) if word == "test")),
            _ => false,
        }),
        _ => false,
    }
}

fn attributes_of(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name_of(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Mod(item) if item.content.is_some() => &item.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
