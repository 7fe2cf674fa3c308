//! Prints the tables of the comparison.

use super::*;

/// Runs behind every figure.
const RUNS: usize = 16_000;

/// What a rule is asked in every run.
#[derive(Debug, Clone, Copy)]
struct Question {
    /// The true change, a fraction.
    truth: f64,
    /// What is to be shown of it.
    direction: Direction,
    /// The bound, a fraction.
    bound: f64,
    /// The error of the test.
    alpha: f64,
}

impl Question {
    fn above(truth: f64, bound: f64) -> Self {
        Self { truth, direction: Direction::Above, bound, alpha: ALPHA }
    }
}

/// After how many pairs a rule stopped in each run, in order; runs that did not stop come last.
#[derive(Debug)]
struct Stops(Vec<usize>);

impl Stops {
    fn of(rule: Rule, shapes: &[Shape], sds: &[f64], question: Question) -> Self {
        let mut random = Generator::new(7);
        let mut stops = Vec::new();
        for &shape in shapes {
            for &sd in sds {
                for _ in 0..RUNS / (shapes.len() * sds.len()) {
                    let data = series(shape, question.truth.ln_1p(), sd, 60, &mut random);
                    let stop = rule.stop(&data, question.direction, question.bound.ln_1p(), question.alpha);
                    stops.push(stop.unwrap_or(usize::MAX));
                }
            }
        }
        stops.sort_unstable();
        Self(stops)
    }

    /// The share of runs that stopped within `pairs`, in %.
    fn within(&self, pairs: usize) -> f64 {
        100.0 * self.0.partition_point(|&stop| stop <= pairs) as f64 / self.0.len() as f64
    }

    /// The pairs that `percent` % of the runs needed at the most.
    fn percentile(&self, percent: usize) -> String {
        match self.0[(self.0.len() - 1) * percent / 100] {
            usize::MAX => "–".into(),
            pairs => pairs.to_string(),
        }
    }
}

fn row(title: &str, cells: impl Iterator<Item = String>) {
    println!("| {title} | {} |", cells.collect::<Vec<_>>().join(" | "));
}

#[test]
#[ignore = "minutes, even optimized; prints the first tables of docs/decision-rule.md"]
fn the_table_of_errors() {
    for (label, shapes) in [("symmetric", &Shape::SYMMETRIC[..]), ("all", &Shape::ALL[..])] {
        println!("\n{label} shapes: A/A at T = 5 %, A/A at 2 %, change of 5 % at T = 5 %, of 2 % at 2 %");
        let questions = [(0.0, 0.05), (0.0, 0.02), (0.05, 0.05), (0.02, 0.02)];
        for rule in Rule::ALL {
            let cell = |(truth, bound)| {
                format!("{:.2}", Stops::of(rule, shapes, &NOISES, Question::above(truth, bound)).within(60))
            };
            row(&format!("{rule:?}"), questions.into_iter().map(cell));
        }
    }
    println!("\nby shape, at the threshold: {:?}", Rule::ALL);
    for shape in Shape::ALL {
        let cell = |rule| {
            format!("{:.2}", Stops::of(rule, &[shape], &NOISES, Question::above(0.05, 0.05)).within(60))
        };
        row(&format!("{shape:?}"), Rule::ALL.into_iter().map(cell));
    }
}

#[test]
#[ignore = "minutes, even optimized; prints the last table of docs/decision-rule.md"]
fn the_table_of_pairs() {
    for (title, truth, bound, direction) in [
        ("unchanged, cleared at T = 5 %", 0.0, 0.05, Direction::Below),
        ("unchanged, cleared at T = 2 %", 0.0, 0.02, Direction::Below),
        ("+10 %, caught at T = 5 %", 0.10, 0.05, Direction::Above),
        ("+5 %, caught at T = 2 %", 0.05, 0.02, Direction::Above),
    ] {
        // Clearing needs no more in a larger family.
        let families: &[usize] = if direction == Direction::Below { &[1] } else { &[1, 20, 50] };
        println!(
            "\n{title}: % within 20 pairs, within 60, median and 90th percentile of pairs, m = {families:?}"
        );
        for sd in NOISES {
            let rules = if direction == Direction::Below { &Rule::CLEARING[..] } else { &Rule::SOUND[..] };
            for &rule in rules {
                let cell = |&family: &usize| {
                    let budget = ErrorBudget::new(ALPHA, family).unwrap();
                    let clears = direction == Direction::Below;
                    let alpha = 1.0 / if clears { budget.clearing() } else { budget.family_wise() };
                    let question = Question { truth, direction, bound, alpha };
                    let stops = Stops::of(rule, &Shape::SYMMETRIC, &[sd], question);
                    let (median, most) = (stops.percentile(50), stops.percentile(90));
                    format!("{:.1} {:.1} {median} {most}", stops.within(20), stops.within(60))
                };
                row(&format!("{} % {rule:?}", sd * 100.0), families.iter().map(cell));
            }
        }
    }
}

/// The share of runs, in %, that clear a benchmark which is slower by `truth` before anything shows that it is.
fn cleared_first(rule: Rule, truth: f64, bound: f64, sd: f64) -> f64 {
    let mut random = Generator::new(17);
    let budget = ErrorBudget::new(ALPHA, 20).unwrap();
    let mut cleared = 0;
    for run in 0..RUNS {
        let shape = Shape::SYMMETRIC[run % Shape::SYMMETRIC.len()];
        let data = series(shape, truth.ln_1p(), sd, 60, &mut random);
        let stop = |direction, level: f64| {
            let stop = rule.stop(&data, direction, bound.ln_1p(), 1.0 / level);
            stop.unwrap_or(usize::MAX)
        };
        let (clear, fail) =
            (stop(Direction::Below, budget.clearing()), stop(Direction::Above, budget.family_wise()));
        cleared += usize::from(clear < usize::MAX && clear <= fail);
    }
    100.0 * cleared as f64 / RUNS as f64
}

#[test]
#[ignore = "a minute, optimized; prints the table of what is missed in docs/decision-rule.md"]
fn the_table_of_missed() {
    println!(
        "\ncleared by the side alone and with nearness, in % of runs: +5 % and +10 % at T = 5 %, +2 % and +5 % at T = 2 %"
    );
    for sd in NOISES {
        let questions = [(0.05, 0.05), (0.10, 0.05), (0.02, 0.02), (0.05, 0.02)];
        let cell = |(truth, bound)| {
            let share = |rule| cleared_first(rule, truth, bound, sd);
            format!("{:.2} {:.2}", share(Rule::OnSides), share(Rule::Betting))
        };
        row(&format!("{} %", sd * 100.0), questions.into_iter().map(cell));
    }
}
