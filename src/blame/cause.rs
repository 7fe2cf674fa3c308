//! What a difference comes from, in short: where somebody who has a minute should look.

use crate::domain::{Cause, FunctionDifference, Others, Sides};

/// A function, or a few together, with this share of the difference are its cause.
const MOST: f64 = 0.6;

/// More functions than this are many.
const FEW: usize = 5;

/// A sum below this share of what changed is what is left when things cancel out.
const CANCELLED: f64 = 0.1;

/// Instructions in an iteration below which nothing changed.
const LEAST: f64 = 0.5;

/// Sums up. `functions` are in the order of how much they explain.
pub(super) fn of(
    total: Sides<f64>,
    functions: &[FunctionDifference],
    others: Others,
    nameless: Sides<f64>,
) -> Cause {
    let difference = total.candidate - total.baseline;
    let gross = functions.iter().map(|function| function.own().abs()).sum::<f64>() + others.own.abs();
    if difference.abs() < LEAST && gross < LEAST {
        return Cause::None;
    }
    if nameless.baseline > 0.5 || nameless.candidate > 0.5 {
        return Cause::Nameless;
    }
    if difference.abs() < LEAST.max(CANCELLED * gross) {
        let to = functions.iter().position(|function| function.own() > 0.0);
        let from = functions.iter().position(|function| function.own() < 0.0);
        if let (Some(to), Some(from)) = (to, from) {
            return Cause::Moved { to, from };
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
            return match told.as_slice() {
                [only] => Cause::One(*only),
                _ => Cause::Several(told),
            };
        }
        if told.len() == FEW {
            break;
        }
    }
    Cause::Spread
}
