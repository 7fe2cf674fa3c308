//! Layouts for pairs: each pair of a bench target is measured in executables that were linked in an order of their own.
//!
//! All benchmarks of a bench target share them: pair *i* of every benchmark uses drawing *i*. Drawings are made in
//! batches on all CPUs, between pairs and never beside one: the caller waits. How many are kept is bounded; one that is
//! gone is drawn again from its seed. Where no order can be drawn the executables of the build are used, and it is
//! said why.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::build::relink::{Agreement, Archives, Drawable, Original, path_of};
use crate::domain::{
    BuiltBench, Digest, Execution, Layout, LayoutFallback, LayoutSeed, LayoutUse, LayoutsUsed, LinkSummary,
    Note, Phase, RunEvidence, Side, Sides, fnv,
};
use crate::stats::random::Generator;
use crate::support::parallel;
use crate::support::process::interrupted;
use crate::support::seal;

/// The folder of layouts in the program's area.
const FOLDER: &str = "layouts";

/// How many bytes of drawn executables are kept at once.
const ROOM: u64 = 512 << 20;

/// Of how many bytes of executables it is known at once how to draw them without a linker. That takes several times as much memory.
const KNOWN: usize = 48 << 20;

/// Where the drawings of re-measurements begin: they must not repeat the luck of the first pairs.
const FRESH: u32 = 1 << 20;

/// The drawing that both sides are counted in.
const COUNTED: u32 = u32::MAX;

/// The drawn layouts of a run.
#[derive(Debug)]
pub(crate) struct Layouts {
    /// Where they are, or why nowhere; `None` where none are wanted.
    folder: Option<Result<TempDir, LayoutFallback>>,
    asked: Layout,
    seed: u64,
    targets: BTreeMap<Key, Target>,
    archives: Archives,
    /// Counts uses, to know which drawing was not used for longest.
    clock: u64,
    room: u64,
}

/// A bench target, and the executables of both sides.
pub(crate) type Key = (String, Digest, Digest);

/// What there is for a bench target.
#[derive(Debug)]
struct Target {
    benches: Sides<BuiltBench>,
    state: Result<Drawn, LayoutFallback>,
    /// Why no more can be drawn, where some were.
    exhausted: Option<LayoutFallback>,
    /// Whether the functions of both builds are aligned.
    is_aligned: bool,
    drawings: u32,
    agreement: Agreement,
    spent: Duration,
    /// When it was asked for a drawing last.
    used: u64,
}

#[derive(Debug)]
struct Drawn {
    drawable: Drawable,
    folder: PathBuf,
    ready: BTreeMap<u32, Drawing>,
}

#[derive(Debug, Clone)]
struct Drawing {
    seed: LayoutSeed,
    executables: Sides<PathBuf>,
    agreement: Agreement,
    bytes: u64,
    used: u64,
}

impl Target {
    /// What there is to draw, or why there is nothing.
    fn drawable(&self) -> Result<&Drawable, String> {
        self.state.as_ref().map(|drawn| &drawn.drawable).map_err(ToString::to_string)
    }
}

impl Drawing {
    /// The candidate of this drawing, as both sides.
    fn of_candidate(mut self) -> Self {
        self.executables.baseline.clone_from(&self.executables.candidate);
        self
    }
}

/// The executables of one pair.
#[derive(Debug, Clone)]
pub(crate) struct Laid {
    pub(crate) benches: Sides<BuiltBench>,
    /// What their layout grew from; `None` where they are as the build made them.
    pub(crate) layout: Option<LayoutSeed>,
}

/// Executables of both sides, and what differs in them.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) benches: Sides<BuiltBench>,
    /// Where the functions begin that do not do the same on both sides, in each executable's file, with their symbols; sorted.
    pub(crate) functions: Sides<Vec<(u64, String)>>,
}

impl Changed {
    /// No function.
    pub(crate) fn nothing(benches: Sides<&BuiltBench>) -> Self {
        Self { benches: benches.map(Clone::clone), functions: Sides::default() }
    }
}

