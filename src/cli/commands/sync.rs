//! `sync`: results to and from other machines; and the same before and after measuring.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::super::args::exchange::{SharingArgs, SyncArgs, SyncCommand};
use super::super::console::Console;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use crate::domain::{Exit, Report, Trouble};
use crate::exchange::folder::Folder;
use crate::exchange::git::GitRemote;
use crate::exchange::{self, Exchange, ExchangeError, Oddity};
use crate::pipeline::{PipelineError, sync};
use crate::source::{Repository, require_untracked};
use crate::store::{RawSamples, Store};

/// How many oddities are told one by one.
const TOLD: usize = 10;
/// What a folder begins with.
const FOLDER: &str = "dir:";
/// What a database begins with.
const DATABASES: [&str; 2] = ["postgres://", "postgresql://"];

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &SyncArgs) -> Result<Exit, CliError> {
    let at = arguments.command.at();
    let place = Place::find(&at.project)?;
    let path = place.store_path(&at.store)?;
    match &arguments.command {
        SyncCommand::Push(wanted) => {
            let mut store = place.store(&at.store)?;
            let samples = if wanted.samples { RawSamples::Sent } else { RawSamples::Left };
            let text = push(context, &place, &mut store, &at.to, samples)?;
            Console::results(&text).map_err(CliError::Stdout)?;
        }
        SyncCommand::Pull(_) => {
            let mut store = place.store(&at.store)?;
            let text = pull(context, &place, &mut store, &at.to)?;
            Console::results(&text).map_err(CliError::Stdout)?;
        }
        SyncCommand::Compact(_) => {
            if at.to.starts_with(FOLDER) || is_database(&at.to) {
                let error = ExchangeError::NotCompacted(exchange::shown(&at.to));
                return Err(PipelineError::from(error).into());
            }
            let mut remote = remote(&place, &path, &at.to)?;
            let done = remote.compact().map_err(PipelineError::from)?;
            tell(context, &done.odd);
            let text = format!(
                "{} holds {} runs in one reference, {} of them new\n",
                remote.shown(),
                done.total,
                done.included
            );
            Console::results(&text).map_err(CliError::Stdout)?;
        }
    }
    Ok(Exit::Passed)
}

/// Receives before something is measured. What does not come costs time, and no verdict: the run goes on.
pub(super) fn before(context: &Context, place: &Place, store: &mut Store, wanted: &SharingArgs) {
    let Some(from) = &wanted.pull else { return };
    match pull(context, place, store, from) {
        Ok(text) => context.console.progress("Pulled", text.trim_end()),
        Err(error) => context.console.warning(format!("receiving failed: {}", error.in_one_line())),
    }
}

/// Sends after something was measured. What is not sent is a trouble of the run.
pub(super) fn after(
    context: &Context,
    place: &Place,
    store: &mut Store,
    wanted: &SharingArgs,
    report: &mut Report,
) {
    let Some(to) = &wanted.push else { return };
    match push(context, place, store, to, RawSamples::Left) {
        Ok(text) => context.console.progress("Pushed", text.trim_end()),
        Err(error) => {
            report.troubles.push(Trouble::Ended(error.in_one_line(), error.hint()));
            report.exit_code = error.exit().code();
        }
    }
}

fn push(
    context: &Context,
    place: &Place,
    store: &mut Store,
    to: &str,
    samples: RawSamples,
) -> Result<String, CliError> {
    let mut exchange = open(place, store.path(), to)?;
    let sent = sync::push(&place.project, &context.watch, store, &mut *exchange, samples)?;
    tell(context, &sent.odd);
    Ok(format!("sent {} to {}\n", counted(sent.runs, "run"), exchange.shown()))
}

fn pull(context: &Context, place: &Place, store: &mut Store, from: &str) -> Result<String, CliError> {
    let mut exchange = open(place, store.path(), from)?;
    let pulled = sync::pull(store, &mut *exchange)?;
    tell(context, &pulled.odd);
    let (runs, measurements) = (counted(pulled.runs, "run"), counted(pulled.measurements, "measurement"));
    Ok(format!(
        "received {runs} with {measurements} from {}, which holds {}\n",
        exchange.shown(),
        pulled.there
    ))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn tell(context: &Context, odd: &[Oddity]) {
    for oddity in odd.iter().take(TOLD) {
        context.console.warning(oddity);
    }
    if odd.len() > TOLD {
        context.console.warning(format!("{} more were left alone", odd.len() - TOLD));
    }
}

fn open(place: &Place, store: &Path, to: &str) -> Result<Box<dyn Exchange>, CliError> {
    if let Some(path) = to.strip_prefix(FOLDER) {
        let folder = Folder::open(Path::new(path)).map_err(PipelineError::from)?;
        return Ok(Box::new(folder));
    }
    if is_database(to) {
        return Ok(database(to).map_err(PipelineError::from)?);
    }
    Ok(Box::new(remote(place, store, to)?))
}

fn is_database(to: &str) -> bool {
    DATABASES.iter().any(|scheme| to.starts_with(scheme))
}

#[cfg(feature = "postgres")]
fn database(url: &str) -> Result<Box<dyn Exchange>, ExchangeError> {
    let password = std::env::var("PGPASSWORD").ok().filter(|password| !password.is_empty());
    Ok(Box::new(exchange::postgres::Database::open(url, password.as_deref())?))
}

#[cfg(not(feature = "postgres"))]
fn database(_url: &str) -> Result<Box<dyn Exchange>, ExchangeError> {
    Err(ExchangeError::WithoutPostgres)
}

fn remote(place: &Place, store: &Path, to: &str) -> Result<GitRemote, CliError> {
    let root = &place.located.root;
    let folder = beside(store);
    require_untracked(&folder, root).map_err(PipelineError::from)?;
    let repository = Repository::discover(root).map_err(PipelineError::from)?;
    Ok(GitRemote::open(to, repository.root(), &folder).map_err(PipelineError::from)?)
}

/// Where fetched objects lie: beside the store.
fn beside(store: &Path) -> PathBuf {
    if store.parent().is_some_and(|folder| folder.ends_with(".perfguard")) {
        return store.with_file_name("sync.git");
    }
    let mut path = OsString::from(store);
    path.push(".sync.git");
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_lie_beside_the_store_that_is_used() {
        assert_eq!(beside(Path::new("/a/.perfguard/store.db")), Path::new("/a/.perfguard/sync.git"));
        assert_eq!(beside(Path::new("/mnt/perf.db")), Path::new("/mnt/perf.db.sync.git"));
    }
}
