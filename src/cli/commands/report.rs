//! `report`: the stored baselines by architecture. Measures nothing.

use super::super::args::ReportArgs;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::{Place, filter};
use super::{check_output, deliver, style};
use crate::discover::Filter;
use crate::domain::{BaselineEntry, BaselineReport, Exit, MachineKey};
use crate::store::{SeriesFilter, Store};

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &ReportArgs) -> Result<Exit, CliError> {
    check_output(&arguments.output)?;
    let place = Place::find(&arguments.project)?;
    let (wanted, _) = filter(&arguments.filter.filter, arguments.filter.exact)?;
    let entries = match place.stored(&arguments.store)? {
        Some(store) => entries(&store, &wanted, arguments)?,
        None => Vec::new(),
    };
    let report = BaselineReport { entries };
    let text = crate::report::baseline_report::render(
        &report,
        arguments.output.format,
        &style(context, &arguments.output),
    )?;
    deliver(&arguments.output, &text)?;
    Ok(Exit::Passed)
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
                .map_or_else(|| key.to_string(), |facts| facts.cpu.model.clone());
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
                occasions: latest.occasions,
                commit: latest.commit,
                measured_ms: latest.started_ms,
                provenance: latest.provenance,
            }
        })
        .collect())
}
