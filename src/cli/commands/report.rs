//! `report`: the stored and committed baselines by architecture, or a stored run judged again. Measures nothing.

use super::super::args::{JudgingArgs, ReportArgs};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::{Place, filter};
use super::super::values::RunChoice;
use super::{check_output, deliver, finish, style};
use crate::discover::Filter;
use crate::domain::{BaselineEntry, BaselineReport, Exit, Kept, MachineKey, Provenance, RunId};
use crate::store::{BaselineFile, SeriesFilter, Store};

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &ReportArgs) -> Result<Exit, CliError> {
    check_output(&arguments.output)?;
    let place = Place::find(&arguments.project)?;
    let stored = place.stored(&arguments.store)?;
    if let Some(run) = arguments.run {
        let store = stored.ok_or(CliError::NoRun)?;
        return judge_again(context, arguments, &place, &store, run);
    }
    let (wanted, _) = filter(&arguments.filter.filter, arguments.filter.exact)?;
    let mut entries = match stored {
        Some(store) => entries(&store, &wanted, arguments)?,
        None => Vec::new(),
    };
    entries.extend(committed(&place, &wanted, arguments)?);
    let report = BaselineReport { entries };
    let format = arguments.output.format;
    let text = crate::report::baseline_report::render(&report, format, &style(context, &arguments.output))?;
    deliver(&arguments.output, &text)?;
    Ok(Exit::Passed)
}

/// Judges a stored run by the thresholds of the configuration and the command line.
fn judge_again(
    context: &Context,
    arguments: &ReportArgs,
    place: &Place,
    store: &Store,
    run: RunChoice,
) -> Result<Exit, CliError> {
    let run = match run {
        RunChoice::Number(number) => RunId(number),
        RunChoice::Last => store.newest_judged_run()?.ok_or(CliError::NoRun)?,
    };
    let judging = JudgingArgs { threshold: arguments.threshold.clone(), ..JudgingArgs::default() };
    let judging = place.judging_again(&judging)?;
    let report = crate::pipeline::rejudge::rejudge(store, run, &judging.policy, judging.gate)?;
    finish(context, &arguments.output, &report)
}

/// What the store holds of the benchmarks that are wanted.
fn entries(store: &Store, wanted: &Filter, arguments: &ReportArgs) -> Result<Vec<BaselineEntry>, CliError> {
    let machine = arguments.store.machine.as_ref().map(MachineKey::new);
    let stored = store
        .latest_by_architecture(SeriesFilter { machine: machine.as_ref(), ..SeriesFilter::default() })?;
    let machines = store.machines()?;
    Ok(stored
        .into_iter()
        .filter(|latest| wanted.matches(&latest.series.benchmark))
        .map(|latest| {
            let key = latest.series.machine;
            let cpu_model = machines
                .iter()
                .find(|facts| facts.key == key)
                .map_or_else(|| key.to_string(), |facts| facts.cpu_of(&latest.arch).to_owned());
            BaselineEntry {
                arch: latest.arch,
                machine: key,
                cpu_model,
                target: latest.series.build.target,
                rustc: latest.series.build.rustc,
                profile: latest.series.build.profile,
                benchmark: latest.series.benchmark,
                metric: latest.series.metric,
                value: latest.value,
                spread: latest.spread,
                runs: latest.runs,
                commit: latest.commit,
                measured_ms: Some(latest.started_ms),
                kept: Kept::Store,
                provenance: latest.provenance,
            }
        })
        .collect())
}

/// What the committed files say of the benchmarks that are wanted.
fn committed(place: &Place, wanted: &Filter, arguments: &ReportArgs) -> Result<Vec<BaselineEntry>, CliError> {
    let machine = arguments.store.machine.as_ref().map(MachineKey::new);
    let mut entries = Vec::new();
    for (_, file) in BaselineFile::read_folder(&place.baselines())? {
        if machine.as_ref().is_some_and(|key| *key != file.machine.key) {
            continue;
        }
        for ((benchmark, metric), result) in file.results {
            if !wanted.matches(&benchmark) {
                continue;
            }
            entries.push(BaselineEntry {
                arch: file.arch.clone(),
                machine: file.machine.key.clone(),
                cpu_model: file.machine.cpu_of(&file.arch).to_owned(),
                target: result.build.target,
                rustc: result.build.rustc,
                profile: result.build.profile,
                benchmark,
                metric,
                value: result.value,
                spread: result.spread,
                runs: result.runs,
                commit: result.commit,
                measured_ms: None,
                kept: Kept::Committed,
                // Times under an emulator are never exported.
                provenance: Provenance::Native,
            });
        }
    }
    Ok(entries)
}
