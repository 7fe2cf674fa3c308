//! What was said, one line of JSON for each comparison: a study that is stopped goes on where it was.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::StudyError;
use crate::plan::Trial;

/// What one contender said about one workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Who.
    pub contender: String,
    /// About what.
    pub workload: String,
    /// Whether it would fail a build.
    pub fails: bool,
    /// Its own word.
    pub word: String,
    /// candidate/baseline − 1, as it sees it.
    pub change: Option<f64>,
    /// Half the width of its interval.
    pub half_width: Option<f64>,
    /// How many pairs of launches it took, where it takes any.
    pub pairs: Option<u32>,
    /// How long it measured, in seconds.
    pub seconds: f64,
}

/// A trial and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Which.
    pub trial: Trial,
    /// When it ended, in seconds since the Unix epoch.
    pub ended: u64,
    /// How long it took, in seconds, everything included.
    pub seconds: f64,
    /// What was said.
    pub said: Vec<Said>,
}

/// The file of all records of one kind.
#[derive(Debug)]
pub struct Records<R = Record> {
    path: PathBuf,
    file: File,
    /// What is known.
    pub all: Vec<R>,
}

impl<R: Serialize + DeserializeOwned> Records<R> {
    /// Opens the file, or makes it. What a killed study left half-written at its end is cut off.
    ///
    /// # Errors
    /// The file cannot be used, or holds something else.
    pub fn open(path: &Path) -> Result<Self, StudyError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(StudyError::file(folder))?;
        }
        let error = || StudyError::file(path);
        let mut options = OpenOptions::new();
        let file = options.create(true).read(true).append(true).open(path).map_err(error())?;
        let (mut all, mut whole) = (Vec::new(), 0);
        let mut reader = BufReader::new(&file);
        let mut line = String::new();
        while reader.read_line(&mut line).map_err(error())? > 0 {
            if !line.ends_with('\n') {
                break;
            }
            let record = serde_json::from_str(&line).map_err(|reason| StudyError::Nonsense {
                what: format!("line {} of {}", all.len() + 1, path.display()),
                reason: reason.to_string(),
            })?;
            all.push(record);
            whole += line.len() as u64;
            line.clear();
        }
        file.set_len(whole).map_err(error())?;
        Ok(Self { path: path.to_owned(), file, all })
    }

    /// Adds a record: in the file before it counts.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn push(&mut self, record: R) -> Result<(), StudyError> {
        let mut line = serde_json::to_string(&record).map_err(|reason| StudyError::Nonsense {
            what: "a record".to_owned(),
            reason: reason.to_string(),
        })?;
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(StudyError::file(&self.path))?;
        self.file.sync_data().map_err(StudyError::file(&self.path))?;
        self.all.push(record);
        Ok(())
    }
}

impl Records {
    /// The trials that need not be made again.
    pub fn done(&self) -> BTreeSet<Trial> {
        self.all.iter().map(|record| record.trial).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Condition, Family, Variant};

    #[test]
    fn a_line_cut_short_is_forgotten_and_the_rest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/results.jsonl");
        let record = |round| Record {
            trial: Trial {
                round,
                condition: Condition::Quiet,
                family: Family::Perfguard5,
                variant: Variant::BASELINE,
            },
            ended: 1,
            seconds: 2.0,
            said: Vec::new(),
        };
        let mut records = Records::<Record>::open(&path).unwrap();
        records.push(record(0)).unwrap();
        records.push(record(1)).unwrap();
        drop(records);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 5]).unwrap();
        let mut again = Records::<Record>::open(&path).unwrap();
        assert_eq!(again.all, [record(0)]);
        again.push(record(1)).unwrap();
        assert_eq!(Records::<Record>::open(&path).unwrap().done().len(), 2);
        std::fs::write(&path, "nonsense\n").unwrap();
        assert!(Records::<Record>::open(&path).unwrap_err().to_string().contains("line 1"));
    }
}
