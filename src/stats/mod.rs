//! Pure statistics: nothing here knows what a benchmark is, and nothing does I/O.
//!
//! The decision rule ([`betting`]) and the argument for it are described in `docs/decision-rule.md`; its table comes
//! from the simulation that is compiled with the tests.

pub mod betting;
pub mod change_point;
pub mod family;
pub mod robust;
#[cfg(test)]
mod simulation;
pub mod spread;

pub(crate) use crate::domain::random;

pub use betting::{Bets, BettingTest, Direction, Observation};
pub use change_point::{ChangePoint, change_points};
pub use family::ErrorBudget;
pub use spread::{RunSpread, SpreadError};
