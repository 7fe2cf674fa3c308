//! The only place that orders stages.
//!
//! | module | does |
//! |---|---|
//! | [`request`] | what a command asks for, resolved |
//! | `session`, `workspace` | what a run measures with; what every command does first |
//! | [`compare`] | `check` and `compare`: all stages |
//! | [`publish`] | `publish`: a report to a comment and a check run |
//! | [`rejudge`] | `report --run`: a stored run, judged again |
//! | [`claims`] | `claims`: one build, its benchmarks against each other |
//! | [`doctor`] | whether this machine is fit, by looking and by measuring a build against itself |
//! | [`run`] | `run`: source … store |
//! | [`bisect`] | `bisect`: comparisons of a line of commits |
//! | [`explain`] | `explain`: source, build, two counts of each side |
//! | [`list`] | `list`: source … build, and the executables' own lists |
//! | `builder` | a revision to executables |
//! | [`axes`], `apart` | one commit, or two, built in two ways |
//! | [`acceptances`] | which slowdowns are accepted |
//! | `catalogue` | what there is on both sides (pure) |
//! | `creep` | what small slowdowns add up to since a release, and what they may |
//! | `sides` | both sides of a comparison, built |
//! | `collect` | finding out: evidence, no judgement |
//! | `places` | where the functions are written that regressions come from |
//! | [`sync`] | results to and from other machines |
//! | [`error`] | why a command ended early, and which exit code that is |

pub mod acceptances;
mod allocations;
mod apart;
pub mod axes;
pub mod bisect;
mod builder;
mod catalogue;
pub mod claims;
mod collect;
pub mod compare;
mod copies;
mod creep;
pub mod doctor;
pub mod error;
pub mod explain;
mod layouts;
pub mod list;
mod places;
mod prepared;
pub mod publish;
pub mod rejudge;
pub mod request;
pub mod run;
mod session;
mod sides;
mod spared;
mod start;
mod stopwatch;
mod suite;
mod summaries;
mod sweeper;
pub mod sync;
pub mod trends;
mod workspace;

pub use error::{Fault, PipelineError};
