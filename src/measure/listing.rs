//! The benchmarks that an executable says it has.

use crate::domain::Throughput;

/// A benchmark of an executable. Its unit is unknown until it was measured.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListedBenchmark {
    /// Its name, unlike that of any other benchmark of the executable.
    pub id: String,
    /// The library's own id, which another benchmark may have, too.
    raw: String,
    /// How many benchmarks with the same id of the library's come before it.
    occurrence: usize,
    /// What one iteration works on, where that is declared.
    pub throughput: Vec<Throughput>,
}

impl ListedBenchmark {
    /// A benchmark by its own name and by the library's.
    pub fn new(id: impl Into<String>, raw: impl Into<String>, occurrence: usize) -> Self {
        Self { id: id.into(), raw: raw.into(), occurrence, throughput: Vec::new() }
    }

    /// The same, which works on so much.
    #[must_use]
    pub fn declaring(self, throughput: Vec<Throughput>) -> Self {
        Self { throughput, ..self }
    }

    /// The library's own id.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// How many benchmarks with the same id of the library's come before it.
    pub fn occurrence(&self) -> usize {
        self.occurrence
    }
}

/// What an executable told about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The version of the library it is linked to, as three numbers.
    pub version: [u8; 3],
    /// Its benchmarks, in the order it runs them.
    pub benchmarks: Vec<ListedBenchmark>,
}
