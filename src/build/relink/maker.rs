//! Who makes the executables of drawings: a linker the first two, and this program all others, once it made one of these two
//! from the other and it was the same.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::domain::Sides;

use super::draw::Item;
use super::gaps::Gap;
use super::image::Image;
use super::linked::Linked;
use super::map::{self, Output};
use super::rearrange::Arranger;

/// Larger executables are always made by a linker: four of them are held in memory for a moment, and two for longer.
const LARGEST: u64 = 16 << 20;

/// An executable as a linker made it. It stays on disk until it is understood, with the map: many targets need no third drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Made {
    executable: PathBuf,
    map: PathBuf,
    /// In which the linker was told to put it.
    order: Vec<Named>,
    /// Where it was linked.
    folder: PathBuf,
}

/// An item of an order, to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Part(String, usize),
    Gap(Gap),
}

impl Named {
    fn item(&self) -> Item<'_> {
        match self {
            Self::Part(name, number) => Item::Part(name, *number),
            Self::Gap(gap) => Item::Gap(*gap),
        }
    }
}

/// An executable that a linker made.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByLinker<'a> {
    pub(super) executable: &'a Path,
    /// The linker's map of it.
    pub(super) map: &'a Path,
    pub(super) order: &'a [Item<'a>],
    /// Where it was linked.
    pub(super) folder: &'a Path,
}

#[derive(Debug)]
enum State {
    /// What a linker made so far of all sides.
    Learning(Vec<Sides<Option<Made>>>),
    /// The linker is not needed any more.
    Able(Arc<Sides<Option<Arranger>>>),
    /// Something is not understood.
    Unable,
}

/// What is known of the executables of a bench target.
#[derive(Debug)]
pub(super) struct Maker(Mutex<State>);

impl Maker {
    /// Knows nothing; learns only `if_useful`.
    pub(super) fn new(if_useful: bool) -> Self {
        Self(Mutex::new(if if_useful { State::Learning(Vec::new()) } else { State::Unable }))
    }

    /// Whether the next executable of the linker's would be of use with its map.
    pub(super) fn learns(&self) -> bool {
        matches!(&*self.state(), State::Learning(made) if made.len() < 2)
    }

    /// Will learn from executables that a linker made, if they are among the first two, and still there then. The maps are its own.
    pub(super) fn learn(&self, made: Sides<Option<ByLinker<'_>>>) {
        let made = made.map(|made| made.map(Made::of));
        let mut state = self.state();
        let State::Learning(known) = &mut *state else { return };
        let all = [&made.baseline, &made.candidate];
        if all.into_iter().flatten().any(Made::is_large) {
            *state = State::Unable;
        } else if known.len() < 2 {
            known.push(made);
        }
    }

    /// How many bytes of executables are held.
    pub(super) fn known(&self) -> usize {
        match &*self.state() {
            State::Able(able) => {
                [&able.baseline, &able.candidate].into_iter().flatten().map(Arranger::size).sum()
            }
            State::Learning(_) | State::Unable => 0,
        }
    }

    /// Leaves it to the linker from now on.
    pub(super) fn give_up(&self, reason: &str) {
        tracing::debug!(reason, "a linker makes all drawings");
        *self.state() = State::Unable;
    }

    /// What makes the next executables, once two are known and the second was made from the first.
    pub(super) fn able(&self) -> Option<Arc<Sides<Option<Arranger>>>> {
        let mut state = self.state();
        if let State::Learning(made) = &mut *state
            && let [first, second] = &mut made[..]
        {
            let (first, second) = (std::mem::take(first), std::mem::take(second));
            *state = State::Unable;
            let proven = |first: Option<Made>, second: Option<Made>| match (first, second) {
                (Some(first), Some(second)) => proven(&first, &second).map(Some),
                _ => Ok(None),
            };
            let (baseline, candidate) = thread::scope(|scope| {
                let baseline = scope.spawn(|| proven(first.baseline, second.baseline));
                let candidate = scope.spawn(|| proven(first.candidate, second.candidate));
                let broken = |_| Err("understanding it broke off".to_owned());
                (baseline.join().unwrap_or_else(broken), candidate.join().unwrap_or_else(broken))
            });
            match (baseline, candidate) {
                (Ok(baseline), Ok(candidate)) => {
                    *state = State::Able(Arc::new(Sides { baseline, candidate }));
                }
                (Err(reason), _) | (_, Err(reason)) => tracing::debug!(reason, "a linker makes all drawings"),
            }
        }
        match &*state {
            State::Able(able) => Some(Arc::clone(able)),
            _ => None,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Made {
    fn of(made: ByLinker<'_>) -> Self {
        let named = |item: &Item<'_>| match item {
            Item::Part(name, number) => Named::Part((*name).to_owned(), *number),
            Item::Gap(gap) => Named::Gap(*gap),
        };
        Self {
            executable: made.executable.to_owned(),
            map: made.map.to_owned(),
            order: made.order.iter().map(named).collect(),
            folder: made.folder.to_owned(),
        }
    }

    fn is_large(&self) -> bool {
        fs::metadata(&self.executable).is_ok_and(|found| found.len() > LARGEST)
    }

    /// The executable and its map.
    fn read(&self) -> Result<(Vec<u8>, Vec<Output>), String> {
        let text = |error: io::Error| error.to_string();
        let map = map::parse(&fs::read_to_string(&self.map).map_err(text)?).ok_or("a map of another form")?;
        Ok((fs::read(&self.executable).map_err(text)?, map))
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.map);
    }
}

/// Understands the first, and makes the second from it.
fn proven(first: &Made, second: &Made) -> Result<Arranger, String> {
    let (bytes, map) = first.read()?;
    let linked = Linked::new(&bytes, map, &first.folder)?;
    let (bytes, map) = second.read()?;
    let orders = linked.orders_of(&map).ok_or("two executables of other parts")?;
    let list: Vec<Item<'_>> = second.order.iter().map(Named::item).collect();
    if !linked.gives(&list, &orders) {
        return Err("the linker takes the order otherwise".to_owned());
    }
    let made = linked.arranged(&orders)?;
    match Image::difference(&made, &bytes)? {
        None => linked.arranger(&list),
        Some(section) => Err(format!("`{section}` is not as the linker makes it")),
    }
}

/// Makes an executable in an order.
pub(super) fn make(arranger: &Arranger, order: &[Item<'_>], output: &Path) -> Result<(), String> {
    let bytes = arranger.arranged(order)?;
    fs::write(output, bytes).map_err(|error| error.to_string())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(output, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;
    }
    Ok(())
}
