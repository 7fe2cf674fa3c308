//! The fallback for Criterion 0.3.0–0.3.2, which report to nobody: the files they write.
//!
//! They list titles rather than ids. A title differs from the id in two ways: it is cut to 100 bytes with `...` behind
//! it, and it ends in ` #2` when another benchmark has it already. It is unique in an executable, so here it is the
//! name of the benchmark.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::naming::{exactly, starting_with};
use super::transcript::Reported;
use super::version::Version;
use crate::measure::excess::{LARGEST_FILE, MOST_FILES};
use crate::measure::options::LaunchOptions;
use crate::support::bounded::{self, Links};

/// Criterion's files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file or folder cannot be read.
    #[error("`{}` cannot be read ({error})", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file is not what Criterion writes.
    #[error("`{}` is not what Criterion writes ({error})", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// There are more files than Criterion writes.
    #[error("`{}` holds more than {MOST_FILES} files", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
    /// The file that names the unit has no unit in it.
    #[error("`{}` names no unit", path.display())]
    NoUnit {
        /// The file.
        path: PathBuf,
    },
}

#[derive(Deserialize)]
struct BenchmarkWire {
    full_id: String,
    title: String,
}

/// What follows a title in a listing.
const LISTED: &str = ": bench";

/// What follows a title that was cut.
const CUT: &str = "...";

/// The arguments that make an old version list its benchmarks.
pub fn listing_arguments() -> [&'static str; 2] {
    ["--bench", "--list"]
}

/// The titles in what an old version prints as its list.
pub fn titles(listing: &str) -> Vec<String> {
    listing.lines().filter_map(|line| line.strip_suffix(LISTED)).map(ToOwned::to_owned).collect()
}

/// The arguments that make an old version measure the benchmark of a title, and perhaps others of a similar name.
pub fn arguments(version: Version, title: &str, options: &LaunchOptions) -> Vec<OsString> {
    // Statistics are not what we launch it for; at least one resample is demanded.
    let mut arguments: Vec<OsString> =
        ["--bench", "--noplot", "--nresamples", "100"].map(OsString::from).to_vec();
    arguments.extend(version.timing(options));
    arguments.push("--".into());
    arguments.push(filter(version, title).into());
    arguments
}

/// The narrowest filter that a title allows.
fn filter(version: Version, title: &str) -> String {
    let numbered = title.rsplit_once(" #").filter(|(_, number)| number.parse::<u32>().is_ok());
    let whole = numbered.map_or(title, |(text, _)| text);
    let known = whole.strip_suffix(CUT).unwrap_or(whole);
    if !version.filters_by_pattern() {
        known.to_owned()
    } else if known == title {
        exactly(known)
    } else {
        starting_with(known)
    }
}

/// What was measured of the benchmark of a title, from the files below a folder; `None` when there is nothing.
///
/// # Errors
/// Files that cannot be read, or that Criterion did not write like that.
pub fn measured(home: &Path, title: &str) -> Result<Option<Reported>, FilesError> {
    for folder in finished_folders(home)? {
        let benchmark: BenchmarkWire = read_json(&folder.join("benchmark.json"))?;
        if benchmark.title == title {
            let (iterations, totals) = read_json(&folder.join("sample.json"))?;
            let unit = unit(&folder.join("raw.csv"))?;
            return Ok(Some(Reported { id: benchmark.full_id, iterations, totals, unit }));
        }
    }
    Ok(None)
}

/// The folders of finished measurements, wherever below a folder they are: depth depends on the id.
fn finished_folders(home: &Path) -> Result<Vec<PathBuf>, FilesError> {
    let mut found = Vec::new();
    let mut open = vec![home.to_owned()];
    let mut seen = 0;
    while let Some(folder) = open.pop() {
        let failed = |error| FilesError::Io { path: folder.clone(), error };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            seen += 1;
            if seen > MOST_FILES {
                return Err(FilesError::TooMany { path: home.to_owned() });
            }
            if entry.file_type().map_err(failed)?.is_dir() {
                open.push(entry.path());
            } else if entry.file_name() == "benchmark.json" && folder.ends_with("new") {
                found.push(folder.clone());
            }
        }
    }
    Ok(found)
}

