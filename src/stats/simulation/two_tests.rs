//! A first test, and fresh pairs of what it suspects: by the rule that ships, and by the one that shipped before.

use super::*;

/// The most pairs of each of the two tests.
const MOST: usize = 60;

/// What it takes to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failing {
    /// The first test at the level of the run, and then the fresh pairs at that of one test: shipped before.
    Twice,
    /// The first test at the square root of the level of the run, and then the product, whatever the fresh pairs show by
    /// themselves.
    Bare,
    /// The product, and the fresh pairs by themselves at the level of one test: ships.
    Product,
}

/// What became of a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Cleared,
    Failed,
    /// A suspect that fresh pairs cleared.
    NotRepeated,
    /// A suspect that they left open.
    RepeatUndecided,
    Open,
}

/// Whether a test ended with "worse" (or with "not worse"), after how many pairs, and with what wealth.
fn stage(pairs: &[Observation], bound: f64, worse: f64, clear: f64) -> (Option<bool>, usize, f64) {
    let test = test_of(pairs);
    let (above, below) = (test.on_sides(), test.on_nearness_too());
    let both = above.wealths(Direction::Above, bound).zip(below.wealths(Direction::Below, bound));
    let mut last = 1.0;
    for (place, (above, below)) in both.enumerate() {
        if above >= worse || below >= clear {
            return (Some(above >= worse), place + 1, above);
        }
        last = above;
    }
    (None, pairs.len(), last)
}

impl Failing {
    const ALL: [Self; 3] = [Self::Twice, Self::Bare, Self::Product];

    /// What becomes of one benchmark that is slower by `truth`, and after how many pairs in all.
    fn fate(
        self,
        shape: Shape,
        (truth, bound): (f64, f64),
        sd: f64,
        budget: ErrorBudget,
        random: &mut Generator,
    ) -> (Fate, usize) {
        let mut pairs = || series(shape, truth.ln_1p(), sd, MOST, random);
        let (first, fresh) = (pairs(), pairs());
        let (bound, clear) = (bound.ln_1p(), budget.clearing());
        let worse = match self {
            Self::Twice => budget.family_wise(),
            Self::Bare | Self::Product => budget.suspecting(),
        };
        let (found, taken, wealth) = stage(&first, bound, worse, clear);
        match found {
            None => return (Fate::Open, taken),
            Some(false) => return (Fate::Cleared, taken),
            Some(true) => {}
        }
        let needed = match self {
            Self::Twice => budget.single(),
            Self::Bare => budget.family_wise() / wealth,
            Self::Product => budget.confirming(wealth),
        };
        let (found, more, _) = stage(&fresh, bound, needed, clear);
        let fate = match found {
            Some(true) => Fate::Failed,
            Some(false) => Fate::NotRepeated,
            None => Fate::RepeatUndecided,
        };
        (fate, taken + more)
    }

    /// What becomes of `runs` benchmarks, dealt out to shapes and noises.
    fn fates(
        self,
        shapes: &[Shape],
        sds: &[f64],
        question: (f64, f64),
        family: usize,
        runs: usize,
    ) -> Vec<(Fate, usize)> {
        let mut random = Generator::new(23);
        let budget = ErrorBudget::new(ALPHA, family).unwrap();
        let kinds = shapes.iter().flat_map(|&shape| sds.iter().map(move |&sd| (shape, sd)));
        let each = runs / (shapes.len() * sds.len());
        kinds
            .flat_map(|kind| std::iter::repeat_n(kind, each))
            .map(|(shape, sd)| self.fate(shape, question, sd, budget, &mut random))
            .collect()
    }
}

fn percent(fates: &[(Fate, usize)], which: impl Fn(Fate, usize) -> bool) -> f64 {
    100.0 * fates.iter().filter(|(fate, pairs)| which(*fate, *pairs)).count() as f64 / fates.len() as f64
}

/// After how many pairs in all so many % of the benchmarks had failed.
fn percentile(fates: &[(Fate, usize)], percent: usize) -> Option<usize> {
    let pairs = |&(fate, pairs): &(Fate, usize)| if fate == Fate::Failed { pairs } else { usize::MAX };
    let mut all: Vec<usize> = fates.iter().map(pairs).collect();
    all.sort_unstable();
    Some(all[all.len() * percent / 100]).filter(|pairs| *pairs < usize::MAX)
}

