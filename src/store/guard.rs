//! What a file must be before it is believed to be a store: it may come from anyone.
//!
//! Only ordinary files are opened, no link is followed, and the schema must be the one that the steps of this program
//! make: a trigger or a view could rewrite what is read back. Triggers are off as well.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::error::{Oddity, Problem};
use super::migrations::MIGRATIONS;
use crate::support::process::interrupted;

/// The folder that is ours where no other is named.
pub(super) const OWN_FOLDER: &str = ".perfguard";
/// What `SQLite` puts beside a database.
const SIBLINGS: [&str; 3] = ["-wal", "-shm", "-journal"];
/// Up to this size, in bytes, the whole file is looked through whenever it is opened: some tens of milliseconds.
const SMALL: u64 = 16 << 20;
/// The longest nap between two attempts to get a lock.
const NAP: Duration = Duration::from_millis(10);
/// How long a lock is waited for when a signal came: long enough to store what was just measured.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// A file's number, by which one that was put in its place is told apart.
pub(super) type FileId = (u64, u64);

/// Finds the file to open, whose folder exists: links on the way are resolved, but in a folder of our own there must be
/// none, and what is no regular file is refused.
pub(super) fn locate(path: &Path) -> Result<PathBuf, Problem> {
    let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let own = parent.ends_with(OWN_FOLDER);
    if own && is_link(parent) {
        return Err(Problem::Linked(parent.to_owned()));
    }
    let mut place = match (parent.canonicalize(), path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path.to_owned(),
    };
    if is_link(&place) {
        if own {
            return Err(Problem::Linked(path.to_owned()));
        }
        place = place.canonicalize().unwrap_or(place);
    }
    for suffix in std::iter::once("").chain(SIBLINGS) {
        let file = beside(&place, suffix);
        if fs::symlink_metadata(&file).is_ok_and(|data| !data.is_file()) {
            return Err(Problem::NotAFile(file));
        }
    }
    Ok(place)
}

/// The file beside a database with this suffix.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.is_symlink())
}

/// Turns off what only a hostile schema would use.
pub(super) fn harden(connection: &Connection) -> Result<(), Problem> {
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    ] {
        connection.set_db_config(setting, value)?;
    }
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(())
}

/// Waits for the lock of another process: for `patience`, or less when a signal came.
pub(super) fn waits(patience: Duration) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut start = Instant::now();
    move |count| {
        if count == 0 {
            start = Instant::now();
        }
        let limit = if interrupted() { patience.min(LAST_WAIT) } else { patience };
        if start.elapsed() >= limit {
            return false;
        }
        let nap = Duration::from_millis(u64::try_from(count).unwrap_or(0) + 1);
        thread::sleep(nap.min(NAP));
        true
    }
}

/// Makes sure that the schema is what this program makes of that version, and nothing else.
pub(super) fn compare_schema(connection: &Connection, version: usize) -> Result<(), Problem> {
    let expected = Connection::open_in_memory()?;
    expected.pragma_update(None, "foreign_keys", false)?;
    for step in &MIGRATIONS[..version] {
        expected.execute_batch(step)?;
    }
    let (expected, found) = (objects(&expected)?, objects(connection)?);
    let odd = |name: &String, oddity: Oddity| {
        let (kind, _) = found.get(name).or_else(|| expected.get(name)).cloned().unwrap_or_default();
        Err(Problem::Schema { kind, name: name.clone(), oddity })
    };
    for (name, text) in &found {
        match expected.get(name) {
            None => return odd(name, Oddity::Unknown),
            Some(known) if known != text => return odd(name, Oddity::Different),
            Some(_) => {}
        }
    }
    match expected.keys().find(|name| !found.contains_key(*name)) {
        Some(name) => odd(name, Oddity::Missing),
        None => Ok(()),
    }
}

/// Kind and text of everything in a schema, by name. Statistics of the query planner, which anybody may have gathered,
/// are left out.
fn objects(connection: &Connection) -> Result<BTreeMap<String, (String, String)>, Problem> {
    let mut query = connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema")?;
    let mut rows = query.query([])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (kind, name, table): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let text: Option<String> = row.get(3)?;
        if kind == "table" && matches!(name.as_str(), "sqlite_stat1" | "sqlite_stat4") {
            continue;
        }
        // Versions of SQLite quote names otherwise when they rename.
        let text = text.unwrap_or_default().replace('"', "");
        let text = format!("{table}: {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
        if found.insert(name.clone(), (kind.clone(), text)).is_some() {
            return Err(Problem::Schema { kind, name, oddity: Oddity::Twice });
        }
    }
    Ok(found)
}

/// Looks the whole file through for damage where that costs little, or where somebody else may have written it.
pub(super) fn look_through(connection: &Connection, path: &Path) -> Result<(), Problem> {
    if !is_suspicious(path) {
        return Ok(());
    }
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(Problem::Corrupt(found)) }
}