/// The unit in a file of raw measurements: the last column but one of its last line, for ids may hold line breaks.
fn unit(path: &Path) -> Result<String, FilesError> {
    let failed = |error| FilesError::Io { path: path.to_owned(), error };
    let text = bounded::read_text(path, LARGEST_FILE, Links::Refuse).map_err(failed)?;
    unit_of(&text).map(ToOwned::to_owned).ok_or_else(|| FilesError::NoUnit { path: path.to_owned() })
}

fn unit_of(text: &str) -> Option<&str> {
    text.lines().last().and_then(|line| line.rsplit(',').nth(1))
}

/// Reads what could be in each of the files, and in a listing. For fuzzing.
pub(crate) fn read_all(bytes: &[u8]) -> Option<Reported> {
    let text = String::from_utf8_lossy(bytes);
    let known = serde_json::from_slice::<BenchmarkWire>(bytes);
    let id = known.map_or_else(|_| titles(&text).join("/"), |known| known.full_id + &known.title);
    let (iterations, totals) = serde_json::from_slice(bytes).ok()?;
    Some(Reported { id, iterations, totals, unit: unit_of(&text).unwrap_or("ns").to_owned() })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FilesError> {
    let failed = |error| FilesError::Io { path: path.to_owned(), error };
    let bytes = bounded::read(path, LARGEST_FILE, Links::Refuse).map_err(failed)?;
    serde_json::from_slice(&bytes).map_err(|error| FilesError::Json { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLDEST: Version = Version::new(0, 3, 0);
    const OLD: Version = Version::new(0, 3, 2);

    #[test]
    fn titles_are_found_among_other_lines() {
        assert_eq!(titles("hello\na b/c: bench\n🦀: bench\n: x\n"), ["a b/c", "🦀"]);
        assert!(titles("name: benchmark\n0 tests, 1 benchmark\n").is_empty(), "that is libtest");
    }

    #[test]
    fn filters_are_as_narrow_as_a_title_allows() {
        assert_eq!(filter(OLD, "a.b"), r"^a\.b$");
        assert_eq!(filter(OLD, "a.b #2"), r"^a\.b");
        assert_eq!(filter(OLD, "long..."), "^long");
        assert_eq!(filter(OLD, "long... #3"), "^long");
        assert_eq!(filter(OLD, "issue #x"), "^issue #x$");
        assert_eq!(filter(OLDEST, "a.b #2"), "a.b");
    }

    #[test]
    fn a_measurement_is_found_by_its_title() {
        let home = tempfile::tempdir().unwrap();
        let write = |folder: &str, title: &str| {
            let folder = home.path().join(folder).join("new");
            fs::create_dir_all(&folder).unwrap();
            let benchmark = format!(r#"{{"full_id":"x","title":"{title}","throughput":null}}"#);
            fs::write(folder.join("benchmark.json"), benchmark).unwrap();
            fs::write(folder.join("sample.json"), "[[1.0,2.0],[10.0,20.0]]").unwrap();
            let raw = "group,function,value,throughput_num,throughput_type,sample_measured_value,unit,iteration_count\n\
                       \"a,\nb\",,,,,10.0,ns,1\n";
            fs::write(folder.join("raw.csv"), raw).unwrap();
        };
        write("criterion/g/f", "g/f");
        write("criterion/g/f_2", "g/f #2");
        let reported = measured(home.path(), "g/f #2").unwrap().unwrap();
        assert_eq!(reported.totals, [10.0, 20.0]);
        assert_eq!(reported.unit, "ns");
        assert!(measured(home.path(), "g").unwrap().is_none());
        let sample = home.path().join("criterion/g/f_2/new/sample.json");
        fs::File::create(&sample).unwrap().set_len(1 << 40).unwrap();
        let error = measured(home.path(), "g/f #2").unwrap_err().to_string();
        assert!(error.contains("larger than 16 MiB"), "{error}");
        fs::write(home.path().join("criterion/g/f/new/benchmark.json"), "{").unwrap();
        assert!(matches!(measured(home.path(), "g"), Err(FilesError::Json { .. })));
    }
}
