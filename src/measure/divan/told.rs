//! What a copied divan tells in files: its benchmarks, and the samples of one. Pure.

use std::time::Duration;

use crate::domain::SampleSet;
use crate::measure::excess::{Excess, LONGEST_ID, MOST_BENCHMARKS};
use crate::measure::failure::FailureKind;
use crate::measure::listing::{ListedBenchmark, name_all};

/// What is between the parts of a name.
const SEPARATOR: &str = "::";

/// Reads a list of benchmarks: for each the number of its threads, a tab, its name and a zero byte.
///
/// divan's tree begins with the crate of the bench target. That stands in the full name of a benchmark already, and is
/// left out of what follows. A benchmark of another crate keeps its crate.
///
/// # Errors
/// It is none, or has more than anybody needs.
pub(super) fn benchmarks(text: &str, target: &str) -> Result<Vec<ListedBenchmark>, FailureKind> {
    let mut names = Vec::new();
    let mut threads = Vec::new();
    for entry in text.split_terminator('\0') {
        let read = entry.split_once('\t').and_then(|(count, name)| Some((count.parse::<u32>().ok()?, name)));
        let (count, name) = read.ok_or_else(|| FailureKind::Untold(format!("`{entry}` is no benchmark")))?;
        if name.len() > LONGEST_ID {
            return Err(Excess::Id.into());
        }
        names.push(name.to_owned());
        threads.push(count);
    }
    if names.len() > MOST_BENCHMARKS {
        return Err(Excess::Benchmarks.into());
    }
    let root = format!("{}{SEPARATOR}", target.replace('-', "_"));
    let shown: Vec<String> =
        names.iter().map(|name| name.strip_prefix(&root).unwrap_or(name).to_owned()).collect();
    // Equal before they were shortened, or only since: each gets a name of its own, and keeps divan's.
    let shown = name_all(shown);
    let raw = name_all(names);
    Ok(shown
        .into_iter()
        .zip(raw)
        .zip(threads)
        .map(|((shown, raw), threads)| {
            ListedBenchmark::new(shown.id, raw.raw(), raw.occurrence()).on_threads(threads)
        })
        .collect())
}

/// Reads samples: the iterations of each on the first line, then the picoseconds that each took.
///
/// What was taken during the warm-up is left out, but for the last sample. divan takes samples of a few microseconds:
/// neighbours are put together until there are no more than `most`.
///
/// # Errors
/// They are none, or useless.
pub(super) fn samples(text: &str, warm_up: Duration, most: u32) -> Result<SampleSet, FailureKind> {
    let mut numbers = text.lines().map(|line| {
        line.parse::<u128>().map_err(|_| FailureKind::Untold(format!("`{line}` is no number of picoseconds")))
    });
    let size = numbers.next().ok_or(FailureKind::Silent)??;
    let picoseconds = numbers.collect::<Result<Vec<u128>, _>>()?;
    let mut warm = warm_up.as_nanos() * 1000;
    let cold = picoseconds.iter().take_while(|cost| {
        let is_cold = warm > 0;
        warm = warm.saturating_sub(**cost);
        is_cold
    });
    let cold = cold.count().min(picoseconds.len().saturating_sub(1));
    let taken = &picoseconds[cold..];
    let together = taken.len().div_ceil(usize::try_from(most.max(1)).unwrap_or(usize::MAX)).max(1);
    let (iterations, totals): (Vec<f64>, Vec<f64>) = taken
        .chunks(together)
        .map(|chunk| (size as f64 * chunk.len() as f64, chunk.iter().sum::<u128>() as f64 / 1e3))
        .unzip();
    Ok(SampleSet::timed(&iterations, &totals)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_crate_of_their_own_target_only() {
        let list = "1\tmy_sums::fib::10\x002\tmy_sums::lock\x001\tother::fib::10\x001\tmy_sums::fib::10\0";
        let listed = benchmarks(list, "my-sums").unwrap();
        let told: Vec<_> =
            listed.iter().map(|one| (one.id.as_str(), one.raw(), one.occurrence(), one.threads)).collect();
        assert_eq!(
            told,
            [
                ("fib::10", "my_sums::fib::10", 0, 1),
                ("lock", "my_sums::lock", 0, 2),
                ("other::fib::10", "other::fib::10", 0, 1),
                ("fib::10 #2", "my_sums::fib::10", 1, 1),
            ]
        );
        assert_eq!(benchmarks("", "sums").unwrap(), []);
    }

    #[test]
    fn a_name_may_hold_line_breaks_and_tabs() {
        let listed = benchmarks("1\tsums::text::\"a\tb\nc\"\0", "sums").unwrap();
        assert_eq!(listed[0].id, "text::\"a\tb\nc\"");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["no tab\0", "x\tname\0", "-1\tname\0"] {
            assert!(matches!(benchmarks(text, "sums"), Err(FailureKind::Untold(_))), "{text}");
        }
        let long = format!("1\t{}\0", "x".repeat(LONGEST_ID + 1));
        assert!(matches!(benchmarks(&long, "sums"), Err(FailureKind::Excessive(_))));
        assert!(matches!(samples("", Duration::ZERO, 10), Err(FailureKind::Silent)));
        assert!(matches!(samples("4\n-3\n", Duration::ZERO, 10), Err(FailureKind::Untold(_))));
        assert!(matches!(samples("4\n", Duration::ZERO, 10), Err(FailureKind::Nonsense(_))));
        assert!(matches!(samples("4\n0\n", Duration::ZERO, 10), Err(FailureKind::Nonsense(_))));
    }

    #[test]
    fn neighbours_are_put_together_and_the_warm_up_is_left_out() {
        let text = "4\n9000\n9000\n2000\n4000\n6000\n8000\n";
        let told = |warm_up, most| {
            let samples = samples(text, Duration::from_nanos(warm_up), most).unwrap();
            let told: Vec<_> = samples.samples().iter().map(|one| (one.iterations(), one.total())).collect();
            told
        };
        assert_eq!(told(18, 2), [(8, 6.0), (8, 14.0)]);
        assert_eq!(told(18, 9), [(4, 2.0), (4, 4.0), (4, 6.0), (4, 8.0)]);
        assert_eq!(told(1_000_000, 9), [(4, 8.0)], "the last remains");
        assert_eq!(told(0, 1), [(24, 38.0)]);
    }
}
