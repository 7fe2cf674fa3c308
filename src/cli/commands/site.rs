//! `site`: trend pages of everything that is stored. Measures nothing.

use std::fs;
use std::io;
use std::path::Path;

use super::super::args::SiteArgs;
use super::super::console::{Console, write_file};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use crate::domain::{Exit, MachineKey, Metric};
use crate::pipeline::PipelineError;
use crate::pipeline::trends::Trends;
use crate::report::site::{self, Site};
use crate::source::Repository;
use crate::store::SeriesFilter;

/// Says that a folder is one of ours.
const MARKER: &str = ".perfguard-site";
/// The folders in it: pages, and figures.
const FOLDERS: [&str; 2] = ["b", "data"];

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &SiteArgs) -> Result<Exit, CliError> {
    let place = Place::find(&arguments.project)?;
    let nothing = || CliError::NothingStored("anything".to_owned());
    let store = place.stored(&arguments.store)?.ok_or_else(nothing)?;
    let root = &place.located.root;
    let repository = Repository::discover(root).map_err(PipelineError::from)?;
    let prefix = repository.prefix_of(root).map_err(PipelineError::from)?;
    let mut trends = Trends::open(&store, &repository, &prefix)?;
    let output = &arguments.output;
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| CliError::Output { path, source }
    };
    prepare(output)?;
    let machine = arguments.store.machine.as_ref().map(MachineKey::new);
    let filter = SeriesFilter { machine: machine.as_ref(), ..SeriesFilter::default() };
    let metrics = if arguments.metric.is_empty() { &Metric::ALL[..] } else { &arguments.metric };
    let look = Site { repository: arguments.repository.as_deref(), full: arguments.full };
    let mut rows = Vec::new();
    let benchmarks = trends.benchmarks()?;
    for (number, benchmark) in benchmarks.iter().enumerate() {
        let found = trends.of(benchmark, metrics, filter)?;
        if found.is_empty() {
            continue;
        }
        if number % 100 == 0 {
            context
                .console
                .progress("Drawing", format!("{benchmark} ({} of {})", number + 1, benchmarks.len()));
        }
        let pages = look.pages(benchmark, &found);
        for (folder, end, text) in [(FOLDERS[0], "html", &pages.page), (FOLDERS[1], "js", &pages.data)] {
            let path = output.join(folder).join(format!("{}.{end}", pages.id));
            fs::write(&path, text).map_err(fail(&path))?;
        }
        rows.push(pages.rows);
    }
    let path = output.join("index.html");
    write_file(&path, &site::index(&rows)).map_err(fail(&path))?;
    let text = format!("wrote {} pages and {}\n", rows.len(), path.display());
    Console::results(&text).map_err(CliError::Stdout)?;
    Ok(Exit::Passed)
}

/// Makes the folder, or empties what an earlier run wrote. Nothing else is ever removed.
fn prepare(output: &Path) -> Result<(), CliError> {
    let fail = |source| CliError::Output { path: output.to_owned(), source };
    if fs::symlink_metadata(output).is_ok_and(|found| found.is_symlink()) {
        return Err(CliError::Linked(output.to_owned()));
    }
    fs::create_dir_all(output).map_err(fail)?;
    let marker = output.join(MARKER);
    let is_empty = fs::read_dir(output).map_err(fail)?.next().is_none();
    if !is_empty && !marker.is_file() {
        return Err(CliError::NoSite(output.to_owned()));
    }
    fs::write(&marker, "").map_err(fail)?;
    for folder in FOLDERS {
        let folder = output.join(folder);
        match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_symlink() => return Err(CliError::Linked(folder)),
            Ok(_) => fs::remove_dir_all(&folder).map_err(fail)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
        }
        fs::create_dir(&folder).map_err(fail)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_earlier_run_wrote_is_removed() {
        let temporary = tempfile::tempdir().unwrap();
        let output = temporary.path().join("public");
        prepare(&output).unwrap();
        fs::write(output.join("b/old.html"), "").unwrap();
        fs::write(output.join("own.txt"), "").unwrap();
        prepare(&output).unwrap();
        assert!(!output.join("b/old.html").exists() && output.join("own.txt").exists());
        let foreign = temporary.path().join("documents");
        fs::create_dir_all(foreign.join("data")).unwrap();
        assert!(matches!(prepare(&foreign), Err(CliError::NoSite(_))));
        assert!(foreign.join("data").exists());
    }

    #[test]
    #[cfg(unix)]
    fn links_are_not_followed() {
        let temporary = tempfile::tempdir().unwrap();
        let (output, elsewhere) = (temporary.path().join("public"), temporary.path().join("elsewhere"));
        fs::create_dir(&elsewhere).unwrap();
        prepare(&output).unwrap();
        fs::remove_dir(output.join("b")).unwrap();
        std::os::unix::fs::symlink(&elsewhere, output.join("b")).unwrap();
        assert!(matches!(prepare(&output), Err(CliError::Linked(_))));
        assert!(elsewhere.exists());
    }
}
