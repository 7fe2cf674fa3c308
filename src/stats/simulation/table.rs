//! Prints the table of the comparison.

use super::*;

/// What a rule did in many runs.
#[derive(Debug, Default)]
struct Tally {
    hits: u32,
    runs: u32,
    pairs: Vec<usize>,
}

impl Tally {
    fn add(&mut self, stop: Option<usize>) {
        self.runs += 1;
        self.hits += u32::from(stop.is_some());
        self.pairs.push(stop.unwrap_or(usize::MAX));
    }

    fn share(&self) -> f64 {
        100.0 * f64::from(self.hits) / f64::from(self.runs)
    }

    fn quantile(&mut self, q: f64) -> String {
        self.pairs.sort_unstable();
        match self.pairs[((self.pairs.len() - 1) as f64 * q) as usize] {
            usize::MAX => "–".into(),
            pairs => pairs.to_string(),
        }
    }
}

fn tally(
    rule: Rule,
    shapes: &[Shape],
    sds: &[f64],
    truth: f64,
    at: (Direction, f64, f64),
    pairs: usize,
) -> Tally {
    let (direction, bound, alpha) = at;
    let mut random = Generator::new(7);
    let mut tally = Tally::default();
    let runs = (16_000 / (shapes.len() * sds.len())).max(100);
    for &shape in shapes {
        for &sd in sds {
            for _ in 0..runs {
                let data = series(shape, truth.ln_1p(), sd, pairs, &mut random);
                tally.add(rule.stop(&data, direction, bound.ln_1p(), alpha));
            }
        }
    }
    tally
}

#[test]
#[ignore = "minutes, even optimized; prints the table of docs/decision-rule.md"]
fn the_table_of_the_decision_rule() {
    for (label, shapes) in [("symmetric", &Shape::SYMMETRIC[..]), ("all", &Shape::ALL[..])] {
        println!(
            "\nfalse `above T`, %, {label} shapes, 60 pairs, noise 0.2-8 %, a level of 1 % for one test"
        );
        for rule in Rule::ALL {
            let mut row = format!("{rule:?}");
            for (truth, bound) in [(0.0, 0.05), (0.0, 0.02), (0.05, 0.05), (0.02, 0.02)] {
                let t = tally(rule, shapes, &NOISES, truth, (Direction::Above, bound, ALPHA), 60);
                row += &format!(" | {:.2}", t.share());
            }
            println!("{row}");
        }
    }
    println!("\nfalse `above T` at the boundary by shape, %");
    for shape in Shape::ALL {
        let mut row = format!("{shape:?}");
        for rule in Rule::ALL {
            let t = tally(rule, &[shape], &NOISES, 0.05, (Direction::Above, 0.05, ALPHA), 60);
            row += &format!(" | {:.2}", t.share());
        }
        println!("{row}");
    }
    for (title, truth, bound, direction) in [
        ("unchanged cleared at T = 5 %", 0.0, 0.05, Direction::Below),
        ("unchanged cleared at T = 2 %", 0.0, 0.02, Direction::Below),
        ("+10 % caught at T = 5 %", 0.10, 0.05, Direction::Above),
        ("+5 % caught at T = 2 %", 0.05, 0.02, Direction::Above),
    ] {
        for sd in NOISES {
            println!(
                "\n{title}, noise {} %: share within 20 and 60 pairs, median and 90 % pairs, by m = 1, 20, 50",
                sd * 100.0
            );
            for rule in &Rule::ALL[..4] {
                let mut row = format!("{rule:?}");
                for family in [1, 20, 50] {
                    let budget = ErrorBudget::new(ALPHA, family).unwrap();
                    let level = match direction {
                        Direction::Above => budget.family_wise(),
                        Direction::Below => budget.single(),
                    };
                    let at = (direction, bound, 1.0 / level);
                    let mut t = tally(*rule, &Shape::SYMMETRIC, &[sd], truth, at, 60);
                    let short = t.pairs.iter().filter(|&&pairs| pairs <= 20).count();
                    row += &format!(
                        " | {:.1} {:.1} {} {}",
                        100.0 * short as f64 / f64::from(t.runs),
                        t.share(),
                        t.quantile(0.5),
                        t.quantile(0.9)
                    );
                    if direction == Direction::Below && family == 20 {
                        break;
                    }
                }
                println!("{row}");
            }
        }
    }
}
