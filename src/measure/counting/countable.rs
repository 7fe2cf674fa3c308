//! What can be counted at all. Pure.

use crate::domain::{BuiltBench, CountKind};
use crate::measure::counter::Uncounted;
use crate::measure::harnesses::harness_of;
use crate::measure::listing::ListedBenchmark;

/// Refuses an executable that cannot be told to count, and a benchmark whose threads would be counted as one.
pub(super) fn ensure_countable(
    bench: &BuiltBench,
    wanted: &ListedBenchmark,
    kind: CountKind,
) -> Result<(), Uncounted> {
    if wanted.threads > 1 {
        let threads = wanted.threads;
        return Err(Uncounted::Uncountable(format!("it runs on {threads} threads at once")));
    }
    let countable = harness_of(&bench.fingerprint.instrument).capabilities(bench).counted(kind);
    countable.map_err(|(reason, remedy)| Uncounted::Unavailable { reason, remedy: Some(remedy) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Execution;
    use crate::measure::invocation::tests::bench;

    fn refused(execution: Execution, instrument: &str, kind: CountKind) -> Option<(String, Option<String>)> {
        let mut bench = bench("/x", execution);
        bench.fingerprint.instrument = instrument.parse().unwrap();
        match ensure_countable(&bench, &ListedBenchmark::new("x", "x", 0), kind) {
            Err(Uncounted::Unavailable { reason, remedy }) => Some((reason, remedy)),
            _ => None,
        }
    }

    #[test]
    fn what_runs_on_several_threads_is_not_counted() {
        let mut bench = bench("/x", Execution::Native);
        bench.fingerprint.instrument = "divan 0.1.21 (interleaved)".parse().unwrap();
        let wanted = |threads| ListedBenchmark::new("x", "x", 0).on_threads(threads);
        for kind in CountKind::ALL {
            assert!(ensure_countable(&bench, &wanted(1), kind).is_ok());
            assert!(matches!(ensure_countable(&bench, &wanted(2), kind), Err(Uncounted::Uncountable(_))));
        }
    }

    #[test]
    fn only_copied_criterions_that_run_natively_are_counted() {
        for kind in CountKind::ALL {
            assert_eq!(refused(Execution::Native, "criterion 0.8.2 (interleaved)", kind), None);
            let (reason, remedy) = refused(Execution::Native, "criterion 0.8.2 (git)", kind).unwrap();
            assert!(reason.contains("criterion 0.8.2 (git)"), "{reason}");
            assert!(remedy.unwrap().contains("crates.io"));
            let runner = Execution::Runner(vec!["nice".into()]);
            let (_, remedy) = refused(runner, "criterion 0.8.2 + turns", kind).unwrap();
            assert!(remedy.unwrap().contains("`runner`"));
        }
    }

    #[test]
    fn under_an_emulator_an_executable_counts_its_own_allocations() {
        let refused = |instrument, kind| {
            refused(Execution::Emulated(vec!["qemu-aarch64".into()]), instrument, kind)
                .map(|(reason, _)| reason)
        };
        let copied = "criterion 0.8.2 + turns";
        assert_eq!(refused(copied, CountKind::Allocations), None);
        assert!(refused(copied, CountKind::Instructions).unwrap().contains("qemu-aarch64"));
        // Nothing inside of these counts.
        for instrument in ["criterion 0.8.2 (git)", "command", "libtest"] {
            assert!(refused(instrument, CountKind::Allocations).is_some(), "{instrument}");
        }
    }
}
