//! The hostile campaign: what must hold whatever kills, crowds, nonsense and misbehaving benches do.
//!
//! | part | what is done | what must hold |
//! |---|---|---|
//! | [`benches`] | benches that lie, flood, hang and leave processes | each is one failure, in time; the next one is measured |
//! | [`fuzz`] | nonsense for every reader | no panic, bounded memory |
//! | [`writers`] | processes that write to one store at once | every row that was reported stored is there |
//! | [`kills`] | SIGKILL at random moments of every command | nothing that was reported stored is lost, nothing is left |

pub mod benches;
pub mod fuzz;
pub mod kills;
pub mod memory;
pub mod names;
pub mod processes;
pub mod random;
pub mod telling;
pub mod writers;

use std::fmt;

/// What a part of the campaign found.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What was done, as a line of the report.
    pub done: Vec<String>,
    /// What must not be, each with what is needed to see it again.
    pub faults: Vec<String>,
}

impl Outcome {
    /// Notes what was done.
    pub fn did(&mut self, what: impl Into<String>) {
        self.done.push(what.into());
    }

    /// Notes what must not be.
    pub fn fault(&mut self, what: impl Into<String>) {
        self.faults.push(what.into());
    }

    /// Notes what must not be, unless it is not.
    pub fn require(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.fault(what());
        }
    }

    /// Adds what another part found.
    pub fn join(&mut self, other: Self) {
        self.done.extend(other.done);
        self.faults.extend(other.faults);
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.done.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        self.faults.iter().try_for_each(|line| writeln!(f, "FAULT {line}"))
    }
}