/// Removes what killed runs left. The caller holds the workspace's lock, so nobody uses it.
pub(crate) fn sweep(area: &Path) {
    // What cannot be removed now is removed another time.
    let _ = fs::remove_dir_all(area.join(FOLDER));
}

impl Layouts {
    /// Layouts for a run in the workspace's area, all drawn from `seed`.
    pub(crate) fn new(layout: Layout, area: &Path, seed: u64) -> Self {
        let folder = (layout == Layout::Drawn).then(|| {
            private_folder(&area.join(FOLDER)).map_err(|error| LayoutFallback::Files(error.to_string()))
        });
        Self {
            folder,
            asked: layout,
            seed,
            targets: BTreeMap::new(),
            archives: Archives::default(),
            clock: 0,
            room: ROOM,
        }
    }

    /// None: pairs are measured in the executables of the build.
    pub(crate) fn none() -> Self {
        Self {
            folder: None,
            asked: Layout::Default,
            seed: 0,
            targets: BTreeMap::new(),
            archives: Archives::default(),
            clock: 0,
            room: 0,
        }
    }

    /// The executables for a pair of launches. One benchmark of one executable on both sides needs no layout.
    pub(crate) fn for_pair(
        &mut self,
        benches: Sides<&BuiltBench>,
        ids: Sides<&str>,
        phase: Phase,
        index: u32,
    ) -> Laid {
        let as_built = || Laid { benches: benches.map(Clone::clone), layout: None };
        let equal = benches.baseline.digest == benches.candidate.digest && ids.baseline == ids.candidate;
        let foreign = matches!(benches.candidate.execution, Execution::Emulated(_));
        if self.folder.is_none() || equal || foreign {
            return as_built();
        }
        let index = if phase == Phase::Remeasurement { FRESH.saturating_add(index) } else { index };
        if index != COUNTED {
            // Once pairs are measured every target was looked into, and each launch copies the tables of what is held here.
            self.archives = Archives::default();
        }
        let found = match self.drawn_before(benches) {
            // Two benchmarks of one executable: what was drawn of it beside its baseline will do.
            Some(both) => self.drawing(both.as_ref(), index).map(Drawing::of_candidate),
            None => self.drawing(benches, index),
        };
        match found {
            Some(Drawing { seed, executables, .. }) => Laid {
                benches: Sides::from_fn(|side| BuiltBench {
                    executable: executables.get(side).clone(),
                    ..(*benches.get(side)).clone()
                }),
                layout: Some(seed),
            },
            None => as_built(),
        }
    }

    /// The two sides that were drawn of which the candidate is this one executable, if both of these are one.
    fn drawn_before(&self, benches: Sides<&BuiltBench>) -> Option<Sides<BuiltBench>> {
        let (label, baseline, candidate) = key(benches);
        let is_drawn = |(key, target): &(&Key, &Target)| {
            key.0 == label
                && key.2 == candidate
                && key.1 != candidate
                && target.drawings > 0
                && target.state.is_ok()
        };
        if baseline != candidate || self.targets.contains_key(&key(benches)) {
            return None;
        }
        self.targets.iter().find(is_drawn).map(|(_, target)| target.benches.clone())
    }

    /// Both executables in one drawn layout, to be counted in: what depends on addresses is then the same where the code is. Their
    /// fingerprints name the layout, so that these counts are never compared with others. `None` where there is none.
    pub(crate) fn for_counts(&mut self, benches: Sides<&BuiltBench>) -> Option<Sides<BuiltBench>> {
        let Laid { benches, layout } =
            self.for_pair(benches, Sides { baseline: "", candidate: "" }, Phase::Measurement, COUNTED);
        let LayoutSeed(seed) = layout?;
        Some(benches.map(|mut bench| {
            bench.fingerprint.settings = format!("{} layout={seed:016x}", bench.fingerprint.settings);
            bench
        }))
    }

