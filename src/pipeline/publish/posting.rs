//! Saying it: the check run first, then the comment. Two runs may do so at once, and the newer one's stays.
//!
//! GitHub has no way to change a comment only where nobody else has. So every run first makes its check run, which only adds,
//! and after each change of the comment it looks which check run is the newest: where that is another run's, whose
//! comment it may have overwritten, it writes that one's text. Whoever changes the comment last has looked after all
//! check runs that count, so what stays is the newest.

use std::fmt;

use serde_json::{Value, json};

use crate::domain::{CommitId, Event as Progressed, Progress, Report};
use crate::forge::event::{Event, PullOf, RunNumber};
use crate::forge::{Check, Comment, ForgeError, GitHub, Pull};
use crate::report::comment::{Annotation, Conclusion};

use super::message::{Message, PublishRequest, Unpublishable};

/// How many annotations GitHub takes in one request.
const BATCH: usize = 50;

/// How often a comment is written again where another run's took its place.
const ROUNDS: u32 = 6;

/// How often a check run is made again whose making was lost.
const TRIES: u32 = 3;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// The comment is there, on this pull request.
    Commented(u64),
    /// A newer run's is there.
    Newer,
    /// No open pull request has this commit as its head: it moved on, or was closed.
    NoPullRequest,
    /// Several have, and nothing tells which of them was measured.
    SeveralPullRequests,
}

/// Whether a report is about the event's commit: its head, or a merge of it.
///
/// # Errors
/// GitHub does not tell.
pub fn verify(
    github: &GitHub,
    event: &Event,
    report: Report,
) -> Result<Result<Report, Unpublishable>, ForgeError> {
    let head = &event.head;
    let Some(candidate) = &report.candidate else {
        // What came to nothing has none, and is published as that.
        let nothing = report.benchmarks.is_empty() && report.claims.is_empty() && report.exit_code != 0;
        return Ok(if nothing { Ok(report) } else { Err(Unpublishable::NoCandidate) });
    };
    let found = candidate.commit.clone();
    if found == *head || github.merges(&found, head)? {
        Ok(Ok(report))
    } else {
        Ok(Err(Unpublishable::OtherCommit { found, head: head.clone() }))
    }
}

/// A message on its way to where it belongs.
pub struct Posting<'a> {
    /// What is asked.
    pub github: &'a GitHub,
    /// Where it belongs.
    pub event: &'a Event,
    /// Whose it is.
    pub request: &'a PublishRequest,
    /// What is said.
    pub message: &'a Message,
    /// The commit that was measured, where one is known.
    pub candidate: Option<&'a CommitId>,
    /// Is told what GitHub did not take.
    pub progress: &'a dyn Progress,
}

impl fmt::Debug for Posting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Posting").field("event", self.event).finish_non_exhaustive()
    }
}

