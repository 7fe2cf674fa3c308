//! The error of a whole run, divided among everything that is judged in it.
//!
//! An e-process exceeds *c* under its null hypothesis with probability at most 1/*c*, whenever one looks (Ville). So *m*
//! tests that each need *m*/α fail a run in which nothing got slower with probability at most α in all, whatever the
//! dependence between them (Bonferroni): benchmarks of one run share the machine's state. Holm's step-down would need
//! the other tests' last words before the first may stop, and saves next to nothing: evidence doubles with every pair.

/// A benchmark that is slower by its whole threshold is cleared with this probability at most; one that is slower by more, with
/// less. To clear is no accusation: it may cost fewer pairs than to fail.
const CLEARED_WRONGLY: f64 = 0.05;

/// How the error α of a run is divided.
///
/// What fails a build is shown at α/*m*; each end of an interval is wrong with probability at most α. What clears a test may be
/// wrong more often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorBudget {
    alpha: f64,
    family: usize,
}

impl ErrorBudget {
    /// `alpha` (above 0, below ½) for `family` tests; `None` for an impossible `alpha` or no test.
    pub fn new(alpha: f64, family: usize) -> Option<Self> {
        (alpha > 0.0 && alpha < 0.5 && family > 0).then_some(Self { alpha, family })
    }

    /// The e-value that shows a change at the level of the whole run.
    pub fn family_wise(self) -> f64 {
        self.family as f64 / self.alpha
    }

    /// The e-value at which a first test stops with a suspect: as much is left for fresh pairs to show.
    pub fn suspecting(self) -> f64 {
        self.family_wise().sqrt()
    }

    /// The e-value that fresh pairs need to confirm a suspect whose first pairs ended with `first`. The product of the two is
    /// an e-value, because the second begins anew: it has to show the change at the level of the whole run. And the fresh pairs
    /// have to show it by themselves, at the level of one test.
    pub fn confirming(self, first: f64) -> f64 {
        self.single().max(self.family_wise() / first)
    }

    /// The e-value that shows something of one test by itself, and bounds each end of its interval.
    pub fn single(self) -> f64 {
        1.0 / self.alpha
    }

    /// The e-value that clears one test: 20, which five agreeing pairs reach; less where α is above a twentieth.
    pub fn clearing(self) -> f64 {
        1.0 / CLEARED_WRONGLY.max(self.alpha)
    }

    /// The probability with which an interval holds the truth: 1 − 2α.
    pub fn confidence(self) -> f64 {
        1.0 - 2.0 * self.alpha
    }

    /// How many tests share the error.
    pub fn family(self) -> usize {
        self.family
    }

    /// The same error for a test that stands alone, as a confirmation does.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { family: 1, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_a_run_never_exceed_its_error() {
        for family in [1, 2, 3, 20, 1000] {
            let budget = ErrorBudget::new(0.01, family).unwrap();
            let failing = family as f64 / budget.family_wise();
            assert!(failing <= 0.01 + 1e-15, "{family}: {failing}");
            assert!((2.0 / budget.single() - (1.0 - budget.confidence())).abs() < 1e-15);
            assert!(budget.family_wise() >= budget.single() && budget.single() >= budget.clearing());
            assert!((budget.alone().family_wise() - budget.single()).abs() < 1e-9);
        }
    }

    #[test]
    fn clearing_is_never_stricter_than_an_interval() {
        for (alpha, expected) in [(1e-6, 20.0), (0.01, 20.0), (0.05, 20.0), (0.1, 10.0)] {
            let budget = ErrorBudget::new(alpha, 5).unwrap();
            assert!((budget.clearing() - expected).abs() < 1e-9, "{alpha}");
        }
    }

    #[test]
    fn a_suspect_and_its_fresh_pairs_show_what_one_test_would_have_to() {
        for (family, first, fresh) in
            [(1, 10.0, 100.0), (20, 44.7, 100.0), (200, 141.4, 141.4), (2000, 447.2, 447.2)]
        {
            let budget = ErrorBudget::new(0.01, family).unwrap();
            assert!((budget.suspecting() - first).abs() < 0.1, "{family}: {}", budget.suspecting());
            let needed = budget.confirming(budget.suspecting());
            assert!((needed - fresh).abs() < 0.1, "{family}: {needed}");
            // Whatever the first pairs came to: both together, and the fresh ones alone.
            for ended in [1e-3, 1.0, first, 2.0 * first, 1e9] {
                let needed = budget.confirming(ended);
                assert!(needed * ended >= budget.family_wise() * (1.0 - 1e-12), "{family} {ended}");
                assert!(needed >= budget.single(), "{family} {ended}");
            }
        }
    }

    #[test]
    fn an_impossible_budget_is_refused() {
        assert_eq!(ErrorBudget::new(0.0, 1), None);
        assert_eq!(ErrorBudget::new(0.5, 1), None);
        assert_eq!(ErrorBudget::new(f64::NAN, 1), None);
        assert_eq!(ErrorBudget::new(0.01, 0), None);
    }
}