    /// In both executables the functions that do not do the same on both sides. Those of the build are drawn only where they have no
    /// symbols to find functions by.
    ///
    /// # Errors
    /// Why they are not known, as a fragment.
    pub(crate) fn changed(&mut self, benches: Sides<&BuiltBench>) -> Result<Changed, String> {
        let none = || "no layout is drawn".to_owned();
        let drawable = self.prepared(benches).ok_or_else(none)?.drawable()?;
        if !drawable.has_changed()? {
            return Ok(Changed::nothing(benches));
        }
        let laid = if drawable.has_symbols() {
            benches.map(Clone::clone)
        } else {
            let ids = Sides { baseline: "", candidate: "" };
            // The first pair will need this drawing as well.
            let Laid { benches: laid, layout } = self.for_pair(benches, ids, Phase::Measurement, 0);
            // Where nothing could be drawn it says now why.
            self.prepared(benches).ok_or_else(none)?.drawable()?;
            layout.ok_or_else(none)?;
            laid
        };
        let drawable = self.prepared(benches).ok_or_else(none)?.drawable()?;
        let functions = laid.as_ref().try_map(|bench| drawable.changed_in(&bench.executable))?;
        Ok(Changed { benches: laid, functions })
    }

    /// What is worth keeping of an executable that was looked into.
    pub(crate) fn summary_of(&self, executable: &Digest) -> Option<LinkSummary> {
        self.targets.iter().find_map(|((_, baseline, candidate), target)| {
            let drawable = target.drawable().ok()?;
            let side = match executable {
                of if of == candidate => Side::Candidate,
                of if of == baseline => Side::Baseline,
                _ => return None,
            };
            drawable.summary_of(side).cloned()
        })
    }

    /// What was used for each bench target that was to be drawn.
    fn uses(&self) -> Vec<LayoutUse> {
        let used = |((label, ..), target): (&Key, &Target)| LayoutUse {
            target: label.clone(),
            fallback: target.state.as_ref().err().or(target.exhausted.as_ref()).cloned(),
            is_aligned: target.is_aligned,
            drawings: target.drawings,
            same_functions: target.agreement.functions,
            in_place: target.agreement.functions_in_place,
            edited_functions: target.agreement.edited,
            edited_in_place: target.agreement.edited_in_place,
            seconds: target.spent.as_secs_f64(),
        };
        let is_used = |(_, target): &(&Key, &Target)| target.drawings > 0 || target.state.is_err();
        self.targets.iter().filter(is_used).map(used).collect()
    }

    /// Takes down what was asked for, what became of it, and what a reader should know.
    pub(crate) fn tell(&self, run: &mut RunEvidence) {
        run.notes.extend(self.notes());
        run.layouts = Some(LayoutsUsed { asked: self.asked, targets: self.uses() });
    }

    /// What a reader should know: where no layout could be drawn.
    fn notes(&self) -> Vec<Note> {
        let told = self.uses().into_iter().filter_map(|LayoutUse { target, fallback, drawings, .. }| {
            let reason = fallback?;
            Some(match drawings {
                0 => Note::NotDrawn { target, reason },
                _ => Note::LayoutsRepeated { target, reason },
            })
        });
        told.collect()
    }

    /// What is known of a bench target once both its executables were compared; `None` where no layouts are drawn at all.
    fn prepared(&mut self, benches: Sides<&BuiltBench>) -> Option<&Target> {
        let key = key(benches);
        if !self.targets.contains_key(&key) {
            let start = Instant::now();
            let folder = self.folder.as_ref()?.as_ref();
            let folder = folder.map(|folder| folder.path().join(self.targets.len().to_string()));
            let archives = &mut self.archives;
            let state = folder.map_err(Clone::clone).and_then(|folder| prepare(benches, archives, folder));
            let (agreement, spent) = (Agreement::default(), start.elapsed());
            let is_aligned = Side::BOTH.iter().all(|&side| benches.get(side).fingerprint.is_aligned());
            let (exhausted, drawings, used) = (None, 0, 0);
            let benches = benches.map(Clone::clone);
            let target = Target { benches, state, exhausted, is_aligned, drawings, agreement, spent, used };
            self.targets.insert(key.clone(), target);
        }
        self.targets.get(&key)
    }