#[cfg(unix)]
fn is_suspicious(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let me = rustix::process::geteuid().as_raw();
    fs::metadata(path).is_ok_and(|data| data.len() <= SMALL || data.uid() != me || data.mode() & 0o002 != 0)
}

#[cfg(not(unix))]
fn is_suspicious(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.len() <= SMALL)
}

/// The number of a file.
#[cfg(unix)]
pub(super) fn file_id(path: &Path) -> io::Result<Option<FileId>> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).map(|data| Some((data.dev(), data.ino())))
}

/// Systems that have no such number keep an open file from being deleted.
#[cfg(not(unix))]
pub(super) fn file_id(_: &Path) -> io::Result<Option<FileId>> {
    Ok(None)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::Store;
    use super::*;

    fn refused(path: &Path) -> [Problem; 2] {
        let open = [Store::open(path), Store::open_read_only(path)];
        open.map(|result| result.unwrap_err().problem)
    }

    #[test]
    fn what_a_schema_should_not_have_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let cases = [
            (
                "CREATE TRIGGER t AFTER INSERT ON launch BEGIN UPDATE launch SET median = 1; END",
                "trigger `t`",
            ),
            ("CREATE VIEW v AS SELECT 1", "view `v`"),
            ("CREATE TABLE more (x)", "table `more`"),
            ("DROP VIEW measurements_of", "view `measurements_of`"),
            (
                "DROP VIEW measurements_of; CREATE VIEW measurements_of AS SELECT 1 AS run",
                "view `measurements_of`",
            ),
            ("CREATE INDEX i ON launch (median) WHERE median > 1", "index `i`"),
            ("ALTER TABLE launch ADD COLUMN more TEXT", "table `launch`"),
        ];
        for (number, (poison, named)) in cases.into_iter().enumerate() {
            let path = folder.path().join(number.to_string());
            drop(Store::open(&path).unwrap());
            Connection::open(&path).unwrap().execute_batch(poison).unwrap();
            for problem in refused(&path) {
                assert!(matches!(problem, Problem::Schema { .. }), "{poison}: {problem:?}");
                assert!(problem.to_string().contains(named), "{poison}: {problem}");
            }
        }
        let path = folder.path().join("analyzed");
        drop(Store::open(&path).unwrap());
        Connection::open(&path).unwrap().execute_batch("ANALYZE").unwrap();
        drop(Store::open(&path).unwrap());
    }

    #[test]
    fn a_trigger_that_comes_while_the_store_is_open_does_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = Store::open(&path).unwrap();
        let poison = "CREATE TRIGGER t AFTER INSERT ON executable BEGIN \
                      UPDATE executable SET digest = 'forged'; END";
        Connection::open(&path).unwrap().execute_batch(poison).unwrap();
        let insert = "INSERT INTO executable (digest) VALUES ('true')";
        store.connection().execute_batch(insert).unwrap();
        let kept: String =
            store.connection().query_row("SELECT digest FROM executable", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "true");
    }

    #[test]
    fn links_and_pipes_are_refused_without_being_opened() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        fs::create_dir(&outside).unwrap();
        symlink(&outside, folder.path().join(OWN_FOLDER)).unwrap();
        for problem in refused(&folder.path().join(".perfguard/store.db")) {
            assert!(matches!(problem, Problem::Linked(_)), "{problem:?}");
        }
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        fs::create_dir_all(folder.path().join("a/.perfguard")).unwrap();
        let own = folder.path().join("a/.perfguard/store.db");
        symlink(outside.join("new.db"), &own).unwrap();
        assert!(matches!(refused(&own)[0], Problem::Linked(_)));
        for name in ["pipe", "other.db-wal", "third.db-shm"] {
            let path = folder.path().join(name);
            rustix::fs::mknodat(
                rustix::fs::CWD,
                &path,
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::RWXU,
                0,
            )
            .unwrap();
        }
        drop(Store::open(&folder.path().join("sound.db")).unwrap());
        fs::copy(folder.path().join("sound.db"), folder.path().join("other.db")).unwrap();
        for name in ["pipe", "other.db", "third.db"] {
            let [problem, _] = refused(&folder.path().join(name));
            assert!(matches!(problem, Problem::NotAFile(_)), "{name}: {problem:?}");
        }
        assert!(!outside.join("new.db").exists());
        // A link that the user names is the user's.
        symlink(folder.path().join("sound.db"), folder.path().join("named.db")).unwrap();
        drop(Store::open(&folder.path().join("named.db")).unwrap());
    }

    #[test]
    fn a_store_that_is_gone_or_replaced_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut store = Store::open(&path).unwrap();
        store.write("try", |_| Ok(())).unwrap();
        fs::rename(&path, folder.path().join("away")).unwrap();
        assert!(matches!(store.write("try", |_| Ok(())).unwrap_err().problem, Problem::Gone));
        drop(Store::open(&path).unwrap());
        assert!(matches!(store.write("try", |_| Ok(())).unwrap_err().problem, Problem::Gone));
    }
}
