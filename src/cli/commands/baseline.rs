//! `baseline`: committed baseline files, and the space that stored results take.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::args::{BaselineArgs, BaselineCommand, ExportArgs, ImportArgs, PruneArgs};
use super::super::console::{Console, write_file};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::{Place, machine_facts, read_store};
use super::accept;
use crate::domain::Exit;
use crate::store::{BaselineFile, PruneRule, Store};
use crate::support::files::link_below;

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &BaselineArgs) -> Result<Exit, CliError> {
    let place = Place::find(&arguments.project)?;
    let store = place.store_path(&arguments.store)?;
    match &arguments.command {
        BaselineCommand::List => list(&place, arguments),
        BaselineCommand::Export(wanted) => export(context, &place, &store, arguments, wanted),
        BaselineCommand::Import(wanted) => import(context, &place, arguments, wanted),
        BaselineCommand::Accept(wanted) => accept::execute(context, &place, arguments, wanted),
        BaselineCommand::Prune(wanted) => prune(&store, wanted),
    }
}

/// What is committed, and what could be exported.
fn list(place: &Place, arguments: &BaselineArgs) -> Result<Exit, CliError> {
    let mut text = String::new();
    for (path, file) in BaselineFile::read_folder(&place.baselines())? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (results, claims) = (file.results.len(), file.claims.len());
        let _ = writeln!(
            text,
            "committed  {name}: {}, {results} results, {claims} claims",
            file.machine.cpu_of(&file.arch)
        );
    }
    if let Some(store) = place.stored(&arguments.store)? {
        for (machine, arch) in store.exportable()? {
            let _ = writeln!(text, "stored     {arch} on {machine}");
        }
    }
    if text.is_empty() {
        text.push_str(
            "there are no baselines: neither committed files nor stored results of clean commits\n",
        );
    }
    Console::results(&text).map_err(CliError::Stdout)?;
    Ok(Exit::Passed)
}

/// Writes what the store holds of this machine, or of every machine. A file that would not change is not touched.
fn export(
    context: &Context,
    place: &Place,
    store: &Path,
    arguments: &BaselineArgs,
    wanted: &ExportArgs,
) -> Result<Exit, CliError> {
    let store = read_store(store)?;
    let folder = wanted.folder.clone().unwrap_or_else(|| place.baselines());
    let own = machine_facts(&arguments.store).key;
    let mut written = 0;
    for (machine, arch) in store.exportable()? {
        if !wanted.all && machine != own {
            continue;
        }
        let Some(mut file) = store.export(&machine, &arch, None)? else { continue };
        let path = folder.join(file.file_name());
        if path.is_file() {
            file.keep_decided_claims(&BaselineFile::read(&path)?);
        }
        save(context, place, &path, &file)?;
        written += 1;
    }
    if written == 0 {
        return Err(CliError::NothingToExport);
    }
    Ok(Exit::Passed)
}

/// Checks a file that came from elsewhere and puts it where it belongs.
fn import(
    context: &Context,
    place: &Place,
    arguments: &BaselineArgs,
    wanted: &ImportArgs,
) -> Result<Exit, CliError> {
    let arch = wanted.arch.clone().unwrap_or_else(|| machine_facts(&arguments.store).arch);
    for path in &wanted.files {
        let file = BaselineFile::read(path)?;
        if let Err(source) = file.require_arch(&arch) {
            return Err(CliError::OtherArch { path: path.clone(), source });
        }
        save(context, place, &place.baselines().join(file.file_name()), &file)?;
    }
    Ok(Exit::Passed)
}

fn save(context: &Context, place: &Place, path: &Path, file: &BaselineFile) -> Result<(), CliError> {
    let fail = |source| CliError::Output { path: PathBuf::from(path), source };
    let text = file.to_text();
    if let Some(link) = link_below(&place.located.root, path) {
        return Err(CliError::Linked(link));
    }
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        context.console.progress("Unchanged", path.display());
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    write_file(path, &text).map_err(fail)?;
    context.console.progress("Wrote", path.display());
    Ok(())
}

/// Gives back the space of old results.
fn prune(store: &Path, wanted: &PruneArgs) -> Result<Exit, CliError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let before = now.saturating_sub(wanted.older_than).as_millis();
    let rule = PruneRule { before_ms: i64::try_from(before).unwrap_or(i64::MAX), keep_newest: wanted.keep };
    let pruned = Store::open(store)?.prune(rule)?;
    let text = format!(
        "removed {} measurements with {} launches and {} runs\n",
        pruned.measurements, pruned.launches, pruned.runs
    );
    Console::results(&text).map_err(CliError::Stdout)?;
    Ok(Exit::Passed)
}