#[test]
fn the_product_catches_the_same_with_fewer_pairs() {
    let median = |failing: Failing| {
        let fates = failing.fates(&[Shape::HeavyTails], &[0.01], (0.10, 0.05), 20, 200);
        percentile(&fates, 50).unwrap()
    };
    let (before, now) = (median(Failing::Twice), median(Failing::Product));
    assert!(before >= 19 && now <= 13, "{before} {now}");
}

#[test]
fn no_shape_of_noise_fails_an_unchanged_benchmark_by_the_product() {
    for shape in Shape::ALL {
        let fates = Failing::Product.fates(&[shape], &NOISES, (0.0, 0.05), 20, 500);
        assert!(fates.iter().all(|(fate, _)| *fate != Fate::Failed), "{shape:?}");
    }
}

#[test]
fn suspects_take_hardly_anything_from_what_is_cleared() {
    for bound in [0.05, 0.02] {
        let cleared = |failing: Failing| {
            let fates = failing.fates(&Shape::ALL, &NOISES, (0.0, bound), 20, 2000);
            percent(&fates, |fate, _| fate == Fate::Cleared)
        };
        let (before, now) = (cleared(Failing::Twice), cleared(Failing::Product));
        assert!(before - now <= 0.1, "{bound}: {before} {now}");
    }
}

#[test]
#[ignore = "minutes, even optimized; prints the table of pairs until a failure in docs/decision-rule.md"]
fn the_table_of_pairs_until_a_failure() {
    for (title, question) in [("+10 % at T = 5 %", (0.10, 0.05)), ("+5 % at T = 2 %", (0.05, 0.02))] {
        println!("\n{title}: % within 20 pairs, within 60, within 60 and 60, median, 90th percentile");
        for sd in NOISES {
            for failing in [Failing::Twice, Failing::Product] {
                let cell = |family| {
                    let fates = failing.fates(&Shape::SYMMETRIC, &[sd], question, family, 8000);
                    let within = |most| percent(&fates, |fate, pairs| fate == Fate::Failed && pairs <= most);
                    let of = |share| percentile(&fates, share).map_or("–".to_owned(), |p| p.to_string());
                    let (twenty, sixty, all) = (within(20), within(60), within(2 * MOST));
                    format!("{twenty:.1} {sixty:.1} {all:.1} {} {}", of(50), of(90))
                };
                let cells = [1, 20, 200].map(cell).join(" | ");
                println!("| {} % | {failing:?} | {cells} |", sd * 100.0);
            }
        }
    }
}

#[test]
#[ignore = "minutes, even optimized; prints the table of what becomes of benchmarks in docs/decision-rule.md"]
fn the_table_of_fates() {
    let questions = [(0.0, 0.05), (0.0, 0.02), (0.05, 0.05)];
    println!(
        "\n% failed, suspects that did not fail, cleared: A/A at T = 5 %, A/A at T = 2 %, +5 % at T = 5 %"
    );
    for (label, shapes) in [("symmetric", &Shape::SYMMETRIC[..]), ("all", &Shape::ALL[..])] {
        for family in [1, 20, 200] {
            for failing in [Failing::Twice, Failing::Product] {
                let cell = |question| {
                    let fates = failing.fates(shapes, &NOISES, question, family, 80_000);
                    let failed = percent(&fates, |fate, _| fate == Fate::Failed);
                    let suspects =
                        percent(&fates, |fate, _| matches!(fate, Fate::NotRepeated | Fate::RepeatUndecided));
                    let cleared = percent(&fates, |fate, _| fate == Fate::Cleared);
                    format!("{failed:.4} {suspects:.3} {cleared:.2}")
                };
                println!("| {label} | {family} | {failing:?} | {} |", questions.map(cell).join(" | "));
            }
        }
    }
    println!("\n% failed at the threshold, by shape, m = 1 and 20");
    for shape in Shape::ALL {
        let cell = |(failing, family): (Failing, usize)| {
            let fates = failing.fates(&[shape], &NOISES, (0.05, 0.05), family, 40_000);
            format!("{:.3}", percent(&fates, |fate, _| fate == Fate::Failed))
        };
        let kinds = [1, 20].map(|family| Failing::ALL.map(|failing| (failing, family)));
        println!("| {shape:?} | {} |", kinds.concat().into_iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
}
