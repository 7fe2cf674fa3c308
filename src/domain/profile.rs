//! Where the instructions of a benchmark are spent: what an explanation is made from.

use std::collections::BTreeMap;

/// The instructions of some iterations of one benchmark, by function.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// All instructions.
    pub total: u64,
    /// The functions that executed any, in no order that means anything.
    pub functions: Vec<FunctionCost>,
    /// Who called whom.
    pub calls: Vec<CallCost>,
    /// Totals of whatever else was counted, by the counter's name for it: `Bc` conditional branches, `D1mr` misses …
    pub events: BTreeMap<String, u64>,
}

/// What a function cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCost {
    /// Its name, demangled, without the hash that differs from build to build.
    pub name: String,
    /// The executable or library it is in, by file name.
    pub object: Option<String>,
    /// The source file it is written in, where debug information tells.
    pub file: Option<String>,
    /// The first of its lines that cost anything, where debug information tells.
    pub line: Option<u32>,
    /// Instructions in the function itself.
    pub own: u64,
    /// Instructions in it and in all that it called. Recursion is counted once.
    pub inclusive: u64,
    /// How often it was called.
    pub called: u64,
    /// Its own instructions by source line; lines of another file were inlined into it.
    pub lines: Vec<LineCost>,
}

/// What a source line cost within a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineCost {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// Instructions.
    pub own: u64,
}

/// What a function's calls of another cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallCost {
    /// The caller's place in [`Profile::functions`].
    pub caller: usize,
    /// The callee's place in [`Profile::functions`].
    pub callee: usize,
    /// How often.
    pub calls: u64,
    /// Instructions in the callee and all that it called, on behalf of this caller.
    pub inclusive: u64,
}
