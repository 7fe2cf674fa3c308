//! Facts to sentences: the only place that puts reasons, notes, causes and troubles into words. Every format shares them.

use std::fmt::Write as _;

use crate::domain::harmless::shell_word;
use crate::domain::{
    Accepted, BuildDifference, Cause, ClaimOutcome, ClaimReason, ClaimSetback, CountDoubt, Creep, Doubt,
    Exit, Failure, Layout, LayoutsUsed, Metric, NotCounted, Note, Objection, OutputDifference, OutputLine,
    Partition, Reason, Seemed, SelfDoubt, Sides, TopFunction, Trouble, UnitKind, Variation, Verdict,
};

use super::text::{plural, without};
use super::units;

/// Why a metric's verdict is what it is. Fragments without a capital and without a full stop, so that they fit into lists.
pub(super) fn reason(reason: &Reason) -> String {
    match reason {
        Reason::OnlyOn(side) => format!("only the {side} has it"),
        Reason::CannotList(side, failure) => {
            format!("the {side}'s executable cannot list its benchmarks: {}", first_line(failure))
        }
        Reason::Failed(_, failure) if failure.unsuitable => first_line(failure),
        Reason::Failed(side, failure) => format!("the {side} failed: {}", first_line(failure)),
        Reason::OutputDiffers(found) => format!("both sides do not print the same: {}", output(found)),
        Reason::OutputVaries(side) => format!(
            "the {side} prints something else at every launch; say `compare-output = false` if that is as it should be"
        ),
        Reason::OutputTooLong(side) => {
            format!("the {side} prints more than is compared; say `compare-output = false`")
        }
        Reason::Identical => "the executables are identical".to_owned(),
        Reason::Unreached(0) => "it runs and opens nothing that differs".to_owned(),
        Reason::Unreached(1) => "the one function that differs is not run".to_owned(),
        Reason::Unreached(changed) => format!("none of the {changed} functions that differ is run"),
        Reason::SameCode => {
            "both sides execute the same machine code, and a quick check by the clock agrees".to_owned()
        }
        Reason::BuildsDiffer(differences) => {
            let all: Vec<String> = differences.iter().map(build_difference).collect();
            all.join("; ")
        }
        Reason::Emulated => "it runs under an emulator, so its time is no evidence".to_owned(),
        Reason::Undecided { doubt, short_of: None } => doubt_of(*doubt).to_owned(),
        Reason::Undecided { doubt, short_of: Some((pair, budget)) } => format!(
            "{}: one pair takes {pair:.1} s, and {budget:.1} s have room for too few; raise --budget",
            doubt_of(*doubt)
        ),
        Reason::ImprovementNotRepeated => "faster when first measured, but not when measured again".to_owned(),
        Reason::QuickCheckDiffers => {
            "the quick check differs by this threshold, and no pairs were measured".to_owned()
        }
        Reason::Interrupted => "the run was interrupted before this was decided".to_owned(),
        Reason::AboveCap(cap) => above_cap(*cap),
        Reason::AboveAccepted { file, up_to } => {
            format!("worse than what is accepted: up to {up_to}, by {file}")
        }
        Reason::Crept { since, change, limit } => format!(
            "with this change it is {} slower than {since}, measured now, of {} that may creep; this change is proven slower",
            units::plain_percent((*change * 1e3).round() / 1e3),
            units::plain_percent(*limit)
        ),
        Reason::CountsVary { source, doubt, above_cap: cap } => counts_vary(*source, *doubt, *cap),
        Reason::NotCounted(side, why) => format!("the {side} was not counted: {}", not_counted(why)),
        Reason::CodeLayout => {
            "both sides execute the same instructions, with as many mispredicted branches and cache misses in a \
             simulation: what differs may be no more than where the code lies in the executable"
                .to_owned()
        }
        Reason::UnfitMachine(found) => objection(found),
        Reason::Stored => "measured and stored".to_owned(),
        Reason::Quoted { text, .. } => text.clone(),
    }
}