    fn drawing(&mut self, benches: Sides<&BuiltBench>, index: u32) -> Option<Drawing> {
        self.prepared(benches)?;
        let key = key(benches);
        let start = Instant::now();
        self.clock += 1;
        let seed = self.seed ^ seed_of(&key);
        let room = self.room.saturating_sub(self.ahead());
        let target = self.targets.get_mut(&key)?;
        let drawn = target.state.as_mut().ok()?;
        let mut index = index;
        if !drawn.ready.contains_key(&index) && target.exhausted.is_none() {
            let (made, failed) = drawn.more(index, seed, benches, room);
            target.spent += start.elapsed();
            target.drawings += made;
            tracing::debug!(target = key.0, from = index, made, ?failed, elapsed = ?start.elapsed(), "drew layouts");
            match failed {
                None => {}
                // A signal kills linkers, too; the run is over anyway.
                Some(_) if interrupted() => return None,
                Some(reason) if drawn.ready.is_empty() => {
                    let _ = fs::remove_dir_all(&drawn.folder);
                    target.state = Err(reason);
                    return None;
                }
                Some(reason) => target.exhausted = Some(reason),
            }
        }
        // Pairs in the layout of the build among others would bring its luck in: rather an earlier drawing once more.
        if !drawn.ready.contains_key(&index) {
            index = *drawn.ready.keys().nth((index as usize).checked_rem(drawn.ready.len())?)?;
        }
        let found = drawn.ready.get_mut(&index)?;
        found.used = self.clock;
        target.agreement = found.agreement;
        let found = found.clone();
        target.used = self.clock;
        self.make_room();
        self.forget_how();
        Some(found)
    }

    /// How many bytes have been drawn ahead.
    fn ahead(&self) -> u64 {
        let drawn = self.targets.values().filter_map(|target| target.state.as_ref().ok());
        let ahead = drawn.flat_map(|drawn| drawn.ready.values()).filter(|drawing| drawing.used == 0);
        ahead.map(|drawing| drawing.bytes).sum()
    }

    /// Forgets drawings that were not used for longest, until what is left fits.
    fn make_room(&mut self) {
        let all = |targets: &BTreeMap<Key, Target>| -> u64 {
            let drawn = targets.values().filter_map(|target| target.state.as_ref().ok());
            let drawings = drawn.flat_map(|drawn| &drawn.ready).filter(|(index, _)| **index != COUNTED);
            drawings.map(|(_, drawing)| drawing.bytes).sum()
        };
        while all(&self.targets) > self.room {
            let candidates = self.targets.iter().filter_map(|(key, target)| {
                let drawn = target.state.as_ref().ok()?;
                let oldest =
                    drawn.ready.iter().filter(|(index, drawing)| may_go(**index, drawing.used, self.clock));
                oldest.map(|(index, drawing)| (drawing.used, key.clone(), *index)).min()
            });
            let Some((_, key, index)) = candidates.min() else { break };
            if let Some(Target { state: Ok(drawn), .. }) = self.targets.get_mut(&key)
                && let Some(drawing) = drawn.ready.remove(&index)
            {
                remove(&drawing);
            }
        }
    }

    /// Leaves the targets to the linker that were not asked for a drawing for longest, until little enough is known of the others.
    fn forget_how(&mut self) {
        let known = |target: &Target| target.state.as_ref().map_or(0, |drawn| drawn.drawable.known());
        let mut all: usize = self.targets.values().map(known).sum();
        while all > KNOWN {
            let able = self.targets.values_mut().filter(|target| known(target) > 0);
            let Some(target) = able.min_by_key(|target| target.used) else { break };
            all -= known(target);
            if let Ok(drawn) = &target.state {
                drawn.drawable.forget();
            }
        }
    }
}

/// Whether a drawing may be forgotten that was `used` last at that time, or never. What was made ahead will be used next, and what
/// is counted in is counted in again when pairs have been measured; these are no larger than the executables that are kept anyway.
fn may_go(index: u32, used: u64, now: u64) -> bool {
    index != COUNTED && used > 0 && used < now
}