impl Posting<'_> {
    fn warn(&self, text: &str) {
        self.progress.event(Progressed::Warning(text));
    }

    /// Makes the check run, then the comment.
    ///
    /// # Errors
    /// GitHub refuses, or cannot be reached.
    pub fn post(&self) -> Result<Posted, ForgeError> {
        let head = &self.event.head;
        if self.newest_check(head)?.is_some_and(|(number, _)| number > self.request.number) {
            return Ok(Posted::Newer);
        }
        let check = self.make_check()?;
        if let Some((number, newer)) = self.newest_check(head)?
            && number > self.request.number
            && newer.id < check
        {
            // The last one that is made is the one that is shown.
            self.github.change_check(check, &copy_of(&newer))?;
        }
        match self.pulls()?.as_slice() {
            [] => Ok(Posted::NoPullRequest),
            [pull] => self.comment(*pull),
            _ => Ok(Posted::SeveralPullRequests),
        }
    }

    /// The pull requests that the event's commit is the head of.
    fn pulls(&self) -> Result<Vec<u64>, ForgeError> {
        let (owner, branch) = match &self.event.pull {
            PullOf::Number(number) => {
                // It may have moved on.
                let there = self.github.head_of(*number)? == self.event.head;
                return Ok(there.then_some(*number).into_iter().collect());
            }
            PullOf::Branch { owner, branch } => (owner, branch),
            PullOf::None => return Ok(Vec::new()),
        };
        let pulls = self.github.pulls_of(owner, branch, &self.event.head)?;
        // One branch can be asked to be pulled into several: the merge that was measured tells which.
        let merged = |pull: &&Pull| {
            self.candidate.is_some_and(|commit| pull.merge_commit_sha.as_deref() == Some(commit.as_str()))
        };
        let one = pulls.iter().find(merged).filter(|_| pulls.len() > 1);
        Ok(one.map_or_else(|| pulls.iter().map(|pull| pull.number).collect(), |pull| vec![pull.number]))
    }

    /// Our check run of the newest run on a commit. Of several of one run the last one.
    fn newest_check(&self, commit: &CommitId) -> Result<Option<(RunNumber, Check)>, ForgeError> {
        let checks = self.github.checks(commit, &self.request.check_name)?;
        let ours = checks.into_iter().filter_map(|check| {
            let mine = check.external_id.as_deref() == Some(&*self.request.key);
            let number = self.request.run_of(check.output.summary.as_deref()?)?;
            mine.then_some((number, check))
        });
        Ok(ours.max_by_key(|(number, check)| (*number, check.id)))
    }

    fn make_check(&self) -> Result<u64, ForgeError> {
        let annotations: Vec<Value> = self.message.annotations.iter().map(annotation).collect();
        let mut batches = annotations.chunks(BATCH);
        let first = batches.next().unwrap_or_default();
        let (check, taken) = match self.made(first) {
            Ok(check) => (check, true),
            // A path or a line that GitHub does not take must not keep the verdict from being shown.
            Err(error) if error.is_of_content() && !first.is_empty() => {
                self.warn(&format!("the check run has no annotations: {error}"));
                (self.made(&[])?, false)
            }
            Err(error) => return Err(error),
        };
        for batch in batches.take_while(|_| taken) {
            match self.github.change_check(check, &json!({ "output": self.output(batch) })) {
                Ok(()) => {}
                Err(error) if error.is_of_content() || error.is_lost() => {
                    self.warn(&format!("the check run lacks annotations: {error}"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(check)
    }

    /// Makes the check run. Where the connection is lost, it may have been made all the same: that is looked for.
    fn made(&self, annotations: &[Value]) -> Result<u64, ForgeError> {
        let check = json!({
            "name": self.request.check_name,
            "head_sha": self.event.head.as_str(),
            "external_id": self.request.key,
            "status": "completed",
            "conclusion": self.message.conclusion.name(),
            "output": self.output(annotations),
        });
        let before = self.newest_check(&self.event.head)?.map_or(0, |(_, check)| check.id);
        let mut tries = 1;
        loop {
            match self.github.make_check(&check) {
                Err(error) if error.is_lost() => {
                    let found = self.newest_check(&self.event.head)?;
                    let found =
                        found.filter(|(number, found)| *number == self.request.number && found.id > before);
                    match found {
                        Some((_, check)) => return Ok(check.id),
                        None if tries == TRIES => return Err(error),
                        None => tries += 1,
                    }
                }
                other => return other,
            }
        }
    }

    fn output(&self, annotations: &[Value]) -> Value {
        let Message { title, body, .. } = self.message;
        json!({ "title": title, "summary": body, "annotations": annotations })
    }

    /// What the comment has to say: this run's text, or that of a newer run that has got there meanwhile.
    fn wanted(&self, pull: u64) -> Result<(RunNumber, String), ForgeError> {
        let own = || (self.request.number, self.message.body.clone());
        let newest = self.newest_check(&self.github.head_of(pull)?)?;
        let newer = newest.filter(|(number, _)| *number > self.request.number);
        Ok(newer.and_then(|(number, check)| Some((number, check.output.summary?))).unwrap_or_else(own))
    }

    /// Writes the comment, or changes the one that is there, until the newest run's is there and no other.
    fn comment(&self, pull: u64) -> Result<Posted, ForgeError> {
        let mut lost = None;
        for _ in 0..ROUNDS {
            let (number, text) = self.wanted(pull)?;
            let mut ours: Vec<(RunNumber, Comment)> = self
                .github
                .comments(pull)?
                .into_iter()
                .filter(Comment::is_a_bots)
                .filter_map(|comment| Some((self.request.run_of(comment.body.as_deref()?)?, comment)))
                .collect();
            ours.sort_by_key(|(number, comment)| (*number, comment.id));
            let Some((there, newest)) = ours.pop() else {
                match self.github.write_comment(pull, &text) {
                    Ok(()) => {}
                    // It may be there all the same: the next round sees.
                    Err(error) if error.is_lost() => lost = Some(error),
                    Err(error) => return Err(error),
                }
                continue;
            };
            for (_, older) in &ours {
                self.github.remove_comment(older.id)?;
            }
            let same = newest.body.as_deref().is_some_and(|body| same_text(body, &text));
            if there > number || same {
                let newer = there > self.request.number;
                return Ok(if newer { Posted::Newer } else { Posted::Commented(pull) });
            }
            self.github.change_comment(newest.id, &text)?;
        }
        let many = || ForgeError::Lost {
            what: "the comment".to_owned(),
            message: format!("it was changed by others {ROUNDS} times while it was written"),
        };
        Err(lost.unwrap_or_else(many))
    }
}

/// Whether two comments say the same. GitHub may change line ends, and drops what is blank at the end.
fn same_text(one: &str, other: &str) -> bool {
    one.trim_end().lines().eq(other.trim_end().lines())
}

/// What makes a check run look like another one.
fn copy_of(check: &Check) -> Value {
    let neutral = || Conclusion::Neutral.name().to_owned();
    json!({
        "conclusion": check.conclusion.clone().unwrap_or_else(neutral),
        "output": { "title": check.output.title, "summary": check.output.summary },
    })
}

fn annotation(annotation: &Annotation) -> Value {
    let Annotation { path, line, fails, title, message } = annotation;
    json!({
        "path": path,
        "start_line": line,
        "end_line": line,
        "annotation_level": if *fails { "failure" } else { "warning" },
        "title": title,
        "message": message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_do_not_make_another_text() {
        assert!(same_text("a\r\nb\r\n\n", "a\nb\n") && !same_text("a\nb", "a\nc") && !same_text("a", "a\nb"));
    }
}