/// What stands for layouts where none could be drawn.
fn aligned(used: &LayoutsUsed) -> Option<String> {
    let all = !used.targets.is_empty() && used.targets.iter().all(|target| target.is_aligned);
    all.then(|| "functions aligned to 64 bytes".to_owned())
}

/// In what layouts pairs were measured; `None` where nothing had to be linked again.
pub(super) fn layouts(used: &LayoutsUsed) -> Option<String> {
    let drawn = used.targets.iter().filter(|target| target.drawings > 0).count();
    match used.asked {
        Layout::Drawn if drawn == 0 => aligned(used),
        Layout::Drawn if drawn == used.targets.len() => Some("a layout drawn for every pair".to_owned()),
        Layout::Drawn => {
            Some(format!("a layout drawn for every pair of {drawn} of {} bench targets", used.targets.len()))
        }
        Layout::Aligned => Some("functions aligned to 64 bytes".to_owned()),
        Layout::Default => Some("the layout of the build".to_owned()),
    }
}

/// Where two outputs differ first.
fn output(found: &OutputDifference) -> String {
    let side = |line: &Option<OutputLine>| match line {
        None => "nothing more".to_owned(),
        Some(OutputLine { text, has_end: true }) => format!("`{text}`"),
        Some(OutputLine { text, has_end: false }) => format!("`{text}` (without a line break)"),
    };
    let OutputDifference { line, baseline, candidate } = found;
    format!("line {line} is {} on the baseline and {} on the candidate", side(baseline), side(candidate))
}

/// By what a regression is accepted, up to how much, and why.
pub(super) fn accepted(by: &Accepted, metric: Metric) -> String {
    let Accepted { file, reason, up_to } = by;
    let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    format!("accepted up to {} by {file}{why}", up_to.display(metric))
}

fn doubt_of(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::NoPairs => "no pair could be measured",
        Doubt::Budget => "the budget ended before the pairs could decide",
        Doubt::NotRepeated => "slower when first measured, but not when measured again",
        Doubt::RepeatUndecided => {
            "slower when first measured; measured again, the budget ended before the pairs could decide"
        }
        Doubt::RepeatOutstanding => "slower when first measured; there was no time to measure it again",
    }
}

fn above_cap(cap: f64) -> String {
    format!("the value exceeds its cap of {cap}")
}

fn counts_vary(source: Option<Variation>, doubt: Option<CountDoubt>, cap: Option<f64>) -> String {
    let mut parts = Vec::new();
    parts.extend(doubt.map(|doubt| match doubt {
        CountDoubt::CountedOnce => "it takes two runs to know whether a count repeats".to_owned(),
        CountDoubt::NotANumber => "a count is no number".to_owned(),
        CountDoubt::Overlap(low, high) if low.total_cmp(&high).is_eq() => format!(
            "the counts of the baseline vary from run to run, and {low} on the candidate does not decide"
        ),
        CountDoubt::Overlap(low, high) => format!(
            "the counts vary from run to run ({low} to {high} on the candidate) and these runs do not decide"
        ),
    }));
    parts.extend(cap.map(above_cap));
    parts.extend(source.map(|source| {
        let whence = match source {
            Variation::Threads => "its threads",
            Variation::Seeds => "hash seeds, addresses or the clock",
        };
        let vary = if doubt.is_some() { "they vary" } else { "the counts vary" };
        format!("{vary} probably because of {whence}")
    }));
    parts.join("; ")
}

/// Why there is no count.
pub(super) fn not_counted(why: &NotCounted) -> String {
    match why {
        NotCounted::Unavailable(reason, Some(remedy)) => format!("{reason}; {remedy}"),
        NotCounted::Unavailable(reason, None) | NotCounted::Uncountable(reason) => reason.clone(),
        NotCounted::Failed(failure) => first_line(failure),
        NotCounted::Interrupted => "the run was interrupted before it was counted".to_owned(),
    }
}