impl Drawn {
    /// Makes a batch of drawings from `index` on: as many as there are, so that few are made in vain, and at least one
    /// for each CPU, where so many bytes hold them. Gives how many were made, and why not all.
    fn more(
        &mut self,
        index: u32,
        seed: u64,
        benches: Sides<&BuiltBench>,
        room: u64,
    ) -> (u32, Option<LayoutFallback>) {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let each: u64 =
            [benches.baseline, benches.candidate].iter().map(|bench| size(&bench.executable)).sum();
        let fit = usize::try_from(room / each.max(1)).unwrap_or(usize::MAX).max(1);
        let batch = self.ready.len().clamp(workers, 4 * workers).min(fit);
        let wanted: Vec<u32> =
            (index..=COUNTED).take(batch).filter(|index| !self.ready.contains_key(index)).collect();
        let mut made = Vec::new();
        let Ok(()) = parallel::each(
            &wanted,
            |&index| self.draw(index, seed, benches),
            |at, drawing| {
                made.push((wanted[at], drawing));
                Ok::<(), Infallible>(())
            },
        );
        let mut count = 0;
        let mut failed = None;
        for (index, drawing) in made {
            match drawing {
                Ok(drawing) => {
                    self.ready.insert(index, drawing);
                    count += 1;
                }
                Err(reason) => failed = Some(reason),
            }
        }
        (count, failed)
    }

    fn draw(&self, index: u32, seed: u64, benches: Sides<&BuiltBench>) -> Result<Drawing, LayoutFallback> {
        let seed = LayoutSeed(Generator::new(seed.wrapping_add(u64::from(index))).bits());
        // Paths of one length: the size of the arguments moves the stack.
        let folder = self.folder.join(format!("{index:010}"));
        let is_one = benches.baseline.digest == benches.candidate.digest;
        let executables = Sides::from_fn(|side| {
            let side = if is_one { Side::Candidate } else { side };
            path_of(&folder, side, &benches.get(side).executable)
        });
        for path in [&executables.baseline, &executables.candidate] {
            let parent = path.parent().unwrap_or(&folder);
            fs::create_dir_all(parent).map_err(|error| LayoutFallback::Files(error.to_string()))?;
        }
        let mut generator = Generator::new(seed.0);
        let outputs = executables.as_ref().map(PathBuf::as_path);
        let agreement = self.drawable.draw(&mut |bound| generator.below(bound), outputs)?;
        for output in [&executables.candidate, &executables.baseline] {
            seal::set(output).map_err(|error| LayoutFallback::Files(error.to_string()))?;
        }
        let bytes = size(&executables.baseline) + if is_one { 0 } else { size(&executables.candidate) };
        Ok(Drawing { seed, executables, agreement, bytes, used: 0 })
    }
}

/// How many bytes a file has; 0 where there is none.
fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

pub(crate) fn key(benches: Sides<&BuiltBench>) -> Key {
    let Sides { baseline, candidate } = benches;
    (candidate.label(), baseline.digest.clone(), candidate.digest.clone())
}

/// A number that belongs to a bench target, so that each has orders of its own.
fn seed_of((label, ..): &Key) -> u64 {
    fnv(label)
}

fn prepare(
    benches: Sides<&BuiltBench>,
    archives: &mut Archives,
    folder: PathBuf,
) -> Result<Drawn, LayoutFallback> {
    fs::create_dir_all(&folder).map_err(|error| LayoutFallback::Files(error.to_string()))?;
    let originals = benches.map(|bench| Original { executable: &bench.executable, digest: &bench.digest });
    let drawable = Drawable::prepare(originals, archives, &folder)?;
    Ok(Drawn { drawable, folder, ready: BTreeMap::new() })
}

/// A fresh folder that nobody else may look into.
fn private_folder(parent: &Path) -> io::Result<TempDir> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(parent)?;
    let mut folder = tempfile::Builder::new();
    folder.prefix("run-").rand_bytes(8);
    #[cfg(unix)]
    folder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    folder.tempdir_in(parent)
}

fn remove(drawing: &Drawing) {
    for path in [&drawing.executables.baseline, &drawing.executables.candidate] {
        if let Some(folder) = path.parent().and_then(Path::parent) {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

#[cfg(test)]
mod tests;
