//! Executables that are linked again, in another order of their functions.
//!
//! Where code lies decides how long it takes: the same function can be twice as slow at another address. So both sides of a
//! comparison are linked again in one order, drawn at random, in which what is the same on both sides lies at the same
//! address, and so does what two versions of a function have in common, at random places after it. Nothing is compiled again.
//!
//! | module | knows |
//! |---|---|
//! | `wrapper` | this program as the linker of a build, which keeps what it is given |
//! | `capture` | what was kept, beside the executable |
//! | `arguments` | pure: what linkers are told |
//! | `names`, `sections` | what can be put into an order, and what makes two parts the same |
//! | `draw` | pure: what both sides have in common, and a random order of it |
//! | `shift` | pure: how far what two versions of a function have in common lies apart in them |
//! | `gaps` | an object of nothing but gaps between functions |
//! | `changed`, `entries` | which functions do not do the same on both sides, and where they begin |
//! | `summary` | what is kept of an executable for the time when it is gone |
//! | `image` | which symbols lie where in what was linked |
//! | `link` | running a linker on what was kept |
//! | `map`, `fields`, `frames`, `file` | pure but for reading objects: where the linker put what, and every byte in it that holds an address |
//! | `linked` | what is known of an executable as a linker made it |
//! | `rearrange`, `moves` | pure: an executable with its parts in another order, made without a linker |
//! | `maker` | who makes a drawing, and the proof that no linker is needed |
//!
//! What equality means, and what was tried with which linker, is told in `docs/layout.md`.

mod arguments;
pub(super) mod capture;
mod changed;
mod draw;
mod entries;
mod fields;
mod file;
mod frames;
mod gaps;
mod image;
mod link;
mod linked;
mod maker;
mod map;
mod moves;
mod names;
mod rearrange;
mod reference;
mod sections;
mod shift;
mod summary;
mod watch;
mod wrapper;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use object::Architecture;

use crate::domain::{LayoutFallback, LinkSummary, Side, Sides};

use capture::Capture;
use draw::{Alive, Item, Matched};
use image::Image;
use link::Ordered;
use maker::{ByLinker, Maker};
use reference::{reference, unnamed};
use sections::{Kind, Part};
use summary::Looked;

pub use reference::Original;
pub use sections::Archives;
pub use summary::{Changed, changed_since, is_current, summary};
pub(super) use watch::{is_drawable, source, watch};
pub use wrapper::{offer, serve};

/// The share of the functions that are the same which must come to the same address.
const ENOUGH: f64 = 0.99;

/// How far two executables agree in where their parts lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreement {
    /// How many functions are the same on both sides.
    pub functions: usize,
    /// How many of them lie at the same address.
    pub functions_in_place: usize,
    /// How many functions both sides have, each in its own way.
    pub edited: usize,
    /// How many of them lie so that what both have in common is at the same address.
    pub edited_in_place: usize,
    /// How many named variables and constants are the same on both sides.
    pub data: usize,
    /// How many of them lie at the same address.
    pub data_in_place: usize,
}

impl Agreement {
    /// Whether so many functions came to the same address that the order was obeyed.
    fn is_enough(&self) -> bool {
        (self.functions_in_place as f64) >= ENOUGH * self.functions as f64
    }
}

/// Two executables whose common order can be drawn.
#[derive(Debug)]
pub struct Drawable {
    captures: Sides<Capture>,
    /// Both sides are one and the same executable: it is linked once.
    is_one: bool,
    matched: Matched,
    changed: Result<BTreeSet<String>, String>,
    /// What is worth keeping of each side, where that is known.
    summaries: Sides<Option<LinkSummary>>,
    /// Whether the executables of the build have the symbols by which what is in them was told.
    has_symbols: bool,
    places: Vec<(String, u64)>,
    /// For which gaps can be made.
    architecture: Option<Architecture>,
    as_built: Agreement,
    maker: Maker,
    /// How far the first executables agreed that were made without a linker; `None` where that was not enough.
    made: OnceLock<Option<Agreement>>,
    /// How many drawings were made without a linker.
    own: AtomicUsize,
}

