//! `history`: one benchmark over commits, with its change points. Measures nothing.

use super::super::args::HistoryArgs;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use super::{deliver, style};
use crate::discover::{Filter, Reading};
use crate::domain::{BenchmarkName, Exit, HistoryReport, MachineKey, Provenance, Trend};
use crate::pipeline::PipelineError;
use crate::pipeline::trends::Trends;
use crate::source::Repository;
use crate::store::SeriesFilter;

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &HistoryArgs) -> Result<Exit, CliError> {
    let place = Place::find(&arguments.project)?;
    let nothing = || CliError::NothingStored(arguments.benchmark.clone());
    let store = place.stored(&arguments.store)?.ok_or_else(nothing)?;
    let metric = arguments.metric;
    let benchmark = meant(&arguments.benchmark, store.benchmarks()?)?;
    let machine = arguments.store.machine.as_ref().map(MachineKey::new);
    let filter = SeriesFilter { machine: machine.as_ref(), ..SeriesFilter::default() };
    let found = store.history(&benchmark, metric, filter)?;
    // One line of history: the series with the most points. Others differ in machine or build.
    let longest = found
        .into_iter()
        .filter(|series| series.provenance == Provenance::Native)
        .max_by_key(|series| series.points.len())
        .ok_or_else(nothing)?;
    let root = &place.located.root;
    let repository = Repository::discover(root).map_err(PipelineError::from)?;
    let prefix = repository.prefix_of(root).map_err(PipelineError::from)?;
    let Trend { points, change_points, accepted, .. } =
        Trends::open(&store, &repository, &prefix)?.trend(longest);
    let report = HistoryReport { benchmark, metric, points, change_points, accepted };
    let text =
        crate::report::history::render(&report, arguments.output.format, &style(context, &arguments.output))?;
    deliver(&arguments.output, &text)?;
    Ok(Exit::Passed)
}

/// How many names are listed where a text means several.
const LISTED: usize = 10;

/// The benchmark that a text means: by its full name, or by a part of it or a glob that means exactly one.
fn meant(text: &str, stored: Vec<BenchmarkName>) -> Result<BenchmarkName, CliError> {
    if let Some(exact) = stored.iter().find(|name| name.to_string() == text) {
        return Ok(exact.clone());
    }
    let filter = Filter::parse(&[text.to_owned()], Reading::Pattern)?;
    let mut matching: Vec<BenchmarkName> = stored.into_iter().filter(|name| filter.matches(name)).collect();
    match matching.len() {
        0 => Err(CliError::NothingStored(text.to_owned())),
        1 => Ok(matching.remove(0)),
        count => Err(CliError::SeveralStored {
            text: text.to_owned(),
            count,
            names: matching.iter().take(LISTED).map(|name| format!("`{name}`")).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> Vec<BenchmarkName> {
        ["sums/1", "sums/10", "words"].map(|id| BenchmarkName::new("app", "bench", id)).to_vec()
    }

    #[test]
    fn any_part_of_a_name_that_means_one_benchmark_will_do() {
        for (text, id) in [("words", "words"), ("app::bench::sums/1", "sums/1"), ("*/10", "sums/10")] {
            assert_eq!(meant(text, stored()).unwrap().id(), id, "{text}");
        }
    }

    #[test]
    fn a_text_that_means_several_lists_them() {
        let error = meant("sums", stored()).unwrap_err();
        assert_eq!(error.to_string(), "`sums` matches 2 stored benchmarks");
        assert_eq!(error.hint().unwrap(), "name one of them: `app::bench::sums/1`, `app::bench::sums/10`");
        assert_eq!(error.exit(), Exit::Usage);
        assert!(matches!(meant("nothing", stored()), Err(CliError::NothingStored(_))));
    }
}
