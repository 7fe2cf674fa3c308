//! Which comparisons there are to make. Pure.

use clap::ValueEnum as _;
use serde::{Deserialize, Serialize};

/// The workloads, by their benchmarks' names.
pub const WORKLOADS: [&str; 8] =
    ["compute", "branchy", "allocation", "pointer-chase", "hash-map", "strings", "rayon", "tokio"];

/// The loops whose time depends on where they lie, by their benchmarks' names.
pub const LOOPS: [&str; 10] =
    ["sum-odd", "characters", "adler", "hexadecimal", "depth", "sieve", "search", "runs", "words", "hash"];

/// Those of the workloads that are processes of their own, too.
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
    /// `cargo perfguard compare --threshold 5% --layout default`: the executables as they were linked.
    #[value(name = "perfguard-as-linked")]
    #[serde(rename = "perfguard-as-linked")]
    AsLinked,
    /// `cargo perfguard compare --threshold 5% --layout aligned`: functions at multiples of 64 bytes.
    #[value(name = "perfguard-aligned")]
    #[serde(rename = "perfguard-aligned")]
    Aligned,
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

    /// Those that are asked about code that only moved.
    pub const OF_MOVED: [Self; 4] = [Self::Perfguard5, Self::AsLinked, Self::Criterion, Self::Tango];
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

/// What surrounds the code of two commits, and decides how fast it is or must not.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Surroundings {
    /// The second commit sets a flag in `.cargo/config.toml` that makes every workload slower.
    Flags,
    /// The second commit changes the profile, and that makes every workload slower.
    Profile,
    /// The second commit makes its package a workspace of its own.
    Workspace,
    /// Every launch leaves a file in the source tree that makes the next one slower.
    LeftInTree,
    /// The same, in the folder for temporary files.
    LeftInTmp,
}

impl Surroundings {
    /// How much slower flags and profile make it, in thousandths.
    pub const PER_MILLE: u32 = 100;

    fn kind(self) -> Kind {
        match self {
            Self::Flags => Kind::Flags,
            Self::Profile => Kind::Profile,
            Self::Workspace => Kind::Workspace,
            Self::LeftInTree => Kind::LeftInTree,
            Self::LeftInTmp => Kind::LeftInTmp,
        }
    }

    /// The second commit of a round: what is slower is slower by its surroundings alone; the others only move code.
    fn after(self, round: u32) -> Variant {
        let surroundings = Some(self);
        match self {
            Self::Flags | Self::Profile => {
                Variant { per_mille: Self::PER_MILLE, surroundings, ..Variant::BASELINE }
            }
            Self::Workspace | Self::LeftInTree | Self::LeftInTmp => {
                Variant { moved: round + 1, surroundings, ..Variant::BASELINE }
            }
        }
    }
}

/// How the code that is judged differs from what it is compared with: a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Variant {
    /// How much slower it is made, in thousandths.
    pub per_mille: u32,
    /// Which functions that nobody runs are added; 0 for none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub moved: u32,
    /// Which edit that costs nothing is made to every workload; 0 for none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub edited: u32,
    /// Which edit that moves every loop within its function, and costs nearly nothing; 0 for none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub reshaped: u32,
    /// In which order the linker is told to put all functions, of this commit and of the one before it; 0 for its own.
    #[serde(default, skip_serializing_if = "is_none")]
    pub order: u32,
    /// What surrounds this commit and the one before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surroundings: Option<Surroundings>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_none(number: &u32) -> bool {
    *number == 0
}

impl Variant {
    /// What the others are compared with.
    pub const BASELINE: Self =
        Self { per_mille: 0, moved: 0, edited: 0, reshaped: 0, order: 0, surroundings: None };

    /// Made slower, and nothing else.
    pub fn slower(per_mille: u32) -> Self {
        Self { per_mille, ..Self::BASELINE }
    }

    /// What it is compared with.
    #[must_use]
    pub fn before(self) -> Self {
        Self { order: self.order, surroundings: self.surroundings, ..Self::BASELINE }
    }

