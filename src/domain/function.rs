//! Functions of the code under measurement, as reports name them.

use serde::{Deserialize, Serialize};

/// Where a function is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The source file, from the workspace's root where it lies in there.
    pub file: String,
    /// The first of its lines that cost anything.
    pub line: Option<u32>,
    /// The same file from the repository's root; `None` where it is no file of the repository, or that is not known.
    #[serde(default)]
    pub path: Option<String>,
}

impl Place {
    /// A place of which it is not known whether it lies in the repository.
    pub fn new(file: impl Into<String>, line: Option<u32>) -> Self {
        Self { file: file.into(), line, path: None }
    }
}

/// Whether a path can only mean a file below the folder that it is taken from, on every system.
pub fn is_below(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    !path.contains(['\\', ':', '\0']) && path.split('/').all(plain)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_a_folder_never_leaves_it() {
        for path in ["src/lib.rs", "a b/ü.rs", "..x/y"] {
            assert!(is_below(path), "{path}");
        }
        for path in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "C:/x", "a\\..\\b", "a/"] {
            assert!(!is_below(path), "{path}");
        }
    }
}
