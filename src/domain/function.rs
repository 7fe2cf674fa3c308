//! Functions of the code under measurement, as reports name them.

use serde::{Deserialize, Serialize};

/// Where a function is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The source file, from the workspace's root where it lies in there.
    pub file: String,
    /// The first of its lines that cost anything.
    pub line: Option<u32>,
}

/// A function that executes more instructions in one iteration of the candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopFunction {
    /// Its name.
    pub function: String,
    /// The crate it belongs to, as far as the name tells.
    pub krate: Option<String>,
    /// Where it is written, where debug information tells.
    pub place: Option<Place>,
    /// By how many instructions.
    pub difference: f64,
}
