//! Which comparisons there are to make. Pure.

use serde::{Deserialize, Serialize};

/// The workloads, by their benchmarks' names.
pub const WORKLOADS: [&str; 8] =
    ["compute", "branchy", "allocation", "pointer-chase", "hash-map", "strings", "rayon", "tokio"];

/// Those of them that are processes of their own, too.
pub const PROCESSES: [&str; 3] = ["compute", "branchy", "allocation"];

/// One program with one way of being asked; may give the words of several contenders.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// `cargo perfguard compare --threshold 5%`.
    #[value(name = "perfguard-5")]
    #[serde(rename = "perfguard-5")]
    Perfguard5,
    /// `cargo perfguard compare --threshold 2%`.
    #[value(name = "perfguard-2")]
    #[serde(rename = "perfguard-2")]
    Perfguard2,
    /// Criterion's saved baselines: its own word, and thresholds on its mean.
    Criterion,
    /// tango-bench.
    Tango,
    /// `cargo perfguard compare --threshold 5%` of whole processes.
    Processes,
    /// hyperfine, of the same processes.
    Hyperfine,
    /// How large the slowdown really is: pairs of perfguard's, at a threshold that cannot be decided.
    Truth,
}

impl Family {
    /// Every family that measures benchmarks. Those that measure processes take part where they are named.
    pub const ALL: [Self; 5] =
        [Self::Perfguard5, Self::Perfguard2, Self::Criterion, Self::Tango, Self::Truth];
}

/// What else the machine does.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Nothing.
    Quiet,
    /// Another process loads a core and the caches.
    Noisy,
}

impl Condition {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Noisy => "noisy neighbour",
        }
    }
}

/// One comparison of all workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Trial {
    /// Which of many alike.
    pub round: u32,
    /// What else the machine does.
    pub condition: Condition,
    /// By what.
    pub family: Family,
    /// How much slower the candidate is made, in thousandths.
    pub per_mille: u32,
}

/// How much there is to do.
#[derive(Debug, Clone)]
pub struct Extent {
    /// How often each slowdown is compared.
    pub rounds: u32,
    /// How often equal code is compared in each round.
    pub equal_per_round: u32,
    /// How often the true slowdown is measured.
    pub truths: u32,
    /// The slowdowns besides none, in thousandths.
    pub slowdowns: Vec<u32>,
    /// What else the machine does.
    pub conditions: Vec<Condition>,
    /// By what.
    pub families: Vec<Family>,
}

/// Every trial, in an order that leaves the whole balanced wherever it is stopped: rounds outermost.
pub fn trials(extent: &Extent) -> Vec<Trial> {
    let mut trials = Vec::new();
    for round in 0..extent.rounds.max(extent.truths) {
        for &condition in &extent.conditions {
            for &family in &extent.families {
                let measured = if family == Family::Truth { extent.truths } else { extent.rounds };
                if round >= measured || family == Family::Truth && condition != Condition::Quiet {
                    continue;
                }
                let equal = if family == Family::Truth { 1 } else { extent.equal_per_round };
                let rounds_of_equal = (0..equal).map(|again| (round * equal + again, 0));
                let of_slower = extent.slowdowns.iter().map(|&per_mille| (round, per_mille));
                trials.extend(rounds_of_equal.chain(of_slower).map(|(round, per_mille)| Trial {
                    round,
                    condition,
                    family,
                    per_mille,
                }));
            }
        }
    }
    trials
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn extent() -> Extent {
        Extent {
            rounds: 3,
            equal_per_round: 4,
            truths: 5,
            slowdowns: vec![50, 100],
            conditions: vec![Condition::Quiet, Condition::Noisy],
            families: Family::ALL.to_vec(),
        }
    }

    #[test]
    fn no_trial_occurs_twice_and_all_do() {
        let all = trials(&extent());
        let each: BTreeSet<_> = all.iter().collect();
        assert_eq!(each.len(), all.len());
        let of = |family, per_mille| {
            all.iter().filter(|trial| trial.family == family && trial.per_mille == per_mille).count()
        };
        assert_eq!((of(Family::Criterion, 0), of(Family::Criterion, 50)), (24, 6));
        assert_eq!((of(Family::Truth, 0), of(Family::Truth, 100)), (5, 5));
    }

    #[test]
    fn a_longer_study_goes_on_where_a_shorter_one_ended() {
        let shorter: BTreeSet<_> = trials(&extent()).into_iter().collect();
        let longer: BTreeSet<_> = trials(&Extent { rounds: 9, ..extent() }).into_iter().collect();
        assert!(shorter.is_subset(&longer));
    }
}
