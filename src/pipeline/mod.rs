//! The only place that orders stages.
//!
//! | module | does |
//! |---|---|
//! | [`request`] | what a command asks for, resolved |
//! | [`compare`] | `check` and `compare`: all stages |
//! | [`claims`] | `claims`: one build, its benchmarks against each other |
//! | [`doctor`] | whether this machine is fit, by looking and by measuring a build against itself |
//! | [`run`] | `run`: source … store |
//! | [`explain`] | `explain`: source, build, two counts of each side |
//! | [`list`] | `list`: source … build, and the executables' own lists |
//! | `workshop` | a revision to executables |
//! | `catalogue` | what there is on both sides (pure) |
//! | `referee` | a comparison's benchmarks to verdicts |
//! | `counts` | instructions and allocations, side by side on all CPUs |
//! | `null_control` | a build against itself: whether this machine is fit |
//! | `layouts` | the executables of each pair, linked in an order of its own |
//! | `screen`, `prove` | a stored baseline asked first; pairs as the proof |
//! | [`error`] | why a command ended early, and which exit code that is |

mod catalogue;
pub mod claims;
pub mod compare;
mod counts;
pub mod doctor;
pub mod error;
pub mod explain;
mod layouts;
pub mod list;
mod null_control;
mod prove;
mod referee;
pub mod request;
pub mod run;
mod screen;
mod session;
mod workshop;

pub use error::{Fault, PipelineError};
