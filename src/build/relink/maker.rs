//! Who makes the executables of drawings: a linker the first few, and this program all others, once it made one of the linker's
//! from another and it was the same.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::domain::Sides;

use super::draw::Item;
use super::image::Image;
use super::map::{self, Output};
use super::rearrange::Linked;

/// Larger executables are always made by a linker: four of them are held in memory for a while.
const LARGEST: u64 = 64 << 20;

/// An executable as a linker made it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Made {
    bytes: Vec<u8>,
    map: Vec<Output>,
}

#[derive(Debug)]
enum State {
    /// What a linker made so far of all sides.
    Learning(Vec<Sides<Option<Made>>>),
    /// The linker is not needed any more.
    Able(Arc<Sides<Option<Linked>>>),
    /// Something is not understood.
    Unable,
}

/// How many drawings a linker makes before anything is learned of them. Learning takes as long as some ten drawings of a linker's,
/// and most benchmarks are cleared after five.
const PATIENCE: usize = 6;

/// What is known of the executables of a bench target.
#[derive(Debug)]
pub(super) struct Maker {
    state: Mutex<State>,
    /// How many drawings are not learned from.
    patience: AtomicUsize,
}

impl Maker {
    /// Knows nothing; learns only `if_useful`.
    pub(super) fn new(if_useful: bool) -> Self {
        let state = if if_useful { State::Learning(Vec::new()) } else { State::Unable };
        Self { state: Mutex::new(state), patience: AtomicUsize::new(PATIENCE) }
    }

    /// Learns from the very first drawings.
    pub(super) fn hurry(&self) {
        self.patience.store(0, Ordering::Relaxed);
    }

    /// Whether the next executable of the linker's would be of use with its map.
    pub(super) fn learns(&self) -> bool {
        let less = |patience: usize| patience.checked_sub(1);
        let is_late = self.patience.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_err();
        is_late && matches!(&*self.state(), State::Learning(made) if made.len() < 2)
    }

    /// Learns from executables that a linker made, and its maps of them. One that cannot be read ends it.
    pub(super) fn learn(&self, files: Sides<Option<(&Path, &Path)>>) {
        let made = files.map(|files| files.map(|(executable, map)| read(executable, map)));
        let mut state = self.state();
        let State::Learning(known) = &mut *state else { return };
        let is_whole = |made: &Option<Option<Made>>| !matches!(made, Some(None));
        if is_whole(&made.baseline) && is_whole(&made.candidate) {
            known.push(made.map(Option::flatten));
        } else {
            *state = State::Unable;
        }
    }

    /// What makes the next executables, once two are known and the second was made from the first.
    pub(super) fn able(&self) -> Option<Arc<Sides<Option<Linked>>>> {
        let mut state = self.state();
        if let State::Learning(made) = &mut *state
            && let [first, second] = &mut made[..]
        {
            let first = std::mem::take(first);
            let second = std::mem::take(second);
            let proven = |first: Option<Made>, second: Option<Made>| match (first, second) {
                (Some(first), Some(second)) => proven(first, &second).map(Some),
                _ => Ok(None),
            };
            let (baseline, candidate) = thread::scope(|scope| {
                let baseline = scope.spawn(|| proven(first.baseline, second.baseline));
                let candidate = proven(first.candidate, second.candidate);
                (baseline.join().unwrap_or_else(|_| Err("understanding it broke off".to_owned())), candidate)
            });
            *state = match (baseline, candidate) {
                (Ok(baseline), Ok(candidate)) => State::Able(Arc::new(Sides { baseline, candidate })),
                (Err(reason), _) | (_, Err(reason)) => {
                    tracing::debug!(reason, "a linker makes all drawings");
                    State::Unable
                }
            };
        }
        match &*state {
            State::Able(linked) => Some(Arc::clone(linked)),
            _ => None,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(executable: &Path, map: &Path) -> Option<Made> {
    let size = fs::metadata(executable).ok()?.len();
    let bytes = if size <= LARGEST { fs::read(executable).ok()? } else { return None };
    Some(Made { bytes, map: map::parse(&fs::read_to_string(map).ok()?)? })
}

/// Understands the first, and makes the second from it.
fn proven(first: Made, second: &Made) -> Result<Linked, String> {
    let linked = Linked::new(&first.bytes, first.map)?;
    let orders = linked.orders_of(&second.map).ok_or("two executables of other parts")?;
    let made = linked.arranged(&orders)?;
    match Image::difference(&made, &second.bytes)? {
        None => Ok(linked),
        Some(section) => Err(format!("`{section}` is not as the linker makes it")),
    }
}

/// Makes an executable in an order.
pub(super) fn make(linked: &Linked, order: &[Item<'_>], output: &Path) -> Result<(), String> {
    let bytes = linked.arranged(&linked.orders_by(order))?;
    fs::write(output, bytes).map_err(|error| error.to_string())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(output, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;
    }
    Ok(())
}