impl Drawable {
    /// Takes the captures of both sides, links each as before to see that it gives the same executable, and finds out what both
    /// have in common. `archives` is what is known of some already. `scratch` is a folder for files that are gone when this returns.
    ///
    /// # Errors
    /// Why no order can be drawn.
    pub fn prepare(
        originals: Sides<Original<'_>>,
        archives: &mut Archives,
        scratch: &Path,
    ) -> Result<Self, LayoutFallback> {
        let captures = originals.try_map(|original| Capture::of(original.executable))?;
        let is_one = originals.baseline.digest == originals.candidate.digest;
        let folder = tempfile::tempdir_in(scratch).map_err(files)?;
        let link = |side: Side| {
            reference(captures.get(side), *originals.get(side), &folder.path().join(side.to_string()))
        };
        // Linking mostly waits for another process; the objects are read meanwhile.
        let named = captures.as_ref().map(Capture::inputs);
        let (linked, parts) = both(|| side_by_side(is_one, link), || read(is_one, &named, archives))?;
        let Sides { baseline, candidate } = linked?;
        let has_symbols = baseline.is_as_built && candidate.is_as_built;
        let images = Sides { baseline: baseline.image, candidate: candidate.image };
        let taken = Sides { baseline: baseline.taken, candidate: candidate.taken };
        let mut parts = parts?;
        let mut inputs = &named;
        let alive = images.as_ref().map(Image::alive);
        let known_of =
            |parts: &Sides<Vec<Part>>, side: Side| images.get(side).known(parts.get(side), alive.get(side));
        if Side::BOTH.iter().any(|side| known_of(&parts, *side) < image::KNOWN) {
            parts = read(is_one, &taken, archives)?;
            inputs = &taken;
        }
        let architecture = images.candidate.architecture.filter(|it| gaps::are_known(*it));
        let matched = draw::matched(parts.as_ref().map(Vec::as_slice), alive.as_ref(), architecture);
        for side in Side::BOTH {
            let known = known_of(&parts, side);
            if known < image::KNOWN {
                let share = format!("only {:.0} % of them are in its objects", known * 100.0);
                return Err(LayoutFallback::Unreadable(share));
            }
        }
        let changed = unnamed(inputs, &taken).and_then(|()| {
            changed(captures.as_ref(), parts.as_ref().map(Vec::as_slice), alive.as_ref(), inputs)
        });
        let summaries = Sides::from_fn(|side: Side| {
            summary::of(&Looked {
                capture: captures.get(side),
                image: images.get(side),
                parts: parts.get(side),
                inputs: inputs.get(side),
                taken: taken.get(side),
            })
            .ok()
        });
        let places = image::common_places(&images.baseline, &images.candidate, matched.gaps());
        let as_built = agreement(&matched, images.as_ref());
        // Others have other fields. An order without places of its own moves all sections.
        let maker = Maker::new(architecture == Some(Architecture::X86_64) && !places.is_empty());
        Ok(Self {
            captures,
            is_one,
            matched,
            changed,
            summaries,
            has_symbols,
            places,
            architecture,
            as_built,
            maker,
            made: OnceLock::new(),
            own: AtomicUsize::new(0),
        })
    }

    /// Whether [`Self::changed_in`] can be asked of the executables of the build, and not only of drawn ones.
    pub fn has_symbols(&self) -> bool {
        self.has_symbols
    }

    /// Whether any function does not do the same on both sides.
    ///
    /// # Errors
    /// Why that cannot be told, as [`Self::changed_in`] says.
    pub fn has_changed(&self) -> Result<bool, &str> {
        self.changed.as_ref().map(|changed| !changed.is_empty()).map_err(String::as_str)
    }

    /// Where the functions begin, in an executable that was drawn or has symbols, that do not do the same on both sides, with their names.
    /// Sorted by address, which is that of the file. What a build can reach besides is another matter.
    ///
    /// # Errors
    /// Why that cannot be told, as a fragment: `code without a name differs`.
    pub fn changed_in(&self, executable: &Path) -> Result<Vec<(u64, String)>, String> {
        entries::of(executable, self.changed.as_ref().map_err(Clone::clone)?)
    }

    /// What is worth keeping of a side for the time when its executable is gone; `None` where that is not known.
    pub fn summary_of(&self, side: Side) -> Option<&LinkSummary> {
        self.summaries.get(side).as_ref()
    }

    /// How far the two agree when they are linked in the order of the build.
    pub fn as_built(&self) -> Agreement {
        self.as_built
    }

    /// How many functions only one side has, or has otherwise.
    pub fn different(&self) -> Sides<usize> {
        let count = |side: Side| {
            let only = self.matched.different.get(side).iter().filter(|(kind, _)| *kind == Kind::Code);
            self.matched.edited.len() + only.count()
        };
        Sides::from_fn(count)
    }

