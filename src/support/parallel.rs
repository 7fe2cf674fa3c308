//! Doing the same with many things on all CPUs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

/// Works on each of these, one thread for every CPU, and hands over each result with its place as soon as there is one, in this
/// thread. The first error of `take` ends it: what is being worked on is finished, and nothing more is begun.
///
/// # Errors
/// The first error of `take`.
pub fn each<T: Sync, R: Send, E>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(usize, R) -> Result<(), E>,
) -> Result<(), E> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let (next, work) = (&AtomicUsize::new(0), &work);
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        for _ in 0..threads {
            let sender = sender.clone();
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    // Nobody listens any more once `take` has failed.
                    if sender.send((at, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        receiver.into_iter().try_for_each(|(at, result)| take(at, result))
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_result_is_handed_over_with_its_place() {
        let items: Vec<usize> = (0..1000).collect();
        let mut squares = vec![0; items.len()];
        let Ok(()) = each(
            &items,
            |item| item * item,
            |at, square| {
                squares[at] = square;
                Ok::<(), Infallible>(())
            },
        );
        assert!(squares.iter().enumerate().all(|(at, square)| *square == at * at));
        let none: [usize; 0] = [];
        assert_eq!(each(&none, |item| *item, |_, _| Err("there is none")), Ok(()));
    }

    #[test]
    fn an_error_ends_it() {
        let (begun, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        // Whoever does not begin waits for the error, and then goes on slowly enough for it to be noticed.
        let work = |()| {
            if begun.fetch_add(1, Ordering::Relaxed) > 0 {
                while !failed.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                thread::sleep(Duration::from_millis(1));
            }
        };
        let ended = each(
            &[(); 100_000],
            |&unit| work(unit),
            |_, ()| {
                failed.store(true, Ordering::Relaxed);
                Err("full")
            },
        );
        assert_eq!(ended, Err("full"));
        assert!(begun.into_inner() < 100_000, "nothing more is begun");
    }
}