    /// The name of its commit.
    pub fn tag(self) -> String {
        let mut tag = format!("slow-{}", self.per_mille);
        let numbers = [
            ("moved", self.moved),
            ("edited", self.edited),
            ("reshaped", self.reshaped),
            ("order", self.order),
        ];
        for (what, number) in numbers {
            if number > 0 {
                tag.extend(["-", what, "-", &number.to_string()]);
            }
        }
        if let Some(surroundings) = self.surroundings {
            // As the command line and records have it.
            tag.extend(surroundings.to_possible_value().iter().flat_map(|name| ["-", name.get_name()]));
        }
        tag
    }

    /// Which of many that are counted together.
    pub fn kind(self) -> Kind {
        match self {
            Self { surroundings: Some(surroundings), .. } => surroundings.kind(),
            Self { order: 1.., .. } => Kind::Ordered,
            Self { moved: 1.., per_mille: 0, .. } => Kind::Moved,
            Self { moved: 1.., .. } => Kind::MovedAndSlower,
            Self { edited: 1.., .. } => Kind::Edited,
            Self { reshaped: 1.., .. } => Kind::Reshaped,
            Self { .. } => Kind::Slower,
        }
    }
}

/// What kind of commit a variant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
pub enum Kind {
    /// Equal, or made slower.
    Slower,
    /// Functions are added that nobody runs.
    Moved,
    /// Every workload is edited, and costs what it did.
    Edited,
    /// Every workload is edited so that its loop moves within its function, and costs nearly what it did.
    Reshaped,
    /// Functions are added that nobody runs, and every workload is edited and made slower.
    MovedAndSlower,
    /// The first commit that adds functions nobody runs, each time with another order of all functions on both sides.
    Ordered,
    /// A flag in `.cargo/config.toml` makes every workload slower.
    Flags,
    /// A profile in `Cargo.toml` makes every workload slower.
    Profile,
    /// Functions are added that nobody runs, and the package becomes a workspace.
    Workspace,
    /// Functions are added that nobody runs, and every launch leaves a file in the source tree that slows the next one down.
    LeftInTree,
    /// Functions are added that nobody runs, and every launch leaves a temporary file that slows the next one down.
    LeftInTmp,
}

impl Kind {
    /// Those that show what places of code are worth, unless others are asked for.
    pub const OF_MOVED: [Self; 4] = [Self::Moved, Self::Edited, Self::Reshaped, Self::MovedAndSlower];
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
    /// Of what, against the baseline.
    #[serde(flatten)]
    pub variant: Variant,
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
    /// Whether the commits are those that move code: one of each kind in each round.
    pub moved: bool,
    /// Of these, which kinds.
    pub kinds: Vec<Kind>,
}

impl Extent {
    /// Every variant that takes part in some trial.
    pub fn variants(&self) -> Vec<Variant> {
        let of_trials = trials(self).into_iter().flat_map(|trial| [trial.variant.before(), trial.variant]);
        let mut variants: Vec<Variant> = of_trials.chain([Variant::BASELINE]).collect();
        variants.sort_unstable();
        variants.dedup();
        variants
    }
}

/// Every trial, in an order that leaves the whole balanced wherever it is stopped: rounds outermost.
pub fn trials(extent: &Extent) -> Vec<Trial> {
    if extent.moved {
        return trials_of_moved(extent);
    }
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
                    variant: Variant::slower(per_mille),
                }));
            }
        }
    }
    trials
}