fn objection(objection: &Objection) -> String {
    let Objection { benchmark, seemed, others } = objection;
    let seemed = match seemed {
        Seemed::Worse => "slower",
        Seemed::Better => "faster",
    };
    let others = if *others == 0 { String::new() } else { format!(" (and {others} more)") };
    format!(
        "the A/A test found {benchmark} {seemed} than itself{others}, so this machine was unfit to measure"
    )
}

/// A difference between two builds.
pub(super) fn build_difference(difference: &BuildDifference) -> String {
    let shown = |value: &str| if value.is_empty() { "none".to_owned() } else { format!("`{value}`") };
    let BuildDifference { field, values: Sides { baseline, candidate } } = difference;
    let (less, more) = (without(baseline, candidate), without(candidate, baseline));
    if field == "settings" && less != more {
        return format!("{field}: {} → {}", shown(&less), shown(&more));
    }
    format!("{field}: {} → {}", shown(baseline), shown(candidate))
}

/// What a regression comes from.
pub(super) fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Build(difference) => format!("the builds differ in {}", build_difference(difference)),
        Cause::Function(function) => top_function(function),
        Cause::Quoted { text, .. } => text.clone(),
    }
}

/// `` +1 000 instructions in `fib::grow` (src/lib.rs:12) ``.
pub(super) fn top_function(function: &TopFunction) -> String {
    let difference = super::explain::signed_instructions(function.difference);
    let name = super::explain::named(&function.function, function.place.as_ref());
    format!("{difference} in {name}")
}

/// What a reader should know besides.
fn creep(found: &Creep) -> String {
    let Creep { since, benchmark, metric, change, limit, raised_from, this_change, known, commits, largest } =
        found;
    let mut text = format!(
        "since {since}, {benchmark} crept {} of {} in {metric} ({known} of {commits} commits measured)",
        units::percent(Creep::fraction(*change)),
        units::plain_percent(Creep::fraction(*limit))
    );
    if let Some(limit) = raised_from {
        let _ = write!(
            text,
            "; the limit is {} and what was accepted since",
            units::plain_percent(Creep::fraction(*limit))
        );
    }
    if let Some(change) = this_change {
        let _ = write!(text, "; this change {}", units::percent(Creep::fraction(*change)));
    }
    if !largest.is_empty() {
        let steps = largest
            .iter()
            .map(|(commit, step)| format!("{} {}", commit.short(), units::percent(Creep::fraction(*step))));
        let _ = write!(text, "; most by {}", steps.collect::<Vec<_>>().join(", "));
    }
    text
}

