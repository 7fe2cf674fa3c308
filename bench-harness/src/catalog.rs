//! Every pattern, its section of the guide, and the benchmarks it has.
//!
//! The benches register themselves against this list (`benches/support`) and refuse to run when anything is missing on
//! either side; the tests hold the claims against it. So a claim cannot name a benchmark that does not exist.

/// The package, as it begins every benchmark's full name.
pub const PACKAGE: &str = env!("CARGO_PKG_NAME");

/// One advice of the guide as code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// The group: the module, and the bench target.
    pub group: &'static str,
    /// The name within the group, the first part of a Criterion id.
    pub name: &'static str,
    /// The guide's heading.
    pub section: &'static str,
    /// The rest of each Criterion id: a variant, and what it is run on where that varies. Empty when there is nothing to run.
    pub variants: &'static [&'static str],
}

impl Pattern {
    /// The claims' name for the pattern: `group/pattern`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.group, self.name)
    }

    /// The full names of its benchmarks: `package::target::pattern/variant`.
    pub fn benchmarks(&self) -> impl Iterator<Item = String> {
        let (group, name) = (self.group, self.name);
        self.variants.iter().map(move |variant| format!("{PACKAGE}::{group}::{name}/{variant}"))
    }
}

const STACK: &str = "Stack vs Heap Allocation";
const ZERO_COST: &str = "Zero-Cost Abstractions";
const STRINGS: &str = "String Handling";
const TOKIO: &str = "Tokio Tuning";
const BUFFERS: &str = "Buffer Management";
const ITERATORS: &str = "Iterator Efficiency";
const PARALLEL: &str = "Parallel Processing";
const SIMD: &str = "SIMD Operations";
const PRACTICES: &str = "Best Practices";

const PAIR: &[&str] = &["naive", "optimized"];

/// All patterns, in the order of the guide.
pub const PATTERNS: &[Pattern] = &[
    pattern("memory", "buffer_1k", STACK, PAIR),
    pattern("memory", "buffer_64", STACK, PAIR),
    pattern(
        "memory",
        "large_buffer",
        STACK,
        &["naive/65536", "optimized/65536", "naive/1048576", "optimized/1048576"],
    ),
    pattern(
        "abstraction",
        "generic",
        ZERO_COST,
        &["naive/i32", "optimized/i32", "naive/f64", "optimized/f64"],
    ),
    pattern("abstraction", "dispatch", PRACTICES, &["naive", "optimized", "enum"]),
    pattern("abstraction", "inline", ZERO_COST, PAIR),
    pattern("abstraction", "const_eval", ZERO_COST, &["naive", "optimized", "typed"]),
    pattern("abstraction", "enum_layout", ZERO_COST, &[]),
    pattern("strings", "concat", STRINGS, &["naive", "optimized", "format", "format_literal"]),
    pattern("strings", "join_many", STRINGS, &["naive", "optimized", "std_concat"]),
    pattern("strings", "borrow", STRINGS, PAIR),
    pattern("strings", "small_vec", STRINGS, &["naive/4", "optimized/4", "naive/8", "optimized/8"]),
    pattern("async_runtime", "cpu_bound", TOKIO, PAIR),
    pattern("async_runtime", "light", TOKIO, PAIR),
    pattern("async_runtime", "io_bound", TOKIO, PAIR),
    pattern("async_runtime", "spawn_blocking", TOKIO, PAIR),
    pattern("buffers", "reuse", BUFFERS, &["naive", "optimized", "fitted"]),
    pattern("buffers", "prealloc", PRACTICES, &["naive/vec", "optimized/vec", "naive/map", "optimized/map"]),
    pattern("buffers", "ring", BUFFERS, &["naive", "vec_deque", "optimized", "history", "spsc"]),
    pattern(
        "buffers",
        "small_items",
        BUFFERS,
        &["naive/10", "optimized/10", "array_vec/10", "naive/20", "optimized/20"],
    ),
    pattern(
        "iterators",
        "collect_chain",
        ITERATORS,
        &["naive/5", "optimized/5", "naive/1000", "optimized/1000"],
    ),
    pattern("iterators", "zip_add", ITERATORS, &["naive/4", "optimized/4", "naive/1024", "optimized/1024"]),
    pattern("iterators", "clone_items", PRACTICES, PAIR),
    pattern(
        "parallel",
        "map_collect",
        PARALLEL,
        &["naive/1000", "optimized/1000", "naive/1000000", "optimized/1000000"],
    ),
    pattern("parallel", "custom_pool", PARALLEL, &["naive", "optimized", "rebuilt"]),
    pattern(
        "simd",
        "sum_f32",
        SIMD,
        &[
            "naive/64",
            "lanes/64",
            "wide/64",
            "optimized/64",
            "naive/4096",
            "lanes/4096",
            "wide/4096",
            "optimized/4096",
            "naive/65536",
            "lanes/65536",
            "wide/65536",
            "optimized/65536",
        ],
    ),
    pattern("simd", "vectorizable_map", ITERATORS, &["naive", "indexed", "optimized"]),
    pattern("ownership", "clone_vs_borrow", PRACTICES, PAIR),
    pattern("ownership", "boxed_items", PRACTICES, PAIR),
    pattern(
        "ownership",
        "bounds",
        PRACTICES,
        &[
            "naive/dot",
            "iterator/dot",
            "optimized/dot",
            "naive/gather",
            "iterator/gather",
            "optimized/gather",
        ],
    ),
];

const fn pattern(
    group: &'static str,
    name: &'static str,
    section: &'static str,
    variants: &'static [&'static str],
) -> Pattern {
    Pattern { group, name, section, variants }
}

/// The patterns of one group.
pub fn of_group(group: &str) -> impl Iterator<Item = &'static Pattern> {
    PATTERNS.iter().filter(move |pattern| pattern.group == group)
}