    /// Links both sides in one order to `outputs`, and makes sure that it was obeyed. `below` draws a number below its argument.
    /// Where both sides are one executable, only the candidate's is written.
    ///
    /// # Errors
    /// Why there is no such layout.
    pub fn draw(
        &self,
        below: &mut dyn FnMut(usize) -> usize,
        outputs: Sides<&Path>,
    ) -> Result<Agreement, LayoutFallback> {
        let orders = self.matched.order(below);
        if let Some(found) = self.make(orders.as_ref().map(Vec::as_slice), outputs) {
            return Ok(found);
        }
        let maps = self.maker.learns().then(|| outputs.map(|output| output.with_extension("map")));
        let link = |side: Side| {
            let output: &Path = outputs.get(side);
            let map = maps.as_ref().map(|maps| maps.get(side).as_path());
            self.link(side, orders.get(side), output, map)?;
            Image::read(output).map_err(LayoutFallback::Unreadable)
        };
        let images = twice(self.is_one, link)?;
        if let Some(maps) = &maps {
            self.maker.learn(Sides::from_fn(|side| {
                let is_linked = side == Side::Candidate || !self.is_one;
                is_linked.then(|| ByLinker {
                    executable: outputs.get(side),
                    map: maps.get(side),
                    order: orders.get(side),
                    folder: self.captures.get(side).folder(),
                })
            }));
        }
        let found = agreement(&self.matched, images.as_ref());
        if found.is_enough() {
            Ok(found)
        } else {
            Err(LayoutFallback::Disobeyed { agree: found.functions_in_place, same: found.functions })
        }
    }

    /// Of how many bytes of executables it is known how to draw them without a linker.
    pub fn known(&self) -> usize {
        self.maker.known()
    }

    /// Leaves all further drawings to the linker.
    pub fn forget(&self) {
        self.maker.give_up("room is needed for others");
    }

    /// How many drawings were made without a linker.
    pub fn made_without_linker(&self) -> usize {
        self.own.load(Ordering::Relaxed)
    }

