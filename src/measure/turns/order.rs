//! Whose turn it is: ABBA, then BAAB, over and over.
//!
//! Each side goes first as often as the other, and each comes right after the other as often as after itself, so a
//! bias of going first and a steady drift both cancel within four pairs of turns.

use crate::domain::side::Side;

/// Pairs of neighbouring turns, without end, when `first` has the first turn.
pub fn turns(first: Side) -> impl Iterator<Item = [Side; 2]> {
    let (a, b) = (first, first.other());
    [[a, b], [b, a], [b, a], [a, b]].into_iter().cycle()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abba_is_followed_by_baab() {
        let text = |first| {
            let sides = turns(first).take(8).flatten();
            sides.map(|side| if side == Side::Baseline { 'A' } else { 'B' }).collect::<String>()
        };
        assert_eq!(text(Side::Baseline), "ABBABAABABBABAAB");
        assert_eq!(text(Side::Candidate), "BAABABBABAABABBA");
    }

    #[test]
    fn every_two_pairs_are_balanced() {
        for first in Side::BOTH {
            let turns: Vec<_> = turns(first).take(16).collect();
            for two in turns.chunks(2) {
                assert_eq!(two[0][0], two[1][1]);
                assert_eq!(two[0][1], two[1][0]);
            }
        }
    }
}
