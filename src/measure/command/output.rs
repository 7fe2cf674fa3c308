//! Whether both sides of a command do the same, by what they write to standard output in one launch each.

use std::cell::RefCell;
use std::time::Duration;

use super::harness::afresh;
use crate::domain::{BuiltBench, Failure, OutputComparison, Side, Sides};
use crate::measure::difference::difference;
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::homes::Homes;
use crate::measure::whole;

/// Launches both sides once, and a third and fourth time where they differ: what does not print the same as itself is told apart
/// from a change.
pub fn compared(
    homes: &RefCell<dyn Homes>,
    benches: Sides<&BuiltBench>,
    limit: Duration,
) -> OutputComparison {
    compare(homes, benches, limit).unwrap_or_else(|other| other)
}

/// What ends the comparison early is an error here.
fn compare(
    homes: &RefCell<dyn Homes>,
    benches: Sides<&BuiltBench>,
    limit: Duration,
) -> Result<OutputComparison, OutputComparison> {
    let failed =
        |side: Side| move |failure: LaunchFailure| OutputComparison::Failed(side, Failure::from(failure));
    let spec = whole::command(benches.candidate).map_err(failed(Side::Candidate))?;
    if !spec.compare_output {
        return Ok(OutputComparison::Unasked);
    }
    let printed = |side: Side| {
        let mut ended = afresh(homes, benches.get(side), limit).map_err(failed(side))?;
        let bytes =
            ended.stdout.bytes().map_err(|error| failed(side)(FailureKind::Unstartable(error).into()))?;
        bytes.ok_or(OutputComparison::TooLong(side))
    };
    let (baseline, candidate) = (printed(Side::Baseline)?, printed(Side::Candidate)?);
    let Some(found) = difference(&baseline, &candidate) else { return Ok(OutputComparison::Equal) };
    for (side, before) in [(Side::Candidate, candidate), (Side::Baseline, baseline)] {
        if printed(side)? != before {
            return Ok(OutputComparison::Varies(side));
        }
    }
    Ok(OutputComparison::Differs(found))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::domain::{CommandSpec, Execution, Unit};
    use crate::measure::invocation::tests::bench;

    const LONG: Duration = Duration::from_mins(1);

    fn found(baseline: &str, candidate: &str, compare_output: bool) -> OutputComparison {
        let folder = tempfile::tempdir().unwrap();
        let side = |script: &str| {
            let spec = CommandSpec {
                args: vec!["-c".into(), script.into()],
                compare_output,
                ..CommandSpec::default()
            };
            let mut bench = bench("/bin/sh", Execution::Native);
            bench.unit = Unit::Program(Box::new(spec));
            bench.working_dir = folder.path().to_owned();
            bench
        };
        let (baseline, candidate) = (side(baseline), side(candidate));
        let homes = RefCell::new(|_: &Path| Ok(()));
        compared(&homes, Sides { baseline: &baseline, candidate: &candidate }, LONG)
    }

    #[test]
    fn what_prints_something_else_is_told_from_what_never_prints_the_same() {
        assert_eq!(found("echo a", "printf 'a\\n'", true), OutputComparison::Equal);
        let OutputComparison::Differs(difference) = found("echo a; echo b", "echo a; echo c", true) else {
            panic!("they differ")
        };
        assert_eq!(difference.line, 2);
        let varies = "cat /proc/sys/kernel/random/uuid 2>/dev/null || date +%N; echo $$";
        assert_eq!(found("echo a", varies, true), OutputComparison::Varies(Side::Candidate));
        assert_eq!(found(varies, "echo a", true), OutputComparison::Varies(Side::Baseline));
        assert_eq!(found("echo a", "echo b", false), OutputComparison::Unasked);
        let long = "yes 0123456789012345678901234567890123456789 | head -c 40000000";
        assert_eq!(found("echo a", long, true), OutputComparison::TooLong(Side::Candidate));
    }

    #[test]
    fn a_bad_end_is_told_with_its_side() {
        let OutputComparison::Failed(side, failure) = found("echo a", "echo why >&2; exit 3", true) else {
            panic!("it failed")
        };
        assert_eq!((side, failure.output.as_str()), (Side::Candidate, "why"));
        assert!(failure.message.contains("code 3") && !failure.unsuitable, "{failure:?}");
    }
}
