//! What the misbehaving bench calls its benchmarks: each does what it is called.

/// The one that behaves.
pub const GOOD: &str = "good";

/// Those that end by themselves, or by what they say: no time limit is needed.
pub const QUICK: &[&str] = &[
    "wrong-hello",
    "foreign-unit",
    "endless-hello",
    "closes",
    "hello-twice",
    "speaks-first",
    "zero-iterations",
    "more-iterations",
    "too-many-iterations",
    "not-a-number",
    "infinite",
    "negative",
    "overflow",
    "zero-cost",
    "two-answers",
    "nonsense",
    "empty-answer",
    "not-utf8",
    "endless-line",
    "endless-answers",
    "prints",
    "prints-errors",
    "prints-at-the-end",
    "writes",
    "writes-files",
    "panics",
    "aborts",
    "exits",
    "exits-well",
    "kills-itself",
    "fails-at-the-end",
    "removes-its-folder",
];

/// Those that only a time limit ends.
pub const SLOW: &[&str] = &[
    "never-connects",
    "no-hello",
    "never-listens",
    "drips",
    "half-an-answer",
    "hangs",
    "stops-itself",
    "child-hangs",
    "hangs-at-the-end",
];

/// Those that give samples, but leave something behind.
pub const LEAVES: &[&str] = &["leaves-a-child"];

/// Those that misbehave when they are counted.
pub const COUNTED: &[&str] = &[
    "forges-a-link",
    "forges-a-pipe",
    "forges-a-hole",
    "forges-nonsense",
    "miscounts",
    "counts-nothing",
    "counts-too-much",
];

/// What is only wrong by Criterion's protocol.
pub const TOLD: &[&str] = &["no-samples", "mismatched", "another"];

/// How a bench can misbehave when it is asked for its benchmarks.
pub const LISTINGS: &[&str] = &[
    "floods",
    "drips",
    "long-message",
    "long-id",
    "deep",
    "promises",
    "nonsense",
    "tells-for-ever",
    "answers-nobody",
    "prints",
    "hangs",
    "no-greeting",
];

/// All benchmarks.
pub const NAMES: &[&str] = &{
    let parts: [&[&str]; 6] = [&[GOOD], QUICK, SLOW, LEAVES, COUNTED, TOLD];
    let mut names = [""; 1 + QUICK.len() + SLOW.len() + LEAVES.len() + COUNTED.len() + TOLD.len()];
    let (mut part, mut put) = (0, 0);
    while part < parts.len() {
        let mut name = 0;
        while name < parts[part].len() {
            names[put] = parts[part][name];
            put += 1;
            name += 1;
        }
        part += 1;
    }
    names
};

/// What the failure says of a benchmark, where that must not be anything else.
pub const WORDS: &[(&str, &str)] = &[
    ("endless-hello", "a line longer than 4 KiB"),
    ("endless-line", "a line longer than 4 KiB"),
    ("hello-twice", "without having been asked"),
    ("speaks-first", "without having been asked"),
    ("two-answers", "without having been asked"),
    ("endless-answers", "without having been asked"),
    ("zero-iterations", "has 0 iterations"),
    ("more-iterations", " iterations"),
    ("not-a-number", "the total NaN"),
    ("infinite", "the total inf"),
    ("overflow", "the total inf"),
    ("negative", "the total -"),
    ("zero-cost", "took no time at all"),
    ("nonsense", "is no answer"),
    ("prints", "printed more than 256 MiB"),
    ("prints-errors", "printed more than 256 MiB"),
    ("prints-at-the-end", "printed more than 256 MiB"),
    ("writes", "more than 512 MiB of temporary files"),
    ("writes-files", "more than 10000 temporary files"),
    ("panics", "as it was told"),
    ("exits", "exited with code 3"),
    ("kills-itself", "signal 9"),
    ("drips", "did not end within"),
    ("half-an-answer", "did not end within 1s"),
    ("hangs", "did not end within 1s"),
    ("stops-itself", "did not end within 1s"),
    ("hangs-at-the-end", "did not end within 1s"),
    ("foreign-unit", "`sheep`"),
];

/// What is said of who only a time limit ends.
pub const LATE: &str = "did not end within";

/// What the error says of a listing.
pub const LISTED_WORDS: &[(&str, &str)] = &[
    ("floods", "lists more than 20000 benchmarks"),
    ("drips", LATE),
    ("hangs", LATE),
    ("long-message", "announced 2147483647 bytes"),
    ("long-id", "id is longer than 8 KiB"),
    ("prints", "printed more than 256 MiB"),
    ("nonsense", "protocol"),
    ("deep", "protocol"),
    ("promises", "protocol"),
];

/// The words for a name; none where anything may be said.
pub fn words(table: &[(&str, &'static str)], name: &str) -> &'static str {
    table.iter().find(|(known, _)| *known == name).map_or("", |(_, words)| words)
}