pub(super) fn note(note: &Note) -> String {
    match note {
        Note::LeftOut { package, target, reason } => format!("{package}::{target} is not measured: {reason}"),
        Note::NoPlaces(why) => {
            format!("where the functions are written that regressions come from is not known: {why}")
        }
        Note::NoPackage(side, name) => format!("the {side} has no package `{name}`"),
        Note::NoBenchTarget(side, name) => format!("the {side} has no bench target `{name}`"),
        Note::SuiteLeftOut(side, error) => format!("the built-in suite is left out of the {side}: {error}"),
        Note::BaselineKnown(targets) => format!(
            "the baseline of {} was not built: what the store has of it says that nothing else is run",
            plural(*targets, "bench target")
        ),
        Note::SuiteSame => "the built-in suite is not measured: toolchain, profile and flags are the same on both sides \
                            (`-p perfguard-harness` measures it)"
            .to_owned(),
        Note::SuiteUnasked => "the built-in suite is measured when it is asked for: `-p perfguard-harness`, or `enabled = true` \
                               in [builtin]"
            .to_owned(),
        Note::Sequential(library, why) => {
            format!("benches that use {library} are measured one process after the other: {why}")
        }
        Note::OneAtATime(name, why) => {
            format!(
                "{name} is measured one process at a time: the second failed beside the first with `{why}`"
            )
        }
        Note::Creep(found) => creep(found),
        Note::Emulated { target, by } => format!(
            "executables for {target} are run by `{by}`: times are left out as emulated; allocations and the sizes \
             of types are the program's own"
        ),
        Note::NoAnchor(since) => {
            format!(
                "creep is not watched: no tag before this commit matches `{since}`, and it is no revision"
            )
        }
        Note::AnchorBroken(since, error) => {
            format!(
                "whether this change creeps past the limit is not known: {since} cannot be measured: {error}"
            )
        }
        Note::Copied(names) => format!(
            "--locked holds for everything but {}, of which a copy is built: Cargo.lock is changed in a copy of the \
             source tree only",
            names.join(", ")
        ),
        Note::NotCounted { metric, benchmark, side, why } => match benchmark {
            Some(name) => format!("{metric} of {name} not counted on the {side}: {}", not_counted(why)),
            None => format!("{metric} not counted: {}", not_counted(why)),
        },
        Note::Backfill { revision, new: 0, stored } => {
            format!("{revision}: all {stored} benchmarks are stored already")
        }
        Note::Backfill { revision, new, stored: 0 } => format!("{revision}: {new} benchmarks to measure"),
        Note::Backfill { revision, new, stored } => {
            format!("{revision}: {new} benchmarks to measure, {stored} are stored already")
        }
        Note::Renamed { from, to } => {
            format!("{from} is compared with {to}: both execute the same machine code, so it was renamed")
        }
        Note::AaTest { objection: Some(found), .. } => {
            format!("{}; verdicts by the clock are inconclusive, their figures are shown", objection(found))
        }
        Note::AaTest { measured: 0, .. } => {
            "the A/A test had nothing to measure: no benchmark needed pairs".to_owned()
        }
        Note::AaTest { measured, unchanged, objection: None } if measured == unchanged => {
            format!("A/A test: {measured} measured against themselves, none seemed changed")
        }
        Note::AaTest { measured, unchanged, objection: None } => format!(
            "A/A test: {measured} measured against themselves, {unchanged} shown unchanged, none seemed changed; the \
             others could not be told"
        ),
        Note::ReachRefuted(benchmark) => format!(
            "{benchmark} runs and opens nothing that differs, and its instructions are others all the same; please report \
             this, and say --reach off meanwhile"
        ),
        Note::NotDrawn { target, reason } => {
            format!("{target} is measured in the layout of its build: {reason}")
        }
        Note::LayoutsRepeated { target, reason } => {
            format!("{target} is measured in few layouts, some of them more than once: {reason}")
        }
        Note::UnusedAcceptance { file, matched: false } => {
            format!("{file} accepts nothing: there is no benchmark that it is about")
        }
        Note::UnusedAcceptance { file, matched: true } => {
            format!("{file} accepts nothing: nothing that it is about has regressed")
        }
        Note::Repeated { part, earlier } => repeated(*part, earlier),
        Note::Quoted(text) => text.clone(),
        Note::DependenciesUnknown(side, error) => {
            format!("the dependencies of the {side} are not known: {error}")
        }
    }
}

/// What became of a part that was measured more than once: a build that is repeated until it is green should be seen.
fn repeated(part: Partition, earlier: &[u8]) -> String {
    let ended = |code: &u8| match Exit::of_code(*code) {
        Some(Exit::Passed) => "passed",
        Some(Exit::Failed) => "regressed",
        Some(Exit::Unsettled) => "had no verdict",
        _ => "was not completed",
    };
    let all: Vec<&str> = earlier.iter().map(ended).collect();
    let times = earlier.len() + 1;
    format!(
        "part {part} was measured {times} times, and the last one counts; before, it {}",
        all.join(", then ")
    )
}

