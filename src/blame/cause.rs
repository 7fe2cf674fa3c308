//! What a difference comes from, in short: where somebody who has a minute should look.

use crate::domain::library;
use crate::domain::{Account, FunctionDifference, Others, Sides};

use super::names::is_standard;

/// A function, or a few together, with this share of the difference are its cause.
const MOST: f64 = 0.6;

/// More functions than this are many.
const FEW: usize = 5;

/// A sum below this share of what changed is what is left when things cancel out.
const CANCELLED: f64 = 0.1;

/// Instructions in an iteration below which nothing changed.
const LEAST: f64 = 0.5;

/// A function that holds this share of the difference, with all that it calls, and no more than what is left to one
/// and a tenth, is where it happens.
const WHOLE: f64 = 0.9;

/// The innermost function of a crate that is not the standard library's within which the difference happens.
pub(super) fn within(total: Sides<f64>, functions: &[FunctionDifference]) -> Option<usize> {
    let difference = total.candidate - total.baseline;
    let holds = |function: &FunctionDifference| {
        let share = function.inclusive() / difference;
        (WHOLE..=2.0 - WHOLE).contains(&share)
            && !is_foreign(function)
            // What measures is never where it happens.
            && !function.krate.as_deref().is_some_and(library::measures)
    };
    let weight = |place: &usize| {
        let spent = &functions[*place].spent;
        spent.baseline.inclusive + spent.candidate.inclusive
    };
    let places = (0..functions.len()).filter(|place| holds(&functions[*place]));
    places.min_by(|a, b| weight(a).total_cmp(&weight(b)))
}

/// Whether it is the standard library's or the system's: nobody who reads this can change it.
fn is_foreign(function: &FunctionDifference) -> bool {
    function.krate.is_none() || is_standard(&function.name)
}

/// Sums up. `functions` are in the order of how much they explain.
pub(super) fn of(
    total: Sides<f64>,
    functions: &[FunctionDifference],
    others: Others,
    nameless: Sides<f64>,
    within: Option<usize>,
) -> Account {
    let difference = total.candidate - total.baseline;
    let gross = functions.iter().map(|function| function.own().abs()).sum::<f64>() + others.own.abs();
    if difference.abs() < LEAST && gross < LEAST {
        return Account::None;
    }
    if nameless.baseline > 0.5 || nameless.candidate > 0.5 {
        return Account::Nameless;
    }
    if difference.abs() < LEAST.max(CANCELLED * gross) {
        let to = functions.iter().position(|function| function.own() > 0.0);
        let from = functions.iter().position(|function| function.own() < 0.0);
        if let (Some(to), Some(from)) = (to, from) {
            return Account::Moved { to, from };
        }
    }
    let mut told = Vec::new();
    let mut share = 0.0;
    for (place, function) in functions.iter().enumerate() {
        let part = function.own() / difference;
        if part <= 0.0 {
            continue;
        }
        told.push(place);
        share += part;
        if share >= MOST {
            return match (told.as_slice(), within) {
                ([only], None) => Account::One(*only),
                ([only], Some(_)) if !is_foreign(&functions[*only]) => Account::One(*only),
                (_, Some(place)) => Account::Within(place),
                (_, None) => Account::Several(told),
            };
        }
        if told.len() == FEW {
            break;
        }
    }
    within.map_or(Account::Spread, Account::Within)
}
