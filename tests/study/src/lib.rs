//! The detection study: workloads of known cost, slowed down by known shares, judged by several programs.
//!
//! | module | does |
//! |---|---|
//! | [`fixture`] | the workloads under git, one tag for each variant, built once at one path |
//! | [`ballast`] | functions that nobody runs (pure) |
//! | [`contenders`] | one comparison by each program, and what it said |
//! | [`neighbour`] | a process that disturbs |
//! | [`plan`] | which comparisons there are to make (pure) |
//! | [`record`] | what was said, as lines that survive being stopped |
//! | [`summary`] | shares with intervals, and how large the slowdowns really are (pure) |
//! | [`levels`] | where the variance is, from the pairs that perfguard stored |
//! | [`moved`] | what was said of code that only moved (pure) |
//! | [`field`] | other people's commits, one by one |
//! | [`document`], [`plots`] | markdown; drawings |

pub mod ballast;
pub mod contenders;
pub mod document;
pub mod error;
pub mod field;
pub mod fixture;
pub mod levels;
pub mod moved;
pub mod neighbour;
pub mod plan;
pub mod plots;
pub mod record;
pub mod summary;

pub use error::StudyError;
