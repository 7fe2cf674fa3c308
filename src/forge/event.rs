//! The event that started a job: which commit, which run. GitHub wrote it, and a fork cannot change it.

use serde::Deserialize;

use super::error::ForgeError;
use crate::domain::CommitId;

/// Which run measured what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The head of the branch that was measured.
    pub head: CommitId,
    /// The run that measured.
    pub run: RunNumber,
    /// Which pull request it is about.
    pub pull: PullOf,
}

/// A run of a workflow and its attempt, from 1. A later one is larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunNumber {
    /// The run.
    pub run: u64,
    /// Its attempt.
    pub attempt: u64,
}

/// How the pull request is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullOf {
    /// By its number.
    Number(u64),
    /// By its branch.
    Branch {
        /// Who owns the repository that the branch is in.
        owner: String,
        /// The branch.
        branch: String,
    },
    /// There is none.
    None,
}

#[derive(Deserialize)]
struct Wire {
    workflow_run: Option<WorkflowRun>,
    pull_request: Option<PullRequest>,
}

#[derive(Deserialize)]
struct WorkflowRun {
    id: u64,
    run_attempt: u64,
    head_sha: String,
    head_branch: Option<String>,
    head_repository: Option<HeadRepository>,
    event: String,
}

#[derive(Deserialize)]
struct HeadRepository {
    owner: Owner,
}

#[derive(Deserialize)]
struct Owner {
    login: String,
}

#[derive(Deserialize)]
struct PullRequest {
    number: u64,
    head: Head,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

impl Event {
    /// Reads what `GITHUB_EVENT_PATH` leads to. `own` is this job's run, which measured itself where the event is a pull
    /// request's.
    ///
    /// # Errors
    /// It is no event of a run or a pull request.
    pub fn read(text: &str, own: Option<RunNumber>) -> Result<Self, ForgeError> {
        let wire: Wire = serde_json::from_str(text).map_err(|error| ForgeError::Event(error.to_string()))?;
        let commit = |sha: &str| {
            CommitId::from_hex(sha).ok_or_else(|| ForgeError::Event("its head is no commit".to_owned()))
        };
        match wire {
            Wire { workflow_run: Some(run), .. } => {
                let pull = match (run.head_repository, run.head_branch) {
                    // A push is measured, too, and has no pull request of its own.
                    (Some(repository), Some(branch)) if run.event == "pull_request" => {
                        PullOf::Branch { owner: repository.owner.login, branch }
                    }
                    _ => PullOf::None,
                };
                let number = RunNumber { run: run.id, attempt: run.run_attempt };
                Ok(Self { head: commit(&run.head_sha)?, run: number, pull })
            }
            Wire { pull_request: Some(pull), .. } => {
                let run = own.ok_or_else(|| ForgeError::Event("GITHUB_RUN_ID is not set".to_owned()))?;
                Ok(Self { head: commit(&pull.head.sha)?, run, pull: PullOf::Number(pull.number) })
            }
            Wire { .. } => Err(ForgeError::Event("it is about no run and no pull request".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_events_are_understood_and_nothing_else() {
        let sha = "a".repeat(40);
        let own = Some(RunNumber { run: 9, attempt: 1 });
        let run = format!(
            r#"{{"workflow_run":{{"id":7,"run_attempt":2,"head_sha":"{sha}","head_branch":"fix","event":"pull_request",
               "head_repository":{{"owner":{{"login":"fork"}}}},"pull_requests":[]}}}}"#
        );
        let event = Event::read(&run, None).unwrap();
        assert_eq!(event.run, RunNumber { run: 7, attempt: 2 });
        assert_eq!(event.pull, PullOf::Branch { owner: "fork".into(), branch: "fix".into() });
        let pushed = Event::read(&run.replace("\"pull_request\",", "\"push\","), None).unwrap();
        assert_eq!(pushed.pull, PullOf::None);
        // The fork was removed meanwhile.
        let gone = run.replace(r#"{"owner":{"login":"fork"}}"#, "null");
        assert_eq!(Event::read(&gone, None).unwrap().pull, PullOf::None);
        let pull = format!(r#"{{"pull_request":{{"number":3,"head":{{"sha":"{sha}"}}}}}}"#);
        assert_eq!(Event::read(&pull, own).unwrap().pull, PullOf::Number(3));
        assert!(Event::read(&pull, None).is_err());
        assert!(Event::read(&pull.replace(&sha, "main"), own).is_err());
        assert!(Event::read("{}", own).is_err() && Event::read("", None).is_err());
    }

    #[test]
    fn a_later_attempt_is_newer_and_a_later_run_still_newer() {
        let number = |run, attempt| RunNumber { run, attempt };
        assert!(number(7, 2) > number(7, 1) && number(8, 1) > number(7, 9));
    }
}