/// The trials of code that moves: every round has commits of its own.
fn trials_of_moved(extent: &Extent) -> Vec<Trial> {
    let mut trials = Vec::new();
    for round in 0..extent.rounds {
        let commit = round + 1;
        let moved = Variant { moved: commit, ..Variant::BASELINE };
        let edited = Variant { edited: commit, ..Variant::BASELINE };
        let reshaped = Variant { reshaped: commit, ..Variant::BASELINE };
        let slower =
            extent.slowdowns.iter().map(|&per_mille| Variant { per_mille, reshaped: commit, ..moved });
        let ordered = Variant { moved: 1, order: commit, ..Variant::BASELINE };
        let variants: Vec<Variant> = [moved, edited, reshaped, ordered]
            .into_iter()
            .chain(slower)
            .chain(Surroundings::value_variants().iter().map(|surroundings| surroundings.after(round)))
            .filter(|variant| extent.kinds.contains(&variant.kind()))
            .collect();
        for &condition in &extent.conditions {
            for &family in &extent.families {
                let all = variants.iter().map(|&variant| Trial { round, condition, family, variant });
                trials.extend(all);
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
            moved: false,
            kinds: Vec::new(),
        }
    }

    #[test]
    fn no_trial_occurs_twice_and_all_do() {
        let all = trials(&extent());
        let each: BTreeSet<_> = all.iter().collect();
        assert_eq!(each.len(), all.len());
        let of = |family, per_mille| {
            all.iter().filter(|trial| trial.family == family && trial.variant.per_mille == per_mille).count()
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

    #[test]
    fn every_round_of_moved_code_has_commits_of_its_own() {
        let extent = Extent {
            moved: true,
            kinds: Kind::OF_MOVED.to_vec(),
            families: Family::OF_MOVED.to_vec(),
            ..extent()
        };
        let tags: Vec<String> = extent.variants().into_iter().map(Variant::tag).collect();
        assert_eq!(tags.len(), 1 + 3 * 5, "{tags:?}");
        assert!(
            tags.contains(&"slow-50-moved-3-reshaped-3".to_owned())
                && tags.contains(&"slow-0-edited-1".to_owned())
        );
        assert_eq!(trials(&extent).len(), 3 * 2 * 4 * 5);
    }

    #[test]
    fn one_commit_is_compared_in_many_orders_with_the_one_before_it_in_the_same() {
        let extent = Extent { moved: true, kinds: vec![Kind::Ordered], rounds: 20, ..extent() };
        let variants: BTreeSet<Variant> = trials(&extent).iter().map(|trial| trial.variant).collect();
        assert_eq!(variants.len(), 20);
        assert!(variants.iter().all(|variant| variant.moved == 1 && variant.kind() == Kind::Ordered));
        let tags: Vec<String> = extent.variants().into_iter().map(Variant::tag).collect();
        assert_eq!(tags.len(), 1 + 2 * 20, "{tags:?}");
        assert!(
            tags.contains(&"slow-0-order-20".to_owned())
                && tags.contains(&"slow-0-moved-1-order-20".to_owned())
        );
    }

    #[test]
    fn what_surrounds_a_commit_surrounds_the_one_before_it() {
        let kinds = vec![Kind::Flags, Kind::Profile, Kind::Workspace, Kind::LeftInTree, Kind::LeftInTmp];
        let extent = Extent { moved: true, kinds, rounds: 2, ..extent() };
        let variants: BTreeSet<Variant> = trials(&extent).iter().map(|trial| trial.variant).collect();
        let tags: BTreeSet<String> =
            variants.iter().flat_map(|variant| [variant.before().tag(), variant.tag()]).collect();
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        let expected = [
            "slow-0-flags",
            "slow-0-left-in-tmp",
            "slow-0-left-in-tree",
            "slow-0-moved-1-left-in-tmp",
            "slow-0-moved-1-left-in-tree",
            "slow-0-moved-1-workspace",
            "slow-0-moved-2-left-in-tmp",
            "slow-0-moved-2-left-in-tree",
            "slow-0-moved-2-workspace",
            "slow-0-profile",
            "slow-0-workspace",
            "slow-100-flags",
            "slow-100-profile",
        ];
        assert_eq!(tags, expected);
        let variant = Surroundings::LeftInTree.after(3);
        let written = serde_json::to_string(&variant).unwrap();
        assert_eq!(written, r#"{"per_mille":0,"moved":4,"surroundings":"left-in-tree"}"#);
        assert_eq!(serde_json::from_str::<Variant>(&written).unwrap(), variant);
    }

    #[test]
    fn records_of_before_are_read() {
        let text = r#"{"round":1,"condition":"quiet","family":"perfguard-5","per_mille":100}"#;
        let trial: Trial = serde_json::from_str(text).unwrap();
        assert_eq!(trial.variant, Variant::slower(100));
        assert_eq!(serde_json::to_string(&trial).unwrap(), text);
    }
}