    /// Makes both sides without a linker, if they can be. The first time both are read, to see that the order was obeyed.
    fn make(&self, orders: Sides<&[Item<'_>]>, outputs: Sides<&Path>) -> Option<Agreement> {
        let able = self.maker.able()?;
        let make = |side: Side| {
            let arranger = able.get(side).as_ref().ok_or("nothing is known of that side")?;
            maker::make(arranger, orders.get(side), outputs.get(side))
        };
        if let Err(reason) = twice(self.is_one, |side| make(side).map_err(LayoutFallback::Unreadable)) {
            self.maker.give_up(&reason.to_string());
            return None;
        }
        let agreement = self.made.get_or_init(|| {
            let read = |side: Side| Image::read(outputs.get(side)).map_err(LayoutFallback::Unreadable);
            let images = twice(self.is_one, read).ok()?;
            Some(agreement(&self.matched, images.as_ref())).filter(Agreement::is_enough)
        });
        match agreement {
            Some(_) => drop(self.own.fetch_add(1, Ordering::Relaxed)),
            None => self.maker.give_up("functions come to other addresses"),
        }
        *agreement
    }

    /// Links a side in an order, with a map of it where one is wanted.
    fn link(
        &self,
        side: Side,
        order: &[Item<'_>],
        output: &Path,
        map: Option<&Path>,
    ) -> Result<(), LayoutFallback> {
        let mut made = Vec::new();
        let mut list = String::new();
        for item in order {
            match item {
                Item::Part(name, _) => list.push_str(name),
                Item::Gap(_) if self.architecture.is_none() => continue,
                Item::Gap(gap) => {
                    list.push_str(&gaps::name(made.len()));
                    made.push(*gap);
                }
            }
            list.push('\n');
        }
        let named = output.with_extension("order");
        fs::write(&named, list).map_err(files)?;
        let filler = match self.architecture {
            Some(architecture) if !made.is_empty() => {
                let path = output.with_extension("gaps.o");
                let object = gaps::object(architecture, &made).map_err(LayoutFallback::Files)?;
                fs::write(&path, object).map_err(files)?;
                Some(path)
            }
            _ => None,
        };
        let capture = self.captures.get(side);
        let mut flags = self.flags(&named);
        flags.extend(map.map(|map| format!("-Map={}", map.display())));
        let done = Ordered::new(capture)?.link(&flags, filler.as_deref(), output);
        for file in filler.iter().chain([&named]) {
            let _ = fs::remove_file(file);
        }
        done
    }

    fn flags(&self, list: &Path) -> Vec<String> {
        let mut flags = vec![
            format!("--symbol-ordering-file={}", list.display()),
            "--no-warn-symbol-ordering".to_owned(),
            "--no-call-graph-profile-sort".to_owned(),
            "--strip-debug".to_owned(),
        ];
        flags.extend(self.places.iter().map(|(name, at)| format!("--section-start={name}={at:#x}")));
        flags
    }
}

/// The canonical names of all functions that do not do the same on both sides.
fn changed(
    captures: Sides<&Capture>,
    parts: Sides<&[Part]>,
    alive: Sides<&Alive>,
    inputs: &Sides<Vec<PathBuf>>,
) -> Result<BTreeSet<String>, String> {
    if captures.baseline.besides() != captures.candidate.besides() {
        return Err("both sides are linked with other flags or libraries".to_owned());
    }
    if captures.baseline.keeps_some_names() || captures.candidate.keeps_some_names() {
        return Err("its linker is told which names to keep".to_owned());
    }
    let found = changed::differing(parts, alive)?;
    changed::code_of(found, &[&inputs.baseline, &inputs.candidate])
}

/// The parts of what both sides are linked from.
fn read(
    is_one: bool,
    inputs: &Sides<Vec<PathBuf>>,
    archives: &mut Archives,
) -> Result<Sides<Vec<Part>>, LayoutFallback> {
    twice(is_one, |side| {
        sections::read(inputs.get(side), archives)
            .map_err(|error| LayoutFallback::Unreadable(error.to_string()))
    })
}

/// Makes a value for each side, or one for both.
fn twice<T: Clone>(
    is_one: bool,
    mut make: impl FnMut(Side) -> Result<T, LayoutFallback>,
) -> Result<Sides<T>, LayoutFallback> {
    let candidate = make(Side::Candidate)?;
    let baseline = if is_one { candidate.clone() } else { make(Side::Baseline)? };
    Ok(Sides { baseline, candidate })
}

/// Makes a value for each side at once, or one for both.
fn side_by_side<T: Clone + Send>(
    is_one: bool,
    make: impl Fn(Side) -> Result<T, LayoutFallback> + Sync,
) -> Result<Sides<T>, LayoutFallback> {
    if is_one {
        return twice(is_one, make);
    }
    let (baseline, candidate) = both(|| make(Side::Baseline), || make(Side::Candidate))?;
    Ok(Sides { baseline: baseline?, candidate: candidate? })
}

/// Does two things at once.
fn both<A: Send, B: Send>(
    one: impl FnOnce() -> A + Send,
    two: impl FnOnce() -> B,
) -> Result<(A, B), LayoutFallback> {
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let two = two();
        let one = one.join().map_err(|_| LayoutFallback::Unreadable("reading them broke off".to_owned()))?;
        Ok((one, two))
    })
}

fn agreement(matched: &Matched, images: Sides<&Image>) -> Agreement {
    let agrees = |kind: Kind, names: &Sides<String>| {
        let places = Sides::from_fn(|side| images.get(side).places(kind, names.get(side)));
        usize::from(!places.baseline.is_empty() && places.baseline == places.candidate)
    };
    let is_common = |function: &&draw::Edited| {
        let place = |side: Side| match images.get(side).places(Kind::Code, function.names.get(side)) {
            [place] => place.checked_sub(*function.delays.get(side)),
            _ => None,
        };
        place(Side::Baseline).is_some_and(|one| place(Side::Candidate) == Some(one))
    };
    let edited_in_place = matched.edited.iter().filter(is_common).count();
    let mut found = Agreement { edited: matched.edited.len(), edited_in_place, ..Agreement::default() };
    for (kind, names) in &matched.same {
        let agrees = agrees(*kind, names);
        match kind {
            Kind::Code => {
                found.functions += 1;
                found.functions_in_place += agrees;
            }
            Kind::Data | Kind::ThreadLocal => {
                found.data += 1;
                found.data_in_place += agrees;
            }
        }
    }
    found
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn files(error: std::io::Error) -> LayoutFallback {
    LayoutFallback::Files(error.to_string())
}

/// The executable of a drawn side.
pub fn path_of(folder: &Path, side: Side, original: &Path) -> PathBuf {
    // Both paths have one length, because the size of the arguments moves the stack.
    let part = match side {
        Side::Baseline => "a",
        Side::Candidate => "b",
    };
    folder.join(part).join(original.file_name().unwrap_or_default())
}