/// What could not be completed: what it concerns (empty for the whole run), what happened, and what to do about it.
pub(super) struct Told {
    pub(super) subject: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// A trouble in words.
pub(super) fn trouble(trouble: &Trouble) -> Told {
    let told = |subject: String, message: String, hint: Option<String>| Told { subject, message, hint };
    match trouble {
        Trouble::CannotList { target, unit, side, failure } => {
            let subject = side.map_or_else(|| target.clone(), |side| format!("{target} ({side})"));
            let message = format!("cannot list its benchmarks: {}", whole(failure));
            let (package, target) = target.split_once("::").unwrap_or(("", target));
            told(subject, message, Some(by_itself(package, target, *unit, None)))
        }
        Trouble::Failed { benchmark, unit, side, failure } => {
            let message =
                side.map_or_else(|| whole(failure), |side| format!("on the {side}: {}", whole(failure)));
            let hint = by_itself(benchmark.package(), benchmark.target(), *unit, Some(benchmark.id()));
            told(benchmark.to_string(), message, Some(hint))
        }
        Trouble::Interrupted => {
            let message =
                "the run was interrupted before everything was decided; what was measured is stored";
            told(String::new(), message.to_owned(), None)
        }
        Trouble::Revision(revision, error, hint) => told(revision.to_string(), error.clone(), hint.clone()),
        Trouble::BrokenOff(error, hint) => {
            told(String::new(), format!("{error}; what was measured before is stored"), hint.clone())
        }
        Trouble::Ended(error, hint) => told(String::new(), error.clone(), hint.clone()),
        Trouble::Missing(part) => told(
            part.to_string(),
            "there is no report of this part".to_owned(),
            Some(format!("measure it: cargo perfguard check --partition {part} --format json")),
        ),
        Trouble::Quoted { subject, message, hint } => told(subject.clone(), message.clone(), hint.clone()),
    }
}

/// How a user runs what failed without this program.
fn by_itself(package: &str, target: &str, unit: UnitKind, id: Option<&str>) -> String {
    let (package, target) = (shell_word(package), shell_word(target));
    let what = match unit {
        UnitKind::Bench => format!("--bench {target}"),
        UnitKind::Library => "--lib".to_owned(),
        UnitKind::Program => {
            return "run it by itself: perfguard.toml has its program and arguments".to_owned();
        }
    };
    let filter = id.map(|id| format!(" -- {}", shell_word(id))).unwrap_or_default();
    format!("run it by itself: cargo bench -p {package} {what}{filter}")
}

/// A failure with the last lines the process printed. What the message says already is not repeated.
fn whole(failure: &Failure) -> String {
    let repeated = |line: &&str| !failure.message.contains(line.trim()) || line.trim().len() < 4;
    let output: Vec<&str> = failure.output.lines().filter(repeated).collect();
    let rest = output.join("\n");
    if rest.trim().is_empty() { failure.message.clone() } else { format!("{}\n{rest}", failure.message) }
}

fn first_line(failure: &Failure) -> String {
    failure.message.lines().next().unwrap_or_default().to_owned()
}

/// Why a claim's verdict is what it is; `None` where nothing needs to be said.
pub(super) fn claim_reason(claim: &ClaimOutcome) -> Option<String> {
    let all: Vec<String> = claim.reasons.iter().map(|reason| one_claim_reason(claim, reason)).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn one_claim_reason(claim: &ClaimOutcome, reason: &ClaimReason) -> String {
    match reason {
        ClaimReason::Impossible(ClaimSetback::Unknown(text)) => {
            format!("`{text}` is not among the benchmarks at hand")
        }
        ClaimReason::Impossible(ClaimSetback::NoBenchmarks) => "its benchmarks are not there".to_owned(),
        ClaimReason::Impossible(ClaimSetback::Emulated) => {
            "times under an emulator are no evidence".to_owned()
        }
        ClaimReason::NotMeasured => "it was not measured".to_owned(),
        ClaimReason::Failed(name) => format!("{name} could not be measured"),
        ClaimReason::Interrupted => "the run was interrupted before it was measured".to_owned(),
        ClaimReason::NoPairs => "no pair could be measured".to_owned(),
        ClaimReason::Undecided(pairs) => format!("{pairs} pairs neither confirm nor refute it"),
        ClaimReason::DoesNotHold(ratio) => does_not_hold(claim, *ratio),
        ClaimReason::NotRepeated(again) => format!("refuted at first, then {} by fresh pairs", again.name()),
        ClaimReason::Instructions(one, other) => format!("{one:.1} and {other:.1} instructions"),
        ClaimReason::InstructionsNotCounted(why) => {
            format!("of time; instructions were not counted: {}", not_counted(why))
        }
        ClaimReason::AllocationsNotCounted(name, why) => {
            format!("allocations of {name} were not counted: {}", not_counted(why))
        }
        ClaimReason::CountedOnce => "it takes two counts of each to know whether they repeat".to_owned(),
        ClaimReason::Counted(own, None) => format!("counted {}, claimed {}", range(*own), claim.claimed),
        ClaimReason::Counted(own, Some(other)) => {
            format!("counted {} instead of {}, claimed {}", range(*own), range(*other), claim.claimed)
        }
        ClaimReason::LayoutUnavailable(Some(why)) => why.clone(),
        ClaimReason::LayoutUnavailable(None) => "the built-in suite was not asked about layout".to_owned(),
        ClaimReason::LayoutUnknown(types) => {
            format!("the built-in suite says nothing about {}", types.join(", "))
        }
        ClaimReason::Larger(facts) => {
            let each = facts
                .iter()
                .map(|fact| format!("{} takes {} bytes, not {}", fact.name, fact.size, fact.expected_size));
            each.collect::<Vec<_>>().join("; ")
        }
        ClaimReason::Unfit(found) => objection(found),
        ClaimReason::Quoted(text) => text.clone(),
    }
}

/// The sentence that quotes a claim that does not hold.
fn does_not_hold(claim: &ClaimOutcome, ratio: Option<f64>) -> String {
    let quote = claim.statement.as_deref().unwrap_or(&claim.name);
    let [one, other] = &claim.benchmarks[..] else { return format!("“{quote}” does not hold") };
    let ratio = ratio.map_or_else(|| "not".to_owned(), |ratio| format!("{ratio:.2} times"));
    format!("“{quote}” does not hold: {one} is {ratio} as fast as {other}, claimed {}", claim.claimed)
}

fn range((low, high): (f64, f64)) -> String {
    if low.total_cmp(&high).is_eq() { format!("{low}") } else { format!("{low} to {high}") }
}

/// Why, where the judge gave no reason. Empty for verdicts that need none.
pub(super) fn default_reason(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Regressed | Verdict::Improved | Verdict::Unchanged => "",
        Verdict::New => "only the candidate has it",
        Verdict::Missing => "only the baseline has it",
        Verdict::NotComparable => "the two sides differ in more than the code",
        Verdict::Inconclusive => "the budget ended before either could be shown",
        Verdict::Failed => "it could not be measured",
    }
}

/// Why a benchmark that was measured against itself does not show that a machine is fit.
pub(super) fn self_doubt(doubt: SelfDoubt) -> &'static str {
    match doubt {
        SelfDoubt::Seemed(Seemed::Worse) => "it seemed slower than itself: a build differs from itself here",
        SelfDoubt::Seemed(Seemed::Better) => "it seemed faster than itself: a build differs from itself here",
        SelfDoubt::Budget => "the budget is too small to show it unchanged: raise --budget or the threshold",
        SelfDoubt::NotMeasured => "it could not be measured",
    }
}

/// A change as people say it: `+7.5 %`, `2.4× slower`, `3.1× faster`.
pub(super) fn change(text: &str, change: Option<f64>, slower: &str, faster: &str) -> String {
    match change.filter(|change| change.is_finite()) {
        Some(change) if change >= 1.0 => format!("{} {slower}", units::ratio(1.0 + change)),
        Some(change) if change <= -0.5 && change > -1.0 => {
            format!("{} {faster}", units::ratio(1.0 / (1.0 + change)))
        }
        _ => text.to_owned(),
    }
}
