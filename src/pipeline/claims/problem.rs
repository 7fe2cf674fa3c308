//! What can be wrong with a claim.

/// A claim that cannot be tested.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("claim `{claim}`: {problem}")]
pub struct ClaimError {
    /// Its name.
    pub claim: String,
    /// What is wrong with it.
    pub problem: ClaimProblem,
}

/// What is wrong with a claim.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClaimProblem {
    /// The text cannot be read.
    #[error("{0}")]
    Syntax(String),
    /// The name is empty.
    #[error("it has no name")]
    NoName,
    /// The name is taken.
    #[error("another claim has this name, too")]
    NameTwice,
    /// The keys are of no kind, or of several.
    #[error(
        "it must be of one kind: `faster`, `slower` and `at-least`, or `equal` and `equal-within`, or `allocations`"
    )]
    Kind,
    /// A key is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A ratio that cannot be.
    #[error("at-least is {0}, and must be above 0")]
    AtLeast(f64),
    /// A tolerance that cannot be.
    #[error("equal-within is {0}, and must be above 0 and below 1 (0.02 for 2 %)")]
    Within(f64),
    /// No bound, or several.
    #[error("`allocations` takes one of `exactly`, `at-most` and `fewer-than`")]
    Bound,
    /// Layout is the harness's business.
    #[error("only the harness makes claims about layout")]
    Layout,
    /// Both sides are the same benchmark.
    #[error("it compares `{0}` with itself")]
    SameSide(String),
    /// No benchmark has that name.
    #[error("there is no benchmark `{text}`")]
    Unknown {
        /// What was written.
        text: String,
        /// What exists and is spelt alike.
        near: Vec<String>,
    },
    /// Several benchmarks have a part of that name.
    #[error("`{text}` means {}{}", names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "), more(names.len()))]
    Several {
        /// What was written.
        text: String,
        /// What it means.
        names: Vec<String>,
    },
    /// The sides are not of one build.
    #[error("`{one}` and `{other}` are of different packages, and a claim holds within one")]
    Packages {
        /// One side.
        one: String,
        /// The other.
        other: String,
    },
}

/// How many of several names are told.
const SHOWN: usize = 3;

fn more(count: usize) -> String {
    if count > SHOWN { format!(" and {} more", count - SHOWN) } else { String::new() }
}

impl ClaimError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            ClaimProblem::Unknown { near, .. } if !near.is_empty() => {
                let near: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
                Some(format!("there are {}", near.join(", ")))
            }
            ClaimProblem::Unknown { .. } => Some("`cargo perfguard list` shows every full name".to_owned()),
            ClaimProblem::Several { .. } => Some("write the full name of one of them".to_owned()),
            ClaimProblem::Missing("at-least") => Some("write for example `at-least = 1.1`".to_owned()),
            _ => None,
        }
    }
}
